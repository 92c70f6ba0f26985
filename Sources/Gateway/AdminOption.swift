import ArgumentParser
import Config
import ControlPlane

/// Which running gateway a command speaks to: the one whose configuration this is, unless the options say otherwise.
struct AdminOption: ParsableArguments {
    @OptionGroup var config: ConfigOption
    @Option(help: "host:port or unix:/path. Default: $GATEWAY_ADMIN_ADDRESS, else admin.address of the file.")
    var admin: String?
    @Option(help: "The admin token. Default: $GATEWAY_ADMIN_TOKEN, else admin.token of the file.")
    var token: String?

    /// - Throws: `ValidationError` when it cannot be found out where to ask.
    func client() throws -> AdminClient {
        let settings = try ProcessSettings.ofProcess()
        let address = admin ?? settings.adminAddress
        let token = token ?? settings.adminToken
        if let address, AdminClient.isAddress(address), let token {
            return AdminClient(address: address, token: token)
        }
        if let address, !AdminClient.isAddress(address) {
            throw ValidationError("\"\(address)\" is not an address; write host:port, [v6]:port or unix:/path")
        }
        // A file that is wrong does not say which gateway is meant, and guessing could reach another one.
        do {
            let loaded = try config.load().config
            guard let known = address ?? loaded.admin.address else {
                throw ValidationError("the admin API is off; send the process SIGHUP to reload it, SIGTERM to stop it")
            }
            return AdminClient(address: known, token: token ?? loaded.admin.token)
        } catch let failure as ConfigFailure {
            guard let address else {
                StandardError.write(failure.description)
                StandardError.write("error: the file does not say where the gateway listens; give --admin host:port")
                throw ExitCode(1)
            }
            return AdminClient(address: address, token: token ?? "")
        }
    }
}
