/// What comes one after the other, of blobs: it begins anew with each loop, and ends when the loop
/// is left.
///
/// Nothing is read before a loop asks for the first one. A wait whose task is cancelled throws
/// `CancellationError`.
public struct BlobSequence<Element: Sendable>: AsyncSequence, Sendable {
    private let begin: @Sendable () -> Pulled<Element>

    /// - Parameters:
    ///   - operation: what is being done, for errors
    ///   - open: makes the native half, which ends when nobody holds it any more
    ///   - take: what is there, without waiting
    ///   - ready: waits until there is more (true) or nothing will come (false)
    init<Native: Sendable>(
        _ operation: String,
        open: @escaping @Sendable () throws -> Native,
        take: @escaping @Sendable (Native) throws -> [Element],
        ready: @escaping @Sendable (Native) async throws -> Bool
    ) {
        begin = {
            let loop = Loop(operation: operation, open: open, take: take, ready: ready)
            return Pulled { try await loop.next() }
        }
    }

    public func makeAsyncIterator() -> Pulled<Element>.Iterator {
        begin().makeAsyncIterator()
    }
}

/// One loop, and what it has taken and not handed out yet.
private final class Loop<Native: Sendable, Element: Sendable>: Sendable {
    private struct State {
        var native: Native?
        /// The last one first.
        var chunk: [Element] = []
    }

    private let operation: String
    private let open: @Sendable () throws -> Native
    private let take: @Sendable (Native) throws -> [Element]
    private let ready: @Sendable (Native) async throws -> Bool
    private let state = Guarded(State())

    init(
        operation: String,
        open: @escaping @Sendable () throws -> Native,
        take: @escaping @Sendable (Native) throws -> [Element],
        ready: @escaping @Sendable (Native) async throws -> Bool
    ) {
        self.operation = operation
        self.open = open
        self.take = take
        self.ready = ready
    }

    func next() async throws -> Element? {
        while true {
            try Task.checkCancellation()
            if let element = state.with({ $0.chunk.popLast() }) { return element }
            // Between two chunks: what is always full must not keep others from running.
            await Task.yield()
            let native = try refill()
            if state.with({ $0.chunk.isEmpty }) {
                let isMore = try await awaiting(operation) { try await ready(native) }
                if !isMore { return nil }
            }
        }
    }

    /// Does not wait, so what it takes is handed out.
    private func refill() throws -> Native {
        try state.with { state in
            let native = try state.native ?? calling(operation) { try open() }
            state.native = native
            if state.chunk.isEmpty {
                state.chunk = try calling(operation) { try take(native) }.reversed()
            }
            return native
        }
    }
}
