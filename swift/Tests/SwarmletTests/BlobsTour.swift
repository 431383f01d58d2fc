// What docs/guide/swift.md shows of blobs, as one program that runs.
import Foundation
import Swarmlet

/// Blobs of two devices of a swarm; `folder` is for files.
func blobsTour(_ dashboard: Node, _ press: Node, _ folder: URL) async throws {
    let drawing = folder.appendingPathComponent("drawing.png")
    try Data(count: 100_000).write(to: drawing)
    let stored = try await store(press, drawing)
    try await press.swarm.waitInSync(timeout: .seconds(30))
    try await read(dashboard, stored, folder.appendingPathComponent("copy.png"))
    try await know(dashboard, stored)
    try await folders(dashboard, press, folder)
    let report = try await keep(press)
    try await press.blobs.delete(report.id)
    for try await state in dashboard.blobs.watch(report.id) where state == .absent { break }
    try await room(folder.appendingPathComponent("tablet"))
}

private func store(_ node: Node, _ file: URL) async throws -> BlobInfo {
    let drawing = try await node.blobs.put(
        contentsOf: file, mediaType: "image/png", tags: ["press:7"])
    print("stored \(drawing.name!), \(drawing.size) bytes, as \(drawing.id)")

    let film = try await node.blobs.put(frames(), name: "jam.mp4", hold: .onDemand)
    check(film.hold == .onDemand)
    return drawing
}

private func frames() -> AsyncStream<Data> {
    AsyncStream { frames in
        for _ in 0..<100 { frames.yield(Data(count: 10_000)) }
        frames.finish()
    }
}

private func read(_ node: Node, _ drawing: BlobInfo, _ file: URL) async throws {
    let bytes = try await node.blobs.get(drawing.id).read(timeout: .seconds(30))
    check(bytes.count == Int(drawing.size))

    try await node.blobs.get(drawing.id).save(to: file, timeout: .seconds(30))

    var film = drawing
    for try await blob in node.blobs.list() where blob.name == "jam.mp4" { film = blob }
    let reader = try node.blobs.get(film.id, 500_000...)
    var played = 0
    for try await piece in reader {
        played += piece.count
        let here = try await reader.progress().here
        print("\(played) played, \(here) of \(film.size) here")
    }
    check(played == 500_000)
}

private func know(_ node: Node, _ drawing: BlobInfo) async throws {
    for try await row in try node.query("FROM 'blob' & 'press:7'") {
        guard let blob = try BlobInfo(row) else { continue }
        print(blob.name ?? "", "of", blob.time, "is", try await node.blobs.state(blob.id))
    }

    for try await state in node.blobs.watch(drawing.id) where state.isHere { break }

    for try await change in node.blobs.changes() where change.info?.mediaType == "image/png" {
        check(change.id == drawing.id)
        break
    }
}

private func folders(_ dashboard: Node, _ press: Node, _ folder: URL) async throws {
    let source = folder.appendingPathComponent("app")
    let target = folder.appendingPathComponent("installed")
    try FileManager.default.createDirectory(at: source, withIntermediateDirectories: true)
    try Data("start()".utf8).write(to: source.appendingPathComponent("app.js"))

    let app = try await press.blobs.putFolder(source, name: "app", tags: ["app:press"])
    let files = try await dashboard.blobs.collection(app.id, timeout: .seconds(30))
    let saved = try await dashboard.blobs.saveFolder(app.id, to: target, timeout: .seconds(30))
    print("\(saved.written) of \(files.count) files were written")
    check(saved.written == 1)
}

private func keep(_ node: Node) async throws -> BlobInfo {
    let month = Keep.until(.now + 30 * 86_400)
    let report = try await node.blobs.put(Data("all is well".utf8), hold: .copies(2), keep: month)
    check(report.hold == .copies(2))
    return report
}

private func room(_ folder: URL) async throws {
    let node = try await Node.open(folder, blobsBytesMax: 500_000_000)
    let usage = try await node.blobs.usage()
    print("\(usage.bytes) of \(usage.bytesMax!) bytes, \(usage.spareBytes) to spare")
    try await node.close()
}

private func check(_ isSo: Bool, line: UInt = #line) {
    precondition(isSo, "line \(line)")
}
