import Foundation
internal import SwarmletNative

/// The blobs of a node: large bytes, named by their hash.
///
/// Whoever stores a blob publishes a record of it, an event with the tags `blob` and `blob:<id>`;
/// whoever may read the record may have the blob. Each node that is to hold a blob fetches it by
/// itself, from all who have it; others fetch it when it is read.
///
/// This does not keep the node open: once that is closed, everything here throws ``SwarmletError``
/// of the kind `closed`.
public final class Blobs: Sendable {
    private let native: SwarmletNative.Blobs

    init(_ native: SwarmletNative.Blobs) {
        self.native = native
    }

    /// Stores bytes that come chunk by chunk, of whatever length; both they and the record are
    /// durable when this returns.
    ///
    /// If the sequence throws, or the task is cancelled, nothing is left behind, unless all bytes
    /// had been given already. The same bytes are kept once, however often they are stored.
    ///
    /// - Parameters:
    ///   - chunks: the bytes
    ///   - name: what people call it; it must be possible as the name of a file, without a folder
    ///   - mediaType: what kind of bytes it is, such as `image/png`
    ///   - tags: by what the record is found, beside its own tags; as for every event they decide
    ///     which stream it goes to, and with it who may have the blob
    ///   - hold: who is to hold it beside this device: everyone unless given
    ///   - keep: how long it is kept: until it is deleted unless given
    @discardableResult
    public func put<Chunks: AsyncSequence>(
        _ chunks: sending Chunks,
        name: String? = nil,
        mediaType: String? = nil,
        tags: [String] = [],
        hold: Hold? = nil,
        keep: Keep? = nil
    ) async throws -> BlobInfo where Chunks.Element == Data {
        let writer = try await writer(given(name, mediaType, tags, hold, keep))
        for try await chunk in chunks { try await write(chunk, to: writer) }
        return try await finish(writer)
    }

    /// Stores bytes that are in memory; as the other `put`.
    @discardableResult
    public func put(
        _ bytes: Data,
        name: String? = nil,
        mediaType: String? = nil,
        tags: [String] = [],
        hold: Hold? = nil,
        keep: Keep? = nil
    ) async throws -> BlobInfo {
        let writer = try await writer(given(name, mediaType, tags, hold, keep))
        try await write(bytes, to: writer)
        return try await finish(writer)
    }

    /// Stores the bytes of a file, which stays where it is, under its name unless another is given,
    /// or no blob can have it; as the other `put`. By `reference` the bytes stay in the file, which
    /// is only ever read and must stay as it is.
    @discardableResult
    public func put(
        contentsOf file: URL,
        name: String? = nil,
        mediaType: String? = nil,
        tags: [String] = [],
        hold: Hold? = nil,
        keep: Keep? = nil,
        reference: Bool = false
    ) async throws -> BlobInfo {
        let given = try given(name, mediaType, tags, hold, keep, reference)
        let path = try path(of: file, "put")
        return try await asking("put") { native in
            BlobInfo(try await native.putFile(path: path, given: given))
        }
    }

    /// Stores the files of a folder, and of the folders in it, as a collection: a blob that lists
    /// them, whose id stands for all of them. The files are held and kept with it; `list` leaves
    /// them out.
    ///
    /// Throws an error of the kind `invalidArgument` for links, for names that files cannot have
    /// everywhere, and for more than 8 192 files; nothing is published then. The rest is as for
    /// `put`.
    @discardableResult
    public func putFolder(
        _ folder: URL,
        name: String? = nil,
        tags: [String] = [],
        hold: Hold? = nil,
        keep: Keep? = nil,
        reference: Bool = false
    ) async throws -> BlobInfo {
        let given = try given(name, nil, tags, hold, keep, reference)
        let path = try path(of: folder, "put_folder")
        return try await asking("put_folder") { native in
            BlobInfo(try await native.putFolder(path: path, given: given))
        }
    }

    /// The files of a collection, in the order of their paths. It is fetched if it is not here; its
    /// files are not.
    ///
    /// Throws an error of the kind `corrupt` if the blob is no collection, `timeout` if it is not
    /// here within the time.
    public func collection(
        _ id: String, timeout: Duration? = nil
    ) async throws -> [CollectionFile] {
        try await asking("collection") { native in
            let files = try await native.collection(id: id, timeoutMicros: timeout?.micros)
            return files.map { CollectionFile(path: $0.path, id: $0.id, size: $0.size) }
        }
    }

    /// Writes the files of a collection below a folder, those that are missing there or have other
    /// bytes; what is not here is fetched. Each appears when all of it is there. What else is in
    /// the folder stays. If it fails, or its task is cancelled, what was written stays; repeated it
    /// goes on.
    @discardableResult
    public func saveFolder(
        _ id: String, to folder: URL, timeout: Duration? = nil
    ) async throws -> SavedFolder {
        let path = try path(of: folder, "save_folder")
        return try await asking("save_folder") { native in
            let saved = try await native.saveFolder(
                id: id, path: path, timeoutMicros: timeout?.micros)
            return SavedFolder(written: saved.written, unchanged: saved.unchanged)
        }
    }

    /// The bytes of a blob, whether it is here or not.
    ///
    /// Nothing is read or fetched before the reader is asked for it. Throws an error of the kind
    /// `invalidArgument` if `id` is none.
    public func get(_ id: String) throws -> BlobReader {
        try reader(id, 0, nil)
    }

    /// Some bytes of a blob: `..<1000`, `500...`, `500..<1000`; what lies beyond its end is none.
    public func get(_ id: String, _ range: some RangeExpression<Int64>) throws -> BlobReader {
        let range = range.relative(to: 0..<Int64.max)
        return try reader(id, range.lowerBound, range.upperBound)
    }

    /// How much of a blob is on this device. Looks at the disk; does not wait for anybody.
    public func state(_ id: String) async throws -> BlobState {
        try await asking("state") { BlobState(try await $0.state(id: id)) }
    }

    /// The same, now and each time that it has changed; who is slow misses what was in between. It
    /// makes nobody fetch the blob.
    public func watch(_ id: String) -> BlobSequence<BlobState> {
        let native = self.native
        return BlobSequence(
            "watch",
            open: { try native.watch(id: id) },
            take: { states in try states.take().map { [BlobState($0)] } ?? [] },
            ready: { try await $0.ready() })
    }

    /// All that is known of a blob: how much of it is here, and the records that tell of it.
    public func stat(_ id: String) async throws -> BlobStat {
        try await asking("stat") { BlobStat(try await $0.stat(id: id)) }
    }

    /// How much of this device blobs take. Looks at all of them.
    public func usage() async throws -> BlobUsage {
        try await asking("usage") { BlobUsage(try await $0.usage()) }
    }

    /// The records that are here and were not taken back; a blob comes once for each record of it.
    public func list() -> BlobSequence<BlobInfo> {
        let native = self.native
        return BlobSequence(
            "list",
            open: { try native.list() },
            take: { try $0.take().map { BlobInfo($0) } },
            ready: { try await $0.ready() })
    }

    /// The records that are here, then those that come; and which were taken back.
    public func changes() -> BlobSequence<BlobChange> {
        let native = self.native
        return BlobSequence(
            "changes",
            open: { try native.changes() },
            take: { try $0.take().map { BlobChange($0) } },
            ready: { try await $0.ready() })
    }

    /// Takes the records of a blob back: those of this device, and those in streams on which it has
    /// the right `admin`. Says how many records by others there are, which keep the blob.
    ///
    /// Every device that learns of it removes the bytes, unless they are pinned there or somebody
    /// waits for them. Throws an error of the kind `permissionDenied` if there are records, and
    /// none that this device may take back.
    @discardableResult
    public func delete(_ id: String) async throws -> Int64 {
        try await asking("delete") { try await $0.delete(id: id) }
    }

    /// Keeps a blob on this device whatever its records say, and fetches what of it is not here.
    public func pin(_ id: String) async throws {
        try await asking("pin") { try await $0.pin(id: id) }
    }

    /// Takes that back: from here on the records say whether the blob stays.
    public func unpin(_ id: String) async throws {
        try await asking("unpin") { try await $0.unpin(id: id) }
    }

    /// The blobs that are pinned on this device, in the order of their ids.
    public func pinned() async throws -> [String] {
        try await asking("pinned") { try await $0.pinned() }
    }

    private func asking<Answer: Sendable>(
        _ operation: String, _ ask: @Sendable (SwarmletNative.Blobs) async throws -> Answer
    ) async throws -> Answer {
        let native = self.native
        return try await awaiting(operation) { try await ask(native) }
    }

    private func reader(_ id: String, _ start: Int64, _ end: Int64?) throws -> BlobReader {
        let native = self.native
        let open = { @Sendable in try native.reader(id: id, start: start, end: end) }
        // What cannot be read is said here, not when somebody loops.
        _ = try calling("get", open)
        return BlobReader(id, open)
    }

    /// Nobody holds it any more if what follows fails; then it leaves nothing.
    private func writer(_ given: GivenBlob) async throws -> SwarmletNative.BlobWriter {
        try await asking("put") { try await $0.writer(given: given) }
    }

    private func write(_ bytes: Data, to writer: SwarmletNative.BlobWriter) async throws {
        var rest = bytes
        while !rest.isEmpty {
            let piece = rest.prefix(writeBytes)
            if try calling("put", { try writer.write(bytes: piece) }) {
                try await awaiting("put") { try await writer.flush() }
            }
            rest = rest.dropFirst(writeBytes)
        }
    }

    private func finish(_ writer: SwarmletNative.BlobWriter) async throws -> BlobInfo {
        // A sequence may just end where its task was cancelled: these are not all the bytes.
        try Task.checkCancellation()
        return BlobInfo(try await awaiting("put") { try await writer.finish() })
    }
}

/// Bytes that cross at once: as many as the native half writes at once.
private let writeBytes = 256 * 1024

private func given(
    _ name: String?, _ mediaType: String?, _ tags: [String], _ hold: Hold?, _ keep: Keep?,
    _ reference: Bool = false
) throws -> GivenBlob {
    GivenBlob(
        name: name,
        mediaType: mediaType,
        tags: tags,
        hold: hold.map { BlobHold($0) },
        keep: try keep.map { try BlobKeep($0) },
        isReference: reference)
}
