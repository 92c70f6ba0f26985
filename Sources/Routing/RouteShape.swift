import Bytes
import Config

/// Everything about a route that decides which requests it gets, checked and in normal form.
///
/// The compiler, the conflict checks, the explanation and the listing all read this; the look-up does not.
struct RouteShape {
    enum Path {
        case pattern(PathPattern)
        case regex(PatternRegex)
    }

    struct Condition {
        enum Test {
            case exact(String)
            case regex(PatternRegex)
            case present, absent
        }

        /// Lower-case for fields, as written for parameters.
        var name: String
        var test: Test
        /// In place of the text or pattern, for people.
        var shown: String?
    }

    /// Index into the array that the table was made of.
    var index: Int
    var name: String
    var position: SourcePosition
    /// As `HostTable.normalised` has them, each once; one empty name stands for any host.
    var hosts: [[UInt8]]
    var path: Path
    /// What `methods` names; nil when it is left out and all are meant.
    var methods: UInt64?
    var headers: [Condition]
    var query: [Condition]
    var priority: Int

    /// Methods that the route serves: what it names, and HEAD wherever it names GET (RFC 9110 §9.3.2 makes the one
    /// follow from the other).
    var admitted: UInt64 {
        guard let methods else { return MethodTable.all }
        return methods & MethodTable.get != 0 ? methods | MethodTable.head : methods
    }

    var namesHead: Bool { (methods ?? 0) & MethodTable.head != 0 }
}
