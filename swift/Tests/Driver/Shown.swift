import Foundation
import Swarmlet

// Answers of the package in the notation.

func shown(_ key: EventKey) -> Payload {
    [
        "lamport": .integer(key.lamport), "stream": .string(key.stream),
        "offset": .integer(key.offset),
    ]
}

func shown(_ published: Published) -> Payload {
    ["key": shown(published.key), "timestamp": .integer(published.timestamp)]
}

func shown(_ row: Row) -> Payload {
    let value = written(row.payload)
    switch row.origin {
    case .synthetic:
        return ["payload": value, "origin": "synthetic"]
    case .range(let range):
        return [
            "payload": value, "origin": "range",
            "key_range": [shown(range.from), shown(range.to)],
            "time_range": [micros(range.fromTime), micros(range.toTime)],
        ]
    case .event(let event):
        return [
            "payload": value, "origin": "event", "key": shown(event.key),
            "timestamp": .integer(event.timestamp), "app_id": .string(event.appId),
            "tags": shown(event.tags),
        ]
    }
}

func shown(_ output: Output) -> Payload {
    switch output {
    case .result(let row): ["row": shown(row)]
    case .antiRow(let row): ["anti_row": shown(row)]
    case .diagnostic(let severity, let message):
        ["diagnostic": ["severity": .string("\(severity)"), "message": .string(message)]]
    case .caughtUp(let offsets): ["caught_up": shown(offsets)]
    case .timeTravel(let key): ["time_travel": shown(key)]
    }
}

func shown(_ texts: [String]) -> Payload { .list(texts.map { .string($0) }) }

func shown(_ numbers: [String: Int64]) -> Payload {
    .map(Payload.Map(numbers.map { ($0.key, .integer($0.value)) }))
}

func shown(_ node: Node) -> Payload { ["id": .string(node.id), "app_id": .string(node.appId)] }

func shown(_ explanation: Explanation) -> Payload {
    let order: Payload =
        switch explanation.order {
        case .ascending: "asc"
        case .descending: "desc"
        case .stream: "stream"
        }
    return [
        "query": .string(explanation.query),
        "selection": explanation.selection.map { .string($0) } ?? nil,
        "order": order,
        "stages": shown(explanation.stages),
        "events_read": .integer(explanation.eventsRead),
        "rows": .integer(explanation.rows),
        "diagnostics": .integer(explanation.diagnostics),
    ]
}

func shown(_ metrics: Metrics) -> Payload {
    [
        "events_committed": .integer(metrics.log.eventsCommitted),
        "events_stored": .integer(metrics.log.eventsStored),
        "publishes": .integer(metrics.publish.count),
        "publish_failures": .integer(metrics.publishFailures),
        "query_failures": .integer(metrics.queryFailures),
        "results_open": .integer(metrics.resultsOpen),
        "subscriptions_open": .integer(metrics.subscriptionsOpen),
    ]
}

func shown(_ status: SwarmStatus) -> Payload {
    [
        "listening": shown(status.listening),
        "is_in_sync": .bool(status.isInSync),
        "to_replicate": shown(status.toReplicate),
        "refused": .list(status.refused.map { [.string($0.with), .string($0.reason)] }),
        "incidents": shown(status.incidents),
        "peers": .list(status.peers.map(shown)),
    ]
}

private func shown(_ peer: Peer) -> Payload {
    [
        "node": .string(peer.node), "address": .string(peer.address),
        "is_in_sync": .bool(peer.isInSync), "behind": .integer(peer.behind),
        "ahead": .integer(peer.ahead), "lag_s": .integer(peer.lag.components.seconds),
        "round_trip": peer.roundTrip.map { .integer($0.components.attoseconds / 1_000_000_000_000) }
            ?? nil,
    ]
}

func shown(_ pending: Pending) -> Payload {
    [
        "device": .string(pending.device), "name": .string(pending.name),
        "code": .string(pending.code),
        "since_s": .integer(Int64(pending.since.timeIntervalSince1970)),
    ]
}

func shown(_ member: Member) -> Payload {
    [
        "node": .string(member.node), "name": .string(member.name),
        "capabilities": .string(member.capabilities),
        "labels": .map(Payload.Map(member.labels.map { ($0.key, .string($0.value)) })),
        "is_issuer": .bool(member.isIssuer), "is_revoked": .bool(member.isRevoked),
        "not_after_s": .integer(Int64(member.notAfter.timeIntervalSince1970)),
    ]
}

func micros(_ time: Date) -> Payload {
    .integer(Int64((time.timeIntervalSince1970 * 1_000_000).rounded()))
}

/// What a call that failed is answered with.
func shown(_ error: any Error) -> Payload {
    switch error {
    case let error as SwarmletError:
        let details = error.details.map { ($0.key, Payload.string($0.value)) }
        return [
            "error": [
                "code": .string(error.code), "number": .integer(Int64(error.number)),
                "advice": .string(error.advice.rawValue), "operation": .string(error.operation),
                "message": .string(error.message), "details": .map(Payload.Map(details)),
            ]
        ]
    case let error as Broken: return ["broken": .string(error.message)]
    case let error as Refusal: return ["refused": .string(error.message)]
    default: return ["refused": .string("\(error)")]
    }
}
