import CHiredis
import Config
import Dispatch
import Glibc
import Logging
import Plugins
import Synchronization

/// A connection to a Redis that counts for several gateways, on a thread of its own.
///
/// What workers ask in one moment goes out together, and is answered in order. A Redis that does not answer is asked
/// nothing more until it does again, so that requests do not wait for it.
///
/// Sound: the context is touched on the queue alone.
@safe
final class RedisLink: SharedCounters, @unchecked Sendable {
    private let url: RedisURL
    private let timeout: Duration
    private let logger: Logger
    private let queue: DispatchQueue
    private let waiting = Mutex<(questions: [Entry], isScheduled: Bool)>(([], false))
    private let down = Atomic<Bool>(false)
    private var context: UnsafeMutablePointer<redisContext>?
    private var digest: [UInt8] = []
    private var failureCount = 0

    private typealias Entry = (question: CounterQuestion, done: @Sendable () -> Void)

    private static let waitingMax = 8192

    init(_ url: RedisURL, timeout: Duration, logger: Logger) {
        self.url = url
        self.timeout = timeout
        self.logger = logger
        queue = DispatchQueue(label: "redis-\(url.label)")
    }

    var isDown: Bool { down.load(ordering: .relaxed) }

    func ask(_ question: CounterQuestion, _ done: @escaping @Sendable () -> Void) {
        let (isTaken, isFirst) = waiting.withLock { waiting in
            guard waiting.questions.count < Self.waitingMax else { return (false, false) }
            waiting.questions.append((question, done))
            let isFirst = !waiting.isScheduled
            waiting.isScheduled = true
            return (true, isFirst)
        }
        guard isTaken else { return done() }
        if isFirst { queue.async { [self] in answer() } }
    }

    // MARK: On the queue

    private func answer() {
        while true {
            let batch = waiting.withLock { waiting in
                let batch = waiting.questions
                waiting.questions = []
                if batch.isEmpty { waiting.isScheduled = false }
                return batch
            }
            if batch.isEmpty { return }
            if connect() { run(batch) }
            for entry in batch { entry.done() }
        }
    }

    private func run(_ batch: [Entry]) {
        for entry in batch { append(command(["EVALSHA".bytes, digest], entry.question)) }
        var forgotten: [Entry] = []
        for entry in batch {
            let outcome = unsafe read { reply in
                if let decision = unsafe Self.decision(reply) {
                    entry.question.settle(decision)
                } else if unsafe Self.isError(reply, "NOSCRIPT") {
                    forgotten.append(entry)
                }
            }
            guard outcome else { return fail("it does not answer, or not in its protocol") }
        }
        // Its scripts were flushed: with their text they are known again.
        for entry in forgotten { append(command(["EVAL".bytes, Self.script.bytes], entry.question)) }
        for entry in forgotten {
            guard unsafe read({ if let decision = unsafe Self.decision($0) { entry.question.settle(decision) } }) else {
                return fail("it does not answer, or not in its protocol")
            }
        }
    }

    private func command(_ start: [[UInt8]], _ question: CounterQuestion) -> [[UInt8]] {
        var parts = start + ["\(question.keys.count)".bytes] + question.keys + ["\(question.cost)".bytes]
        for index in question.keys.indices {
            parts.append("\(question.intervals[index])".bytes)
            parts.append("\(question.tolerances[index])".bytes)
        }
        return parts
    }

    /// GCRA over Redis' own clock, for all rates of a request at once; times are microseconds.
    private static let script = """
        local t = redis.call('TIME')
        local now = t[1] * 1000000 + t[2]
        local cost = tonumber(ARGV[1])
        local times, tightest = {}, nil
        for i = 1, #KEYS do
          local interval, tolerance = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
          local time = tonumber(redis.call('GET', KEYS[i]) or '0') or 0
          if time < now then time = now end
          local next = time + interval * cost
          if next - now > tolerance then
            local left = math.max(0, math.floor((tolerance - (time - now)) / interval))
            return { 0, i - 1, left, time - now, next - now - tolerance }
          end
          times[i] = next
          local left = math.floor((tolerance - (next - now)) / interval)
          if not tightest or left < tightest[3] then tightest = { 1, i - 1, left, next - now, 0 } end
        end
        for i = 1, #KEYS do
          redis.call('SET', KEYS[i], string.format('%d', times[i]), 'PX', math.ceil((times[i] - now) / 1000) + 1)
        end
        return tightest
        """

    // MARK: The connection

    private func connect() -> Bool {
        if unsafe context != nil { return true }
        let seconds = Double(max(timeout.wholeMilliseconds * 2, 100)) / 1000
        let limit = timeval(tv_sec: Int(seconds), tv_usec: Int(seconds.truncatingRemainder(dividingBy: 1) * 1e6))
        guard let made = unsafe redisConnectWithTimeout(url.host, Int32(url.port), limit) else {
            fail("memory is short")
            return false
        }
        unsafe context = made
        guard unsafe made.pointee.err == 0, unsafe redisSetTimeout(made, limit) == REDIS_OK else {
            fail("it cannot be reached")
            return false
        }
        if let password = url.password {
            append(["AUTH".bytes] + (url.user.map { [$0.bytes] } ?? []) + [password.bytes])
            guard succeeds() else { return false }
        }
        if url.database != 0 {
            append(["SELECT".bytes, "\(url.database)".bytes])
            guard succeeds() else { return false }
        }
        append(["SCRIPT".bytes, "LOAD".bytes, Self.script.bytes])
        var loaded: [UInt8] = []
        guard unsafe read({ loaded = unsafe Self.text($0) ?? [] }), loaded.count == 40 else {
            fail("it does not take the script: is it a Redis that may be written to?")
            return false
        }
        digest = loaded
        if failureCount > 0 { logger.notice("Redis counts again", metadata: ["redis": "\(url.label)"]) }
        failureCount = 0
        down.store(false, ordering: .relaxed)
        return true
    }

    private func succeeds() -> Bool {
        var isFine = false
        guard unsafe read({ isFine = unsafe !Self.isError($0, "") }), isFine else {
            fail("it refuses the password or the database")
            return false
        }
        return true
    }

    /// Ends the connection, and tries again in a while; nobody asks meanwhile.
    private func fail(_ reason: String) {
        if let old = unsafe context { unsafe redisFree(old) }
        unsafe context = nil
        failureCount += 1
        down.store(true, ordering: .relaxed)
        if failureCount == 1 {
            logger.warning("Redis does not count: \(reason)", metadata: ["redis": "\(url.label)"])
        }
        let wait = min(100 << min(failureCount - 1, 6), 5000)
        queue.asyncAfter(deadline: .now() + .milliseconds(wait)) { [weak self] in
            guard let self, unsafe context == nil else { return }
            _ = connect()
        }
    }

    // MARK: The protocol

    private func append(_ parts: [[UInt8]]) {
        var bytes = Array("*\(parts.count)\r\n".utf8)
        for part in parts { bytes += Array("$\(part.count)\r\n".utf8) + part + [0x0D, 0x0A] }
        unsafe bytes.withUnsafeBufferPointer { space in
            // Sound: hiredis copies the bytes.
            unsafe space.withMemoryRebound(to: CChar.self) { text in
                _ = unsafe redisAppendFormattedCommand(context, text.baseAddress, text.count)
            }
        }
    }

    private func read(_ body: (UnsafeMutablePointer<redisReply>) -> Void) -> Bool {
        var raw: UnsafeMutableRawPointer?
        guard let context = unsafe context, unsafe redisGetReply(context, &raw) == REDIS_OK, let raw = unsafe raw else {
            return false
        }
        // Sound: hiredis' own reply objects, freed once.
        let reply = unsafe raw.assumingMemoryBound(to: redisReply.self)
        unsafe body(reply)
        unsafe freeReplyObject(raw)
        return true
    }

    private static func text(_ reply: UnsafeMutablePointer<redisReply>) -> [UInt8]? {
        guard unsafe reply.pointee.type == REDIS_REPLY_STRING, let text = unsafe reply.pointee.str else { return nil }
        return unsafe (0..<min(Int(reply.pointee.len), 256)).map { unsafe UInt8(bitPattern: text[$0]) }
    }

    private static func isError(_ reply: UnsafeMutablePointer<redisReply>, _ prefix: String) -> Bool {
        guard unsafe reply.pointee.type == REDIS_REPLY_ERROR, let text = unsafe reply.pointee.str else { return false }
        return unsafe String(cString: text).hasPrefix(prefix)
    }

    /// Five numbers within their bounds; nil for anything else.
    private static func decision(_ reply: UnsafeMutablePointer<redisReply>) -> RateLimitTable.Decision? {
        guard unsafe reply.pointee.type == REDIS_REPLY_ARRAY, unsafe reply.pointee.elements == 5,
            let elements = unsafe reply.pointee.element
        else { return nil }
        var numbers: [Int64] = []
        for index in 0..<5 {
            guard let element = unsafe elements[index], unsafe element.pointee.type == REDIS_REPLY_INTEGER else {
                return nil
            }
            numbers.append(unsafe element.pointee.integer)
        }
        let bound: Int64 = 1 << 50
        guard numbers.allSatisfy({ (0...bound).contains($0) }), numbers[0] <= 1, numbers[1] < 64 else { return nil }
        return RateLimitTable.Decision(
            isAdmitted: numbers[0] == 1, rate: Int(numbers[1]), remaining: UInt64(numbers[2]),
            reset: UInt64(numbers[3]) * 1000, retry: UInt64(numbers[4]) * 1000)
    }
}

extension String {
    fileprivate var bytes: [UInt8] { Array(utf8) }
}
