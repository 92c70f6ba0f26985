import Bytes
import EventLoop
import Synchronization
import TLS
import Telemetry

// Accepting connections, and the listeners that they come from.
extension Worker {
    private static let acceptsPerTurn = 64
    /// The longest queue that a listener was opened with.
    private static let backlogMax = 4096

    private func token(ofListener number: Int) -> Token {
        Token(.listener, SlotKey(slot: UInt32(number), generation: 0))
    }

    private func watch(_ listener: WorkerListener, _ number: Int) throws(SystemError) {
        try poller.add(
            listener.listener.descriptor, token: token(ofListener: number), interest: listener.listener.interest)
    }

    func accept(_ number: Int) {
        guard number < listeners.count, let listener = listeners[number] else { return }
        acceptAll(from: listener, atMost: Self.acceptsPerTurn)
    }

    private func acceptAll(from listener: WorkerListener, atMost limit: Int) {
        for _ in 0..<limit {
            guard acceptOne(from: listener) else { return }
        }
    }

    /// Whether there was a connection.
    private func acceptOne(from listener: WorkerListener) -> Bool {
        switch listener.listener.accept() {
        case .connection(let socket, let peer):
            take(socket, peer, listener)
            return true
        case .none: return false
        case .exhausted:
            listener.count(ConnectionOutcome.failed)
            pauseAccepting()
            return false
        }
    }

    private func take(_ socket: Socket, _ peer: IPAddress?, _ listener: WorkerListener) {
        guard budget.take() else {
            listener.count(.shed)
            // Nobody understands a plain answer where TLS is spoken.
            if listener.tls == nil { OverloadAnswer.send(to: socket, by: self) } else { socket.close() }
            return
        }
        listener.count(.accepted)
        adopt(socket, peer: peer, from: listener)
    }

    /// Serves a connected socket.
    @discardableResult
    func adopt(_ socket: Socket, peer: IPAddress?, from listener: WorkerListener) -> ServerConnection {
        shared.connectionCount.wrappingAdd(1, ordering: .relaxed)
        let session = listener.tls?.server.accept(descriptor: socket.descriptor)
        let connection = clients.insert {
            ServerConnection(
                worker: self, key: $0, transport: Transport(socket, tls: session), listener: listener, peer: peer)
        }
        if listener.tls != nil, session == nil {
            // Out of memory for TLS, and nothing is said in plain.
            listener.moved(active: 0, idle: 1)
            connection.close()
            return connection
        }
        connection.start()
        return connection
    }

    /// Out of descriptors: the peers wait in the kernel's queue until some have been closed.
    private func pauseAccepting() {
        guard !isAcceptPaused else { return }
        isAcceptPaused = true
        for case let listener? in listeners { poller.remove(listener.listener.descriptor) }
        _ = timers.schedule(
            Token(.acceptResume, SlotKey(slot: 0, generation: 0)), at: now.advanced(byNanoseconds: 100_000_000))
    }

    func resumeAccepting() {
        guard isAcceptPaused else { return }
        isAcceptPaused = false
        for case (let number, let listener?) in listeners.enumerated() {
            do throws(SystemError) { try watch(listener, number) } catch { return pauseAccepting() }
        }
    }

    // MARK: Changes

    /// - Throws: `SystemError` when the poller does not take it.
    func add(_ addition: ListenerAddition) throws(SystemError) {
        let listener = WorkerListener(
            addition.listener, name: addition.name, tls: addition.tls, shard: shard, registry: registry)
        while listeners.count <= addition.number { listeners.append(nil) }
        listeners[addition.number] = listener
        if !isAcceptPaused { try watch(listener, addition.number) }
    }

    func apply(_ change: ListenerChange) {
        switch change {
        case .add(let addition):
            // Out of memory for the poller: tried again in a moment, as after running out of descriptors.
            do throws(SystemError) { try add(addition) } catch { pauseAccepting() }
        case .rename(let number, let name):
            guard number < listeners.count, let old = listeners[number] else { return }
            listeners[number] = old.renamed(name, registry: registry)
        case .secure(let number, let tls):
            guard number < listeners.count else { return }
            listeners[number]?.use(tls)
        case .remove(let number): remove(number)
        }
    }

    /// Takes what the kernel has accepted on our behalf before the socket goes: closing it would reset those peers.
    private func remove(_ number: Int) {
        guard number < listeners.count, let listener = listeners[number] else { return }
        // Gone before it is closed: its descriptor's number may be a client's the next moment.
        listeners[number] = nil
        poller.remove(listener.listener.descriptor)
        listener.remove()
        acceptAll(from: listener, atMost: Self.backlogMax)
        listener.listener.close()
    }

    func closeListeners() {
        for number in listeners.indices { remove(number) }
    }
}
