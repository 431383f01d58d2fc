package io.github.swarmlet.android

import android.app.ForegroundServiceStartNotAllowedException
import android.app.Notification
import android.app.Service
import io.github.swarmlet.Durability
import io.github.swarmlet.Node
import java.io.File
import java.util.concurrent.CopyOnWriteArrayList
import java.util.logging.Handler
import java.util.logging.LogRecord
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertSame
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

/** The life of a service, called as the system calls it. */
class NodeServiceTest {
    @TempDir
    lateinit var folder: File

    private var refusal: RuntimeException? = null
    private var isOpened = false

    private inner class Kept : NodeService() {
        override suspend fun openNode(): Node {
            isOpened = true
            return Node.open(folder.resolve("node"), durability = Durability.BUFFERED)
        }

        override fun notification(): Notification = error("nobody sees it")

        override fun holds(): List<Hold> = emptyList()

        override fun signals(): List<Signal> = emptyList()

        override fun toForeground() {
            throw refusal ?: return
        }
    }

    private fun tested(test: suspend () -> Unit): Unit =
        runBlocking { withTimeout(60.seconds) { test() } }

    @Test
    fun `a service that is refused the foreground stops and is not started again`() = tested {
        refusal = ForegroundServiceStartNotAllowedException("not from the background")
        val told = CopyOnWriteArrayList<LogRecord>()
        val handler = object : Handler() {
            override fun publish(record: LogRecord) {
                told.add(record)
            }

            override fun flush() = Unit

            override fun close() = Unit
        }
        LOGGER.addHandler(handler)
        val service = Kept()
        assertEquals(Service.START_NOT_STICKY, service.onStartCommand(null, 0, 1))
        service.onDestroy()
        service.keeper.end().join()
        LOGGER.removeHandler(handler)
        assertFalse(isOpened)
        assertEquals(listOf(refusal), told.map { it.thrown })
    }

    @Test
    fun `a mistake of the app on the way to the foreground is not taken for a refusal`() {
        refusal = IllegalStateException("no notification")
        val service = Kept()
        val thrown = assertThrows(IllegalStateException::class.java) {
            service.onStartCommand(null, 0, 1)
        }
        assertSame(refusal, thrown)
        assertFalse(isOpened)
        service.onDestroy()
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
