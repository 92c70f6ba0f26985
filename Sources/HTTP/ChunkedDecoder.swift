import Bytes

/// Decodes `Transfer-Encoding: chunked` as its bytes come in (RFC 9112 §7.1), without copying data.
///
/// Stricter than the grammar where others have been made to disagree: at most 16 digits in a size, nothing but `;`
/// or CRLF behind them, and no control byte or lone CR or LF anywhere in the framing.
///
/// - Limits: `chunkExtensionBytesMax` and `trailerBytesMax` per body, `headerCountMax` trailer fields.
package struct ChunkedDecoder: Sendable {
    package enum Step: Equatable, Sendable {
        /// Body bytes, as offsets into the input.
        case data(Range<Int>)
        /// The whole input is consumed and the body goes on.
        case needMore
        /// The body and its trailers ended; what stands at `consumed` belongs to the next message.
        case end(consumed: Int)
    }

    private enum State: Sendable {
        case sizeStart
        case size(Int, digitCount: Int)
        case chunkExtension(size: Int)
        case sizeLineFeed(size: Int)
        case data(remaining: Int)
        case dataCarriageReturn, dataLineFeed
        case trailers
        case ended
    }

    /// Digits in a chunk size; more are refused even when they are zeros.
    package static let sizeDigitsMax = 16

    private let limits: RequestLimits
    private var state = State.sizeStart
    private var extensionBytes = 0
    private var trailerSection: TrailerSection

    package init(limits: RequestLimits) {
        self.limits = limits
        trailerSection = TrailerSection(limits: limits)
    }

    /// Begins a new body.
    package mutating func reset() {
        state = .sizeStart
        extensionBytes = 0
        trailerSection.reset()
    }

    /// Data bytes of the present chunk that are still to come.
    package var announcedByteCount: Int {
        if case .data(let remaining) = state { remaining } else { 0 }
    }

    /// Whether the last chunk and the trailers have been read.
    package var isEnded: Bool {
        if case .ended = state { true } else { false }
    }

    /// Trailer fields read so far as `Name: value CRLF` lines, without those that must not stand in trailers
    /// (RFC 9110 §6.5.1).
    package var trailers: [UInt8] { trailerSection.allowed }

    /// Decodes from `offset` on up to the next piece of data, the end, or the end of the input, and moves `offset` past
    /// what it consumed. Call it again after `.data`.
    ///
    /// - Throws: the connection has no further use then.
    package mutating func next(_ input: Span<UInt8>, from offset: inout Int) throws(ChunkError) -> Step {
        while offset < input.count {
            switch state {
            case .data(let remaining):
                let count = min(remaining, input.count &- offset)
                let range = offset..<offset &+ count
                offset &+= count
                state = remaining == count ? .dataCarriageReturn : .data(remaining: remaining &- count)
                return .data(range)
            case .trailers:
                if try trailerSection.read(input, from: &offset) {
                    state = .ended
                    return .end(consumed: offset)
                }
            case .ended:
                return .end(consumed: offset)
            default:
                try advance(over: input[offset])
                offset &+= 1
            }
        }
        if case .ended = state { return .end(consumed: offset) }
        return .needMore
    }

    /// Decodes a body that lies in memory, as far as it is there and its framing is valid.
    ///
    /// - Returns: its data, and whether it has come to its end.
    package static func decode(_ body: Span<UInt8>) -> (data: [UInt8], isWhole: Bool) {
        var decoder = ChunkedDecoder(limits: .largest)
        var data: [UInt8] = []
        var offset = 0
        while let step = try? decoder.next(body, from: &offset), case .data(let range) = step {
            data.append(copying: body.extracting(range))
        }
        return (data, decoder.isEnded)
    }

    /// Takes one byte of framing.
    private mutating func advance(over byte: UInt8) throws(ChunkError) {
        switch state {
        case .sizeStart:
            guard let digit = ASCII.hexValue(byte) else {
                throw byte == Delimiter.cr || byte == Delimiter.lf || byte == UInt8(ascii: ";")
                    ? .sizeMissing : .sizeInvalid
            }
            state = .size(Int(digit), digitCount: 1)
        case .size(let size, let digitCount):
            try advance(size: size, digitCount: digitCount, over: byte)
        case .chunkExtension(let size):
            if byte == Delimiter.cr {
                state = .sizeLineFeed(size: size)
                return
            }
            guard byte == Delimiter.tab || (byte >= 0x20 && byte != 0x7F) else { throw .extensionInvalid }
            extensionBytes += 1
            guard extensionBytes <= limits.chunkExtensionBytesMax else { throw .extensionsTooLarge }
        case .sizeLineFeed(let size):
            guard byte == Delimiter.lf else { throw .lineEndInvalid }
            state = size == 0 ? .trailers : .data(remaining: size)
        case .dataCarriageReturn:
            guard byte == Delimiter.cr else { throw .dataEndInvalid }
            state = .dataLineFeed
        case .dataLineFeed:
            guard byte == Delimiter.lf else { throw .dataEndInvalid }
            state = .sizeStart
        case .data, .trailers, .ended:
            preconditionFailure("not framing")
        }
    }

    private mutating func advance(size: Int, digitCount: Int, over byte: UInt8) throws(ChunkError) {
        if let digit = ASCII.hexValue(byte) {
            guard digitCount < Self.sizeDigitsMax else { throw .sizeTooLong }
            guard size <= Int.max >> 4 else { throw .sizeOverflow }
            state = .size(size &<< 4 | Int(digit), digitCount: digitCount + 1)
            return
        }
        switch byte {
        case Delimiter.cr: state = .sizeLineFeed(size: size)
        case Delimiter.lf: throw .lineEndInvalid
        case UInt8(ascii: ";"):
            extensionBytes += 1
            guard extensionBytes <= limits.chunkExtensionBytesMax else { throw .extensionsTooLarge }
            state = .chunkExtension(size: size)
        default: throw .sizeInvalid
        }
    }
}
