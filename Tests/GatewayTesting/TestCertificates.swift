/// Certificates and keys for tests, made by the `openssl` program, and gone with the value.
///
/// `server` is for `a.example`, `*.w.example`, `localhost` and `127.0.0.1` (RSA), `other` for `b.example` (P-256), both
/// signed by `ca`; `client` is Ada's, signed by `clients`; `expired` has ended; `stranger` is signed by nobody.
package final class TestCertificates: Sendable {
    package let directory: TemporaryDirectory

    /// The same ones for all tests that change nothing.
    package static let shared = Result { try TestCertificates() }

    package init() throws {
        directory = try TemporaryDirectory()
        try directory.write("make.sh", Self.script)
        let made = try ChildProcess.run("/bin/sh", ["make.sh"], workingDirectory: directory.path)
        guard made.exitCode == 0 else { throw TestingFailure("certificates cannot be made: \(made.errors)") }
    }

    /// `NAME.crt` or `NAME.key`.
    package func path(_ name: String) -> String { "\(directory.path)/\(name)" }

    /// An entry of `certificates`.
    package func entry(_ name: String) -> String {
        "{ cert: \"\(path(name + ".crt"))\", key: \"\(path(name + ".key"))\" }"
    }

    private static let script = """
        set -e
        authority() {
          openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $1.key -out $1.crt -days 30 \\
            -subj "/CN=$1"
        }
        signed() { # name, authority, kind of key, subject, names, days
          openssl req -newkey $3 -nodes -keyout $1.key -out $1.csr -subj "$4" -addext "subjectAltName=$5"
          openssl x509 -req -in $1.csr -CA $2.crt -CAkey $2.key -CAcreateserial -days $6 -copy_extensions copy \\
            -out $1.crt
        }
        EC="ec -pkeyopt ec_paramgen_curve:P-256"
        authority ca
        authority clients
        signed server ca rsa:2048 /CN=a.example "DNS:a.example,DNS:*.w.example,DNS:localhost,IP:127.0.0.1" 30
        signed other ca "$EC" /CN=b.example DNS:b.example 30
        signed double ca "$EC" /CN=a.example "DNS:a.example,DNS:*.w.example,DNS:localhost,IP:127.0.0.1" 30
        signed client clients "$EC" "/CN=ada/O=Ex, Inc" URI:spiffe://ex/ada 30
        signed expired ca "$EC" /CN=e.example DNS:e.example -1
        authority stranger
        openssl ec -in other.key -aes128 -passout pass:x -out locked.key
        head -c 300 server.crt > half.crt
        """
}
