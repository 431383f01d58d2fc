import Foundation

/// A value as an event carries it: what JSON has, and bytes.
///
/// Integers are ``integer(_:)`` where that is large enough, and ``unsigned(_:)`` beyond it.
/// Literals are payloads: `["reason": "jam", "parts_lost": 2]`. Values of the app that are
/// `Codable` become payloads by ``init(encoding:)`` and come back by ``decode(_:)``.
public enum Payload: Sendable, Hashable {
    case null
    case bool(Bool)
    case integer(Int64)
    case unsigned(UInt64)
    /// Infinities and not-a-number too.
    case double(Double)
    case string(String)
    case bytes(Data)
    case list([Payload])
    case map(Map)

    /// Values by key, in the order in which they were written. Of equal keys the last counts.
    ///
    /// Maps are equal if they have the same values by the same keys, whatever their order. Keys are
    /// the same if they are byte for byte in UTF-8, as in the log and in other languages: `String`
    /// takes two ways to write an accent for one.
    public struct Map: Sendable, Hashable {
        /// The keys in their order.
        public private(set) var keys: [String] = []
        private var values: [ExactKey: Payload] = [:]

        public init() {}

        public init(_ pairs: some Sequence<(String, Payload)>) {
            for (key, value) in pairs { self[key] = value }
        }

        /// How many keys there are.
        public var count: Int { keys.count }

        /// The value of a key. A new key comes last; `nil` takes a key out.
        public subscript(key: String) -> Payload? {
            get { values[ExactKey(text: key)] }
            set {
                let own = ExactKey(text: key)
                if values.updateValue(newValue ?? .null, forKey: own) == nil { keys.append(key) }
                if newValue == nil {
                    values[own] = nil
                    keys.removeAll { ExactKey(text: $0) == own }
                }
            }
        }

        public static func == (left: Map, right: Map) -> Bool { left.values == right.values }

        public func hash(into hasher: inout Hasher) { hasher.combine(values) }

        /// A text that is what it is in UTF-8.
        private struct ExactKey: Sendable, Hashable {
            let text: String

            static func == (left: ExactKey, right: ExactKey) -> Bool {
                left.text.utf8.elementsEqual(right.text.utf8)
            }

            func hash(into hasher: inout Hasher) {
                var text = text
                text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
                // No text has such a byte: what is hashed behind it is no part of it.
                hasher.combine(UInt8.max)
            }
        }
    }
}

extension Payload.Map: Sequence {
    /// Keys and values in their order.
    public func makeIterator() -> AnyIterator<(key: String, value: Payload)> {
        var keys = self.keys.makeIterator()
        return AnyIterator { keys.next().map { (key: $0, value: self[$0] ?? .null) } }
    }
}

extension Payload.Map: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral pairs: (String, Payload)...) { self.init(pairs) }
}

/// Looking into a payload. What is not there, or not of the kind, is `nil`.
extension Payload {
    /// The value of a key of a map.
    public subscript(key: String) -> Payload? {
        if case .map(let map) = self { map[key] } else { nil }
    }

    /// A value of a list.
    public subscript(index: Int) -> Payload? {
        guard case .list(let list) = self, list.indices.contains(index) else { return nil }
        return list[index]
    }

    public var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// An integer of 64 bits with a sign.
    public var integer: Int64? {
        switch self {
        case .integer(let value): value
        case .unsigned(let value): Int64(exactly: value)
        default: nil
        }
    }

    /// A number, rounded to what a floating point number can be.
    public var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .unsigned(let value): Double(value)
        case .double(let value): value
        default: nil
        }
    }

    public var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    public var bytes: Data? {
        if case .bytes(let value) = self { value } else { nil }
    }

    public var list: [Payload]? {
        if case .list(let value) = self { value } else { nil }
    }

    public var map: Map? {
        if case .map(let value) = self { value } else { nil }
    }
}

extension Payload: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral {
    public init(nilLiteral: ()) { self = .null }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
}

extension Payload: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral {
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(floatLiteral value: Double) { self = .double(value) }
}

extension Payload: ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
    public init(stringLiteral value: String) { self = .string(value) }
}

extension Payload: ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral {
    public init(arrayLiteral values: Payload...) { self = .list(values) }
    public init(dictionaryLiteral pairs: (String, Payload)...) { self = .map(Map(pairs)) }
}

extension Payload {
    /// What sort of value it is, for errors: those go to logs, where payloads have no business.
    var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a Boolean"
        case .integer, .unsigned: "an integer"
        case .double: "a floating point number"
        case .string: "a text"
        case .bytes: "bytes"
        case .list: "a list"
        case .map: "a map"
        }
    }
}

extension Payload: CustomStringConvertible {
    /// For people, about as JSON would have it.
    public var description: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .unsigned(let value): "\(value)"
        case .double(let value): "\(value)"
        case .string(let value): value.debugDescription
        case .bytes(let value): "\(value.count) bytes"
        case .list(let values): "[" + values.map(\.description).joined(separator: ", ") + "]"
        case .map(let map):
            "{" + map.map { "\($0.debugDescription): \($1)" }.joined(separator: ", ") + "}"
        }
    }
}
