import Foundation
import Swarmlet
import XCTest

/// What the documents show is what runs.
final class GuideTests: NodeTestCase {
    func testTheTourRuns() async throws {
        try await tour(folder.appendingPathComponent("press-7"))
        let one = folder.appendingPathComponent("one")
        let two = folder.appendingPathComponent("two")
        let dashboard = try await Node.open(one, network: onLoopback)
        let press = try await Node.open(two, network: onLoopback)
        try await swarmTour(dashboard, press)
        try await blobsTour(dashboard, press, folder)
        try await press.close()
        try await dashboard.close()
    }

    func testTheProgramOfTheReadmeRuns() throws {
        let (status, output) = try outcome(of: "Press", [], in: folder)
        XCTAssertEqual(status, 0, output)
        XCTAssertTrue(output.contains("\"jam\"\n"), output)
        XCTAssertTrue(output.contains("[\"press:7\", \"stopped\"] resume from ["), output)
    }

    func testDocumentsQuoteWhatIsCompiled() throws {
        let sources = try [
            "swift/Tests/Press/main.swift", "swift/Tests/SwarmletTests/Tour.swift",
            "swift/Tests/SwarmletTests/BlobsTour.swift",
        ].map { flat(try text($0)) }
        for document in ["README.md", "docs/guide/swift.md"] {
            let blocks = try text(document).components(separatedBy: "```swift\n").dropFirst()
                .map { $0.components(separatedBy: "```")[0] }
            XCTAssertFalse(blocks.isEmpty, document)
            for block in blocks {
                let isThere = sources.contains { $0.contains(flat(block)) }
                XCTAssertTrue(isThere, "\(document) shows what is nowhere:\n\(block)")
            }
        }
    }

    private func text(_ path: String) throws -> String {
        try String(contentsOf: repository.appendingPathComponent(path), encoding: .utf8)
    }

    /// Without what depends on how far a piece is indented.
    private func flat(_ text: String) -> String {
        let lines = text.components(separatedBy: "\n")
        let trimmed = lines.map { $0.trimmingCharacters(in: .whitespaces) }
        return trimmed.joined(separator: "\n").trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
