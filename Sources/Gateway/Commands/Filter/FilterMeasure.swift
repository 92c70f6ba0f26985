import ArgumentParser
import Config
import ControlPlane

struct FilterMeasure: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure what a filter costs for one request.",
        discussion: "CPU time is the script's own, from its entry to its return, over all of its phases.")

    @OptionGroup var option: FilterOption
    @Argument(help: "Names; left out: all.") var names: [String] = []
    @Option(name: [.customShort("f"), .customLong("file")], help: "The request, as for `filter run`.") var request:
        String?
    @Option(help: "The upstream's response.") var upstream: String?
    @Option(help: "The filter's configuration, as JSON or YAML.") var filterConfig: String?
    @Option(name: .shortAndLong, help: "Requests.") var count = 20_000

    func run() throws {
        let library = FilterLibrary(folder: option.path)
        do {
            for name in names.isEmpty ? try library.names() : names {
                print(
                    try FilterRehearsal(folder: option.path).measure(
                        name, request: request, upstream: upstream, configuration: filterConfig, count: count))
            }
        } catch {
            for diagnostic in error.diagnostics { StandardError.write(diagnostic.description) }
            throw ExitCode(1)
        }
    }
}
