/** What docs/guide/kotlin.md shows of blobs, as one program that runs. */
package io.github.swarmlet.tour

import io.github.swarmlet.BlobInfo
import io.github.swarmlet.BlobState
import io.github.swarmlet.Hold
import io.github.swarmlet.Keep
import io.github.swarmlet.Node
import java.io.File
import java.nio.file.Path
import java.time.Instant
import kotlin.time.Duration.Companion.days
import kotlin.time.Duration.Companion.seconds
import kotlin.time.toJavaDuration
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.filter
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.mapNotNull
import kotlinx.coroutines.withTimeout

/** Blobs of two devices of a swarm; [folder] is for files. */
suspend fun blobsTour(dashboard: Node, press: Node, folder: File) {
    val drawing = folder.resolve("drawing.png").apply { writeBytes(ByteArray(100_000)) }.toPath()
    val stored = store(press, drawing)
    press.swarm.waitInSync(timeout = 30.seconds)
    read(dashboard, stored, folder.resolve("copy.png").toPath())
    know(dashboard, stored)
    folders(dashboard, press, folder)
    val report = keep(press)
    press.blobs.delete(report.id)
    dashboard.blobs.watch(report.id).first { it == BlobState.Absent }
    room(folder.resolve("tablet"))
}

private suspend fun store(node: Node, file: Path): BlobInfo {
    val drawing = node.blobs.put(file, mediaType = "image/png", tags = listOf("press:7"))
    println("stored ${drawing.name}, ${drawing.size} bytes, as ${drawing.id}")

    val film = node.blobs.put(frames(), name = "jam.mp4", hold = Hold.OnDemand)
    check(film.hold == Hold.OnDemand)
    return drawing
}

private fun frames(): Flow<ByteArray> = flow { repeat(100) { emit(ByteArray(10_000)) } }

private suspend fun read(node: Node, drawing: BlobInfo, file: Path) {
    val bytes = node.blobs.get(drawing.id).read(timeout = 30.seconds)
    check(bytes.size.toLong() == drawing.size)

    node.blobs.get(drawing.id).save(file, timeout = 30.seconds)

    val film = node.blobs.list().first { it.name == "jam.mp4" }
    val reader = node.blobs.get(film.id, start = 500_000)
    var played = 0
    withTimeout(30.seconds) {
        reader.collect { piece ->
            played += piece.size
            println("$played played, ${reader.progress().here} of ${film.size} here")
        }
    }
    check(played == 500_000)
}

private suspend fun know(node: Node, drawing: BlobInfo) {
    val found = node.query("FROM 'blob' & 'press:7'").mapNotNull(BlobInfo::from)
    found.collect { blob -> println("${blob.name} of ${blob.time}: ${node.blobs.state(blob.id)}") }

    node.blobs.watch(drawing.id).first { it is BlobState.Here }

    val new = node.blobs.changes().filter { it.info?.mediaType == "image/png" }
    check(new.first().id == drawing.id)
}

private suspend fun folders(dashboard: Node, press: Node, folder: File) {
    val (source, target) = listOf("app", "installed").map { folder.resolve(it).toPath() }
    source.resolve("js").toFile().mkdirs()
    source.resolve("js/app.js").toFile().writeText("start()")

    val app = press.blobs.putFolder(source, name = "app", tags = listOf("app:press"))
    val files = dashboard.blobs.collection(app.id, timeout = 30.seconds)
    val saved = dashboard.blobs.saveFolder(app.id, target, timeout = 30.seconds)
    println("${saved.written} of ${files.size} files were written")
    check(saved.written == 1L)
}

private suspend fun keep(node: Node): BlobInfo {
    val month = Keep.Until(Instant.now() + 30.days.toJavaDuration())
    val report = node.blobs.put("all is well".toByteArray(), hold = Hold.Copies(2), keep = month)
    check(report.hold == Hold.Copies(2))
    return report
}

private suspend fun room(folder: File) {
    Node.open(folder, blobsBytesMax = 500_000_000).use { node ->
        val usage = node.blobs.usage()
        println("${usage.bytes} of ${usage.bytesMax} bytes, ${usage.spareBytes} to spare")
    }
}
