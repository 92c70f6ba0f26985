import ArgumentParser
import Config
import ControlPlane
import Routing

struct Routes: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the routes in the order in which they are tried.")

    @OptionGroup var config: ConfigOption
    @Option(help: "text or json.") var format = OutputFormat.text

    func run() throws {
        let loaded = try config.load()
        let mask = SecretMask(loaded.text)
        do throws(ConfigFailure) {
            let listing = try RouteTable(compiling: loaded.config.routes).listing()
            format.show(text: mask.masked(Self.table(listing)), json: mask.masked(.array(listing.map(\.json))))
        } catch {
            throw mask.masked(error)
        }
    }

    private static func table(_ routes: [ListedRoute]) -> String {
        var rows = [["NAME", "METHODS", "HOSTS", "PATH", "CONDITIONS", "ACTION", "AT"]]
        for route in routes {
            rows.append([
                route.name, route.methods.isEmpty ? "*" : route.methods.joined(separator: ","),
                route.hosts.isEmpty ? "*" : route.hosts.joined(separator: ","), route.path,
                route.conditions.isEmpty ? "-" : route.conditions.joined(separator: ", "), route.action,
                route.position.description,
            ])
        }
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            var line = ""
            for (cell, width) in zip(row, widths).dropLast() {
                line += cell + String(repeating: " ", count: width - cell.count + 2)
            }
            return line + (row.last ?? "")
        }.joined(separator: "\n")
    }
}
