import ArgumentParser
import Config
import ControlPlane

struct Validate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check a configuration without serving it.",
        discussion: "Prints everything that is wrong, one finding each, and exits 1 if any of it is an error.")

    @OptionGroup var config: ConfigOption
    @Option(help: "text or json.") var format = OutputFormat.text

    func run() throws {
        var diagnostics: [ConfigDiagnostic] = []
        var summary: GatewayConfig?
        do {
            let loaded = try config.load()
            diagnostics = try loaded.warnings + ConfigCheck.warnings(compiling: loaded.config)
            summary = loaded.config
        } catch let failure as ConfigFailure {
            diagnostics = failure.diagnostics
        }
        switch format {
        case .json: print(Self.report(isValid: summary != nil, diagnostics).pretty)
        case .text:
            for diagnostic in diagnostics { StandardError.write(diagnostic.description) }
            if let summary {
                let path = try config.displayPath()
                let counts = "\(Self.count(summary.routes, "route")), \(Self.count(summary.upstreams, "upstream"))"
                print("\(path) is valid: \(counts)")
            }
        }
        if summary == nil { throw ExitCode(1) }
    }

    private static func count(_ list: [some Any], _ noun: String) -> String {
        "\(list.count) \(noun)\(list.count == 1 ? "" : "s")"
    }

    private static func report(isValid: Bool, _ diagnostics: [ConfigDiagnostic]) -> JSONText {
        let list = diagnostics.map { diagnostic in
            JSONText.object([
                ("severity", .string(diagnostic.severity.rawValue)), ("code", .string(diagnostic.code)),
                ("message", .string(diagnostic.message)), ("file", .string(diagnostic.position.file)),
                ("line", .integer(diagnostic.position.line)), ("column", .integer(diagnostic.position.column)),
                ("path", .string(diagnostic.path)), ("hint", .optional(diagnostic.hint)),
            ])
        }
        return .object([("valid", .boolean(isValid)), ("diagnostics", .array(list))])
    }
}
