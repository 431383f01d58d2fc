package io.github.swarmlet

import java.io.File
import java.util.logging.Level
import java.util.logging.Logger
import kotlin.concurrent.thread
import kotlin.system.exitProcess
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineExceptionHandler
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking

/** A process that ends while a node is open, written to and read from; in different ways. */
internal object LeavingProcess {
    val WAYS = listOf("main", "exit", "thread", "swarm")

    @JvmStatic
    fun main(arguments: Array<String>) {
        val (way, folder) = arguments
        Logger.getLogger("swarmlet").level = Level.WARNING
        runBlocking {
            val network = Network(listen = listOf("tcp://127.0.0.1:0"), discovery = false)
            val node = Node.open(File(folder), durability = Durability.BUFFERED, network = network)
            val isLive = CompletableDeferred<Unit>()
            // At the end the node is closed below them, which is no news.
            val ignored = CoroutineExceptionHandler { _, _ -> }
            val scope = CoroutineScope(Dispatchers.Default + ignored)
            scope.launch { while (true) node.publish("n", 1) }
            if (way == "thread") {
                thread(isDaemon = true) { runCatching { runBlocking { follow(node, isLive) } } }
            } else {
                scope.launch { follow(node, isLive) }
            }
            if (way == "swarm") {
                node.swarm.create("plant", "node")
                scope.launch { node.swarm.waitInSync() }
                scope.launch { node.swarm.changes().collect { } }
            }
            isLive.await()
        }
        println("leaving")
        if (way == "exit") exitProcess(3)
    }

    private suspend fun follow(node: Node, isLive: CompletableDeferred<Unit>) {
        var count = 0
        node.subscribe("FROM 'n'").collect {
            count += 1
            if (count == 20) isLive.complete(Unit)
        }
    }
}
