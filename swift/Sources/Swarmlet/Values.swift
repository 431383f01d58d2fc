import Foundation

/// For each stream id the last offset: a bound, or how far something is.
public typealias Offsets = [String: Int64]

/// The place of an event in the one total order, which is also its identity.
public struct EventKey: Sendable, Hashable, Comparable {
    public let lamport: Int64
    public let stream: String
    public let offset: Int64

    public init(lamport: Int64, stream: String, offset: Int64) {
        self.lamport = lamport
        self.stream = stream
        self.offset = offset
    }

    public static func < (left: EventKey, right: EventKey) -> Bool {
        let (a, b) = (left.parts, right.parts)
        return (left.lamport, a.author, a.number, left.offset)
            < (right.lamport, b.author, b.number, right.offset)
    }

    /// The text of a node id sorts as its bytes do.
    private var parts: (author: Substring, number: Int64) {
        let parts = stream.split(separator: "-", maxSplits: 1)
        return (parts.first ?? "", parts.last.flatMap { Int64($0) } ?? 0)
    }
}

/// What a publisher gives.
public struct NewEvent: Sendable {
    /// The labels of the event.
    public var tags: [String]
    /// What happened; at most 1 MiB encoded and 128 levels deep.
    public var payload: Payload

    public init(_ tags: [String], _ payload: Payload = .null) {
        self.tags = tags
        self.payload = payload
    }

    /// An event whose payload is a value of the app; throws as ``Payload/init(encoding:)``.
    public init(_ tags: [String], encoding value: some Encodable) throws {
        self.init(tags, try Payload(encoding: value))
    }
}

/// What became of one published event.
public struct Published: Sendable, Hashable {
    /// Its place in the total order.
    public let key: EventKey
    /// The time it was stamped with, in microseconds since 1970-01-01 UTC.
    public let timestamp: Int64

    /// Logical clock of the event.
    public var lamport: Int64 { key.lamport }
    /// The id of the stream it went to.
    public var stream: String { key.stream }
    /// Its position in the stream.
    public var offset: Int64 { key.offset }
    /// The time it was stamped with.
    public var time: Date { Date(micros: timestamp) }
}

/// When a publish is done.
public enum Durability: Sendable {
    /// After the disk confirmed it: the event survives power loss.
    case synced
    /// After it was handed to the operating system: it survives the end of the process.
    case buffered
}

/// In which order a query reads, unless its text says it.
public enum Order: Sendable {
    /// Oldest first.
    case ascending
    /// Newest first.
    case descending
    /// Stream by stream.
    case stream
}

/// How much of a stream is kept; without limits everything.
///
/// What exceeds one of the limits is dropped, even if the others would keep it, and in whole runs:
/// so more may stay than a limit says, and with one limit alone never less.
public struct Retention: Sendable, Hashable {
    public var eventsMax: Int64?
    public var bytesMax: Int64?
    public var ageMax: Duration?

    public init(eventsMax: Int64? = nil, bytesMax: Int64? = nil, ageMax: Duration? = nil) {
        self.eventsMax = eventsMax
        self.bytesMax = bytesMax
        self.ageMax = ageMax
    }
}

/// A tag expression, and the stream that matching events go to.
public struct Route: Sendable, Hashable {
    public var tags: String
    public var stream: String

    public init(_ tags: String, to stream: String) {
        self.tags = tags
        self.stream = stream
    }
}

/// How a node reaches the others of its swarm.
///
/// The default needs no configuration on a LAN: all networks, free ports, TCP and QUIC, discovery
/// by multicast DNS. A node that is in no swarm uses no network at all.
public struct Network: Sendable, Hashable {
    /// Addresses to listen at, and nowhere else: `tcp://127.0.0.1:4001`, `quic://[::]:4001`. Port 0
    /// is a free one.
    public var listen: [String]
    /// Addresses to tell others instead of those it listens at.
    public var announce: [String]
    /// Addresses to connect to, and again whenever the connection is lost.
    public var peers: [String]
    /// Patterns of the names of streams of others that are held here, `sensors`, `line*`; all of
    /// them unless given.
    public var holds: [String]
    /// Whether others are found, and this node is announced, by multicast DNS; on unless given.
    public var discovery: Bool?
    /// Whether peers are told where this node and others are, and addresses that they tell are
    /// dialled; on unless given. With it one address that is known is enough.
    public var addressExchange: Bool?
    /// How many connections there may be, 2 or more: 12 unless given, for moments four more. Where
    /// there are more nodes, each is connected with some of them so that all hang together.
    public var connectionsMax: Int?

    public init(
        listen: [String] = [],
        announce: [String] = [],
        peers: [String] = [],
        holds: [String] = [],
        discovery: Bool? = nil,
        addressExchange: Bool? = nil,
        connectionsMax: Int? = nil
    ) {
        self.listen = listen
        self.announce = announce
        self.peers = peers
        self.holds = holds
        self.discovery = discovery
        self.addressExchange = addressExchange
        self.connectionsMax = connectionsMax
    }
}

/// What a name stands for in a query. Values never become part of the text.
public enum Parameter: Sendable, Hashable {
    case value(Payload)
    case time(Date)
}

extension Parameter: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    public init(stringLiteral value: String) {
        self = .value(.string(value))
    }

    public init(integerLiteral value: Int64) {
        self = .value(.integer(value))
    }
}

extension Parameter: ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral {
    public init(floatLiteral value: Double) {
        self = .value(.double(value))
    }

    public init(booleanLiteral value: Bool) {
        self = .value(.bool(value))
    }
}

/// How far a node is.
public struct OffsetsState: Sendable, Hashable {
    /// For each stream the last offset that is here without a gap.
    public let present: Offsets
    /// How many events of each stream other nodes have and this one does not yet.
    public let toReplicate: [String: Int64]
}

/// A stream of which something is here.
public struct StreamInfo: Sendable, Hashable {
    public let id: String
    public let name: String
    /// The first offset still here.
    public let first: Int64
    /// The last offset.
    public let last: Int64
}
