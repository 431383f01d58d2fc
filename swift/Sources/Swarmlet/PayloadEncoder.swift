import Foundation

extension Payload {
    /// A value of the app as a payload: maps, lists, texts, numbers; `Data` as bytes, `UUID` and
    /// `URL` as text.
    ///
    /// A `Date` is refused: say which number or text others shall read. So is a `Decimal`, which no
    /// number of a payload holds exactly. Throws ``SwarmletError`` of the kind `invalidArgument`,
    /// with the place of what cannot be encoded, or what the value throws itself.
    public init(encoding value: some Encodable) throws {
        self = try encoded(value, at: PayloadPlace())
    }
}

private func encoded(_ value: some Encodable, at place: PayloadPlace) throws -> Payload {
    if place.steps.count > PayloadLimits.depthMax {
        throw PayloadLimits.tooDeep(place, operation)
    }
    switch value {
    case let payload as Payload: return payload
    case let data as Data: return .bytes(data)
    case let id as UUID: return .string(id.uuidString)
    case let url as URL: return .string(url.absoluteString)
    case is Date:
        let message = "a payload has no times: encode them as a number or a text"
        throw place.refusal(operation, message)
    case is Decimal:
        let message = "a payload has no decimal numbers: encode them as a text, or as whole units"
        throw place.refusal(operation, message)
    default: break
    }
    let encoder = PayloadEncoder(place)
    do {
        try value.encode(to: encoder)
    } catch let EncodingError.invalidValue(value, context) {
        let message = "a payload cannot hold this \(type(of: value)): \(context.debugDescription)"
        throw place.refusal(operation, message)
    }
    return encoder.value.payload
}

private let operation = "publish"

/// What is being encoded, while containers are still open.
private final class PayloadNode {
    enum Content {
        case nothing
        case single(Payload)
        case list([PayloadNode])
        case map([(String, PayloadNode)])
    }

    var content = Content.nothing

    init() {}

    init(_ payload: Payload) {
        content = .single(payload)
    }

    /// What was not written to is an empty map, as an empty struct is.
    var payload: Payload {
        switch content {
        case .nothing: .map(Payload.Map())
        case .single(let payload): payload
        case .list(let nodes): .list(nodes.map(\.payload))
        case .map(let nodes): .map(Payload.Map(nodes.lazy.map { ($0, $1.payload) }))
        }
    }

    func append(_ node: PayloadNode) {
        guard case .list(var nodes) = content else { return content = .list([node]) }
        content = .nothing
        nodes.append(node)
        content = .list(nodes)
    }

    func put(_ key: String, _ node: PayloadNode) {
        guard case .map(var nodes) = content else { return content = .map([(key, node)]) }
        content = .nothing
        nodes.append((key, node))
        content = .map(nodes)
    }

    var count: Int {
        if case .list(let nodes) = content { nodes.count } else { 0 }
    }
}

private struct PayloadEncoder: Encoder {
    let value: PayloadNode
    let place: PayloadPlace
    let userInfo: [CodingUserInfoKey: Any] = [:]

    init(_ place: PayloadPlace, _ value: PayloadNode = PayloadNode()) {
        self.place = place
        self.value = value
    }

    var codingPath: [any CodingKey] { place.codingPath }

    func container<Key: CodingKey>(keyedBy: Key.Type) -> KeyedEncodingContainer<Key> {
        if case .nothing = value.content { value.content = .map([]) }
        return KeyedEncodingContainer(KeyedPayloads<Key>(encoder: self))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        if case .nothing = value.content { value.content = .list([]) }
        return ListedPayloads(encoder: self)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer {
        SinglePayload(encoder: self)
    }

    func inside(_ step: PayloadPlace.Step) -> PayloadPlace {
        PayloadPlace(steps: place.steps + [step])
    }

    func nested(_ step: PayloadPlace.Step) -> PayloadEncoder {
        PayloadEncoder(inside(step))
    }
}

private struct KeyedPayloads<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let encoder: PayloadEncoder
    var codingPath: [any CodingKey] { encoder.codingPath }

    func encodeNil(forKey key: Key) {
        encoder.value.put(key.stringValue, PayloadNode(.null))
    }

    func encode(_ value: some Encodable, forKey key: Key) throws {
        let payload = try encoded(value, at: encoder.inside(.key(key.stringValue)))
        encoder.value.put(key.stringValue, PayloadNode(payload))
    }

    private func nested(_ key: String) -> PayloadEncoder {
        let nested = encoder.nested(.key(key))
        encoder.value.put(key, nested.value)
        return nested
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy keyType: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
        nested(key.stringValue).container(keyedBy: keyType)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        nested(key.stringValue).unkeyedContainer()
    }

    func superEncoder() -> any Encoder { nested("super") }

    func superEncoder(forKey key: Key) -> any Encoder { nested(key.stringValue) }
}

private struct ListedPayloads: UnkeyedEncodingContainer {
    let encoder: PayloadEncoder
    var codingPath: [any CodingKey] { encoder.codingPath }
    var count: Int { encoder.value.count }

    func encodeNil() {
        encoder.value.append(PayloadNode(.null))
    }

    func encode(_ value: some Encodable) throws {
        let payload = try encoded(value, at: encoder.inside(.index(count)))
        encoder.value.append(PayloadNode(payload))
    }

    private func nested() -> PayloadEncoder {
        let nested = encoder.nested(.index(count))
        encoder.value.append(nested.value)
        return nested
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy keyType: Nested.Type
    ) -> KeyedEncodingContainer<Nested> {
        nested().container(keyedBy: keyType)
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
        nested().unkeyedContainer()
    }

    func superEncoder() -> any Encoder { nested() }
}

private struct SinglePayload: SingleValueEncodingContainer {
    let encoder: PayloadEncoder
    var codingPath: [any CodingKey] { encoder.codingPath }

    private func put(_ payload: Payload) {
        encoder.value.content = .single(payload)
    }

    func encodeNil() { put(.null) }
    func encode(_ value: Bool) { put(.bool(value)) }
    func encode(_ value: String) { put(.string(value)) }
    func encode(_ value: Double) { put(.double(value)) }
    func encode(_ value: Float) { put(.double(Double(value))) }
    func encode(_ value: Int) { put(.integer(Int64(value))) }
    func encode(_ value: Int8) { put(.integer(Int64(value))) }
    func encode(_ value: Int16) { put(.integer(Int64(value))) }
    func encode(_ value: Int32) { put(.integer(Int64(value))) }
    func encode(_ value: Int64) { put(.integer(value)) }
    func encode(_ value: UInt) { put(Payload(number: UInt64(value))) }
    func encode(_ value: UInt8) { put(.integer(Int64(value))) }
    func encode(_ value: UInt16) { put(.integer(Int64(value))) }
    func encode(_ value: UInt32) { put(.integer(Int64(value))) }
    func encode(_ value: UInt64) { put(Payload(number: value)) }

    func encode(_ value: some Encodable) throws {
        put(try encoded(value, at: encoder.place))
    }
}
