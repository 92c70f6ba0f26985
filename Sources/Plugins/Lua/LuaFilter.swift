import Bytes
import CLuaShim
import Config
import HTTP
import Telemetry

/// `lua`: one use of a script in a route.
package final class LuaFilter: Filter {
    package let name: String
    private var slot = 0
    private let program: LuaProgram
    private let instance: LuaInstance
    private let conditions: LuaConditions

    package init(program: LuaProgram, instance: LuaInstance) {
        name = instance.name
        self.program = program
        self.instance = instance
        conditions = LuaConditions(instance.settings.when)
    }

    package var phases: FilterPhases {
        let seesResponse = instance.has(.response) || conditions.concernsResponse || responseBodyNeed != .none
        return seesResponse ? .all : .log
    }
    package var requestBodyNeed: BodyNeed { instance.need(.request) }
    package var responseBodyNeed: BodyNeed { instance.need(.response) }

    private func run(of exchange: any FilterExchange) -> LuaRun? {
        // Sound: nobody else writes this slot.
        exchange.state(of: slot).map { unsafe unsafeDowncast($0, to: LuaRun.self) }
    }

    // MARK: Heads

    package func place(at slot: Int) { self.slot = slot }

    package func onRequest(_ exchange: any FilterExchange) -> FilterVerdict {
        guard !conditions.concernsRequest || conditions.admitsRequest(exchange) else { return .proceed }
        guard let run = instance.makeAdmittedRun(exchange) else {
            return instance.failureAnswer(nil, .request).map { .respond($0) } ?? .proceed
        }
        exchange.setState(of: slot, run)
        guard instance.has(.request) else { return .proceed }
        let outcome = run.enter(.request)
        let failure = instance.record(outcome, .request, run, since: 0)
        return instance.headVerdict(outcome, failure, .request, run)
    }

    package func onResponse(_ exchange: any FilterExchange) -> FilterVerdict {
        guard let run = run(of: exchange), !run.isDead else { return .proceed }
        if conditions.concernsResponse, !conditions.admitsResponse(exchange) {
            run.skipsResponse = true
            return .proceed
        }
        guard instance.has(.response) else { return .proceed }
        let before = run.cpuNanoseconds
        let outcome = run.enter(.response)
        let failure = instance.record(outcome, .response, run, since: before)
        return instance.headVerdict(outcome, failure, .response, run)
    }

    package func onLog(_ exchange: any FilterExchange) {
        guard let run = run(of: exchange) else { return }
        if instance.has(.log), !run.isDead {
            let before = run.cpuNanoseconds
            let outcome = run.enter(.log)
            _ = instance.record(outcome, .log, run, since: before)
        }
        exchange.setState(of: slot, nil)
        instance.give(run)
        instance.reportSize()
    }

    // MARK: Bodies

    package func takesBody(_ side: MessageSide, of exchange: any FilterExchange) -> Bool {
        guard instance.need(side) == .stream, let run = run(of: exchange), !run.isDead else { return false }
        if side == .response, run.skipsResponse { return false }
        return run.awaitsChunk(side) || instance.has(.body(side))
    }

    package func onBody(
        _ side: MessageSide, _ chunk: [UInt8], isLast: Bool, of exchange: any FilterExchange
    ) -> BodyVerdict {
        guard let run = run(of: exchange) else { return .pass }
        guard !run.isDead else {
            if case .open = instance.settings.onError { return .pass }
            return .fail(.filterFailed)
        }
        let awaits = run.awaitsChunk(side)
        guard awaits || instance.has(.body(side)) else { return .pass }
        run.setChunk(side, chunk, isLast: isLast)
        let before = run.cpuNanoseconds
        let phase = LuaPhase.body(side)
        let outcome = awaits ? run.resume(side) : run.enter(phase)
        let failure = instance.record(outcome, phase, run, since: before)
        return instance.bodyVerdict(outcome, failure, side, run)
    }
}
