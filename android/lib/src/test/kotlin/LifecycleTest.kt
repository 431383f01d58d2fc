package io.github.swarmlet

import java.io.File
import java.lang.management.ManagementFactory
import java.lang.ref.WeakReference
import java.util.concurrent.TimeUnit
import java.util.logging.Handler
import java.util.logging.Level
import java.util.logging.LogRecord
import java.util.logging.Logger
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.async
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.yield
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNotEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

class LifecycleTest {
    @TempDir
    lateinit var folder: File

    private val path get() = folder.resolve("node")

    @Test
    fun `the version is that of the package`() {
        assertEquals(System.getProperty("swarmlet.version"), Node.version)
    }

    @Test
    fun `closing twice is fine and what is used after it is closed says so`(): Unit = tested {
        val node = Node.open(path)
        val scoped = node.scoped("com.example.other")
        node.close()
        node.close()
        node.shutDown()
        for (handle in listOf(node, scoped)) {
            failingHere<SwarmletException.Closed> { handle.publish("a") }
            failingHere<SwarmletException.Closed> { handle.query("FROM 'a'").toList() }
            failingHere<SwarmletException.Closed> { handle.subscribe("FROM 'a'").next() }
            failingHere<SwarmletException.Closed> { handle.explain("FROM 'a'") }
            failingHere<SwarmletException.Closed> { handle.swarm.create("plant", "press") }
            assertEquals(43, handle.id.length)
            handle.close()
        }
    }

    @Test
    fun `a stream ends with its node once it is read empty`(): Unit = tested {
        val node = Node.open(path, durability = Durability.BUFFERED)
        val rows = node.subscribe("FROM 'n'")
        node.publish("n", 1)
        assertEquals(1L, rows.next()?.payload)
        val waiting = async { runCatching { rows.next() }.exceptionOrNull() }
        yield()
        node.shutDown()
        val error = waiting.await()
        assertTrue(error is SwarmletException.Closed, "$error")
    }

    @Test
    fun `what was published is there after opening again`(): Unit = tested {
        val id = Node.open(path).use { node ->
            node.publish("n", 1)
            node.id
        }
        Node.open(path).use { node ->
            assertEquals(id, node.id)
            assertEquals(listOf<Any?>(1L), node.query("FROM 'n'").toList().map { it.payload })
        }
    }

    @Test
    fun `two nodes live in one process`(): Unit = tested {
        Node.open(path).use { one ->
            Node.open(folder.resolve("two")).use { two ->
                assertNotEquals(one.id, two.id)
                one.publish("n", 1)
                assertEquals(emptyList<Row>(), two.query("FROM 'n'").toList())
            }
        }
    }

    @Test
    fun `a scoped handle publishes for another app`() = withNode(path) { node ->
        val scoped = node.scoped("com.example.packing")
        assertEquals("com.example.packing", scoped.appId)
        scoped.publish("n", 1)
        node.publish("n", 2)
        val own = scoped.query("FROM 'n' & appId(me)").toList()
        assertEquals(listOf<Any?>(1L), own.map { it.payload })
    }

    @Test
    fun `streams routes and offsets`(): Unit = tested {
        val streams = mapOf("sensors" to Retention(eventsMax = 1000), "all" to null)
        val routes = mapOf("'sensor'" to "sensors")
        Node.open(path, streams = streams, routes = routes).use { node ->
            node.publish("sensor", 1)
            node.publish("other", 2)
            val names = node.streams().associate { it.name to it.last }
            assertEquals(mapOf("default" to 0L, "sensors" to 0L), names)
            assertEquals(2, node.offsets().present.size)
            assertEquals(emptyMap<String, Long>(), node.offsets().toReplicate)
            val upper = node.offsets().present
            node.publish("sensor", 3)
            assertEquals(2, node.query("FROM allEvents", upper = upper).toList().size)
            assertEquals(1, node.query("FROM allEvents", lower = upper).toList().size)
            val newest = node.query("FROM allEvents", order = Order.DESCENDING).toList()
            assertEquals(3L, newest.first().payload)
        }
    }

    @Test
    fun `threads of the node stay known to the JVM between calls`() = withNode(path) { node ->
        // What is made known counts as started, however often it is forgotten.
        val threads = ManagementFactory.getThreadMXBean()
        repeat(CALLS) { node.publish("n", it) }
        val before = threads.totalStartedThreadCount
        repeat(CALLS) { node.publish("n", it) }
        val started = threads.totalStartedThreadCount - before
        assertTrue(started < CALLS / 10, "$started threads were made known in $CALLS calls")
    }

    @Test
    fun `explaining and counting`() = withNode(path) { node ->
        repeat(3) { node.publish("n", it) }
        node.query("FROM 'n'").toList()
        val explained = node.explain("FROM 'n' SELECT _ + 1")
        assertEquals(3, explained.eventsRead)
        assertEquals(3, explained.rows)
        assertTrue(explained.toString().isNotEmpty())
        assertEquals("'n'", explained.sources.single().terms.single().term)
        val metrics = node.metrics()
        assertEquals(3, metrics.log.eventsCommitted)
        assertEquals(3, metrics.publish.count)
        assertEquals(3, metrics.publish.buckets.sumOf { it.second })
        assertTrue(metrics.publish.quantile(0.5)!!.isPositive())
        assertEquals(null, metrics.maintenanceError)
    }

    @Test
    fun `a slow consumer holds back nobody and costs no memory`() = withNode(path) { node ->
        val rows = node.subscribe("FROM 'n'")
        assertEquals(0L, node.publish("n", 0).offset)
        rows.next()
        val payload = ByteArray(10_000)
        val before = residentBytes()
        repeat(200) { node.publishMany(List(100) { NewEvent("n", payload) }) }
        val grown = residentBytes() - before
        assertTrue(grown < 128 shl 20, "$grown bytes for 200 MB of events that nobody has read")
        for (offset in 1L..20_000) assertEquals(offset, rows.next()!!.offset)
    }

    /** Of the process; the JVM's own heap has its limit, which the test run sets. */
    private fun residentBytes(): Long {
        System.gc()
        val status = File("/proc/self/status").takeIf { it.exists() }?.readLines() ?: return 0
        return status.first { it.startsWith("VmRSS") }.filter(Char::isDigit).toLong() shl 10
    }

    @Test
    fun `handles that are dropped are given back`(): Unit = tested {
        var node: Node? = Node.open(path)
        val dropped = WeakReference(node)
        node = null
        while (dropped.get() != null) {
            System.gc()
            yield()
        }
        var again: Node? = null
        while (again == null) {
            System.gc()
            again = try {
                Node.open(path)
            } catch (_: SwarmletException.Locked) {
                null
            }
        }
        again.close()
    }

    @Test
    fun `what the node says reaches java util logging`(): Unit = tested {
        val heard = CompletableDeferred<LogRecord>()
        val logger = Logger.getLogger("swarmlet")
        val handler = object : Handler() {
            override fun publish(record: LogRecord) {
                if (record.loggerName.startsWith("swarmlet")) heard.complete(record)
            }

            override fun flush() = Unit

            override fun close() = Unit
        }
        logger.level = Level.FINEST
        logger.addHandler(handler)
        try {
            Node.open(path).use { it.publish("n") }
            assertTrue(heard.await().message.isNotEmpty())
        } finally {
            logger.removeHandler(handler)
            logger.level = null
        }
    }

    @Test
    fun `a process that ends with live streams ends cleanly`() {
        for (rounds in (0 until EXITS).chunked(AT_ONCE)) {
            val processes = rounds.map { it to leavingProcess(it) }
            for ((round, process) in processes) {
                val isOver = process.waitFor(LIMIT.inWholeSeconds, TimeUnit.SECONDS)
                if (!isOver) process.destroyForcibly()
                val way = way(round)
                assertTrue(isOver, "$way hangs")
                assertEquals("leaving\n", output(round).readText(), way)
                assertEquals(if (way == "exit") 3 else 0, process.exitValue(), way)
            }
        }
    }

    private fun leavingProcess(round: Int): Process {
        val process = java("LeavingProcess", way(round), folder.resolve("$round").path)
        return process.redirectErrorStream(true).redirectOutput(output(round)).start()
    }

    private fun java(main: String, vararg arguments: String): ProcessBuilder {
        val java = File(System.getProperty("java.home"), "bin/java").path
        return ProcessBuilder(
            java, "-cp", System.getProperty("java.class.path"),
            "-Djna.library.path=${System.getProperty("jna.library.path")}",
            "-XX:TieredStopAtLevel=1", "-Xshare:auto",
            // Machines that start at the same time may look at each other's files, and warn of it.
            "-XX:-UsePerfData",
            "io.github.swarmlet.$main", *arguments,
        )
    }

    @Test
    fun `a panic inside becomes an error and the node goes on`() {
        val output = folder.resolve("output.txt")
        val process = java("PanickingProcess", path.path).redirectOutput(output)
        process.redirectError(ProcessBuilder.Redirect.DISCARD)
        process.environment()["SWARMLET_PANIC_IN"] = "explain,offsets"
        val panicking = process.start()
        val isOver = panicking.waitFor(LIMIT.inWholeSeconds, TimeUnit.SECONDS)
        if (!isOver) panicking.destroyForcibly()
        assertTrue(isOver, "it hangs")
        val told = listOf("explain", "offsets").map { "internal $it report_bug" }
        assertEquals(told + "[1]", output.readLines())
        assertEquals(0, panicking.exitValue())
    }

    private fun way(round: Int) = LeavingProcess.WAYS[round % LeavingProcess.WAYS.size]

    private fun output(round: Int) = folder.resolve("$round.txt")

    private companion object {
        const val EXITS = 50
        const val AT_ONCE = 5
        const val CALLS = 400
    }
}

/** The error that the call ends with, in a coroutine. */
internal inline fun <reified T : SwarmletException> failingHere(call: () -> Unit): T {
    val error = runCatching { call() }.exceptionOrNull()
    assertTrue(error is T, "$error")
    return error as T
}
