package io.github.swarmlet

import io.github.swarmlet.internal.Following
import io.github.swarmlet.internal.GivenEvent
import java.io.File
import kotlin.time.Duration
import kotlinx.coroutines.runBlocking
import io.github.swarmlet.internal.Node as NativeNode

/**
 * An open node: a durable log of events in a folder of its own.
 *
 * It may be used from any coroutine and any thread. Close it when it is of no more use; what is
 * left open when the JVM ends is closed then.
 */
public class Node private constructor(private val native: NativeNode) : AutoCloseable {
    init {
        OpenNodes.add(this)
    }

    /** The identity of this device: 43 characters. */
    public val id: String get() = calling("id") { native.id() }

    /** The app in whose name this handle publishes. */
    public val appId: String get() = calling("app_id") { native.appId() }

    /** A handle of the same node for another app. Closing either closes the node. */
    public fun scoped(appId: String): Node = calling("scoped") { Node(native.scoped(appId)) }

    /**
     * Publishes one event; it is durable when this returns. [NewEvent] says what a payload can be.
     *
     * Cancelling the wait does not take the event back.
     */
    public suspend fun publish(tags: Iterable<String>, payload: Any? = null): Published =
        publishMany(listOf(NewEvent(tags, payload))).single()

    /** Publishes one event with one tag. */
    public suspend fun publish(tag: String, payload: Any? = null): Published =
        publish(listOf(tag), payload)

    /**
     * Publishes events together: after a crash all of them are there, or none.
     *
     * At most 16384 events and 4 MiB. Cancelling the wait does not take them back.
     */
    public suspend fun publishMany(events: Iterable<NewEvent>): List<Published> {
        val given = events.map { event ->
            GivenEvent(event.tags.toList(), PayloadWriter("publish").encode(event.payload))
        }
        return awaiting("publish") { native.publish(given) }.map { receipt ->
            Published(receipt.key.toKey(), receipt.timestamp)
        }
    }

    /**
     * The results of what is present now.
     *
     * @param lower only events after these offsets
     * @param upper only events up to these offsets, and none of streams that it does not name
     * @param order unless the text says it
     * @param parameters what `$name` stands for in the text: a payload, or an Instant for a time;
     * values never become part of the text
     */
    public fun query(
        aql: String,
        lower: Offsets? = null,
        upper: Offsets? = null,
        order: Order = Order.ASCENDING,
        parameters: Map<String, Any?> = emptyMap(),
    ): Results = calling("query") {
        Results(native.query(aql, givenQuery("query", lower, upper, order, parameters)))
    }

    /**
     * All results after the given offsets: of what is present, then of what comes.
     *
     * Results of `AGGREGATE` and `GROUP BY` come once for what is present and again whenever they
     * have changed.
     */
    public fun subscribe(
        aql: String,
        from: Offsets? = null,
        parameters: Map<String, Any?> = emptyMap(),
    ): Subscription = follow(aql, from, parameters, Following.ALL)

    /**
     * As [subscribe], in the order of event keys also between streams. It ends when an event
     * arrives that sorts before one that was delivered: with [Output.TimeTravel] among the outputs,
     * and with [SwarmletException.Closed] for those who look at rows only.
     */
    public fun subscribeMonotonic(
        aql: String,
        from: Offsets? = null,
        parameters: Map<String, Any?> = emptyMap(),
    ): Subscription = follow(aql, from, parameters, Following.MONOTONIC)

    /** The latest result of a query by event key, if there is one, and then every later one. */
    public fun observeLatest(
        aql: String,
        from: Offsets? = null,
        parameters: Map<String, Any?> = emptyMap(),
    ): Subscription = follow(aql, from, parameters, Following.LATEST)

    /** The earliest result of a query by event key; another row if an older event arrives. */
    public fun observeEarliest(
        aql: String,
        from: Offsets? = null,
        parameters: Map<String, Any?> = emptyMap(),
    ): Subscription = follow(aql, from, parameters, Following.EARLIEST)

    /**
     * The first row of a subscription for which the condition holds.
     *
     * Bound the wait with `withTimeout`. Throws [SwarmletException.Cancelled] if the query ends
     * without such a row.
     */
    public suspend fun waitFor(
        aql: String,
        from: Offsets? = null,
        parameters: Map<String, Any?> = emptyMap(),
        condition: (Row) -> Boolean = { true },
    ): Row = subscribe(aql, from, parameters).use { rows ->
        while (true) {
            val row = rows.next() ?: break
            if (condition(row)) return row
        }
        val text = "the query ended before the condition was met"
        throw refused("cancelled", "wait_for", text)
    }

    /** Runs a query to its end without its results, and says how that was done. */
    public suspend fun explain(
        aql: String,
        lower: Offsets? = null,
        upper: Offsets? = null,
        order: Order = Order.ASCENDING,
        parameters: Map<String, Any?> = emptyMap(),
    ): Explanation = awaiting("explain") {
        native.explain(aql, givenQuery("explain", lower, upper, order, parameters)).toExplanation()
    }

    /** How far the node is. */
    public fun offsets(): OffsetsState = calling("offsets") {
        native.offsets().let { OffsetsState(it.present, it.toReplicate) }
    }

    /** The streams of which something is here. */
    public fun streams(): List<StreamInfo> = calling("streams") {
        native.streams().map { StreamInfo(it.id, it.name, it.first, it.last) }
    }

    /** This node's place in its swarm: founding one, joining one, and how far everybody is. */
    public val swarm: Swarm get() = calling("swarm") { Swarm(native.swarm()) }

    /** The node's blobs: storing large bytes, and reading those that some device has stored. */
    public val blobs: Blobs get() = calling("blobs") { Blobs(native.blobs()) }

    /** What the node has counted and measured since it was opened. */
    public fun metrics(): Metrics = calling("metrics") { native.metrics().toMetrics() }

    /**
     * Writes what is queued, stops, and releases the folder. Fine to call twice.
     *
     * Streams of the node end with [SwarmletException.Closed], once they are read empty.
     */
    public suspend fun shutDown() {
        awaiting("close") { native.shutDown() }
        OpenNodes.remove(this)
    }

    /** [shutDown] for those who do not suspend: blocks the thread until it is done. */
    override fun close(): Unit = runBlocking { shutDown() }

    override fun toString(): String = try {
        "Node(id=$id, appId=$appId)"
    } catch (error: SwarmletException) {
        "Node(${error.code})"
    }

    private fun follow(
        aql: String,
        from: Offsets?,
        parameters: Map<String, Any?>,
        following: Following,
    ): Subscription = calling("subscribe") {
        val given = givenParameters("subscribe", parameters)
        Subscription(native.subscribe(aql, from, given, following))
    }

    public companion object {
        /** The version of Swarmlet. */
        public val version: String
            get() {
                Library.ensureLoaded()
                return Library.version
            }

        /**
         * Opens the folder, which is made on first use, and recovers its log.
         *
         * @param appId the app that publishes, a reverse DNS name
         * @param streams further streams by name, and how much of each is kept
         * @param routes tag expressions and the streams that matching events go to; the first one
         * that matches decides, everything else goes to `default`
         * @param durability when a publish is done: synced unless given
         * @param cacheBytes memory for blocks of the log that were read
         * @param network how others of the swarm are reached
         * @param blobsBytesMax how many bytes blobs may take on this device; no limit unless given.
         * Where they are used up, what need not be here gives way
         * @param blobsSweepPeriod how often it is looked which blobs no record keeps any more
         */
        // A duration among the parameters would give it a name that Java cannot call.
        @JvmName("open")
        public suspend fun open(
            folder: File,
            appId: String? = null,
            streams: Map<String, Retention?> = emptyMap(),
            routes: Map<String, String> = emptyMap(),
            durability: Durability? = null,
            cacheBytes: Long? = null,
            network: Network? = null,
            blobsBytesMax: Long? = null,
            blobsSweepPeriod: Duration? = null,
        ): Node {
            Library.ensureLoaded()
            Logs.start()
            val options = givenOptions(
                appId, streams, routes, durability, cacheBytes, network, blobsBytesMax,
                blobsSweepPeriod,
            )
            return awaiting("open") { Node(NativeNode.open(folder.path, options)) }
        }
    }
}
