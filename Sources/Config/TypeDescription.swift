/// What a value may be, for the documents: the JSON Schema and the reference page are both made from it.
indirect enum TypeDescription: Sendable {
    case scalar(ScalarDescription)
    /// One of these words.
    case choice([String])
    case list(of: TypeDescription, atLeast: Int)
    /// Any keys; `key` says what they are, such as `field name`.
    case map(key: String, of: TypeDescription)
    case object(ObjectDescription)
    case either([TypeDescription])
}

struct ScalarDescription: Sendable {
    /// What can stand there, which decides how a value is shown and compared.
    enum Kind: Sendable {
        /// Anything, a secret included: what a variable brought here is not shown.
        case text
        /// A name, an address or another text with a grammar that a secret does not fit: shown wherever it came from.
        case identifier
        case integer, number, boolean, duration, size
    }

    /// In the reference page's type column, such as `duration`.
    var name: String
    /// The members of the JSON Schema that admits what may be written, expansion aside.
    var schema: [JSONValue.Member]
    var kind: Kind

    init(_ name: String, _ schema: JSONValue, kind: Kind = .text) {
        self.name = name
        self.kind = kind
        if case .object(let members) = schema { self.schema = members } else { self.schema = [] }
    }
}

struct ObjectDescription: Sendable {
    /// The name of its definition in the JSON Schema and of its section in the reference, such as `route`.
    var name: String
    var doc: String
    var fields: [FieldDescription]
}

struct FieldDescription: Sendable {
    var key: String
    var doc: String
    var type: TypeDescription
    var isRequired = false
    /// Left out, there is nothing, not even an object on its defaults.
    var isOptional = false
    /// Never shown.
    var isSecret = false
    var defaultValue: JSONValue?
}

extension ObjectDescription {
    /// Itself and every object below, once, in the order of first use.
    func reachable() -> [ObjectDescription] {
        var found: [ObjectDescription] = []
        func visit(_ type: TypeDescription) {
            switch type {
            case .scalar, .choice: break
            case .list(let element, _): visit(element)
            case .map(_, let value): visit(value)
            case .either(let types): types.forEach(visit)
            case .object(let object):
                guard !found.contains(where: { $0.name == object.name }) else { return }
                found.append(object)
                for field in object.fields { visit(field.type) }
            }
        }
        visit(.object(self))
        return found
    }
}
