/// What this program is and was built with.
package enum GatewayVersion {
    package static let gateway = "0.1.0"

    /// Major and minor release of the Swift runtime in use, such as `6.3`; the runtime does not know its patch release.
    package static var swift: String {
        "\(_SwiftStdlibVersion.current)".split(separator: ".").prefix(2).joined(separator: ".")
    }
}
