import Bytes
import HTTP
import Plugins

// The fields of both heads as filters see them: with the edits that have been made.
extension Exchange {
    /// Calls `body` with the head that response filters look at, wherever it lies.
    func withResponseHead(_ body: (borrowing ResponseHead, Span<UInt8>) -> Void) {
        if let held = heldResponse { return body(held.head, held.bytes.readable) }
        guard let stream = upstream else { return }
        stream.withHead(body)
    }

    func withField(_ side: MessageSide, _ name: Span<UInt8>, _ body: (Span<UInt8>) -> Void) {
        switch side {
        case .request:
            let buffer = requestBytes
            if requestEdits.withFirst(name, request.fields, known: request.knownHeaders, buffer.written, body) {
                return
            }
            // Host is no edit of a field: it is the authority of the target.
            if ASCII.equalIgnoringCase(name, Self.hostName.span) { withText(.host, body) }
        case .response:
            if let pendingAnswer {
                if responseEdits.withFirst(name, [], known: 0, Span(), body) { return }
                if responseEdits.isRemoved(name) { return }
                if let pair = pendingAnswer.headers.first(where: { ASCII.equalIgnoringCase($0.name.span, name) }) {
                    return body(pair.value.span)
                }
                if let type = pendingAnswer.contentType, ASCII.equalIgnoringCase(name, Self.contentTypeName.span) {
                    body(type.bytes)
                }
                return
            }
            let edits = responseEdits
            withResponseHead { head, bytes in
                _ = edits.withFirst(name, head.fields, known: head.knownHeaders, bytes, body)
            }
        }
    }

    private static let hostName = Array("host".utf8)
    private static let contentTypeName = Array("content-type".utf8)

    /// Fields of the head come first, then those of edits; the cursor counts both.
    func withNextField(
        _ side: MessageSide, _ cursor: inout Int64, _ body: (_ name: Span<UInt8>, _ value: Span<UInt8>) -> Void
    ) -> Bool {
        var found = false
        var position = Int(cursor)
        switch side {
        case .request:
            let buffer = requestBytes
            found = requestEdits.withNext(&position, request.fields, buffer.written, body)
        case .response:
            if let pendingAnswer {
                while position < pendingAnswer.headers.count {
                    let pair = pendingAnswer.headers[position]
                    position += 1
                    if responseEdits.isRemoved(pair.name.span) { continue }
                    body(pair.name.span, pair.value.span)
                    cursor = Int64(position)
                    return true
                }
                position -= pendingAnswer.headers.count
                found = responseEdits.withNext(&position, [], Span(), body)
                position += pendingAnswer.headers.count
            } else {
                let edits = responseEdits
                withResponseHead { head, bytes in
                    found = edits.withNext(&position, head.fields, bytes, body)
                }
            }
        }
        cursor = Int64(position)
        return found
    }
}
