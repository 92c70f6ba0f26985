package import Config

/// Why a generation came to be.
package enum ReloadCause: Sendable, Equatable {
    case start
    /// A file has changed.
    case file
    /// SIGHUP.
    case signal
    /// The admin API was asked.
    case request
    /// Back to the configuration of that generation.
    case rollback(Int)
    /// A script failed on real requests; its last good version serves.
    case filterRollback(String)

    package var label: String {
        switch self {
        case .start: "start"
        case .file: "file"
        case .signal: "signal"
        case .request: "request"
        case .rollback(let number): "rollback to \(number)"
        case .filterRollback(let label): "rollback of \(label)"
        }
    }
}

/// A configuration that was served, or is.
package struct Generation: Sendable {
    package var number: Int
    /// What it was read from.
    package var text: ConfigText
    package var files: [String]
    package var warnings: [ConfigDiagnostic]
    package var cause: ReloadCause
    /// Since 1970.
    package var wallNanoseconds: Int64
    /// Against the generation before it; the first `changesMax` of `changeCount`.
    package var changes: [EffectiveConfig.Change]
    package var changeCount: Int
    /// How long it took from reading the files to the last worker.
    package var duration: Duration

    /// More than a person reads; a generation of thousands of them must not be kept for that.
    package static let changesMax = 500

    package init(
        number: Int, of loaded: LoadedConfig, cause: ReloadCause, wallNanoseconds: Int64,
        changes: [EffectiveConfig.Change], duration: Duration
    ) {
        self.number = number
        text = loaded.text
        files = loaded.files
        warnings = loaded.warnings
        self.cause = cause
        self.wallNanoseconds = wallNanoseconds
        self.changes = Array(changes.prefix(Self.changesMax))
        changeCount = changes.count
        self.duration = duration
    }

    package var isRollback: Bool { if case .rollback = cause { true } else { false } }
}

/// What a reload came to.
package enum ReloadOutcome: Sendable {
    case published(Generation)
    /// The files say what is being served already.
    case unchanged(Int)
    /// The running generation stays.
    case rejected(ConfigFailure)
    /// Not now, and why.
    case refused(String)
    /// There is no such generation to go back to.
    case unknownGeneration
}
