package io.github.swarmlet

import java.io.File
import kotlin.time.Duration.Companion.microseconds
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Job
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeoutOrNull
import kotlinx.coroutines.yield
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

class SubscribeTest {
    @TempDir
    lateinit var folder: File

    private fun withNode(test: suspend CoroutineScope.(Node) -> Unit) =
        withNode(folder.resolve("node"), test)

    @Test
    fun `what is present comes and then what happens`() = withNode { node ->
        node.publishMany(List(10) { NewEvent("n", it) })
        val numbers = async { node.subscribe("FROM 'n'").map { it.payload }.take(20).toList() }
        yield()
        for (n in 10 until 20) node.publish("n", n)
        assertEquals(List(20) { it.toLong() }, numbers.await())
    }

    @Test
    fun `batches are never empty and bounded`() = withNode { node ->
        node.publishMany(List(1000) { NewEvent("n", it) })
        val sizes = ArrayList<Int>()
        val seen = ArrayList<Any?>()
        node.query("FROM 'n'").batches(100).collect { rows ->
            sizes.add(rows.size)
            seen.addAll(rows.map { it.payload })
        }
        assertEquals(List(1000) { it.toLong() }, seen)
        assertTrue(sizes.all { it in 1..100 }, "$sizes")
        assertThrows(IllegalArgumentException::class.java) { node.query("FROM 'n'").batches(0) }
    }

    @Test
    fun `one batch is read and the stream goes on`() = withNode { node ->
        node.publishMany(List(5) { NewEvent("n", it) })
        val rows = node.subscribe("FROM 'n'")
        assertEquals(listOf<Any?>(0L), rows.nextBatch(1)?.map { it.payload })
        assertEquals(1L, rows.next()?.payload)
        val seen = ArrayList<Any?>()
        while (seen.size < 3) seen.addAll(rows.nextBatch(10).orEmpty().map { it.payload })
        assertEquals(listOf<Any?>(2L, 3L, 4L), seen)
        assertEquals(mapOf("${node.id}-0" to 4L), rows.offsets)
        failingHere<SwarmletException.Timeout> { rows.nextBatch(10, 20.milliseconds) }
        node.publish("n", 5)
        assertEquals(listOf<Any?>(5L), rows.nextBatch(10)?.map { it.payload })
        rows.cancel()
        assertNull(rows.nextBatch(10))
        assertTrue(runCatching { rows.nextBatch(0) }.exceptionOrNull() is IllegalArgumentException)
    }

    @Test
    fun `offsets are exact for each row and where the next one goes on`() = withNode { node ->
        node.publishMany(List(600) { NewEvent(if (it % 3 == 0) "n" else "other", it) })
        val stream = "${node.id}-0"
        val rows = node.subscribe("FROM 'n'")
        for (n in 0..99) {
            assertEquals(n * 3L, rows.next()?.payload)
            assertEquals(n * 3L, rows.offsets[stream])
        }
        val stopped = rows.offsets
        rows.close()
        assertEquals(stopped, rows.offsets)
        val next = node.subscribe("FROM 'n'", from = stopped).use { it.next() }
        assertEquals(300L, next?.payload)
    }

    @Test
    fun `a collector that stops has offsets of what it has seen`() = withNode { node ->
        node.publishMany(List(500) { NewEvent("n", it) })
        val seen = ArrayList<Any?>()
        val stream = "${node.id}-0"
        var offsets: Offsets = emptyMap()
        while (seen.size < 500) {
            val rows = node.subscribe("FROM 'n'", from = offsets)
            val job = launch(start = CoroutineStart.UNDISPATCHED) {
                rows.collect { row ->
                    seen.add(row.payload)
                    assertEquals(row.offset, rows.offsets[stream])
                    if (seen.size % 7 == 0) yield()
                }
            }
            repeat(5) { yield() }
            job.cancelAndJoin()
            offsets = rows.offsets
        }
        assertEquals(List(500) { it.toLong() }, seen)
    }

    @Test
    fun `waits that are given up lose nothing`() = withNode { node ->
        val rows = node.subscribe("FROM 'n'")
        suspend fun shortWait(): Row? = try {
            rows.next(200.microseconds)
        } catch (_: SwarmletException.Timeout) {
            null
        }
        for (n in 0L until 300L) {
            // All was read, so this one is given up; those that follow meet the event on its way.
            assertNull(shortWait())
            val publishing = launch { node.publish("n", n) }
            var row: Row? = null
            while (row == null) row = shortWait()
            assertEquals(n, row.payload)
            publishing.join()
        }
    }

    @Test
    fun `coroutines that are cancelled while they wait lose nothing`() = withNode { node ->
        val rows = node.subscribe("FROM 'n'")
        val seen = ArrayList<Any?>()
        for (n in 0 until 200) {
            val waiting: Job = launch { rows.next()?.let { seen.add(it.payload) } }
            yield()
            val publishing = launch { node.publish("n", n) }
            if (n % 2 == 0) yield()
            waiting.cancelAndJoin()
            publishing.join()
        }
        while (seen.size < 200) seen.add(rows.next()?.payload)
        assertEquals(List(200) { it.toLong() }, seen)
    }

    @Test
    fun `a subscription that is closed ends for those who wait`() = withNode { node ->
        val rows = node.subscribe("FROM 'n'")
        val waiting = async { rows.next() }
        yield()
        rows.close()
        rows.close()
        assertNull(waiting.await())
        assertNull(rows.next())
    }

    @Test
    fun `a collector may close its own subscription`() = withNode { node ->
        node.publishMany(List(500) { NewEvent("n", it) })
        val rows = node.subscribe("FROM 'n'")
        val seen = ArrayList<Any?>()
        rows.collect {
            seen.add(it.payload)
            if (seen.size == 3) rows.close()
        }
        assertEquals(listOf<Any?>(0L, 1L, 2L), seen)
        assertEquals(2L, rows.offsets["${node.id}-0"])
    }

    @Test
    fun `collecting ends the subscription`() = withNode { node ->
        node.publishMany(List(10) { NewEvent("n", it) })
        val rows = node.subscribe("FROM 'n'")
        assertEquals(0L, rows.first().payload)
        assertNull(rows.next())
        until { node.metrics().subscriptionsOpen == 0L }
    }

    @Test
    fun `a stream that is always full lets others run`() = withNode { node ->
        node.publishMany(List(16000) { NewEvent("n") })
        var turns = 0
        var isDone = false
        val other = launch {
            while (!isDone) {
                turns += 1
                yield()
            }
        }
        node.query("FROM 'n'").collect { }
        isDone = true
        other.join()
        assertTrue(turns > 10, "$turns")
    }

    @Test
    fun `observing follows the latest and the earliest`() = withNode { node ->
        for (n in 0 until 5) node.publish("n", n)
        node.observeLatest("FROM 'n'").use { latest ->
            assertEquals(4L, latest.next()?.payload)
            node.publish("n", 5)
            assertEquals(5L, latest.next()?.payload)
        }
        node.observeEarliest("FROM 'n'").use { earliest ->
            assertEquals(0L, earliest.next()?.payload)
            val timeout = runCatching { earliest.next(20.milliseconds) }.exceptionOrNull()
            assertTrue(timeout is SwarmletException.Timeout, "$timeout")
        }
        node.subscribeMonotonic("FROM 'n'").use { assertEquals(0L, it.next()?.payload) }
    }

    @Test
    fun `outputs tell when a subscription has caught up`() = withNode { node ->
        node.publish("n", 1)
        val outputs = node.subscribe("FROM 'n' SELECT _.missing, 7").outputs().take(3).toList()
        assertTrue(outputs[0] is Output.Diagnostic, "$outputs")
        assertEquals(7L, (outputs[1] as Output.Result).row.payload)
        assertEquals(0L, (outputs[2] as Output.CaughtUp).offsets["${node.id}-0"])
    }

    @Test
    fun `one output is read and the stream goes on`() = withNode { node ->
        val outputs = node.subscribe("FROM 'n'")
        assertEquals(Output.CaughtUp(emptyMap()), outputs.nextOutput())
        failingHere<SwarmletException.Timeout> { outputs.nextOutput(20.milliseconds) }
        node.publish("n", 1)
        assertEquals(1L, (outputs.nextOutput() as Output.Result).row.payload)
        outputs.cancel()
        assertNull(outputs.nextOutput())
    }

    @Test
    fun `an error diagnostic ends the rows`() = withNode { node ->
        // More groups than a query may have.
        for (batch in 0 until 5) {
            node.publishMany(List(16_000) { NewEvent("n", batch * 16_000 + it) })
        }
        val aql = "FROM 'n' GROUP BY _ SELECT group"
        val error = failingHere<SwarmletException.InvalidQuery> { node.query(aql).toList() }
        assertFalse(error.message.isNullOrEmpty())
        val last = node.query(aql).outputs().toList().last()
        assertEquals(Severity.ERROR, (last as Output.Diagnostic).severity)
    }

    @Test
    fun `waiting for a row`() = withNode { node ->
        val waiting = async { node.waitFor("FROM 'n'") { it.payload == 3L } }
        yield()
        for (n in 0 until 5) node.publish("n", n)
        assertEquals(3L, waiting.await().offset)
        val ended = failingHere<SwarmletException.Cancelled> {
            node.waitFor("FROM 'n' LIMIT 1") { it.payload == 3L }
        }
        assertEquals("wait_for", ended.operation)
        assertNull(withTimeoutOrNull(20.milliseconds) { node.waitFor("FROM 'none'") })
        until { node.metrics().subscriptionsOpen == 0L }
    }
}
