/// What built-in filters of all workers share and keep over generations: tables of limits, keys that a service fetches.
///
/// One for the whole process. Each kind of filter has its own part, which says how it is shared without a lock on the
/// path of a request.
package final class FilterResources: Sendable {
    /// Keys of issuers, by URL.
    package let keyCells = JWTKeyCells()

    /// Counters of limits.
    package let rateLimits = RateLimitTables()

    /// Requests under way.
    package let concurrency = ConcurrencyTables()

    /// Counters that several gateways share.
    package let sharedCounters = SharedCounterLinks()
    package let passwords = PasswordChecks()

    package init() {}
}
