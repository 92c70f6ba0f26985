import ArgumentParser
import Config
import ControlPlane

struct FilterTest: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Run the tests of filters, with the engine that serves and without a network.",
        discussion: "Exits 1 when a test fails. See docs/lua-filters.md for how tests are written.")

    @OptionGroup var option: FilterOption
    @Argument(help: "Names; left out: all that have tests.") var names: [String] = []
    @Flag(help: "Say which lines no test ran.") var coverage = false
    @Option(help: "Write results as JUnit XML to this file.") var junit: String?
    @Flag(name: .shortAndLong, help: "Name the tests that pass too.") var verbose = false

    func run() throws {
        let library = FilterLibrary(folder: option.path)
        var report = FilterTestReport()
        for name in names.isEmpty ? try library.testedNames() : names {
            let suite = FilterTestSuite(name, folder: option.path, collectsCoverage: coverage)
            do {
                try suite.run()
            } catch {
                report.add(error, of: suite)
                for diagnostic in error.diagnostics { StandardError.write(diagnostic.description) }
                continue
            }
            report.add(suite)
            for result in suite.results {
                if let failure = result.failure {
                    print("FAIL \(name): \(result.name)\n     \(failure)")
                } else if verbose {
                    print("ok   \(name): \(result.name)")
                }
            }
            print("\(name): \(report.line(of: suite))")
            if coverage { print(report.coverage(of: suite)) }
        }
        if let junit { try report.writeJUnit(to: junit) }
        print(report.summary)
        if report.hasFailed { throw ExitCode(1) }
    }
}
