import CLinux

/// What the process may use, read once at start.
package enum ProcessLimits {
    /// CPUs of the affinity mask; a cgroup quota is the control plane's to apply.
    package static var cpuCount: Int { Int(gwlinux_cpu_count()) }

    /// Raises the soft limit of open files to the hard one and returns it.
    package static func raiseDescriptorLimit() -> Int { Int(gwlinux_raise_descriptor_limit()) }

    /// A closed peer is an error code to us, never a signal.
    package static func ignoreBrokenPipes() { gwlinux_ignore_sigpipe() }
}
