package io.github.swarmlet

import io.github.swarmlet.internal.GivenBlob
import java.io.IOException
import java.io.InputStream
import java.nio.file.Path
import kotlin.time.Duration
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.flowOf
import kotlinx.coroutines.runInterruptible
import io.github.swarmlet.internal.BlobWriter as NativeWriter
import io.github.swarmlet.internal.Blobs as NativeBlobs

/**
 * The blobs of a node: large bytes, named by their hash.
 *
 * Whoever stores a blob publishes a record of it, an event with the tags `blob` and `blob:<id>`;
 * whoever may read the record may have the blob. Each node that is to hold a blob fetches it by
 * itself, from all who have it; others fetch it when it is read.
 *
 * Flows begin anew with each collector, and end with it. This does not keep the node open: once
 * that is closed, everything here throws [SwarmletException.Closed].
 */
public class Blobs internal constructor(private val native: NativeBlobs) {
    /**
     * Stores bytes that come chunk by chunk, of whatever length; both they and the record are
     * durable when this returns.
     *
     * If the flow fails, or the coroutine is cancelled, nothing is left behind, unless all bytes
     * had been given already. The same bytes are kept once, however often they are stored.
     *
     * @param name what people call it; it must be possible as the name of a file, without a folder
     * @param mediaType what kind of bytes it is, such as `image/png`
     * @param tags by what the record is found, beside its own tags; as for every event they decide
     * which stream it goes to, and with it who may have the blob
     * @param hold who is to hold it beside this device: everyone unless given
     * @param keep how long it is kept: until it is deleted unless given
     */
    public suspend fun put(
        chunks: Flow<ByteArray>,
        name: String? = null,
        mediaType: String? = null,
        tags: Iterable<String> = emptyList(),
        hold: Hold? = null,
        keep: Keep? = null,
    ): BlobInfo {
        val given = given(name, mediaType, tags, hold, keep)
        return awaiting("put") { native.writer(given) }.use { writer ->
            chunks.collect { write(writer, it) }
            awaiting("put") { writer.finish() }.toInfo()
        }
    }

    /** Stores bytes that are in memory; as the other [put]. */
    public suspend fun put(
        bytes: ByteArray,
        name: String? = null,
        mediaType: String? = null,
        tags: Iterable<String> = emptyList(),
        hold: Hold? = null,
        keep: Keep? = null,
    ): BlobInfo = put(flowOf(bytes), name, mediaType, tags, hold, keep)

    /**
     * Stores what is left of a stream, which is read on [Dispatchers.IO] and not closed; as the
     * other [put]. A read that takes long is interrupted when the coroutine is cancelled.
     */
    public suspend fun put(
        stream: InputStream,
        name: String? = null,
        mediaType: String? = null,
        tags: Iterable<String> = emptyList(),
        hold: Hold? = null,
        keep: Keep? = null,
    ): BlobInfo = put(chunks(stream), name, mediaType, tags, hold, keep)

    /**
     * Stores the bytes of a file, which stays where it is, under its name unless another is given,
     * or no blob can have it; as the other [put].
     *
     * @param reference whether the bytes stay in the file, which is only ever read and must stay as
     * it is
     */
    public suspend fun put(
        file: Path,
        name: String? = null,
        mediaType: String? = null,
        tags: Iterable<String> = emptyList(),
        hold: Hold? = null,
        keep: Keep? = null,
        reference: Boolean = false,
    ): BlobInfo {
        val given = given(name, mediaType, tags, hold, keep, reference)
        val path = file.toFile().path
        return awaiting("put") { native.putFile(path, given) }.toInfo()
    }

    /**
     * Stores the files of a folder, and of the folders in it, as a collection: a blob that lists
     * them, whose id stands for all of them. The files are held and kept with it; [list] leaves
     * them out.
     *
     * Throws [SwarmletException.InvalidArgument] for links, for names that files cannot have
     * everywhere, and for more than 8 192 files; nothing is published then. The rest is as for
     * [put].
     */
    public suspend fun putFolder(
        folder: Path,
        name: String? = null,
        tags: Iterable<String> = emptyList(),
        hold: Hold? = null,
        keep: Keep? = null,
        reference: Boolean = false,
    ): BlobInfo {
        val given = given(name, null, tags, hold, keep, reference)
        val path = folder.toFile().path
        return awaiting("put_folder") { native.putFolder(path, given) }.toInfo()
    }

    /**
     * The files of a collection, in the order of their paths. It is fetched if it is not here; its
     * files are not. Throws [SwarmletException.Corrupt] if the blob is no collection,
     * [SwarmletException.Timeout] if it is not here within the time.
     */
    public suspend fun collection(id: String, timeout: Duration? = null): List<CollectionFile> =
        awaiting("collection") { native.collection(id, timeout?.micros) }.map { it.toFile() }

    /**
     * Writes the files of a collection below a folder, those that are missing there or have other
     * bytes; what is not here is fetched. Each appears when all of it is there. What else is in the
     * folder stays. If it fails, or is cancelled, what was written stays; repeated it goes on.
     */
    public suspend fun saveFolder(
        id: String,
        folder: Path,
        timeout: Duration? = null,
    ): SavedFolder {
        val path = folder.toFile().path
        val saved = awaiting("save_folder") { native.saveFolder(id, path, timeout?.micros) }
        return SavedFolder(saved.written, saved.unchanged)
    }

    /**
     * The bytes of a blob from [start] on, up to [end] if that is given, whether it is here or not.
     *
     * Nothing is read or fetched before the reader is asked for it. Throws
     * [SwarmletException.InvalidArgument] if [id] is none, or the end lies before the start.
     */
    public fun get(id: String, start: Long = 0, end: Long? = null): BlobReader {
        val open = { native.reader(id, start, end) }
        // What cannot be read is said here, not when somebody collects.
        calling("get") { open() }.close()
        return BlobReader(id, open)
    }

    /** How much of a blob is on this device. Looks at the disk; does not wait for anybody. */
    public suspend fun state(id: String): BlobState =
        awaiting("state") { native.state(id) }.toState()

    /**
     * The same, now and each time that it has changed; who is slow misses what was in between. It
     * makes nobody fetch the blob.
     */
    public fun watch(id: String): Flow<BlobState> = anew(
        "watch",
        { native.watch(id) },
        { listOfNotNull(it.take()?.toState()) },
        { it.ready() },
    )

    /** All that is known of a blob: how much of it is here, and the records that tell of it. */
    public suspend fun stat(id: String): BlobStat = awaiting("stat") { native.stat(id) }.toStat()

    /** How much of this device blobs take. Looks at all of them. */
    public suspend fun usage(): BlobUsage = awaiting("usage") { native.usage() }.toUsage()

    /**
     * The records that are here and were not taken back; a blob comes once for each record of it.
     */
    public fun list(): Flow<BlobInfo> = anew(
        "list",
        { native.list() },
        { chunk -> chunk.take().map { it.toInfo() } },
        { it.ready() },
    )

    /** The records that are here, then those that come; and which were taken back. */
    public fun changes(): Flow<BlobChange> = anew(
        "changes",
        { native.changes() },
        { chunk -> chunk.take().map { it.toChange() } },
        { it.ready() },
    )

    /**
     * Takes the records of a blob back: those of this device, and those in streams on which it has
     * the right `admin`. Says how many records by others there are, which keep the blob.
     *
     * Every device that learns of it removes the bytes, unless they are pinned there or somebody
     * waits for them. Throws [SwarmletException.PermissionDenied] if there are records, and none
     * that this device may take back.
     */
    public suspend fun delete(id: String): Long = awaiting("delete") { native.delete(id) }

    /** Keeps a blob on this device whatever its records say, and fetches what of it is not here. */
    public suspend fun pin(id: String): Unit = awaiting("pin") { native.pin(id) }

    /** Takes that back: from here on the records say whether the blob stays. */
    public suspend fun unpin(id: String): Unit = awaiting("unpin") { native.unpin(id) }

    /** The blobs that are pinned on this device, in the order of their ids. */
    public suspend fun pinned(): List<String> = awaiting("pinned") { native.pinned() }

    private suspend fun write(writer: NativeWriter, bytes: ByteArray) {
        var written = 0
        while (written < bytes.size) {
            val end = written + minOf(bytes.size - written, WRITE_BYTES)
            val isAll = end - written == bytes.size
            val piece = if (isAll) bytes else bytes.copyOfRange(written, end)
            if (calling("put") { writer.write(piece) }) awaiting("put") { writer.flush() }
            written = end
        }
    }

    private fun chunks(stream: InputStream): Flow<ByteArray> = flow {
        val buffer = ByteArray(WRITE_BYTES)
        while (true) {
            val count = read(stream, buffer)
            if (count < 0) break
            emit(buffer.copyOf(count))
        }
    }

    private suspend fun read(stream: InputStream, buffer: ByteArray) = try {
        runInterruptible(Dispatchers.IO) { stream.read(buffer) }
    } catch (error: IOException) {
        // Many streams fail so when they are interrupted, which a cancelled coroutine does not.
        currentCoroutineContext().ensureActive()
        throw error
    }

    private fun given(
        name: String?,
        mediaType: String?,
        tags: Iterable<String>,
        hold: Hold?,
        keep: Keep?,
        reference: Boolean = false,
    ) = GivenBlob(name, mediaType, tags.toList(), hold?.given(), keep?.given(), reference)

    private companion object {
        /** Bytes that cross at once: as many as the native half writes at once. */
        const val WRITE_BYTES = 256 * 1024
    }
}
