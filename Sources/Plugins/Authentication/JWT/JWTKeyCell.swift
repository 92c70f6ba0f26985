package import Synchronization

/// The keys of one issuer's URL as a JWKS document (RFC 7517 §5): a service of the control plane writes it, workers
/// read it, each making keys of its own from it, so that no key object is shared between threads.
///
/// Workers compare `version` for each request and take the document only when it has changed.
package final class JWTKeyCell: Sendable {
    /// What was fetched last.
    package struct Document: Sendable {
        package var version = 0
        /// JSON; empty as long as nothing was ever fetched.
        package var bytes: [UInt8] = []

        package init() {}
    }

    package let url: String
    /// Grows with every change; 0 before the first fetch.
    package let version = Atomic<Int>(0)
    /// Unix time in nanoseconds up to which the document may be used while the issuer does not answer.
    package let usableUntil = Atomic<Int64>(0)
    private let document = Mutex(Document())
    private let isRefreshWanted = Atomic<Bool>(false)

    package init(url: String) {
        self.url = url
    }

    /// - Threads: any, seldom.
    package func load() -> Document { document.withLock { $0 } }

    /// Takes over what the issuer sent. The same bytes as before only move the time: workers need not look again.
    package func publish(_ bytes: [UInt8], usableUntil: Int64) {
        document.withLock { document in
            self.usableUntil.store(usableUntil, ordering: .relaxed)
            guard document.bytes != bytes || document.version == 0 else { return }
            document.bytes = bytes
            document.version += 1
            version.store(document.version, ordering: .releasing)
        }
    }

    /// A token named a key that is not there. The service decides when to ask the issuer again.
    ///
    /// - Threads: any; cheap.
    package func wantRefresh() {
        if !isRefreshWanted.load(ordering: .relaxed) { isRefreshWanted.store(true, ordering: .relaxed) }
    }

    /// - Threads: the service's.
    package func takeRefreshWanted() -> Bool { isRefreshWanted.exchange(false, ordering: .relaxed) }
}

/// The cells of all URLs that any generation has used.
package final class JWTKeyCells: Sendable {
    private let cells = Mutex<[String: JWTKeyCell]>([:])

    package init() {}

    /// The cell of that URL, the same one for as long as the process lives.
    package func cell(for url: String) -> JWTKeyCell {
        cells.withLock { cells in
            if let known = cells[url] { return known }
            let cell = JWTKeyCell(url: url)
            cells[url] = cell
            return cell
        }
    }
}

extension JWTKeyCell {
    /// How many keys of a document can be used; nil when it is no key set.
    package static func usableKeyCount(of document: [UInt8]) -> Int? { JWTKeySet(document: document)?.keys.count }
}
