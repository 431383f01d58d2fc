package io.github.swarmlet

import java.nio.file.Path
import kotlin.time.Duration
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.FlowCollector
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.yield
import io.github.swarmlet.internal.BlobReader as NativeReader

/** Bytes that [BlobReader.read] puts into memory at most, unless it is told otherwise: 64 MiB. */
public const val READ_BYTES_MAX: Int = 64 * 1024 * 1024

/**
 * Some bytes of a blob: as a flow of pieces, at most 64 KiB each, or all at once. Each byte is
 * checked against the id.
 *
 * Bytes that are not here are fetched from whoever is connected and has them, those that are waited
 * for before others; while nobody has them, this waits. Each collector and each call begins at the
 * start. One that is cancelled gives up what is not here yet; what came is kept, and not fetched
 * again. In a node that is in no swarm what is not here throws [SwarmletException.NotFound].
 *
 * Nothing need be closed.
 */
public class BlobReader internal constructor(
    /** The id of the blob. */
    public val id: String,
    private val open: () -> NativeReader,
) : Flow<ByteArray> {
    private val pieces = anew("get", open, { listOfNotNull(it.take()) }, { it.ready() })

    /** Pieces of at most 64 KiB, in order; of these no more than 1 MiB is read ahead. */
    override suspend fun collect(collector: FlowCollector<ByteArray>): Unit =
        pieces.collect(collector)

    /**
     * All of the bytes. Throws [SwarmletException.InvalidArgument] if those are more than
     * [bytesMax], [SwarmletException.Timeout] if they are not here within the time.
     */
    public suspend fun read(bytesMax: Int = READ_BYTES_MAX, timeout: Duration? = null): ByteArray =
        calling("read") { open() }.use { native ->
            awaiting("read") { native.read(bytesMax.toLong(), timeout?.micros) }
        }

    /**
     * Writes all of the bytes to a file. It appears under its name when all of it is there and
     * synced; one that was there is replaced. If it fails, or is cancelled, nothing is left behind
     * soon after, unless the file was just getting its name.
     *
     * Throws [SwarmletException.Timeout] if the bytes are not here within the time.
     */
    public suspend fun save(file: Path, timeout: Duration? = null) {
        val path = file.toFile().path
        calling("save") { open() }.use { native ->
            awaiting("save") { native.save(path, timeout?.micros) }
        }
    }

    /** How much of the blob, all of it, is on this device; also while it is being read. */
    public suspend fun progress(): BlobProgress = calling("progress") { open() }.use { native ->
        awaiting("progress") { native.progress() }.let { BlobProgress(it.size, it.here) }
    }

    override fun toString(): String = "BlobReader(id=$id)"
}

/**
 * A flow that begins anew with each collector: [open] makes the native half, [take] hands out what
 * is there, [ready] waits until there is more (true) or nothing will come (false). It is freed when
 * the collector has seen enough, fails or is cancelled, and so ends.
 *
 * What was taken and not collected is lost to nobody: who collects again begins again.
 */
internal fun <Native : AutoCloseable, T> anew(
    operation: String,
    open: () -> Native,
    take: (Native) -> List<T>,
    ready: suspend (Native) -> Boolean,
): Flow<T> = flow {
    calling(operation) { open() }.use { native ->
        while (true) {
            val chunk = calling(operation) { take(native) }
            for (one in chunk) emit(one)
            if (chunk.isEmpty() && !awaiting(operation) { ready(native) }) break
            // A flow that always has more must not keep others from running.
            yield()
        }
    }
}
