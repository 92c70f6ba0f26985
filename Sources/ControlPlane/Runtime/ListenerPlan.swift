import Bytes
import Config
import DataPlane
import EventLoop
import TLS

/// Which sockets the workers listen on, and how a new configuration changes that.
///
/// A listener is the same one for as long as its address is: it is not closed and opened, whatever else changes.
struct ListenerPlan: Sendable {
    struct Entry: Sendable {
        var number: Int
        var name: String
        var tls: ListenerTLSConfig?
        /// As configured.
        var configured: String
        /// With the port in force.
        var address: String
    }

    private(set) var entries: [Entry] = []
    private var nextNumber = 0

    var addresses: [String] { entries.map(\.address) }

    /// The plan after `listeners`, and what each worker has to do for it. New sockets are bound, old ones untouched.
    ///
    /// - Throws: `ConfigFailure` for the first address that cannot be bound; what was bound before it is closed.
    func changed(
        to listeners: [ListenerConfig], workerCount: Int
    ) throws(ConfigFailure) -> (plan: ListenerPlan, changes: [[ListenerChange]]) {
        var plan = self
        plan.entries = []
        var changes: [[ListenerChange]] = Array(repeating: [], count: workerCount)
        var bound: [Listener] = []
        for config in listeners {
            if var entry = entries.first(where: { $0.configured == config.address }) {
                if entry.tls != config.tls {
                    entry.tls = config.tls
                    let tls = try ListenerTLS(config)
                    for index in changes.indices { changes[index].append(.secure(number: entry.number, tls)) }
                }
                if entry.name != config.name {
                    entry.name = config.name
                    for index in changes.indices { changes[index].append(.rename(number: entry.number, config.name)) }
                }
                plan.entries.append(entry)
                continue
            }
            do throws(ConfigFailure) {
                let tls = try ListenerTLS(config)
                let sockets = try Self.bind(config, count: workerCount)
                bound += sockets
                let entry = Entry(
                    number: plan.nextNumber, name: config.name, tls: config.tls, configured: config.address,
                    address: Self.address(of: sockets[0]))
                plan.nextNumber += 1
                plan.entries.append(entry)
                for (index, socket) in sockets.enumerated() {
                    let addition = ListenerAddition(
                        number: entry.number, name: entry.name, tls: tls, listener: socket)
                    changes[index].append(.add(addition))
                }
            } catch {
                for listener in bound { listener.close() }
                throw error
            }
        }
        for entry in entries where !plan.entries.contains(where: { $0.number == entry.number }) {
            for index in changes.indices { changes[index].append(.remove(number: entry.number)) }
        }
        return (plan, changes)
    }

    /// Closes what `changed` has bound, because the configuration is rejected after all.
    static func undo(_ changes: [[ListenerChange]]) {
        for case .add(let addition) in changes.joined() { addition.listener.close() }
    }

    /// A socket for each worker.
    private static func bind(_ config: ListenerConfig, count: Int) throws(ConfigFailure) -> [Listener] {
        guard var address = SocketAddress(parsing: config.address) else {
            throw failure("has no usable address: \(config.address)", config)
        }
        var sockets: [Listener] = []
        do throws(SystemError) {
            let first = try Listener.bind(address)
            sockets.append(first)
            if case .ip(let ip, 0) = address { address = .ip(ip, port: UInt16(first.localPort)) }
            for _ in 1..<max(count, 1) { sockets.append(first.isShared ? try first.sharing() : try .bind(address)) }
        } catch {
            for socket in sockets { socket.close() }
            let reason = StartFailure.cannotListen(
                what: "listener \"\(config.name)\"", on: config.address, setting: "listeners.address",
                errno: error.code)
            throw ConfigFailure([
                ConfigDiagnostic(
                    .cannotListen, reason.message, at: config.position, path: "listeners", hint: reason.hint)
            ])
        }
        return sockets
    }

    private static func address(of listener: Listener) -> String {
        if case .ip(let ip, 0) = listener.address {
            return SocketAddress.ip(ip, port: UInt16(listener.localPort)).description
        }
        return listener.address.description
    }

    private static func failure(_ problem: String, _ config: ListenerConfig) -> ConfigFailure {
        ConfigFailure([
            ConfigDiagnostic(
                .cannotListen, "listener \"\(config.name)\" \(problem)", at: config.position, path: "listeners")
        ])
    }
}

extension ListenerTLS {
    /// What workers need of a listener's TLS; nil where it has none.
    fileprivate convenience init?(_ config: ListenerConfig) throws(ConfigFailure) {
        guard let tls = config.tls else { return nil }
        do throws(TLSServer.Failure) {
            self.init(
                try TLSServer(tls), handshakeTimeout: tls.handshakeTimeout,
                clientFields: tls.clientAuth.mode == .off ? [] : Self.fields(tls.clientAuth.forward))
        } catch {
            // The files were checked when they were read; this guards configurations that were built in code.
            throw ConfigFailure([
                ConfigDiagnostic(
                    .error, code: "bad-certificate", error.problem.message, at: tls.position, path: "listeners")
            ])
        }
    }

    private static func fields(_ forward: ListenerTLSConfig.ClientFields) -> [ClientCertificateField] {
        let all: [(ClientCertificateField.Content, String?)] = [
            (.subject, forward.subject), (.names, forward.names), (.fingerprint, forward.fingerprint),
            (.serial, forward.serial),
        ]
        return all.compactMap { content, name in
            name.map { ClientCertificateField(content, name: Array($0.lowercased().utf8)) }
        }
    }
}
