import ArgumentParser
import Config
import ControlPlane
import Glibc

/// The entry point: parses the command line, runs the command, and turns its error into the exit code.
///
/// Exit codes: 0 fine, 1 what was checked is wrong, 2 usage, 3 could not start.
@main
enum Main {
    static func main() async {
        do {
            var command = try GatewayCommand.parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let failure as StartFailure {
            StandardError.write(failure.description)
            exit(3)
        } catch let failure as ConfigFailure {
            StandardError.write(failure.description)
            exit(1)
        } catch {
            let code = GatewayCommand.exitCode(for: error)
            let message = GatewayCommand.fullMessage(for: error)
            if code.isSuccess {
                print(message)
            } else if !message.isEmpty {
                StandardError.write(message)
            }
            // The parser's own code for a usage error is 64, of sysexits.h.
            exit(code == .validationFailure ? 2 : code.rawValue)
        }
    }
}
