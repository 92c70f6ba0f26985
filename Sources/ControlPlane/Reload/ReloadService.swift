import ServiceLifecycle

/// Requests to reload that nobody waits for: changed files and signals.
struct ReloadTriggers: Sendable {
    let causes: AsyncStream<ReloadCause>
    private let continuation: AsyncStream<ReloadCause>.Continuation

    init() {
        // One that waits is as good as many: it reads the files when it begins.
        (causes, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func request(_ cause: ReloadCause) {
        continuation.yield(cause)
    }
}

/// Reloads when files change or signals come, and frees older generations when their last request has ended.
struct ReloadService: Service {
    let reloader: Reloader
    let triggers: ReloadTriggers
    let notification: ServiceNotification

    private static let releaseInterval: Duration = .milliseconds(250)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { tasks in
                tasks.addTask {
                    for await cause in triggers.causes {
                        notification.reloading()
                        _ = await reloader.reload(cause)
                        notification.ready()
                    }
                }
                tasks.addTask {
                    while (try? await Task.sleep(for: Self.releaseInterval)) != nil {
                        await reloader.releaseGenerations()
                    }
                }
            }
        }
    }
}
