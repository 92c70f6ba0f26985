import ArgumentParser
import Config

struct ShowConfig: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Describe the configuration format.")

    @Flag(help: "Print the JSON Schema of a configuration file, for editors and checks.") var schema = false

    func validate() throws {
        guard schema else { throw ValidationError("say what to print: --schema") }
    }

    func run() {
        print(ConfigSchema.jsonSchema(), terminator: "")
    }
}
