internal import SwarmletNative

/// Rows handed over at once; more gain nothing and make others wait.
public let batchRows = 256

/// Rows: as a sequence, in ``batches(max:)``, or one by one with ``next(timeout:)``; or
/// ``outputs()`` of all sorts.
///
/// It has begun when you get it, and is read once, from front to back: a loop that is left ends
/// nothing, another one goes on behind it, and ``offsets`` says how far you are. A wait whose task
/// is cancelled throws `CancellationError` and has taken nothing.
///
/// Those who look at rows see no warnings, and no rows taken back. A query that ends with an error
/// diagnostic throws ``SwarmletError`` of the kind `invalidQuery`, a monotonic subscription that
/// ends with time travel one of the kind `closed`.
///
/// It ends when it is cancelled, or dropped.
public class RowStream: AsyncSequence, @unchecked Sendable {
    public typealias Element = Row

    private let native: SwarmletNative.Stream
    private let chunk = Guarded(Chunk())

    fileprivate init(_ native: SwarmletNative.Stream) {
        self.native = native
    }

    /// The rows from here on.
    public func makeAsyncIterator() -> Pulled<Row>.Iterator {
        Pulled { try await self.next() }.makeAsyncIterator()
    }

    /// The next row, `nil` at the end.
    ///
    /// Nothing is lost by a timeout, which throws ``SwarmletError`` of the kind `timeout`, nor by a
    /// task that is cancelled.
    public func next(timeout: Duration? = nil) async throws -> Row? {
        while let item = try await nextItem(timeout) {
            if let row = try item.row { return row }
        }
        return nil
    }

    /// The same rows in lists of at most `max`, never empty; what is there, at once.
    public func batches(max: Int = batchRows) -> Pulled<[Row]> {
        precondition(max > 0, "max must be at least 1")
        return Pulled { try await self.nextBatch(max) }
    }

    /// All there is to know, in order: rows, rows taken back, diagnostics, that a subscription has
    /// caught up, time travel. Not to be mixed with reading rows.
    public func outputs() throws -> Pulled<Output> {
        try calling("outputs") { try native.showAll() }
        return Pulled { try await self.nextOutput() }
    }

    /// How far what was handed out reaches: from there another stream goes on.
    public var offsets: Offsets {
        get throws {
            // What was taken ahead was not handed out.
            try chunk.with { chunk in
                try calling("offsets") { try native.offsets(handed: UInt32(chunk.handed)) }
            }
        }
    }

    /// For streams whose start lies before what is still kept: the first offset that is.
    public var skipped: Offsets {
        get throws { try calling("skipped") { try native.skipped() } }
    }

    /// Ends the stream, also for those who wait for it. Fine to call twice.
    public func cancel() {
        // What was taken ahead is not handed out any more.
        chunk.with { $0.isCancelled = true }
        // This fails in a forked process only, where nothing runs that could be ended.
        try? native.cancel()
    }

    private func nextItem(_ timeout: Duration?) async throws -> StreamItem? {
        repeat {
            try await letOthersRun()
            if let item = try hand(1, of: batchRows).first { return item }
        } while try await isReady(timeout)
        return nil
    }

    private func nextBatch(_ max: Int) async throws -> [Row]? {
        while true {
            try await letOthersRun()
            let items = try hand(max, of: max)
            let rows = try items.compactMap { try $0.row }
            if !rows.isEmpty { return rows }
            if items.isEmpty, try await !isReady(nil) { return nil }
        }
    }

    private func nextOutput() async throws -> Output? {
        while let item = try await nextItem(nil) {
            if let output = try Output(item) { return output }
        }
        return nil
    }

    /// Between two chunks: a stream that is always full must not keep others from running.
    private func letOthersRun() async throws {
        try Task.checkCancellation()
        if chunk.with({ $0.isHandedOut }) { await Task.yield() }
    }

    /// Waits until there is something (true) or nothing will come (false).
    private func isReady(_ timeout: Duration?) async throws -> Bool {
        let native = self.native
        switch try calling("next", { try native.look() }) {
        case .ready: return true
        case .ended: return false
        case .waiting: break
        }
        guard let timeout else { return try await awaiting("next") { try await native.ready() } }
        return try await awaiting("next") {
            try await within(timeout) { try await native.ready() }
        }
    }

    /// What is there, without waiting, so that what was taken arrives.
    private func hand(_ count: Int, of max: Int) throws -> [StreamItem] {
        try chunk.with { chunk in
            if chunk.isCancelled { return [] }
            if chunk.isHandedOut {
                let max = UInt32(clamping: max)
                chunk.items = try calling("next") { try native.take(max: max) }
                chunk.handed = 0
            }
            return chunk.hand(count)
        }
    }
}

/// The results of a query.
public final class Results: RowStream, @unchecked Sendable {
    override init(_ native: SwarmletNative.Stream) { super.init(native) }
}

/// All results: of what is there, then of what comes.
///
/// It reads from the log at its own pace, however slow: nothing piles up in memory, nothing is
/// lost. Store ``RowStream/offsets`` with what you made of the rows, and a later subscription goes
/// on exactly there.
public final class Subscription: RowStream, @unchecked Sendable {
    override init(_ native: SwarmletNative.Stream) { super.init(native) }
}

/// What was taken at once; what was not handed out yet begins at `handed`.
private struct Chunk {
    var items: [StreamItem] = []
    var handed = 0
    var isCancelled = false

    var isHandedOut: Bool { handed == items.count || isCancelled }

    mutating func hand(_ count: Int) -> [StreamItem] {
        let rest = items.count - handed
        let many = items[handed..<(handed + min(rest, count))]
        handed += many.count
        return Array(many)
    }
}

/// Waits for an answer, and gives the wait up when the time is over.
private func within<Answer: Sendable>(
    _ timeout: Duration, _ wait: @escaping @Sendable () async throws -> Answer
) async throws -> Answer {
    try await withThrowingTaskGroup(of: Answer?.self) { group in
        defer { group.cancelAll() }
        group.addTask { try await wait() }
        group.addTask {
            try await Task.sleep(for: timeout)
            return nil
        }
        guard let first = try await group.next(), let answer = first else {
            throw SwarmletError(.timeout, "next", "no result within \(timeout)")
        }
        return answer
    }
}

extension StreamItem {
    fileprivate var row: Row? {
        get throws {
            if case .row(let row) = self { try Row(row) } else { nil }
        }
    }
}
