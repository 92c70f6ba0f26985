import Foundation

/// A short sleep of a thread that starts or ends the process and has nothing else to do.
enum BlockingPause {
    static func milliseconds(_ count: Int) {
        Thread.sleep(forTimeInterval: Double(count) / 1000)
    }
}
