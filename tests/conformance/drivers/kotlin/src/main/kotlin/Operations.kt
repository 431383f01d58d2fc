package io.github.swarmlet.conformance

import io.github.swarmlet.Node
import io.github.swarmlet.Results
import io.github.swarmlet.Row
import io.github.swarmlet.Subscription
import io.github.swarmlet.SwarmletException
import java.io.File
import kotlin.time.Duration
import kotlin.time.TimeSource
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.withTimeout
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull

/** What each operation of the suite does with what is open. */
internal class Operations {
    private val handles = Handles()
    private val swarms = SwarmOperations(handles)

    suspend fun reset(): Unit = handles.reset()

    suspend fun perform(op: String, arguments: Arguments): JsonElement = when (op) {
        "hello" -> shape(
            "protocol" to 1,
            "language" to "kotlin",
            "version" to Node.version,
            "merges" to emptyList<String>(),
        )
        "reset" -> done { reset() }
        "open" -> opened(arguments)
        "next", "next_impatient", "batch", "outputs", "position", "cancel" -> read(op, arguments)
        "next_change", "cancel_changes" -> swarms.performChanges(op, arguments)
        else -> {
            val node = handles.node(arguments)
            when {
                op.startsWith("swarm.") -> swarms.perform(op, node.swarm, arguments)
                op.startsWith("blobs.") -> performBlobs(op, node.blobs, arguments)
                else -> perform(op, node, arguments)
            }
        }
    }

    private suspend fun opened(arguments: Arguments): JsonElement {
        val node = Node.open(
            File(arguments.text("folder")),
            appId = arguments.textOrNull("app_id"),
            streams = arguments.streams(),
            routes = arguments.routes(),
            durability = arguments.durabilityOrNull(),
            cacheBytes = arguments.numberOrNull("cache_bytes"),
            network = arguments.networkOrNull(),
        )
        handles.keep(arguments.text("as"), node)
        return node.shown()
    }

    private suspend fun perform(op: String, node: Node, arguments: Arguments): JsonElement =
        when (op) {
            "info" -> node.shown()
            "scoped" -> {
                val scoped = node.scoped(arguments.text("app_id"))
                handles.keep(arguments.text("as"), scoped)
                scoped.shown()
            }
            "close" -> done { node.shutDown() }
            "publish" -> {
                val tags = arguments.texts("tags")
                val published = when {
                    arguments.has("payload") -> node.publish(tags, arguments.payload("payload"))
                    else -> node.publish(tags)
                }
                published.shown()
            }
            "publish_many" ->
                json(node.publishMany(arguments.events("events")).map { it.shown() })
            "offsets" -> node.offsets().let {
                shape("present" to it.present, "to_replicate" to it.toReplicate)
            }
            "streams" -> json(node.streams().map { it.shown() })
            "metrics" -> node.metrics().shown()
            else -> ask(op, node, arguments)
        }

    /** Queries and subscriptions. */
    private suspend fun ask(op: String, node: Node, arguments: Arguments): JsonElement = when (op) {
        "query" -> json(node.results(arguments).toList().map { it.shown() })
        "query_outputs" -> json(node.results(arguments).outputs().toList().map { it.shown() })
        "query_open" -> done { handles.keep(arguments.text("as"), node.results(arguments)) }
        "explain" -> {
            val (aql, lower, upper) = Bounds(arguments)
            val parameters = arguments.parameters()
            val explained = when (val order = arguments.orderOrNull()) {
                null -> node.explain(aql, lower, upper, parameters = parameters)
                else -> node.explain(aql, lower, upper, order, parameters)
            }
            explained.shown()
        }
        "subscribe" -> done { handles.keep(arguments.text("as"), node.subscribed(arguments)) }
        "wait_for" -> waitFor(node, arguments).shown()
        else -> throw BrokenException("there is no operation $op")
    }

    private suspend fun read(op: String, arguments: Arguments): JsonElement {
        val stream = handles.stream(arguments)
        return when (op) {
            "next" -> {
                val read = several(arguments, arguments.count("count")) { stream.next(it) }
                shape("rows" to read.found.map { it.shown() }, "is_ended" to read.isEnded)
            }
            "next_impatient" -> {
                val count = arguments.count("count")
                val patience = arguments.duration("patience_ms")
                val read = several(arguments, count, patience) { stream.next(it) }
                val rows = read.found.map { it.shown() }
                shape("rows" to rows, "is_ended" to read.isEnded, "given_up" to read.givenUp)
            }
            "batch" -> {
                val max = arguments.count("max")
                val read = several(arguments, 1) { stream.nextBatch(max, it) }
                val rows = read.found.flatten().map { it.shown() }
                shape("rows" to rows, "is_ended" to read.isEnded)
            }
            "outputs" -> {
                val read = several(arguments, arguments.count("count")) { stream.nextOutput(it) }
                shape("outputs" to read.found.map { it.shown() }, "is_ended" to read.isEnded)
            }
            "position" -> shape("offsets" to stream.offsets, "skipped" to stream.skipped)
            else -> done { stream.cancel() }
        }
    }
}

/** Which events a query is about. */
private class Bounds(private val arguments: Arguments) {
    operator fun component1() = arguments.text("aql")

    operator fun component2() = arguments.offsetsOrNull("lower")

    operator fun component3() = arguments.offsetsOrNull("upper")
}

private fun Node.results(arguments: Arguments): Results {
    val (aql, lower, upper) = Bounds(arguments)
    val parameters = arguments.parameters()
    return when (val order = arguments.orderOrNull()) {
        null -> query(aql, lower, upper, parameters = parameters)
        else -> query(aql, lower, upper, order, parameters)
    }
}

private fun Node.subscribed(arguments: Arguments): Subscription {
    val aql = arguments.text("aql")
    val from = arguments.offsetsOrNull("from")
    val parameters = arguments.parameters()
    return when (val follow = arguments.textOrNull("follow") ?: "all") {
        "all" -> subscribe(aql, from, parameters)
        "monotonic" -> subscribeMonotonic(aql, from, parameters)
        "latest" -> observeLatest(aql, from, parameters)
        "earliest" -> observeEarliest(aql, from, parameters)
        else -> throw BrokenException("nothing follows $follow")
    }
}

private suspend fun waitFor(node: Node, arguments: Arguments): Row {
    val aql = arguments.text("aql")
    val from = arguments.offsetsOrNull("from")
    val parameters = arguments.parameters()
    return withTimeout(arguments.duration("timeout_ms")) {
        if (!arguments.has("equals")) return@withTimeout node.waitFor(aql, from, parameters)
        val wanted = written(arguments.payload("equals"))
        node.waitFor(aql, from, parameters) { written(it.payload) == wanted }
    }
}

internal inline fun done(call: () -> Unit): JsonElement {
    call()
    return JsonNull
}

/** What was read from a stream, and how. */
private class Reading<T>(val found: List<T>, val isEnded: Boolean, val givenUp: Int)

/** Up to so many, until the time is over; each single wait is given up after the patience. */
private suspend fun <T : Any> several(
    arguments: Arguments,
    count: Int,
    patience: Duration = Duration.INFINITE,
    next: suspend (Duration) -> T?,
): Reading<T> {
    val deadline = TimeSource.Monotonic.markNow() + arguments.duration("timeout_ms")
    val found = ArrayList<T>()
    var givenUp = 0
    while (found.size < count) {
        val left = maxOf(-deadline.elapsedNow(), Duration.ZERO)
        try {
            found += next(minOf(left, patience)) ?: return Reading(found, true, givenUp)
        } catch (_: SwarmletException.Timeout) {
            givenUp += 1
            // Only an impatient wait is begun anew: one that ends early is not covered up.
            if (patience.isInfinite() || deadline.hasPassedNow()) break
        }
    }
    return Reading(found, false, givenUp)
}
