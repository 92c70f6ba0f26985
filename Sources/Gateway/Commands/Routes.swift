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
        let listing = try RouteTable(compiling: config.load().config.routes).listing()
        format.show(text: Self.table(listing), json: .array(listing.map(Self.json)))
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

    private static func json(_ route: ListedRoute) -> JSONText {
        .object([
            ("name", .string(route.name)), ("methods", .array(route.methods.map { .string($0) })),
            ("hosts", .array(route.hosts.map { .string($0) })), ("path", .string(route.path)),
            ("conditions", .array(route.conditions.map { .string($0) })), ("action", .string(route.action)),
            ("position", .string(route.position.description)),
        ])
    }
}
