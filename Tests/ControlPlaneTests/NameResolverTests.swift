import Bytes
import Config
import Dispatch
import Logging
import Synchronization
import Testing
import Upstream

@testable import ControlPlane

@Suite("following the names of upstreams", .timeLimit(.minutes(5))) struct NameResolverTests {
    /// Answers of a name service, changed by the test.
    private final class Names: Sendable {
        private let state = Mutex<(answers: [String: [String]], asked: [String])>(([:], []))

        subscript(name: String) -> [String]? {
            get { state.withLock { $0.answers[name] } }
            set { state.withLock { $0.answers[name] = newValue } }
        }
        var asked: [String] { state.withLock(\.asked) }

        @Sendable func resolve(_ name: String) throws(SystemResolver.Failure) -> [IPAddress] {
            let addresses = state.withLock { state in
                state.asked.append(name)
                return state.answers[name]
            }
            guard let addresses else { throw SystemResolver.Failure("no such name") }
            return addresses.compactMap { IPAddress($0) }
        }
    }

    /// Time that passes when the test says so.
    private struct Pauses: Sendable {
        let asked: AsyncStream<Duration>
        let permits: AsyncStream<Void>
        let ask: AsyncStream<Duration>.Continuation
        let permit: AsyncStream<Void>.Continuation

        init() {
            (asked, ask) = AsyncStream.makeStream()
            (permits, permit) = AsyncStream.makeStream()
        }

        @Sendable func pause(_ duration: Duration) async throws {
            ask.yield(duration)
            for await _ in permits { return }
            throw CancellationError()
        }

        /// Waits until the resolver pauses, and tells for how long it means to.
        func next() async -> Duration? {
            for await duration in asked { return duration }
            return nil
        }
    }

    private struct Publication: Equatable {
        var upstream: String
        var targets: [String]
    }

    private let names = Names()
    private let pauses = Pauses()
    private let published = Publications()

    private final class Publications: Sendable {
        private let list = Mutex<[Publication]>([])
        var all: [Publication] { list.withLock { $0 } }
        func add(_ publication: Publication) { list.withLock { $0.append(publication) } }
    }

    private func resolver(_ upstreams: [UpstreamConfig]) -> NameResolver {
        var schedule = NameResolver.Schedule()
        schedule.jitter = 0
        let resolver = NameResolver(
            schedule: schedule, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            resolve: names.resolve, pause: pause
        ) { [published] upstream, targets in
            published.add(
                Publication(
                    upstream: upstream.name, targets: targets.map { "\($0.targetIndex) \($0.address) \($0.weight)" }))
        }
        resolver.follow(upstreams, known: [:])
        return resolver
    }

    /// The limit of `prepare`, which no test lets pass: a cancelled wait would end the stream of permits.
    private static let preparation: Duration = .seconds(60)

    @Sendable private func pause(_ duration: Duration) async throws {
        if duration == Self.preparation { return try await Task.sleep(for: .seconds(3600)) }
        try await pauses.pause(duration)
    }

    private func upstream(_ name: String, _ targets: (String, weight: Int)...) -> UpstreamConfig {
        var config = UpstreamConfig(name: name)
        config.targets = targets.map { UpstreamConfig.Target(host: $0.0, port: 80, weight: $0.weight) }
        return config
    }

    /// Runs `body` beside the resolver and stops that afterwards.
    private func running(_ resolver: NameResolver, _ body: () async throws -> Void) async rethrows {
        let task = Task { try? await resolver.run() }
        try await body()
        task.cancel()
        await task.value
    }

    @Test func numericAddressesAreNotLookedUp() async {
        _ = resolver([upstream("a", ("10.0.0.1", 2), ("::1", 1))])
        #expect(published.all == [Publication(upstream: "a", targets: ["0 10.0.0.1:80 2", "1 [::1]:80 1"])])
        #expect(names.asked.isEmpty)
    }

    @Test func everyAddressOfANameIsAnEndpointOfItsWeight() async {
        names["db"] = ["10.0.0.2", "fd00::1"]
        let resolver = resolver([upstream("a", ("10.0.0.1", 1), ("db", 3))])
        await running(resolver) {
            #expect(await pauses.next() == .seconds(30))
            #expect(
                published.all == [
                    Publication(upstream: "a", targets: ["0 10.0.0.1:80 1"]),
                    Publication(
                        upstream: "a", targets: ["0 10.0.0.1:80 1", "1 10.0.0.2:80 3", "1 [fd00::1]:80 3"]),
                ])
        }
    }

    @Test func onlyChangesArePublished() async {
        names["db"] = ["10.0.0.2"]
        await running(resolver([upstream("a", ("db", 1))])) {
            _ = await pauses.next()
            pauses.permit.yield()
            _ = await pauses.next()
            #expect(published.all.map(\.targets) == [["0 10.0.0.2:80 1"]])
            names["db"] = ["10.0.0.3"]
            pauses.permit.yield()
            _ = await pauses.next()
            #expect(published.all.map(\.targets) == [["0 10.0.0.2:80 1"], ["0 10.0.0.3:80 1"]])
            #expect(names.asked.count == 3)
        }
    }

    @Test func aFailureKeepsTheLastGoodAnswer() async {
        names["db"] = ["10.0.0.2"]
        await running(resolver([upstream("a", ("db", 1))])) {
            _ = await pauses.next()
            names["db"] = nil
            pauses.permit.yield()
            #expect(await pauses.next() == .seconds(1))
            #expect(published.all.count == 1)
            names["db"] = ["10.0.0.2"]
            pauses.permit.yield()
            #expect(await pauses.next() == .seconds(30))
            #expect(published.all.count == 1)
        }
    }

    @Test func retriesBackOffUntilTheNameResolves() async {
        let resolver = resolver([upstream("a", ("db", 1))])
        await running(resolver) {
            var seen: [Duration?] = []
            for _ in 0..<7 {
                seen.append(await pauses.next())
                if seen.count == 7 { names["db"] = ["10.0.0.2"] }
                pauses.permit.yield()
            }
            #expect(seen == [1, 2, 4, 8, 16, 30, 30].map { .seconds($0) })
            #expect(await pauses.next() == .seconds(30))
            #expect(published.all.map(\.targets) == [["0 10.0.0.2:80 1"]])
        }
    }

    @Test func aNameOfTwoUpstreamsIsLookedUpOnce() async {
        names["db"] = ["10.0.0.2"]
        await running(resolver([upstream("a", ("db", 1), ("db", 1)), upstream("b", ("db", 1))])) {
            _ = await pauses.next()
            #expect(names.asked == ["db"])
            #expect(published.all.map(\.upstream) == ["a", "b"])
        }
    }

    @Test func preparingAsksAndPublishesNothing() async {
        names["db"] = ["10.0.0.2"]
        let resolver = resolver([])
        let known = await resolver.prepare([upstream("a", ("10.0.0.1", 1), ("db", 1))], atMost: Self.preparation)
        #expect(known["a"]?.map { "\($0.address)" } == ["10.0.0.1:80", "10.0.0.2:80"])
        #expect(published.all.isEmpty)
    }

    @Test func preparingDoesNotWaitForEver() async {
        let (entered, enter) = AsyncStream<Void>.makeStream()
        let release = DispatchSemaphore(value: 0)
        let resolver = NameResolver(
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            resolve: { _ throws(SystemResolver.Failure) in
                enter.finish()
                release.wait()
                return []
            },
            pause: { _ in
                for await _ in entered {}
            }
        ) { _, _ in }
        let known = await resolver.prepare([upstream("a", ("db", 1), ("10.0.0.1", 1))], atMost: .seconds(1))
        #expect(known["a"]?.map { "\($0.address)" } == ["10.0.0.1:80"])
        release.signal()
    }

    @Test func whatWasPreparedIsNotPublishedAgain() async {
        names["db"] = ["10.0.0.2"]
        let resolver = resolver([])
        let upstreams = [upstream("a", ("db", 1))]
        let known = await resolver.prepare(upstreams, atMost: Self.preparation)
        await running(resolver) {
            resolver.follow(upstreams, known: known)
            #expect(await pauses.next() == .seconds(30))
            #expect(names.asked == ["db"])
            #expect(published.all.isEmpty)
            names["db"] = ["10.0.0.3"]
            pauses.permit.yield()
            _ = await pauses.next()
            #expect(published.all.map(\.targets) == [["0 10.0.0.3:80 1"]])
        }
    }

    @Test func aNameThatNobodyUsesIsNotAskedForAgain() async {
        names["db"] = ["10.0.0.2"]
        names["new"] = ["10.0.0.9"]
        let resolver = resolver([upstream("a", ("db", 1))])
        await running(resolver) {
            _ = await pauses.next()
            resolver.follow([upstream("b", ("new", 1))], known: [:])
            _ = await pauses.next()
            pauses.permit.yield()
            pauses.permit.yield()
            _ = await pauses.next()
            #expect(names.asked.filter { $0 == "db" }.count == 1)
            #expect(published.all.map(\.upstream) == ["a", "b"])
        }
    }

    @Test func intervalsAreSpread() {
        let schedule = NameResolver.Schedule()
        #expect(schedule.pause(failureCount: 0, random: 0) == .seconds(27))
        #expect(schedule.pause(failureCount: 0, random: 0.5) == .seconds(30))
        #expect(schedule.pause(failureCount: 1, random: 0.5) == .seconds(1))
        #expect(schedule.pause(failureCount: 1000, random: 0.5) == .seconds(30))
    }

    @Test func cancellationDoesNotWaitForASlowNameServer() async {
        let (entered, enter) = AsyncStream<Void>.makeStream()
        let release = DispatchSemaphore(value: 0)
        let lookups = LookupThreads { _ throws(SystemResolver.Failure) in
            enter.finish()
            release.wait()
            return []
        }
        let task = Task { await lookups.addresses(of: "slow") }
        for await _ in entered {}
        task.cancel()
        guard case .failure = await task.value else {
            Issue.record("a cancelled look-up must fail")
            return
        }
        release.signal()
    }

    @Test func moreNamesThanThreads() async {
        let lookups = LookupThreads { name throws(SystemResolver.Failure) in
            [IPAddress(ipv4: UInt32(name) ?? 0)]
        }
        let sum = await withTaskGroup(of: UInt32.self) { group in
            for number in 1...100 {
                group.addTask {
                    guard case .success(let addresses) = await lookups.addresses(of: "\(number)") else { return 0 }
                    return addresses[0].ipv4Bits
                }
            }
            return await group.reduce(0, +)
        }
        #expect(sum == 5050)
    }
}
