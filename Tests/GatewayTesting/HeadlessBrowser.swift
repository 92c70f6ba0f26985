import Foundation

/// A real browser without a window: Chromium's headless shell.
package enum HeadlessBrowser {
    /// Its path; nil where it is not installed.
    package static let path: String? = [
        "/usr/bin/chromium-headless-shell", "/usr/bin/chromium", "/usr/bin/google-chrome",
    ].first(where: FileManager.default.isExecutableFile)

    /// The elements of a page as they are after eight seconds of its own time, which passes as fast as its requests are
    /// answered.
    package static func elements(of url: String) throws -> String {
        guard let path else { throw TestingFailure("no browser: apt-get install chromium-headless-shell") }
        let profile = try TemporaryDirectory()
        // As root, as in a container, it does not start with its sandbox.
        let (exitCode, output, errors) = try ChildProcess.run(
            path,
            [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                "--user-data-dir=\(profile.path)", "--virtual-time-budget=8000", "--dump-dom", url,
            ], environment: ["HOME": profile.path], before: .after(.seconds(60)))
        guard exitCode == 0, output.contains("<html") else {
            throw TestingFailure("\(path) ended with \(exitCode): \(errors)")
        }
        return output
    }
}
