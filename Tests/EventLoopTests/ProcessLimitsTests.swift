import Testing

@testable import EventLoop

@Suite struct ProcessLimitsTests {
    @Test func thereIsSomethingToWorkWith() {
        #expect(ProcessLimits.cpuCount >= 1)
        let limit = ProcessLimits.raiseDescriptorLimit()
        #expect(limit >= 256)
        #expect(ProcessLimits.raiseDescriptorLimit() == limit)
    }
}
