/// Why a text is not what it should be, in words that follow the quoted text.
///
/// What repeats parts of the text is kept apart, so that no part of a secret from a variable is ever printed.
struct TextRefusal: Error, Equatable {
    var problem: String
    /// The part of the text that is wrong; printed after `problem`.
    var detail: String?
    var hint: String?
    /// A hint that repeats parts of the text.
    var echo: String?

    init(_ problem: String, detail: String? = nil, hint: String? = nil, echo: String? = nil) {
        self.problem = problem
        self.detail = detail
        self.hint = hint
        self.echo = echo
    }

    func report(_ code: DiagnosticCode, _ node: ConfigNode, _ context: DecodingContext) {
        var message = "\(node.summary) \(problem)"
        var shownHint = hint
        if !node.isExpanded {
            if let detail { message += ": " + quoted(detail) }
            shownHint = hint ?? echo
        }
        context.report(code, message, at: node.position, hint: shownHint)
    }
}
