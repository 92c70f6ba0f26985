import Foundation
import Plugins

/// Makes the files of a new filter.
package struct FilterScaffold {
    package struct Failure: Error {
        package var message: String
    }

    let folder: String

    package init(folder: String) {
        self.folder = folder
    }

    /// - Returns: the files that were made.
    /// - Throws: `Failure` when the name is none, or the filter is there already.
    package func make(_ name: String) throws(Failure) -> [String] {
        let isName = name.utf8.allSatisfy { byte in
            (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x2D || byte == 0x5F
        }
        guard isName, let first = name.utf8.first, first != 0x2D, first != 0x5F, name != "lib" else {
            throw Failure(message: "\"\(name)\" is no name for a filter; use lower-case letters, digits, - and _")
        }
        let directory = "\(folder)/\(name)"
        guard !FileManager.default.fileExists(atPath: directory) else {
            throw Failure(message: "\(directory) is there already")
        }
        let base = URL(fileURLWithPath: folder).deletingLastPathComponent().relativePath
        let root = base.isEmpty || base == "." ? "" : base + "/"
        var made: [String] = []
        do {
            for (path, text) in [
                ("\(directory)/filter.lua", Self.script(name)), ("\(directory)/filter_test.lua", Self.test(name)),
                ("\(directory)/README.md", Self.readme(name)),
            ] {
                try write(text, to: path)
                made.append(path)
            }
            // Shared by all filters, and left alone where they are.
            for (path, text) in [
                ("\(root)types/gw.d.lua", LuaDefinitions.text), ("\(root).luarc.json", Self.editorSettings),
            ] where !FileManager.default.fileExists(atPath: path) {
                try write(text, to: path)
                made.append(path)
            }
        } catch {
            throw Failure(message: "\(error.localizedDescription)")
        }
        return made
    }

    private func write(_ text: String, to path: String) throws {
        let url = URL(fileURLWithPath: path)
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }

    private static func script(_ name: String) -> String {
        """
        -- What this filter does, in one sentence.

        local metric = "\(name.replacingOccurrences(of: "-", with: "_"))_requests_total"
        local requests = gw.metrics.counter(metric, "Requests that the filter saw", { "result" })

        ---@type gw.Filter
        return {
          api = 1,
          version = "0.1.0",
          schema = {
            type = "object",
            properties = {
              header = {
                type = "string", format = "header-name", default = "x-\(name)", description = "The field to set",
              },
            },
          },

          on_request = function(req, ctx)
            if req.headers["x-forbidden"] then
              requests:inc(1, { "refused" })
              return 403, { error = "forbidden" }
            end
            req.headers[ctx.conf.header] = "1"
            requests:inc(1, { "passed" })
          end,
        }

        """
    }

    private static func test(_ name: String) -> String {
        """
        local t = require "gw.test"
        local f = t.load("\(name)", { config = { header = "x-seen" } })

        t.describe("\(name)", function()
          t.it("marks the request", function()
            local r = f:request{ path = "/" }
            t.eq(r.outcome, "continue")
            t.eq(r.req.headers["x-seen"], "1")
            t.eq(t.metric("\(name.replacingOccurrences(of: "-", with: "_"))_requests_total", { result = "passed" }), 1)
          end)

          t.it("refuses what is forbidden", function()
            local r = f:request{ headers = { ["x-forbidden"] = "1" } }
            t.eq(r.status, 403)
            t.eq(r.req, nil)
          end)

          t.it("survives anything", function() t.fuzz(f, { n = 100 }) end)
        end)

        """
    }

    private static func readme(_ name: String) -> String {
        """
        # \(name)

        What it does, for whom.

        ```yaml
        middleware:
          \(name): { type: lua, script: \(name), config: { header: x-\(name) } }
        ```

        Test it with `gateway filter test \(name)`.

        """
    }

    private static let editorSettings = """
        {
          "runtime.version": "Lua 5.4",
          "workspace.library": ["types"],
          "runtime.builtin": { "io": "disable", "os": "disable", "debug": "disable", "package": "disable" }
        }

        """
}
