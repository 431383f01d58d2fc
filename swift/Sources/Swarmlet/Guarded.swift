import Foundation

/// A value behind a lock, for what tasks and threads share.
final class Guarded<Value>: @unchecked Sendable {
    private var value: Value
    private let lock = NSLock()

    init(_ value: sending Value) {
        self.value = value
    }

    func with<Answer>(_ use: (inout Value) throws -> Answer) rethrows -> Answer {
        try lock.withLock { try use(&value) }
    }
}
