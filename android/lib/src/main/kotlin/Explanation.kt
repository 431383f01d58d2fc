package io.github.swarmlet

import io.github.swarmlet.internal.GivenOrder
import io.github.swarmlet.internal.QueryReport
import io.github.swarmlet.internal.QuerySource

/** How a query was answered; [toString] shows it to people. */
public data class Explanation(
    /** All of it, for people. */
    public val text: String,
    /** The query in normal form. */
    public val query: String,
    /**
     * Which events it starts from, with everything computed; `null` if it brings its own values.
     */
    public val selection: String?,
    /** In which order they were read. */
    public val order: Order,
    /** The stages behind `FROM`, each in normal form. */
    public val stages: List<String>,
    /** The files that were asked, oldest first; none if the query brings its own events. */
    public val sources: List<SourceReport>,
    /**
     * Events that were read for the query itself, also to see that they do not match; those read by
     * sub-queries are not counted.
     */
    public val eventsRead: Long,
    /** Rows that came out. */
    public val rows: Long,
    /** Diagnostics that came out. */
    public val diagnostics: Long,
) {
    override fun toString(): String = text
}

/** What a query found in the index of one file. */
public data class SourceReport(
    /** The name of the file, without its ending. */
    public val name: String,
    /** Whether it is a sealed segment, or a file of the log that is still being written. */
    public val isSealed: Boolean,
    /** Events in it. */
    public val events: Long,
    /** Tags and apps that were looked up. */
    public val terms: List<TermReport>,
    /** Events that are left when index and bounds have said all they know. */
    public val candidates: Long,
    /** Whether each of those still has to be looked at to know whether it matches. */
    public val isChecked: Boolean,
)

/** What the index of a file says of one tag or app. */
public data class TermReport(
    /** The tag or app as it is written in a query. */
    public val term: String,
    /** Events of the file that have it. */
    public val events: Long,
)

internal fun QueryReport.toExplanation(): Explanation = Explanation(
    text = text,
    query = query,
    selection = selection,
    order = when (order) {
        GivenOrder.ASCENDING -> Order.ASCENDING
        GivenOrder.DESCENDING -> Order.DESCENDING
        GivenOrder.STREAM -> Order.STREAM
    },
    stages = stages,
    sources = sources.map { it.toReport() },
    eventsRead = eventsRead,
    rows = rows,
    diagnostics = diagnostics,
)

private fun QuerySource.toReport() = SourceReport(
    name = name,
    isSealed = isSealed,
    events = events,
    terms = terms.map { TermReport(it.term, it.events) },
    candidates = candidates,
    isChecked = isChecked,
)
