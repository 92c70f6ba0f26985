import Testing

@testable import Routing

@Suite struct PathCapturesTests {
    @Test func clearForgetsEverything() {
        var captures = PathCaptures()
        captures.parameters.append(1..<2)
        captures.rest = 3..<4
        captures.clear()
        #expect(captures.parameters.isEmpty)
        #expect(captures.rest.isEmpty)
    }
}
