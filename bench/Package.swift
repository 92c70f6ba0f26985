// swift-tools-version: 6.2
import PackageDescription

// The measured sources are links into the parent's tree, as `package` access ends at a package; `run.sh` makes them.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .enableExperimentalFeature("Lifetimes"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

func layer(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

let package = Package(
    name: "gateway-bench",
    targets: [
        .target(name: "CAllocationCount"),
        .systemLibrary(name: "CPCRE2", pkgConfig: "libpcre2-8", providers: [.apt(["libpcre2-dev"])]),
        .target(name: "CHeaderTable"),
        layer("Bytes"),
        layer("Config"),
        layer("HTTP", ["Bytes", "CHeaderTable"]),
        layer("Telemetry", ["Bytes", "Config"]),
        layer("Routing", ["Bytes", "Config", "HTTP", "CPCRE2"]),
        layer("Upstream", ["Bytes", "Config"]),
        .executableTarget(
            name: "MicroBench",
            dependencies: ["CAllocationCount", "Bytes", "Config", "HTTP", "Routing", "Upstream", "Telemetry"],
            swiftSettings: settings),
    ]
)
