import Bytes
import Dispatch
package import EventLoop
import Synchronization

/// Tells when files may have changed: by editors that write in place or rename over, by Kubernetes, which swaps a
/// symbolic link on the way, by whoever deletes and creates again. It notices changes of content, of permissions, and
/// of what a path leads to, but not other files in the same directory.
///
/// The kernel's notices (inotify) only mean that it should look; a fingerprint of the files says whether they changed.
/// Without inotify, it looks at intervals. Neither sees what another machine does on a network file system before the
/// kernel here knows of it.
///
/// - Threads: any; the calls take as long as it takes to look at the files.
package final class ConfigWatcher: Sendable {
    /// The kernel's notices, or why there are none.
    package typealias OpenInotify = @Sendable () throws(SystemError) -> Inotify

    /// How often to trace again when what was found had changed by the time it was watched.
    private static let traceTurnsMax = 8

    private enum Phase {
        case resting
        /// Something happened, and may go on happening.
        case settling(SettlingTime)
        case stopped
    }

    private struct State {
        var debounce: Duration
        var paths: [String] = []
        /// What was last told of, or given as known.
        var known = FileFingerprint()
        /// What a look without watches found last.
        var seen = FileFingerprint()
        /// Nil while polling.
        var watches: FileWatches?
        var phase = Phase.resting
        /// Ticks of an earlier round are stale.
        var round = 0
    }

    private let queue = DispatchQueue(label: "config-watcher")
    private let state: Mutex<State>
    private let pollInterval: Duration
    private let openInotify: OpenInotify
    private let whenChanged: @Sendable () -> Void

    /// - Parameters:
    ///   - debounce: how long files must have been left alone; with constant noise around them, ten times that passes
    ///     before they are looked at all the same.
    ///   - pollInterval: how often files are looked at where the kernel gives no notices.
    ///   - whenChanged: called on a thread of its own choice, one call at a time, and may call the watcher. Who reads
    ///     files in it says by `follow` what was read: a file that came and went since the watcher looked is no change
    ///     to the watcher.
    package init(
        debounce: Duration, pollInterval: Duration = .seconds(1),
        openInotify: @escaping OpenInotify = { () throws(SystemError) in try Inotify() },
        whenChanged: @escaping @Sendable () -> Void
    ) {
        state = Mutex(State(debounce: debounce))
        self.pollInterval = pollInterval
        self.openInotify = openInotify
        self.whenChanged = whenChanged
    }

    /// Follows these files and directories from now on, in place of the former ones. They need not exist; of a
    /// directory, its `*.yaml` files are followed.
    ///
    /// - Parameter earlier: what their content is known as of. A path that it does not hold, or every path without it,
    ///   is known as it is now; so a caller who takes a fingerprint before it reads loses no change made while it read.
    package func follow(_ paths: [String], asOf earlier: FileFingerprint? = nil) {
        state.withLock { state in
            if case .stopped = state.phase { return }
            state.paths = paths
            state.round += 1
            let (found, isCertain) = look(&state)
            state.seen = found
            state.known = earlier.map(found.asOf) ?? found
            rest(&state, unless: !isCertain || state.known != found)
        }
    }

    package func setDebounce(_ debounce: Duration) {
        state.withLock { state in
            state.debounce = debounce
            // Else a long wait that has begun would go on.
            guard case .settling = state.phase else { return }
            state.round += 1
            scheduleTick(state)
        }
    }

    /// Ends everything, for good. A call of `whenChanged` that is under way may still come to its end.
    package func stop() {
        state.withLock { state in
            state.phase = .stopped
            state.round += 1
            state.watches = nil
        }
    }

    /// Whether files are looked at at intervals, because the kernel would not tell of them.
    package var isPolling: Bool {
        state.withLock { state in
            if case .stopped = state.phase { return false }
            return state.watches == nil && !state.paths.isEmpty
        }
    }

    // MARK: the course of a change

    private func noticed() {
        state.withLock { state in
            guard case .resting = state.phase, let watches = state.watches else { return }
            // The rest of the storm is asked for once a tick.
            watches.pause()
            _ = watches.drain()
            settle(&state)
        }
    }

    private func tick(_ round: Int) {
        let hasChanged = state.withLock { state in
            guard state.round == round else { return false }
            let hasNoise = hasNoise(&state)
            switch state.phase {
            case .stopped:
                return false
            case .resting:
                rest(&state, unless: hasNoise)
                return false
            case .settling(var settling):
                guard settling.isOver(now: EventLoop.Clock.now(), hasNoise: hasNoise, debounce: state.debounce) else {
                    state.phase = .settling(settling)
                    scheduleTick(state)
                    return false
                }
                return conclude(&state)
            }
        }
        // Outside the lock, since the receiver may well follow other files at once.
        if hasChanged { whenChanged() }
    }

    private func hasNoise(_ state: inout State) -> Bool {
        if let watches = state.watches { return watches.drain() }
        let present = FileFingerprint(of: state.paths)
        defer { state.seen = present }
        return present != state.seen
    }

    /// Looks, and tells whether the files differ from what is known.
    private func conclude(_ state: inout State) -> Bool {
        let (found, isCertain) = look(&state)
        let hasChanged = found != state.known
        state.known = found
        state.seen = found
        rest(&state, unless: !isCertain)
        return hasChanged
    }

    private func rest(_ state: inout State, unless isRestless: Bool) {
        guard !isRestless else { return settle(&state) }
        state.phase = .resting
        guard let watches = state.watches else { return scheduleTick(state) }
        // What happened since the look began still waits, and wakes at once.
        watches.resume()
    }

    private func settle(_ state: inout State) {
        state.watches?.pause()
        state.phase = .settling(SettlingTime(now: EventLoop.Clock.now()))
        scheduleTick(state)
    }

    /// While something happens, four times in a debounce time, so that the end of it is noticed soon enough.
    private func scheduleTick(_ state: State) {
        var wait = pollInterval.nanoseconds
        if case .settling = state.phase { wait = max(state.debounce.nanoseconds / 4, 1_000_000) }
        let round = state.round
        queue.asyncAfter(deadline: .now() + .nanoseconds(Int(wait))) { [weak self] in self?.tick(round) }
    }

    /// Watches before it looks, and looks again after it watched: nothing falls in between. It starts anew from what
    /// the paths lead to now, since whatever changed may have replaced inodes and links.
    ///
    /// - Returns: what it found, and whether a later change is certain to be noticed.
    private func look(_ state: inout State) -> (found: FileFingerprint, isCertain: Bool) {
        var trace = FileTrace(of: state.paths)
        for _ in 0..<Self.traceTurnsMax {
            do throws(SystemError) {
                if state.watches == nil { state.watches = try startWatches() }
                try state.watches?.arm(trace)
            } catch {
                state.watches = nil
                return (FileFingerprint(of: state.paths), true)
            }
            let again = FileTrace(of: state.paths)
            if again.places == trace.places { return (again.fingerprint, true) }
            trace = again
        }
        return (trace.fingerprint, false)
    }

    private func startWatches() throws(SystemError) -> FileWatches {
        FileWatches(try openInotify(), on: queue) { [weak self] in self?.noticed() }
    }
}
