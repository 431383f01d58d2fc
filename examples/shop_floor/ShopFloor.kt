/**
 * A shop floor: a machine reports parts, a tablet confirms complete orders, a dashboard counts.
 * Each is a process with a folder of its own:
 *
 *     java ShopFloorKt dashboard FOLDER
 *     java ShopFloorKt machine FOLDER INVITE
 *     java ShopFloorKt tablet FOLDER INVITE
 *
 * The dashboard founds the swarm, prints the invite for the other two, and goes on until somebody
 * stops it. The same program is there in the other languages, and any can be any of the three.
 */

import io.github.swarmlet.Node
import java.io.File
import kotlin.system.exitProcess
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.flow.takeWhile

private val ORDERS = listOf(4711L, 4712L, 4713L)
private const val PARTS = 4
private val PATIENCE = 60.seconds

suspend fun main(arguments: Array<String>) {
    when {
        arguments.size == 2 && arguments[0] == "dashboard" -> count(File(arguments[1]))
        arguments.size == 3 && arguments[0] == "machine" -> report(File(arguments[1]), arguments[2])
        arguments.size == 3 && arguments[0] == "tablet" -> confirm(File(arguments[1]), arguments[2])
        else -> {
            val roles = "`dashboard FOLDER`, `machine FOLDER INVITE` or `tablet FOLDER INVITE`"
            System.err.println("say $roles")
            exitProcess(1)
        }
    }
}

/** Counts parts, and shows each order that has all of them and is confirmed. */
private suspend fun count(folder: File) {
    Node.open(folder, appId = "com.example.dashboard").use { node ->
        node.swarm.create("shop floor", "dashboard")
        println("invite: ${node.swarm.invite(uses = 2)}")

        // The two devices need not be heard in the order in which they did things.
        val parts = mutableMapOf<Long, Int>()
        val confirmed = mutableSetOf<Long>()
        node.subscribe("FROM 'part' | 'confirmed' SELECT _.order").collect { row ->
            val order = row.payload as Long
            if ("part" in row.tags) parts.merge(order, 1, Int::plus) else confirmed.add(order)
            if (parts[order] == PARTS && order in confirmed) {
                println("order $order: $PARTS parts, confirmed")
            }
        }
    }
}

/** Makes the parts of all orders. Offline, it would report all the same. */
private suspend fun report(folder: File, invite: String) {
    Node.open(folder, appId = "com.example.press").use { node ->
        node.swarm.join(invite, "press-7", timeout = PATIENCE)
        for (order in ORDERS) {
            for (number in 1..PARTS) {
                val tags = listOf("part", "press:7", "order:$order")
                node.publish(tags, mapOf("order" to order, "number" to number))
            }
        }
        node.swarm.waitInSync(timeout = PATIENCE)
    }
}

/** Confirms each order when all its parts have been reported. */
private suspend fun confirm(folder: File, invite: String) {
    Node.open(folder, appId = "com.example.tablet").use { node ->
        node.swarm.join(invite, "tablet-1", timeout = PATIENCE)
        val reported = mutableMapOf<Long, Int>()
        val missing = ORDERS.toMutableSet()
        node.subscribe("FROM 'part'").takeWhile { part ->
            val order = part["order"] as Long
            if (reported.merge(order, 1, Int::plus) == PARTS) {
                val payload = mapOf("order" to order, "parts" to PARTS)
                node.publish(listOf("confirmed", "order:$order"), payload)
                missing.remove(order)
            }
            missing.isNotEmpty()
        }.collect {}
        node.swarm.waitInSync(timeout = PATIENCE)
    }
}
