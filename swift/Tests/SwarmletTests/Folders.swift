import Foundation
import Swarmlet
import XCTest

/// A test with a folder of its own, and a limit of time: nothing takes longer unless it hangs.
class NodeTestCase: XCTestCase {
    private(set) var folder = URL(fileURLWithPath: "/")
    private var watchdog: DispatchWorkItem?

    var path: URL { folder.appendingPathComponent("node") }

    override func setUp() async throws {
        let name = "swarmlet-\(UUID().uuidString)"
        folder = FileManager.default.temporaryDirectory.appendingPathComponent(name)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let test = self.name
        let watchdog = DispatchWorkItem { fatalError("\(test) hangs") }
        DispatchQueue.global().asyncAfter(deadline: .now() + limit, execute: watchdog)
        self.watchdog = watchdog
    }

    override func tearDown() async throws {
        watchdog?.cancel()
        try? FileManager.default.removeItem(at: folder)
    }

    /// Opens a node for a test, and closes it. Nothing is synced unless the test is about that.
    func withNode(_ test: (Node) async throws -> Void) async throws {
        let node = try await Node.open(path, durability: .buffered)
        do {
            try await test(node)
        } catch {
            try await node.close()
            throw error
        }
        try await node.close()
    }
}

let limit: TimeInterval = 90

/// The top of the repository.
let repository = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

/// Waits until it is so; what is ended ends in the background.
func until(_ isSo: () async throws -> Bool) async throws {
    while try await !isSo() { try await Task.sleep(for: .milliseconds(1)) }
}

/// The error of a kind that the call ends with.
@discardableResult
func failing(
    _ kind: SwarmletError.Kind,
    file: StaticString = #filePath,
    line: UInt = #line,
    _ call: () async throws -> Void
) async throws -> SwarmletError {
    do {
        try await call()
    } catch let error as SwarmletError {
        XCTAssertEqual(error.kind, kind, "\(error)", file: file, line: line)
        XCTAssertFalse(error.message.isEmpty, file: file, line: line)
        XCTAssertFalse(error.message.contains("\n"), error.message, file: file, line: line)
        XCTAssertFalse(error.message.hasSuffix("."), error.message, file: file, line: line)
        return error
    }
    XCTFail("it did not fail", file: file, line: line)
    throw CancellationError()
}

extension AsyncSequence {
    /// Everything up to the end.
    func all() async throws -> [Element] {
        var all: [Element] = []
        for try await element in self { all.append(element) }
        return all
    }

    /// The first so many.
    func first(_ count: Int) async throws -> [Element] {
        var some: [Element] = []
        for try await element in self {
            some.append(element)
            if some.count == count { break }
        }
        return some
    }
}

/// The id of a blob that nobody has.
let nobody = String(repeating: "0", count: 64)

/// Bytes for a blob; others for another seed. SplitMix64.
func content(_ count: Int, _ seed: UInt64 = 0) -> Data {
    var state = seed
    let words = (0..<(count + 7) / 8).map { _ in
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
        return word ^ (word >> 31)
    }
    return words.withUnsafeBytes { Data($0.prefix(count)) }
}

/// All of the pieces, one after the other.
func joined(_ pieces: [Data]) -> Data {
    pieces.reduce(into: Data()) { $0.append($1) }
}

/// The names of what is in a folder.
func files(_ folder: URL) -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
}

/// The blobs that a node has in its folder, whole or not.
func blobFiles(_ folder: URL) -> [String] {
    let names = files(folder.appendingPathComponent("blobs"))
    return names.filter { !$0.hasSuffix(".hash") }.map { name in
        name.hasSuffix(".blob") ? String(name.dropLast(5)) : name
    }
}
