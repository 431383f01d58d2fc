package io.github.swarmlet

import io.github.swarmlet.internal.ConnectedPeer
import io.github.swarmlet.internal.SwarmMember
import io.github.swarmlet.internal.SwarmState
import io.github.swarmlet.internal.WaitingDevice
import java.time.Instant
import kotlin.time.Duration
import kotlin.time.Duration.Companion.microseconds

/** A swarm that was just founded. */
public class Founded internal constructor(
    /** The swarm. */
    public val swarm: String,
    /**
     * The root key, a line of text. It is given out this once and kept nowhere: who has it can make
     * issuers, so print it and put it into a safe.
     */
    public val rootKey: String,
) {
    /** Without the key, which does not belong into a log. */
    override fun toString(): String = "Founded(swarm=$swarm)"
}

/** A device of the swarm. */
public data class Member(
    /** Its identity. */
    public val node: String,
    /** What it is called. */
    public val name: String,
    /** What it may do, like `rw:sensors*,r:*`. */
    public val capabilities: String,
    /** What the operator said about it. */
    public val labels: Map<String, String>,
    /** Whether it lets others in. */
    public val isIssuer: Boolean,
    /** Whether it is out. */
    public val isRevoked: Boolean,
    /** When its certificate ends. */
    public val notAfter: Instant,
)

/** A device that waits for approval. */
public data class Pending(
    /** Its identity, with which it is approved or rejected. */
    public val device: String,
    /** What it calls itself. */
    public val name: String,
    /** Six digits. Approve the device if it shows the same. */
    public val code: String,
    /** When it asked. */
    public val since: Instant,
)

/** A connected device. */
public data class Peer(
    /** Its identity. */
    public val node: String,
    /** Where it was reached, or where it came from; empty if not known. */
    public val address: String,
    /** Whether both have the same events, as far as both have said. */
    public val isInSync: Boolean,
    /** Events that it has and this node lacks. */
    public val behind: Long,
    /** Events that this node has and it lacks. */
    public val ahead: Long,
    /** For how long one of the two was not zero; in whole seconds. */
    public val lag: Duration,
    /** How long a frame and its answer took last. */
    public val roundTrip: Duration?,
)

/** How a node stands in its swarm. */
public data class SwarmStatus(
    /** Where it listens. */
    public val listening: List<String>,
    /** The connected devices. */
    public val peers: List<Peer>,
    /** How many events of each stream some peer has and this node lacks. */
    public val toReplicate: Map<String, Long>,
    /**
     * Connections that were refused or closed: with whom, that is the address that was dialled, the
     * host that dialled, or the device, and why. The newest last; the last 32.
     */
    public val refused: List<Pair<String, String>>,
    /** What people should know of: forks, clones, refused events; the last 32. */
    public val incidents: List<String>,
    /** Whether some peer is connected, and all of them have the same as this node. */
    public val isInSync: Boolean,
)

internal fun SwarmState.toStatus(): SwarmStatus = SwarmStatus(
    listening = listening,
    peers = peers.map { it.toPeer() },
    toReplicate = toReplicate,
    refused = refused.map { it.with to it.reason },
    incidents = incidents,
    isInSync = isInSync,
)

private fun ConnectedPeer.toPeer() = Peer(
    node = node,
    address = address,
    isInSync = isInSync,
    behind = behind,
    ahead = ahead,
    lag = lagMicros.microseconds,
    roundTrip = roundTripMicros?.microseconds,
)

internal fun WaitingDevice.toPending(): Pending = Pending(device, name, code, second(since))

internal fun SwarmMember.toMember(): Member = Member(
    node = node,
    name = name,
    capabilities = capabilities,
    labels = labels,
    isIssuer = isIssuer,
    isRevoked = isRevoked,
    notAfter = second(notAfter),
)

/** The time of a timestamp in seconds; the last one that there is for what comes after it. */
private fun second(seconds: Long) =
    Instant.ofEpochSecond(seconds.coerceIn(Instant.MIN.epochSecond, Instant.MAX.epochSecond))
