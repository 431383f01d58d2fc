package io.github.swarmlet.android

import io.github.swarmlet.Durability
import io.github.swarmlet.Network
import io.github.swarmlet.Node
import io.github.swarmlet.SwarmletException
import java.io.File
import java.io.IOException
import java.util.concurrent.CopyOnWriteArrayList
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.TimeoutCancellationException
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

/** The nodes are real, what belongs to Android is not. */
class NodeKeeperTest {
    @TempDir
    lateinit var folder: File

    /** What happened, in order. */
    private val story = CopyOnWriteArrayList<String>()

    private inner class Lock(private val name: String) : Hold {
        override fun take() {
            story.add("take $name")
        }

        override fun release() {
            story.add("release $name")
        }
    }

    /** What the system refuses. */
    private inner class Refused : Hold, Signal {
        override fun take(): Unit = throw SecurityException("no permission")

        override fun release() = error("it was not taken")

        override fun watch(changed: () -> Unit): AutoCloseable =
            throw SecurityException("no permission")
    }

    private inner class Bell : Signal {
        private val watchers = CopyOnWriteArrayList<() -> Unit>()

        override fun watch(changed: () -> Unit): AutoCloseable {
            story.add("watch")
            watchers.add(changed)
            return AutoCloseable {
                story.add("forget")
                watchers.remove(changed)
            }
        }

        fun ring() = watchers.forEach { it() }
    }

    private val bell = Bell()

    private suspend fun opened(): Node {
        story.add("open")
        val network = Network(listen = listOf("tcp://127.0.0.1:0"), discovery = false)
        val node = File(folder, "node")
        return Node.open(node, durability = Durability.BUFFERED, network = network)
    }

    private fun keeper(open: suspend () -> Node = ::opened) =
        NodeKeeper(open, listOf(Lock("multicast"), Lock("wifi")), listOf(bell))

    private suspend inline fun <reified T : NodeState> NodeKeeper.waitFor(): T =
        state.first { it is T } as T

    private fun tested(test: suspend () -> Unit): Unit =
        runBlocking { withTimeout(60.seconds) { test() } }

    @Test
    fun `locks are held exactly while the node is open`() = tested {
        val keeper = keeper()
        keeper.start()
        val node = keeper.waitFor<NodeState.Open>().node
        assertEquals(listOf("take multicast", "take wifi", "open", "watch"), story)
        node.publish("n", 1)
        story.clear()
        keeper.stop()
        keeper.waitFor<NodeState.Closed>()
        keeper.start()
        val again = keeper.waitFor<NodeState.Open>().node
        val closing = listOf("forget", "release wifi", "release multicast")
        assertEquals(closing + listOf("take multicast", "take wifi", "open", "watch"), story)
        assertEquals(0L, again.offsets().present["${again.id}-0"])
        assertThrows(SwarmletException.Closed::class.java) { runBlocking { node.publish("n", 2) } }
        keeper.end()
        keeper.waitFor<NodeState.Closed>()
    }

    @Test
    fun `starting and stopping many times ends as it was asked last`() = tested {
        val keeper = keeper()
        repeat(50) {
            keeper.start()
            keeper.stop()
        }
        keeper.start()
        keeper.start()
        keeper.waitFor<NodeState.Open>().node.publish("n", 1)
        keeper.end()
        keeper.waitFor<NodeState.Closed>()
        opened().close()
        assertEquals(story.count { it == "take wifi" }, story.count { it == "release wifi" })
    }

    @Test
    fun `a node that cannot be opened holds nothing and can be tried again`() = tested {
        val other = opened()
        val keeper = keeper()
        keeper.start()
        val failed = keeper.waitFor<NodeState.Failed>()
        assertTrue(failed.error is SwarmletException.Locked, "${failed.error}")
        assertEquals(listOf("release wifi", "release multicast"), story.takeLast(2))
        other.close()
        keeper.start()
        keeper.waitFor<NodeState.Open>()
        keeper.end()
    }

    /** What fails shows, holds nothing, leaves the folder free, and is tried again. */
    private suspend fun failsOnce(failing: NodeKeeper, error: Class<out Exception>) {
        failing.start()
        val failed = failing.waitFor<NodeState.Failed>()
        assertTrue(error.isInstance(failed.error), "${failed.error}")
        for (name in listOf("multicast", "wifi")) {
            assertEquals(story.count { it == "take $name" }, story.count { it == "release $name" })
        }
        assertEquals(story.count { it == "watch" }, story.count { it == "forget" })
        opened().close()
    }

    @Test
    fun `what fails in the code of the app is told and can be tried again`() = tested {
        var isBroken = true
        val keeper = keeper { if (isBroken) throw IOException("no space") else opened() }
        failsOnce(keeper, IOException::class.java)
        isBroken = false
        keeper.start()
        keeper.waitFor<NodeState.Open>()
        keeper.end()
        keeper.waitFor<NodeState.Closed>()
    }

    @Test
    fun `opening that takes too long for the app is told and can be tried again`() = tested {
        var isSlow = true
        val keeper = keeper { if (isSlow) withTimeout(1) { awaitCancellation() } else opened() }
        failsOnce(keeper, TimeoutCancellationException::class.java)
        isSlow = false
        keeper.start()
        keeper.waitFor<NodeState.Open>()
        keeper.end()
        keeper.waitFor<NodeState.Closed>()
    }

    @Test
    fun `what the system refuses takes nothing with it`() = tested {
        val locks = listOf(Lock("multicast"), Refused(), Lock("wifi"))
        failsOnce(NodeKeeper(::opened, locks, listOf(bell)), SecurityException::class.java)
        val signals = listOf(bell, Refused())
        val wifi = listOf(Lock("wifi"))
        failsOnce(NodeKeeper(::opened, wifi, signals), SecurityException::class.java)
    }

    @Test
    fun `a node that is not closed cleanly is closed`() = tested {
        val calls = NodeKeeper.Calls(
            shutDown = { node ->
                node.shutDown()
                throw IOException("the last write failed")
            },
        )
        val keeper = NodeKeeper(::opened, listOf(Lock("wifi")), listOf(bell), calls, null)
        repeat(2) {
            keeper.start()
            keeper.waitFor<NodeState.Open>()
            keeper.stop()
            keeper.waitFor<NodeState.Closed>()
        }
        keeper.end()
        assertEquals(listOf("forget", "release wifi"), story.takeLast(2))
        opened().close()
    }

    @Test
    fun `a change of the network reaches the node while it is open`() = tested {
        val told = CompletableDeferred<Node>()
        val calls = NodeKeeper.Calls(tell = { told.complete(it) })
        val keeper = NodeKeeper(::opened, emptyList(), listOf(bell), calls, null)
        bell.ring()
        keeper.start()
        val node = keeper.waitFor<NodeState.Open>().node
        bell.ring()
        assertEquals(node, told.await())
        keeper.end()
    }

    @Test
    fun `a keeper opens its folder after the one before has left it`() = tested {
        val mayClose = CompletableDeferred<Unit>()
        val slow = NodeKeeper.Calls(
            shutDown = { node ->
                mayClose.await()
                node.shutDown()
            },
        )
        val first = NodeKeeper(::opened, emptyList(), emptyList(), slow, null)
        first.start()
        first.waitFor<NodeState.Open>()
        val ending = first.end()
        first.waitFor<NodeState.Closing>()
        // Whatever it does not wait for, it does at once.
        val atOnce = NodeKeeper.Calls(dispatcher = Dispatchers.Unconfined)
        val second = NodeKeeper(::opened, listOf(Lock("wifi")), emptyList(), atOnce, ending)
        second.start()
        assertEquals(listOf("open"), story)
        mayClose.complete(Unit)
        second.waitFor<NodeState.Open>()
        second.end().join()
        assertTrue(second.state.value is NodeState.Closed)
        opened().close()
    }

    @Test
    fun `a keeper does not wait for ever for the one before`() = tested {
        val mayClose = CompletableDeferred<Unit>()
        val hanging = NodeKeeper.Calls(
            shutDown = { node ->
                mayClose.await()
                node.shutDown()
            },
        )
        val first = NodeKeeper(::opened, emptyList(), emptyList(), hanging, null)
        first.start()
        first.waitFor<NodeState.Open>()
        val ending = first.end()
        val impatient = NodeKeeper.Calls(patience = 20.milliseconds)
        val second = NodeKeeper(::opened, emptyList(), emptyList(), impatient, ending)
        second.start()
        val failed = second.waitFor<NodeState.Failed>()
        assertTrue(failed.error is SwarmletException.Locked, "${failed.error}")
        mayClose.complete(Unit)
        ending.join()
        second.start()
        second.waitFor<NodeState.Open>()
        second.end().join()
    }

    @Test
    fun `a keeper whose loop is cancelled closes its node`() = tested {
        val keeper = keeper()
        keeper.start()
        keeper.waitFor<NodeState.Open>()
        keeper.end().cancelAndJoin()
        assertEquals(listOf("release wifi", "release multicast"), story.takeLast(2))
        opened().close()
    }

    @Test
    fun `the end of a keeper that is opening closes what was opened`() = tested {
        val may = CompletableDeferred<Unit>()
        val keeper = keeper {
            may.await()
            opened()
        }
        keeper.start()
        keeper.waitFor<NodeState.Opening>()
        keeper.end()
        may.complete(Unit)
        keeper.waitFor<NodeState.Closed>()
        opened().close()
    }
}
