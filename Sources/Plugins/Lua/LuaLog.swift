import Bytes
import Config

/// Log lines of scripts, and about them.
enum LuaLog {
    /// A line that a script logs: with its filter, route and request.
    static func write(
        _ level: FilterLogLevel, _ message: [UInt8], fields: [UInt8], context: LuaContext, run: LuaRun?
    ) {
        guard let host = run?.instance.host ?? context.host else { return }
        var members: [UInt8] = []
        add("filter", Array(context.script.label.utf8), to: &members)
        if let run { addExchange(run, to: &members) }
        // The script's own members come last, without their braces.
        if fields.count > 2 {
            members.append(UInt8(ascii: ","))
            members += fields[1..<(fields.count - 1)]
        }
        host.log(level, message, fields: Array("{".utf8) + members + Array("}".utf8))
    }

    /// What went wrong in a script.
    static func report(_ failure: LuaFailure, filter: String, context: LuaContext, phase: String, run: LuaRun?) {
        guard let host = run?.instance.host ?? context.host else { return }
        var members: [UInt8] = []
        add("filter", Array(context.script.label.utf8), to: &members)
        if filter != context.script.name { add("middleware", Array(filter.utf8), to: &members) }
        add("phase", Array(phase.utf8), to: &members)
        add("result", Array(failure.kind.rawValue.utf8), to: &members)
        add("error", Array(failure.message.utf8), to: &members)
        if !failure.traceback.isEmpty {
            add("at", Array(failure.traceback.split(separator: "\n").joined(separator: " < ").utf8), to: &members)
        }
        if let run { addExchange(run, to: &members) }
        host.log(.error, Array("a filter failed".utf8), fields: Array("{".utf8) + members + Array("}".utf8))
    }

    private static func addExchange(_ run: LuaRun, to members: inout [UInt8]) {
        guard let exchange = run.exchange else { return }
        for (name, text) in [("route", ExchangeText.route), ("request_id", .requestID)] {
            var value: [UInt8] = []
            exchange.withText(text) { value.append(copying: $0) }
            if !value.isEmpty { add(name, value, to: &members) }
        }
    }

    private static func add(_ name: String, _ value: [UInt8], to members: inout [UInt8]) {
        if !members.isEmpty { members.append(UInt8(ascii: ",")) }
        members += Array("\"\(name)\":\"".utf8)
        members += Array(JSONValue.content(String(decoding: value, as: UTF8.self)).utf8)
        members.append(UInt8(ascii: "\""))
    }
}
