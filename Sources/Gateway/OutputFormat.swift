import ArgumentParser
import ControlPlane

/// `--format`, for commands that print a result.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case text, json

    /// Prints `text`, or `json` for programs.
    func show(text: @autoclosure () -> String, json: @autoclosure () -> JSONText) {
        switch self {
        case .text: print(text())
        case .json: print(json().pretty)
        }
    }
}
