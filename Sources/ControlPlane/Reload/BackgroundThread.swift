import EventLoop

/// Work that takes long and blocks, away from the cooperative pool and from the workers' share of the processor.
enum BackgroundThread {
    /// Weight against a worker's thread about one to three, so that a reload under full load still ends soon.
    private static let niceness: Int32 = 5

    static func run<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
        await withCheckedContinuation { continuation in
            do throws(SystemError) {
                try WorkerThread.start(name: "background", niceness: niceness) {
                    continuation.resume(returning: body())
                }
            } catch {
                // Out of threads: better late than never.
                continuation.resume(returning: body())
            }
        }
    }
}
