import Config
import GatewayTesting
import Testing

@testable import Plugins

@Suite("definitions for editors") struct LuaDefinitionsTests {
    @Test func fileIsTheText() throws {
        #expect(try RepositoryFiles.text("types/gw.d.lua") == LuaDefinitions.text)
    }

    /// A VM has every function of a module that the definitions name.
    @Test func functionsExist() throws {
        let names = LuaDefinitions.text.split(separator: "\n").compactMap { line -> String? in
            guard line.hasPrefix("function "), !line.contains(":"), let end = line.firstIndex(of: "(") else {
                return nil
            }
            return String(line[line.index(line.startIndex, offsetBy: 9)..<end])
        }
        #expect(names.count > 50)
        let checks = names.map { "assert(type(\($0)) == 'function', '\($0)')" }.joined(separator: "\n")
        try load("\(checks)\nreturn { api = 1, on_log = function() end }")
    }

    /// The definitions name every function that a VM has in the modules of the gateway.
    @Test func functionsAreNamed() throws {
        let known = LuaDefinitions.text.split(separator: "\n").filter { $0.hasPrefix("function ") }
        let list = known.map { "['\($0.dropFirst(9).prefix { $0 != "(" })'] = true" }.joined(separator: ", ")
        try load(
            """
            local known = { \(list) }
            local modules = { json = json, base64 = base64, hex = hex, url = url, text = text, time = time,
              crypto = crypto, jwt = jwt, re = re, gw = gw, ["gw.http"] = gw.http, ["gw.log"] = gw.log,
              ["gw.timer"] = gw.timer, ["gw.metrics"] = gw.metrics }
            for module, functions in pairs(modules) do
              for name, value in pairs(functions) do
                if type(value) == "function" then
                  assert(known[module .. "." .. name], module .. "." .. name)
                end
              end
            end
            return { api = 1, on_log = function() end }
            """)
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

    private func load(_ text: String) throws {
        let script = ScriptProgram(
            name: "names", hash: ScriptHash.of([]), version: "",
            files: [ScriptProgram.File(module: "", path: "names", text: text)])
        do throws(LuaFailure) {
            _ = try LuaInspection(limits: LuaLimitsConfig()).describe(script)
        } catch {
            Issue.record("\(error.message)")
        }
    }
}
