package io.github.swarmlet

import io.github.swarmlet.internal.Failure
import io.github.swarmlet.internal.InternalException
import io.github.swarmlet.internal.uniffiEnsureInitialized
import io.github.swarmlet.internal.uniffiRustFutureContinuationCallbackImpl
import io.github.swarmlet.internal.version
import com.sun.jna.CallbackThreadInitializer
import com.sun.jna.Native
import java.nio.charset.CharacterCodingException
import kotlin.coroutines.ContinuationInterceptor
import kotlin.time.Duration
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.withContext

/** The native library: loaded once, and asked with errors of this package. */
internal object Library {
    val version: String by lazy { calling("open") { version() } }

    private val loaded: Result<Unit> by lazy { runCatching { load() } }

    /** Says in one line what is missing, instead of failing somewhere inside of the loader. */
    fun ensureLoaded() {
        val problem = loaded.exceptionOrNull() ?: return
        val cause = generateSequence(problem) { it.cause }.last()
        val platform = "${System.getProperty("os.name")} ${System.getProperty("os.arch")}"
        val text = "cannot load the native library swarmlet_uniffi on $platform: ${cause.message}"
        throw refused("unsupported", "open", text).apply { initCause(problem) }
    }

    private fun load() {
        uniffiEnsureInitialized()
        // Threads of the node stay known to the JVM between calls, and do not keep it from ending.
        val initializer = CallbackThreadInitializer(true, false, "swarmlet")
        Native.setCallbackThreadInitializer(uniffiRustFutureContinuationCallbackImpl, initializer)
    }
}

/** Makes a call of the native library; its failures become exceptions of this package. */
internal inline fun <T> calling(operation: String, call: () -> T): T = try {
    call()
} catch (failure: Failure) {
    throw failure.toException()
} catch (panic: InternalException) {
    val text = "swarmlet panicked: ${panic.message}".replace('\n', ' ')
    throw refused("internal", operation, text)
} catch (_: CharacterCodingException) {
    throw invalid(operation, "a text must be valid Unicode, without lone surrogates")
}

/**
 * Makes a call that waits.
 *
 * What follows a wait must not run on the thread that ended it, which is one of the node's: where
 * nobody says on which thread, as in `suspend fun main`, it is one of the default ones.
 */
internal suspend fun <T> awaiting(operation: String, call: suspend () -> T): T {
    val dispatcher = currentCoroutineContext()[ContinuationInterceptor]
    val isAnywhere = dispatcher == null || dispatcher === Dispatchers.Unconfined
    return calling(operation) {
        if (isAnywhere) withContext(Dispatchers.Default) { call() } else call()
    }
}

/** An argument that could not be converted. */
internal fun invalid(
    operation: String,
    text: String,
    details: Map<String, String> = emptyMap(),
): SwarmletException = refused("invalid_argument", operation, text, details)

/** An error of a kind, with the advice that the kind has. */
internal fun refused(
    code: String,
    operation: String,
    text: String,
    details: Map<String, String> = emptyMap(),
): SwarmletException {
    val advice = SwarmletException.advice(code)
    return SwarmletException.of(code, SwarmletException.About(text, operation, advice, details))
}

internal fun Failure.toException(): SwarmletException = when (this) {
    is Failure.Failed -> {
        val known = Advice.entries.find { it.code == advice } ?: SwarmletException.advice(code)
        SwarmletException.of(code, SwarmletException.About(text, operation, known, details))
    }
}

/** Microseconds for the other side. */
internal val Duration.micros: Long get() = inWholeMicroseconds
