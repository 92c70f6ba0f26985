import Dispatch
import EventLoop
import Glibc

/// The kernel's watches on what a `FileTrace` found, and the source that wakes when one of them has something to tell.
/// Not for several threads at once; its owner's lock sees to that.
final class FileWatches {
    private let inotify: Inotify
    private let source: any DispatchSourceRead
    private var watches: Set<Inotify.Watch> = []
    private var isPaused = false

    /// - Parameter whenNoticed: called on `queue`, again and again until the notices are drained or it is paused.
    init(_ inotify: Inotify, on queue: DispatchQueue, whenNoticed: @escaping @Sendable () -> Void) {
        self.inotify = inotify
        source = DispatchSource.makeReadSource(fileDescriptor: inotify.descriptor, queue: queue)
        source.setEventHandler(handler: whenNoticed)
        // The descriptor must outlive the source, which may be at work on the queue when it is cancelled.
        source.setCancelHandler { _ = inotify }
        source.activate()
    }

    deinit {
        source.cancel()
        // Dispatch traps when a suspended source is released.
        resume()
    }

    /// Watches what `trace` found and nothing else. What has gone meanwhile is left out: the next trace misses it too.
    ///
    /// - Throws: `SystemError` when something would go unnoticed.
    func arm(_ trace: FileTrace) throws(SystemError) {
        var armed: Set<Inotify.Watch> = []
        // Parents first: what replaces a directory after its parent is watched is noticed there.
        for (path, kind) in trace.places.sorted(by: { $0.key < $1.key }) {
            do throws(SystemError) {
                armed.insert(try inotify.watch(path, kind))
            } catch {
                let isGone = [ENOENT, ENOTDIR, ELOOP].contains(error.code)
                // One may pass through a directory, and look at a file, without being allowed to read it; what stands
                // around it tells most of the same.
                let isSpare = error.code == EACCES && kind < .directory
                guard isGone || isSpare else { throw error }
            }
        }
        for watch in watches.subtracting(armed) { inotify.remove(watch) }
        watches = armed
    }

    /// Whether anything happened since the last call.
    func drain() -> Bool { inotify.drain() }

    /// Leaves notices waiting, so that a storm of them costs no wake-ups.
    func pause() {
        guard !isPaused else { return }
        isPaused = true
        source.suspend()
    }

    func resume() {
        guard isPaused else { return }
        isPaused = false
        source.resume()
    }
}
