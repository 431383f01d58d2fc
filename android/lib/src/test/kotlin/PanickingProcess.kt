package io.github.swarmlet

import java.io.File
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.runBlocking

/** A process in which calls panic that its environment names. */
internal object PanickingProcess {
    @JvmStatic
    fun main(arguments: Array<String>): Unit = runBlocking {
        Node.open(File(arguments.single()), durability = Durability.BUFFERED).use { node ->
            tell { node.explain("FROM 'n'") }
            tell { node.offsets() }
            node.publish("n", 1)
            println(node.query("FROM 'n'").toList().map { it.payload })
        }
    }

    private inline fun tell(call: () -> Unit) {
        try {
            call()
        } catch (error: SwarmletException.Internal) {
            println("${error.code} ${error.operation} ${error.advice.code}")
        }
    }
}
