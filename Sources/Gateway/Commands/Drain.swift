import ArgumentParser
import ControlPlane

struct Drain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Let a running gateway stop without losing a request.",
        discussion: """
            The same as SIGTERM: /readyz says 503 at once, after timeouts.drain_delay nothing new is accepted, and the \
            process ends when every request has, or after timeouts.drain.
            """)

    @OptionGroup var gateway: AdminOption

    func run() async throws {
        let answer = try await gateway.client().post("/drain", within: .seconds(10))
        guard answer.status == 202 else {
            StandardError.write(answer.problem)
            throw ExitCode(1)
        }
        print("draining")
    }
}
