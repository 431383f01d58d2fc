import Foundation
import Swarmlet
import XCTest

private struct Stop: Codable, Equatable {
    enum Cause: String, Codable { case jam, power }

    var press: UInt8
    var cause: Cause
    var lost: Int?
    var image: Data
    var id: UUID
    var celsius: [Double]
    var by: [String: Float]
    var detail: Payload
}

/// A class that contains itself.
private final class Ring: Encodable {
    var next: Ring?

    func encode(to encoder: any Encoder) throws {
        var list = encoder.unkeyedContainer()
        if let next { try list.encode(next) }
    }
}

/// What no encoder can hold.
private struct Unfit: Encodable {
    let text = "secret"

    func encode(to encoder: any Encoder) throws {
        let context = EncodingError.Context(codingPath: [], debugDescription: "it is unfit")
        throw EncodingError.invalidValue(self, context)
    }
}

final class CodableTests: NodeTestCase {
    private let stop = Stop(
        press: 7,
        cause: .jam,
        lost: nil,
        image: Data([0, 255]),
        id: UUID(),
        celsius: [61.5, .infinity],
        by: ["shift": 0.5],
        detail: ["k": [1, nil]])

    func testAValueOfTheAppGoesAndComesBack() async throws {
        try await withNode { node in
            try await node.publish(["stop"], encoding: stop)
            try await node.publishMany([try NewEvent(["stop"], encoding: stop)])
            let rows = try await node.query("FROM 'stop'").all()
            XCTAssertEqual(rows.count, 2)
            for row in rows {
                XCTAssertEqual(row["image"], .bytes(Data([0, 255])))
                XCTAssertEqual(row["cause"], "jam")
                XCTAssertEqual(row["press"], 7)
                XCTAssertNil(row["lost"])
                XCTAssertEqual(row["detail"], ["k": [1, nil]])
                let decoded = try row.payload.decode(Stop.self)
                XCTAssertEqual(decoded, stop)
            }
        }
    }

    func testNumbersTextsAndNothingAreValues() throws {
        XCTAssertEqual(try Payload(encoding: 1), 1)
        XCTAssertEqual(try Payload(encoding: UInt64.max), .unsigned(.max))
        XCTAssertEqual(try Payload(encoding: "a"), "a")
        XCTAssertEqual(try Payload(encoding: Int?.none), nil)
        XCTAssertEqual(try Payload(encoding: [1, nil]), [1, nil])
        XCTAssertEqual(try Payload(encoding: [Int]()), [])
        XCTAssertEqual(try Payload(encoding: [String: Int]()), [:])
        XCTAssertEqual(try Payload(integerLiteral: 300).decode(Int.self), 300)
        XCTAssertEqual(try Payload(2.0).decode(Int.self), 2)
        XCTAssertEqual(try ([1, nil] as Payload).decode([Int?].self), [1, nil])
    }

    func testOtherEncodersHaveTheirOwnWay() throws {
        let payload: Payload = ["a": [1, nil, true, 0.5, "b"], "c": .unsigned(.max)]
        let json = try JSONEncoder().encode(payload)
        XCTAssertEqual(try JSONDecoder().decode(Payload.self, from: json), payload)
    }

    func testWhatCannotBeEncodedIsNamedWithItsPlace() async throws {
        let times = ["x": [Date()]]
        let error = try await failing(.invalidArgument) { _ = try Payload(encoding: times) }
        XCTAssertEqual(error.details["at"], "payload['x'][0]")
        XCTAssertEqual(error.operation, "publish")
        let prices: [String: [Decimal?]] = ["x": [nil, Decimal(string: "0.1")]]
        let exact = try await failing(.invalidArgument) { _ = try Payload(encoding: prices) }
        XCTAssertEqual(exact.details["at"], "payload['x'][1]")
        XCTAssertTrue(exact.message.contains("no decimal numbers"), exact.message)
        let unfit = try await failing(.invalidArgument) { _ = try Payload(encoding: [Unfit()]) }
        XCTAssertEqual(unfit.details["at"], "payload[0]")
        XCTAssertFalse(unfit.message.contains("secret"), unfit.message)
        let ring = Ring()
        ring.next = ring
        let endless = try await failing(.invalidArgument) { _ = try Payload(encoding: ring) }
        XCTAssertTrue(endless.message.contains("contains itself"), endless.message)
        ring.next = nil
    }

    func testWhatDoesNotFitIsADecodingError() throws {
        let wrong: [() throws -> Void] = [
            { _ = try Payload(300).decode(UInt8.self) },
            { _ = try Payload(-1).decode(UInt64.self) },
            { _ = try Payload(0.5).decode(Int.self) },
            { _ = try Payload("a").decode(Int.self) },
            { _ = try (["a": 1] as Payload).decode(Stop.self) },
            { _ = try ([1] as Payload).decode([String].self) },
            { _ = try Payload(1).decode(Date.self) },
            { _ = try Payload(1).decode(Decimal.self) },
            { _ = try (["exponent": 0] as Payload).decode(Decimal.self) },
            { _ = try Payload("a").decode(Data.self) },
        ]
        for decode in wrong {
            XCTAssertThrowsError(try decode()) { XCTAssertTrue($0 is DecodingError, "\($0)") }
        }
    }

    func testADecodingErrorSaysTheKindAndNotThePayload() throws {
        let secret: Payload = ["secret": 61_723]
        let wrong: [(Payload, any Decodable.Type, String)] = [
            (["a": secret], [String: Int].self, "payload['a'] is a map, not Int"),
            ([.list([secret])], [String].self, "payload[0] is a list, not String"),
            (secret, [Int].self, "payload is a map, not Array<Payload>"),
            (secret, [String: UInt8].self, "payload['secret'] is an integer that is no UInt8"),
            (61_723.5, Int.self, "payload is a floating point number that is no Int"),
            ("secret", UUID.self, "payload is a text, not UUID"),
            (nil, Data.self, "payload is null, not Data"),
            (true, Decimal.self, "payload is a Boolean, not Decimal"),
            (.bytes(Data([1])), Double.self, "payload is bytes, not Double"),
        ]
        for (payload, type, text) in wrong {
            XCTAssertThrowsError(try payload.decode(type)) { error in
                guard case DecodingError.typeMismatch(_, let context) = error else {
                    return XCTFail("\(error)")
                }
                XCTAssertEqual(context.debugDescription, text)
            }
        }
    }
}
