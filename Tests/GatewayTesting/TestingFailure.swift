/// Why a test could not get the evidence it asked for: a deadline passed, a peer went away, a process did not start.
package struct TestingFailure: Error, CustomStringConvertible {
    package var description: String

    package init(_ description: String) {
        self.description = description
    }
}
