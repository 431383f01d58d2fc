package io.github.swarmlet

import java.io.ByteArrayOutputStream
import java.io.File
import kotlin.random.Random
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertThrows

/** Nothing in a test takes longer unless it hangs. */
internal val LIMIT = 60.seconds

/** Runs a test that suspends. */
internal fun tested(test: suspend CoroutineScope.() -> Unit): Unit =
    runBlocking { withTimeout(LIMIT) { test() } }

/** Waits until it is so; what is ended ends in the background. */
internal suspend fun until(isSo: suspend () -> Boolean) {
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

/** The id of a blob that nobody has. */
internal val NOBODY = "0".repeat(64)

/** Bytes for a blob; others for another seed. */
internal fun content(length: Int, seed: Int = 0): ByteArray = Random(seed).nextBytes(length)

/** All of the pieces, one after the other. */
internal fun joined(pieces: List<ByteArray>): ByteArray =
    ByteArrayOutputStream().apply { pieces.forEach(::write) }.toByteArray()

/** The blobs that a node has in its folder, whole or not. */
internal fun blobFiles(folder: File): List<String> =
    folder.resolve("blobs").list().orEmpty().filter { !it.endsWith(".hash") }
        .map { it.removeSuffix(".blob") }

/** What a flow has given so far; it is collected until its node is closed. */
internal fun <T> CoroutineScope.seen(flow: Flow<T>): List<T> {
    val seen = mutableListOf<T>()
    launch {
        try {
            flow.collect { seen.add(it) }
        } catch (_: SwarmletException.Closed) {
            // The test is over.
        }
    }
    return seen
}
