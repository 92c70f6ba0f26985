import Glibc
import Testing

@testable import EventLoop

@Suite struct PollerTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var code: Int32
        var text: String
        var isExhaustion = false
        var testDescription: String { text }
    }

    static let rows: [Row] = [
        Row(code: EACCES, text: "Permission denied"),
        Row(code: EADDRINUSE, text: "Address already in use"),
        Row(code: ECONNREFUSED, text: "Connection refused"),
        Row(code: ECONNRESET, text: "Connection reset by peer"),
        Row(code: EHOSTUNREACH, text: "No route to host"),
        Row(code: EMFILE, text: "Too many open files", isExhaustion: true),
        Row(code: ENFILE, text: "Too many open files in system", isExhaustion: true),
        Row(code: ENOBUFS, text: "No buffer space available", isExhaustion: true),
        Row(code: ENOMEM, text: "Cannot allocate memory", isExhaustion: true),
        Row(code: EADDRNOTAVAIL, text: "Cannot assign requested address", isExhaustion: true),
        Row(code: 4095, text: "Unknown error 4095"),
    ]

    @Test(arguments: rows) func errorsSayWhatTheKernelSays(_ row: Row) {
        let error = SystemError(code: row.code, call: "connect")
        #expect(SystemError.message(of: row.code) == row.text)
        #expect(error.description == "connect: \(row.text)")
        #expect(error.isExhaustion == row.isExhaustion)
    }

    @Test func readinessAndInterestAreTheKernelsBits() {
        #expect(Interest.read.rawValue & Readiness.readable.rawValue != 0)
        #expect(Interest.read.rawValue & Readiness.peerEnded.rawValue != 0)
        #expect(Interest.write.rawValue == Readiness.writable.rawValue)
    }
}
