import Config
import ControlPlane
import Logging
import Testing

@Suite("settings of the environment") struct ProcessSettingsTests {
    private func settings(_ variables: [String: String]) throws -> ProcessSettings {
        try ProcessSettings { variables[$0] }
    }

    @Test func defaults() throws {
        #expect(try settings([:]) == ProcessSettings())
        // An empty variable is how many tools spell an unset one.
        #expect(try settings(["GATEWAY_CONFIG": "", "GATEWAY_WORKERS": ""]) == ProcessSettings())
    }

    @Test func everyVariable() throws {
        let read = try settings([
            "GATEWAY_CONFIG": "/etc/gateway", "GATEWAY_LOG_LEVEL": "DEBUG", "GATEWAY_LOG_FORMAT": "json",
            "GATEWAY_WORKERS": "3", "GATEWAY_ADMIN_ADDRESS": "unix:/run/admin.sock",
        ])
        #expect(read.configPath == "/etc/gateway")
        #expect(read.logLevel == .debug)
        #expect(read.logFormat == .json)
        #expect(read.workers == 3)
        #expect(read.adminAddress == "unix:/run/admin.sock")
        #expect(try settings(["GATEWAY_WORKERS": "auto"]).workers == nil)
    }

    @Test(arguments: [
        ("GATEWAY_LOG_LEVEL", "loud"), ("GATEWAY_LOG_FORMAT", "xml"), ("GATEWAY_WORKERS", "0"),
        ("GATEWAY_WORKERS", "1025"), ("GATEWAY_WORKERS", "many"),
    ])
    func refusesAndNamesTheVariable(_ name: String, _ value: String) {
        let error = #expect(throws: ProcessSettings.Failure.self) { try settings([name: value]) }
        #expect(error?.description.contains(name) == true)
        #expect(error?.description.contains("\"\(value)\"") == true)
    }

    @Test func theEnvironmentWinsOverTheFile() throws {
        var config = GatewayConfig()
        config.workers = 8
        try settings([:]).apply(to: &config)
        #expect(config.workers == 8)
        #expect(config.admin.address == "127.0.0.1:9901")
        try settings(["GATEWAY_WORKERS": "2", "GATEWAY_ADMIN_ADDRESS": "127.0.0.1:1"]).apply(to: &config)
        #expect(config.workers == 2)
        #expect(config.admin.address == "127.0.0.1:1")
        try settings(["GATEWAY_ADMIN_ADDRESS": "off"]).apply(to: &config)
        #expect(config.admin.address == nil)
    }
}
