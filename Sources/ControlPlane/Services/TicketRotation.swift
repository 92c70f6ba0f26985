import ServiceLifecycle
import TLS

/// Changes the key that TLS session tickets are sealed with, so that one that leaks opens a few hours of traffic only
/// (RFC 5077 §5.5). The one before still opens tickets.
struct TicketRotation: Service {
    private static let interval: Duration = .seconds(8 * 3600)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while (try? await Task.sleep(for: Self.interval)) != nil { TLSServer.rotateTickets() }
        }
    }
}
