package io.github.swarmlet

import java.io.File
import java.math.BigInteger
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.flow.single
import kotlinx.coroutines.flow.toList
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

class PublishTest {
    @TempDir
    lateinit var folder: File

    @Test
    fun `an event is found with its tags payload and place`(): Unit = tested {
        Node.open(File(folder, "node"), appId = "com.example.press").use { node ->
            val published = node.publish(listOf("press:7", "stopped"), mapOf("reason" to "jam"))
            val row = node.query("FROM 'press:7' & 'stopped'").single()
            assertEquals(published.key, row.key)
            assertEquals("${node.id}-0", row.stream)
            assertEquals(0, row.offset)
            assertEquals(published.time, row.time)
            assertEquals("com.example.press", row.appId)
            assertEquals(listOf("press:7", "stopped"), row.tags)
            assertEquals("jam", row["reason"])
            assertEquals(mapOf("reason" to "jam"), row.payload)
        }
    }

    @Test
    fun `values come back as what they are`() = withNode(folder.resolve("node")) { node ->
        val big = BigInteger.TWO.pow(64) - BigInteger.ONE
        val values = listOf(
            null, true, false, 0L, 23L, 24L, -1L, -25L, 255L, 256L, 65535L, 65536L, 1L shl 32,
            Long.MAX_VALUE, Long.MIN_VALUE, big, 0.5, -0.0, Double.NaN, Double.POSITIVE_INFINITY,
            Double.NEGATIVE_INFINITY, Double.MIN_VALUE, "", "a\u0000b", "\uD83D\uDE00",
            emptyList<Any>(), emptyMap<String, Any>(), listOf(1L, listOf(2L, mapOf("k" to null))),
            "x".repeat(70000), List(300) { it.toLong() },
        )
        node.publish("all", values)
        assertEquals(values, node.query("FROM 'all'").single().payload)
    }

    @Test
    fun `other numbers and sequences are taken`() = withNode(folder.resolve("node")) { node ->
        val given = listOf(
            1.toByte(), 2.toShort(), 3, 4u, 5.toULong(), 0.5f, arrayOf("a", null), setOf("b"),
            intArrayOf(1), longArrayOf(2), doubleArrayOf(0.5), booleanArrayOf(true),
            sequenceOf(1, 2).asIterable(), ULong.MAX_VALUE, BigInteger.valueOf(-7), UByte.MAX_VALUE,
        )
        val big = BigInteger.TWO.pow(64) - BigInteger.ONE
        val expected = listOf(
            1L, 2L, 3L, 4L, 5L, 0.5, listOf("a", null), listOf("b"), listOf(1L), listOf(2L),
            listOf(0.5), listOf(true), listOf(1L, 2L), big, -7L, 255L,
        )
        node.publish("all", given)
        assertEquals(expected, node.query("FROM 'all'").single().payload)
    }

    @Test
    fun `bytes are taken and given`() = withNode(folder.resolve("node")) { node ->
        for (size in listOf(0, 1, 300, 70_000)) {
            val bytes = ByteArray(size) { it.toByte() }
            node.publish("bytes:$size", bytes)
            val given = mapOf("size" to size)
            val row = node.query("FROM `bytes:{\$size}`", parameters = given).single()
            assertArrayEquals(bytes, row.payload as ByteArray)
        }
    }

    @Test
    fun `many events are published in one call`() = withNode(folder.resolve("node")) { node ->
        val published = node.publishMany(List(1000) { NewEvent("n", it) })
        assertEquals(List(1000) { it.toLong() }, published.map { it.offset })
        assertEquals(emptyList<Published>(), node.publishMany(emptyList()))
        val rows = node.query("FROM 'n'").toList()
        assertEquals(List(1000) { it.toLong() }, rows.map { it.payload })
    }

    @Test
    fun `many coroutines publish at once`() = withNode(folder.resolve("node")) { node ->
        val published = List(200) { async { node.publish("n", it) } }.awaitAll()
        assertEquals(200, published.map { it.key }.toSet().size)
        assertTrue(published.maxOf { it.offset } == 199L)
    }

    @Test
    fun `keys are ordered as the log is`() {
        val author = ".".repeat(43)
        val keys = listOf(
            EventKey(1, "$author-2", 0),
            EventKey(1, "$author-10", 0),
            EventKey(1, "${"A".repeat(43)}-0", 0),
            EventKey(1, "${"a".repeat(43)}-0", 0),
            EventKey(1, "${"a".repeat(43)}-0", 1),
            EventKey(2, "$author-0", 0),
        )
        assertEquals(keys, keys.shuffled().sorted())
    }
}
