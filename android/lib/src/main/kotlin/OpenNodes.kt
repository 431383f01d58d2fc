package io.github.swarmlet

import java.util.Collections
import java.util.WeakHashMap
import kotlin.concurrent.thread
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeoutOrNull

/** A clean end of the JVM: nodes that are still open then are closed. */
internal object OpenNodes {
    private val nodes: MutableSet<Node> = Collections.newSetFromMap(WeakHashMap())

    init {
        Runtime.getRuntime().addShutdownHook(thread(start = false) { closeAll() })
    }

    fun add(node: Node) {
        synchronized(nodes) { nodes.add(node) }
    }

    fun remove(node: Node) {
        synchronized(nodes) { nodes.remove(node) }
    }

    private fun closeAll() {
        val open = synchronized(nodes) { nodes.toList() }
        runBlocking {
            for (node in open) withTimeoutOrNull(WAIT_MAX) { runCatching { node.shutDown() } }
        }
    }

    /** A disk that hangs must not keep the JVM from ending. */
    private val WAIT_MAX = 2.seconds
}
