import Foundation

/// A payload inside of a value of the app, which is what it is, and for other encoders, say of
/// JSON, as they have it.
extension Payload: Codable {
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .unsigned(let value): try container.encode(value)
        case .double(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .bytes(let value): try container.encode(value)
        case .list(let values): try container.encode(values)
        case .map(let map):
            var container = encoder.container(keyedBy: PayloadKey.self)
            for (key, value) in map {
                try container.encode(value, forKey: PayloadKey(stringValue: key))
            }
        }
    }

    public init(from decoder: any Decoder) throws {
        if let container = try? decoder.container(keyedBy: PayloadKey.self) {
            self = .map(
                Map(
                    try container.allKeys.map { key in
                        (key.stringValue, try container.decode(Payload.self, forKey: key))
                    }))
            return
        }
        if var container = try? decoder.unkeyedContainer() {
            var values: [Payload] = []
            while !container.isAtEnd { values.append(try container.decode(Payload.self)) }
            self = .list(values)
            return
        }
        self = try Self.single(try decoder.singleValueContainer())
    }

    private static func single(_ container: any SingleValueDecodingContainer) throws -> Payload {
        if container.decodeNil() { return .null }
        if let value = try? container.decode(Bool.self) { return .bool(value) }
        if let value = try? container.decode(Int64.self) { return .integer(value) }
        if let value = try? container.decode(UInt64.self) { return Payload(number: value) }
        if let value = try? container.decode(Double.self) { return .double(value) }
        return .string(try container.decode(String.self))
    }
}
