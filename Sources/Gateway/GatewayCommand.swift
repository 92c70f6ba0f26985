import ArgumentParser

struct GatewayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gateway",
        abstract: "An API gateway.",
        discussion: """
            Exit codes: 0 fine, 1 what was checked is wrong, 2 usage, 3 could not start.

            Environment: GATEWAY_CONFIG, GATEWAY_LOG_LEVEL (trace … critical), GATEWAY_LOG_FORMAT (text, json), \
            GATEWAY_WORKERS, GATEWAY_ADMIN_ADDRESS, GATEWAY_ADMIN_TOKEN.
            """,
        version: Version.text,
        subcommands: [
            Run.self, Validate.self, Routes.self, Explain.self, ShowConfig.self, Reload.self, Drain.self, Demo.self,
            Filter.self, Key.self,
            Help.self, Version.self,
        ])
}
