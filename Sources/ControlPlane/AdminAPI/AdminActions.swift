package import Config

/// What the admin API can ask of the gateway beside its status.
package struct AdminActions: Sendable {
    /// The newest one last.
    package var generations: @Sendable () async -> [Generation]
    /// What is served, value by value.
    package var effective: @Sendable () async -> EffectiveConfig?
    /// Hides what variables and mounted files brought.
    package var mask: @Sendable () async -> SecretMask
    package var reload: @Sendable () async -> ReloadOutcome
    /// nil: to the generation before the running one.
    package var rollback: @Sendable (Int?) async -> ReloadOutcome
    /// Begins to stop, and returns at once.
    package var drain: @Sendable () async -> Void
    /// The newest one last.
    package var events: @Sendable () -> [EventLog.Event]

    package init(
        generations: @escaping @Sendable () async -> [Generation],
        effective: @escaping @Sendable () async -> EffectiveConfig?,
        mask: @escaping @Sendable () async -> SecretMask,
        reload: @escaping @Sendable () async -> ReloadOutcome,
        rollback: @escaping @Sendable (Int?) async -> ReloadOutcome, drain: @escaping @Sendable () async -> Void,
        events: @escaping @Sendable () -> [EventLog.Event]
    ) {
        self.generations = generations
        self.effective = effective
        self.mask = mask
        self.reload = reload
        self.rollback = rollback
        self.drain = drain
        self.events = events
    }
}
