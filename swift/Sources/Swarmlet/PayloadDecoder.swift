import Foundation

extension Payload {
    /// A value of the app from a payload, the other way round than ``init(encoding:)``.
    ///
    /// Throws `DecodingError`, as all decoders do.
    public func decode<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
        try decoded(type, self, PayloadPlace())
    }
}

private func decoded<Value: Decodable>(
    _ type: Value.Type, _ payload: Payload, _ place: PayloadPlace
) throws -> Value {
    let decoder = PayloadDecoder(payload: payload, place: place)
    let value: Any?
    switch type {
    case is Payload.Type: value = payload
    case is Data.Type: value = payload.bytes
    case is UUID.Type: value = payload.string.flatMap { UUID(uuidString: $0) }
    case is URL.Type: value = payload.string.flatMap { URL(string: $0) }
    case is Date.Type, is Decimal.Type: value = nil
    default: return try Value(from: decoder)
    }
    guard let value = value as? Value else { throw decoder.mismatch(type) }
    return value
}

private struct PayloadDecoder: Decoder {
    let payload: Payload
    let place: PayloadPlace
    let userInfo: [CodingUserInfoKey: Any] = [:]

    var codingPath: [any CodingKey] { place.codingPath }

    func mismatch(_ type: Any.Type) -> DecodingError {
        failure(type, "\(place.text) is \(payload.kind), not \(type)")
    }

    func failure(_ type: Any.Type, _ text: String) -> DecodingError {
        .typeMismatch(type, .init(codingPath: codingPath, debugDescription: text))
    }

    func container<Key: CodingKey>(keyedBy: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard case .map(let map) = payload else { throw mismatch([String: Payload].self) }
        return KeyedDecodingContainer(KeyedValues<Key>(decoder: self, map: map))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard case .list(let list) = payload else { throw mismatch([Payload].self) }
        return ListedValues(decoder: self, list: list)
    }

    func singleValueContainer() -> any SingleValueDecodingContainer {
        SingleValue(decoder: self)
    }

    func inside(_ step: PayloadPlace.Step, _ payload: Payload) -> PayloadDecoder {
        PayloadDecoder(payload: payload, place: PayloadPlace(steps: place.steps + [step]))
    }
}

private struct KeyedValues<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let decoder: PayloadDecoder
    let map: Payload.Map

    var codingPath: [any CodingKey] { decoder.codingPath }
    var allKeys: [Key] { map.keys.compactMap { Key(stringValue: $0) } }

    func contains(_ key: Key) -> Bool { map[key.stringValue] != nil }

    func decodeNil(forKey key: Key) throws -> Bool { try inside(key).payload == .null }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        let inner = try inside(key)
        return try decoded(type, inner.payload, inner.place)
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
        try inside(key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try inside(key).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder { try inside(PayloadKey(stringValue: "super")) }

    func superDecoder(forKey key: Key) throws -> any Decoder { try inside(key) }

    private func inside(_ key: any CodingKey) throws -> PayloadDecoder {
        guard let value = map[key.stringValue] else {
            let text = "\(decoder.place.text) has no '\(key.stringValue)'"
            let context = DecodingError.Context(codingPath: codingPath, debugDescription: text)
            throw DecodingError.keyNotFound(key, context)
        }
        return decoder.inside(.key(key.stringValue), value)
    }
}

private struct ListedValues: UnkeyedDecodingContainer {
    let decoder: PayloadDecoder
    let list: [Payload]
    var currentIndex = 0

    init(decoder: PayloadDecoder, list: [Payload]) {
        self.decoder = decoder
        self.list = list
    }

    var codingPath: [any CodingKey] { decoder.codingPath }
    var count: Int? { list.count }
    var isAtEnd: Bool { currentIndex == list.count }

    mutating func decodeNil() throws -> Bool {
        guard try current(Payload.self).payload == .null else { return false }
        currentIndex += 1
        return true
    }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        let inner = try current(type)
        let value = try decoded(type, inner.payload, inner.place)
        currentIndex += 1
        return value
    }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> {
        let container = try current(type).container(keyedBy: type)
        currentIndex += 1
        return container
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        let container = try current([Payload].self).unkeyedContainer()
        currentIndex += 1
        return container
    }

    mutating func superDecoder() throws -> any Decoder {
        let inner = try current(Payload.self)
        currentIndex += 1
        return inner
    }

    private func current(_ type: Any.Type) throws -> PayloadDecoder {
        guard !isAtEnd else {
            let text = "\(decoder.place.text) has only \(list.count) values"
            let context = DecodingError.Context(codingPath: codingPath, debugDescription: text)
            throw DecodingError.valueNotFound(type, context)
        }
        return decoder.inside(.index(currentIndex), list[currentIndex])
    }
}

private struct SingleValue: SingleValueDecodingContainer {
    let decoder: PayloadDecoder
    var codingPath: [any CodingKey] { decoder.codingPath }
    private var payload: Payload { decoder.payload }

    init(decoder: PayloadDecoder) {
        self.decoder = decoder
    }

    func decodeNil() -> Bool { payload == .null }
    func decode(_ type: Bool.Type) throws -> Bool { try found(payload.bool) }
    func decode(_ type: String.Type) throws -> String { try found(payload.string) }
    func decode(_ type: Double.Type) throws -> Double { try found(payload.double) }
    func decode(_ type: Float.Type) throws -> Float { Float(try found(payload.double)) }
    func decode(_ type: Int.Type) throws -> Int { try number() }
    func decode(_ type: Int8.Type) throws -> Int8 { try number() }
    func decode(_ type: Int16.Type) throws -> Int16 { try number() }
    func decode(_ type: Int32.Type) throws -> Int32 { try number() }
    func decode(_ type: Int64.Type) throws -> Int64 { try number() }
    func decode(_ type: UInt.Type) throws -> UInt { try number() }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try number() }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try number() }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try number() }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try number() }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        try decoded(type, payload, decoder.place)
    }

    private func found<Value>(_ value: Value?) throws -> Value {
        guard let value else { throw decoder.mismatch(Value.self) }
        return value
    }

    /// A number that fits; a floating point number too, if it is a whole one.
    private func number<Number: FixedWidthInteger>() throws -> Number {
        let number: Number?
        switch payload {
        case .integer(let value): number = Number(exactly: value)
        case .unsigned(let value): number = Number(exactly: value)
        case .double(let value): number = Number(exactly: value)
        default: throw decoder.mismatch(Number.self)
        }
        guard let number else {
            let text = "\(decoder.place.text) is \(payload.kind) that is no \(Number.self)"
            throw decoder.failure(Number.self, text)
        }
        return number
    }
}
