import ArgumentParser
import ControlPlane

struct Filter: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write, check, test, run and measure Lua filters.",
        discussion: "A filter NAME is the folder NAME under --path, with filter.lua and filter_test.lua in it.",
        subcommands: [FilterNew.self, FilterCheck.self, FilterTest.self, FilterRun.self, FilterMeasure.self])
}

/// Where filters are, and which are meant.
struct FilterOption: ParsableArguments {
    @Option(help: "The folder of the filters.") var path = "filters"
}
