package io.github.swarmlet.android

import android.app.Notification
import android.app.Service
import io.github.swarmlet.Durability
import io.github.swarmlet.Node
import java.io.File
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

/** The life of a service, called as the system calls it. */
class NodeServiceTest {
    @TempDir
    lateinit var folder: File

    private var isForegroundAllowed = true
    private var isOpened = false

    private inner class Kept : NodeService() {
        override suspend fun openNode(): Node {
            isOpened = true
            return Node.open(folder.resolve("node"), durability = Durability.BUFFERED)
        }

        override fun notification(): Notification = error("nobody sees it")

        override fun holds(): List<Hold> = emptyList()

        override fun signals(): List<Signal> = emptyList()

        override fun toForeground() = check(isForegroundAllowed) { "not from the background" }
    }

    private fun tested(test: suspend () -> Unit): Unit =
        runBlocking { withTimeout(60.seconds) { test() } }

    @Test
    fun `a service that is refused the foreground stops and is not started again`() = tested {
        isForegroundAllowed = false
        val service = Kept()
        assertEquals(Service.START_NOT_STICKY, service.onStartCommand(null, 0, 1))
        service.onDestroy()
        service.keeper.end().join()
        assertFalse(isOpened)
    }

    @Test
    fun `a service that is stopped and started again has its node`() = tested {
        repeat(5) {
            val service = Kept()
            assertEquals(Service.START_STICKY, service.onStartCommand(null, 0, 1))
            val state = service.keeper.state.first {
                it is NodeState.Open || it is NodeState.Failed
            }
            assertTrue(state is NodeState.Open, "$state")
            (state as NodeState.Open).node.publish("n", it)
            service.onDestroy()
        }
        val last = Kept()
        last.onDestroy()
        last.keeper.end().join()
        Node.open(folder.resolve("node")).close()
    }
}
