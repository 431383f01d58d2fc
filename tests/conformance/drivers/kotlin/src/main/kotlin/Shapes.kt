package io.github.swarmlet.conformance

import io.github.swarmlet.EventKey
import io.github.swarmlet.Explanation
import io.github.swarmlet.Member
import io.github.swarmlet.Metrics
import io.github.swarmlet.Node
import io.github.swarmlet.Order
import io.github.swarmlet.Origin
import io.github.swarmlet.Output
import io.github.swarmlet.Peer
import io.github.swarmlet.Pending
import io.github.swarmlet.Published
import io.github.swarmlet.Row
import io.github.swarmlet.Severity
import io.github.swarmlet.StreamInfo
import io.github.swarmlet.SwarmStatus
import io.github.swarmlet.SwarmletException
import java.time.Instant
import java.time.temporal.ChronoUnit
import kotlinx.coroutines.TimeoutCancellationException
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive

// What the library answers, in the notation of the protocol.

/** A value of the protocol. */
internal fun json(value: Any?): JsonElement = when (value) {
    null -> JsonNull
    is JsonElement -> value
    is Boolean -> JsonPrimitive(value)
    is Number -> JsonPrimitive(value)
    is String -> JsonPrimitive(value)
    is List<*> -> JsonArray(value.map(::json))
    is Map<*, *> -> JsonObject(value.entries.associate { "${it.key}" to json(it.value) })
    else -> throw BrokenException("an answer of type ${value.javaClass.name}")
}

/** An object of the protocol. */
internal fun shape(vararg fields: Pair<String, Any?>): JsonElement = json(mapOf(*fields))

internal fun Node.shown(): JsonElement = shape("id" to id, "app_id" to appId)

internal fun EventKey.shown(): JsonElement =
    shape("lamport" to lamport, "stream" to stream, "offset" to offset)

internal fun Published.shown(): JsonElement =
    shape("key" to key.shown(), "timestamp" to timestamp)

internal fun Row.shown(): JsonElement {
    val payload = "payload" to written(payload)
    return when (val origin = origin) {
        is Origin.Event -> shape(
            payload,
            "origin" to "event",
            "key" to origin.key.shown(),
            "timestamp" to origin.timestamp,
            "app_id" to origin.appId,
            "tags" to origin.tags,
        )
        is Origin.Range -> shape(
            payload,
            "origin" to "range",
            "key_range" to listOf(origin.from.shown(), origin.to.shown()),
            "time_range" to listOf(micros(origin.fromTime), micros(origin.toTime)),
        )
        Origin.Synthetic -> shape(payload, "origin" to "synthetic")
    }
}

internal fun Output.shown(): JsonElement = when (this) {
    is Output.Result -> shape("row" to row.shown())
    is Output.AntiRow -> shape("anti_row" to row.shown())
    is Output.Diagnostic -> {
        val word = when (severity) {
            Severity.WARNING -> "warning"
            Severity.ERROR -> "error"
        }
        shape("diagnostic" to shape("severity" to word, "message" to message))
    }
    is Output.CaughtUp -> shape("caught_up" to offsets)
    is Output.TimeTravel -> shape("time_travel" to key.shown())
}

internal fun Explanation.shown(): JsonElement = shape(
    "query" to query,
    "selection" to selection,
    "order" to when (order) {
        Order.ASCENDING -> "asc"
        Order.DESCENDING -> "desc"
        Order.STREAM -> "stream"
    },
    "stages" to stages,
    "events_read" to eventsRead,
    "rows" to rows,
    "diagnostics" to diagnostics,
)

internal fun StreamInfo.shown(): JsonElement =
    shape("id" to id, "name" to name, "first" to first, "last" to last)

internal fun Metrics.shown(): JsonElement = shape(
    "events_committed" to log.eventsCommitted,
    "events_stored" to log.eventsStored,
    "publishes" to publish.count,
    "publish_failures" to publishFailures,
    "query_failures" to queryFailures,
    "results_open" to resultsOpen,
    "subscriptions_open" to subscriptionsOpen,
)

internal fun Pending.shown(): JsonElement =
    shape("device" to device, "name" to name, "code" to code, "since_s" to since.epochSecond)

internal fun Member.shown(): JsonElement = shape(
    "node" to node,
    "name" to name,
    "capabilities" to capabilities,
    "labels" to labels,
    "is_issuer" to isIssuer,
    "is_revoked" to isRevoked,
    "not_after_s" to notAfter.epochSecond,
)

internal fun SwarmStatus.shown(): JsonElement = shape(
    "listening" to listening,
    "is_in_sync" to isInSync,
    "to_replicate" to toReplicate,
    "refused" to refused.map { it.toList() },
    "incidents" to incidents,
    "peers" to peers.map { it.shown() },
)

private fun Peer.shown() = shape(
    "node" to node,
    "address" to address,
    "is_in_sync" to isInSync,
    "behind" to behind,
    "ahead" to ahead,
    "lag_s" to lag.inWholeSeconds,
    "round_trip" to roundTrip?.inWholeMicroseconds,
)

private fun micros(time: Instant) = ChronoUnit.MICROS.between(Instant.EPOCH, time)

/** What became of a call that threw. */
internal fun failure(error: Throwable): Pair<String, JsonElement> = when (error) {
    is SwarmletException -> "error" to shape(
        "code" to error.code,
        "number" to error.number,
        "advice" to error.advice.code,
        "operation" to error.operation,
        "message" to error.message,
        "details" to error.details,
    )
    // A number that the driver itself could not read.
    is NumberFormatException -> "broken" to json(error.stackTraceToString())
    is RefusedException, is IllegalArgumentException, is TimeoutCancellationException ->
        "refused" to json("$error")
    else -> "broken" to json(error.stackTraceToString())
}
