package io.github.swarmlet

import java.io.File
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertThrows

/** Nothing in a test takes longer unless it hangs. */
internal val LIMIT = 60.seconds

/** Runs a test that suspends. */
internal fun tested(test: suspend CoroutineScope.() -> Unit): Unit =
    runBlocking { withTimeout(LIMIT) { test() } }

/** Waits until it is so; what is ended ends in the background. */
internal suspend fun until(isSo: () -> Boolean) {
    while (!isSo()) delay(1.milliseconds)
}

/** Opens a node for a test, and closes it. Nothing is synced unless the test is about that. */
internal fun withNode(folder: File, test: suspend CoroutineScope.(Node) -> Unit): Unit = tested {
    Node.open(folder, durability = Durability.BUFFERED).use { test(it) }
}

/** The error that the call ends with. */
internal inline fun <reified T : SwarmletException> failing(
    crossinline call: suspend CoroutineScope.() -> Unit,
): T = assertThrows(T::class.java) { tested { call() } }
