import Foundation
import Swarmlet
import XCTest

/// Each bad input is a typed error with a code, advice and one line for people.
final class ErrorsTests: NodeTestCase {
    /// The call is refused as a bad argument, and the node goes on.
    @discardableResult
    private func refused(
        line: UInt = #line, _ call: (Node) async throws -> Void
    ) async throws -> SwarmletError {
        let node = try await Node.open(path, durability: .buffered)
        let error = try await failing(.invalidArgument, line: line) { try await call(node) }
        XCTAssertEqual(error.code, "invalid_argument", line: line)
        XCTAssertEqual(error.advice, .fixCall, line: line)
        try await node.publish(["well"])
        try await node.close()
        return error
    }

    func testEveryKindOfTheTableIsThere() throws {
        let table = try String(
            contentsOf: repository.appendingPathComponent("core/engine/errors.toml"),
            encoding: .utf8)
        let kinds = table.components(separatedBy: "[[kind]]").dropFirst().map { kind in
            kind.matches(of: /(\w+) = "?([^"\n]*)/).reduce(into: [String: String]()) {
                $0["\($1.1)"] = "\($1.2)"
            }
        }
        XCTAssertGreaterThanOrEqual(kinds.count, 19)
        XCTAssertEqual(kinds.count, SwarmletError.Kind.allCases.count)
        for (row, kind) in zip(kinds, SwarmletError.Kind.allCases) {
            XCTAssertEqual(row["name"], kind.code)
            XCTAssertEqual(row["number"], "\(kind.number)")
            XCTAssertEqual(row["advice"], kind.advice.rawValue)
        }
    }

    func testBadTags() async throws {
        let bad = [
            [""], ["a", ""], [String(repeating: "x", count: 1025)], (0..<257).map { "\($0)" },
        ]
        for tags in bad {
            let error = try await refused { try await $0.publish(tags) }
            XCTAssertEqual(error.operation, "publish")
        }
    }

    func testPayloadsNestedTooDeep() async throws {
        func nested(_ depth: Int) -> Payload {
            (0..<depth).reduce(.null) { inner, _ in [inner] }
        }
        try await withNode { try await $0.publish(["a"], nested(128)) }
        let error = try await refused { try await $0.publish(["a"], nested(129)) }
        XCTAssertTrue(error.message.contains("deeper than 128"), error.message)
        let place = "payload[0][0][0][0][0][0][0][0]..."
        XCTAssertEqual(error.details["at"], place)
    }

    func testPayloadsOverTheLimit() async throws {
        let most = 1 << 20
        let long = String(repeating: "x", count: most)
        let error = try await refused { try await $0.publish(["a"], .string(long)) }
        XCTAssertGreaterThan(try XCTUnwrap(Int(error.details["bytes"] ?? "")), most)
        try await refused { try await $0.publish(["a"], .bytes(Data(count: most))) }
        let list = Payload.list(Array(repeating: 1, count: most + 1))
        try await refused { try await $0.publish(["a"], list) }
        try await withNode { try await $0.publish(["a"], .bytes(Data(count: most - 5))) }
    }

    func testTooManyEventsAtOnce() async throws {
        let most = Array(repeating: NewEvent(["a"]), count: 16384)
        try await withNode { try await $0.publishMany(most) }
        try await refused { try await $0.publishMany(most + [NewEvent(["a"])]) }
    }

    func testAMalformedQueryShowsWhere() async throws {
        let aql = "FROM 'a' &\n  oops"
        let calls: [(Node) async throws -> Void] = [
            { _ = try $0.query(aql) },
            { _ = try $0.subscribe(aql) },
            { _ = try await $0.explain(aql) },
        ]
        for call in calls {
            try await withNode { node in
                let error = try await failing(.invalidQuery) { try await call(node) }
                let view = try XCTUnwrap(error.details["view"])
                XCTAssertTrue(view.contains("2 |   oops") && view.contains("^"), view)
                XCTAssertTrue(error.message.contains("line 2, column 3"), error.message)
            }
        }
        let beyond = Date(timeIntervalSince1970: 1e18)
        for time in [beyond, Date(timeIntervalSince1970: .nan)] {
            let parameters: [String: Parameter] = ["t": .time(time)]
            try await refused { node in
                _ = try node.query("FROM 'a' & TIME > $t", parameters: parameters)
            }
        }
    }

    func testMalformedOffsetsAndNumbers() async throws {
        let unknown = String(repeating: ".", count: 43) + "-0"
        let bad: [Offsets] = [["x": 1], [unknown: -1], [unknown: 1 << 53]]
        for offsets in bad {
            try await refused { _ = try $0.query("FROM 'a'", lower: offsets) }
            try await refused { _ = try $0.query("FROM 'a'", upper: offsets) }
            try await refused { _ = try $0.subscribe("FROM 'a'", from: offsets) }
        }
        try await refused { _ = try await $0.query("FROM 'a'", upper: [unknown: 0]).all() }
        try await refused { _ = try $0.scoped("not an id") }
        let limits = [Retention(eventsMax: -1), Retention(ageMax: .microseconds(-1))]
        for limit in limits {
            try await failing(.invalidArgument) {
                _ = try await Node.open(self.path, streams: ["s": limit])
            }
        }
        try await failing(.invalidArgument) {
            _ = try await Node.open(self.path, cacheBytes: -1)
        }
        try await failing(.invalidArgument) {
            _ = try await Node.open(self.path, network: Network(connectionsMax: -1))
        }
        let elsewhere = try XCTUnwrap(URL(string: "tcp://127.0.0.1:1"))
        try await failing(.invalidArgument) { _ = try await Node.open(elsewhere) }
    }

    func testAFolderThatIsInUseOrNotOurs() async throws {
        let other = folder.appendingPathComponent("other")
        try FileManager.default.createDirectory(at: other, withIntermediateDirectories: true)
        let thesis = other.appendingPathComponent("thesis.txt")
        try Data("final version 7".utf8).write(to: thesis)
        try await failing(.invalidArgument) { _ = try await Node.open(other) }
        let left = try FileManager.default.contentsOfDirectory(atPath: other.path)
        XCTAssertEqual(left, ["thesis.txt"])
        try await withNode { _ in
            let locked = try await failing(.locked) { _ = try await Node.open(self.path) }
            XCTAssertEqual(locked.advice, .retryLater)
            XCTAssertEqual(locked.localizedDescription, locked.message)
            do {
                _ = try await Node.open(self.path)
                XCTFail("it is open twice")
            } catch let error as SwarmletError where error.kind == .locked {
                // As the documents show it.
            }
        }
    }

    func testAFolderThatOthersMayEnter() async throws {
        try await withNode { try await $0.publish(["a"]) }
        let open = [FileAttributeKey.posixPermissions: 0o755]
        try FileManager.default.setAttributes(open, ofItemAtPath: path.path)
        try await failing(.permissionDenied) { _ = try await Node.open(self.path) }
    }

    func testRowsThatComeFromNoEventSaySo() async throws {
        try await withNode { node in
            try await node.publishMany([NewEvent(["n"], 1), NewEvent(["n"], 2)])
            let rows = try await node.query("FROM 'n' AGGREGATE COUNT(_)").all()
            let row = try XCTUnwrap(rows.first)
            XCTAssertEqual(row.payload, 2)
            guard case .range(let range) = row.origin else { return XCTFail("\(row)") }
            XCTAssertLessThan(range.from, range.to)
            XCTAssertNil(row.event)
            XCTAssertNil(row.offset)
            XCTAssertNil(row["key"])
        }
    }
}
