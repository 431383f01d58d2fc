import Foundation
internal import SwarmletNative

/// Bytes that ``BlobReader/read(bytesMax:timeout:)`` puts into memory at most, unless it is told
/// otherwise: 64 MiB.
public let readBytesMax = 64 << 20

/// Some bytes of a blob: as a sequence of pieces, at most 64 KiB each, or all at once. Each byte is
/// checked against the id.
///
/// Bytes that are not here are fetched from whoever is connected and has them, those that are
/// waited for before others; while nobody has them, this waits. Each loop and each call begins at
/// the start. When a loop is left, or a task cancelled, what is not here yet is given up; what came
/// is kept, and not fetched again. In a node that is in no swarm what is not here throws
/// ``SwarmletError`` of the kind `notFound`.
public struct BlobReader: AsyncSequence, Sendable {
    public typealias Element = Data

    /// The id of the blob.
    public let id: String
    private let open: @Sendable () throws -> SwarmletNative.BlobReader

    init(_ id: String, _ open: @escaping @Sendable () throws -> SwarmletNative.BlobReader) {
        self.id = id
        self.open = open
    }

    /// Pieces of at most 64 KiB, in order; of these no more than 1 MiB is read ahead.
    public func makeAsyncIterator() -> Pulled<Data>.Iterator {
        let pieces = BlobSequence(
            "get", open: open,
            take: { native in try native.take().map { [$0] } ?? [] },
            ready: { try await $0.ready() })
        return pieces.makeAsyncIterator()
    }

    /// All of the bytes.
    ///
    /// Throws errors of the kind `invalidArgument` if those are more than `bytesMax`, `timeout` if
    /// they are not here within the time.
    public func read(
        bytesMax: Int = readBytesMax, timeout: Duration? = nil
    ) async throws -> Data {
        try await asking("read") { native in
            try await native.read(bytesMax: Int64(bytesMax), timeoutMicros: timeout?.micros)
        }
    }

    /// Writes all of the bytes to a file. It appears under its name when all of it is there and
    /// synced; one that was there is replaced. If it fails, or its task is cancelled, nothing is
    /// left behind soon after, unless the file was just getting its name.
    ///
    /// Throws an error of the kind `timeout` if the bytes are not here within the time.
    public func save(to file: URL, timeout: Duration? = nil) async throws {
        let path = try path(of: file, "save")
        try await asking("save") { native in
            try await native.save(path: path, timeoutMicros: timeout?.micros)
        }
    }

    /// How much of the blob, all of it, is on this device; also while it is being read.
    public func progress() async throws -> BlobProgress {
        try await asking("progress") { native in
            let extent = try await native.progress()
            return BlobProgress(size: extent.size, here: extent.here)
        }
    }

    private func asking<Answer: Sendable>(
        _ operation: String, _ ask: @Sendable (SwarmletNative.BlobReader) async throws -> Answer
    ) async throws -> Answer {
        let native = try calling(operation) { try open() }
        return try await awaiting(operation) { try await ask(native) }
    }
}

/// The path of a file on this device.
func path(of file: URL, _ operation: String) throws -> String {
    guard file.isFileURL else { throw invalid(operation, "\(file) is not a file") }
    return file.path
}
