import Foundation
import Swarmlet
import XCTest

/// Blobs between two devices.
final class BlobSwarmTests: NodeTestCase {
    private let film = content(3_000_000)

    private func open(_ name: String) async throws -> Node {
        let place = folder.appendingPathComponent(name)
        return try await Node.open(place, durability: .buffered, network: onLoopback)
    }

    private func withTwo(_ test: (Node, Node) async throws -> Void) async throws {
        let first = try await open("first")
        _ = try await first.swarm.create("plant", device: "first")
        let second = try await open("second")
        let invite = try await first.swarm.invite(labels: ["hall": "2"])
        try await second.swarm.join(invite, as: "second", timeout: .seconds(30))
        try await test(first, second)
        try await second.close()
        try await first.close()
    }

    private func watch(
        _ node: Node, _ id: String, until isSo: (BlobState) -> Bool
    ) async throws {
        for try await state in node.blobs.watch(id) where isSo(state) { break }
    }

    private func newFolder(_ name: String) throws -> URL {
        let made = folder.appendingPathComponent(name)
        try FileManager.default.createDirectory(at: made, withIntermediateDirectories: true)
        return made
    }

    func testWhatEveryoneIsToHoldComesByItselfAndIsToldOf() async throws {
        try await withTwo { first, second in
            var changes = second.blobs.changes().makeAsyncIterator()
            let holds: [Hold] = [.everyone, .copies(1), .labels(["hall": "2"])]
            for (index, hold) in holds.enumerated() {
                let bytes = content(300_000, UInt64(index))
                let stored = try await first.blobs.put(bytes, tags: ["press:7"], hold: hold)
                try await watch(second, stored.id) { $0.isHere }
                let read = try await second.blobs.get(stored.id).read()
                XCTAssertEqual(read, bytes)
                let change = try await changes.next()
                XCTAssertEqual(change?.info, stored)
            }
            let all = try await first.blobs.list().all()
            let same = try await second.blobs.list().all()
            XCTAssertEqual(all, same)
            try await first.blobs.delete(all[0].id)
            try await watch(second, all[0].id) { $0 == .absent }
            let change = try await changes.next()
            XCTAssertEqual(change?.id, all[0].id)
            XCTAssertNil(try XCTUnwrap(change).info)
        }
    }

    func testAFolderIsStoredListedAndWrittenElsewhere() async throws {
        try await withTwo { first, second in
            let app = try newFolder("app")
            let scripts = try newFolder("app/js")
            let page = app.appendingPathComponent("index.html")
            try Data("<script src=js/app.js></script>".utf8).write(to: page)
            try Data("start()".utf8).write(to: scripts.appendingPathComponent("app.js"))
            let stored = try await first.blobs.putFolder(app, name: "app", tags: ["press:7"])
            XCTAssertEqual(stored.mediaType, "application/vnd.swarmlet.collection")
            XCTAssertNil(stored.collection)
            let files = try await second.blobs.collection(stored.id, timeout: .seconds(30))
            XCTAssertEqual(files.map(\.path), ["index.html", "js/app.js"])
            XCTAssertEqual(files.map(\.size), [31, 7])
            let copy = folder.appendingPathComponent("installed")
            let saved = try await second.blobs.saveFolder(stored.id, to: copy)
            XCTAssertEqual([saved.written, saved.unchanged], [2, 0])
            try Data("changed".utf8).write(to: copy.appendingPathComponent("index.html"))
            let again = try await second.blobs.saveFolder(
                stored.id, to: copy, timeout: .seconds(30))
            XCTAssertEqual([again.written, again.unchanged], [1, 1])
            let script = try Data(contentsOf: copy.appendingPathComponent("js/app.js"))
            XCTAssertEqual(script, Data("start()".utf8))
            let records = try await first.blobs.stat(files[1].id).records
            XCTAssertEqual(records.map(\.collection), [stored.id])

            try FileManager.default.createSymbolicLink(
                at: app.appendingPathComponent("link"), withDestinationURL: page)
            try await failing(.invalidArgument) { try await first.blobs.putFolder(app) }
            let single = try await first.blobs.put(content(9)).id
            try await failing(.corrupt) { _ = try await first.blobs.collection(single) }
            try await failing(.timeout) {
                try await first.blobs.saveFolder(nobody, to: copy, timeout: .milliseconds(10))
            }
        }
    }

    func testWhatIsHeldOnDemandComesWhenItIsRead() async throws {
        try await withTwo { first, second in
            let id = try await first.blobs.put(film, hold: .onDemand).id
            let held = try await first.blobs.put(content(9)).id
            try await watch(second, held) { $0.isHere }
            let state = try await second.blobs.state(id)
            XCTAssertEqual(state, .absent)
            let before = try await second.blobs.get(id).progress()
            XCTAssertNil(before.size)
            let end = try await second.blobs.get(id, 2_999_990...).read()
            XCTAssertEqual(end, film.suffix(10))
            let reader = try second.blobs.get(id)
            let some = try await reader.first(1)
            XCTAssertEqual(some.first?.isEmpty, false)
            let progress = try await reader.progress()
            XCTAssertEqual(progress.size, 3_000_000)
            let pieces = try await reader.all()
            XCTAssertEqual(joined(pieces), film)
            try await watch(second, id) { $0.isHere }
            try await failing(.permissionDenied) { try await second.blobs.delete(id) }
            try await second.blobs.put(film)
            let others = try await second.blobs.delete(id)
            XCTAssertEqual(others, 1)
        }
    }

    func testWhoStopsWaitingGivesUpAndLeavesNothingAndCanBeginAgain() async throws {
        let saved = try newFolder("saved")
        let file = saved.appendingPathComponent("film")
        // Its id is known from elsewhere; the swarm does not have it yet.
        let elsewhere = try await open("elsewhere")
        let id = try await elsewhere.blobs.put(film).id
        try await elsewhere.close()
        try await withTwo { first, second in
            let reader = try second.blobs.get(id)
            let waits = [
                Task { for try await _ in reader {} },
                Task { _ = try await reader.read() },
                Task { try await reader.save(to: file) },
            ]
            try await until { !files(saved).isEmpty }
            for wait in waits {
                wait.cancel()
                let end = await wait.result
                XCTAssertThrowsError(try end.get()) { XCTAssertTrue($0 is CancellationError) }
            }
            try await until { files(saved).isEmpty }
            let brief = Duration.milliseconds(10)
            try await failing(.timeout) { _ = try await reader.read(timeout: brief) }
            try await failing(.timeout) { try await reader.save(to: file, timeout: brief) }
            try await until { files(saved).isEmpty }
            async let pieces = reader.all()
            try await first.blobs.put(film, hold: .onDemand)
            let read = try await pieces
            XCTAssertEqual(joined(read), film)
            try await reader.save(to: file)
            XCTAssertEqual(try Data(contentsOf: file), film)
        }
    }

    func testClosingTheNodeEndsWhoWaitsForABlob() async throws {
        let saved = try newFolder("saved")
        try await withTwo { _, second in
            let reader = try second.blobs.get(nobody)
            let file = saved.appendingPathComponent("film")
            let waits = [
                Task { for try await _ in reader {} },
                Task { _ = try await reader.read() },
                Task { try await reader.save(to: file) },
            ]
            try await until { !files(saved).isEmpty }
            try await second.close()
            for wait in waits { try await failing(.closed) { try await wait.value } }
            try await until { files(saved).isEmpty }
        }
    }
}
