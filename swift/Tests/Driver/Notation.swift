import Foundation
import Swarmlet

/// The driver does not know what to do.
struct Broken: Error {
    let message: String
}

/// The types of the package do not allow to say this.
struct Refusal: Error {
    let message: String
}

/// What a request gives, by name.
struct Arguments {
    let values: Payload.Map

    func has(_ name: String) -> Bool { values[name] != nil }

    func text(_ name: String) throws -> String { try given(name, optional(name)?.string) }

    func number(_ name: String) throws -> Int64 { try given(name, optional(name)?.integer) }

    /// A number that need not be given.
    func anyNumber(_ name: String) throws -> Int64? {
        optional(name) == nil ? nil : try number(name)
    }

    func anyMilliseconds(_ name: String) throws -> Duration? {
        try anyNumber(name).map { .milliseconds($0) }
    }

    func list(_ name: String) throws -> [Payload] { try given(name, optional(name)?.list) }

    func texts(_ name: String) throws -> [String] { try Arguments.texts(values[name] ?? []) }

    func milliseconds(_ name: String) throws -> Duration { .milliseconds(try number(name)) }

    /// Absent and null are the same where nothing may be given.
    func optional(_ name: String) -> Payload? {
        let value = values[name]
        return value == .null ? nil : value
    }

    func offsets(_ name: String) throws -> Offsets? {
        guard let value = optional(name) else { return nil }
        guard let map = value.map else { throw Refusal(message: "\(name) is \(value)") }
        return try map.reduce(into: [:]) { offsets, entry in
            guard let offset = entry.value.integer else {
                throw Refusal(message: "\(name) has \(entry.value)")
            }
            offsets[entry.key] = offset
        }
    }

    func labels(_ name: String) throws -> [String: String] {
        guard let map = optional(name)?.map else { return [:] }
        return try map.reduce(into: [:]) { labels, entry in
            labels[entry.key] = try given(name, entry.value.string)
        }
    }

    static func texts(_ value: Payload) throws -> [String] {
        guard let list = value.list else { throw Refusal(message: "\(value) is no list") }
        return try list.map { item in
            guard let text = item.string else { throw Refusal(message: "\(item) is no text") }
            return text
        }
    }

    private func given<Value>(_ name: String, _ value: Value?) throws -> Value {
        guard let value else {
            throw Refusal(message: "\(name) is \(values[name].map { "\($0)" } ?? "not given")")
        }
        return value
    }
}

/// A payload that the notation says.
func payload(_ value: Payload) throws -> Payload {
    if case .list(let list) = value { return .list(try list.map { try payload($0) }) }
    guard case .map(let map) = value else { return value }
    if let number = map["$int"]?.string {
        if let small = Int64(number) { return .integer(small) }
        guard let large = UInt64(number) else { throw Refusal(message: "\(number) is too large") }
        return .unsigned(large)
    }
    if let number = map["$float"]?.string, let value = Double(number) { return .double(value) }
    if map["$time"] != nil { throw Refusal(message: "a Date is no payload") }
    if let digits = map["$bytes"]?.string { return .bytes(bytes(digits)) }
    if let pairs = map["$map"]?.list {
        return .map(
            Payload.Map(try pairs.map { ($0[0]?.string ?? "", try payload($0[1] ?? nil)) }))
    }
    return .map(Payload.Map(try map.map { ($0.key, try payload($0.value)) }))
}

private func bytes(_ digits: String) -> Data {
    let pairs = Array(digits.utf8)
    return Data(
        stride(from: 0, to: pairs.count, by: 2).map { at in
            UInt8(String(decoding: pairs[at..<at + 2], as: UTF8.self), radix: 16) ?? 0
        })
}

/// A payload in the notation.
func written(_ value: Payload) -> Payload {
    switch value {
    case .integer(let number) where number.magnitude > (1 << 53) - 1: ["$int": "\(number)"]
    case .unsigned(let number): ["$int": "\(number)"]
    case .double(let number):
        number.isFinite && number.rounded() != number ? value : ["$float": .string(float(number))]
    case .bytes(let bytes):
        ["$bytes": .string(bytes.map { String(format: "%02x", $0) }.joined())]
    case .list(let list): .list(list.map(written))
    case .map(let map) where map.keys.contains { $0.hasPrefix("$") }:
        ["$map": .list(map.map { [.string($0.key), written($0.value)] })]
    case .map(let map): .map(Payload.Map(map.map { ($0.key, written($0.value)) }))
    default: value
    }
}

private func float(_ number: Double) -> String {
    if number.isNaN { return "nan" }
    if number.isInfinite { return number < 0 ? "-inf" : "inf" }
    return "\(number)"
}

func parameters(_ arguments: Arguments) throws -> [String: Parameter] {
    guard let map = arguments.optional("parameters")?.map else { return [:] }
    return try map.reduce(into: [:]) { parameters, entry in
        if let micros = entry.value["$time"]?.integer {
            let time = Date(timeIntervalSince1970: Double(micros) / 1_000_000)
            parameters[entry.key] = .time(time)
        } else {
            parameters[entry.key] = .value(try payload(entry.value))
        }
    }
}

func order(_ arguments: Arguments) throws -> Order {
    guard arguments.has("order") else { return .ascending }
    switch try arguments.text("order") {
    case "asc": return .ascending
    case "desc": return .descending
    case "stream": return .stream
    case let other: throw Refusal(message: "there is no order \(other)")
    }
}

func network(_ arguments: Arguments) throws -> Network? {
    guard let map = arguments.optional("network")?.map else { return nil }
    let given = Arguments(values: map)
    return Network(
        listen: try given.texts("listen"),
        announce: try given.texts("announce"),
        peers: try given.texts("peers"),
        holds: try given.texts("holds"),
        discovery: given.optional("discovery")?.bool,
        addressExchange: given.optional("address_exchange")?.bool,
        connectionsMax: try given.anyNumber("connections_max").map { Int($0) })
}

func streams(_ arguments: Arguments) throws -> [String: Retention] {
    guard let map = arguments.optional("streams")?.map else { return [:] }
    return try map.reduce(into: [:]) { streams, entry in
        let kept = Arguments(values: entry.value.map ?? [:])
        streams[entry.key] = Retention(
            eventsMax: try kept.anyNumber("events_max"),
            bytesMax: try kept.anyNumber("bytes_max"),
            ageMax: try kept.anyMilliseconds("age_max_ms"))
    }
}

func routes(_ arguments: Arguments) throws -> [Route] {
    guard arguments.has("routes") else { return [] }
    return try arguments.list("routes").map { pair in
        let texts = try Arguments.texts(pair)
        return Route(texts[0], to: texts[1])
    }
}

func durability(_ arguments: Arguments) throws -> Durability? {
    guard arguments.has("durability") else { return nil }
    switch try arguments.text("durability") {
    case "synced": return .synced
    case "buffered": return .buffered
    case let other: throw Refusal(message: "there is no durability \(other)")
    }
}
