package io.github.swarmlet

import io.github.swarmlet.tour.blobsTour
import io.github.swarmlet.tour.onLoopback
import io.github.swarmlet.tour.swarmTour
import io.github.swarmlet.tour.tour
import java.io.File
import java.util.concurrent.TimeUnit
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

/** What the documents show is what runs. */
class GuideTest {
    @TempDir
    lateinit var folder: File

    @Test
    fun `the tour runs`(): Unit = tested {
        tour(folder.resolve("press-7"))
        Node.open(folder.resolve("one"), network = onLoopback).use { dashboard ->
            Node.open(folder.resolve("two"), network = onLoopback).use { press ->
                swarmTour(dashboard, press)
                blobsTour(dashboard, press, folder)
            }
        }
    }

    @Test
    fun `the program of the readme runs`() {
        val command = listOf(
            File(System.getProperty("java.home"), "bin/java").path,
            "-Djna.library.path=${System.getProperty("jna.library.path")}",
            "-cp", System.getProperty("java.class.path"), "PressKt",
        )
        val output = folder.resolve("output.txt")
        val process = ProcessBuilder(command).directory(folder).redirectErrorStream(true)
            .redirectOutput(output).start()
        assertTrue(process.waitFor(LIMIT.inWholeSeconds, TimeUnit.SECONDS))
        val lines = output.readText()
        assertEquals(0, process.exitValue(), lines)
        assertTrue("jam" in lines && "[press:7, stopped] resume from {" in lines, lines)
    }

    @Test
    fun `documents quote what is compiled`() {
        val root = File("../..")
        val sources = listOf("android/lib/src/test/kotlin", "android/example/src/main/kotlin")
            .flatMap { root.resolve(it).listFiles().orEmpty().toList() }
            .map { flat(it.readText()) }
        for (document in listOf("README.md", "docs/guide/kotlin.md")) {
            val blocks = Regex("```kotlin\n(.*?)```", RegexOption.DOT_MATCHES_ALL)
                .findAll(root.resolve(document).readText())
                .map { it.groupValues[1] }.toList()
            assertTrue(blocks.isNotEmpty(), document)
            for (block in blocks) {
                val isThere = sources.any { flat(block) in it }
                assertTrue(isThere, "$document shows what is nowhere:\n$block")
            }
        }
    }

    /** Without what depends on how far a piece is indented. */
    private fun flat(text: String) = text.lines().joinToString("\n") { it.trim() }.trim()
}
