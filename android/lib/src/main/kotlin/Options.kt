package io.github.swarmlet

import io.github.swarmlet.internal.GivenDurability
import io.github.swarmlet.internal.GivenNetwork
import io.github.swarmlet.internal.GivenOptions
import io.github.swarmlet.internal.GivenOrder
import io.github.swarmlet.internal.GivenParameter
import io.github.swarmlet.internal.GivenQuery
import io.github.swarmlet.internal.GivenRoute
import io.github.swarmlet.internal.GivenStream
import java.time.Instant
import kotlin.time.Duration

// Options as the native half takes them. Values are checked where they are used.

internal fun givenOptions(
    appId: String?,
    streams: Map<String, Retention?>,
    routes: Map<String, String>,
    durability: Durability?,
    cacheBytes: Long?,
    network: Network?,
    blobsBytesMax: Long?,
    blobsSweepPeriod: Duration?,
): GivenOptions = GivenOptions(
    appId = appId,
    streams = streams.map { (name, kept) ->
        GivenStream(name, kept?.eventsMax, kept?.bytesMax, kept?.ageMax?.micros)
    },
    routes = routes.map { (tags, stream) -> GivenRoute(tags, stream) },
    durability = when (durability) {
        Durability.SYNCED -> GivenDurability.SYNCED
        Durability.BUFFERED -> GivenDurability.BUFFERED
        null -> null
    },
    cacheBytes = cacheBytes,
    network = network?.given(),
    blobsBytesMax = blobsBytesMax,
    blobsSweepMicros = blobsSweepPeriod?.micros,
)

private fun Network.given() = GivenNetwork(
    listen = listen,
    announce = announce,
    peers = peers,
    holds = holds,
    discovery = discovery,
    addressExchange = addressExchange,
    connectionsMax = connectionsMax?.toLong(),
)

internal fun givenQuery(
    operation: String,
    lower: Offsets?,
    upper: Offsets?,
    order: Order,
    parameters: Map<String, Any?>,
): GivenQuery {
    val given = when (order) {
        Order.ASCENDING -> GivenOrder.ASCENDING
        Order.DESCENDING -> GivenOrder.DESCENDING
        Order.STREAM -> GivenOrder.STREAM
    }
    return GivenQuery(lower, upper, given, givenParameters(operation, parameters))
}

internal fun givenParameters(
    operation: String,
    parameters: Map<String, Any?>,
): Map<String, GivenParameter> = parameters.mapValues { (_, value) ->
    when (value) {
        is Instant -> GivenParameter.Time(microsOrRefuse(operation, value))
        else -> GivenParameter.Value(PayloadWriter(operation).encode(value))
    }
}

internal fun microsOrRefuse(operation: String, time: Instant): Long = try {
    micros(time)
} catch (_: ArithmeticException) {
    throw invalid(operation, "a time must be within 292 000 years of 1970, not $time")
}
