import ArgumentParser
import ControlPlane

struct Reload: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Let a running gateway take over its changed configuration.",
        discussion: """
            Asks the admin API, waits until every worker serves the new generation, and prints what changed. Exits 1 \
            when the configuration is rejected: everything that is wrong is printed, and the running one stays. \
            SIGHUP does the same without an answer.
            """)

    @OptionGroup var gateway: AdminOption
    @Option(help: "Go back to that generation instead; 0: the one before the running one.") var rollback: Int?
    @Option(help: "text or json.") var format = OutputFormat.text

    /// The configuration may have many tests.
    private static let patience: Duration = .seconds(120)

    func run() async throws {
        var path = "/reload"
        if let rollback { path = rollback == 0 ? "/rollback" : "/rollback?generation=\(rollback)" }
        let answer = try await gateway.client().post(path, within: Self.patience)
        if format == .json {
            print(answer.text, terminator: answer.text.hasSuffix("\n") ? "" : "\n")
        } else {
            Self.show(answer)
        }
        guard answer.status == 200 else { throw ExitCode(1) }
    }

    private static func show(_ answer: AdminClient.Answer) {
        let members = answer.members
        guard answer.status == 200, let generation = members["generation"]?.number else {
            for diagnostic in members["diagnostics"]?.list ?? [] { StandardError.write(text(of: diagnostic)) }
            StandardError.write(answer.problem)
            if answer.status == 401 {
                StandardError.write(
                    "  hint: the running gateway may have an older token than the file; give that one with --token or "
                        + "GATEWAY_ADMIN_TOKEN, or send the process SIGHUP")
            }
            return
        }
        if members["result"]?.text == "unchanged" {
            return print("unchanged: generation \(generation) is what the configuration says")
        }
        for warning in members["warnings"]?.list ?? [] { StandardError.write(text(of: warning)) }
        let changes = members["changes"]?.list ?? []
        for change in changes {
            print("\(change["kind"]?.text ?? "changed") \(change["path"]?.text ?? "")")
        }
        let count = members["change_count"]?.number ?? changes.count
        if count > changes.count { print("… and \(count - changes.count) more") }
        print("serving generation \(generation): \(count) change\(count == 1 ? "" : "s")")
    }

    private static func text(of diagnostic: [String: AdminValue]) -> String {
        func text(_ key: String) -> String { diagnostic[key]?.text ?? "" }
        let place = "\(text("file")):\(diagnostic["line"]?.number ?? 0):\(diagnostic["column"]?.number ?? 0)"
        var lines = "\(place): \(text("severity"))[\(text("code"))]: \(text("message"))"
        if !text("path").isEmpty { lines += "\n  at: \(text("path"))" }
        if !text("hint").isEmpty { lines += "\n  hint: \(text("hint"))" }
        return lines
    }
}
