import Bytes
import HTTP
import Plugins
import Upstream

/// What filters keep and change in one exchange beyond header edits. Made for the first exchange that needs it, and
/// kept with the pooled exchange, so that routes without such filters pay for a test against nil.
final class FilterWork {
    /// By place in the chain; each filter forgets its own. The first one apart, since most chains have one script.
    var firstState: AnyObject?
    var otherStates: [AnyObject?] = []
    let variables = ExchangeVariables()

    // The request line as a filter wants it.
    var method: [UInt8]?
    var host: [UInt8]?
    var query: [UInt8]?
    /// A filter has chosen the path or the route: the rewrite of the route that was found first is not due.
    var isPathChosen = false
    // Where the request goes.
    var pool: UpstreamPool?
    var endpoint: EndpointWish?
    var hashKey: UInt64?
    /// The status in place of the upstream's.
    var status: Int?

    let request = BodyWork()
    let response = BodyWork()
    /// Whether a filter took part in a body, or changed more than fields.
    var isMoreUsed = false
    /// Text that is made when it is asked for.
    let textSpace = ByteBuffer(capacity: 256)
    /// Whether anything here has to be forgotten before the next exchange.
    var isUsed = false

    struct EndpointWish {
        var label: [UInt8]
        var isStrict: Bool
    }

    func body(_ side: MessageSide) -> BodyWork { side == .request ? request : response }

    func reset() {
        guard isUsed else { return }
        isUsed = false
        if !variables.isEmpty { variables.removeAll() }
        guard isMoreUsed else { return }
        isMoreUsed = false
        method = nil
        host = nil
        query = nil
        isPathChosen = false
        pool = nil
        endpoint = nil
        hashKey = nil
        status = nil
        request.reset()
        response.reset()
    }
}

/// One body as filters handle it: collected whole, replaced, or passed through in chunks.
final class BodyWork {
    enum Collection { case no, running, whole, tooLarge }

    var collection = Collection.no
    private(set) var collected: [UInt8] = []
    private(set) var replacement: [UInt8]?
    var limit = 0
    var waiter: (any BodyWaiter)?
    var trailers: [UInt8] = []
    var pipeline: BodyPipeline?
    /// A route's own answer on its way through a pipeline.
    var output: [UInt8] = []

    /// The whole body as it is to be sent; nil while it streams.
    var whole: [UInt8]? {
        if let replacement { return replacement }
        return collection == .whole ? collected : nil
    }

    func append(_ bytes: Span<UInt8>) { collected.append(copying: bytes) }
    var collectedCount: Int { collected.count }

    func replace(by bytes: [UInt8]) {
        replacement = bytes
        collected = []
    }

    /// What was collected of a body that turned out too large is of no use.
    func giveUp() {
        collection = .tooLarge
        collected = []
    }

    func reset() {
        collection = .no
        if !collected.isEmpty { collected = [] }
        replacement = nil
        waiter = nil
        if !trailers.isEmpty { trailers = [] }
        pipeline = nil
        if !output.isEmpty { output = [] }
    }
}
