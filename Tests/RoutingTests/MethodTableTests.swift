import HTTP
import Testing

@testable import Routing

@Suite struct MethodTableTests {
    /// The set's layout follows the raw values of `Method`.
    @Test func customTokensComeAfterTheKnownMethods() {
        #expect(MethodTable.customStart == UInt64(Method.other.rawValue))
        #expect(MethodTable.customCountMax == 63 - Int(Method.other.rawValue))
    }

    @Test(arguments: Method.allCases.filter { $0 != .other })
    func aConfiguredTokenAndARequestMeet(_ method: Method) {
        var table = MethodTable()
        let configured = table.bit(naming: "\(method.name)")
        let token = Array("\(method.name)".utf8)
        let requested = table.bit(of: method, token: token.span)
        #expect(configured == requested)
        #expect(table.names(in: requested) == ["\(method.name)"])
    }

    @Test func tokensPastTheSetAreRefused() {
        var table = MethodTable()
        for number in 0..<MethodTable.customCountMax { #expect(table.bit(naming: "M\(number)") != nil) }
        #expect(table.bit(naming: "M0") != nil)
        #expect(table.bit(naming: "ONE-MORE") == nil)
        let token = Array("ONE-MORE".utf8)
        let bit = table.bit(of: .other, token: token.span)
        #expect(bit == MethodTable.unnamed)
    }
}
