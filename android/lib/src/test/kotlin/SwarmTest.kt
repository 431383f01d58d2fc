package io.github.swarmlet

import java.io.File
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeoutOrNull
import kotlinx.coroutines.yield
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNotEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

class SwarmTest {
    @TempDir
    lateinit var folder: File

    private suspend fun open(name: String): Node {
        val network = Network(listen = listOf("tcp://127.0.0.1:0"), discovery = false)
        return Node.open(folder.resolve(name), durability = Durability.BUFFERED, network = network)
    }

    /** Runs the test with an issuer and another node that is in no swarm yet. */
    private fun withTwo(test: suspend CoroutineScope.(Node, Node) -> Unit) = tested {
        open("issuer").use { issuer ->
            issuer.swarm.create("plant", "dashboard")
            open("press").use { press -> test(issuer, press) }
        }
    }

    private suspend fun joined(issuer: Node, node: Node, name: String = "press-7") {
        node.swarm.join(issuer.swarm.invite(), name, timeout = 30.seconds)
    }

    @Test
    fun `a device that was invited gets all events`() = withTwo { issuer, press ->
        issuer.publish("before", 1)
        press.publish("alone", 2)
        joined(issuer, press)
        assertEquals(issuer.swarm.id, press.swarm.id)
        press.swarm.waitInSync(30.seconds)
        val seen = async { issuer.waitFor("FROM 'live'") }
        press.publish("live", 3)
        assertEquals(press.id, seen.await().stream.substringBefore('-'))
        assertEquals(2L, issuer.waitFor("FROM 'alone'").payload)
        assertEquals(1L, press.waitFor("FROM 'before'").payload)
        val members = issuer.swarm.members().associateBy { it.name }
        assertEquals(setOf("dashboard", "press-7"), members.keys)
        assertTrue(members.getValue("dashboard").isIssuer)
        assertEquals(press.id, members.getValue("press-7").node)
        assertEquals(press.id, issuer.swarm.peers().single().node)
    }

    @Test
    fun `changes tell how far everybody is`() = withTwo { issuer, press ->
        assertTrue(issuer.swarm.status().listening.single().startsWith("tcp://127.0.0.1:"))
        val connected = async { issuer.swarm.changes().first { it.isInSync } }
        yield()
        joined(issuer, press)
        assertEquals(press.id, connected.await().peers.single().node)
        issuer.swarm.changes().use { changes ->
            changes.next()
            press.shutDown()
            // Nothing is lost by waits that are given up.
            do {
                val status = withTimeoutOrNull(1.milliseconds) { changes.next() }
            } while (status == null || status.peers.isNotEmpty())
        }
        val open = issuer.swarm.changes()
        open.next()
        issuer.shutDown()
        var error: Throwable? = null
        while (error == null) error = runCatching { open.next() }.exceptionOrNull()
        assertTrue(error is SwarmletException.Closed, "$error")
    }

    @Test
    fun `a device that asks is compared and approved`() = withTwo { issuer, press ->
        val code = press.swarm.ask(issuer.swarm.status().listening.single(), "press-7", 30.seconds)
        val waiting = async { press.swarm.waitJoined(30.seconds) }
        val pending = issuer.swarm.pending().single()
        assertEquals(code, pending.code)
        assertEquals(6, code.length)
        assertEquals(press.id, pending.device)
        issuer.swarm.approve(pending.device, "rw:*", labels = mapOf("line" to "2"))
        waiting.await()
        val member = issuer.swarm.members().first { it.node == press.id }
        assertEquals(mapOf("line" to "2"), member.labels)
        assertEquals("press-7", member.name)
    }

    @Test
    fun `a device that was revoked is out`() = withTwo { issuer, press ->
        joined(issuer, press)
        press.swarm.waitInSync(30.seconds)
        issuer.swarm.revoke(press.id, "stolen")
        issuer.swarm.changes().first { it.peers.isEmpty() }
        assertTrue(issuer.swarm.members().first { it.node == press.id }.isRevoked)
    }

    @Test
    fun `invites are used up and taken back`() = withTwo { issuer, press ->
        val invite = issuer.swarm.invite("r:*", name = "tablet", uses = 2, valid = 1.hours)
        assertTrue(issuer.swarm.withdraw(invite))
        assertFalse(issuer.swarm.withdraw(invite))
        failingHere<SwarmletException.InvalidArgument> { press.swarm.join("no invite", "press-7") }
        val late = failingHere<SwarmletException.InvalidArgument> {
            press.swarm.join(invite, "a", 30.seconds)
        }
        assertEquals("swarm.join", late.operation)
        failingHere<SwarmletException.InvalidArgument> { issuer.swarm.invite("nonsense") }
        failingHere<SwarmletException.InvalidArgument> { issuer.swarm.invite(uses = -1) }
        failingHere<SwarmletException.InvalidArgument> { issuer.swarm.revoke("nobody", "x") }
        failingHere<SwarmletException.AlreadyExists> { issuer.swarm.create("plant", "again") }
        failingHere<SwarmletException.Unavailable> { press.swarm.invite() }
    }

    @Test
    fun `a wait that is cancelled or takes too long ends`() = withTwo { issuer, press ->
        failingHere<SwarmletException.Timeout> { issuer.swarm.waitInSync(20.milliseconds) }
        val waiting = launch { issuer.swarm.waitInSync() }
        yield()
        waiting.cancelAndJoin()
        assertNull(withTimeoutOrNull(20.milliseconds) { press.swarm.waitJoined() })
        press.swarm.networkChanged()
        issuer.swarm.networkChanged()
    }

    @Test
    fun `the root key is given once and not shown by accident`(): Unit = tested {
        open("issuer").use { issuer ->
            assertNull(issuer.swarm.id)
            val founded = issuer.swarm.create("plant", "dashboard")
            assertEquals(issuer.swarm.id, founded.swarm)
            assertFalse(founded.rootKey in founded.toString())
            issuer.swarm.becomeIssuer(founded.rootKey)
            failingHere<SwarmletException.InvalidArgument> { issuer.swarm.becomeIssuer("x") }
            assertNotEquals(founded.swarm, founded.rootKey)
        }
    }

    @Test
    fun `an invite is a picture too`(): Unit = withTwo { issuer, _ ->
        val invite = issuer.swarm.invite()
        assertTrue(QrCode(invite).svg().startsWith("<?xml") || "<svg" in QrCode(invite).svg())
        assertTrue(QrCode(invite).terminal().lines().size > 10)
        failingHere<SwarmletException.InvalidArgument> { QrCode("x".repeat(2332)).svg() }
    }
}
