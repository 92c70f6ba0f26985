/// When and how a changed configuration replaces the running one.
package struct ReloadConfig: Sendable, Equatable {
    /// Whether a changed file is enough.
    package var watch = true
    /// How long files must have been left alone.
    package var debounce: Duration = .milliseconds(200)
    /// Whether the configuration's own tests must pass.
    package var runTests = true

    package init() {}
}

enum ReloadSchema {
    static let reload = ObjectSchema(
        "reload", "When and how a changed configuration replaces the running one.", empty: ReloadConfig(),
        fields: [
            .field(
                "watch", \.watch, .bool,
                "Whether a changed file is enough; else SIGHUP or `gateway reload` are needed."),
            .field(
                "debounce", \.debounce, .duration(.milliseconds(10)...(.seconds(60))),
                "How long the files must have been left alone."),
            .field("run_tests", \.runTests, .bool, "Whether the configuration's own tests must pass first."),
        ])
}
