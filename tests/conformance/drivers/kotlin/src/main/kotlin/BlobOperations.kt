package io.github.swarmlet.conformance

import io.github.swarmlet.BlobInfo
import io.github.swarmlet.BlobState
import io.github.swarmlet.Blobs
import io.github.swarmlet.Hold
import io.github.swarmlet.Keep
import java.time.Instant.EPOCH
import java.time.temporal.ChronoUnit
import kotlinx.coroutines.flow.toList
import kotlinx.serialization.json.JsonElement

// What each operation of the suite does with blobs.

internal suspend fun performBlobs(
    op: String,
    blobs: Blobs,
    arguments: Arguments,
): JsonElement = when (op) {
    "blobs.put" -> blobs.put(
        arguments.bytes("content"),
        arguments.textOrNull("name"),
        arguments.textOrNull("media_type"),
        arguments.textsIfGiven("tags"),
        arguments.holdOrNull(),
        arguments.keepOrNull(),
    ).shown()
    "blobs.get" -> {
        val start = arguments.numberOrNull("start") ?: 0
        val reader = blobs.get(arguments.text("id"), start, arguments.numberOrNull("end"))
        written(reader.read(timeout = arguments.duration("timeout_ms")))
    }
    "blobs.stat" -> {
        val stat = blobs.stat(arguments.text("id"))
        shape(
            "state" to stat.state.shown(),
            "is_pinned" to stat.isPinned,
            "records" to stat.records.map { it.shown() },
        )
    }
    "blobs.list" -> json(blobs.list().toList().map { it.shown() })
    "blobs.delete" -> json(blobs.delete(arguments.text("id")))
    else -> throw BrokenException("there is no operation $op")
}

private fun BlobInfo.shown(): JsonElement = shape(
    "id" to id,
    "size" to size,
    "name" to name,
    "media_type" to mediaType,
    "hold" to hold.shown(),
    "keep" to keep.shown(),
    "tags" to tags,
    "key" to key.shown(),
    "timestamp" to timestamp,
    "app_id" to appId,
    "collection" to collection,
)

private fun Hold.shown(): JsonElement = when (this) {
    Hold.Everyone -> json("everyone")
    Hold.OnDemand -> json("on_demand")
    is Hold.Copies -> shape("copies" to count)
    is Hold.Labels -> shape("labels" to labels)
}

private fun Keep.shown(): JsonElement = when (this) {
    Keep.Forever -> json("forever")
    Keep.WhileReferenced -> json("while_referenced")
    is Keep.Until -> shape("until" to ChronoUnit.MICROS.between(EPOCH, time))
    is Keep.UntilNext -> shape("until_next" to tags)
}

private fun BlobState.shown(): JsonElement = when (this) {
    is BlobState.Here -> shape("kind" to "here", "size" to size)
    is BlobState.Part -> shape("kind" to "part", "size" to size)
    BlobState.Absent -> shape("kind" to "absent", "size" to null)
}
