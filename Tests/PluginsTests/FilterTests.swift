import HTTP
import Testing

@testable import Plugins

@Suite struct FilterTests {
    private final class IdleFilter: Filter {
        let name = "idle"
    }

    @Test func whatAFilterLeavesOutLetsEverythingPass() {
        let filter = IdleFilter()
        let exchange = FakeFilterExchange()
        #expect(filter.requestBodyNeed == .none && filter.responseBodyNeed == .none)
        #expect(filter.onRequest(exchange).isProceed && filter.onResponse(exchange).isProceed)
        filter.onLog(exchange)
        #expect(exchange.requestEdits.isEmpty && exchange.responseEdits.isEmpty && exchange.bodyLimits.isEmpty)
        #expect(exchange.resumptions.isEmpty)
    }
}
