// swift-tools-version: 6.2
import PackageDescription

// One setting list for every target. `Lifetimes` is the only experimental feature: spans that are properties need it,
// and its removal was announced to take two releases of notice.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .enableExperimentalFeature("Lifetimes"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

/// A Swift target of the gateway; `layer` documents where it stands, dependencies only ever point up this list.
func layer(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency] = [], resources: [String] = []) -> Target {
    .testTarget(
        name: name + "Tests", dependencies: [.target(name: name), "GatewayTesting"] + dependencies,
        exclude: resources, swiftSettings: settings)
}

let package = Package(
    name: "gateway",
    products: [.executable(name: "gateway", targets: ["Gateway"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // L0: C, and nothing but what Swift cannot say.
        .systemLibrary(name: "CLua", pkgConfig: "lua5.4", providers: [.apt(["liblua5.4-dev"])]),
        .target(
            name: "CLuaShim", dependencies: ["CLua"], cSettings: [.define("_GNU_SOURCE")],
            linkerSettings: [.linkedLibrary("crypto")]),
        .target(name: "CLinux", linkerSettings: [.linkedLibrary("crypt")]),
        .systemLibrary(name: "CHiredis"),
        .systemLibrary(name: "CPCRE2", pkgConfig: "libpcre2-8", providers: [.apt(["libpcre2-dev"])]),
        .target(name: "CHeaderTable"),
        .target(
            name: "CTLS", cSettings: [.define("_GNU_SOURCE")],
            linkerSettings: [.linkedLibrary("ssl"), .linkedLibrary("crypto")]),
        // L1
        layer("Bytes"),
        layer("Config"),
        // L2
        layer("HTTP", ["Bytes", "CHeaderTable"]),
        layer("EventLoop", ["Bytes", "CLinux"]),
        layer("Telemetry", ["Bytes", "Config"]),
        // L3
        layer("TLS", ["Bytes", "CTLS", "EventLoop"]),
        layer("Routing", ["Bytes", "CHeaderTable", "Config", "HTTP", "CPCRE2"]),
        layer("Upstream", ["Bytes", "Config"]),
        // L4
        layer(
            "Plugins",
            [
                "Bytes", "CLinux", "CLuaShim", "Config", "HTTP", "Routing", "Telemetry",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
            ]),
        // L5
        layer(
            "DataPlane",
            [
                "Bytes", "Config", "HTTP", "EventLoop", "Telemetry", "TLS", "Routing", "Upstream", "Plugins",
                "CHeaderTable",
            ]),
        // L6
        layer(
            "ControlPlane",
            [
                "Bytes", "CHiredis", "Config", "HTTP", "EventLoop", "Telemetry", "TLS", "Routing", "Upstream",
                "Plugins", "DataPlane",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOFoundationCompat", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "Yams", package: "Yams"),
            ]),
        // L7
        .executableTarget(
            name: "Gateway",
            dependencies: [
                "Bytes", "Config", "HTTP", "EventLoop", "Telemetry", "Routing", "Upstream", "Plugins", "DataPlane",
                "ControlPlane", "CLuaShim",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ], swiftSettings: settings),
        // Tests, one target per layer target.
        .target(
            name: "GatewayTesting", dependencies: ["Bytes", "CLinux"], path: "Tests/GatewayTesting",
            swiftSettings: settings),
        tests("Bytes", ["EventLoop"]),
        tests("Config"),
        tests("HTTP", ["Bytes"], resources: ["Cases"]),
        tests("EventLoop", ["Bytes", "CLinux"]),
        tests("Telemetry", ["Bytes", "Config"]),
        tests("TLS", ["Bytes", "EventLoop"]),
        tests("Routing", ["Bytes", "Config", "HTTP"]),
        tests("Upstream", ["Bytes", "Config"]),
        tests(
            "Plugins",
            [
                "Bytes", "CLua", "CLuaShim", "Config", "HTTP", "Telemetry",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
            ], resources: ["Hostile", "Sanitized"]),
        tests(
            "DataPlane",
            [
                "Bytes", "CHeaderTable", "Config", "EventLoop", "HTTP", "Plugins", "Routing", "TLS", "Telemetry",
                "Upstream",
            ]),
        tests(
            "ControlPlane",
            [
                "Bytes", "Config", "EventLoop", "HTTP", "Routing", "Telemetry", "Upstream",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
            ], resources: ["Golden"]),
        .testTarget(
            name: "EndToEndTests", dependencies: ["GatewayTesting"], exclude: ["Cases"], swiftSettings: settings),
        .testTarget(name: "TidyTests", dependencies: ["GatewayTesting"], swiftSettings: settings),
    ]
)
