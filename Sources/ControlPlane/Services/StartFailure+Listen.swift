import EventLoop
import Glibc

extension StartFailure {
    /// A listener that could not be bound, in words that say what to do.
    ///
    /// - Parameters:
    ///   - what: the subject of the sentence, such as `the admin API`.
    ///   - setting: the key of the configuration that decides the address.
    ///   - errno: of the failed `bind` or `listen`.
    package static func cannotListen(what: String, on address: String, setting: String, errno: Int32) -> StartFailure {
        let hint: String =
            switch errno {
            case EADDRINUSE: "another process has it; `ss -ltnp` shows which, or choose another \(setting)"
            case EACCES: "ports under 1024 need CAP_NET_BIND_SERVICE; or choose another \(setting)"
            case EADDRNOTAVAIL: "this machine has no such address; check \(setting)"
            default: "check \(setting)"
            }
        return StartFailure("\(what) cannot listen on \(address): \(SystemError.message(of: errno))", hint: hint)
    }
}
