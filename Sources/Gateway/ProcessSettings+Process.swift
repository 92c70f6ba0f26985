import ArgumentParser
import ControlPlane
import Foundation
import Logging

extension ProcessSettings {
    /// The settings of this process's environment; a wrong one is a usage error.
    static func ofProcess() throws -> ProcessSettings {
        let environment = ProcessInfo.processInfo.environment
        do throws(ProcessSettings.Failure) {
            return try ProcessSettings { environment[$0] }
        } catch {
            throw ValidationError(error.description)
        }
    }

    /// Sends the program's log to standard error. To be called once, by a command that runs something.
    func startLogging() {
        let (level, format) = (logLevel, logFormat)
        LoggingSystem.bootstrap { _ in StandardErrorLog(level: level, format: format) }
    }
}
