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
    /// In the reference page's type column, such as `duration`.
    var name: String
    /// The members of the JSON Schema that admits what may be written, expansion aside.
    var schema: [JSONValue.Member]

    init(_ name: String, _ schema: JSONValue) {
        self.name = name
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
    var defaultValue: JSONValue?
}
