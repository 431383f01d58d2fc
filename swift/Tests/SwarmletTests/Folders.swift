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
