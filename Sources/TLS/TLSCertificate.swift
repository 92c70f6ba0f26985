import CTLS

/// What is known of a certificate: one of ours, or a client's.
package struct TLSCertificate: Sendable, Equatable {
    /// In the form of RFC 4514, such as `CN=ada,O=Example`.
    package var subject: String
    /// Names that it is for, such as `DNS:a.example, URI:spiffe://example/ada`; what could be taken for a separator is
    /// percent-encoded.
    package var names: String
    /// SHA-256 of its DER form, in lower-case hexadecimal digits.
    package var fingerprint: String
    /// In upper-case hexadecimal digits.
    package var serial: String
    /// Unix time in seconds.
    package var notBefore: Int64
    package var notAfter: Int64

    init(_ raw: borrowing gwtls_certificate) {
        subject = CText.string(raw.subject)
        names = CText.string(raw.names)
        fingerprint = CText.string(raw.fingerprint)
        serial = CText.string(raw.serial)
        notBefore = raw.not_before
        notAfter = raw.not_after
    }

    /// The first certificate of a PEM text.
    ///
    /// - Throws: `TLSProblem` when there is none.
    package init(pem: [UInt8]) throws(TLSProblem) {
        var raw = gwtls_certificate()
        var error = gwtls_error()
        let isFine = unsafe CText.lend(pem) { unsafe gwtls_describe($0, &raw, &error) }
        guard isFine else { throw TLSProblem(error) }
        self.init(raw)
    }
}

/// Why something cannot be used for TLS.
package struct TLSProblem: Error, Equatable, Sendable, CustomStringConvertible {
    package let message: String
    /// The fault is in the private key rather than in the certificate.
    package let isOfKey: Bool

    package init(_ message: String, isOfKey: Bool = false) {
        self.message = message
        self.isOfKey = isOfKey
    }

    init(_ error: borrowing gwtls_error) {
        message = CText.string(error.text)
        isOfKey = error.is_of_key
    }

    package var description: String { message }
}

/// Texts on their way into and out of C.
enum CText {
    /// Calls `body` with the bytes, which it must not keep.
    static func lend<Result>(_ bytes: [UInt8], _ body: (gwtls_bytes) -> Result) -> Result {
        unsafe bytes.withUnsafeBufferPointer { space in
            // Sound: used within the closure only.
            unsafe body(gwtls_bytes(bytes: space.baseAddress, count: space.count))
        }
    }

    /// A text that C has put into an array with its end marked.
    static func string<Tuple>(_ text: Tuple) -> String {
        unsafe withUnsafeBytes(of: text) { bytes in
            let end = unsafe bytes.firstIndex(of: 0) ?? bytes.count
            return unsafe String(decoding: bytes[..<end], as: UTF8.self)
        }
    }
}
