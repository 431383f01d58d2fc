package io.github.swarmlet.conformance

import io.github.swarmlet.Changes
import io.github.swarmlet.Node
import io.github.swarmlet.RowStream

/** What is open, by the names that the suite gives. */
internal class Handles {
    private val nodes = HashMap<String, Node>()

    /** Nodes that lost their name to another, kept until the end as an app would. */
    private val replaced = ArrayList<Node>()
    private val streams = HashMap<String, RowStream>()
    private val changes = HashMap<String, Changes>()

    fun keep(name: String, node: Node) {
        nodes.put(name, node)?.let(replaced::add)
    }

    fun keep(name: String, stream: RowStream) {
        streams[name] = stream
    }

    fun keep(name: String, following: Changes) {
        changes[name] = following
    }

    fun node(arguments: Arguments): Node = named(nodes, arguments.text("node"))

    fun stream(arguments: Arguments): RowStream = named(streams, arguments.text("stream"))

    fun changes(arguments: Arguments): Changes = named(changes, arguments.text("changes"))

    /** Closes everything and forgets it; what closing fails with was a matter of the scenario. */
    suspend fun reset() {
        for (stream in streams.values) stream.cancel()
        for (following in changes.values) following.cancel()
        for (node in replaced + nodes.values) runCatching { node.shutDown() }
        nodes.clear()
        replaced.clear()
        streams.clear()
        changes.clear()
    }

    private fun <T> named(open: Map<String, T>, name: String): T =
        open[name] ?: throw BrokenException("nothing is open as $name")
}
