import Foundation
internal import SwarmletNative

/// What a row comes from.
public enum Origin: Sendable, Hashable {
    /// One event; the row may be its payload, or something made from it.
    case event(Event)
    /// Several events.
    case range(Range)
    /// None: the query itself made the row.
    case synthetic

    /// One event.
    public struct Event: Sendable, Hashable {
        /// Its place in the total order.
        public let key: EventKey
        /// Wall clock of the publisher in microseconds since 1970-01-01 UTC.
        public let timestamp: Int64
        /// The app that published it.
        public let appId: String
        /// The labels, in text order.
        public let tags: [String]

        /// Wall clock of the publisher.
        public var time: Date { Date(micros: timestamp) }
    }

    /// Several events.
    public struct Range: Sendable, Hashable {
        /// The smallest key.
        public let from: EventKey
        /// The greatest key.
        public let to: EventKey
        /// The earliest time.
        public let fromTime: Date
        /// The latest time.
        public let toTime: Date
    }
}

/// A result of a query: a value, and where it comes from.
///
/// Rows of one event have the properties of the event; those of other rows are `nil`.
public struct Row: Sendable, Hashable {
    /// The value.
    public let payload: Payload
    /// What it comes from.
    public let origin: Origin

    /// The value of a key of the payload; `nil` if that is no map, or has no such key.
    public subscript(key: String) -> Payload? { payload[key] }

    /// The event it comes from, if it is one.
    public var event: Origin.Event? {
        if case .event(let event) = origin { event } else { nil }
    }

    /// The place of the event in the total order.
    public var key: EventKey? { event?.key }
    /// Logical clock of the event.
    public var lamport: Int64? { event?.key.lamport }
    /// The id of the stream the event is in.
    public var stream: String? { event?.key.stream }
    /// Its position in the stream.
    public var offset: Int64? { event?.key.offset }
    /// Wall clock of the publisher in microseconds since 1970-01-01 UTC.
    public var timestamp: Int64? { event?.timestamp }
    /// Wall clock of the publisher.
    public var time: Date? { event?.time }
    /// The app that published it.
    public var appId: String? { event?.appId }
    /// The labels, in text order.
    public var tags: [String]? { event?.tags }
}

extension Row {
    init(_ native: ResultRow) throws {
        self.init(payload: try Payload(cbor: native.payload), origin: Origin(native.origin))
    }
}

extension Row {
    /// The row as the native half takes it back; `nil` unless it comes from one event.
    func given(_ operation: String) throws -> ResultRow? {
        guard let event else { return nil }
        let key = Key(
            lamport: event.key.lamport, stream: event.key.stream, offset: event.key.offset)
        let origin = RowOrigin.event(
            key: key, timestamp: event.timestamp, appId: event.appId, tags: event.tags)
        return ResultRow(payload: try payload.cbor(operation), origin: origin)
    }
}

extension EventKey {
    init(_ native: Key) {
        self.init(lamport: native.lamport, stream: native.stream, offset: native.offset)
    }
}

extension Origin {
    fileprivate init(_ native: RowOrigin) {
        switch native {
        case .synthetic:
            self = .synthetic
        case let .event(key, timestamp, appId, tags):
            let key = EventKey(key)
            self = .event(Event(key: key, timestamp: timestamp, appId: appId, tags: tags))
        case let .range(from, to, fromTime, toTime):
            self = .range(
                Range(
                    from: EventKey(from),
                    to: EventKey(to),
                    fromTime: Date(micros: fromTime),
                    toTime: Date(micros: toTime)))
        }
    }
}
