import Bytes
import EventLoop
import HTTP
import TLS

// Request bodies: read only as fast as the exchange takes them.
extension ServerConnection {
    /// Bytes of one read: what a slow upstream does not take is kept in memory.
    private static var bodyReadMax: Int { 64 << 10 }

    /// The exchange can take request body bytes (again).
    func resumeRequestBody() {
        guard state == .serving else { return }
        readBody()
    }

    func rewindRequestBody() -> Bool { reader?.rewind() ?? false }

    /// Delivers what is buffered, then what the kernel has, until the exchange has enough.
    func readBody() {
        guard let reader, let exchange else { return }
        mayHaveInput = true
        guard deliverBuffered(reader, exchange) else { return }
        while takesBody(exchange), !reader.body.isComplete {
            let scratch = worker.takeScratch()
            let room = min(reader.readMax, Self.bodyReadMax)
            let outcome = transport.receive(into: scratch, atMost: room)
            let isFilled = outcome == .transferred(room)
            switch outcome {
            case .transferred:
                reader.bodyOutgrew()
                deliver(scratch, reader, exchange)
            case .wouldBlock: mayHaveInput = false
            case .ended, .failed:
                worker.giveScratch(scratch)
                isPeerEnded = true
                return disconnect()
            }
            worker.giveScratch(scratch)
            guard case .transferred = outcome else { break }
            if !isFilled, !isPeerEnded {
                mayHaveInput = false
                break
            }
        }
        guard takesPart(exchange) else { return }
        exchange.requestTurnEnded()
        guard takesPart(exchange) else { return }
        // Waiting for the client counts against it; waiting for the upstream does not.
        let waits = !reader.body.isComplete && exchange.canTakeRequestBody
        setDeadline(waits ? worker.now.deadline(after: bodyIdle(exchange)) : .distantFuture)
    }

    private func bodyIdle(_ exchange: Exchange) -> Int64 {
        exchange.route?.bodyIdleTimeout ?? exchange.snapshot.timeouts.bodyIdle
    }

    /// The exchange that was being fed is still this connection's.
    private func takesPart(_ exchange: Exchange) -> Bool { state == .serving && self.exchange === exchange }

    private func takesBody(_ exchange: Exchange) -> Bool { takesPart(exchange) && exchange.canTakeRequestBody }

    /// The part of the body that came with the head; false when the exchange ended over it.
    private func deliverBuffered(_ reader: RequestReader, _ exchange: Exchange) -> Bool {
        guard !reader.bytes.isEmpty, !reader.body.isComplete else { return true }
        guard exchange.canTakeRequestBody else { return true }
        let buffered = reader.bytes
        var offset = 0
        let isWhole = feed(buffered.readable, &offset, reader, exchange)
        guard takesPart(exchange) else { return false }
        buffered.consume(offset)
        return isWhole || !reader.body.isComplete
    }

    private func deliver(_ scratch: ByteBuffer, _ reader: RequestReader, _ exchange: Exchange) {
        var offset = 0
        _ = feed(scratch.readable, &offset, reader, exchange)
        guard takesPart(exchange), offset < scratch.readableCount else { return }
        // The next request came along: it waits in the reader's buffer until this one has been answered.
        let rest = scratch.readable.extracting(offset..<scratch.readableCount)
        reader.append(rest, pool: worker.buffers)
        exchange.requestBytes = reader.bytes
    }

    /// Feeds body pieces to the exchange; true when the body is complete.
    private func feed(
        _ input: Span<UInt8>, _ offset: inout Int, _ reader: RequestReader, _ exchange: Exchange
    ) -> Bool {
        while takesPart(exchange) {
            let step: RequestReader.Step
            do throws(ChunkError) {
                step = try reader.next(input, from: &offset)
            } catch {
                closesAfterResponse = true
                exchange.requestBodyInvalid()
                return false
            }
            switch step {
            case .needMore:
                exchange.requestBodyAnnounced(reader.announcedByteCount)
                return false
            case .bytes(let range):
                exchange.requestBody(input.extracting(range))
                if takesPart(exchange), reader.endsHere() {
                    exchange.requestBodyEnded(trailers: [])
                    return true
                }
            case .end:
                exchange.requestBodyEnded(trailers: reader.trailers)
                return true
            }
        }
        return false
    }
}
