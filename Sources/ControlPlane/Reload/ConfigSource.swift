package import Config

/// Where a gateway's configuration comes from, each time it is read.
package struct ConfigSource: Sendable {
    /// A file or directory that may change, or nil for a configuration that does not.
    package var path: String?
    /// Reads it: the configuration or everything that is wrong, and every file that was read or tried.
    package var read: @Sendable () -> (outcome: Result<LoadedConfig, ConfigFailure>, files: [String])

    /// Puts what the environment says over a configuration that was read.
    package var adjust: @Sendable (inout LoadedConfig) -> Void
    /// What is known of scripts from having served with them.
    package var scripts: ScriptHistory

    package init(
        path: String?, scripts: ScriptHistory = ScriptHistory(),
        adjust: @escaping @Sendable (inout LoadedConfig) -> Void = { _ in },
        read: @escaping @Sendable () -> (outcome: Result<LoadedConfig, ConfigFailure>, files: [String])
    ) {
        self.path = path
        self.scripts = scripts
        self.adjust = adjust
        self.read = read
    }

    /// A file or directory, under what the environment says.
    package static func file(_ path: String, settings: ProcessSettings) -> ConfigSource {
        let scripts = ScriptHistory()
        return ConfigSource(path: path, scripts: scripts, adjust: { settings.apply(to: &$0) }) {
            ConfigLoader(scripts: scripts).attempt(path: path)
        }
    }

    /// What came of reading, compiling and testing.
    package struct Attempt: Sendable {
        package var outcome: Result<LoadedConfig, ConfigFailure>
        /// Every file that was read or tried.
        package var files: [String]
        /// What the files looked like before that; whatever changes during it is a change to come.
        package var before: FileFingerprint
    }

    /// Reads, compiles and tests: whatever passes can be served.
    ///
    /// - Parameter known: files that are known to belong to the configuration, beside its path.
    package func check(knowing known: [String] = []) -> Attempt {
        var before = FileFingerprint(of: paths(known))
        var attempt = read()
        if attempt.files.contains(where: { !isCovered($0, by: known) }) {
            // Files that nobody knew of, such as a mounted secret, may have changed since they were read.
            before = FileFingerprint(of: paths(known + attempt.files))
            attempt = read()
        }
        let outcome = attempt.outcome.flatMap { loaded in
            do throws(ConfigFailure) {
                var adjusted = loaded
                adjust(&adjusted)
                return .success(try Self.checked(adjusted, scripts: scripts))
            } catch {
                return Result<LoadedConfig, ConfigFailure>.failure(error)
            }
        }
        return Attempt(outcome: outcome, files: attempt.files, before: before)
    }

    /// Reads an older configuration again, and checks it.
    package func restore(_ text: ConfigText) -> Result<LoadedConfig, ConfigFailure> {
        do throws(ConfigFailure) {
            var loaded = try ConfigLoader.load(text, scripts: scripts)
            adjust(&loaded)
            return .success(try Self.checked(loaded))
        } catch {
            return .failure(error)
        }
    }

    /// Whether a look at the known paths would have seen a change of `file`.
    private func isCovered(_ file: String, by known: [String]) -> Bool {
        guard let path else { return true }
        let directory = path.hasSuffix("/") ? path : path + "/"
        return file == path || known.contains(file) || file.hasPrefix(directory)
    }

    /// `files` and the path that they were found from.
    package func paths(_ files: [String]) -> [String] {
        (path.map { [$0] } ?? []) + files.filter { $0 != path }
    }

    /// Compiles and tests what was read.
    ///
    /// - Parameter scripts: whose tests have passed already; nil leaves them out.
    /// - Returns: the same with the warnings that this gives.
    package static func checked(
        _ loaded: LoadedConfig, runsTests: Bool? = nil, scripts: ScriptHistory? = nil
    ) throws(ConfigFailure) -> LoadedConfig {
        var loaded = loaded
        let mask = SecretMask(loaded.text)
        do throws(ConfigFailure) {
            loaded.warnings += try ConfigCheck.warnings(compiling: loaded.config).map(mask.masked)
            if runsTests ?? loaded.config.reload.runTests {
                let scriptFailures = scripts.map { ScriptTests(history: $0).failures(loaded.config) } ?? []
                let failures = scriptFailures + (try ConfigTestRunner(loaded.config).failures())
                if !failures.isEmpty { throw ConfigFailure(failures) }
            }
            return loaded
        } catch {
            throw mask.masked(error)
        }
    }
}
