package io.github.swarmlet.android

import android.content.ComponentName
import android.content.Context
import android.content.ContextWrapper
import android.content.Intent
import android.content.ServiceConnection
import com.example.press.PressService
import java.util.concurrent.CopyOnWriteArrayList
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.yield
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** How a service is bound; there is no system that would have it. */
class NodesTest {
    /** What was bound and is not unbound, on whatever context. */
    private val bound = CopyOnWriteArrayList<ServiceConnection>()

    /** The app: it binds services, if it has any. */
    private open inner class App(private val hasService: Boolean) : ContextWrapper(null) {
        override fun getApplicationContext(): Context = this

        override fun getPackageName(): String = "com.example.press"

        override fun bindService(intent: Intent, with: ServiceConnection, flags: Int): Boolean {
            assertEquals(PressService::class.java.name, intent.component?.className)
            bound.add(with)
            return hasService
        }

        override fun unbindService(connection: ServiceConnection) {
            require(bound.remove(connection)) { "it is not bound here" }
        }
    }

    /** An activity, of which the system forgets what it has bound before anybody unbinds it. */
    private inner class Seen(private val app: Context) : App(true) {
        override fun getApplicationContext(): Context = app

        override fun unbindService(connection: ServiceConnection): Unit =
            throw IllegalArgumentException("the activity is gone")
    }

    private fun nodes(context: Context) = NodeService.nodes(context, PressService::class.java)

    private fun tested(test: suspend () -> Unit): Unit =
        runBlocking { withTimeout(60.seconds) { test() } }

    @Test
    fun `a service is bound while it is followed whatever the activity becomes`(): Unit = tested {
        val activity = Seen(App(true))
        runBlocking {
            val following = launch { nodes(activity).collect { } }
            while (bound.isEmpty()) yield()
            following.cancelAndJoin()
        }
        assertTrue(bound.isEmpty())
    }

    @Test
    fun `a service that the app does not have is told`() = tested {
        val error = runCatching { nodes(App(false)).first() }.exceptionOrNull()
        assertTrue(error is IllegalStateException, "$error")
        assertTrue("PressService" in error?.message.orEmpty(), "$error")
        assertTrue(bound.isEmpty())
    }

    @Test
    fun `a service that is gone leaves a closed node`() = tested {
        runBlocking {
            val state = launch { assertEquals(NodeState.Closed, nodes(App(true)).first()) }
            while (bound.isEmpty()) yield()
            bound.single().onServiceDisconnected(ComponentName("com.example.press", "PressService"))
            state.join()
        }
        assertTrue(bound.isEmpty())
    }
}
