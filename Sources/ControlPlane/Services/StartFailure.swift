import NIOCore

/// The gateway could not start: what, and what may help. Ends the program with exit code 3.
package struct StartFailure: Error, Sendable, Equatable, CustomStringConvertible {
    package var message: String
    package var hint: String?

    package init(_ message: String, hint: String? = nil) {
        self.message = message
        self.hint = hint
    }

    package var description: String {
        hint.map { "error: \(message)\n  hint: \($0)" } ?? "error: \(message)"
    }

    /// - Parameter setting: the key of the configuration that decides the address.
    static func cannotListen(what: String, on address: String, setting: String, _ error: any Error) -> StartFailure {
        guard let system = error as? IOError else {
            return StartFailure("\(what) cannot listen on \(address): \(error)", hint: "check \(setting)")
        }
        return cannotListen(what: what, on: address, setting: setting, errno: system.errnoCode)
    }
}
