package io.github.swarmlet

import io.github.swarmlet.internal.GivenTerms
import kotlin.time.Duration
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.FlowCollector
import io.github.swarmlet.internal.Changes as NativeChanges
import io.github.swarmlet.internal.Swarm as NativeSwarm

/**
 * A node's place in its swarm: founding one, joining one, and how far everybody is.
 *
 * Calls that change who is a member return when that is durable. Calls that wait for other devices
 * take a timeout, without which they wait until the node is closed, and throw
 * [SwarmletException.Timeout] after it; cancelling them ends the wait, while the node goes on
 * trying.
 */
public class Swarm internal constructor(private val native: NativeSwarm) {
    /** The swarm that this node is in, or wants to join. */
    public val id: String? get() = calling("swarm.id") { native.id() }

    /**
     * Founds a swarm with this node, called [device], as its first member and issuer. Its events
     * stay; from here on it uses the network.
     *
     * Throws [SwarmletException.AlreadyExists] if the node is in a swarm,
     * [SwarmletException.Network] if the network cannot be used.
     */
    public suspend fun create(name: String, device: String): Founded = awaiting("swarm.create") {
        native.create(name, device).let { Founded(it.swarm, it.rootKey) }
    }

    /**
     * Makes this node an issuer, with the root key that [create] returned.
     *
     * Throws [SwarmletException.PermissionDenied] if the key is one of another swarm.
     */
    public suspend fun becomeIssuer(rootKey: String): Unit = awaiting("swarm.become_issuer") {
        native.becomeIssuer(rootKey)
    }

    /**
     * Makes an invite: one line of text that lets a device in, with addresses of this node.
     *
     * @param capabilities what the device may do, `rw:*` unless given, like `rw:sensors*,r:*`
     * @param name what it is called; otherwise what it calls itself
     * @param labels what the operator says about it
     * @param uses how many devices may use it, one unless given
     * @param valid for how long, 24 hours unless given
     *
     * Throws [SwarmletException.PermissionDenied] if this node is no issuer,
     * [SwarmletException.Unavailable] if it is in no swarm.
     */
    public suspend fun invite(
        capabilities: String? = null,
        name: String? = null,
        labels: Map<String, String> = emptyMap(),
        uses: Int? = null,
        valid: Duration? = null,
    ): String = awaiting("swarm.invite") {
        native.invite(terms(capabilities, name, labels, uses, valid))
    }

    /** Takes an invite back: nobody else is let in by it. Says whether it was still good. */
    public suspend fun withdraw(invite: String): Boolean = awaiting("swarm.withdraw") {
        native.withdraw(invite)
    }

    /**
     * Joins a swarm by an invite, as [name]. Events that were published alone come along.
     *
     * Throws [SwarmletException.InvalidArgument] for an invite that cannot be read, is used up or
     * too old; [SwarmletException.AlreadyExists] if the node is in a swarm;
     * [SwarmletException.Timeout] if the issuer was not reached.
     */
    public suspend fun join(invite: String, name: String, timeout: Duration? = null): Unit =
        awaiting("swarm.join") { native.join(invite, name, timeout?.micros) }

    /**
     * Asks the issuer at [address] to let this node in, without an invite.
     *
     * Returns six digits, which a person compares with those that the issuer shows ([pending]) and
     * then approves; [waitJoined] waits for that. Throws [SwarmletException.AlreadyExists] if it
     * was let in without a comparison.
     */
    public suspend fun ask(address: String, name: String, timeout: Duration? = null): String =
        awaiting("swarm.ask") { native.ask(address, name, timeout?.micros) }

    /**
     * Waits until this node was let in. Throws [SwarmletException.PermissionDenied] if a person
     * said no.
     */
    public suspend fun waitJoined(timeout: Duration? = null): Unit = awaiting("swarm.wait_joined") {
        native.waitJoined(timeout?.micros)
    }

    /** The devices that wait for approval by this issuer. */
    public suspend fun pending(): List<Pending> = awaiting("swarm.pending") {
        native.pending().map { it.toPending() }
    }

    /**
     * Lets a waiting device in, with what [invite] gives. It learns of that within seconds.
     *
     * Throws [SwarmletException.InvalidArgument] if it does not wait.
     */
    public suspend fun approve(
        device: String,
        capabilities: String? = null,
        name: String? = null,
        labels: Map<String, String> = emptyMap(),
    ): Unit = awaiting("swarm.approve") {
        native.approve(device, terms(capabilities, name, labels, null, null))
    }

    /** Sends a waiting device away. */
    public suspend fun reject(device: String): Unit = awaiting("swarm.reject") {
        native.reject(device)
    }

    /** Lets a device in whose identity is known beforehand, when it asks. */
    public suspend fun preauthorise(
        device: String,
        capabilities: String? = null,
        name: String? = null,
        labels: Map<String, String> = emptyMap(),
        valid: Duration? = null,
    ): Unit = awaiting("swarm.preauthorise") {
        native.preauthorise(device, terms(capabilities, name, labels, null, valid))
    }

    /** All devices of the swarm that this node knows, by identity. */
    public suspend fun members(): List<Member> = awaiting("swarm.members") {
        native.members().map { it.toMember() }
    }

    /**
     * Puts a device out, for good: its sessions close at once, and of its events every node keeps
     * what this one has now.
     */
    public suspend fun revoke(device: String, reason: String): Unit = awaiting("swarm.revoke") {
        native.revoke(device, reason)
    }

    /**
     * Renews the certificate of a device: what it may do stays, its time begins anew.
     *
     * Issuers do that by themselves when less than a quarter of the time is left, so this is for a
     * device that was away until long after.
     */
    public suspend fun renew(device: String): Unit = awaiting("swarm.renew") {
        native.renew(device)
    }

    /** How this node stands in the swarm now. */
    public fun status(): SwarmStatus = calling("swarm.status") { native.status().toStatus() }

    /** The connected devices. */
    public fun peers(): List<Peer> = status().peers

    /** The status now, and then whenever it has changed. */
    public fun changes(): Changes = calling("swarm.changes") { Changes(native.changes()) }

    /**
     * Waits until some peer is connected and all connected peers have the same events as this node,
     * those that it had at the time of the call in any case.
     */
    public suspend fun waitInSync(timeout: Duration? = null): Unit =
        awaiting("swarm.wait_in_sync") { native.waitInSync(timeout?.micros) }

    /** To be called when the device has changed networks: everything is dialled anew at once. */
    public fun networkChanged(): Unit = calling("swarm.network_changed") { native.networkChanged() }

    override fun toString(): String = try {
        "Swarm(id=$id)"
    } catch (error: SwarmletException) {
        "Swarm(${error.code})"
    }
}

/**
 * The status now, and then the newest whenever it has changed; who is slow misses what was in
 * between.
 *
 * A collector that stops ends it, as do [close] and dropping it; closing the node ends it with
 * [SwarmletException.Closed]. A wait in [next] that is cancelled loses nothing.
 */
public class Changes internal constructor(private val native: NativeChanges) :
    Flow<SwarmStatus>,
    AutoCloseable {
    override suspend fun collect(collector: FlowCollector<SwarmStatus>): Unit =
        OneByOne(::close) { next() }.collect(collector)

    /** The newest status that was not handed out yet, `null` at the end. */
    public suspend fun next(): SwarmStatus? {
        while (true) {
            val status = calling("swarm.changes") { native.take() }
            if (status != null) return status.toStatus()
            if (!awaiting("swarm.changes") { native.ready() }) return null
        }
    }

    /** Ends the stream, also for those who wait for it. Fine to call twice. */
    public fun cancel(): Unit = calling("swarm.changes") { native.cancel() }

    /** The same as [cancel]. */
    override fun close(): Unit = cancel()
}

private fun terms(
    capabilities: String?,
    name: String?,
    labels: Map<String, String>,
    uses: Int?,
    valid: Duration?,
) = GivenTerms(capabilities, name, labels, uses?.toLong(), valid?.micros)
