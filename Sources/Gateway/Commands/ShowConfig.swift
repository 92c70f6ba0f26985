import ArgumentParser
import Config
import ControlPlane

struct ShowConfig: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Show the effective configuration, or describe its format.",
        discussion: """
            Prints every value that is set or has a default, and where it came from: file:line:column, default, or the \
            environment. Secrets are redacted, and text that a variable brings is shown as the file has it.
            """)

    @OptionGroup var config: ConfigOption
    @Option(help: "text or json.") var format = OutputFormat.text
    @Flag(help: "Print the JSON Schema of a configuration file instead, for editors and checks.") var schema = false

    func run() throws {
        if schema {
            print(ConfigSchema.jsonSchema(), terminator: "")
            return
        }
        let effective = try config.load().effective
        format.show(text: effective.table, json: effective.json)
    }
}
