import Foundation
import XCTest

@testable import Swarmlet

final class LifecycleTests: NodeTestCase {
    func testTheVersionIsThatOfTheWorkspace() throws {
        let manifest = try String(
            contentsOf: repository.appendingPathComponent("Cargo.toml"), encoding: .utf8)
        XCTAssertTrue(manifest.contains("\nversion = \"\(try Node.version)\"\n"))
    }

    func testClosingTwiceIsFineAndWhatIsUsedAfterItIsClosedSaysSo() async throws {
        let node = try await Node.open(path)
        let scoped = try node.scoped("com.example.other")
        try await node.close()
        try await node.close()
        for handle in [node, scoped] {
            try await failing(.closed) { try await handle.publish(["a"]) }
            try await failing(.closed) { _ = try await handle.query("FROM 'a'").next() }
            try await failing(.closed) { _ = try await handle.subscribe("FROM 'a'").next() }
            try await failing(.closed) { _ = try await handle.explain("FROM 'a'") }
            try await failing(.closed) {
                _ = try await handle.swarm.create("plant", device: "press")
            }
            XCTAssertEqual(handle.id.count, 43)
            try await handle.close()
        }
    }

    func testAStreamEndsWithItsNodeOnceItIsReadEmpty() async throws {
        let node = try await Node.open(path, durability: .buffered)
        let rows = try node.subscribe("FROM 'n'")
        try await node.publish(["n"], 1)
        let row = try await rows.next()
        XCTAssertEqual(row?.payload, 1)
        let waiting = Task { try await rows.next() }
        await Task.yield()
        try await node.close()
        try await failing(.closed) { _ = try await waiting.value }
    }

    func testACancelledTaskClosesAllTheSame() async throws {
        let node = try await Node.open(path, durability: .buffered)
        let closing = Task {
            while !Task.isCancelled { await Task.yield() }
            try await node.close()
        }
        closing.cancel()
        try await closing.value
        let again = try await Node.open(path)
        try await again.close()
    }

    func testWhatWasPublishedIsThereAfterOpeningAgain() async throws {
        let first = try await Node.open(path)
        try await first.publish(["n"], 1)
        try await first.close()
        let second = try await Node.open(path)
        XCTAssertEqual(first.id, second.id)
        let rows = try await second.query("FROM 'n'").all()
        XCTAssertEqual(rows.map(\.payload), [1])
        try await second.close()
    }

    func testTwoNodesLiveInOneProcess() async throws {
        try await withNode { one in
            let two = try await Node.open(folder.appendingPathComponent("two"))
            XCTAssertNotEqual(one.id, two.id)
            try await one.publish(["n"], 1)
            let rows = try await two.query("FROM 'n'").all()
            XCTAssertEqual(rows, [])
            try await two.close()
        }
    }

    func testAScopedHandlePublishesForAnotherApp() async throws {
        try await withNode { node in
            let scoped = try node.scoped("com.example.packing")
            XCTAssertEqual(scoped.appId, "com.example.packing")
            try await scoped.publish(["n"], 1)
            try await node.publish(["n"], 2)
            let own = try await scoped.query("FROM 'n' & appId(me)").all()
            XCTAssertEqual(own.map(\.payload), [1])
        }
    }

    func testStreamsRoutesAndOffsets() async throws {
        let node = try await Node.open(
            path,
            streams: ["sensors": Retention(eventsMax: 1000), "all": Retention()],
            routes: [Route("'sensor'", to: "sensors"), Route("'sensor'", to: "all")])
        try await node.publish(["sensor"], 1)
        try await node.publish(["other"], 2)
        let names = try node.streams().reduce(into: [:]) { $0[$1.name] = $1.last }
        XCTAssertEqual(names, ["default": 0, "sensors": 0])
        XCTAssertEqual(try node.offsets().present.count, 2)
        XCTAssertEqual(try node.offsets().toReplicate, [:])
        let upper = try node.offsets().present
        try await node.publish(["sensor"], 3)
        let before = try await node.query("FROM allEvents", upper: upper).all()
        XCTAssertEqual(before.count, 2)
        let after = try await node.query("FROM allEvents", lower: upper).all()
        XCTAssertEqual(after.count, 1)
        let newest = try await node.query("FROM allEvents", order: .descending).next()
        XCTAssertEqual(newest?.payload, 3)
        try await node.close()
    }

    func testExplainingAndCounting() async throws {
        try await withNode { node in
            for n in 0..<3 { try await node.publish(["n"], .integer(Int64(n))) }
            _ = try await node.query("FROM 'n'").all()
            let explained = try await node.explain("FROM 'n' SELECT _ + 1")
            XCTAssertEqual(explained.eventsRead, 3)
            XCTAssertEqual(explained.rows, 3)
            XCTAssertFalse("\(explained)".isEmpty)
            XCTAssertEqual(explained.sources.first?.terms.map(\.term), ["'n'"])
            let metrics = try node.metrics()
            XCTAssertEqual(metrics.log.eventsCommitted, 3)
            XCTAssertEqual(metrics.publish.count, 3)
            XCTAssertEqual(metrics.publish.buckets.map(\.count).reduce(0, +), 3)
            XCTAssertGreaterThan(try XCTUnwrap(metrics.publish.quantile(0.5)), .zero)
            XCTAssertNil(metrics.maintenanceError)
        }
    }

    func testASlowConsumerHoldsBackNobodyAndCostsNoMemory() async throws {
        try await withNode { node in
            let rows = try node.subscribe("FROM 'n'")
            try await node.publish(["n"])
            _ = try await rows.next()
            let batch = Array(
                repeating: NewEvent(["n"], .bytes(Data(count: 10_000))), count: 100)
            let before = residentBytes()
            for _ in 0..<150 { try await node.publishMany(batch) }
            let grown = residentBytes() - before
            XCTAssertLessThan(grown, 96 << 20, "for 150 MB of events that nobody has read")
            for offset in 1...15_000 {
                let row = try await rows.next()
                XCTAssertEqual(row?.offset, Int64(offset))
            }
        }
    }

    /// Of the process; nothing where the system does not say.
    private func residentBytes() -> Int {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS") } ?? ""
        return (Int(line.filter(\.isNumber)) ?? 0) << 10
    }

    func testHandlesThatAreDroppedAreGivenBack() async throws {
        _ = try await Node.open(path)
        var again: Node?
        try await until {
            do {
                again = try await Node.open(self.path)
                return true
            } catch let error as SwarmletError where error.kind == .locked {
                return false
            }
        }
        try await again?.close()
    }

    func testWhatTheNodeSaysReachesTheHandler() async throws {
        let records = Guarded<[LogRecord]>([])
        forwardLogs(from: .trace) { record in records.with { $0.append(record) } }
        try await withNode { try await $0.publish(["n"]) }
        try await until { records.with { !$0.isEmpty } }
        forwardLogs(from: .error) { _ in }
        let heard = records.with { $0 }
        XCTAssertTrue(heard.allSatisfy { $0.logger.hasPrefix("swarmlet") }, "\(heard)")
        XCTAssertTrue(heard.allSatisfy { !$0.message.isEmpty })
        XCTAssertLessThan(LogLevel.trace, .error)
    }

    func testAPayloadThatCannotBeReadSaysSo() throws {
        let bad: [[UInt8]] = [
            [], [0x61], [0x62, 0x61], [0x61, 0xff], [0x1c], [0x81], [0x9f], [0xa1, 0x61, 0x61],
            [0xfb, 0], [0xdb, 9, 9, 9], Array(repeating: 0x81, count: 10_000),
        ]
        for bytes in bad {
            XCTAssertThrowsError(try Payload(cbor: Data(bytes)), "\(bytes.prefix(8))") {
                XCTAssertEqual(($0 as? SwarmletError)?.kind, .corrupt)
            }
        }
        let good: [([UInt8], Payload)] = [
            ([0xf9, 0x3c, 0x00], 1.0), ([0xf9, 0xc0, 0x00], -2.0), ([0xf9, 0x00, 0x01], 0x1p-24),
            ([0xfa, 0x3f, 0x00, 0x00, 0x00], 0.5), ([0xf7], nil), ([0xc1, 0x05], 5),
            ([0x9f, 0x01, 0xff], [1]), ([0xbf, 0x61, 0x61, 0x02, 0xff], ["a": 2]),
            ([0x7f, 0x61, 0x61, 0x61, 0x62, 0xff], "ab"), ([0xa1, 0x07, 0xf5], ["7": true]),
            ([0x5f, 0x41, 0x01, 0xff], .bytes(Data([1]))),
            ([0x3b] + [UInt8](repeating: 255, count: 8), .double(-0x1p64)),
        ]
        for (bytes, value) in good {
            XCTAssertEqual(try Payload(cbor: Data(bytes)), value)
        }
    }

    func testAPanicInsideBecomesAnErrorAndTheNodeGoesOn() throws {
        let named = ["SWARMLET_PANIC_IN": "explain,offsets"]
        let (end, output) = try outcome(of: "Panicking", [path.path], in: folder, named)
        let told = ["explain", "offsets"].map { "internal \($0) report_bug" } + ["and true"]
        let lines = output.split(separator: "\n").map(String.init)
        XCTAssertEqual(lines.filter { $0.hasPrefix("internal") || $0.hasPrefix("and") }, told)
        XCTAssertEqual(end, 0, output)
    }

    func testAProcessThatEndsWithLiveStreamsEndsCleanly() throws {
        for round in 0..<50 {
            let ways: [(String, Int32)] = [("main", 0), ("exit", 3), ("thread", 4), ("swarm", 0)]
            let (way, status) = ways[round % ways.count]
            let place = folder.appendingPathComponent("\(round)").path
            let (end, output) = try outcome(of: "Leaving", [way, place], in: folder)
            XCTAssertEqual(output, "leaving\n", way)
            XCTAssertEqual(end, status, way)
        }
    }
}

/// Runs a program of the package to its end. The watchdog of the test ends one that hangs.
func outcome(
    of program: String, _ arguments: [String], in folder: URL, _ environment: [String: String] = [:]
) throws -> (status: Int32, output: String) {
    let process = Process()
    let products = Bundle(for: LifecycleTests.self).bundleURL.deletingLastPathComponent()
    let here = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
    let places = [products, here].map { $0.appendingPathComponent(program) }
    process.executableURL = places.first { FileManager.default.isExecutableFile(atPath: $0.path) }
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.currentDirectoryURL = folder
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    let isSignal = process.terminationReason == .uncaughtSignal
    let status = isSignal ? -process.terminationStatus : process.terminationStatus
    return (status, String(decoding: output, as: UTF8.self))
}
