import Foundation

extension Payload {
    /// The value of a payload. The node has checked it and bounds its depth.
    init(cbor: Data) throws {
        self = try cbor.withUnsafeBytes { buffer in
            var reader = CborReader(cbor: buffer)
            return try reader.value()
        }
    }
}

private struct CborReader {
    let cbor: UnsafeRawBufferPointer
    private var at = 0
    private var depth = 0

    init(cbor: UnsafeRawBufferPointer) {
        self.cbor = cbor
    }

    mutating func value() throws -> Payload {
        let first = try next()
        let detail = first & 31
        switch first >> 5 {
        case Cbor.unsigned: return Payload(number: try number(detail))
        case Cbor.negative: return negative(try number(detail))
        case Cbor.bytes: return .bytes(try bytes(detail))
        case Cbor.text: return .string(try text(detail))
        case Cbor.list: return try nested { try $0.list(detail) }
        case Cbor.map: return try nested { try $0.map(detail) }
        case Cbor.tag:
            // What it tags is the value.
            _ = try number(detail)
            return try nested { try $0.value() }
        default: return try simple(detail)
        }
    }

    private mutating func next() throws -> UInt8 {
        guard at < cbor.count else { throw unreadable("it ends too early") }
        at += 1
        return cbor[at - 1]
    }

    /// Tags may be stacked, so they are counted as well.
    private mutating func nested(_ read: (inout Self) throws -> Payload) throws -> Payload {
        guard depth < 2 * PayloadLimits.depthMax else { throw unreadable("it is nested too deep") }
        depth += 1
        defer { depth -= 1 }
        return try read(&self)
    }

    /// An unsigned number.
    private mutating func number(_ detail: UInt8) throws -> UInt64 {
        switch detail {
        case 0...23: UInt64(detail)
        case 24: try big(1)
        case 25: try big(2)
        case 26: try big(4)
        case 27: try big(8)
        default: throw unreadable("a number has no size")
        }
    }

    private mutating func big(_ size: Int) throws -> UInt64 {
        var number: UInt64 = 0
        for _ in 0..<size { number = number << 8 | UInt64(try next()) }
        return number
    }

    /// The number is one less than the distance from zero. Below the range of 64 bits there are
    /// integers in CBOR, and not in payloads; they are rounded.
    private func negative(_ number: UInt64) -> Payload {
        guard let number = Int64(exactly: number) else { return .double(-1 - Double(number)) }
        return .integer(~number)
    }

    private mutating func simple(_ detail: UInt8) throws -> Payload {
        switch detail {
        case Cbor.no & 31: .bool(false)
        case Cbor.yes & 31: .bool(true)
        case Cbor.null & 31, Cbor.undefined: .null
        case 24: .integer(Int64(try next()))
        case 25: .double(half(UInt16(try big(2))))
        case 26: .double(Double(Float(bitPattern: UInt32(try big(4)))))
        case 27: .double(Double(bitPattern: try big(8)))
        default: .integer(Int64(detail))
        }
    }

    private func half(_ bits: UInt16) -> Double {
        let exponent = Int(bits >> 10 & 31)
        let fraction = Double(bits & 1023)
        let size =
            switch exponent {
            case 0: scalbn(fraction, -24)
            case 31: fraction == 0 ? Double.infinity : Double.nan
            default: scalbn(1024 + fraction, exponent - 25)
            }
        return bits & 0x8000 == 0 ? size : -size
    }

    private mutating func bytes(_ detail: UInt8) throws -> Data {
        if detail != Cbor.pieces { return Data(try run(detail)) }
        var all = Data()
        while try !isEnd() { all.append(contentsOf: try run(try next() & 31)) }
        return all
    }

    private mutating func text(_ detail: UInt8) throws -> String {
        if detail != Cbor.pieces { return try string(try run(detail)) }
        var all = ""
        while try !isEnd() { all += try string(try run(try next() & 31)) }
        return all
    }

    private func string(_ run: UnsafeRawBufferPointer) throws -> String {
        let text = String(decoding: run, as: UTF8.self)
        // Decoding puts a character of its own where something is wrong.
        guard text.utf8.elementsEqual(run) else { throw unreadable("a text is not valid Unicode") }
        return text
    }

    private mutating func run(_ detail: UInt8) throws -> UnsafeRawBufferPointer {
        let size = try number(detail)
        guard size <= UInt64(cbor.count - at) else { throw unreadable("it ends too early") }
        let end = at + Int(size)
        defer { at = end }
        return UnsafeRawBufferPointer(rebasing: cbor[at..<end])
    }

    private mutating func list(_ detail: UInt8) throws -> Payload {
        var values: [Payload] = []
        try repeatItems(detail) { values.append(try $0.value()) }
        return .list(values)
    }

    private mutating func map(_ detail: UInt8) throws -> Payload {
        var map = Payload.Map()
        try repeatItems(detail) { reader in
            let key = try reader.key()
            map[key] = try reader.value()
        }
        return .map(map)
    }

    /// Keys that are no text, which other programs may have written, are shown as one.
    private mutating func key() throws -> String {
        switch try value() {
        case .string(let text): text
        case .bytes(let bytes): bytes.base64EncodedString()
        case let other: other.description
        }
    }

    private mutating func repeatItems(
        _ detail: UInt8, _ read: (inout Self) throws -> Void
    ) throws {
        if detail == Cbor.pieces {
            while try !isEnd() { try read(&self) }
            return
        }
        var left = try number(detail)
        while left > 0 {
            try read(&self)
            left -= 1
        }
    }

    /// Whether a list without length ends here; then this is passed over.
    private mutating func isEnd() throws -> Bool {
        guard at < cbor.count else { throw unreadable("it ends too early") }
        guard cbor[at] == Cbor.end else { return false }
        at += 1
        return true
    }
}

extension Payload {
    /// An integer in the case that is the first to hold it.
    init(number: UInt64) {
        self = Int64(exactly: number).map { .integer($0) } ?? .unsigned(number)
    }
}

private func unreadable(_ why: String) -> SwarmletError {
    SwarmletError(.corrupt, "", "the payload cannot be read: \(why)")
}
