import Foundation
import Swarmlet

/// Does with the package what the suite says.
struct Driver: Sendable {
    let handles = Handles()

    func perform(_ op: String, _ arguments: Arguments) async throws -> Payload {
        switch op {
        case "hello": return try hello()
        case "reset": await handles.reset()
        case "open": return try await open(arguments)
        case "subscribe": try await subscribe(arguments)
        case "query_open":
            await handles.keep(try await results(arguments), as: try arguments.text("as"))
        case "next", "next_impatient", "batch", "outputs", "position", "cancel":
            return try await read(op, try await handles.stream(arguments), arguments)
        case "next_change":
            let changes = try await handles.changes(arguments)
            let found = try await several(1, arguments) { try await changes.next() }
            return ["status": found.all.first.map(shown) ?? nil, "is_ended": .bool(found.isEnded)]
        case "cancel_changes": try await handles.changes(arguments).cancel()
        case _ where op.hasPrefix("swarm."):
            return try await ask(op, try await handles.node(arguments), arguments)
        case _ where op.hasPrefix("blobs."):
            return try await store(op, try await handles.node(arguments).blobs, arguments)
        default: return try await use(op, try await handles.node(arguments), arguments)
        }
        return nil
    }

    private func hello() throws -> Payload {
        ["protocol": 1, "language": "swift", "version": .string(try Node.version), "merges": []]
    }

    private func open(_ arguments: Arguments) async throws -> Payload {
        let node = try await Node.open(
            URL(fileURLWithPath: try arguments.text("folder")),
            appId: arguments.has("app_id") ? try arguments.text("app_id") : nil,
            streams: try streams(arguments),
            routes: try routes(arguments),
            durability: try durability(arguments),
            cacheBytes: try arguments.anyNumber("cache_bytes"),
            network: try network(arguments))
        await handles.keep(node, as: try arguments.text("as"))
        return shown(node)
    }

    private func use(_ op: String, _ node: Node, _ arguments: Arguments) async throws -> Payload {
        switch op {
        case "info": return shown(node)
        case "scoped":
            let scoped = try node.scoped(try arguments.text("app_id"))
            await handles.keep(scoped, as: try arguments.text("as"))
            return shown(scoped)
        case "close":
            try await node.close()
            return nil
        case "publish":
            let value = try payload(arguments.values["payload"] ?? nil)
            return shown(try await node.publish(try arguments.texts("tags"), value))
        case "publish_many":
            let events = try arguments.list("events").map { event in
                guard event.list?.count == 2 else { throw Refusal(message: "\(event) is no event") }
                return NewEvent(try Arguments.texts(event[0] ?? nil), try payload(event[1] ?? nil))
            }
            return .list(try await node.publishMany(events).map(shown))
        case "query": return .list(try await all(try await results(arguments)).map(shown))
        case "query_outputs":
            return .list(try await all(try await results(arguments).outputs()).map(shown))
        case "explain":
            let explanation = try await node.explain(
                try arguments.text("aql"),
                lower: try arguments.offsets("lower"),
                upper: try arguments.offsets("upper"),
                order: try order(arguments),
                parameters: try parameters(arguments))
            return shown(explanation)
        case "wait_for": return try await waitFor(node, arguments)
        case "offsets":
            let state = try node.offsets()
            return ["present": shown(state.present), "to_replicate": shown(state.toReplicate)]
        case "streams":
            return .list(
                try node.streams().map { stream in
                    [
                        "id": .string(stream.id), "name": .string(stream.name),
                        "first": .integer(stream.first), "last": .integer(stream.last),
                    ]
                })
        case "metrics": return shown(try node.metrics())
        default: throw Broken(message: "there is no operation \(op)")
        }
    }

    private func results(_ arguments: Arguments) async throws -> Results {
        try await handles.node(arguments).query(
            try arguments.text("aql"),
            lower: try arguments.offsets("lower"),
            upper: try arguments.offsets("upper"),
            order: try order(arguments),
            parameters: try parameters(arguments))
    }

    private func subscribe(_ arguments: Arguments) async throws {
        let node = try await handles.node(arguments)
        let aql = try arguments.text("aql")
        let from = try arguments.offsets("from")
        let parameters = try parameters(arguments)
        let follow = arguments.has("follow") ? try arguments.text("follow") : "all"
        let rows =
            switch follow {
            case "all": try node.subscribe(aql, from: from, parameters: parameters)
            case "monotonic":
                try node.subscribeMonotonic(aql, from: from, parameters: parameters)
            case "latest": try node.observeLatest(aql, from: from, parameters: parameters)
            case "earliest": try node.observeEarliest(aql, from: from, parameters: parameters)
            default: throw Broken(message: "nothing follows \(follow)")
            }
        await handles.keep(rows, as: try arguments.text("as"))
    }

    private func waitFor(_ node: Node, _ arguments: Arguments) async throws -> Payload {
        let aql = try arguments.text("aql")
        let from = try arguments.offsets("from")
        let parameters = try parameters(arguments)
        let wanted = try arguments.values["equals"].map { try payload($0) }
        let row = try await within(try arguments.milliseconds("timeout_ms")) {
            try await node.waitFor(aql, from: from, parameters: parameters) { row in
                wanted.map { row.payload == $0 } ?? true
            }
        }
        guard let row else { throw Refusal(message: "CancellationError: no such row came in time") }
        return shown(row)
    }

    private func read(
        _ op: String, _ stream: Reading, _ arguments: Arguments
    ) async throws -> Payload {
        let rows = stream.rows
        switch op {
        case "next", "next_impatient":
            let count = Int(try arguments.number("count"))
            let found = try await several(count, arguments) { try await rows.next() }
            let answer: Payload.Map = [
                "rows": .list(found.all.map(shown)), "is_ended": .bool(found.isEnded),
            ]
            if op == "next" { return .map(answer) }
            var impatient = answer
            impatient["given_up"] = .integer(found.givenUp)
            return .map(impatient)
        case "batch":
            let batches = rows.batches(max: Int(try arguments.number("max")))
            let found = try await several(1, arguments) { try await batches.next() }
            let all = found.all.flatMap { $0 }
            return ["rows": .list(all.map(shown)), "is_ended": .bool(found.isEnded)]
        case "outputs":
            let outputs = try stream.outputs()
            let count = Int(try arguments.number("count"))
            let found = try await several(count, arguments) { try await outputs.next() }
            return ["outputs": .list(found.all.map(shown)), "is_ended": .bool(found.isEnded)]
        case "position":
            return ["offsets": shown(try rows.offsets), "skipped": shown(try rows.skipped)]
        default:
            rows.cancel()
            return nil
        }
    }
}

extension Pulled {
    /// The next one, for those who do not loop.
    func next() async throws -> Element? {
        var iterator = makeAsyncIterator()
        return try await iterator.next()
    }
}

private func all<Items: AsyncSequence>(_ items: Items) async throws -> [Items.Element] {
    try await items.reduce(into: []) { $0.append($1) }
}
