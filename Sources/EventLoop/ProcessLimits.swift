import CLinux

/// What the process may use, read once at start.
package enum ProcessLimits {
    /// CPUs of the affinity mask; a cgroup quota is the control plane's to apply.
    package static var cpuCount: Int { Int(gwlinux_cpu_count()) }

    /// Raises the soft limit of open files to the hard one and returns it.
    package static func raiseDescriptorLimit() -> Int { Int(gwlinux_raise_descriptor_limit()) }

    /// A closed peer is an error code to us, never a signal.
    package static func ignoreBrokenPipes() { gwlinux_ignore_sigpipe() }

    /// To be called first thing by a process that serves: a hang-up signal that comes before anybody listens for it
    /// ends nothing, and no file takes the number of a closed standard stream.
    package static func prepareToServe() {
        gwlinux_hold_standard_descriptors()
        gwlinux_ignore_sighup()
    }

    /// Gives memory that is free back to the system. Takes every allocator's lock in turn, for as long as its free
    /// memory takes to walk: short for a worker's, which has little.
    package static func trimMemory() { gwlinux_trim_memory() }
}
