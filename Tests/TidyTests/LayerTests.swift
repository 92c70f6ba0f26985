import GatewayTesting
import Testing

/// Which target may use what: the layers point one way, and the lower ones never wait.
@Suite("tidy: layers") struct LayerTests {
    /// Modules of the toolchain that every layer may use.
    static let everywhere: Set = ["Swift", "Synchronization", "Glibc"]
    /// Below the control plane nothing may wait on the cooperative pool or pull Foundation in.
    static let dataPlane = [
        "Bytes", "Config", "HTTP", "EventLoop", "Telemetry", "Routing", "Upstream", "Plugins", "DataPlane",
    ]
    /// Bytes in, bytes out: time and randomness are parameters.
    static let sansIO = ["Sources/HTTP/", "Sources/Routing/", "Sources/Upstream/", "Sources/Plugins/BuiltIn/"]

    static func imports(of file: SourceFile) -> [String] {
        file.code.compactMap { line in
            let words = line.words
            guard let index = words.firstIndex(of: "import"), index <= 2, index + 1 < words.count else { return nil }
            return String(words[index + 1])
        }
    }

    @Test func manifestPointsUpwards() throws {
        let manifest = try Manifest.current.get()
        var known: Set<String> = []
        let all = Set(manifest.targets.map(\.name))
        for target in manifest.targets where !target.isTest {
            let later = target.dependencies.intersection(all).subtracting(known)
            #expect(
                later.isEmpty,
                """
                Package.swift: \(target.name) depends on \(later), which stands below it: move the code down a layer, \
                or the target up the list
                """)
            known.insert(target.name)
        }
        let layers = manifest.targets.map(\.name).filter { Self.dataPlane.contains($0) }
        #expect(layers == Self.dataPlane, "Package.swift: keep the targets in layer order")
    }

    @Test func importsAreDeclared() throws {
        let manifest = try Manifest.current.get()
        for file in try SourceFile.sources.get() {
            let allowed = manifest.dependencies(of: file.target).union(Self.everywhere)
            for module in Self.imports(of: file) where !allowed.contains(module) {
                if !Self.dataPlane.contains(file.target), ["Foundation", "Dispatch"].contains(module) { continue }
                if !Self.dataPlane.contains(file.target), isFromPackages(module) { continue }
                Issue.record(
                    """
                    \(file.path) imports \(module), which \(file.target) does not declare in Package.swift: add it \
                    there if the layers allow it, else take the value from the layer that has it
                    """)
            }
        }
    }

    /// Modules that come along with the packages of the control plane.
    private func isFromPackages(_ module: String) -> Bool {
        let modules: Set = ["HTTPTypes", "HummingbirdCore", "HummingbirdTesting", "UnixSignals"]
        return modules.contains(module) || module.hasPrefix("NIO")
    }

    @Test func dataPlaneNeverWaits() throws {
        let words: Set = ["async", "await", "actor", "Task", "TaskGroup", "AsyncStream", "DispatchQueue", "Thread"]
        for file in try SourceFile.sources.get() where Self.dataPlane.contains(file.target) {
            let places = file.places { line in line.words.contains { words.contains(String($0)) } }
            #expect(
                places.isEmpty,
                "\(places): a worker must not wait on the cooperative pool; do it in ControlPlane and post the result")
        }
    }

    @Test func sansIOAsksNobody() throws {
        let words: Set = [
            "ContinuousClock", "SuspendingClock", "SystemRandomNumberGenerator", "getenv", "print", "debugPrint",
            "clock_gettime", "gettimeofday", "random", "srand", "open", "recv", "send", "socket",
        ]
        for file in try SourceFile.sources.get() where Self.sansIO.contains(where: file.path.hasPrefix) {
            let places = file.places { line in
                let found = line.words.filter { words.contains(String($0)) }
                // A method of ours may have such a name; a call of the global function has no dot before it.
                return found.contains { word in isGlobalUse(of: String(word), in: line) }
            }
            #expect(places.isEmpty, "\(places): take `now: Instant` and a seeded generator as parameters")
        }
    }

    private func isGlobalUse(of word: String, in line: Substring) -> Bool {
        if word.first?.isUppercase == true { return true }
        guard !line.hasWord("func"), !line.hasWord("case") else { return false }
        return String(line).components(separatedBy: word + "(").dropLast().contains { before in
            guard let last = before.last else { return true }
            return !(last == "." || last.isLetter || last.isNumber || last == "_")
        }
    }

    @Test func nothingIsPublic() throws {
        for file in try SourceFile.sources.get() + SourceFile.tests.get() {
            let places = file.places { line in
                line.words.prefix(4).contains("public") || line.words.starts(with: ["open", "class"])
            }
            #expect(places.isEmpty, "\(places): cross-target API is `package`")
        }
    }

    @Test func noTypeBearsItsModulesName() throws {
        for file in try SourceFile.sources.get() {
            let places = file.places { declaredType(in: $0) == file.target }
            #expect(places.isEmpty, "\(places): a type named like its module breaks qualified look-up; rename it")
        }
    }

    private func declaredType(in line: Substring) -> String? {
        let words = line.words
        guard let index = words.firstIndex(where: { ["struct", "class", "enum", "actor", "protocol"].contains($0) }),
            index + 1 < words.count
        else { return nil }
        return String(words[index + 1])
    }

    // MARK: unsafe

    /// Where unsafe code may live, beside Bytes and EventLoop; each is one file or folder and says why at its top.
    static let unsafeAllowed = [
        "Sources/Plugins/Authentication/KeyHash.swift",
        "Sources/Bytes/", "Sources/EventLoop/", "Sources/Plugins/Lua/", "Sources/TLS/",
        "Sources/ControlPlane/Redis/",  // hiredis
        "Sources/Plugins/Authentication/PasswordCheck.swift",  // crypt(3)
        "Sources/Routing/PatternRegex.swift",  // PCRE2's C API
        "Sources/ControlPlane/ProcessMetrics.swift",  // sysconf and /proc
        "Sources/ControlPlane/Discovery/SystemResolver.swift",  // getaddrinfo
        "Sources/ControlPlane/Discovery/LookupThreads.swift",
        "Sources/ControlPlane/ConfigFile/ConfigFiles.swift",  // FileManager's way to ask for a directory
        "Sources/ControlPlane/Services/StandardError.swift",  // one write per line
        "Sources/Gateway/Commands/Version.swift",  // the Lua library's release string
    ]

    @Test func unsafeStaysWhereItIsAllowed() throws {
        for file in try SourceFile.sources.get() where !Self.unsafeAllowed.contains(where: file.path.hasPrefix) {
            let places = file.places { line in
                line.hasWord("unsafe") || line.words.contains { $0.hasPrefix("Unsafe") }
            }
            #expect(places.isEmpty, "\(places): work on a Span, or move it to Bytes or EventLoop")
        }
    }

    /// The one way for `recv` in EventLoop to fill a buffer of Bytes.
    static let pointersAllowed: Set = ["Sources/Bytes/ByteBuffer.swift"]

    @Test func pointersDoNotCrossLayers() throws {
        for file in try SourceFile.sources.get() where !Self.pointersAllowed.contains(file.path) {
            let places = file.places { line in
                line.words.prefix(3).contains("package") && line.words.contains { $0.hasPrefix("Unsafe") }
            }
            #expect(places.isEmpty, "\(places): a pointer in a signature that other targets see; hand out a Span")
        }
    }
}

extension String {
    /// The parts between occurrences of `separator`, without Foundation.
    func components(separatedBy separator: String) -> [String] {
        var parts: [String] = []
        var rest = self
        while let found = rest.range(of: separator) {
            parts.append(String(rest[..<found.lowerBound]))
            rest = String(rest[found.upperBound...])
        }
        return parts + [rest]
    }
}
