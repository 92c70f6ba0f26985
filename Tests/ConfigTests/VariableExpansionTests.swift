import Testing

@testable import Config

@Suite("expansion of variables") struct VariableExpansionTests {
    private func expand(_ text: String, _ environment: [String: String]) -> (ConfigNode, [String]) {
        var expansion = VariableExpansion(
            environment: { environment[$0] },
            readFile: { path in path == "/s" ? .text("secret\n") : .failure("is not there") })
        let node = expansion.expand(ConfigNode(.scalar(ConfigNode.Scalar(text))))
        return (node, expansion.diagnostics.map(\.code))
    }

    @Test(arguments: [
        ("${A}", "1"), ("x${A}y${B}z", "x1y2z"), ("${NONE:-d}", "d"), ("${EMPTY:-d}", "d"), ("${EMPTY}", ""),
        ("${NONE:-}", ""), ("${A:-d}", "1"), ("$${A}", "${A}"), ("$$${A}", "$${A}"), ("$A", "$A"), ("$", "$"),
        ("$$", "$$"),
        ("a$", "a$"), ("${file:/s}", "secret"), ("${NONE:-a:-b}", "a:-b"), ("$host$path", "$host$path"), ("}", "}"),
        ("${NONE:-$A}", "$A"),
    ])
    func expands(_ text: String, _ expected: String) {
        let (node, codes) = expand(text, ["A": "1", "B": "2", "EMPTY": ""])
        #expect(codes.isEmpty)
        guard case .scalar(let scalar) = node.content else {
            Issue.record("not a scalar")
            return
        }
        #expect(scalar.text == expected)
    }

    @Test(arguments: [
        ("${NONE}", "missing-variable"), ("${", "unterminated-variable"), ("${A", "unterminated-variable"),
        ("a ${A} ${", "unterminated-variable"), ("${}", "invalid-variable"), ("${1}", "invalid-variable"),
        ("${A B}", "invalid-variable"), ("${A-b}", "invalid-variable"), ("${NONE:-${A}}", "invalid-variable"),
        ("${file:s}", "invalid-variable"), ("${file:}", "invalid-variable"), ("${file:/none}", "secret-unreadable"),
    ])
    func refuses(_ text: String, _ code: String) {
        let (node, codes) = expand(text, ["A": "1"])
        #expect(codes == [code])
        #expect(node.content == .failed)
    }

    @Test func keysAreLeftAlone() {
        var expansion = VariableExpansion(environment: { _ in "x" }, readFile: { _ in .failure("") })
        let entry = ConfigNode.Entry(
            key: "${A}", keyPosition: .unknown, value: ConfigNode(.sequence([ConfigNode(.scalar(.init("${A}")))])))
        let expanded = expansion.expand(ConfigNode(.mapping([entry])))
        guard case .mapping(let entries) = expanded.content, case .sequence(let list) = entries[0].value.content,
            case .scalar(let scalar) = list[0].content
        else {
            Issue.record("the tree changed its shape")
            return
        }
        #expect(entries[0].key == "${A}")
        #expect(scalar == ConfigNode.Scalar("x", style: .expanded, written: "${A}"))
    }
}
