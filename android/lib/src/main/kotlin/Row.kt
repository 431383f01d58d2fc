package io.github.swarmlet

import io.github.swarmlet.internal.Key
import io.github.swarmlet.internal.ResultRow
import io.github.swarmlet.internal.RowOrigin
import java.time.Instant

/** What a row comes from. */
public sealed interface Origin {
    /** One event; the row may be its payload, or something made from it. */
    public data class Event(
        /** Its place in the total order. */
        public val key: EventKey,
        /** Wall clock of the publisher in microseconds since 1970-01-01 UTC. */
        public val timestamp: Long,
        /** The app that published it. */
        public val appId: String,
        /** The labels, in text order. */
        public val tags: List<String>,
    ) : Origin

    /** Several events. */
    public data class Range(
        /** The smallest key. */
        public val from: EventKey,
        /** The greatest key. */
        public val to: EventKey,
        /** The earliest time. */
        public val fromTime: Instant,
        /** The latest time. */
        public val toTime: Instant,
    ) : Origin

    /** None: the query itself made the row. */
    public data object Synthetic : Origin
}

/**
 * A result of a query: a value, and where it comes from.
 *
 * Rows of events have the properties of the event; those of other rows throw
 * [IllegalStateException].
 */
public class Row internal constructor(native: ResultRow) {
    private val cbor: ByteArray = native.payload

    /** What it comes from. */
    public val origin: Origin = native.origin.toOrigin()

    /** Decoded when it is first asked for. */
    @Volatile
    private var decoded: Any? = NOT_DECODED

    /**
     * The value: `null`, Boolean, Long (BigInteger beyond it), Double, String, ByteArray, List, or
     * Map in the order in which it was written. Do not change it in place.
     */
    public val payload: Any?
        get() {
            var value = decoded
            if (value === NOT_DECODED) {
                value = decode(cbor)
                decoded = value
            }
            return value
        }

    /** The value of a key of the payload; `null` if that is no map, or has no such key. */
    public operator fun get(key: String): Any? = (payload as? Map<*, *>)?.get(key)

    /** The event it comes from, if it is one. */
    public val event: Origin.Event? get() = origin as? Origin.Event

    /** The place of the event in the total order. */
    public val key: EventKey get() = one().key

    /** Logical clock of the event. */
    public val lamport: Long get() = one().key.lamport

    /** The id of the stream the event is in. */
    public val stream: String get() = one().key.stream

    /** Its position in the stream. */
    public val offset: Long get() = one().key.offset

    /** Wall clock of the publisher in microseconds since 1970-01-01 UTC. */
    public val timestamp: Long get() = one().timestamp

    /** Wall clock of the publisher. */
    public val time: Instant get() = instant(one().timestamp)

    /** The app that published it. */
    public val appId: String get() = one().appId

    /** The labels, in text order. */
    public val tags: List<String> get() = one().tags

    /** The row as the native half takes it back; `null` unless it comes from one event. */
    internal fun given(): ResultRow? = event?.let {
        val key = Key(it.key.lamport, it.key.stream, it.key.offset)
        ResultRow(cbor, RowOrigin.Event(key, it.timestamp, it.appId, it.tags))
    }

    private fun one(): Origin.Event =
        event ?: throw IllegalStateException("this row does not come from one event: $origin")

    /** Rows are equal if value and origin are. */
    override fun equals(other: Any?): Boolean =
        other is Row && origin == other.origin && cbor.contentEquals(other.cbor)

    override fun hashCode(): Int = 31 * origin.hashCode() + cbor.contentHashCode()

    override fun toString(): String = "Row(origin=$origin, payload=$payload)"

    private companion object {
        val NOT_DECODED = Any()
    }
}

internal fun Key.toKey(): EventKey = EventKey(lamport, stream, offset)

private fun RowOrigin.toOrigin(): Origin = when (this) {
    is RowOrigin.Event -> Origin.Event(key.toKey(), timestamp, appId, tags)
    is RowOrigin.Range -> Origin.Range(from.toKey(), to.toKey(), instant(fromTime), instant(toTime))
    RowOrigin.Synthetic -> Origin.Synthetic
}
