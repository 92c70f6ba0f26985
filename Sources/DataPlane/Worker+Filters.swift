import Bytes
import EventLoop
package import Plugins
import Telemetry

// What filters ask of their worker.
extension Worker: FilterHost {
    package var workerIndex: Int { shared.index }
    package var wallNanoseconds: Int64 { wallNanoseconds(at: preciseNow) }

    package func later(_ task: @escaping () -> Void) {
        deferred.append(task)
    }

    package func after(_ nanoseconds: Int64, _ task: @escaping () -> Void) -> FilterTimer {
        let timer = FilterTimer(task)
        _ = filterTimers.insert { key in
            timer.key = key
            return timer
        }
        if let key = timer.key {
            _ = timers.schedule(
                Token(.filter, key), at: preciseNow.advanced(byNanoseconds: max(nanoseconds, 0)))
        }
        return timer
    }

    package func elsewhere(
        _ start: (_ done: @escaping @Sendable () -> Void) -> Void, _ completion: @escaping () -> Void
    ) {
        let errand = Errand(completion)
        _ = errands.insert { key in
            errand.key = key
            return errand
        }
        guard let key = errand.key else { return }
        let mailbox = shared.mailbox
        start { mailbox.post(.errandDone(key)) }
    }

    func errandDone(_ key: SlotKey) {
        guard let errand = errands[key] else { return }
        errands.remove(key)
        errand.completion()
    }

    func fireFilterTimer(_ key: SlotKey) {
        guard let timer = filterTimers[key] else { return }
        filterTimers.remove(key)
        timer.key = nil
        let task = timer.task
        timer.task = nil
        task?()
    }

    package func send(
        _ request: Subrequest, for generation: AnyObject?, _ completion: @escaping (SubrequestOutcome) -> Void
    ) -> any SubrequestHandle {
        let snapshot = (generation as? Exchange)?.snapshot ?? snapshot
        guard let pool = snapshot.pool(named: request.upstream.span) else {
            later { completion(.failure(.noUpstream)) }
            return NoRequest()
        }
        let sent = ScriptRequest(request, pool: pool, worker: self, completion)
        sent.start()
        return sent
    }

    private final class NoRequest: SubrequestHandle {
        func cancel() {}
    }

    package func log(_ level: FilterLogLevel, _ message: [UInt8], fields: [UInt8]) {
        shared.scriptLog.write(level, message, fields: fields)
        if let trialLog { trialLog(level, message, fields) }
    }

    /// Runs what filters have put off until now, and what that puts off again, within bounds.
    func runDeferred() {
        for _ in 0..<8 {
            guard !deferred.isEmpty else { return }
            let round = deferred
            deferred = []
            for task in round { task() }
        }
    }

    /// New programs start, those that are gone end.
    func adoptPrograms(after older: [LuaProgram]) {
        for program in snapshot.programs where !older.contains(where: { $0 === program }) {
            program.attach(to: self, after: older.first { $0.scriptName == program.scriptName })
        }
        for program in older where !snapshot.programs.contains(where: { $0 === program }) { program.retire() }
    }
}

/// Something that is being done on another thread for a filter of this worker.
final class Errand {
    let completion: () -> Void
    var key: SlotKey?

    init(_ completion: @escaping () -> Void) {
        self.completion = completion
    }
}
