internal import SwarmletNative

/// What a node has counted and measured since it was opened.
public struct Metrics: Sendable, Hashable {
    /// What the log counts.
    public let log: LogStats
    /// From the call of `publish` to its acknowledgement.
    public let publish: Histogram
    /// One commit group: stamping, signing, writing and syncing.
    public let append: Histogram
    /// One sync of the disk by the log.
    public let sync: Histogram
    /// One read of the log, for a query or a subscription.
    public let query: Histogram
    /// Reads of the log that failed.
    public let queryFailures: Int64
    /// Publish calls that failed after they were queued.
    public let publishFailures: Int64
    /// Bytes of events waiting to be written.
    public let queueBytes: Int64
    /// Queries whose results are held now.
    public let resultsOpen: Int64
    /// Subscriptions held now.
    public let subscriptionsOpen: Int64
    /// Pieces of background work done: sealing, merging, dropping.
    public let maintenanceSteps: Int64
    /// Pieces of background work that failed; they are tried again.
    public let maintenanceFailures: Int64
    /// What background work failed with, if the last attempt did: the node is not healthy.
    public let maintenanceError: String?
}

/// What the log counts.
public struct LogStats: Sendable, Hashable {
    /// Events committed by this node.
    public let eventsCommitted: Int64
    /// Bytes of commit groups appended to the log.
    public let bytesCommitted: Int64
    /// Commit groups, each with one sync.
    public let groupsCommitted: Int64
    /// Events in the store, dropped ones not counted.
    public let eventsStored: Int64
    /// Bytes of log files, including preallocated space.
    public let logBytes: Int64
    /// Log files that are not sealed yet.
    public let logFiles: Int64
    /// Bytes of sealed segments.
    public let segmentBytes: Int64
    /// Sealed segments.
    public let segments: Int64
    /// Log files sealed.
    public let seals: Int64
    /// Merges of segments.
    public let merges: Int64
    /// Segments rewritten without what retention gave up.
    public let drops: Int64
    /// Bytes of torn writes set aside at opening.
    public let bytesSetAside: Int64
    /// Blocks found in the cache.
    public let cacheHits: Int64
    /// Blocks read from disk.
    public let cacheMisses: Int64
    /// Bytes in the cache.
    public let cacheBytes: Int64
}

/// Durations, counted by their size.
public struct Histogram: Sendable, Hashable {
    public let count: Int64
    public let sum: Duration
    /// The buckets, the smallest durations first.
    public let buckets: [Bucket]

    /// How many durations fell into one range.
    public struct Bucket: Sendable, Hashable {
        /// The upper bound; the last bucket has none.
        public let bound: Duration?
        public let count: Int64
    }

    /// The upper bound of the bucket with the given part (0 to 1) of all durations below; `nil` for
    /// the last one, which has none, and where nothing was measured.
    public func quantile(_ part: Double) -> Duration? {
        var left = part * Double(count)
        for bucket in buckets {
            left -= Double(bucket.count)
            if left <= 0 && count > 0 { return bucket.bound }
        }
        return nil
    }
}

extension Metrics {
    init(_ native: NodeMetrics) {
        log = LogStats(native.log)
        publish = Histogram(native.publish)
        append = Histogram(native.append)
        sync = Histogram(native.sync)
        query = Histogram(native.query)
        queryFailures = native.queryFailures
        publishFailures = native.publishFailures
        queueBytes = native.queueBytes
        resultsOpen = native.resultsOpen
        subscriptionsOpen = native.subscriptionsOpen
        maintenanceSteps = native.maintenanceSteps
        maintenanceFailures = native.maintenanceFailures
        maintenanceError = native.maintenanceError
    }
}

extension LogStats {
    fileprivate init(_ native: LogCounts) {
        eventsCommitted = native.eventsCommitted
        bytesCommitted = native.bytesCommitted
        groupsCommitted = native.groupsCommitted
        eventsStored = native.eventsStored
        logBytes = native.logBytes
        logFiles = native.logFiles
        segmentBytes = native.segmentBytes
        segments = native.segments
        seals = native.seals
        merges = native.merges
        drops = native.drops
        bytesSetAside = native.bytesSetAside
        cacheHits = native.cacheHits
        cacheMisses = native.cacheMisses
        cacheBytes = native.cacheBytes
    }
}

extension Histogram {
    fileprivate init(_ native: Durations) {
        let bounds = native.boundsMicros.map { Duration.microseconds($0) as Duration? } + [nil]
        count = native.count
        sum = .microseconds(native.sumMicros)
        buckets = zip(bounds, native.counts).map { Bucket(bound: $0, count: $1) }
    }
}
