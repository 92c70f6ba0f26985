import ArgumentParser
import Config
import ControlPlane

/// `-c`, and what reads the file it names.
struct ConfigOption: ParsableArguments {
    @Option(
        name: [.customShort("c"), .customLong("config")],
        help: "A file, or a directory of *.yaml. Default: $GATEWAY_CONFIG, else gateway.yaml.")
    var path: String?

    /// The file's configuration under the environment's, with every warning that loading and compiling gave.
    ///
    /// - Throws: `ConfigFailure` with all that is wrong; `ValidationError` when the environment is.
    func load() throws -> LoadedConfig {
        let settings = try ProcessSettings.ofProcess()
        var loaded = try ConfigLoader().load(path: path ?? settings.configPath)
        settings.apply(to: &loaded)
        return loaded
    }

    /// What the diagnostics of the file as a whole are about.
    func displayPath() throws -> String {
        try path ?? ProcessSettings.ofProcess().configPath
    }
}
