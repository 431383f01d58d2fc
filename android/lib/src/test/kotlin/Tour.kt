/** Everything that docs/guide/kotlin.md shows, as one program that runs. */
package io.github.swarmlet.tour

import io.github.swarmlet.NewEvent
import io.github.swarmlet.Network
import io.github.swarmlet.Node
import io.github.swarmlet.Offsets
import io.github.swarmlet.Order
import io.github.swarmlet.Output
import io.github.swarmlet.QrCode
import io.github.swarmlet.Retention
import io.github.swarmlet.SwarmletException
import java.io.File
import java.time.Instant
import kotlin.time.Duration.Companion.days
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.withTimeout

suspend fun tour(folder: File) {
    opened(folder).use { node ->
        println("this device is ${node.id}")
        publish(node)
        query(node)
        subscribe(node)
        resume(node)
        outputs(node)
        apps(node)
        errors(folder)
    }
}

private suspend fun opened(folder: File): Node {
    val node = Node.open(
        folder,
        appId = "com.example.press",
        streams = mapOf("sensors" to Retention(eventsMax = 1_000_000, ageMax = 30.days)),
        routes = mapOf("'sensor'" to "sensors"),
    )
    return node
}

private suspend fun publish(node: Node) {
    val payload = mapOf("reason" to "jam", "parts_lost" to 2)
    val published = node.publish(listOf("press:7", "stopped"), payload)
    println("durable as ${published.key}")

    node.publishMany(
        listOf(61.5, 61.7).map { NewEvent(listOf("press:7", "sensor"), mapOf("celsius" to it)) },
    )
}

private suspend fun query(node: Node) {
    node.query("FROM 'press:7' & 'stopped' LIMIT 10", order = Order.DESCENDING).collect { row ->
        println("${row.time} ${row["reason"]} cost ${row["parts_lost"]} parts")
    }

    val lost = node.query(
        "FROM 'stopped' & `press:{\$press}` & TIME > \$since",
        parameters = mapOf("press" to 7, "since" to Instant.now().minusSeconds(3600)),
    )
    check(lost.next() != null)
    lost.close()
}

private suspend fun subscribe(node: Node) {
    var seen = 0
    node.subscribe("FROM 'sensor'").batches().take(1).collect { rows -> seen += rows.size }
    check(seen > 0)

    val part = node.subscribe("FROM 'sensor'").use { it.next(timeout = 5.seconds) }
    check(part != null)

    val hot = withTimeout(5.seconds) {
        node.waitFor("FROM 'sensor'") { row -> row["celsius"] as Double > 61.6 }
    }
    check(hot["celsius"] == 61.7)
}

private suspend fun resume(node: Node) {
    var count = 0
    var stored: Offsets = emptyMap()
    val subscription = node.subscribe("FROM 'stopped'")
    subscription.batches().take(1).collect { rows ->
        count += rows.size
        // Write these two into your database in one transaction.
        stored = subscription.offsets
    }

    // After a restart: nothing is missed, nothing counted twice.
    val next = node.subscribe("FROM 'stopped'", from = stored)
    println("$count so far, continuing after ${next.offsets}")
    next.close()
}

private suspend fun outputs(node: Node) {
    node.subscribe("FROM 'stopped'").outputs().take(2).collect { output ->
        when (output) {
            is Output.Result -> println(output.row.payload)
            is Output.AntiRow -> println("no longer true: ${output.row.payload}")
            is Output.Diagnostic -> println("${output.severity}: ${output.message}")
            is Output.CaughtUp -> println("from here on it is live")
            is Output.TimeTravel -> println("begin again before ${output.key}")
        }
    }
}

private suspend fun apps(node: Node) {
    val packing = node.scoped("com.example.packing")
    packing.publish(listOf("box:17", "full"))
    check(packing.query("FROM 'full' & appId(me)").first().appId == "com.example.packing")
}

private suspend fun errors(folder: File) {
    try {
        Node.open(folder)
    } catch (error: SwarmletException.Locked) {
        println("${error.message} ${error.advice} ${error.details}")
    }
}

/** Two devices: [dashboard] lets [press] in. */
suspend fun swarmTour(dashboard: Node, press: Node) {
    val swarm = dashboard.swarm
    val founded = swarm.create("plant", "dashboard")
    println("root key, for the safe: ${founded.rootKey}")
    val invite = swarm.invite("rw:*", labels = mapOf("hall" to "2"), valid = 1.hours)
    println(QrCode(invite).terminal())

    press.swarm.join(invite, "press-7", timeout = 30.seconds)

    press.swarm.waitInSync(timeout = 30.seconds)
    val status = press.swarm.changes().first { it.isInSync }
    for (peer in status.peers) println("${peer.node} behind ${peer.behind} ahead ${peer.ahead}")
    for (member in swarm.members()) println("${member.name} may ${member.capabilities}")
}

/** A node that stays on this machine. */
val onLoopback: Network = Network(listen = listOf("tcp://127.0.0.1:0"), discovery = false)
