import Foundation
import Swarmlet
import XCTest

final class SubscribeTests: NodeTestCase {
    private func publish(_ count: Int64, to node: Node) async throws {
        try await node.publishMany((0..<count).map { NewEvent(["n"], .integer($0)) })
    }

    func testWhatIsPresentComesAndThenWhatHappens() async throws {
        try await withNode { node in
            try await publish(10, to: node)
            let rows = try node.subscribe("FROM 'n'")
            async let seen = rows.first(20)
            for n in 10..<20 { try await node.publish(["n"], .integer(Int64(n))) }
            let numbers = try await seen.map(\.payload.integer)
            XCTAssertEqual(numbers, Array(0..<20))
        }
    }

    func testBatchesAreNeverEmptyAndBounded() async throws {
        try await withNode { node in
            try await publish(1000, to: node)
            var seen: [Int64?] = []
            for try await rows in try node.query("FROM 'n'").batches(max: 100) {
                XCTAssertTrue((1...100).contains(rows.count), "\(rows.count)")
                seen += rows.map(\.payload.integer)
            }
            XCTAssertEqual(seen, Array(0..<1000))
        }
    }

    func testOffsetsAreExactForEachRowAndWhereTheNextOneGoesOn() async throws {
        try await withNode { node in
            let events = (0..<600).map { NewEvent([$0 % 3 == 0 ? "n" : "other"], .integer($0)) }
            try await node.publishMany(events)
            let stream = "\(node.id)-0"
            let rows = try node.subscribe("FROM 'n'")
            for n in 0..<100 {
                let row = try await rows.next()
                XCTAssertEqual(row?.payload.integer, Int64(n * 3))
                XCTAssertEqual(try rows.offsets[stream], Int64(n * 3))
            }
            let stopped = try rows.offsets
            rows.cancel()
            XCTAssertEqual(try rows.offsets, stopped)
            let next = try await node.subscribe("FROM 'n'", from: stopped).next()
            XCTAssertEqual(next?.payload, 300)
        }
    }

    func testALoopThatIsLeftIsGoneOnWith() async throws {
        try await withNode { node in
            try await publish(500, to: node)
            let rows = try node.subscribe("FROM 'n'")
            var seen: [Int64?] = []
            while seen.count < 500 {
                for try await row in rows {
                    seen.append(row.payload.integer)
                    if seen.count % 7 == 0 || seen.count == 500 { break }
                }
            }
            XCTAssertEqual(seen, Array(0..<500))
            let offset = try rows.offsets["\(node.id)-0"]
            XCTAssertEqual(offset, 499)
        }
    }

    func testWaitsThatTakeTooLongLoseNothing() async throws {
        try await withNode { node in
            let rows = try node.subscribe("FROM 'n'")
            for n in 0..<200 {
                // All was read, so this one takes too long; those that follow meet the event.
                try await failing(.timeout) {
                    _ = try await rows.next(timeout: .microseconds(50))
                }
                async let published = node.publish(["n"], .integer(Int64(n)))
                var row: Row?
                while row == nil {
                    do {
                        row = try await rows.next(timeout: .microseconds(50))
                    } catch let error as SwarmletError where error.kind == .timeout {}
                }
                XCTAssertEqual(row?.payload.integer, Int64(n))
                _ = try await published
            }
        }
    }

    func testTasksThatAreCancelledWhileTheyWaitLoseNothing() async throws {
        try await withNode { node in
            let rows = try node.subscribe("FROM 'n'")
            var seen: [Int64?] = []
            var given = 0
            for n in 0..<300 {
                let waiting = Task { try await rows.next() }
                await Task.yield()
                async let published = node.publish(["n"], .integer(Int64(n)))
                if n % 2 == 0 { await Task.yield() }
                waiting.cancel()
                do {
                    if let row = try await waiting.value { seen.append(row.payload.integer) }
                } catch is CancellationError {
                    given += 1
                }
                _ = try await published
            }
            while seen.count < 300 {
                let row = try await rows.next()
                seen.append(row?.payload.integer)
            }
            XCTAssertEqual(seen, Array(0..<300))
            XCTAssertGreaterThan(given, 0)
        }
    }

    func testACancelledTaskStopsWaitingAtOnce() async throws {
        try await withNode { node in
            let rows = try node.subscribe("FROM 'n'")
            let waits: [@Sendable () async throws -> Void] = [
                { _ = try await rows.next() },
                { for try await _ in rows.batches() {} },
                { _ = try await node.waitFor("FROM 'none'") },
                { for try await _ in try node.swarm.changes() {} },
                { try await node.swarm.waitJoined() },
            ]
            for wait in waits {
                for yields in 0..<100 {
                    let result = await resultOfCancelling(wait, after: yields)
                    XCTAssertThrowsError(try result.get()) {
                        XCTAssertTrue($0 is CancellationError, "\($0)")
                    }
                }
            }
            // One that is cancelled beforehand does not begin.
            try await node.publish(["n"])
            let late = Task {
                while !Task.isCancelled { await Task.yield() }
                return try await rows.next()
            }
            late.cancel()
            let end = await late.result
            XCTAssertThrowsError(try end.get())
            let row = try await rows.next()
            XCTAssertEqual(row?.offset, 0)
            try await until { try node.metrics().subscriptionsOpen == 1 }
        }
    }

    /// How a wait ends that is cancelled when it has begun and others had their turn so often: that
    /// meets it on its way into the library, inside, and where it waits.
    private func resultOfCancelling(
        _ wait: @escaping @Sendable () async throws -> Void, after yields: Int
    ) async -> Result<Void, any Error> {
        let (begun, beginning) = AsyncStream.makeStream(of: Void.self)
        let waiting = Task {
            beginning.finish()
            try await wait()
        }
        for await _ in begun {}
        for _ in 0..<yields { await Task.yield() }
        waiting.cancel()
        return await waiting.result
    }

    func testASubscriptionThatIsCancelledEndsForThoseWhoWait() async throws {
        try await withNode { node in
            let rows = try node.subscribe("FROM 'n'")
            let waiting = Task { try await rows.next() }
            await Task.yield()
            rows.cancel()
            rows.cancel()
            let row = try await waiting.value
            XCTAssertNil(row)
            let next = try await rows.next()
            XCTAssertNil(next)
        }
    }

    func testALoopMayCancelItsOwnSubscription() async throws {
        try await withNode { node in
            try await publish(500, to: node)
            let rows = try node.subscribe("FROM 'n'")
            var seen: [Int64?] = []
            for try await row in rows {
                seen.append(row.payload.integer)
                if seen.count == 3 { rows.cancel() }
            }
            XCTAssertEqual(seen, [0, 1, 2])
            XCTAssertEqual(try rows.offsets["\(node.id)-0"], 2)
        }
    }

    func testADroppedSubscriptionEnds() async throws {
        try await withNode { node in
            try await publish(10, to: node)
            for try await _ in try node.subscribe("FROM 'n'") { break }
            for try await _ in try node.subscribe("FROM 'n'").batches() { break }
            try await until { try node.metrics().subscriptionsOpen == 0 }
        }
    }

    func testObservingFollowsTheLatestAndTheEarliest() async throws {
        try await withNode { node in
            for n in 0..<5 { try await node.publish(["n"], .integer(Int64(n))) }
            let latest = try node.observeLatest("FROM 'n'")
            var row = try await latest.next()
            XCTAssertEqual(row?.payload, 4)
            try await node.publish(["n"], 5)
            row = try await latest.next()
            XCTAssertEqual(row?.payload, 5)
            let earliest = try node.observeEarliest("FROM 'n'")
            row = try await earliest.next()
            XCTAssertEqual(row?.payload, 0)
            let error = try await failing(.timeout) {
                _ = try await earliest.next(timeout: .milliseconds(20))
            }
            XCTAssertEqual(error.operation, "next")
            row = try await node.subscribeMonotonic("FROM 'n'").next()
            XCTAssertEqual(row?.payload, 0)
        }
    }

    func testOutputsTellWhenASubscriptionHasCaughtUp() async throws {
        try await withNode { node in
            try await node.publish(["n"], 1)
            let rows = try node.subscribe("FROM 'n' SELECT _.missing, 7")
            let outputs = try await rows.outputs().first(3)
            guard case .diagnostic(.warning, let text) = outputs[0],
                case .result(let row) = outputs[1], case .caughtUp(let offsets) = outputs[2]
            else { return XCTFail("\(outputs)") }
            XCTAssertFalse(text.isEmpty)
            XCTAssertEqual(row.payload, 7)
            XCTAssertEqual(offsets["\(node.id)-0"], 0)
        }
    }

    func testAnErrorDiagnosticEndsTheRows() async throws {
        try await withNode { node in
            // More groups than a query may have.
            for batch in 0..<5 {
                let numbers = batch * 16_000..<(batch + 1) * 16_000
                try await node.publishMany(
                    numbers.map { NewEvent(["n"], .integer(Int64($0))) })
            }
            let aql = "FROM 'n' GROUP BY _ SELECT group"
            try await failing(.invalidQuery) { _ = try await node.query(aql).all() }
            let outputs = try await node.query(aql).outputs().all()
            guard case .diagnostic(.error, _) = outputs.last else {
                return XCTFail("\(String(describing: outputs.last))")
            }
        }
    }

    func testWaitingForARow() async throws {
        try await withNode { node in
            async let waiting = node.waitFor("FROM 'n'") { $0.payload == 3 }
            for n in 0..<5 { try await node.publish(["n"], .integer(Int64(n))) }
            let row = try await waiting
            XCTAssertEqual(row.offset, 3)
            try await until { try node.metrics().subscriptionsOpen == 0 }
        }
    }
}
