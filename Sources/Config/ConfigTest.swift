/// A test that a configuration brings along: one request through the real router and filters, with an upstream that
/// answers as the test says.
package struct ConfigTest: Sendable, Equatable {
    package struct Request: Sendable, Equatable {
        package var method = "GET"
        /// `http://host/path?query`, or `/path?query`.
        package var url = Located("/")
        package var headers: [HeaderLine] = []
        package var body = ""
        package var clientIP = "127.0.0.1"

        package init() {}
    }

    /// What the fake upstream answers.
    package struct Upstream: Sendable, Equatable {
        package var status = 200
        package var headers: [HeaderLine] = []
        package var body = ""
        /// It refuses connections instead.
        package var refuses = false

        package init() {}
    }

    /// How a text must look.
    package enum Condition: Sendable, Equatable {
        case exact(String), regex(String), present, absent
    }

    package struct Field: Sendable, Equatable {
        package var name: String
        package var condition: Condition
        package var position = SourcePosition.unknown

        package init(name: String, condition: Condition) {
            self.name = name
            self.condition = condition
        }
    }

    /// What the fake upstream must have been asked.
    package struct Forwarded: Sendable, Equatable {
        package var method: Located<String>?
        /// Path and query.
        package var target: Located<String>?
        package var headers: [Field] = []
        package var body: Located<String>?

        package init() {}
    }

    /// nil: whatever it is.
    package struct Expectation: Sendable, Equatable {
        package var status: Located<Int>?
        /// `none` where no route may fit.
        package var route: Located<String>?
        /// `none` where the request must not be forwarded.
        package var upstream: Located<String>?
        package var endReason: Located<String>?
        package var headers: [Field] = []
        package var body: Located<Condition>?
        package var forwarded: Forwarded?

        package init() {}
    }

    package var name = ""
    package var request = Request()
    package var upstream = Upstream()
    package var expect = Expectation()
    package var position = SourcePosition.unknown

    package init() {}
}
