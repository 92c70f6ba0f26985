import HTTP

/// The normal form of a path is one: normalising it again changes nothing, and `isNormal` says so of it and of nothing
/// else. A normal path has no dot segment, no double slash and no raw control byte, whatever was sent.
package enum PathProperty {
    /// What is wrong, or nil.
    package static func violation(_ input: [UInt8]) -> String? {
        var normal: [UInt8] = []
        var refusal: TargetError?
        do throws(TargetError) { try PathNormalizer.normalize(input.span, into: &normal) } catch { refusal = error }
        let isNormal = PathNormalizer.isNormal(input.span)
        guard refusal == nil else { return isNormal ? "normal, yet refused: \(String(describing: refusal))" : nil }
        guard isNormal == (normal == input) else { return "isNormal is \(isNormal) of what becomes \(text(normal))" }
        guard PathNormalizer.isNormal(normal.span) else { return "not normal: \(text(normal))" }
        var again: [UInt8] = []
        do throws(TargetError) {
            try PathNormalizer.normalize(normal.span, into: &again)
        } catch {
            return "\(text(normal)) is refused: \(error)"
        }
        guard again == normal else { return "\(text(normal)) becomes \(text(again))" }
        for segment in normal.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            guard segment != Array(".".utf8)[...], segment != Array("..".utf8)[...] else { return "a dot segment" }
        }
        guard !text(normal).contains("//") else { return "a double slash" }
        return nil
    }

    private static func text(_ path: [UInt8]) -> String { String(decoding: path, as: UTF8.self) }
}
