import Foundation

/// How many workers `auto` means: the CPUs of the affinity mask, fewer when a cgroup grants less time.
enum CPUQuota {
    static func workerCount(cpus: Int) -> Int {
        let text = try? String(contentsOfFile: "/sys/fs/cgroup/cpu.max", encoding: .utf8)
        return workerCount(cpus: cpus, cpuMax: text ?? "")
    }

    /// - Parameter cpuMax: the text of cgroup v2's `cpu.max`, such as `150000 100000` or `max 100000`.
    static func workerCount(cpus: Int, cpuMax: String) -> Int {
        let parts = cpuMax.split(whereSeparator: \.isWhitespace)
        guard parts.count == 2, let quota = Double(parts[0]), let period = Double(parts[1]), period > 0 else {
            return max(cpus, 1)
        }
        // Rounded up: half a CPU still runs one worker.
        return max(min(cpus, Int((quota / period).rounded(.up))), 1)
    }
}
