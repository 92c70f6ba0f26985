import ArgumentParser
import Config
import ControlPlane

struct Validate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check a configuration without serving it.",
        discussion: """
            Prints everything that is wrong, one finding each, and exits 1 if any of it is an error. Runs the tests in \
            the configuration too.
            """)

    @OptionGroup var config: ConfigOption
    @Flag(help: "Do not run the tests in the configuration.") var skipTests = false
    @Option(help: "text or json.") var format = OutputFormat.text

    func run() throws {
        var diagnostics: [ConfigDiagnostic] = []
        var summary: GatewayConfig?
        do {
            let loaded = try config.load()
            let checked = try ConfigSource.checked(loaded, runsTests: !skipTests, scripts: ScriptHistory())
            diagnostics = checked.warnings
            summary = checked.config
        } catch let failure as ConfigFailure {
            diagnostics = failure.diagnostics
        }
        switch format {
        case .json: print(Self.report(isValid: summary != nil, diagnostics).pretty)
        case .text:
            for diagnostic in diagnostics { StandardError.write(diagnostic.description) }
            if let summary {
                let path = try config.displayPath()
                var counts = [Self.count(summary.routes, "route"), Self.count(summary.upstreams, "upstream")]
                if !summary.tests.isEmpty, !skipTests { counts.append(Self.count(summary.tests, "test") + " passed") }
                print("\(path) is valid: \(counts.joined(separator: ", "))")
            }
        }
        if summary == nil { throw ExitCode(1) }
    }

    private static func count(_ list: [some Any], _ noun: String) -> String {
        "\(list.count) \(noun)\(list.count == 1 ? "" : "s")"
    }

    private static func report(isValid: Bool, _ diagnostics: [ConfigDiagnostic]) -> JSONText {
        return .object([("valid", .boolean(isValid)), ("diagnostics", .array(diagnostics.map(\.json)))])
    }
}
