import CLinux
import Glibc

/// Which readiness a descriptor's owner wants to hear of. Edge-triggered: told once per change, so that a descriptor
/// is registered once and no system call is spent on it per request.
package struct Interest: OptionSet, Sendable {
    package let rawValue: UInt32
    @inlinable package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let read = Interest(rawValue: 0x2001)
    package static let write = Interest(rawValue: 0x004)
    /// Level-triggered and woken for one poller only: a listening descriptor that several workers share.
    package static let sharedAccept = Interest(rawValue: 1 << 28 | 0x001)
    /// Level-triggered: a listener of one worker, which takes a few connections a turn.
    package static let accept = Interest(rawValue: 0x001 | 1 << 30)
}

/// What the kernel said about a descriptor.
package struct Readiness: OptionSet, Sendable {
    package let rawValue: UInt32
    @inlinable package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let readable = Readiness(rawValue: 0x001)
    package static let writable = Readiness(rawValue: 0x004)
    package static let failed = Readiness(rawValue: 0x008)
    package static let hungUp = Readiness(rawValue: 0x010)
    /// The peer will send no more; it may still read.
    package static let peerEnded = Readiness(rawValue: 0x2000)
}

/// 64 bits that name an object: its kind in the top four, then generation and slot of its `SlotKey`.
package struct Token: Equatable, Sendable {
    package let bits: UInt64
    @inlinable package init(bits: UInt64) { self.bits = bits }
}

/// One ready descriptor of a turn.
package struct ReadyEvent: Sendable {
    package var token: Token
    package var readiness: Readiness

    package init(token: Token, readiness: Readiness) {
        self.token = token
        self.readiness = readiness
    }
}

/// Waits for descriptors on behalf of one worker.
///
/// The seam at which another kernel interface fits: an io_uring poller serves the same calls with multishot polls, and
/// `docs/design/0002-poller.md` says how completions (`recv` and `send` by the ring) would extend it.
package protocol Poller: AnyObject {
    func add(_ descriptor: Int32, token: Token, interest: Interest) throws(SystemError)
    func modify(_ descriptor: Int32, token: Token, interest: Interest) throws(SystemError)
    /// Needed only for descriptors that stay open: closing one removes it.
    func remove(_ descriptor: Int32)
    /// Fills `events` with what is ready; waits at most `milliseconds`, for ever when negative.
    func wait(milliseconds: Int32, into events: inout [ReadyEvent]) throws(SystemError)
}

/// A system call that failed for a reason its caller must handle.
package struct SystemError: Error, Equatable, Sendable, CustomStringConvertible {
    package let code: Int32
    package let call: StaticString

    package init(code: Int32, call: StaticString) {
        self.code = code
        self.call = call
    }

    /// Out of descriptors, ports or memory: worth another try when something has been closed.
    package var isExhaustion: Bool {
        [EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL].contains(code)
    }

    package static func == (left: SystemError, right: SystemError) -> Bool { left.code == right.code }

    package var description: String { "\(call): \(SystemError.message(of: code))" }

    /// The kernel's words for an errno value.
    package static func message(of code: Int32) -> String {
        var buffer = [UInt8](repeating: 0, count: 128)
        let count = unsafe buffer.withUnsafeMutableBufferPointer { space in
            // Sound: the shim writes at most `space.count` bytes.
            unsafe gwlinux_error_message(code, space.baseAddress, space.count)
        }
        return String(decoding: buffer.prefix(count), as: UTF8.self)
    }
}
