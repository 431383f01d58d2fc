package io.github.swarmlet.conformance

import java.math.BigInteger
import java.time.Instant
import java.time.temporal.ChronoUnit
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.booleanOrNull

/** What the notation of the protocol says, as a value that a payload can be. */
internal fun payload(value: JsonElement): Any? = when (value) {
    is JsonNull -> null
    is JsonPrimitive -> when {
        value.isString -> value.content
        // `longOrNull` of the element itself takes 5e-324 for a whole number.
        else -> value.booleanOrNull ?: value.content.run { toLongOrNull() ?: toDouble() }
    }
    is JsonArray -> value.map(::payload)
    is JsonObject -> noted(value)
}

private fun noted(value: JsonObject): Any? {
    val (name, inner) = value.entries.firstOrNull() ?: return emptyMap<String, Any?>()
    val text = (inner as? JsonPrimitive)?.content.orEmpty()
    return when (name) {
        "\$int" -> BigInteger(text)
        "\$float" -> NO_NUMBERS[text] ?: text.toDouble()
        "\$bytes" -> text.chunked(2) { it.toString().toInt(HEX).toByte() }.toByteArray()
        "\$map" -> (inner as JsonArray).associate { pair ->
            val (key, item) = pair as JsonArray
            (key as JsonPrimitive).content to payload(item)
        }
        "\$time" -> Instant.EPOCH.plus(text.toLong(), ChronoUnit.MICROS)
        else -> value.mapValues { payload(it.value) }
    }
}

/** A payload in the notation of the protocol. */
internal fun written(value: Any?): JsonElement = when (value) {
    null -> JsonNull
    is Boolean -> JsonPrimitive(value)
    is String -> JsonPrimitive(value)
    is Long -> if (value in -SAFE..SAFE) JsonPrimitive(value) else note("\$int", "$value")
    is BigInteger -> note("\$int", "$value")
    is Double -> writtenDouble(value)
    is ByteArray -> note("\$bytes", value.joinToString("") { "%02x".format(it) })
    is List<*> -> JsonArray(value.map(::written))
    is Map<*, *> -> writtenMap(value)
    else -> throw BrokenException("a payload of type ${value.javaClass.name}")
}

private fun writtenDouble(value: Double): JsonElement = when {
    value.isFinite() && value % 1 != 0.0 -> JsonPrimitive(value)
    else -> note("\$float", NO_NUMBERS.entries.find { it.value == value }?.key ?: "$value")
}

private fun writtenMap(value: Map<*, *>): JsonElement {
    val items = value.entries.associate { (key, item) ->
        key as? String ?: throw BrokenException("a payload with keys that are no texts")
        key to written(item)
    }
    if (items.keys.none { it.startsWith('$') }) return JsonObject(items)
    val pairs = items.map { (key, item) -> JsonArray(listOf(JsonPrimitive(key), item)) }
    return JsonObject(mapOf("\$map" to JsonArray(pairs)))
}

private fun note(name: String, text: String) = JsonObject(mapOf(name to JsonPrimitive(text)))

private const val HEX = 16

/** The largest integer that every reader of JSON keeps. */
private const val SAFE = (1L shl 53) - 1

private val NO_NUMBERS = mapOf(
    "nan" to Double.NaN,
    "inf" to Double.POSITIVE_INFINITY,
    "-inf" to Double.NEGATIVE_INFINITY,
)
