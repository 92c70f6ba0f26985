// Durations and sizes: numbers that must say their unit.

extension ValueSchema where Value == Duration {
    /// `250ms`, `5s`, `1m30s`, `1h`.
    static func duration(_ range: ClosedRange<Duration>) -> ValueSchema {
        let description = ScalarDescription(
            "duration, \(DurationText.text(of: range.lowerBound)) to \(DurationText.text(of: range.upperBound))",
            ["$ref": "#/$defs/duration"], kind: .duration)
        return ValueSchema<ConfigNode.Scalar>.scalar(.scalar(description), named: "a duration such as 5s")
            .map(
                render: { .string(DurationText.text(of: $0)) },
                { scalar, node, context in
                    switch DurationText.parse(scalar.text) {
                    case .failure(let refusal):
                        refusal.report(.invalidDuration, node, context)
                        return nil
                    case .success(let duration):
                        guard range.contains(duration) else {
                            let allowed = [range.lowerBound, range.upperBound].map(DurationText.text(of:))
                            context.report(
                                .outOfRange,
                                "\(node.summary) is out of range, \(allowed[0]) to \(allowed[1]) is allowed",
                                at: node.position)
                            return nil
                        }
                        return duration
                    }
                })
    }
}

extension ValueSchema where Value == Int {
    /// Bytes, plain or as `64KiB`, `10MiB`, `1GiB`.
    static func size(_ range: ClosedRange<Int>) -> ValueSchema {
        let description = ScalarDescription(
            "size, \(SizeText.text(of: range.lowerBound)) to \(SizeText.text(of: range.upperBound))",
            ["$ref": "#/$defs/size"], kind: .size)
        return ValueSchema<ConfigNode.Scalar>.scalar(.scalar(description), named: "a size such as 64KiB")
            .map(
                render: { .string(SizeText.text(of: $0)) },
                { scalar, node, context in
                    switch SizeText.parse(scalar.text) {
                    case .failure(let refusal):
                        refusal.report(.invalidSize, node, context)
                        return nil
                    case .success(let size):
                        guard range.contains(size) else {
                            let allowed = [range.lowerBound, range.upperBound].map(SizeText.text(of:))
                            context.report(
                                .outOfRange,
                                "\(node.summary) is out of range, \(allowed[0]) to \(allowed[1]) is allowed",
                                at: node.position)
                            return nil
                        }
                        return size
                    }
                })
    }
}

/// A number and the unit after it; what a duration or a size is made of.
struct QuantityScanner {
    private var rest: Substring.UTF8View

    init(_ text: String) { rest = text[...].utf8 }

    var isAtEnd: Bool { rest.isEmpty }

    /// Decimal digits; nil where there are none, or more than fit.
    mutating func number() -> Int? {
        var number: Int?
        while let byte = rest.first, (0x30...0x39).contains(byte) {
            let (product, isTooLarge) = (number ?? 0).multipliedReportingOverflow(by: 10)
            let (sum, isPast) = product.addingReportingOverflow(Int(byte) - 0x30)
            guard !isTooLarge, !isPast else { return nil }
            number = sum
            rest.removeFirst()
        }
        return number
    }

    /// Everything up to the next digit.
    mutating func unit() -> String {
        var unit: [UInt8] = []
        while let byte = rest.first, !(0x30...0x39).contains(byte) {
            unit.append(byte)
            rest.removeFirst()
        }
        return String(decoding: unit, as: UTF8.self)
    }
}

enum DurationText {
    private static let units: [(name: String, milliseconds: Int)] = [
        ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
    ]

    static func parse(_ text: String) -> Result<Duration, TextRefusal> {
        var scanner = QuantityScanner(text)
        var total = 0
        var nextUnit = 0
        repeat {
            guard let number = scanner.number() else { return .failure(notADuration) }
            let unit = scanner.unit()
            if unit.isEmpty {
                return .failure(TextRefusal("has no unit", echo: "write \(text)s or \(text)ms"))
            }
            guard let index = units.firstIndex(where: { $0.name == unit }) else { return .failure(refusal(of: unit)) }
            guard index >= nextUnit else {
                return .failure(TextRefusal("does not go from larger to smaller units", hint: "as in 1m30s"))
            }
            nextUnit = index + 1
            let (product, isTooLarge) = number.multipliedReportingOverflow(by: units[index].milliseconds)
            let (sum, isPast) = total.addingReportingOverflow(product)
            guard !isTooLarge, !isPast else { return .failure(TextRefusal("is too long a duration")) }
            total = sum
        } while !scanner.isAtEnd
        return .success(.milliseconds(total))
    }

    private static let notADuration = TextRefusal("is not a duration", hint: "write for example 250ms, 5s, 1m30s or 1h")

    private static func refusal(of unit: String) -> TextRefusal {
        switch unit {
        case "d", "days", "day":
            TextRefusal("has an unknown unit", detail: unit, hint: "write 24h for a day")
        case ".", ",": TextRefusal("has a fraction", hint: "write the smaller unit, such as 1500ms for 1.5s")
        case "us", "µs", "ns": TextRefusal("has too small a unit", hint: "the smallest unit is ms")
        default: TextRefusal("has an unknown unit", detail: unit, hint: "units are h, m, s and ms")
        }
    }

    /// The shortest text that `parse` turns back into the duration; parts below a millisecond are cut.
    static func text(of duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        var rest = Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000)
        if rest == 0 { return "0s" }
        var text = ""
        for unit in units where rest >= unit.milliseconds {
            text += "\(rest / unit.milliseconds)\(unit.name)"
            rest %= unit.milliseconds
        }
        return text
    }
}

enum SizeText {
    private static let units: [(name: String, shift: Int)] = [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)]

    static func parse(_ text: String) -> Result<Int, TextRefusal> {
        var scanner = QuantityScanner(text)
        guard let number = scanner.number() else {
            return .failure(TextRefusal("is not a size", hint: "write for example 4096, 64KiB or 10MiB"))
        }
        let unit = scanner.unit()
        guard scanner.isAtEnd else {
            return .failure(TextRefusal("is not a size", hint: "write for example 4096, 64KiB or 10MiB"))
        }
        if unit.isEmpty { return .success(number) }
        guard let shift = units.first(where: { $0.name == unit })?.shift else {
            return .failure(refusal(of: unit, number: number))
        }
        let (size, isTooLarge) = number.multipliedReportingOverflow(by: 1 << shift)
        guard !isTooLarge else { return .failure(TextRefusal("is too large a size")) }
        return .success(size)
    }

    private static func refusal(of unit: String, number: Int) -> TextRefusal {
        let binary = units.first { unit.lowercased().first == $0.name.lowercased().first && unit.utf8.count <= 3 }
        if let binary {
            return TextRefusal(
                "has a unit that may mean a power of ten or of two", detail: unit,
                echo: "write \(number)\(binary.name)")
        }
        return TextRefusal(
            "has an unknown unit", detail: unit, hint: "units are KiB, MiB and GiB; plain numbers are bytes")
    }

    /// The shortest text that `parse` turns back into the size.
    static func text(of size: Int) -> String {
        for unit in units where size >= 1 << unit.shift && size % (1 << unit.shift) == 0 {
            return "\(size >> unit.shift)\(unit.name)"
        }
        return String(size)
    }
}
