import Foundation
internal import SwarmletNative

/// Who is to hold a blob beside the device that stored it.
public enum Hold: Sendable, Hashable {
    /// Every device that gets the record fetches the blob by itself, and keeps it.
    case everyone
    /// Whoever reads it.
    case onDemand
    /// So many devices, 1 to 4096; which ones follows from the id and the devices there are.
    case copies(Int)
    /// The devices whose certificates have all of these labels.
    case labels([String: String])
}

/// How long a blob is kept by those who hold it.
public enum Keep: Sendable, Hashable {
    /// Until it is deleted.
    case forever
    /// Until this time, by the clock of each device.
    case until(Date)
    /// Until a later record has all of these tags; without tags, until the next blob of the same
    /// name. Both records must be in streams of the same name.
    case untilNext([String] = [])
    /// As long as an event has the tag `blob:<id>`, beside the record.
    case whileReferenced
}

/// A blob as its record tells of it.
public struct BlobInfo: Sendable, Hashable {
    /// Its id: the BLAKE3 hash of its bytes, 64 digits.
    public let id: String
    /// Its length in bytes.
    public let size: Int64
    /// What people call it: never a path.
    public let name: String?
    /// What kind of bytes it is.
    public let mediaType: String?
    /// Who is to hold it.
    public let hold: Hold
    /// How long.
    public let keep: Keep
    /// The labels of the record, with those that every record has, in text order.
    public let tags: [String]
    /// The place of the record in the total order.
    public let key: EventKey
    /// When it was stored, in microseconds since 1970-01-01 UTC.
    public let timestamp: Int64
    /// The app that stored it.
    public let appId: String
    /// The collection that it is a file of, if it is one.
    public let collection: String?

    /// When it was stored, by the clock of the device that did.
    public var time: Date { Date(micros: timestamp) }

    /// What a row says of a blob, if it is the record of one as a query found it.
    public init?(_ row: Row) throws {
        guard let given = try row.given("blob_info") else { return nil }
        guard let blob = try calling("blob_info", { try blobOfRow(row: given) }) else { return nil }
        self.init(blob)
    }
}

/// How much of a blob is on this device.
public enum BlobState: Sendable, Hashable {
    /// All of it, of so many bytes.
    case here(size: Int64)
    /// A part of it, which is being fetched: of so many bytes, about so many are still to come.
    case part(size: Int64, missing: Int64)
    /// Nothing.
    case absent

    /// Whether all of it is here.
    public var isHere: Bool {
        if case .here = self { true } else { false }
    }
}

/// How much of a blob that is being read is on this device.
public struct BlobProgress: Sendable, Hashable {
    /// Its length in bytes, once that is known.
    public let size: Int64?
    /// About how many bytes of it are here.
    public let here: Int64
}

/// All that is known of a blob on this device.
public struct BlobStat: Sendable, Hashable {
    /// How much of it is here.
    public let state: BlobState
    /// Whether it is kept here whatever records say.
    public let isPinned: Bool
    /// The records that tell of it, in the order of their keys, without those taken back.
    public let records: [BlobInfo]
}

/// What blobs take of this device.
public struct BlobUsage: Sendable, Hashable {
    /// How many there are, whole or in part.
    public let blobs: Int64
    /// How many bytes they take, with the hashes that prove them.
    public let bytes: Int64
    /// How many of these this device need not keep, as of the last look.
    public let spareBytes: Int64
    /// How many bytes there may be, if that was said.
    public let bytesMax: Int64?
}

/// A file of a collection.
public struct CollectionFile: Sendable, Hashable {
    /// Where it is below the folder, with `/` between names.
    public let path: String
    /// The id of its bytes.
    public let id: String
    /// How many they are.
    public let size: Int64
}

/// What became of a folder.
public struct SavedFolder: Sendable, Hashable {
    /// How many files were written.
    public let written: Int64
    /// How many were there already, with the same bytes.
    public let unchanged: Int64
}

/// Something was said of a blob.
public struct BlobChange: Sendable, Hashable {
    /// Of which blob.
    public let id: String
    /// What the record says; `nil` if earlier records were taken back: those of the device that
    /// wrote this, and those in streams on which it has the right `admin`.
    public let info: BlobInfo?
    /// Where in the log it was said, and by whom.
    public let key: EventKey
}

extension BlobHold {
    init(_ hold: Hold) {
        switch hold {
        case .everyone: self = .everyone
        case .onDemand: self = .onDemand
        case .copies(let count): self = .copies(count: Int64(count))
        case .labels(let labels): self = .labels(labels: labels)
        }
    }
}

extension BlobKeep {
    init(_ keep: Keep) throws {
        switch keep {
        case .forever: self = .forever
        case .until(let time): self = .until(micros: try microsOrRefuse("put", time))
        case .untilNext(let tags): self = .untilNext(tags: tags)
        case .whileReferenced: self = .whileReferenced
        }
    }
}

extension BlobInfo {
    init(_ native: StoredBlob) {
        id = native.id
        size = native.size
        name = native.name
        mediaType = native.mediaType
        hold = Hold(native.hold)
        keep = Keep(native.keep)
        tags = native.tags
        key = EventKey(native.key)
        timestamp = native.timestamp
        appId = native.appId
        collection = native.collection
    }
}

extension BlobState {
    init(_ native: BlobPresence) {
        switch native {
        case .here(let size): self = .here(size: size)
        case .part(let size, let missing): self = .part(size: size, missing: missing)
        case .absent: self = .absent
        }
    }
}

extension BlobStat {
    init(_ native: BlobReport) {
        state = BlobState(native.state)
        isPinned = native.isPinned
        records = native.records.map { BlobInfo($0) }
    }
}

extension BlobUsage {
    init(_ native: BlobRoom) {
        blobs = native.blobs
        bytes = native.bytes
        spareBytes = native.spareBytes
        bytesMax = native.bytesMax
    }
}

extension BlobChange {
    init(_ native: BlobSaid) {
        id = native.id
        info = native.info.map { BlobInfo($0) }
        key = EventKey(native.key)
    }
}

extension Hold {
    fileprivate init(_ native: BlobHold) {
        switch native {
        case .everyone: self = .everyone
        case .onDemand: self = .onDemand
        case .copies(let count): self = .copies(Int(count))
        case .labels(let labels): self = .labels(labels)
        }
    }
}

extension Keep {
    fileprivate init(_ native: BlobKeep) {
        switch native {
        case .forever: self = .forever
        case .until(let micros): self = .until(Date(micros: micros))
        case .untilNext(let tags): self = .untilNext(tags)
        case .whileReferenced: self = .whileReferenced
        }
    }
}
