package io.github.swarmlet

import java.io.File
import java.math.BigInteger
import java.nio.file.Files
import java.nio.file.attribute.PosixFilePermissions
import kotlin.time.Duration.Companion.microseconds
import kotlinx.coroutines.flow.toList
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

/** Each bad input is a typed error with a code, advice and one line for people. */
class ErrorsTest {
    @TempDir
    lateinit var folder: File

    private val path get() = folder.resolve("node")

    private fun check(error: SwarmletException, code: String) {
        assertEquals(code, error.code)
        val text = error.message.orEmpty()
        assertTrue(text.isNotEmpty() && '\n' !in text && !text.endsWith('.'), text)
    }

    /** The call is refused as a bad argument, and the node goes on. */
    private fun refused(call: suspend (Node) -> Unit): SwarmletException {
        val error = failing<SwarmletException.InvalidArgument> {
            Node.open(path, durability = Durability.BUFFERED).use { node ->
                try {
                    call(node)
                } finally {
                    node.publish("well")
                }
            }
        }
        check(error, "invalid_argument")
        assertEquals(Advice.FIX_CALL, error.advice)
        return error
    }

    @Test
    fun `every kind of the table has its class`() {
        val table = File("../../core/engine/errors.toml").readText()
        val kinds = table.split("[[kind]]").drop(1).map { kind ->
            val values = Regex("(\\w+) = \"?([^\"\n]*)").findAll(kind)
            values.associate { it.groupValues[1] to it.groupValues[2] }
        }
        assertTrue(kinds.size >= 19)
        for (kind in kinds) {
            val name = kind.getValue("name")
            val error = refused(name, "", "text")
            assertEquals(name, error.code)
            assertEquals(kind.getValue("number"), error.number.toString())
            val type = name.split('_').joinToString("") { it.replaceFirstChar(Char::uppercase) }
            assertEquals(type, error.javaClass.simpleName)
            assertEquals(kind["advice"], error.advice.code)
        }
        val unknown = refused("of tomorrow", "", "")
        assertTrue(unknown is SwarmletException.Internal)
        assertEquals(Advice.REPORT_BUG, unknown.advice)
    }

    @Test
    fun `bad tags`() {
        val bad = listOf(
            listOf(""), listOf("a", ""), listOf("x".repeat(1025)), List(257) { "$it" },
            listOf("\uD800"), listOf("a\uDC00b"),
        )
        for (tags in bad) assertEquals("publish", refused { it.publish(tags) }.operation)
    }

    @Test
    fun `values that no payload can hold are named with their place`() {
        val error = refused { it.publish("a", mapOf("x" to listOf(1, folder))) }
        assertTrue("java.io.File" in error.message.orEmpty(), error.message)
        assertEquals("payload['x'][1]", error.details["at"])
        assertTrue("must be a String" in refused { it.publish("a", mapOf(1 to 2)) }.message!!)
        for (text in listOf("\uD800", "\uDFFFx", "x\uD83D")) {
            assertTrue("surrogates" in refused { it.publish("a", listOf(text)) }.message!!)
            refused { it.publish("a", mapOf(text to 1)) }
        }
        val two = BigInteger.TWO
        for (number in listOf(two.pow(64), two.pow(63).negate() - BigInteger.ONE, two.pow(999))) {
            assertTrue("2^64 - 1" in refused { it.publish("a", number) }.message!!)
        }
    }

    @Test
    fun `payloads nested too deep or containing themselves`() {
        fun nested(depth: Int): Any? =
            (0 until depth).fold<Int, Any?>(null) { inner, _ -> listOf(inner) }
        withNode(path) { it.publish("a", nested(128)) }
        assertTrue("deeper than 128" in refused { it.publish("a", nested(129)) }.message!!)
        val itself = ArrayList<Any?>().also { it.add(it) }
        refused { it.publish("a", itself) }
        val map = HashMap<String, Any?>().also { it["k"] = it }
        refused { it.publish("a", map) }
    }

    @Test
    fun `payloads over the limit`() {
        val error = refused { it.publish("a", "x".repeat(1 shl 20)) }
        assertTrue(error.details.getValue("bytes").toInt() > 1 shl 20)
        refused { it.publish("a", ByteArray(1 shl 20)) }
        refused { it.publish("a", generateSequence(1) { n -> n }.asIterable()) }
        withNode(path) { it.publish("a", ByteArray((1 shl 20) - 5)) }
    }

    @Test
    fun `too many events at once`() {
        withNode(path) { it.publishMany(List(16384) { NewEvent("a") }) }
        refused { node -> node.publishMany(List(16385) { NewEvent("a") }) }
    }

    @Test
    fun `a malformed query shows where`() {
        val calls = listOf<suspend (Node) -> Unit>(
            { it.query("FROM 'a' &\n  oops") },
            { it.subscribe("FROM 'a' &\n  oops") },
            { it.explain("FROM 'a' &\n  oops") },
        )
        for (call in calls) {
            val error = failing<SwarmletException.InvalidQuery> { Node.open(path).use { call(it) } }
            check(error, "invalid_query")
            val view = error.details.getValue("view")
            assertTrue("2 |   oops" in view && "^" in view, view)
            assertTrue("line 2, column 3" in error.message.orEmpty(), error.message)
        }
        refused { it.query("FROM '\uD800'") }
        refused { it.query("FROM 'a'", parameters = mapOf("p" to folder)) }
    }

    @Test
    fun `malformed offsets and numbers`() {
        val unknown = "${".".repeat(43)}-0"
        val bad = listOf(mapOf("x" to 1L), mapOf(unknown to -1L), mapOf(unknown to (1L shl 53)))
        for (offsets in bad) {
            refused { it.query("FROM 'a'", lower = offsets) }
            refused { it.query("FROM 'a'", upper = offsets) }
            refused { it.subscribe("FROM 'a'", from = offsets) }
        }
        refused { it.query("FROM 'a'", upper = mapOf(unknown to 0L)).toList() }
        refused { it.scoped("not an id") }
        val limits = listOf(Retention(eventsMax = -1), Retention(ageMax = (-1).microseconds))
        for (limit in limits) {
            failing<SwarmletException.InvalidArgument> {
                Node.open(path, streams = mapOf("s" to limit)).close()
            }
        }
        failing<SwarmletException.InvalidArgument> { Node.open(path, cacheBytes = -1).close() }
        val network = Network(connectionsMax = -1)
        failing<SwarmletException.InvalidArgument> { Node.open(path, network = network).close() }
        failing<SwarmletException.InvalidArgument> { Node.open(File("\uD800")).close() }
    }

    @Test
    fun `a folder that is in use or not ours`() {
        val other = folder.resolve("other").apply { mkdir() }
        other.resolve("thesis.txt").writeText("final version 7")
        val error = failing<SwarmletException.InvalidArgument> { Node.open(other).close() }
        check(error, "invalid_argument")
        assertEquals(listOf("thesis.txt"), other.list()?.toList())
        withNode(path) {
            val locked = failing<SwarmletException.Locked> { Node.open(path).close() }
            check(locked, "locked")
            assertEquals(Advice.RETRY_LATER, locked.advice)
        }
    }

    @Test
    fun `a folder that others may enter`() {
        withNode(path) { it.publish("a") }
        Files.setPosixFilePermissions(path.toPath(), PosixFilePermissions.fromString("rwxr-xr-x"))
        val error = failing<SwarmletException.PermissionDenied> { Node.open(path).close() }
        check(error, "permission_denied")
    }

    @Test
    fun `rows that come from no event say so`() = withNode(path) { node ->
        node.publishMany(listOf(NewEvent("n", 1), NewEvent("n", 2)))
        val row = node.query("FROM 'n' AGGREGATE COUNT(_)").toList().single()
        assertEquals(2L, row.payload)
        assertTrue(row.origin is Origin.Range, "$row")
        assertNull(row.event)
        val error = runCatching { row.offset }.exceptionOrNull()
        assertTrue(error is IllegalStateException, "$error")
        assertNull(row["key"])
        assertFalse(row.toString().isEmpty())
    }
}
