import Foundation
internal import SwarmletNative

/// An open node: a durable log of events in a folder of its own.
///
/// It may be used from any task and any thread. Close it when it is of no more use; dropping all
/// handles closes it in the background, and what is left open when the process ends is closed then.
public final class Node: Sendable {
    /// The identity of this device: 43 characters.
    public let id: String
    /// The app in whose name this handle publishes.
    public let appId: String
    /// This node's place in its swarm: founding one, joining one, and how far everybody is.
    public let swarm: Swarm
    /// The node's blobs: storing large bytes, and reading those that some device has stored.
    public let blobs: Blobs

    private let native: SwarmletNative.Node

    private init(_ native: SwarmletNative.Node) throws {
        self.native = native
        id = try native.id()
        appId = try native.appId()
        swarm = Swarm(try native.swarm())
        blobs = Blobs(try native.blobs())
        OpenNodes.add(native)
    }

    /// The version of Swarmlet.
    public static var version: String {
        get throws {
            try checkLibrary("version")
            return SwarmletNative.version()
        }
    }

    /// Opens the folder, which is made on first use, and recovers its log.
    ///
    /// - Parameters:
    ///   - folder: where the node keeps what it has
    ///   - appId: the app that publishes, a reverse DNS name
    ///   - streams: further streams by name, and how much of each is kept
    ///   - routes: tag expressions and the streams that matching events go to; the first one that
    ///     matches decides, everything else goes to `default`
    ///   - durability: when a publish is done: synced unless given
    ///   - cacheBytes: memory for blocks of the log that were read
    ///   - network: how others of the swarm are reached
    ///   - blobsBytesMax: how many bytes blobs may take on this device; no limit unless given.
    ///     Where they are used up, what need not be here gives way
    ///   - blobsSweepPeriod: how often it is looked which blobs no record keeps any more
    public static func open(
        _ folder: URL,
        appId: String? = nil,
        streams: [String: Retention] = [:],
        routes: [Route] = [],
        durability: Durability? = nil,
        cacheBytes: Int64? = nil,
        network: Network? = nil,
        blobsBytesMax: Int64? = nil,
        blobsSweepPeriod: Duration? = nil
    ) async throws -> Node {
        try checkLibrary("open")
        guard folder.isFileURL else { throw invalid("open", "\(folder) is not a folder") }
        Logs.start()
        let path = folder.path
        let options = givenOptions(
            appId: appId,
            streams: streams,
            routes: routes,
            durability: durability,
            cacheBytes: cacheBytes,
            network: network,
            blobsBytesMax: blobsBytesMax,
            blobsSweepPeriod: blobsSweepPeriod)
        return try await awaiting("open") {
            try Node(try await SwarmletNative.Node.open(path: path, options: options))
        }
    }

    /// A handle of the same node for another app. Closing either closes the node.
    public func scoped(_ appId: String) throws -> Node {
        try calling("scoped") { try Node(try native.scoped(appId: appId)) }
    }

    /// Publishes one event; it is durable when this returns.
    ///
    /// Cancelling the task ends the wait, and does not take the event back.
    @discardableResult
    public func publish(_ tags: [String], _ payload: Payload = .null) async throws -> Published {
        let published = try await publishMany([NewEvent(tags, payload)])
        guard let published = published.first else {
            throw SwarmletError(.internal, "publish", "a publish was not answered")
        }
        return published
    }

    /// Publishes one event whose payload is a value of the app; see ``Payload/init(encoding:)``.
    @discardableResult
    public func publish(
        _ tags: [String], encoding value: some Encodable
    ) async throws -> Published {
        try await publish(tags, try Payload(encoding: value))
    }

    /// Publishes events together: after a crash all of them are there, or none.
    ///
    /// At most 16384 events and 4 MiB. Cancelling the task does not take them back.
    @discardableResult
    public func publishMany(_ events: [NewEvent]) async throws -> [Published] {
        let given = try events.map { event in
            GivenEvent(tags: event.tags, payload: try event.payload.cbor("publish"))
        }
        let native = self.native
        return try await awaiting("publish") {
            try await native.publish(events: given).map { receipt in
                Published(key: EventKey(receipt.key), timestamp: receipt.timestamp)
            }
        }
    }

    /// The results of what is present now.
    ///
    /// - Parameters:
    ///   - aql: the text of the query
    ///   - lower: only events after these offsets
    ///   - upper: only events up to these offsets, and none of streams that it does not name
    ///   - order: unless the text says it
    ///   - parameters: what `$name` stands for in the text
    public func query(
        _ aql: String,
        lower: Offsets? = nil,
        upper: Offsets? = nil,
        order: Order = .ascending,
        parameters: [String: Parameter] = [:]
    ) throws -> Results {
        let options = try givenQuery("query", lower, upper, order, parameters)
        return try calling("query") { Results(try native.query(aql: aql, options: options)) }
    }

    /// All results after the given offsets: of what is present, then of what comes.
    ///
    /// Results of `AGGREGATE` and `GROUP BY` come once for what is present and again whenever they
    /// have changed.
    public func subscribe(
        _ aql: String, from: Offsets? = nil, parameters: [String: Parameter] = [:]
    ) throws -> Subscription {
        try follow(aql, from, parameters, .all)
    }

    /// As ``subscribe(_:from:parameters:)``, in the order of event keys also between streams.
    ///
    /// It ends when an event arrives that sorts before one that was delivered: with
    /// ``Output/timeTravel(_:)`` among the outputs, and with an error of the kind `closed` for
    /// those who look at rows only.
    public func subscribeMonotonic(
        _ aql: String, from: Offsets? = nil, parameters: [String: Parameter] = [:]
    ) throws -> Subscription {
        try follow(aql, from, parameters, .monotonic)
    }

    /// The latest result of a query by event key, if there is one, and then every later one.
    public func observeLatest(
        _ aql: String, from: Offsets? = nil, parameters: [String: Parameter] = [:]
    ) throws -> Subscription {
        try follow(aql, from, parameters, .latest)
    }

    /// The earliest result of a query by event key; another row if an older event arrives.
    public func observeEarliest(
        _ aql: String, from: Offsets? = nil, parameters: [String: Parameter] = [:]
    ) throws -> Subscription {
        try follow(aql, from, parameters, .earliest)
    }

    /// The first row of a subscription for which the condition holds.
    ///
    /// Cancel the task to give up. Throws an error of the kind `cancelled` if the query ends
    /// without such a row.
    public func waitFor(
        _ aql: String,
        from: Offsets? = nil,
        parameters: [String: Parameter] = [:],
        where condition: (Row) throws -> Bool = { _ in true }
    ) async throws -> Row {
        let rows = try subscribe(aql, from: from, parameters: parameters)
        defer { rows.cancel() }
        while let row = try await rows.next() {
            if try condition(row) { return row }
        }
        let message = "the query ended before the condition was met"
        throw SwarmletError(.cancelled, "wait_for", message)
    }

    /// Runs a query to its end without its results, and says how that was done.
    public func explain(
        _ aql: String,
        lower: Offsets? = nil,
        upper: Offsets? = nil,
        order: Order = .ascending,
        parameters: [String: Parameter] = [:]
    ) async throws -> Explanation {
        let options = try givenQuery("explain", lower, upper, order, parameters)
        let native = self.native
        return try await awaiting("explain") {
            Explanation(try await native.explain(aql: aql, options: options))
        }
    }

    /// How far the node is.
    public func offsets() throws -> OffsetsState {
        let state = try calling("offsets") { try native.offsets() }
        return OffsetsState(present: state.present, toReplicate: state.toReplicate)
    }

    /// The streams of which something is here.
    public func streams() throws -> [StreamInfo] {
        try calling("streams") { try native.streams() }.map { span in
            StreamInfo(id: span.id, name: span.name, first: span.first, last: span.last)
        }
    }

    /// What the node has counted and measured since it was opened.
    public func metrics() throws -> Metrics {
        Metrics(try calling("metrics") { try native.metrics() })
    }

    /// Writes what is queued, stops, and releases the folder. Fine to call twice.
    ///
    /// Streams of the node end with an error of the kind `closed`, once they are read empty. A task
    /// that is cancelled waits all the same: the folder is free when this returns.
    public func close() async throws {
        let native = self.native
        let closing = Task { try await awaiting("close") { try await native.shutDown() } }
        try await closing.value
        OpenNodes.remove(native)
    }

    private func follow(
        _ aql: String,
        _ from: Offsets?,
        _ parameters: [String: Parameter],
        _ following: Following
    ) throws -> Subscription {
        let given = try givenParameters("subscribe", parameters)
        return try calling("subscribe") {
            Subscription(
                try native.subscribe(
                    aql: aql, from: from, parameters: given, following: following))
        }
    }
}

extension Node: CustomStringConvertible {
    public var description: String { "Node(id: \(id), appId: \(appId))" }
}
