import Bytes
import Config
import EventLoop
import HTTP
package import Telemetry

/// The access log of one generation on one worker: what is written, of which requests, and to where.
package final class AccessLog {
    let format: AccessLogFormat
    let redaction: QueryRedaction
    private let lane: AccessLogLane
    private let minStatus: Int
    private let minNanoseconds: Int64
    private let sample: RandomShare
    private lazy var line = AccessLogLine(fixedByteCount: format.fixedByteCount)
    private var timestamp = LogTimestamp()

    package struct Conditions: Sendable {
        package var minStatus = 0
        package var minDuration: Duration = .zero
        package var sample = 1.0

        package init() {}
    }

    package init(
        format: AccessLogFormat, conditions: Conditions, redactedParameters: [String], lane: AccessLogLane
    ) {
        self.format = format
        self.lane = lane
        redaction = QueryRedaction(redactedParameters)
        minStatus = conditions.minStatus
        minNanoseconds = conditions.minDuration.nanoseconds
        sample = RandomShare(conditions.sample)
    }

    /// The line of an exchange that ended just now.
    func write(_ exchange: Exchange, _ observation: ExchangeObservation, endedAt: Instant, by worker: Worker) {
        guard observation.status >= minStatus, observation.durationNanoseconds >= minNanoseconds else { return }
        guard sample.chooses(&worker.random) else { return }
        line.clear()
        let wall = worker.wallNanoseconds(at: endedAt)
        let (segments, literals, bytes, request) = (format.segments, format.literals, line.bytes, exchange.requestBytes)
        for segment in segments {
            bytes.append(literals.span.extracting(segment.literal))
            switch segment.value {
            case .none: break
            case .variable(.time): line.appendTime(&timestamp, wall, segment.style)
            case .variable(let variable):
                line.append(
                    variable, of: exchange, request.written, observation, style: segment.style, redaction: redaction)
            case .header(let index):
                line.appendField(
                    named: format.headerNames[index], of: exchange, request.written, style: segment.style)
            case .filterVariable(let index):
                line.appendVariable(named: format.headerNames[index], of: exchange, style: segment.style)
            case .combinedTime: timestamp.appendCombined(wallNanoseconds: wall, to: bytes)
            case .requestLine: line.appendRequestLine(of: exchange, request.written, redaction: redaction)
            }
        }
        lane.write(bytes.readable)
        guard worker.unannouncedLog !== lane else { return }
        // Another output's, while generations change.
        worker.unannouncedLog?.announce()
        worker.unannouncedLog = lane
    }
}
