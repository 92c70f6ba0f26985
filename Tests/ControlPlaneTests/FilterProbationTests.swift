import Config
import Testing

@testable import ControlPlane

@Suite("the probation of a changed script") final class FilterProbationTests {
    private let history = ScriptHistory()
    private var probation: FilterProbation
    private let start = ContinuousClock.now
    private var config = GatewayConfig()

    init() {
        probation = FilterProbation(history: history)
    }

    private func version(_ number: Int, of name: String = "a") -> ScriptProgram {
        ScriptProgram(name: name, hash: "\(number)\(number)\(number)", version: "", files: [])
    }

    /// What is taken back, once `program` serves and its calls have gone so.
    private func judge(
        _ program: ScriptProgram, calls: Int, failed: Int, after seconds: Int = 1
    ) -> [String] {
        var lua = LuaFilterConfig()
        lua.program = program
        config.middleware = [
            MiddlewareConfig(name: "use", filter: .lua(lua)), MiddlewareConfig(name: "again", filter: .lua(lua)),
        ]
        var status = FilterStatus(script: program.name, hash: program.hash, version: "", path: "")
        status.calls = calls
        status.errors = failed / 2
        status.kills = failed - failed / 2
        return probation.judge(config, [status], now: start + .seconds(seconds)).map(\.hash)
    }

    @Test func theFirstVersionStaysWhateverItDoes() {
        #expect(judge(version(1), calls: 100, failed: 100) == [])
        #expect(history.good("a")?.hash == "111")
    }

    @Test func aWorseOneIsTakenBackOnce() {
        #expect(judge(version(1), calls: 100, failed: 0) == [])
        #expect(judge(version(2), calls: 9, failed: 9) == [], "too few calls say nothing")
        #expect(judge(version(2), calls: 10, failed: 10) == ["222"])
        #expect(judge(version(2), calls: 20, failed: 20) == [], "it is being taken back")
        #expect(history.good("a")?.hash == "111")
    }

    @Test func aFewFailuresAreBorne() {
        #expect(judge(version(1), calls: 100, failed: 0) == [])
        #expect(judge(version(2), calls: 100, failed: 20) == [])
        #expect(judge(version(2), calls: 100, failed: 21) == ["222"])
    }

    @Test func oneThatFollowsABadOneIsTakenBackToo() {
        #expect(judge(version(1), calls: 100, failed: 60) == [])
        #expect(judge(version(2), calls: 100, failed: 90) == [], "a quarter of what was well is left")
        #expect(judge(version(2), calls: 100, failed: 91) == ["222"])
    }

    @Test func itIsComparedWithTheOneBefore() {
        #expect(judge(version(1), calls: 100, failed: 25) == [])
        #expect(judge(version(2), calls: 100, failed: 75) == [], "no more than three times as many")
        #expect(judge(version(2), calls: 100, failed: 76) == ["222"])
    }

    @Test func enoughCallsEndTheProbation() {
        #expect(judge(version(1), calls: 100, failed: 0) == [])
        #expect(judge(version(2), calls: FilterProbation.callsMax - 1, failed: 0) == [])
        #expect(history.good("a")?.hash == "111")
        #expect(judge(version(2), calls: FilterProbation.callsMax, failed: 0) == [])
        #expect(history.good("a")?.hash == "222")
        #expect(judge(version(2), calls: 1000, failed: 800) == [], "it has proved itself")
    }

    @Test func timeEndsTheProbationToo() {
        #expect(judge(version(1), calls: 100, failed: 0, after: 0) == [])
        #expect(judge(version(2), calls: 1, failed: 0, after: 1) == [])
        #expect(judge(version(2), calls: 1, failed: 0, after: 31) == [])
        #expect(history.good("a")?.hash == "111")
        #expect(judge(version(2), calls: 1, failed: 0, after: 32) == [])
        #expect(history.good("a")?.hash == "222")
    }

    @Test func eachEditHasItsOwnProbation() {
        #expect(judge(version(1), calls: 100, failed: 0, after: 0) == [])
        #expect(judge(version(2), calls: 1, failed: 0, after: 1) == [])
        #expect(judge(version(3), calls: 1, failed: 0, after: 29) == [])
        #expect(judge(version(3), calls: 1, failed: 0, after: 40) == [])
        #expect(history.good("a")?.hash == "111", "its time began at the edit")
        #expect(judge(version(3), calls: 50, failed: 50, after: 41) == ["333"])
    }

    @Test func goingBackByHandIsNoNewVersion() {
        #expect(judge(version(1), calls: 100, failed: 0) == [])
        #expect(judge(version(2), calls: 5, failed: 0) == [])
        #expect(judge(version(1), calls: 200, failed: 200) == [])
        #expect(history.good("a")?.hash == "111")
    }

    @Test func anotherScriptIsNotConcerned() {
        #expect(judge(version(1, of: "a"), calls: 100, failed: 0) == [])
        #expect(judge(version(5, of: "b"), calls: 100, failed: 100) == [])
        #expect(history.good("a")?.hash == "111" && history.good("b")?.hash == "555")
    }

    @Test func nothingHappensWhereItIsOff() {
        config.lua.rollback = false
        #expect(judge(version(1), calls: 100, failed: 0) == [])
        #expect(judge(version(2), calls: 100, failed: 100) == [])
        #expect(history.good("a") == nil)
    }

    @Test func aRejectedVersionIsReplaced() {
        #expect(!history.reject(version(1)), "there is nothing to go back to")
        history.remember(version(1))
        #expect(!history.reject(version(1)), "nor to itself")
        #expect(history.reject(version(2)))
        #expect(history.isBad("222") && !history.isBad("111"))
        #expect(history.replacement(for: version(2))?.hash == "111")
        #expect(history.replacement(for: version(1)) == nil)
        #expect(history.replacement(for: version(3)) == nil)
        history.remember(version(2))
        #expect(history.good("a")?.hash == "111", "what failed is not remembered as good")
        history.remember(version(3))
        #expect(history.replacement(for: version(2))?.hash == "333")
    }
}
