// The one file of this target with `unsafe`: PCRE2 is a C library that takes pointers. None of them leaves this file;
// callers see spans and ranges.

private import CPCRE2

/// Why a pattern of the configuration does not compile.
package struct PatternError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Bytes into the pattern at which PCRE2 gave up.
    package var offset: Int
    package var message: String

    package var description: String { "\(message) at offset \(offset)" }
}

/// A regular expression of the configuration: PCRE2 syntax over bytes, compiled to machine code where that is possible.
///
/// - Limits: `matchLimit` steps and `heapLimitKiB` a match; a match that reaches one counts as no match, and
///   `limitHitCount` tells how often that happened. A hostile subject costs bounded time, never a stack overflow.
/// - Threads: owned by one worker, with its own match memory; nothing is allocated per match.
@safe package final class PatternRegex {
    /// Steps of backtracking. PCRE2's own default is 10 million, which is seconds.
    package static let matchLimit: UInt32 = 100_000
    package static let depthLimit: UInt32 = 1_000
    package static let heapLimitKiB: UInt32 = 256

    package let pattern: String
    /// Groups that the pattern captures, the whole match not counted.
    package let groupCount: Int
    /// Matches that ended at a limit and so counted as no match.
    package private(set) var limitHitCount = 0
    private let code: OpaquePointer
    private let matchData: OpaquePointer
    private let context: OpaquePointer

    /// Compiles `pattern`, which is searched for anywhere in a subject unless it anchors itself.
    package init(_ pattern: String) throws(PatternError) {
        var errorCode: Int32 = 0
        var errorOffset = 0
        // UTF mode stays off, and `(*UTF)` refused: subjects are bytes from outside and need not be valid UTF-8.
        let options = PCRE2_NEVER_UTF | PCRE2_NEVER_BACKSLASH_C | PCRE2_DOLLAR_ENDONLY
        var text = pattern
        // Sound: the pointer is used only inside the closure, with the count of the same buffer.
        let compiled = text.withUTF8 { utf8 in
            unsafe pcre2_compile_8(utf8.baseAddress, utf8.count, options, &errorCode, &errorOffset, nil)
        }
        guard let compiled = unsafe compiled else {
            throw PatternError(offset: errorOffset, message: PatternRegex.message(for: errorCode))
        }
        // Where JIT is not to be had (a hardened kernel), the interpreter does the same within the same limits.
        _ = unsafe pcre2_jit_compile_8(compiled, PCRE2_JIT_COMPLETE)
        guard let matchData = unsafe pcre2_match_data_create_from_pattern_8(compiled, nil),
            let context = unsafe pcre2_match_context_create_8(nil)
        else {
            // Only memory exhaustion leads here; the process is about to end anyway.
            unsafe pcre2_code_free_8(compiled)
            throw PatternError(offset: 0, message: "out of memory")
        }
        unsafe pcre2_set_match_limit_8(context, PatternRegex.matchLimit)
        unsafe pcre2_set_depth_limit_8(context, PatternRegex.depthLimit)
        unsafe pcre2_set_heap_limit_8(context, PatternRegex.heapLimitKiB)
        self.pattern = pattern
        groupCount = Int(unsafe pcre2_get_ovector_count_8(matchData)) - 1
        unsafe code = compiled
        unsafe self.matchData = matchData
        unsafe self.context = context
    }

    deinit {
        unsafe pcre2_match_context_free_8(context)
        unsafe pcre2_match_data_free_8(matchData)
        unsafe pcre2_code_free_8(code)
    }

    /// Whether the pattern occurs in `subject`. False as well when a limit was reached.
    package func matches(_ subject: Span<UInt8>) -> Bool {
        // Sound: PCRE2 reads `count` bytes at the pointer and keeps neither; an empty span has no address, so it gets
        // a static one that is never read.
        let result = unsafe subject.withUnsafeBufferPointer { bytes -> Int32 in
            guard let address = bytes.baseAddress else {
                var placeholder: UInt8 = 0
                return unsafe pcre2_match_8(code, &placeholder, 0, 0, 0, matchData, context)
            }
            return unsafe pcre2_match_8(code, address, bytes.count, 0, 0, matchData, context)
        }
        if result >= 0 { return true }
        if result != PCRE2_ERROR_NOMATCH { limitHitCount += 1 }
        return false
    }

    /// What group `index` matched in the subject of the last successful `matches`; 0 is the whole match. nil when the
    /// group took no part in it.
    package func group(_ index: Int) -> Range<Int>? {
        guard index >= 0, index <= groupCount else { return nil }
        // Sound: the vector holds `groupCount + 1` pairs and lives as long as `matchData`.
        let vector = unsafe pcre2_get_ovector_pointer_8(matchData)
        guard let vector = unsafe vector else { return nil }
        let start = unsafe vector[2 * index]
        let end = unsafe vector[2 * index + 1]
        // `\K` may put the start behind the end; PCRE2_UNSET is the largest value.
        guard start != Int(bitPattern: UInt.max), start <= end else { return nil }
        return start..<end
    }

    private static func message(for code: Int32) -> String {
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = unsafe buffer.withUnsafeMutableBufferPointer { bytes in
            unsafe pcre2_get_error_message_8(code, bytes.baseAddress, bytes.count)
        }
        return String(decoding: buffer.prefix(max(0, Int(count))), as: UTF8.self)
    }
}
