import Config
import Foundation
import Logging
import Plugins
import ServiceLifecycle

/// Follows the scripts that serve: writes what they log, and takes back a changed one that fails on real requests.
struct FilterService: Service {
    let engine: any GatewayEngine
    let reloader: Reloader
    let history: ScriptHistory
    let logger: Logger

    private static let interval: Duration = .milliseconds(100)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var probation = FilterProbation(history: history)
            while !Task.isCancelled {
                try? await Task.sleep(for: Self.interval)
                // Not only scripts: workers tell of upstreams here too.
                writeLogs()
                guard engine.servesScripts else { continue }
                for failed in probation.judge(engine.servedConfig, engine.filterStatus(), now: .now) {
                    await reloader.takeBack(failed)
                }
            }
        }
        writeLogs()
    }

    private func writeLogs() {
        for line in engine.readScriptLogs() {
            var metadata: Logger.Metadata = [:]
            let object = try? JSONSerialization.jsonObject(with: Data(line.fields))
            for (name, value) in object as? [String: Any] ?? [:] { metadata[name] = "\(value)" }
            logger.log(level: line.level.level, "\(String(decoding: line.message, as: UTF8.self))", metadata: metadata)
        }
    }
}

extension FilterLogLevel {
    fileprivate var level: Logger.Level {
        switch self {
        case .debug: .debug
        case .info: .info
        case .warning: .warning
        case .error: .error
        }
    }
}
