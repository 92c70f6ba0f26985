/// Writes sample lines of the text format: escaping and numbers.
struct ExpositionWriter {
    private(set) var bytes: [UInt8] = []
    private var hasLabel = false

    mutating func append(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    mutating func beginSample(_ name: String) {
        append(name)
        hasLabel = false
    }

    mutating func label(_ name: String, _ value: String) {
        append(hasLabel ? "," : "{")
        hasLabel = true
        append(name)
        append("=\"")
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): append("\\\\")
            case UInt8(ascii: "\""): append("\\\"")
            case UInt8(ascii: "\n"): append("\\n")
            default: bytes.append(byte)
            }
        }
        append("\"")
    }

    mutating func endSample(_ value: String) {
        append(hasLabel ? "} " : " ")
        append(value)
        append("\n")
    }

    /// The exported value of a cell, without the rounding that a trip through `Double` would bring.
    static func text(of cell: UInt64, isSigned: Bool, scale: MetricDeclaration.Scale) -> String {
        let isNegative = isSigned && Int64(bitPattern: cell) < 0
        let magnitude = isNegative ? 0 &- cell : cell
        let sign = isNegative ? "-" : ""
        return switch scale {
        case .one: "\(sign)\(magnitude)"
        case .ratio: sign + decimal(magnitude, fraction: 1_000_000)
        case .seconds: sign + decimal(magnitude, fraction: 1_000_000_000)
        }
    }

    private static func decimal(_ value: UInt64, fraction: UInt64) -> String {
        let rest = value % fraction
        guard rest > 0 else { return "\(value / fraction)" }
        // The one put before the digits keeps their leading zeros.
        var digits = "\(fraction + rest)".dropFirst()
        while digits.last == "0" { digits.removeLast() }
        return "\(value / fraction).\(digits)"
    }

    static func text(of value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        // Whole numbers without a fraction, as far as they are exact.
        guard value == value.rounded(), abs(value) < 9_007_199_254_740_992 else { return "\(value)" }
        return "\(Int64(value))"
    }
}
