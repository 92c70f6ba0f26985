import ArgumentParser
import CLuaShim
import ControlPlane

struct Version: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print the versions of the gateway and its parts.")

    @Option(help: "text or json.") var format = OutputFormat.text

    /// Of the Lua library that this program was compiled against, such as `5.4.4`.
    static var lua: String {
        // Sound: a string literal of the library, which is never freed.
        unsafe String(cString: gwlua_release()).replacing("Lua ", with: "")
    }

    static var text: String {
        "gateway \(GatewayVersion.gateway)\nSwift \(GatewayVersion.swift)\nLua \(lua)"
    }

    func run() {
        format.show(
            text: Self.text,
            json: .object([
                ("gateway", .string(GatewayVersion.gateway)), ("swift", .string(GatewayVersion.swift)),
                ("lua", .string(Self.lua)),
            ]))
    }
}
