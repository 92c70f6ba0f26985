package import Bytes
import CLinux

/// The clocks of a worker's loop; everything below the loop gets its time as a parameter.
package enum Clock {
    /// CLOCK_MONOTONIC.
    package static func now() -> Instant {
        Instant(nanoseconds: gwlinux_monotonic_ns())
    }

    /// Seconds and nanoseconds since the epoch, for dates in messages and logs only.
    package static func wallNanoseconds() -> Int64 {
        gwlinux_realtime_ns()
    }

    /// CPU time that the calling thread has used.
    package static func threadCPUNanoseconds() -> Int64 {
        gwlinux_thread_cpu_ns()
    }
}
