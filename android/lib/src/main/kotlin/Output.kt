package io.github.swarmlet

import io.github.swarmlet.internal.StreamItem

/** What comes out of a query or subscription, in order. */
public sealed interface Output {
    /** A result. */
    public data class Result(public val row: Row) : Output

    /** A row that came out before and is no longer true; another one may follow in its place. */
    public data class AntiRow(public val row: Row) : Output

    /** Something has no value, and why. */
    public data class Diagnostic(
        /** After a warning the query goes on; an error is its last output. */
        public val severity: Severity,
        /** What happened; the text is part of the query language. */
        public val message: String,
    ) : Output

    /** All that was present when a subscription began has come out; what follows is live. */
    public data class CaughtUp(
        /** How far that reached. */
        public val offsets: Offsets,
    ) : Output

    /**
     * The next event sorts before one that has already come out: the end of a monotonic
     * subscription. Begin again before this key.
     */
    public data class TimeTravel(public val key: EventKey) : Output
}

/** How bad a diagnostic is. */
public enum class Severity { WARNING, ERROR }

/** Nothing for what this release does not know. */
internal fun StreamItem.toOutput(): Output? = when (this) {
    is StreamItem.Row -> Output.Result(Row(row))
    is StreamItem.AntiRow -> Output.AntiRow(Row(row))
    is StreamItem.Warning -> Output.Diagnostic(Severity.WARNING, text)
    is StreamItem.Error -> Output.Diagnostic(Severity.ERROR, text)
    is StreamItem.CaughtUp -> Output.CaughtUp(offsets)
    is StreamItem.TimeTravel -> Output.TimeTravel(key.toKey())
    StreamItem.Unknown -> null
}
