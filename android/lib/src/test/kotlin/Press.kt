import io.github.swarmlet.Node
import java.io.File
import kotlinx.coroutines.flow.first

suspend fun main() {
    Node.open(File("press-7"), appId = "com.example.press").use { node ->
        // The event is on the disk, synced, when this returns.
        node.publish(listOf("press:7", "stopped"), mapOf("reason" to "jam"))

        // What has happened so far.
        node.query("FROM 'press:7' & 'stopped'").collect { row ->
            println("stopped: ${row.time} ${row["reason"]}")
        }

        // What has happened and then what happens: nothing is missed in between.
        val live = node.subscribe("FROM 'press:7'")
        println("${live.first().tags} resume from ${live.offsets}")
    }
}
