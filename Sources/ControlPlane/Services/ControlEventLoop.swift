import NIOCore
import NIOPosix

/// The one thread on which the control plane's small servers do their I/O. It lives as long as the process: a loop that
/// is shut down while a server on it still tidies up after itself makes NIO complain.
enum ControlEventLoop {
    static let group: any EventLoopGroup = MultiThreadedEventLoopGroup(numberOfThreads: 1)
}
