package io.github.swarmlet

import java.io.File
import java.nio.file.Files
import java.nio.file.Path
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

/** Blobs between two devices. */
class BlobSwarmTest {
    @TempDir
    lateinit var folder: File

    private val film = content(3_000_000)

    private suspend fun open(name: String): Node {
        val network = Network(listen = listOf("tcp://127.0.0.1:0"), discovery = false)
        return Node.open(folder.resolve(name), durability = Durability.BUFFERED, network = network)
    }

    private fun withTwo(test: suspend CoroutineScope.(Node, Node) -> Unit) = tested {
        open("first").use { first ->
            first.swarm.create("plant", "first")
            open("second").use { second ->
                val invite = first.swarm.invite(labels = mapOf("hall" to "2"))
                second.swarm.join(invite, "second", 30.seconds)
                test(first, second)
            }
        }
    }

    private suspend fun untilHere(node: Node, id: String) {
        node.blobs.watch(id).first { it is BlobState.Here }
    }

    @Test
    fun `what everyone is to hold comes by itself and is told of`() = withTwo { first, second ->
        val changes = seen(second.blobs.changes())
        val holds = listOf(Hold.Everyone, Hold.Copies(1), Hold.Labels(mapOf("hall" to "2")))
        for ((index, hold) in holds.withIndex()) {
            val bytes = content(300_000, index)
            val stored = first.blobs.put(bytes, tags = listOf("press:7"), hold = hold)
            untilHere(second, stored.id)
            assertArrayEquals(bytes, second.blobs.get(stored.id).read())
            until { changes.size == index + 1 }
            assertEquals(stored, changes.last().info)
        }
        val all = first.blobs.list().toList()
        assertEquals(all, second.blobs.list().toList())
        assertEquals(0, first.blobs.delete(all[0].id))
        second.blobs.watch(all[0].id).first { it == BlobState.Absent }
        until { changes.size == 4 }
        assertEquals(all[0].id to null, changes.last().id to changes.last().info)
    }

    @Test
    fun `a folder is stored, listed and written elsewhere`() = withTwo { first, second ->
        val (app, copy) = listOf("app", "installed").map { folder.resolve(it).toPath() }
        app.resolve("js").toFile().mkdirs()
        app.resolve("index.html").toFile().writeText("<script src=js/app.js></script>")
        app.resolve("js/app.js").toFile().writeText("start()")
        val stored = first.blobs.putFolder(app, name = "app", tags = listOf("press:7"))
        assertEquals("application/vnd.swarmlet.collection", stored.mediaType)
        assertNull(stored.collection)
        val files = second.blobs.collection(stored.id, 30.seconds)
        assertEquals(listOf("index.html", "js/app.js"), files.map { it.path })
        assertEquals(listOf(31L, 7L), files.map { it.size })
        assertEquals(SavedFolder(2, 0), second.blobs.saveFolder(stored.id, copy, 30.seconds))
        copy.resolve("index.html").toFile().writeText("changed")
        assertEquals(SavedFolder(1, 1), second.blobs.saveFolder(stored.id, copy))
        assertEquals("start()", copy.resolve("js/app.js").toFile().readText())
        val records = first.blobs.stat(files[1].id).records
        assertEquals(listOf(stored.id), records.map { it.collection })

        Files.createSymbolicLink(app.resolve("link"), Path.of("index.html"))
        failingHere<SwarmletException.InvalidArgument> { first.blobs.putFolder(app) }
        val single = first.blobs.put(content(9)).id
        failingHere<SwarmletException.Corrupt> { first.blobs.collection(single) }
        failingHere<SwarmletException.Timeout> {
            first.blobs.saveFolder(NOBODY, copy, 10.milliseconds)
        }
    }

    @Test
    fun `what is held on demand comes when it is read`() = withTwo { first, second ->
        val id = first.blobs.put(film, hold = Hold.OnDemand).id
        untilHere(second, first.blobs.put(content(9)).id)
        assertEquals(BlobState.Absent, second.blobs.state(id))
        assertNull(second.blobs.get(id).progress().size)
        val end = second.blobs.get(id, start = 2_999_990).read()
        assertArrayEquals(film.copyOfRange(2_999_990, 3_000_000), end)
        val reader = second.blobs.get(id)
        assertTrue(reader.first().isNotEmpty())
        assertEquals(film.size.toLong(), reader.progress().size)
        assertArrayEquals(film, joined(reader.toList()))
        untilHere(second, id)
        failingHere<SwarmletException.PermissionDenied> { second.blobs.delete(id) }
        second.blobs.put(film)
        assertEquals(1, second.blobs.delete(id))
    }

    @Test
    fun `who stops waiting gives up and leaves nothing and can begin again`() =
        withTwo { first, second ->
            // Its id is known from elsewhere; the swarm does not have it yet.
            lateinit var id: String
            withOther { id = it.blobs.put(film).id }
            val reader = second.blobs.get(id)
            val saved = folder.resolve("saved").apply { mkdir() }
            val file = saved.resolve("film").toPath()
            val waits = listOf(
                launch { reader.collect { } }, launch { reader.read() },
                launch { reader.save(file) },
            )
            until { saved.list()!!.isNotEmpty() }
            for (wait in waits) wait.cancelAndJoin()
            until { saved.list()!!.isEmpty() }
            failingHere<SwarmletException.Timeout> { reader.read(timeout = 10.milliseconds) }
            failingHere<SwarmletException.Timeout> { reader.save(file, timeout = 10.milliseconds) }
            until { saved.list()!!.isEmpty() }
            val pieces = async { reader.toList() }
            first.blobs.put(film, hold = Hold.OnDemand)
            assertArrayEquals(film, joined(pieces.await()))
            reader.save(file)
            assertArrayEquals(film, saved.resolve("film").readBytes())
        }

    private suspend fun withOther(use: suspend (Node) -> Unit) =
        Node.open(folder.resolve("elsewhere"), durability = Durability.BUFFERED).use { use(it) }

    @Test
    fun `closing the node ends who waits for a blob`() = withTwo { _, second ->
        val reader = second.blobs.get(NOBODY)
        val saved = folder.resolve("saved").apply { mkdir() }
        val waits = listOf<suspend () -> Unit>(
            { reader.collect { } }, { reader.read() },
            { reader.save(saved.resolve("film").toPath()) },
        )
        val ended = waits.map { launch { failingHere<SwarmletException.Closed> { it() } } }
        until { saved.list()!!.isNotEmpty() }
        assertTrue(ended.none { it.isCompleted })
        second.shutDown()
        for (wait in ended) wait.join()
        until { saved.list()!!.isEmpty() }
    }
}
