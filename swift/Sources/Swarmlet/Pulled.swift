/// What comes one after the other, pulled by whoever waits for it.
///
/// It is read once: a second loop goes on behind the first one.
public struct Pulled<Element: Sendable>: AsyncSequence, Sendable {
    private let next: @Sendable () async throws -> Element?

    init(_ next: @escaping @Sendable () async throws -> Element?) {
        self.next = next
    }

    public func makeAsyncIterator() -> Iterator {
        Iterator(pull: next)
    }

    /// One reader.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let pull: @Sendable () async throws -> Element?

        /// The next one, `nil` at the end.
        public mutating func next() async throws -> Element? {
            try await pull()
        }
    }
}
