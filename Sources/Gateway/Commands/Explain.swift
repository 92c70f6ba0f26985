import ArgumentParser
import Config
import ControlPlane

struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Tell what the gateway would do with a request, and why.",
        discussion: """
            Prints the route and why near misses were not taken, the filters in order, and where the request would go \
            with its path rewritten. Nothing is sent. Exits 1 when no route takes it.
            """)

    @Argument(help: "Such as GET.") var method: String
    @Argument(help: "http://host/path?query, or just /path?query.") var url: String
    @Option(
        name: [.customShort("H"), .customLong("header")], parsing: .singleValue, help: "A header field, 'name: value'.")
    var headers: [String] = []
    @OptionGroup var config: ConfigOption
    @Option(help: "text or json.") var format = OutputFormat.text

    func run() throws {
        guard let url = RequestURL(url) else {
            throw ValidationError("\"\(url)\" is not a URL; write http://host/path?query, or /path?query")
        }
        let fields = try headers.map { line in
            guard let field = RequestExplanation.field(line) else {
                throw ValidationError("\"\(line)\" is not a header field; write 'name: value'")
            }
            return field
        }
        let loaded = try config.load()
        let mask = SecretMask(loaded.text)
        let explanation: RequestExplanation
        do throws(ConfigFailure) {
            explanation = try RequestExplanation(method: method, url: url, headers: fields, config: loaded.config)
        } catch {
            throw mask.masked(error)
        }
        format.show(text: mask.masked(explanation.text), json: mask.masked(explanation.json))
        if !explanation.isRouted { throw ExitCode(1) }
    }
}
