package io.github.swarmlet.conformance

import io.github.swarmlet.Durability
import io.github.swarmlet.Hold
import io.github.swarmlet.Keep
import io.github.swarmlet.Network
import io.github.swarmlet.NewEvent
import io.github.swarmlet.Offsets
import io.github.swarmlet.Order
import io.github.swarmlet.Retention
import java.time.Instant.EPOCH
import java.time.temporal.ChronoUnit
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.booleanOrNull

/** The types of Kotlin do not allow to say this. */
internal class RefusedException(text: String) : Exception(text)

/** The driver does not know what to do. */
internal class BrokenException(text: String) : Exception(text)

/** The arguments of a request, each taken as the type that the library wants. */
internal class Arguments(private val given: JsonObject) {
    fun has(name: String): Boolean = name in given

    /** The argument, or `null` if it was not given. */
    private fun <T> optional(name: String, take: (JsonElement) -> T): T? = given[name]?.let(take)

    private fun <T> needed(name: String, take: (JsonElement) -> T): T =
        take(given[name] ?: throw BrokenException("there is no argument $name"))

    fun text(name: String): String = needed(name, ::asText)

    fun textOrNull(name: String): String? = optional(name, ::asText)

    fun count(name: String): Int = needed(name, ::asInt)

    fun countOrNull(name: String): Int? = optional(name, ::asInt)

    fun numberOrNull(name: String): Long? = optional(name, ::asLong)

    fun duration(name: String): Duration = needed(name, ::asMillis)

    fun durationOrNull(name: String): Duration? = optional(name, ::asMillis)

    fun bytes(name: String): ByteArray = needed(name) {
        payload(it) as? ByteArray ?: throw misfit("ByteArray", it)
    }

    fun textsIfGiven(name: String): List<String> = textsOrNone(name)

    fun holdOrNull(): Hold? = optional("hold") { hold ->
        val parts = hold as? JsonObject
        when {
            parts != null && "copies" in parts -> Hold.Copies(Arguments(parts).count("copies"))
            parts != null -> Hold.Labels(Arguments(parts).labels("labels"))
            asText(hold) == "everyone" -> Hold.Everyone
            asText(hold) == "on_demand" -> Hold.OnDemand
            else -> throw misfit("Hold", hold)
        }
    }

    fun keepOrNull(): Keep? = optional("keep") { keep ->
        val parts = (keep as? JsonObject)?.let(::Arguments)
        val until = parts?.numberOrNull("until")
        when {
            until != null -> Keep.Until(EPOCH.plus(until, ChronoUnit.MICROS))
            parts != null -> Keep.UntilNext(parts.texts("until_next"))
            asText(keep) == "forever" -> Keep.Forever
            asText(keep) == "while_referenced" -> Keep.WhileReferenced
            else -> throw misfit("Keep", keep)
        }
    }

    fun payload(name: String): Any? = needed(name, ::payload)

    fun texts(name: String): List<String> = needed(name, ::asTexts)

    fun labels(name: String): Map<String, String> =
        optional(name) { labels -> asMap(labels).mapValues { asText(it.value) } }.orEmpty()

    fun offsetsOrNull(name: String): Offsets? =
        optional(name) { offsets -> asMap(offsets).mapValues { asLong(it.value) } }

    fun events(name: String): List<NewEvent> = needed(name) { events ->
        asList(events).map { event ->
            val parts = asList(event)
            if (parts.size != 2) throw misfit("tags and a payload", event)
            NewEvent(asTexts(parts[0]), payload(parts[1]))
        }
    }

    fun parameters(): Map<String, Any?> = optional("parameters") { parameters ->
        asMap(parameters).mapValues { payload(it.value) }
    }.orEmpty()

    fun orderOrNull(): Order? = optional("order") {
        when (asText(it)) {
            "asc" -> Order.ASCENDING
            "desc" -> Order.DESCENDING
            "stream" -> Order.STREAM
            else -> throw misfit("an order", it)
        }
    }

    fun durabilityOrNull(): Durability? = optional("durability") {
        when (asText(it)) {
            "synced" -> Durability.SYNCED
            "buffered" -> Durability.BUFFERED
            else -> throw misfit("a durability", it)
        }
    }

    fun streams(): Map<String, Retention?> = optional("streams") { streams ->
        asMap(streams).mapValues { (_, kept) -> if (kept is JsonNull) null else retention(kept) }
    }.orEmpty()

    private fun retention(kept: JsonElement): Retention = with(Arguments(asMap(kept))) {
        val age = durationOrNull("age_max_ms")
        Retention(numberOrNull("events_max"), numberOrNull("bytes_max"), age)
    }

    fun routes(): Map<String, String> = optional("routes") { routes ->
        asList(routes).map(::asTexts).associate { (tags, stream) -> tags to stream }
    }.orEmpty()

    fun networkOrNull(): Network? = optional("network") { network ->
        with(Arguments(asMap(network))) {
            Network(
                listen = textsOrNone("listen"),
                announce = textsOrNone("announce"),
                peers = textsOrNone("peers"),
                holds = textsOrNone("holds"),
                discovery = optional("discovery", ::asBoolean),
                addressExchange = optional("address_exchange", ::asBoolean),
                connectionsMax = countOrNull("connections_max"),
            )
        }
    }

    private fun textsOrNone(name: String) = optional(name, ::asTexts).orEmpty()
}

/** A value that is not of the type that the library takes. */
internal fun misfit(wanted: String, given: JsonElement): RefusedException =
    RefusedException("expected $wanted, found ${given.toString().take(SHOWN_MAX)}")

private fun asText(value: JsonElement): String =
    (value as? JsonPrimitive)?.takeIf { it.isString }?.content ?: throw misfit("String", value)

private fun asLong(value: JsonElement): Long =
    bare(value)?.content?.toLongOrNull() ?: throw misfit("Long", value)

private fun asInt(value: JsonElement): Int =
    bare(value)?.content?.toIntOrNull() ?: throw misfit("Int", value)

private fun asBoolean(value: JsonElement): Boolean =
    bare(value)?.booleanOrNull ?: throw misfit("Boolean", value)

private fun asMillis(value: JsonElement): Duration = asLong(value).milliseconds

private fun asTexts(value: JsonElement): List<String> = asList(value).map(::asText)

private fun asList(value: JsonElement): JsonArray =
    value as? JsonArray ?: throw misfit("List", value)

private fun asMap(value: JsonElement): JsonObject =
    value as? JsonObject ?: throw misfit("Map", value)

/** What is no text is a number, true or false. */
private fun bare(value: JsonElement) = (value as? JsonPrimitive)?.takeUnless { it.isString }

private const val SHOWN_MAX = 80
