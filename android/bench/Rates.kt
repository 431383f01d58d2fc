package io.github.swarmlet.bench

import com.sun.management.OperatingSystemMXBean
import io.github.swarmlet.NewEvent
import io.github.swarmlet.Node
import java.io.File
import java.lang.management.ManagementFactory
import java.util.concurrent.atomic.AtomicInteger
import kotlin.time.measureTime
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking

/**
 * Rates of Kotlin: what crosses the boundary in a second, and the CPU time of it.
 *
 *     java io.github.swarmlet.bench.Rates --events N --folder FOLDER
 *
 * Opens a node in the folder and writes a JSON object for each work, one a line, with its events,
 * its seconds and its CPU seconds. Before, it does all of it with another node, so that what is
 * measured is compiled code, as in an app that has run for a while. `cargo xtask bench bindings`
 * starts it beside the other languages, and says in `tests/bench/src/bin/bindings/program.rs` what
 * is measured.
 */
object Rates {
    private const val CALL_EVENTS = 4096
    private const val IN_FLIGHT = 64
    private const val WARM_EVENTS = 40_000
    private const val WARM_CALLS = 10_000

    @JvmStatic
    fun main(arguments: Array<String>): Unit = runBlocking {
        val given = arguments.asList().chunked(2).associate { (name, value) -> name to value }
        val count = given.getValue("--events").toInt()
        val events = List(count, ::reading)
        val few = events.take(count / 20)
        val one = few.take(few.size / 10)
        val folder = File(given.getValue("--folder"))
        warmUp(folder.resolve("warm"), events)
        Node.open(folder.resolve("node")).use { node ->
            measured("publish_batches", count) { publishBatches(node, events) }
            measured("subscribe_batches", count) { subscribeBatches(node, count) }
            measured("subscribe_rows", count) { subscribeRows(node, count) }
            measured("publish_in_flight", few.size) { publish(node, few, IN_FLIGHT) }
            measured("publish_singly", one.size) { publish(node, one, 1) }
        }
    }

    private fun reading(index: Int): NewEvent {
        val tags = listOf("machine", "machine:${index % 40}", "order:${index % 1000}")
        val payload = mapOf(
            "seq" to index,
            "state" to "running",
            "speed" to 12.5 + index % 7,
            "ok" to true,
            "operator" to "shift-b",
            "part" to "part-$index",
        )
        return NewEvent(tags, payload)
    }

    /** All works, as often as the JVM wants to see them before it compiles them for good. */
    private suspend fun warmUp(folder: File, events: List<NewEvent>) {
        val few = events.take(WARM_EVENTS)
        Node.open(folder).use { node ->
            publishBatches(node, few)
            repeat(WARM_EVENTS / few.size) {
                subscribeBatches(node, few.size)
                subscribeRows(node, few.size)
            }
            publish(node, few.take(WARM_CALLS), IN_FLIGHT)
        }
    }

    private suspend fun publishBatches(node: Node, events: List<NewEvent>) {
        for (call in events.chunked(CALL_EVENTS)) node.publishMany(call)
    }

    private suspend fun publish(node: Node, events: List<NewEvent>, inFlight: Int) {
        val next = AtomicInteger()
        coroutineScope {
            repeat(inFlight) {
                launch {
                    while (true) {
                        val event = events.getOrNull(next.getAndIncrement()) ?: break
                        node.publish(event.tags, event.payload)
                    }
                }
            }
        }
    }

    private suspend fun subscribeBatches(node: Node, count: Int) {
        var seen = 0
        val rows = node.subscribe("FROM allEvents")
        rows.batches().collect { seen += it.size; if (seen >= count) rows.close() }
    }

    private suspend fun subscribeRows(node: Node, count: Int) {
        node.subscribe("FROM allEvents").take(count).collect { check(it["ok"] == true) }
    }

    private inline fun measured(work: String, events: Int, task: () -> Unit) {
        val computed = cpuSeconds()
        val seconds = measureTime(task).inWholeNanoseconds / 1e9
        val cpu = cpuSeconds() - computed
        val figures = "\"events\": $events, \"seconds\": $seconds, \"cpu_seconds\": $cpu"
        println("{\"work\": \"$work\", $figures}")
    }

    private fun cpuSeconds(): Double {
        val system = ManagementFactory.getOperatingSystemMXBean() as OperatingSystemMXBean
        return system.processCpuTime / 1e9
    }
}
