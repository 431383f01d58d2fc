package io.github.swarmlet

import io.github.swarmlet.internal.Durations
import io.github.swarmlet.internal.LogCounts
import io.github.swarmlet.internal.NodeMetrics
import kotlin.time.Duration
import kotlin.time.Duration.Companion.microseconds

/** What a node has counted and measured since it was opened. */
public data class Metrics(
    /** What the log counts. */
    public val log: LogStats,
    /** From the call of `publish` to its acknowledgement. */
    public val publish: Histogram,
    /** One commit group: stamping, signing, writing and syncing. */
    public val append: Histogram,
    /** One sync of the disk by the log. */
    public val sync: Histogram,
    /** One read of the log, for a query or a subscription. */
    public val query: Histogram,
    /** Reads of the log that failed. */
    public val queryFailures: Long,
    /** Publish calls that failed after they were queued. */
    public val publishFailures: Long,
    /** Bytes of events waiting to be written. */
    public val queueBytes: Long,
    /** Queries whose results are held now. */
    public val resultsOpen: Long,
    /** Subscriptions held now. */
    public val subscriptionsOpen: Long,
    /** Pieces of background work done: sealing, merging, dropping. */
    public val maintenanceSteps: Long,
    /** Pieces of background work that failed; they are tried again. */
    public val maintenanceFailures: Long,
    /** What background work failed with, if the last attempt did: the node is not healthy. */
    public val maintenanceError: String?,
)

/** What the log counts. */
public data class LogStats(
    /** Events committed by this node. */
    public val eventsCommitted: Long,
    /** Bytes of commit groups appended to the log. */
    public val bytesCommitted: Long,
    /** Commit groups, each with one sync. */
    public val groupsCommitted: Long,
    /** Events in the store, dropped ones not counted. */
    public val eventsStored: Long,
    /** Bytes of log files, including preallocated space. */
    public val logBytes: Long,
    /** Log files that are not sealed yet. */
    public val logFiles: Long,
    /** Bytes of sealed segments. */
    public val segmentBytes: Long,
    /** Sealed segments. */
    public val segments: Long,
    /** Log files sealed. */
    public val seals: Long,
    /** Merges of segments. */
    public val merges: Long,
    /** Segments rewritten without what retention gave up. */
    public val drops: Long,
    /** Bytes of torn writes set aside at opening. */
    public val bytesSetAside: Long,
    /** Blocks found in the cache. */
    public val cacheHits: Long,
    /** Blocks read from disk. */
    public val cacheMisses: Long,
    /** Bytes in the cache. */
    public val cacheBytes: Long,
)

/** Durations, counted by their size. */
public data class Histogram(
    public val count: Long,
    public val sum: Duration,
    /** For each bucket its upper bound and how many durations fell into it. */
    public val buckets: List<Pair<Duration, Long>>,
) {
    /** The upper bound of the bucket with the given part (0 to 1) of all durations below. */
    public fun quantile(part: Double): Duration? {
        var left = part * count
        for ((bound, durations) in buckets) {
            left -= durations
            if (left <= 0 && count > 0) return bound
        }
        return null
    }
}

internal fun NodeMetrics.toMetrics(): Metrics = Metrics(
    log = log.toStats(),
    publish = publish.toHistogram(),
    append = append.toHistogram(),
    sync = sync.toHistogram(),
    query = query.toHistogram(),
    queryFailures = queryFailures,
    publishFailures = publishFailures,
    queueBytes = queueBytes,
    resultsOpen = resultsOpen,
    subscriptionsOpen = subscriptionsOpen,
    maintenanceSteps = maintenanceSteps,
    maintenanceFailures = maintenanceFailures,
    maintenanceError = maintenanceError,
)

private fun LogCounts.toStats() = LogStats(
    eventsCommitted = eventsCommitted,
    bytesCommitted = bytesCommitted,
    groupsCommitted = groupsCommitted,
    eventsStored = eventsStored,
    logBytes = logBytes,
    logFiles = logFiles,
    segmentBytes = segmentBytes,
    segments = segments,
    seals = seals,
    merges = merges,
    drops = drops,
    bytesSetAside = bytesSetAside,
    cacheHits = cacheHits,
    cacheMisses = cacheMisses,
    cacheBytes = cacheBytes,
)

private fun Durations.toHistogram(): Histogram {
    val bounds = boundsMicros.map { it.microseconds } + Duration.INFINITE
    return Histogram(count, sumMicros.microseconds, bounds.zip(counts))
}
