import Config
import GatewayTesting
import Testing

@testable import Plugins

@Suite("definitions for editors") struct LuaDefinitionsTests {
    @Test func fileIsTheText() throws {
        #expect(try RepositoryFiles.text("types/gw.d.lua") == LuaDefinitions.text)
    }

    /// What a VM has is defined, and what is defined a VM has.
    @Test func namesAreThoseOfTheVM() throws {
        let defined = DefinedNames(LuaDefinitions.text).all
        let names = Set(try vm().names)
        #expect(names.subtracting(defined).subtracting(Self.standard).subtracting(Self.deprecated).sorted() == [])
        // A table of the host's, which comes as JSON.
        let own = defined.filter { !$0.hasPrefix("gw.ClientTLS.") }
        #expect(own.subtracting(names).sorted() == Self.readByFunctions)
        #expect(Self.standard.subtracting(names).sorted() == [], "the standard library has lost a function")
    }

    /// Fields that the VM has in no table: what reads them compares names.
    private static let readByFunctions = ["gw.Chunk.last", "gw.Reply.body", "gw.Reply.status"]

    /// Editors know the standard library; this is what scripts have of it.
    private static let standard: Set<String> = {
        let modules: [(name: String, functions: String)] = [
            ("", "_VERSION assert error getmetatable ipairs next pairs pcall print rawequal rawget rawlen rawset"),
            ("", "require select setmetatable tonumber tostring type xpcall"),
            ("coroutine.", "create isyieldable resume running status wrap yield"), ("debug.", "traceback"),
            ("math.", "abs acos asin atan ceil cos deg exp floor fmod huge log max maxinteger min mininteger modf pi"),
            ("math.", "rad random sin sqrt tan tointeger type ult"),
            ("string.", "byte char find format gmatch gsub len lower match pack packsize rep reverse sub unpack upper"),
            ("table.", "concat insert move pack remove sort unpack"),
            ("utf8.", "char charpattern codepoint codes len offset"),
        ]
        return Set(modules.flatMap { name, list in list.split(separator: " ").map { "\(name)\($0)" } })
    }()

    /// Functions of Lua 5.2 that 5.4 has only where it was built for compatibility, as Debian's is.
    private static let deprecated = Set(
        ["atan2", "cosh", "frexp", "ldexp", "log10", "pow", "sinh", "tanh"].map { "math.\($0)" })

    /// The fields of a reply, which a script can make itself.
    @Test func repliesHaveTheirFields() throws {
        try load(
            """
            local reply = gw.reply(201, { ["x-a"] = "1" }, { ok = true })
            assert(reply.status == 201 and reply.body == '{"ok":true}' and reply.headers == nil)
            return { api = 1, on_log = function() end }
            """)
    }

    /// A filter may have every field that the definitions offer it.
    @Test func filtersMayHaveTheirFields() throws {
        let values = [
            "api": "1", "version": "'1.0'", "description": "'all'", "request_body": "'none'",
            "response_body": "'stream'", "uses": "{ http = { 'users' } }", "schema": "{ type = 'object' }",
        ]
        let fields = try #require(DefinedNames(LuaDefinitions.text).members["gw.Filter"]).map { $0.dropFirst() }
        let entries = try fields.map { field in
            let value = field.hasPrefix("on_") ? "function() end" : values[String(field)]
            return "\(field) = \(try #require(value, "no value for \(field)"))"
        }
        try load("return { \(entries.joined(separator: ", ")) }")
    }

    @Test func expressions() throws {
        try load(
            #"""
            local r = re.compile([[^/api/v(\d+)/users/([^/]+)$]])
            local version, user = r:match("/api/v2/users/ada")
            assert(version == "2" and user == "ada" and not r:match("/api/v2/users/a/b"))
            local first, last, group = re.compile("b(x)?"):find("aab")
            assert(first == 3 and last == 3 and group == false)
            assert(select("#", r:match("x")) == 1 and select("#", r:find("x")) == 1)
            assert(re.compile("HELLO", "i"):test("well, hello"))
            local out, count = re.compile([[(\w+)@(\w+)]]):gsub("a@b c@d", "%2 at %1")
            assert(out == "b at a d at c" and count == 2)
            assert(re.compile("x*"):gsub("abc", "-") == "-a-b-c-")
            local found = {}
            for word in re.compile("[a-z]+"):gmatch("one, two") do found[#found + 1] = word end
            assert(#found == 2 and found[2] == "two")
            -- What takes a backtracking engine for ever.
            assert(not re.compile("(a+)+$"):test(("a"):rep(2000) .. "b"))
            assert(re.compile("(?:a?){30}a{30}"):test(("a"):rep(30)))
            assert(re.compile("a{0}b|c{2,3}?"):match("ccc") == "cc")
            for _, bad in ipairs { "(", "a)", "[a", "[z-a]", "*", "a**", [[(a)\1]], "(?=a)", "(?P<n>a)", "a{2,1}",
                "(a{1000}){1000}", [[\q]], [[\]], "[[:no:]]", ("x"):rep(1025) } do
              local ok, problem = pcall(re.compile, bad)
              assert(not ok and problem:find("re: "), bad)
            end
            return { api = 1, on_log = function() end }
            """#)
    }

    private func vm() throws -> LuaVM {
        let context = LuaContext(
            script: script(""), resources: LuaResources(workerCount: 1), environment: { _ in nil })
        return try LuaVM(context: context, limits: LuaLimitsConfig(), usesHook: false)
    }

    private func load(_ text: String) throws {
        do throws(LuaFailure) {
            _ = try LuaInspection(limits: LuaLimitsConfig()).describe(script(text))
        } catch {
            Issue.record("\(error.message)")
        }
    }

    private func script(_ text: String) -> ScriptProgram {
        ScriptProgram(
            name: "names", hash: ScriptHash.of([]), version: "",
            files: [ScriptProgram.File(module: "", path: "names", text: text)])
    }
}

/// The names in definitions for editors, written as a VM lists them.
private struct DefinedNames {
    /// By class: `:get`, `.status`.
    private(set) var members: [String: Set<String>] = [:]
    private var functions: Set<String> = []
    /// By function, the class of what it returns first.
    private var made: [String: String] = [:]
    /// By variable.
    private var classes: [String: String] = [:]
    private var openClass: String?
    private var returned: String?

    /// Tables that scripts write or are given: a VM has no list of their fields.
    private static let tables: Set<String> = [
        "gw.Filter", "gw.Uses", "gw.HttpRequest", "gw.HttpResponse", "gw.MetricOptions", "gw.HistogramOptions",
        "gw.Url",
    ]

    init(_ text: String) {
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) { read(line) }
    }

    var all: Set<String> {
        var names = functions
        var owners: [String: [String]] = [:]
        for (function, name) in made where members[name]?.contains(where: { $0.hasPrefix(":") }) == true {
            owners[name, default: []].append("\(function)()")
        }
        for (name, members) in members where !Self.tables.contains(name) {
            for owner in owners[name] ?? [name] { names.formUnion(members.map { owner + $0 }) }
        }
        return names
    }

    private mutating func read(_ line: Substring) {
        let words = line.split(separator: " ", maxSplits: 2)
        switch words.first {
        case "---@class":
            let name = String(words[1].prefix { $0 != ":" })
            openClass = name
            members[name] = []
        case "---@field":
            guard let openClass, !words[1].hasPrefix("[") else { return }
            members[openClass]?.insert(".\(words[1].prefix { $0 != "?" })")
        case "---@return": if returned == nil { returned = String(words[1].prefix { $0 != "?" }) }
        case "local": classes[String(words[1])] = openClass
        case "function": addFunction(line.dropFirst("function ".count).prefix { $0 != "(" })
        case nil: openClass = nil
        case let global? where words.count > 1 && words[1] == "=":
            // The fields of its class are those of the module.
            if let openClass { members[String(global)] = members.removeValue(forKey: openClass) }
            openClass = nil
        default: break
        }
    }

    private mutating func addFunction(_ name: Substring) {
        defer { returned = nil }
        let parts = name.split(separator: ":")
        if parts.count == 2, let owner = classes[String(parts[0])] {
            members[owner]?.insert(":\(parts[1])")
        } else {
            functions.insert(String(name))
            made[String(name)] = returned
        }
    }
}
