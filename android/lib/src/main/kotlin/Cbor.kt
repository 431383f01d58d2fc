package io.github.swarmlet

import java.io.ByteArrayOutputStream
import java.math.BigInteger
import java.nio.CharBuffer
import java.nio.charset.CharacterCodingException
import java.nio.charset.CodingErrorAction

/**
 * Writes values as payloads. Which values there may be is checked here, what a payload may be is
 * checked by the node.
 */
internal class PayloadWriter(private val operation: String) {
    private val out = ByteArrayOutputStream(128)
    private var depth = 0

    /** The place of the value in the payload, for errors: keys and indexes from the outside in. */
    private val place = ArrayDeque<Any>()

    fun encode(value: Any?): ByteArray {
        write(value)
        return out.toByteArray()
    }

    private fun write(value: Any?) {
        when (value) {
            null -> out.write(NULL)
            is Boolean -> out.write(if (value) TRUE else FALSE)
            is String -> writeText(value)
            is Long -> writeLong(value)
            is Int -> writeLong(value.toLong())
            is Short -> writeLong(value.toLong())
            is Byte -> writeLong(value.toLong())
            is Double -> writeDouble(value)
            is Float -> writeDouble(value.toDouble())
            is Map<*, *> -> writeMap(value)
            is ByteArray -> writeBytes(BYTES, value)
            is Iterable<*> -> writeList(value)
            else -> writeUncommon(value)
        }
    }

    private fun writeUncommon(value: Any) {
        when (value) {
            is ULong -> writeHead(UNSIGNED, value.toLong())
            is UInt -> writeLong(value.toLong())
            is UShort -> writeLong(value.toLong())
            is UByte -> writeLong(value.toLong())
            is BigInteger -> writeBig(value)
            is Array<*> -> writeList(value.asList())
            is IntArray -> writeList(value.asList())
            is LongArray -> writeList(value.asList())
            is ShortArray -> writeList(value.asList())
            is DoubleArray -> writeList(value.asList())
            is FloatArray -> writeList(value.asList())
            is BooleanArray -> writeList(value.asList())
            else -> refuse("a payload cannot hold a value of type ${value.javaClass.name}")
        }
    }

    private fun writeLong(value: Long) =
        if (value >= 0) writeHead(UNSIGNED, value) else writeHead(NEGATIVE, value.inv())

    private fun writeBig(value: BigInteger) {
        if (value < LEAST || value.bitLength() > 64) {
            refuse("an integer in a payload must be from -2^63 to 2^64 - 1")
        }
        if (value.signum() < 0) writeLong(value.toLong()) else writeHead(UNSIGNED, value.toLong())
    }

    private fun writeDouble(value: Double) {
        out.write(DOUBLE)
        writeNumber(value.toRawBits(), 8)
    }

    private fun writeText(text: String) {
        val encoder = Charsets.UTF_8.newEncoder().onMalformedInput(CodingErrorAction.REPORT)
        val bytes = try {
            encoder.encode(CharBuffer.wrap(text))
        } catch (_: CharacterCodingException) {
            refuse("a text in a payload must be valid Unicode, without lone surrogates")
        }
        checkRoom(bytes.remaining())
        writeHead(TEXT, bytes.remaining().toLong())
        out.write(bytes.array(), bytes.arrayOffset(), bytes.remaining())
    }

    private fun writeBytes(major: Int, bytes: ByteArray) {
        checkRoom(bytes.size)
        writeHead(major, bytes.size.toLong())
        out.write(bytes, 0, bytes.size)
    }

    private fun writeList(items: Iterable<*>) {
        // Others are copied, since their size is known only when they were read; of one that is too
        // long to fit only so much as shows that.
        val list = items as? Collection<*> ?: items.take(BYTES_MAX + 1)
        enter(list.size)
        writeHead(LIST, list.size.toLong())
        var index = 0
        for (item in list) {
            if (index == list.size) refuse("a list was changed while it was written")
            inside(index) { write(item) }
            index += 1
        }
        if (index != list.size) refuse("a list was changed while it was written")
        depth -= 1
    }

    private fun writeMap(map: Map<*, *>) {
        val entries = map.entries.toTypedArray()
        enter(entries.size)
        writeHead(MAP, entries.size.toLong())
        for ((key, value) in entries) {
            if (key !is String) refuse("a key of a payload must be a String, not $key")
            writeText(key)
            inside(key) { write(value) }
        }
        depth -= 1
    }

    private inline fun inside(step: Any, write: () -> Unit) {
        place.addLast(step)
        write()
        place.removeLast()
    }

    private fun enter(size: Int) {
        if (depth == DEPTH_MAX) {
            refuse("the payload is nested deeper than $DEPTH_MAX, or contains itself")
        }
        checkRoom(size)
        depth += 1
    }

    /** Stops early: a value that is far too large is not copied first. */
    private fun checkRoom(size: Int) {
        val bytes = out.size().toLong() + size
        if (bytes > BYTES_MAX) {
            val text = "a payload must have at most 1 MiB; store larger things as blobs"
            throw invalid(operation, text, mapOf("bytes" to bytes.toString()))
        }
    }

    /** Deep values have long places; the outer steps are enough to find them. */
    private fun refuse(text: String): Nothing {
        if (place.isEmpty()) throw invalid(operation, text)
        val more = if (place.size > STEPS_SHOWN) "..." else ""
        val steps = place.take(STEPS_SHOWN)
            .joinToString("") { if (it is Int) "[$it]" else "['$it']" }
        val shown = "payload$steps$more"
        throw invalid(operation, "$text (at $shown)", mapOf("at" to shown))
    }

    /** The number is an unsigned one. */
    private fun writeHead(major: Int, number: Long) {
        val first = major shl 5
        when {
            number in 0..23 -> out.write(first or number.toInt())
            number in 24..0xff -> writeHead(first or 24, number, 1)
            number in 0x100..0xffff -> writeHead(first or 25, number, 2)
            number in 0x10000..0xffff_ffff -> writeHead(first or 26, number, 4)
            else -> writeHead(first or 27, number, 8)
        }
    }

    private fun writeHead(first: Int, number: Long, size: Int) {
        out.write(first)
        writeNumber(number, size)
    }

    private fun writeNumber(number: Long, size: Int) {
        for (index in size - 1 downTo 0) out.write((number ushr (8 * index)).toInt())
    }

    private companion object {
        /** Where writing stops. The node has the last word; tests show that it says the same. */
        const val DEPTH_MAX = 128
        const val BYTES_MAX = 1 shl 20
        const val STEPS_SHOWN = 8
        val LEAST: BigInteger = BigInteger.valueOf(Long.MIN_VALUE)
    }
}

/** The value of a payload. The node has checked it and bounds its depth. */
internal fun decode(cbor: ByteArray): Any? = try {
    PayloadReader(cbor).value()
} catch (_: IndexOutOfBoundsException) {
    throw unreadable("it ends too early")
} catch (_: CharacterCodingException) {
    throw unreadable("a text is not valid Unicode")
}

private fun unreadable(why: String) =
    refused("corrupt", "", "the payload cannot be read: $why")

private class PayloadReader(private val cbor: ByteArray) {
    private var at = 0

    fun value(): Any? {
        val first = next()
        val major = first ushr 5
        val detail = first and 31
        return when (major) {
            UNSIGNED -> integer(number(detail))
            NEGATIVE -> negative(number(detail))
            BYTES -> bytes(detail)
            TEXT -> text(detail)
            LIST -> list(detail)
            MAP -> map(detail)
            TAG -> {
                // What it tags is the value.
                number(detail)
                value()
            }
            else -> simple(detail)
        }
    }

    private fun next(): Int = cbor[at++].toInt() and 0xff

    /** An unsigned number. */
    private fun number(detail: Int): Long = when (detail) {
        in 0..23 -> detail.toLong()
        24 -> big(1)
        25 -> big(2)
        26 -> big(4)
        27 -> big(8)
        else -> throw unreadable("a number has no size")
    }

    private fun big(size: Int): Long {
        var number = 0L
        repeat(size) { number = (number shl 8) or next().toLong() }
        return number
    }

    private fun integer(number: Long): Any = if (number >= 0) number else unsigned(number)

    private fun negative(number: Long): Any =
        if (number >= 0) number.inv() else unsigned(number).negate() - BigInteger.ONE

    private fun unsigned(number: Long): BigInteger = BigInteger(number.toULong().toString())

    private fun simple(detail: Int): Any? = when (detail) {
        FALSE and 31 -> false
        TRUE and 31 -> true
        NULL and 31, UNDEFINED -> null
        24 -> big(1)
        25 -> half(big(2).toInt())
        26 -> Float.fromBits(big(4).toInt()).toDouble()
        27 -> Double.fromBits(big(8))
        else -> detail.toLong()
    }

    private fun half(bits: Int): Double {
        val exponent = (bits ushr 10) and 31
        val fraction = (bits and 1023).toDouble()
        val size = when (exponent) {
            0 -> Math.scalb(fraction, -24)
            31 -> if (fraction == 0.0) Double.POSITIVE_INFINITY else Double.NaN
            else -> Math.scalb(1024 + fraction, exponent - 25)
        }
        return if (bits and 0x8000 == 0) size else -size
    }

    private fun bytes(detail: Int): ByteArray {
        if (detail != PIECES) return run(detail)
        val out = ByteArrayOutputStream()
        while (!isBreak()) out.write(run(next() and 31))
        return out.toByteArray()
    }

    private fun text(detail: Int): String {
        if (detail != PIECES) return string(run(detail))
        return buildString { while (!isBreak()) append(string(run(next() and 31))) }
    }

    private fun string(bytes: ByteArray) = bytes.decodeToString(throwOnInvalidSequence = true)

    private fun run(detail: Int): ByteArray {
        val size = number(detail)
        if (size < 0 || size > cbor.size - at) throw unreadable("it ends too early")
        val bytes = cbor.copyOfRange(at, at + size.toInt())
        at += size.toInt()
        return bytes
    }

    private fun list(detail: Int): List<Any?> {
        val list = ArrayList<Any?>()
        repeatItems(detail) { list.add(value()) }
        return list
    }

    private fun map(detail: Int): Map<Any?, Any?> {
        val map = LinkedHashMap<Any?, Any?>()
        repeatItems(detail) {
            val key = value()
            map[key] = value()
        }
        return map
    }

    private inline fun repeatItems(detail: Int, item: () -> Unit) {
        if (detail == PIECES) {
            while (!isBreak()) item()
            return
        }
        var left = number(detail)
        while (left != 0L) {
            item()
            left -= 1
        }
    }

    /** Whether a list without length ends here; then this is passed over. */
    private fun isBreak(): Boolean {
        val isBreak = cbor[at].toInt() and 0xff == BREAK
        if (isBreak) at += 1
        return isBreak
    }
}

// Major types.
private const val UNSIGNED = 0
private const val NEGATIVE = 1
private const val BYTES = 2
private const val TEXT = 3
private const val LIST = 4
private const val MAP = 5
private const val TAG = 6

// First bytes, and what they may have for a number.
private const val FALSE = 0xf4
private const val TRUE = 0xf5
private const val NULL = 0xf6
private const val DOUBLE = 0xfb
private const val BREAK = 0xff
private const val UNDEFINED = 23
private const val PIECES = 31
