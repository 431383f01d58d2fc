import Foundation
internal import SwarmletNative

// Options as the native half takes them. Values are checked where they are used.

func givenOptions(
    appId: String?,
    streams: [String: Retention],
    routes: [Route],
    durability: Durability?,
    cacheBytes: Int64?,
    network: Network?,
    blobsBytesMax: Int64?,
    blobsSweepPeriod: Duration?
) -> GivenOptions {
    GivenOptions(
        appId: appId,
        streams: streams.map { name, kept in
            GivenStream(
                name: name,
                eventsMax: kept.eventsMax,
                bytesMax: kept.bytesMax,
                ageMaxMicros: kept.ageMax?.micros)
        },
        routes: routes.map { GivenRoute(tags: $0.tags, stream: $0.stream) },
        durability: durability.map { $0 == .synced ? .synced : .buffered },
        cacheBytes: cacheBytes,
        network: network?.given,
        blobsBytesMax: blobsBytesMax,
        blobsSweepMicros: blobsSweepPeriod?.micros)
}

func givenQuery(
    _ operation: String,
    _ lower: Offsets?,
    _ upper: Offsets?,
    _ order: Order,
    _ parameters: [String: Parameter]
) throws -> GivenQuery {
    GivenQuery(
        lower: lower,
        upper: upper,
        order: GivenOrder(order),
        parameters: try givenParameters(operation, parameters))
}

func givenParameters(
    _ operation: String, _ parameters: [String: Parameter]
) throws -> [String: GivenParameter] {
    try parameters.mapValues { parameter in
        switch parameter {
        case .value(let value):
            return .value(cbor: try value.cbor(operation))
        case .time(let time):
            return .time(micros: try microsOrRefuse(operation, time))
        }
    }
}

func microsOrRefuse(_ operation: String, _ time: Date) throws -> Int64 {
    if let micros = time.micros { return micros }
    // A `Date` that is far out cannot be shown as one.
    let seconds = time.timeIntervalSince1970
    let message = "a time must be within 292 000 years of 1970, not \(seconds) s off"
    throw invalid(operation, message)
}

extension GivenOrder {
    init(_ order: Order) {
        switch order {
        case .ascending: self = .ascending
        case .descending: self = .descending
        case .stream: self = .stream
        }
    }
}

extension Network {
    fileprivate var given: GivenNetwork {
        GivenNetwork(
            listen: listen,
            announce: announce,
            peers: peers,
            holds: holds,
            discovery: discovery,
            addressExchange: addressExchange,
            connectionsMax: connectionsMax.map { Int64($0) })
    }
}
