import Bytes
import EventLoop
import HTTP
import Telemetry

/// What a client hears that the connection limit turns away: one packet, best effort, no exchange.
enum OverloadAnswer {
    /// Sends the answer and closes; `worker` lends a buffer and an identifier.
    static func send(to socket: Socket, by worker: Worker) {
        let id = worker.buffers.take()
        let body = worker.buffers.take(atLeast: ProblemDocument.byteCountMax)
        let answer = worker.buffers.take(atLeast: 1024 + ProblemDocument.byteCountMax)
        worker.writeRequestID(into: id)
        ProblemDocument.write(.overloaded, status: EndReason.overloaded.status, requestID: id.readable, into: body)
        answer.append("HTTP/1.1 503 Service Unavailable\r\ncontent-type: ")
        answer.append(ProblemDocument.contentType)
        answer.append("\r\ncontent-length: ")
        answer.append(decimal: body.readableCount)
        answer.append("\r\nx-request-id: ")
        answer.append(id.readable)
        answer.append("\r\nretry-after: 1\r\nconnection: close\r\n\r\n")
        answer.append(body.readable)
        _ = socket.send(answer.readable)
        for buffer in [id, body, answer] { worker.buffers.give(buffer) }
        socket.close()
    }
}
