import Foundation
import XCTest

@testable import Swarmlet

/// Blobs on one node: stored, read, known of, kept, refused.
final class BlobsTests: NodeTestCase {
    private let film = content(1_000_000)

    func testWhatIsStoredIsReadAgainAndItsRecordIsInTheLog() async throws {
        let node = try await Node.open(path, appId: "com.example.press")
        let stored = try await node.blobs.put(
            film, name: "tool 7.mp4", mediaType: "video/mp4", tags: ["press:7"], hold: .onDemand)
        XCTAssertEqual(stored.id.count, 64)
        XCTAssertEqual(stored.size, 1_000_000)
        XCTAssertEqual(stored.name, "tool 7.mp4")
        XCTAssertEqual(stored.mediaType, "video/mp4")
        XCTAssertEqual(stored.hold, .onDemand)
        XCTAssertEqual(stored.keep, .forever)
        XCTAssertTrue(Set(stored.tags).isSuperset(of: ["blob", "blob:\(stored.id)", "press:7"]))
        XCTAssertEqual(stored.appId, "com.example.press")
        let found = try await node.query("FROM 'blob' & 'press:7'").next()
        let row = try XCTUnwrap(found)
        XCTAssertEqual(row.key, stored.key)
        XCTAssertEqual(row.time, stored.time)
        XCTAssertEqual(try BlobInfo(row), stored)
        try await node.publish(["blob"], "no record")
        let others = ["FROM 'blob' SELECT _.size", "FROM [1]", "FROM 'blob' FILTER _ = 'no record'"]
        for query in others {
            let other = try await node.query(query).next()
            XCTAssertNil(try BlobInfo(try XCTUnwrap(other)), query)
        }
        try await node.close()

        try await withNode { node in
            let bytes = try await node.blobs.get(stored.id).read()
            XCTAssertEqual(bytes, film)
            let records = try await node.blobs.list().all()
            XCTAssertEqual(records, [stored])
            let state = try await node.blobs.state(stored.id.uppercased())
            XCTAssertEqual(state, .here(size: 1_000_000))
            let stat = try await node.blobs.stat(stored.id)
            XCTAssertEqual(stat.state, state)
            XCTAssertEqual(stat.records, [stored])
            XCTAssertFalse(stat.isPinned)
            let absent = try await node.blobs.state(nobody)
            XCTAssertEqual(absent, .absent)
        }
    }

    func testAllSortsOfBytesAreTheSameBlob() async throws {
        let file = folder.appendingPathComponent("a.bin")
        let odd = folder.appendingPathComponent("a: no name for a blob")
        for place in [file, odd] { try film.write(to: place) }
        try await withNode { node in
            let blobs = node.blobs
            let first = try await blobs.put(film)
            let chunks = stride(from: 0, to: film.count, by: 777).map { start in
                film[start..<min(start + 777, film.count)]
            }
            let halves = AsyncThrowingStream<Data, any Error> { [film] halves in
                for half in [film.prefix(1), Data(), film.dropFirst()] { halves.yield(half) }
                halves.finish()
            }
            let same = [
                try await blobs.put(stream(chunks)),
                try await blobs.put(halves),
                try await blobs.put(stream(chunks).map { $0 }, name: "b.bin"),
                try await blobs.put((Data([0]) + film).dropFirst()),
                try await blobs.put(contentsOf: file),
                try await blobs.put(contentsOf: file, name: "c.bin"),
                try await blobs.put(contentsOf: odd),
            ]
            XCTAssertEqual(Set(same.map(\.id)), [first.id])
            XCTAssertEqual(same.map(\.name), [nil, nil, "b.bin", nil, "a.bin", "c.bin", nil])
            XCTAssertEqual(blobFiles(path), [first.id])
            let records = try await blobs.list().all()
            XCTAssertEqual(records, [first] + same)
            let nothing = try await blobs.put(Data())
            let empty = try await blobs.put(stream([]))
            XCTAssertEqual(nothing.id, empty.id)
            let bytes = try await blobs.get(nothing.id).read()
            XCTAssertEqual(bytes, Data())
            let pieces = try await blobs.get(nothing.id).all()
            XCTAssertEqual(pieces, [])
        }
    }

    func testBytesAreReadInPiecesAndInRangesAndAgain() async throws {
        try await withNode { node in
            let id = try await node.blobs.put(film).id
            let reader = try node.blobs.get(id, 10...)
            XCTAssertEqual(reader.id, id)
            for _ in 0..<2 {
                let pieces = try await reader.all()
                XCTAssertTrue(pieces.allSatisfy { (1...65_536).contains($0.count) })
                XCTAssertEqual(joined(pieces), film[10...])
                let first = try await reader.first(1)
                XCTAssertEqual(first.first, pieces.first)
            }
            func reads(_ range: some RangeExpression<Int64>) async throws {
                let bytes = try await node.blobs.get(id, range).read()
                let all = range.relative(to: 0..<Int64.max)
                let part = all.clamped(to: 0..<1_000_000)
                let expected = film[Int(part.lowerBound)..<Int(part.upperBound)]
                XCTAssertEqual(bytes, expected, "\(range)")
            }
            for range: Range<Int64> in [
                0..<1, 5..<5, 65_000..<66_000, 65_536..<131_072, 999_999..<1_000_000,
                0..<2_000_000, 1_000_000..<1_000_001,
            ] { try await reads(range) }
            try await reads(999_000...)
            try await reads(1_000_000...)
            try await reads(..<7)
            try await reads(65_535...65_536)
            let progress = try await reader.progress()
            XCTAssertEqual(progress.size, 1_000_000)
            XCTAssertEqual(progress.here, 1_000_000)
        }
    }

    func testAFileAppearsWhenAllOfItIsThere() async throws {
        let saved = folder.appendingPathComponent("saved")
        try FileManager.default.createDirectory(at: saved, withIntermediateDirectories: true)
        let file = saved.appendingPathComponent("b.bin")
        try Data("what was there before".utf8).write(to: file)
        try await withNode { node in
            let id = try await node.blobs.put(film).id
            try await node.blobs.get(id).save(to: file)
            XCTAssertEqual(try Data(contentsOf: file), film)
            let reader = try node.blobs.get(id, ..<7)
            try await failing(.notFound) {
                try await reader.save(to: saved.appendingPathComponent("no/b"))
            }
            try await failing(.invalidArgument) {
                try await reader.save(to: XCTUnwrap(URL(string: "https://example.com/b")))
            }
            try await reader.save(to: file)
            XCTAssertEqual(try Data(contentsOf: file), film.prefix(7))
            XCTAssertEqual(files(saved), ["b.bin"])
        }
    }

    func testAFileCanStayWhereItIs() async throws {
        let file = folder.appendingPathComponent("film.mp4")
        try film.write(to: file)
        let parts = folder.appendingPathComponent("parts")
        try FileManager.default.createDirectory(at: parts, withIntermediateDirectories: true)
        try film.write(to: parts.appendingPathComponent("a"))
        try await withNode { node in
            let id = try await node.blobs.put(contentsOf: file, reference: true).id
            let bytes = try await node.blobs.get(id).read()
            XCTAssertEqual(bytes, film)
            try await node.blobs.putFolder(parts, reference: true)
            let usage = try await node.blobs.usage()
            XCTAssertLessThan(usage.bytes, 60_000)
            try film.dropLast().write(to: file)
            try film.dropLast().write(to: parts.appendingPathComponent("a"))
            try await failing(.corrupt) { _ = try await node.blobs.get(id).read() }
        }
    }

    func testWhoHoldsItAndHowLongComeBackAsTheyWereGiven() async throws {
        let time = Date(timeIntervalSince1970: 5_000_000_000)
        let said: [(Hold, Keep)] = [
            (.everyone, .forever), (.onDemand, .until(time)), (.copies(1), .untilNext()),
            (.copies(4096), .untilNext(["a", "b"])),
            (.labels(["hall": "2", "line": "a"]), .whileReferenced),
        ]
        try await withNode { node in
            for (hold, keep) in said {
                let stored = try await node.blobs.put(film, name: "film", hold: hold, keep: keep)
                XCTAssertEqual(stored.hold, hold)
                XCTAssertEqual(stored.keep, keep)
                let found = try await node.blobs.stat(stored.id).records.last
                XCTAssertEqual(found, stored)
            }
            let unsaid = try await node.blobs.put(film)
            XCTAssertEqual(unsaid.hold, .everyone)
            XCTAssertEqual(unsaid.keep, .forever)
        }
    }

    func testBlobsArePinnedAndWatchedAndDeleted() async throws {
        try await withNode { node in
            let stored = try await node.blobs.put(film)
            var states = node.blobs.watch(stored.id).makeAsyncIterator()
            var changes = node.blobs.changes().makeAsyncIterator()
            let here = try await states.next()
            XCTAssertEqual(here, .here(size: stored.size))
            XCTAssertEqual(here?.isHere, true)
            try await node.blobs.pin(stored.id)
            let pinned = try await node.blobs.pinned()
            XCTAssertEqual(pinned, [stored.id])
            let others = try await node.blobs.delete(stored.id)
            XCTAssertEqual(others, 0)
            let stat = try await node.blobs.stat(stored.id)
            XCTAssertTrue(stat.isPinned && stat.state.isHere && stat.records.isEmpty)
            try await node.blobs.unpin(stored.id)
            let gone = try await states.next()
            XCTAssertEqual(gone, .absent)
            let first = try await changes.next()
            XCTAssertEqual(first?.info, stored)
            XCTAssertEqual(first?.key, stored.key)
            let second = try await changes.next()
            XCTAssertEqual(second?.id, stored.id)
            XCTAssertNil(try XCTUnwrap(second).info)
            let records = try await node.blobs.list().all()
            XCTAssertEqual(records, [])
            let usage = try await node.blobs.usage()
            XCTAssertEqual([usage.blobs, usage.bytes], [0, 0])
        }
    }

    func testRoomIsLimitedAndWhatIsKeptNoLongerGoes() async throws {
        let node = try await Node.open(
            path, blobsBytesMax: 2_000_000, blobsSweepPeriod: .milliseconds(10))
        let stored = try await node.blobs.put(film)
        // Between its bytes and its record it may have been looked at.
        try await until { try await node.blobs.usage().spareBytes == 0 }
        let usage = try await node.blobs.usage()
        XCTAssertEqual(usage.blobs, 1)
        XCTAssertEqual(usage.bytesMax, 2_000_000)
        XCTAssertTrue((1_000_000...1_100_000).contains(usage.bytes), "\(usage)")
        try await failing(.diskFull) { try await node.blobs.put(content(1_500_000, 1)) }
        XCTAssertEqual(blobFiles(path), [stored.id])
        let past = Keep.until(Date(timeIntervalSince1970: 0))
        let old = try await node.blobs.put(content(9, 2), keep: past)
        for try await state in node.blobs.watch(old.id) where state == .absent { break }
        try await node.close()
        try await failing(.invalidArgument) {
            _ = try await Node.open(path, blobsBytesMax: -1)
        }
        try await failing(.invalidArgument) {
            _ = try await Node.open(path, blobsSweepPeriod: .milliseconds(-1))
        }
    }

    func testWhoGivesUpStoringLeavesNothing() async throws {
        let large = folder.appendingPathComponent("large")
        _ = FileManager.default.createFile(atPath: large.path, contents: nil)
        let handle = try FileHandle(forWritingTo: large)
        try handle.truncate(atOffset: 1 << 33)
        try handle.close()
        try await withNode { node in
            // A stream that just ends when its task is cancelled.
            let (endless, more) = AsyncStream<Data>.makeStream()
            more.yield(film)
            let streaming = Task { try await node.blobs.put(endless) }
            let copying = Task { try await node.blobs.put(contentsOf: large) }
            try await until { blobFiles(path).count == 2 }
            for storing in [streaming, copying] {
                storing.cancel()
                let end = await storing.result
                XCTAssertThrowsError(try end.get()) { XCTAssertTrue($0 is CancellationError) }
            }
            try await until { blobFiles(path).isEmpty }

            struct CameraIsGone: Error {}
            let failing = AsyncThrowingStream<Data, any Error> { [film] chunks in
                chunks.yield(film)
                chunks.finish(throwing: CameraIsGone())
            }
            do {
                try await node.blobs.put(failing)
                XCTFail("it was stored")
            } catch is CameraIsGone {}
            try await until { blobFiles(path).isEmpty }
            let records = try await node.blobs.list().all()
            XCTAssertEqual(records, [])
        }
    }

    func testWhatCannotBeIsRefused() async throws {
        let file = folder.appendingPathComponent("a.bin")
        try film.write(to: file)
        try await withNode { node in
            let blobs = node.blobs
            let id = try await blobs.put(film).id
            let web = try XCTUnwrap(URL(string: "https://example.com/a"))
            let far = Keep.until(Date(timeIntervalSince1970: 1e300))
            let many = (0..<257).map { "\($0)" }
            let refused: [(String, () async throws -> Void)] = [
                ("put", { try await blobs.put(self.film, name: "a/b") }),
                ("put", { try await blobs.put(contentsOf: file, name: "a/b") }),
                ("put", { try await blobs.put(self.film, mediaType: "image") }),
                ("put", { try await blobs.put(self.film, tags: [""]) }),
                ("put", { try await blobs.put(self.film, tags: many) }),
                ("put", { try await blobs.put(contentsOf: self.folder) }),
                ("put", { try await blobs.put(contentsOf: web) }),
                ("put", { try await blobs.put(self.film, hold: .copies(0)) }),
                ("put", { try await blobs.put(self.film, hold: .copies(-1)) }),
                ("put", { try await blobs.put(self.film, hold: .copies(70_000)) }),
                ("put", { try await blobs.put(self.film, hold: .labels([:])) }),
                ("put", { try await blobs.put(self.film, keep: .untilNext()) }),
                ("put", { try await blobs.put(self.film, keep: .untilNext([""])) }),
                ("put", { try await blobs.put(self.film, keep: far) }),
                ("get", { _ = try blobs.get("no id") }),
                ("get", { _ = try blobs.get(id, -1 ..< 2) }),
                ("read", { _ = try await blobs.get(id).read(bytesMax: 999_999) }),
                ("read", { _ = try await blobs.get(id).read(bytesMax: -1) }),
                ("state", { _ = try await blobs.state("no id") }),
                ("watch", { _ = try await blobs.watch("no id").first(1) }),
                ("stat", { _ = try await blobs.stat("no id") }),
                ("delete", { try await blobs.delete("no id") }),
                ("pin", { try await blobs.pin("no id") }),
                ("unpin", { try await blobs.unpin("no id") }),
            ]
            for (operation, call) in refused {
                let error = try await failing(.invalidArgument, call)
                XCTAssertTrue(error.operation.hasSuffix(operation), "\(operation): \(error)")
            }
            XCTAssertEqual(blobFiles(path), [id])
            let missing = folder.appendingPathComponent("missing")
            try await failing(.notFound) { try await blobs.put(contentsOf: missing) }
            try await failing(.notFound) { _ = try await blobs.get(nobody).read() }
            try await failing(.notFound) { _ = try await blobs.get(nobody).first(1) }
        }
    }

    func testBlobsOfAClosedNodeSaySo() async throws {
        let node = try await Node.open(path, durability: .buffered)
        let blobs = node.blobs
        let id = try await blobs.put(film).id
        let reader = try blobs.get(id)
        let file = folder.appendingPathComponent("a.bin")
        try film.write(to: file)
        var watching = blobs.watch(id).makeAsyncIterator()
        _ = try await watching.next()
        try await node.close()
        try await failing(.closed) { _ = try await watching.next() }
        let late: [() async throws -> Void] = [
            { try await blobs.put(self.film) }, { try await blobs.put(contentsOf: file) },
            { _ = try await reader.first(1) }, { _ = try await reader.read() },
            { try await reader.save(to: file) }, { _ = try await reader.progress() },
            { _ = try await blobs.state(id) }, { _ = try await blobs.stat(id) },
            { _ = try await blobs.watch(id).first(1) }, { _ = try await blobs.usage() },
            { _ = try await blobs.list().all() }, { _ = try await blobs.changes().first(1) },
            { try await blobs.delete(id) }, { try await blobs.pin(id) },
            { try await blobs.unpin(id) }, { _ = try await blobs.pinned() },
        ]
        for call in late { try await failing(.closed, call) }
    }

    func testASequenceBeginsWithEachLoopAndEndsWhenTheLoopIsLeft() async throws {
        let endless = BlobSequence(
            "get", open: { Half() }, take: { _ in [1, 2, 3] }, ready: { _ in true })
        for loop in 1...3 {
            let iterator = endless.makeAsyncIterator()
            XCTAssertEqual(Half.counts.with { $0.made }, loop - 1)
            _ = iterator
            var seen: [Int] = []
            for try await one in endless {
                seen.append(one)
                XCTAssertEqual(Half.counts.with { $0.there }, 1)
                if seen.count == 5 { break }
            }
            XCTAssertEqual(seen, [1, 2, 3, 1, 2])
            XCTAssertEqual(Half.counts.with { $0.made }, loop)
            XCTAssertEqual(Half.counts.with { $0.there }, 0)
        }
    }
}

/// Counts what is made and what is there.
private final class Half: Sendable {
    static let counts = Guarded((made: 0, there: 0))

    init() {
        Half.counts.with { $0 = ($0.made + 1, $0.there + 1) }
    }

    deinit {
        Half.counts.with { $0.there -= 1 }
    }
}

/// Chunks that come one after the other.
private func stream(_ chunks: [Data]) -> AsyncStream<Data> {
    AsyncStream { stream in
        for chunk in chunks { stream.yield(chunk) }
        stream.finish()
    }
}
