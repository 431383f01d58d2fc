package io.github.swarmlet

import java.time.Instant
import kotlin.time.Duration

/**
 * For each stream id the last offset: a bound, or how far something is.
 */
public typealias Offsets = Map<String, Long>

/** The place of an event in the one total order, which is also its identity. */
public data class EventKey(
    public val lamport: Long,
    public val stream: String,
    public val offset: Long,
) : Comparable<EventKey> {
    override fun compareTo(other: EventKey): Int = ORDER.compare(this, other)

    /** The text of a node id sorts as its bytes do. */
    private fun author() = stream.substringBefore('-')

    private fun number() = stream.substringAfter('-').toLongOrNull() ?: 0

    private companion object {
        val ORDER = compareBy<EventKey> { it.lamport }
            .thenBy { it.author() }
            .thenBy { it.number() }
            .thenBy { it.offset }
    }
}

/**
 * What a publisher gives.
 *
 * A payload is `null`, a Boolean, a number, a String, a ByteArray, a list or another Iterable or
 * array of these, or a map from String to these: integers from -2^63 to 2^64 - 1, floating point
 * numbers with infinities and not-a-number, at most 1 MiB encoded and 128 levels deep.
 */
public class NewEvent(
    /** The labels of the event. */
    public val tags: Iterable<String>,
    /** What happened. */
    public val payload: Any? = null,
) {
    /** An event with one label. */
    public constructor(tag: String, payload: Any? = null) : this(listOf(tag), payload)
}

/** What became of one published event. */
public data class Published(
    /** Its place in the total order. */
    public val key: EventKey,
    /** The time it was stamped with, in microseconds since 1970-01-01 UTC. */
    public val timestamp: Long,
) {
    /** Logical clock of the event. */
    public val lamport: Long get() = key.lamport

    /** The id of the stream it went to. */
    public val stream: String get() = key.stream

    /** Its position in the stream. */
    public val offset: Long get() = key.offset

    /** The time it was stamped with. */
    public val time: Instant get() = instant(timestamp)
}

/** When a publish is done. */
public enum class Durability {
    /** After the disk confirmed it: the event survives power loss. */
    SYNCED,

    /** After it was handed to the operating system: it survives the end of the process. */
    BUFFERED,
}

/** In which order a query reads, unless its text says it. */
public enum class Order {
    /** Oldest first. */
    ASCENDING,

    /** Newest first. */
    DESCENDING,

    /** Stream by stream. */
    STREAM,
}

/**
 * How much of a stream is kept; without limits everything.
 *
 * What exceeds one of the limits is dropped, even if the others would keep it, and in whole runs:
 * so more may stay than a limit says, and with one limit alone never less.
 */
public data class Retention(
    public val eventsMax: Long? = null,
    public val bytesMax: Long? = null,
    public val ageMax: Duration? = null,
)

/**
 * How a node reaches the others of its swarm.
 *
 * The default needs no configuration on a LAN: all networks, free ports, TCP and QUIC, discovery by
 * multicast DNS. A node that is in no swarm uses no network at all.
 */
public data class Network(
    /**
     * Addresses to listen at, and nowhere else: `tcp://127.0.0.1:4001`, `quic://[::]:4001`. Port 0
     * is a free one.
     */
    public val listen: List<String> = emptyList(),
    /** Addresses to tell others instead of those it listens at. */
    public val announce: List<String> = emptyList(),
    /** Addresses to connect to, and again whenever the connection is lost. */
    public val peers: List<String> = emptyList(),
    /**
     * Patterns of the names of streams of others that are held here, `sensors`, `line*`; all of
     * them unless given.
     */
    public val holds: List<String> = emptyList(),
    /** Whether others are found, and this node is announced, by multicast DNS; on unless given. */
    public val discovery: Boolean? = null,
    /**
     * Whether peers are told where this node and others are, and addresses that they tell are
     * dialled; on unless given. With it one address that is known is enough.
     */
    public val addressExchange: Boolean? = null,
    /**
     * How many connections there may be, 2 or more: 12 unless given, for moments four more. Where
     * there are more nodes, each is connected with some of them so that all hang together.
     */
    public val connectionsMax: Int? = null,
)

/** How far a node is. */
public data class OffsetsState(
    /** For each stream the last offset that is here without a gap. */
    public val present: Offsets,
    /** How many events of each stream other nodes have and this one does not yet. */
    public val toReplicate: Map<String, Long>,
)

/** A stream of which something is here. */
public data class StreamInfo(
    public val id: String,
    public val name: String,
    /** The first offset still here. */
    public val first: Long,
    /** The last offset. */
    public val last: Long,
)

/** The time of a timestamp. */
internal fun instant(micros: Long): Instant =
    Instant.ofEpochSecond(Math.floorDiv(micros, MICROS), Math.floorMod(micros, MICROS) * 1000)

/** The timestamp of a time. */
internal fun micros(time: Instant): Long =
    Math.addExact(Math.multiplyExact(time.epochSecond, MICROS), time.nano / 1000L)

private const val MICROS = 1_000_000L
