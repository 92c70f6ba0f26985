package import Config
package import Telemetry

/// What a filter of one worker is made with, beside its own configuration.
package struct FilterContext {
    package var scripts: LuaProgramSet
    package var resources: FilterResources
    package var shard: MetricShard
    package var registry: MetricRegistry
    /// The route of a filter that is defined in it; empty for one that has a name of its own.
    package var owner = ""
    /// What has a name under `middleware`.
    package var definitions: [String: MiddlewareConfig] = [:]

    package init(
        scripts: LuaProgramSet, resources: FilterResources, shard: MetricShard, registry: MetricRegistry
    ) {
        self.scripts = scripts
        self.resources = resources
        self.shard = shard
        self.registry = registry
    }

    /// Figures of the authentication filter of that name.
    package func authenticationSeries(_ name: String) -> AuthenticationSeries {
        AuthenticationSeries(shard: shard, filter: registry.filters.id(for: name))
    }
}
