import Foundation
import Swarmlet

extension Driver {
    /// What is done with the blobs of a node.
    func store(_ op: String, _ blobs: Blobs, _ arguments: Arguments) async throws -> Payload {
        switch op {
        case "blobs.put":
            guard case .bytes(let bytes) = try payload(arguments.values["content"] ?? nil) else {
                throw Refusal(message: "the content is no bytes")
            }
            let stored = try await blobs.put(
                bytes,
                name: arguments.has("name") ? try arguments.text("name") : nil,
                mediaType: arguments.has("media_type") ? try arguments.text("media_type") : nil,
                tags: try arguments.texts("tags"),
                hold: try arguments.optional("hold").map(hold),
                keep: try arguments.optional("keep").map(keep))
            return shown(stored)
        case "blobs.get":
            let id = try arguments.text("id")
            let timeout = try arguments.milliseconds("timeout_ms")
            return written(.bytes(try await reader(blobs, id, arguments).read(timeout: timeout)))
        case "blobs.stat":
            let stat = try await blobs.stat(try arguments.text("id"))
            return [
                "state": shown(stat.state), "is_pinned": .bool(stat.isPinned),
                "records": .list(stat.records.map(shown)),
            ]
        case "blobs.list":
            var all: [Payload] = []
            for try await info in blobs.list() { all.append(shown(info)) }
            return .list(all)
        case "blobs.delete":
            return .integer(try await blobs.delete(try arguments.text("id")))
        default: throw Broken(message: "there is no operation \(op)")
        }
    }

    private func reader(
        _ blobs: Blobs, _ id: String, _ arguments: Arguments
    ) throws -> BlobReader {
        let start = try arguments.anyNumber("start")
        guard let end = try arguments.anyNumber("end") else {
            return try start.map { try blobs.get(id, $0...) } ?? blobs.get(id)
        }
        return try blobs.get(id, (start ?? 0)..<end)
    }
}

private func hold(_ given: Payload) throws -> Hold {
    if let copies = given["copies"]?.integer { return .copies(Int(copies)) }
    if given["labels"] != nil {
        return .labels(try Arguments(values: given.map ?? [:]).labels("labels"))
    }
    switch given.string {
    case "everyone": return .everyone
    case "on_demand": return .onDemand
    default: throw Refusal(message: "\(given) is no Hold")
    }
}

private func keep(_ given: Payload) throws -> Keep {
    if let micros = given["until"]?.integer {
        return .until(Date(timeIntervalSince1970: Double(micros) / 1_000_000))
    }
    if let tags = given["until_next"] { return .untilNext(try Arguments.texts(tags)) }
    switch given.string {
    case "forever": return .forever
    case "while_referenced": return .whileReferenced
    default: throw Refusal(message: "\(given) is no Keep")
    }
}

private func shown(_ info: BlobInfo) -> Payload {
    [
        "id": .string(info.id), "size": .integer(info.size), "name": shown(info.name),
        "media_type": shown(info.mediaType), "hold": shown(info.hold), "keep": shown(info.keep),
        "tags": shown(info.tags), "key": shown(info.key), "timestamp": .integer(info.timestamp),
        "app_id": .string(info.appId), "collection": shown(info.collection),
    ]
}

private func shown(_ text: String?) -> Payload { text.map { .string($0) } ?? nil }

private func shown(_ hold: Hold) -> Payload {
    switch hold {
    case .everyone: "everyone"
    case .onDemand: "on_demand"
    case .copies(let count): ["copies": .integer(Int64(count))]
    case .labels(let labels):
        ["labels": .map(Payload.Map(labels.map { ($0.key, .string($0.value)) }))]
    }
}

private func shown(_ keep: Keep) -> Payload {
    switch keep {
    case .forever: "forever"
    case .whileReferenced: "while_referenced"
    case .until(let time): ["until": micros(time)]
    case .untilNext(let tags): ["until_next": shown(tags)]
    }
}

private func shown(_ state: BlobState) -> Payload {
    switch state {
    case .here(let size): ["kind": "here", "size": .integer(size)]
    case .part(let size, _): ["kind": "part", "size": .integer(size)]
    case .absent: ["kind": "absent", "size": nil]
    }
}
