import Bytes
import ControlPlane
import EventLoop
import Foundation
import GatewayTesting
import Testing

@Suite("what the service manager is told") struct ServiceNotificationTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    private func notification(_ environment: [String: String]) -> ServiceNotification {
        ServiceNotification(environment: { environment[$0] }, processIdentifier: 77)
    }

    private func path(isAbstract: Bool) -> String {
        isAbstract ? "@gateway-test-" + UUID().uuidString : directory.path + "/notify"
    }

    @Test(arguments: [false, true])
    func everyStateArrives(isAbstract: Bool) throws {
        let path = path(isAbstract: isAbstract)
        let manager = try DatagramSocket(path)
        let notification = notification(["NOTIFY_SOCKET": path])
        #expect(notification.ready())
        #expect(try manager.receive() == "READY=1")
        #expect(notification.stopping())
        #expect(try manager.receive() == "STOPPING=1")
        #expect(notification.watchdog())
        #expect(try manager.receive() == "WATCHDOG=1")
        #expect(notification.status("serving 3 routes"))
        #expect(try manager.receive() == "STATUS=serving 3 routes")
    }

    @Test func aReloadBearsTheTime() throws {
        let path = path(isAbstract: false)
        let manager = try DatagramSocket(path)
        let before = EventLoop.Clock.now().nanoseconds / 1000
        #expect(notification(["NOTIFY_SOCKET": path]).reloading())
        let after = EventLoop.Clock.now().nanoseconds / 1000
        let lines = try manager.receive().split(separator: "\n")
        #expect(lines.first == "RELOADING=1")
        #expect(lines.count == 2)
        let time = try #require(lines.last?.split(separator: "=").last.flatMap { Int64($0) })
        #expect(lines.last?.hasPrefix("MONOTONIC_USEC=") == true)
        #expect((before...after).contains(time))
    }

    @Test(arguments: [
        ("a\nREADY=1\tb", "STATUS=a READY=1 b"),
        ("", "STATUS="),
        (String(repeating: "ä", count: 5000), "STATUS=" + String(repeating: "ä", count: 512)),
    ])
    func aStatusIsOneShortLine(_ text: String, _ expected: String) throws {
        let path = path(isAbstract: true)
        let manager = try DatagramSocket(path)
        #expect(notification(["NOTIFY_SOCKET": path]).status(text))
        #expect(try manager.receive() == expected)
    }

    @Test(arguments: [
        nil, "", "@", "relative/path", "vsock:2:1", "/nonexistent/notify", "/" + String(repeating: "n", count: 200),
        "@gateway-test-nobody",
    ])
    func nobodyToTellIsNoFailure(_ socket: String?) {
        let notification = notification(socket.map { ["NOTIFY_SOCKET": $0] } ?? [:])
        #expect(!notification.ready())
        #expect(!notification.reloading())
        #expect(!notification.status("x"))
        #expect(!notification.watchdog())
        #expect(!notification.stopping())
    }

    /// Nobody reads, so the queue fills up; a call that waited would hang the test.
    @Test func aFullQueueLosesTheMessage() throws {
        let path = path(isAbstract: false)
        let manager = try DatagramSocket(path)
        let notification = notification(["NOTIFY_SOCKET": path])
        var sentCount = 0
        while sentCount < 100_000, notification.watchdog() { sentCount += 1 }
        #expect(sentCount < 100_000)
        #expect(try manager.receive() == "WATCHDOG=1")
        #expect(notification.watchdog())
    }

    @Test(arguments: [
        (["NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "30000000"], Duration.seconds(30)),
        (["NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "1500", "WATCHDOG_PID": "77"], Duration.microseconds(1500)),
        // A child of the service inherits the variables.
        (["NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "78"], nil),
        (["NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "x"], nil),
        (["NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "0"], nil),
        (["NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "-1"], nil),
        (["NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "soon"], nil),
        (["NOTIFY_SOCKET": "/x"], nil),
        (["WATCHDOG_USEC": "30000000"], nil),
    ])
    func watchdogIntervals(_ environment: [String: String], _ expected: Duration?) {
        #expect(notification(environment).watchdogInterval == expected)
    }
}
