import ArgumentParser
import Config
import ControlPlane

struct FilterCheck: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Load filters, and say what they declare.",
        discussion: "Exits 1 when one of them is wrong. `gateway validate` checks them as a configuration uses them.")

    @OptionGroup var option: FilterOption
    @Argument(help: "Names; left out: all.") var names: [String] = []
    @Flag(help: "Print the schema of the configuration as JSON Schema, for editors.") var schema = false

    func run() throws {
        let library = FilterLibrary(folder: option.path)
        var isFine = true
        for name in names.isEmpty ? try library.names() : names {
            do {
                let summary = try library.inspect(name)
                print(schema ? summary.schema : summary.text)
            } catch {
                for diagnostic in error.diagnostics { StandardError.write(diagnostic.description) }
                isFine = false
            }
        }
        if !isFine { throw ExitCode(1) }
    }
}
