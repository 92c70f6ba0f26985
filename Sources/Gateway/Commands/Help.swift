import ArgumentParser
import Config
import ControlPlane
import Telemetry

struct Help: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Explain an end reason, such as upstream_timeout, or a command.",
        discussion: "The code is in the `type` of an error answer and in the metric gateway_requests_ended_total.")

    @Argument(help: "An end reason or a command; without one, everything is listed.") var code: String?

    func run() throws {
        guard let code else {
            print(GatewayCommand.helpMessage())
            print("\nEND REASONS (gateway help CODE):")
            for reason in EndReason.allCases { print(Self.row("\(reason.code)", "\(reason.title)")) }
            return
        }
        let commands = GatewayCommand.configuration.subcommands
        if let command = commands.first(where: { $0._commandName == code }) {
            print(GatewayCommand.helpMessage(for: command))
            return
        }
        guard let reason = EndReason(code: code) else {
            let known = EndReason.allCases.map { "\($0.code)" } + commands.map { $0._commandName }
            let near = Suggestion.hint(for: code, among: known) ?? "`gateway help` lists them all"
            StandardError.write("error: there is no end reason or command \"\(code)\"\n  hint: \(near)")
            throw ExitCode(1)
        }
        print(Self.page(of: reason))
    }

    private static func page(of reason: EndReason) -> String {
        let status = reason.status == 0 ? "none of the gateway's own" : "\(reason.status)"
        return """
            \(reason.code): \(reason.title)

            status  \(status)
            blame   \(reason.blame.rawValue)

            \(reason.explanation)
            """
    }

    private static func row(_ code: String, _ title: String) -> String {
        "  \(code)\(String(repeating: " ", count: max(1, 30 - code.count)))\(title)"
    }
}
