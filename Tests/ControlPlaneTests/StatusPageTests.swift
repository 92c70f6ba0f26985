import ControlPlane
import Testing

/// The files of the page for people, as they are served; `EndToEndTests` shows them to a browser.
@Suite("files of the status page") struct StatusPageTests {
    private func file(_ path: String) async -> AdminAPI.Answer {
        let actions = AdminActions(
            generations: { [] }, effective: { nil }, mask: { SecretMask(ConfigText()) }, reload: { .unchanged(1) },
            rollback: { _ in .unknownGeneration }, drain: {}, events: { [] })
        return await AdminAPI(status: FakeEngine(), actions: actions).answer(AdminRequest(method: "GET", path: path))
    }

    private func text(_ path: String) async -> String { String(decoding: await file(path).body, as: UTF8.self) }

    @Test(arguments: [
        ("/", "text/html; charset=utf-8"), ("/status.js", "text/javascript; charset=utf-8"),
        ("/status.css", "text/css; charset=utf-8"),
    ])
    func haveTheirTypes(_ path: String, _ contentType: String) async {
        let answer = await file(path)
        #expect(answer.status == 200)
        #expect(answer.contentType == contentType)
        #expect(!answer.body.isEmpty)
    }

    /// Relative, so that they also work behind a proxy's prefix.
    @Test func thePageRefersToItsOwnFilesOnly() async {
        let html = await text("/")
        let attributes = /\s(?:src|srcset|href|action|formaction|poster|data|ping)\s*=\s*"([^"]*)"/.ignoresCase()
        let targets = html.matches(of: attributes).map { String($0.output.1) }
        #expect(targets.contains("status.js") && targets.contains("status.css"))
        for target in targets where !["status.js", "status.css", "data:,"].contains(target) {
            #expect(target.hasPrefix("#"), "\(target)")
            #expect(html.contains("id=\"\(target.dropFirst())\""), "\(target) leads nowhere")
        }
    }

    @Test func nothingIsInline() async {
        let html = await text("/")
        #expect(html.matches(of: /<script/.ignoresCase()).count == 1)
        #expect(html.contains(#"<script src="status.js" defer></script>"#))
        let inline = /<style|\sstyle\s*=|\son[a-z]+\s*=|javascript:|<(?:iframe|object|embed|base)/.ignoresCase()
        #expect(html.firstMatch(of: inline)?.output == nil)
        let style = await text("/status.css")
        for banned in ["url(", "@import", "http:", "https:"] { #expect(!style.contains(banned), "\(banned)") }
    }

    /// Names and paths are anyone's text.
    @Test(arguments: [
        "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "DOMParser", "createContextualFragment",
        "srcdoc", "setAttribute", "eval(", "Function(", "import(", "http:", "https:", "POST",
    ])
    func theScriptMakesNoMarkupAndChangesNothing(_ banned: String) async {
        #expect(!(await text("/status.js")).contains(banned))
    }

    @Test func theScriptFindsItsElements() async {
        let (html, script) = await (text("/"), text("/status.js"))
        let names = script.matches(of: /(?:node|fill)\("([a-z0-9-]+)"/).map { String($0.output.1) }
        #expect(names.count > 20)
        for name in Set(names).sorted() { #expect(html.contains("id=\"\(name)\""), "\(name)") }
    }

    @Test func everyTableHasACaptionAndHeaders() async {
        let html = await text("/")
        let count = html.matches(of: /<table>\s*<caption>/).count
        #expect(count == html.matches(of: /<table/).count && count == 6)
        #expect(html.firstMatch(of: /<th(?![^>]*scope=)[ >]/) == nil)
    }
}
