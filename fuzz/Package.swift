// swift-tools-version: 6.2
import PackageDescription

// The fuzzed sources are links into the parent's tree: `package` access ends at a package, so a dependency on the
// parent would see nothing of it. The properties are links too, to where unit tests replay them. `run.sh` makes them.
let sanitizers = "-sanitize=fuzzer,address"

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .enableExperimentalFeature("Lifetimes"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .unsafeFlags([sanitizers]),
]

let package = Package(
    name: "gateway-fuzz",
    dependencies: [
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        .target(name: "CLibFuzzer"),
        .systemLibrary(name: "CPCRE2", pkgConfig: "libpcre2-8", providers: [.apt(["libpcre2-dev"])]),
        .systemLibrary(name: "CLua", pkgConfig: "lua5.4", providers: [.apt(["liblua5.4-dev"])]),
        .target(
            name: "CLuaShim", dependencies: ["CLua"],
            cSettings: [.define("_GNU_SOURCE"), .unsafeFlags(["-fsanitize=fuzzer-no-link,address"])],
            linkerSettings: [.linkedLibrary("crypto")]),
        .target(name: "CHeaderTable"),
        .target(name: "CLinux", linkerSettings: [.linkedLibrary("crypt")]),
        .target(
            name: "CTLS", cSettings: [.define("_GNU_SOURCE")],
            linkerSettings: [.linkedLibrary("ssl"), .linkedLibrary("crypto")]),
        .target(name: "EventLoop", dependencies: ["Bytes", "CLinux"], swiftSettings: settings),
        .target(name: "TLS", dependencies: ["Bytes", "CTLS", "EventLoop"], swiftSettings: settings),
        .target(name: "Bytes", swiftSettings: settings),
        .target(name: "Config", swiftSettings: settings),
        .target(name: "HTTP", dependencies: ["Bytes", "CHeaderTable"], swiftSettings: settings),
        .target(name: "Routing", dependencies: ["Bytes", "Config", "HTTP", "CPCRE2"], swiftSettings: settings),
        .target(name: "Telemetry", dependencies: ["Bytes", "Config"], swiftSettings: settings),
        .target(
            name: "Plugins",
            dependencies: [
                "Bytes", "CLinux", "CLuaShim", "Config", "HTTP", "Routing", "Telemetry",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
            ], swiftSettings: settings),
        .target(
            name: "ControlPlane",
            dependencies: ["Bytes", "Config", "Plugins", "TLS", "Telemetry", .product(name: "Yams", package: "Yams")],
            swiftSettings: settings),
        .target(name: "HTTPProperties", dependencies: ["Bytes", "HTTP"], swiftSettings: settings),
        .target(
            name: "ConfigProperties", dependencies: ["Config", "ControlPlane", "Routing"], swiftSettings: settings),
        .target(
            name: "ScriptProperties", dependencies: ["CLua", "Config", "Plugins", "Telemetry"],
            swiftSettings: settings),
        .executableTarget(
            name: "Fuzz", dependencies: ["CLibFuzzer", "HTTPProperties", "ConfigProperties", "ScriptProperties"],
            swiftSettings: settings,
            // gold cannot link what the sanitizers make.
            linkerSettings: [.unsafeFlags(["-use-ld=lld", sanitizers])]),
    ]
)
