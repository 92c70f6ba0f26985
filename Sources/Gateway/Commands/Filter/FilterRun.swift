import ArgumentParser
import Config
import ControlPlane

struct FilterRun: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Send one request through a filter, and show what became of it.",
        discussion: """
            The request is a file as HTTP/1.1 writes it: a request line, fields, an empty line, a body. Without one, \
            GET / is sent. The upstream answers 200, or what --upstream has, in the same form.
            """)

    @OptionGroup var option: FilterOption
    @Argument(help: "The filter.") var name: String
    @Option(name: [.customShort("f"), .customLong("file")], help: "The request.") var request: String?
    @Option(help: "The upstream's response.") var upstream: String?
    @Option(help: "The filter's configuration, as JSON or YAML.") var filterConfig: String?
    @Option(help: "What authentication found, as JSON.") var auth: String?

    func run() throws {
        do {
            print(
                try FilterRehearsal(folder: option.path).run(
                    name, request: request, upstream: upstream, configuration: filterConfig, authentication: auth))
        } catch {
            for diagnostic in error.diagnostics { StandardError.write(diagnostic.description) }
            throw ExitCode(1)
        }
    }
}
