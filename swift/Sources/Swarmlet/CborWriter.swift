import Foundation

extension Payload {
    /// The payload as it crosses to the node. What a payload may be is checked by the node; here
    /// only what would cost too much before it gets there.
    func cbor(_ operation: String) throws -> Data {
        var writer = CborWriter(operation: operation)
        try writer.write(self)
        return Data(writer.bytes)
    }
}

private struct CborWriter {
    let operation: String
    var bytes: [UInt8] = []
    private var place = PayloadPlace()

    init(operation: String) {
        self.operation = operation
    }

    mutating func write(_ value: Payload) throws {
        switch value {
        case .null: bytes.append(Cbor.null)
        case .bool(let value): bytes.append(value ? Cbor.yes : Cbor.no)
        case .integer(let value): writeInteger(value)
        case .unsigned(let value): writeHead(Cbor.unsigned, value)
        case .double(let value):
            bytes.append(Cbor.double)
            writeNumber(value.bitPattern)
        case .string(var value): try value.withUTF8 { try writeRun(Cbor.text, $0) }
        case .bytes(let value): try value.withUnsafeBytes { try writeRun(Cbor.bytes, $0) }
        case .list(let values): try writeList(values)
        case .map(let map): try writeMap(map)
        }
    }

    private mutating func writeInteger(_ value: Int64) {
        if value >= 0 {
            writeHead(Cbor.unsigned, UInt64(value))
        } else {
            writeHead(Cbor.negative, UInt64(~value))
        }
    }

    private mutating func writeList(_ values: [Payload]) throws {
        try enter(values.count)
        writeHead(Cbor.list, UInt64(values.count))
        for (index, value) in values.enumerated() {
            try inside(.index(index), value)
        }
    }

    private mutating func writeMap(_ map: Payload.Map) throws {
        try enter(map.count)
        writeHead(Cbor.map, UInt64(map.count))
        for (var key, value) in map {
            try key.withUTF8 { try writeRun(Cbor.text, $0) }
            try inside(.key(key), value)
        }
    }

    private mutating func inside(_ step: PayloadPlace.Step, _ value: Payload) throws {
        place.steps.append(step)
        try write(value)
        place.steps.removeLast()
    }

    private func enter(_ count: Int) throws {
        if place.steps.count == PayloadLimits.depthMax {
            throw PayloadLimits.tooDeep(place, operation)
        }
        try checkRoom(count)
    }

    /// Stops early: a value that is far too large is not copied first.
    private func checkRoom(_ count: Int) throws {
        let needed = bytes.count + count
        if needed > PayloadLimits.bytesMax {
            let message = "a payload must have at most 1 MiB; store larger things as blobs"
            throw invalid(operation, message, ["bytes": "\(needed)"])
        }
    }

    private mutating func writeRun(_ major: UInt8, _ run: some Collection<UInt8>) throws {
        try checkRoom(run.count)
        writeHead(major, UInt64(run.count))
        bytes.append(contentsOf: run)
    }

    private mutating func writeHead(_ major: UInt8, _ number: UInt64) {
        let first = major << 5
        switch number {
        case 0...23:
            bytes.append(first | UInt8(number))
        case 24...0xff:
            bytes.append(first | 24)
            bytes.append(UInt8(number))
        case 0x100...0xffff:
            bytes.append(first | 25)
            writeNumber(UInt16(number))
        case 0x10000...0xffff_ffff:
            bytes.append(first | 26)
            writeNumber(UInt32(number))
        default:
            bytes.append(first | 27)
            writeNumber(number)
        }
    }

    private mutating func writeNumber(_ number: some FixedWidthInteger) {
        withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
    }
}

/// What the bytes of CBOR begin with.
enum Cbor {
    // Major types.
    static let unsigned: UInt8 = 0
    static let negative: UInt8 = 1
    static let bytes: UInt8 = 2
    static let text: UInt8 = 3
    static let list: UInt8 = 4
    static let map: UInt8 = 5
    static let tag: UInt8 = 6

    // First bytes, and what they may have for a number.
    static let no: UInt8 = 0xf4
    static let yes: UInt8 = 0xf5
    static let null: UInt8 = 0xf6
    static let double: UInt8 = 0xfb
    static let end: UInt8 = 0xff
    static let undefined: UInt8 = 23
    static let pieces: UInt8 = 31
}
