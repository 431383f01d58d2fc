import Foundation
import Swarmlet
import XCTest

final class PublishTests: NodeTestCase {
    func testAnEventIsFoundWithItsTagsPayloadAndPlace() async throws {
        let node = try await Node.open(path, appId: "com.example.press")
        let published = try await node.publish(["press:7", "stopped"], ["reason": "jam"])
        let rows = try await node.query("FROM 'press:7' & 'stopped'").all()
        let row = try XCTUnwrap(rows.first)
        XCTAssertEqual(rows.count, 1)
        XCTAssertEqual(row.key, published.key)
        XCTAssertEqual(row.stream, "\(node.id)-0")
        XCTAssertEqual(row.offset, 0)
        XCTAssertEqual(row.time, published.time)
        XCTAssertLessThan(abs(published.time.timeIntervalSinceNow), 60)
        XCTAssertEqual(row.appId, "com.example.press")
        XCTAssertEqual(row.tags, ["press:7", "stopped"])
        XCTAssertEqual(row["reason"], "jam")
        XCTAssertNil(row["cause"])
        try await node.close()
    }

    func testValuesComeBackAsWhatTheyAre() async throws {
        let long = String(repeating: "x", count: 70_000)
        let many = Payload.list((0..<300).map { .integer($0) })
        let values: [Payload] = [
            nil, true, false, 0, 23, 24, -1, -25, 255, 256, 65535, 65536, .integer(1 << 32),
            .integer(.max), .integer(.min), .unsigned(.max), .unsigned(1 << 63), 0.5, -0.0,
            .double(.infinity), .double(-.infinity), .double(.leastNonzeroMagnitude), "",
            "a\u{0}b", "\u{1F600}", [], [:], [1, [2, ["k": nil]]], .string(long), many,
        ]
        try await withNode { node in
            try await node.publish(["all"], .list(values + [.double(.nan)]))
            let row = try await node.query("FROM 'all'").next()
            let list = try XCTUnwrap(row?.payload.list)
            XCTAssertEqual(Array(list.dropLast()), values)
            XCTAssertEqual(list[18].double?.sign, .minus)
            XCTAssertEqual(list.last?.double?.isNaN, true)
        }
    }

    func testBytesAreTakenAndGiven() async throws {
        try await withNode { node in
            for size in [0, 1, 300, 70_000] {
                let bytes = Data((0..<size).map { UInt8(truncatingIfNeeded: $0) })
                try await node.publish(["bytes:\(size)"], .bytes(bytes))
                let given: [String: Parameter] = ["size": .value(.integer(Int64(size)))]
                let rows = try node.query("FROM `bytes:{$size}`", parameters: given)
                let row = try await rows.next()
                XCTAssertEqual(row?.payload, .bytes(bytes))
            }
        }
    }

    func testMapsKeepTheirOrder() async throws {
        var map: Payload.Map = ["z": 1, "a": 2, "m": 3, "a": 4]
        XCTAssertEqual(map.keys, ["z", "a", "m"])
        try await withNode { node in
            try await node.publish(["map"], .map(map))
            let row = try await node.query("FROM 'map'").next()
            XCTAssertEqual(row?.payload.map?.keys, ["z", "a", "m"])
            XCTAssertEqual(row?["a"], 4)
            XCTAssertEqual(row?.payload, ["a": 4, "m": 3, "z": 1])
        }
        map["z"] = nil
        map["q"] = nil
        XCTAssertEqual(map.keys, ["a", "m"])
        XCTAssertEqual(map.map { $0.value }, [4, 3])
    }

    func testKeysAreTheSameByteForByte() async throws {
        let (short, long) = ("caf\u{E9}", "cafe\u{301}")
        XCTAssertEqual(short, long)
        let map: Payload.Map = [short: 1, long: 2]
        XCTAssertEqual(map.count, 2)
        XCTAssertNotEqual(map, [long: 1, short: 2])
        XCTAssertNotEqual([short: 1] as Payload.Map, [long: 1])
        XCTAssertEqual(map, [long: 2, short: 1])
        XCTAssertEqual(map.hashValue, ([long: 2, short: 1] as Payload.Map).hashValue)
        var one = map
        one[short] = nil
        XCTAssertEqual(one.keys.map { Array($0.utf8) }, [Array(long.utf8)])
        try await withNode { node in
            try await node.publish(["map"], .map(map))
            let row = try await node.query("FROM 'map'").next()
            XCTAssertEqual(row?.payload, .map(map))
            XCTAssertEqual(row?[short], 1)
            XCTAssertEqual(row?[long], 2)
            XCTAssertEqual(row?.payload.map?.map { $0.value }, [1, 2])
        }
    }

    func testManyEventsArePublishedInOneCall() async throws {
        try await withNode { node in
            let events = (0..<1000).map { NewEvent(["n"], .integer($0)) }
            let published = try await node.publishMany(events)
            XCTAssertEqual(published.map(\.offset), Array(0..<1000))
            let none = try await node.publishMany([])
            XCTAssertEqual(none, [])
            let rows = try await node.query("FROM 'n'").all()
            XCTAssertEqual(rows.map(\.payload.integer), Array(0..<1000))
        }
    }

    func testManyTasksPublishAtOnce() async throws {
        try await withNode { node in
            let keys = try await withThrowingTaskGroup(of: EventKey.self) { group in
                for n in 0..<200 {
                    group.addTask { try await node.publish(["n"], .integer(Int64(n))).key }
                }
                return try await group.reduce(into: Set<EventKey>()) { $0.insert($1) }
            }
            XCTAssertEqual(Set(keys.map(\.offset)), Set(0..<200))
        }
    }

    func testKeysAreOrderedAsTheLogIs() {
        let author = String(repeating: ".", count: 43)
        let capital = String(repeating: "A", count: 43)
        let small = String(repeating: "a", count: 43)
        let keys = [
            EventKey(lamport: 1, stream: "\(author)-2", offset: 0),
            EventKey(lamport: 1, stream: "\(author)-10", offset: 0),
            EventKey(lamport: 1, stream: "\(capital)-0", offset: 0),
            EventKey(lamport: 1, stream: "\(small)-0", offset: 0),
            EventKey(lamport: 1, stream: "\(small)-0", offset: 1),
            EventKey(lamport: 2, stream: "\(author)-0", offset: 0),
        ]
        XCTAssertEqual(keys.shuffled().sorted(), keys)
    }
}
