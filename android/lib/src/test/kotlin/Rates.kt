package io.github.swarmlet

import java.io.File
import kotlin.time.measureTime
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.runBlocking

/**
 * How many events a second are published and read in Kotlin; prints a line for each.
 *
 * With the classes of the tests: `java io.github.swarmlet.Rates FOLDER`. The library has to be an
 * optimised one to say anything.
 */
internal object Rates {
    private const val EVENTS = 200_000
    private const val BATCH = 1000
    private const val ROUNDS = 3

    @JvmStatic
    fun main(arguments: Array<String>): Unit = runBlocking {
        for (round in 1..ROUNDS) {
            val folder = File(arguments.single(), "$round")
            Node.open(folder, durability = Durability.BUFFERED).use { node -> measure(node) }
        }
    }

    private suspend fun measure(node: Node) {
        val payload = mapOf("machine" to "press-7", "part" to 4711, "celsius" to 61.5, "ok" to true)
        val batch = List(BATCH) { NewEvent(listOf("press:7", "part"), payload) }
        print("publishMany") { repeat(EVENTS / BATCH) { node.publishMany(batch) } }
        print("subscribe, rows") {
            node.subscribe("FROM 'part'").take(EVENTS).collect { check(it.offset >= 0) }
        }
        print("subscribe, rows and payloads") {
            node.subscribe("FROM 'part'").take(EVENTS).collect { check(it["ok"] == true) }
        }
        print("subscribe, batches") {
            var seen = 0
            val rows = node.subscribe("FROM 'part'")
            rows.batches().collect { seen += it.size; if (seen == EVENTS) rows.close() }
        }
    }

    private inline fun print(what: String, work: () -> Unit) {
        val seconds = measureTime(work).inWholeMicroseconds / 1e6
        println("$what: ${(EVENTS / seconds).toLong()} events/s")
    }
}
