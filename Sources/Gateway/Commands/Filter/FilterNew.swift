import ArgumentParser
import ControlPlane

struct FilterNew: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new", abstract: "Make a filter with a test and a README, and what editors need.")

    @OptionGroup var option: FilterOption
    @Argument(help: "Lower-case letters, digits, - and _.") var name: String

    func run() throws {
        do {
            for path in try FilterScaffold(folder: option.path).make(name) { print("made \(path)") }
            print("next: gateway filter test \(name)\(option.path == "filters" ? "" : " --path \(option.path)")")
        } catch {
            StandardError.write("error: \(error.message)")
            throw ExitCode(1)
        }
    }
}
