package io.github.swarmlet

import java.io.File
import java.io.IOException
import java.io.InputStream
import java.io.InterruptedIOException
import java.io.RandomAccessFile
import java.time.Instant
import java.util.concurrent.CountDownLatch
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.asFlow
import kotlinx.coroutines.flow.count
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.flowOf
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.yield
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

/** Blobs on one node: stored, read, known of, kept, refused. */
class BlobsTest {
    @TempDir
    lateinit var folder: File

    private val path get() = folder.resolve("node")

    private val film = content(1_000_000)

    @Test
    fun `what is stored is read again and its record is in the log`() {
        lateinit var stored: BlobInfo
        tested {
            Node.open(path, appId = "com.example.press").use { node ->
                stored = node.blobs.put(
                    film, "tool 7.mp4", "video/mp4", listOf("press:7"), Hold.OnDemand,
                )
                assertEquals(64, stored.id.length)
                assertEquals(film.size.toLong(), stored.size)
                assertEquals("tool 7.mp4" to "video/mp4", stored.name to stored.mediaType)
                assertEquals(Hold.OnDemand to Keep.Forever, stored.hold to stored.keep)
                assertTrue(stored.tags.containsAll(listOf("blob", "blob:${stored.id}", "press:7")))
                assertEquals("com.example.press", stored.appId)
                val row = node.query("FROM 'blob' & 'press:7'").first()
                assertEquals(row.key to row.time, stored.key to stored.time)
                assertEquals(stored, BlobInfo.from(row))
                node.publish("blob", "no record")
                val none = "FROM 'blob' FILTER _ = 'no record'"
                for (other in listOf("FROM 'blob' SELECT _.size", "FROM [1]", none)) {
                    assertNull(BlobInfo.from(node.query(other).first()), other)
                }
            }
        }
        withNode(path) { node ->
            assertArrayEquals(film, node.blobs.get(stored.id).read())
            assertEquals(listOf(stored), node.blobs.list().toList())
            val here = BlobState.Here(stored.size)
            assertEquals(here, node.blobs.state(stored.id.uppercase()))
            assertEquals(BlobStat(here, false, listOf(stored)), node.blobs.stat(stored.id))
            assertEquals(BlobState.Absent, node.blobs.state(NOBODY))
        }
    }

    @Test
    fun `all sorts of bytes are the same blob`() = withNode(path) { node ->
        val file = folder.resolve("a.bin").apply { writeBytes(film) }
        val odd = folder.resolve("a: no name for a blob").apply { writeBytes(film) }
        val blobs = node.blobs
        val first = blobs.put(film)
        val chunks = film.asList().chunked(777) { it.toByteArray() }
        val same = listOf(
            blobs.put(chunks.asFlow()),
            blobs.put(flowOf(film.copyOf(1), ByteArray(0), film.copyOfRange(1, film.size))),
            blobs.put(film.inputStream()),
            blobs.put(file.inputStream(), name = "b.bin"),
            blobs.put(file.toPath()),
            blobs.put(file.toPath(), name = "c.bin"),
            blobs.put(odd.toPath()),
        )
        assertEquals(setOf(first.id), same.map { it.id }.toSet())
        val names = listOf(null, null, null, "b.bin", "a.bin", "c.bin", null)
        assertEquals(names, same.map { it.name })
        assertEquals(listOf(first.id), blobFiles(path))
        assertEquals(listOf(first) + same, blobs.list().toList())
        val nothing = blobs.put(ByteArray(0))
        assertEquals(nothing.id, blobs.put(InputStream.nullInputStream()).id)
        assertEquals(0, blobs.get(nothing.id).read().size)
        assertEquals(0, blobs.get(nothing.id).toList().size)
    }

    @Test
    fun `bytes are read in pieces and in ranges and again`() = withNode(path) { node ->
        val id = node.blobs.put(film).id
        val reader = node.blobs.get(id, start = 10)
        assertEquals(id, reader.id)
        repeat(2) {
            val pieces = reader.toList()
            assertTrue(pieces.all { it.size in 1..65_536 })
            assertArrayEquals(film.copyOfRange(10, film.size), joined(pieces))
        }
        assertTrue(reader.first().isNotEmpty())
        val ranges = listOf(
            0L to 1L, 5L to 5L, 65_000L to 66_000L, 65_536L to 131_072L, 999_999L to 1_000_000L,
            999_000L to null, 0L to 2_000_000L, 1_000_000L to null, Long.MAX_VALUE to null,
        )
        for ((start, end) in ranges) {
            val last = minOf(end ?: Long.MAX_VALUE, 1_000_000).toInt()
            val part = film.copyOfRange(minOf(start, 1_000_000).toInt(), last)
            assertArrayEquals(part, node.blobs.get(id, start, end).read(), "$start to $end")
        }
        assertEquals(BlobProgress(1_000_000, 1_000_000), reader.progress())
    }

    @Test
    fun `a file appears when all of it is there`() = withNode(path) { node ->
        val id = node.blobs.put(film).id
        val saved = folder.resolve("saved").apply { mkdir() }
        val file = saved.resolve("b.bin").apply { writeText("what was there before") }
        node.blobs.get(id).save(file.toPath())
        assertArrayEquals(film, file.readBytes())
        val reader = node.blobs.get(id, end = 7)
        failingHere<SwarmletException.NotFound> { reader.save(saved.resolve("no/b").toPath()) }
        assertTrue(runCatching { reader.save(saved.toPath()) }.isFailure)
        reader.save(file.toPath())
        assertArrayEquals(film.copyOf(7), file.readBytes())
        assertEquals(listOf("b.bin"), saved.list()!!.asList())
    }

    @Test
    fun `a file can stay where it is`() = withNode(path) { node ->
        val file = folder.resolve("film.mp4").apply { writeBytes(film) }
        val id = node.blobs.put(file.toPath(), reference = true).id
        assertTrue(node.blobs.usage().bytes < 30_000)
        assertArrayEquals(film, node.blobs.get(id).read())
        file.writeBytes(film.copyOf(film.size - 1))
        failingHere<SwarmletException.Corrupt> { node.blobs.get(id).read() }

        val parts = folder.resolve("parts").apply { mkdir() }
        parts.resolve("a").writeBytes(film)
        node.blobs.putFolder(parts.toPath(), reference = true)
        assertTrue(node.blobs.usage().bytes < 60_000)
    }

    @Test
    fun `who holds it and how long come back as they were given`() = withNode(path) { node ->
        val time = Instant.parse("2140-01-01T00:00:00.000001Z")
        val holds = listOf(
            Hold.Everyone, Hold.OnDemand, Hold.Copies(1), Hold.Copies(4096),
            Hold.Labels(mapOf("hall" to "2", "line" to "a")),
        )
        val keeps = listOf(
            Keep.Forever, Keep.Until(time), Keep.UntilNext(), Keep.UntilNext(listOf("a", "b")),
            Keep.WhileReferenced,
        )
        for ((hold, keep) in holds.zip(keeps)) {
            val stored = node.blobs.put(film, name = "film", hold = hold, keep = keep)
            assertEquals(hold to keep, stored.hold to stored.keep)
            val found = node.blobs.stat(stored.id).records.last()
            assertEquals(stored, found)
        }
        val unsaid = node.blobs.put(film)
        assertEquals(Hold.Everyone to Keep.Forever, unsaid.hold to unsaid.keep)
    }

    @Test
    fun `blobs are pinned and watched and deleted`() = withNode(path) { node ->
        val stored = node.blobs.put(film)
        val states = seen(node.blobs.watch(stored.id))
        val changes = seen(node.blobs.changes())
        until { states.lastOrNull() == BlobState.Here(stored.size) }
        node.blobs.pin(stored.id)
        assertEquals(listOf(stored.id), node.blobs.pinned())
        assertEquals(0, node.blobs.delete(stored.id))
        val stat = node.blobs.stat(stored.id)
        assertEquals(BlobStat(BlobState.Here(stored.size), true, emptyList()), stat)
        node.blobs.unpin(stored.id)
        until { states.last() == BlobState.Absent }
        until { changes.size == 2 }
        assertEquals(BlobChange(stored.id, stored, stored.key), changes[0])
        assertEquals(stored.id to null, changes[1].id to changes[1].info)
        assertEquals(emptyList<BlobInfo>(), node.blobs.list().toList())
        assertEquals(0L to 0L, node.blobs.usage().let { it.blobs to it.bytes })
    }

    @Test
    fun `room is limited and what is kept no longer goes`(): Unit = tested {
        val open = suspend {
            val period = 10.milliseconds
            Node.open(path, blobsBytesMax = 2_000_000, blobsSweepPeriod = period)
        }
        open().use { node ->
            val stored = node.blobs.put(film)
            // Between its bytes and its record it may have been looked at.
            until { node.blobs.usage().spareBytes == 0L }
            val usage = node.blobs.usage()
            assertEquals(1L to 2_000_000L, usage.blobs to usage.bytesMax)
            assertTrue(usage.bytes in 1_000_000..1_100_000, "$usage")
            failingHere<SwarmletException.DiskFull> { node.blobs.put(content(1_500_000, 1)) }
            assertEquals(listOf(stored.id), blobFiles(path))
            val old = node.blobs.put(content(9, 2), keep = Keep.Until(Instant.EPOCH))
            node.blobs.watch(old.id).first { it == BlobState.Absent }
            assertEquals(listOf(stored), node.blobs.list().toList().filter { it.id == stored.id })
        }
        failingHere<SwarmletException.InvalidArgument> { Node.open(path, blobsBytesMax = -1) }
        val never = (-1).milliseconds
        failingHere<SwarmletException.InvalidArgument> { Node.open(path, blobsSweepPeriod = never) }
    }

    @Test
    fun `who gives up storing leaves nothing`() = withNode(path) { node ->
        val begun = CompletableDeferred<Unit>()
        val endless = flow {
            emit(film)
            begun.complete(Unit)
            awaitCancellation()
        }
        val storing = launch { node.blobs.put(endless) }
        begun.await()
        storing.cancelAndJoin()
        until { blobFiles(path).isEmpty() }

        val failing = flow {
            emit(film)
            throw IOException("the camera is gone")
        }
        val error = runCatching { node.blobs.put(failing) }.exceptionOrNull()
        assertEquals("the camera is gone", error?.message)
        until { blobFiles(path).isEmpty() }

        val large = folder.resolve("large")
        RandomAccessFile(large, "rw").use { it.setLength(1L shl 33) }
        val copying = launch { node.blobs.put(large.toPath()) }
        until { blobFiles(path).isNotEmpty() }
        copying.cancelAndJoin()
        until { blobFiles(path).isEmpty() }
        assertEquals(emptyList<BlobInfo>(), node.blobs.list().toList())
    }

    @Test
    fun `a stream that keeps waiting is interrupted`() = withNode(path) { node ->
        for (failure in listOf(InterruptedException(), InterruptedIOException())) {
            val begun = CompletableDeferred<Unit>()
            val never = object : InputStream() {
                override fun read() = try {
                    begun.complete(Unit)
                    CountDownLatch(1).await()
                    -1
                } catch (_: InterruptedException) {
                    throw failure
                }
            }
            val storing = async { node.blobs.put(never) }
            begun.await()
            storing.cancelAndJoin()
            val end = runCatching { storing.await() }.exceptionOrNull()
            assertTrue(end is CancellationException, "$end")
            until { blobFiles(path).isEmpty() }
        }
        val broken = object : InputStream() {
            override fun read() = throw InterruptedIOException("the plug is out")
        }
        val error = runCatching { node.blobs.put(broken) }.exceptionOrNull()
        assertEquals("the plug is out", error?.message)
    }

    @Test
    fun `what cannot be is refused`() = withNode(path) { node ->
        val blobs = node.blobs
        val id = blobs.put(film).id
        val file = folder.resolve("a.bin").apply { writeBytes(film) }.toPath()
        val refused = listOf<Pair<String, suspend () -> Unit>>(
            "put" to { blobs.put(film, name = "a/b") },
            "put" to { blobs.put(file, name = "a/b") },
            "put" to { blobs.put(film, mediaType = "image") },
            "put" to { blobs.put(film, tags = listOf("")) },
            "put" to { blobs.put(film, tags = List(257) { "$it" }) },
            "put" to { blobs.put(film, name = "\uD800") },
            "put" to { blobs.put(folder.toPath()) },
            "put" to { blobs.put(film, hold = Hold.Copies(0)) },
            "put" to { blobs.put(film, hold = Hold.Copies(-1)) },
            "put" to { blobs.put(film, hold = Hold.Copies(70_000)) },
            "put" to { blobs.put(film, hold = Hold.Labels(emptyMap())) },
            "put" to { blobs.put(film, keep = Keep.UntilNext()) },
            "put" to { blobs.put(film, keep = Keep.UntilNext(listOf(""))) },
            "put" to { blobs.put(film, keep = Keep.Until(Instant.MAX)) },
            "get" to { blobs.get("no id") },
            "get" to { blobs.get(id, start = -1) },
            "get" to { blobs.get(id, start = 2, end = 1) },
            "read" to { blobs.get(id).read(999_999) },
            "read" to { blobs.get(id).read(-1) },
            "state" to { blobs.state("no id") },
            "watch" to { blobs.watch("no id").first() },
            "stat" to { blobs.stat("no id") },
            "delete" to { blobs.delete("no id") },
            "pin" to { blobs.pin("no id") },
            "unpin" to { blobs.unpin("no id") },
        )
        for ((operation, call) in refused) {
            val error = failingHere<SwarmletException.InvalidArgument> { call() }
            assertEquals(operation, error.operation.removePrefix("blobs."), error.message)
        }
        assertEquals(listOf(id), blobFiles(path))
        val missing = folder.resolve("missing").toPath()
        failingHere<SwarmletException.NotFound> { blobs.put(missing) }
        failingHere<SwarmletException.NotFound> { blobs.get(NOBODY).read() }
        failingHere<SwarmletException.NotFound> { blobs.get(NOBODY).first() }
    }

    @Test
    fun `blobs of a closed node say so`(): Unit = tested {
        val node = Node.open(path, durability = Durability.BUFFERED)
        val blobs = node.blobs
        val id = blobs.put(film).id
        val reader = blobs.get(id)
        val file = folder.resolve("a.bin").apply { writeBytes(film) }.toPath()
        val watched = CompletableDeferred<Unit>()
        val watching = launch {
            failingHere<SwarmletException.Closed> {
                blobs.watch(id).collect { watched.complete(Unit) }
            }
        }
        watched.await()
        node.shutDown()
        watching.join()
        val late = listOf<suspend () -> Any>(
            { blobs.put(film) }, { blobs.put(file) }, { reader.first() }, { reader.read() },
            { reader.save(file) }, { reader.progress() }, { blobs.state(id) }, { blobs.stat(id) },
            { blobs.watch(id).first() }, { blobs.usage() }, { blobs.list().toList() },
            { blobs.changes().first() }, { blobs.delete(id) }, { blobs.pin(id) },
            { blobs.unpin(id) }, { blobs.pinned() },
        )
        for (call in late) failingHere<SwarmletException.Closed> { call() }
    }

    @Test
    fun `a flow that always has more lets others run and is freed with its collector`(): Unit =
        tested {
            var (left, freed, turns) = listOf(1000, 0, 0)
            val full = anew(
                "get",
                { AutoCloseable { freed += 1 } },
                { if (left-- > 0) listOf(left) else emptyList() },
                { false },
            )
            val counting = launch {
                while (true) {
                    turns += 1
                    yield()
                }
            }
            assertEquals(999, full.first())
            assertEquals(1, freed)
            assertEquals(999, full.count())
            assertEquals(2, freed)
            counting.cancelAndJoin()
            assertTrue(turns >= 999, "$turns turns")
        }
}
