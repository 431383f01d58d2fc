import Foundation

/// What came, whether the end did, and how often a wait was given up.
struct Found<Item: Sendable>: Sendable {
    var all: [Item] = []
    var isEnded = false
    var givenUp: Int64 = 0
}

/// Up to so many, until the time is over; each single wait is given up after the patience.
func several<Item: Sendable>(
    _ count: Int, _ arguments: Arguments, _ pull: @escaping @Sendable () async throws -> Item?
) async throws -> Found<Item> {
    let clock = ContinuousClock()
    let deadline = clock.now + (try arguments.milliseconds("timeout_ms"))
    let isImpatient = arguments.has("patience_ms")
    let patience = isImpatient ? try arguments.milliseconds("patience_ms") : .seconds(86_400)
    var found = Found<Item>()
    while found.all.count < count {
        let left = max(deadline - clock.now, .zero)
        // An end is an answer as well, a wait that took too long is none.
        let answer = try await within(min(left, patience)) { [try await pull()] }
        guard let answer else {
            found.givenUp += 1
            // Only an impatient wait is begun anew: one that ends early is not covered up.
            if !isImpatient || clock.now >= deadline { break }
            continue
        }
        guard let item = answer[0] else {
            found.isEnded = true
            break
        }
        found.all.append(item)
    }
    return found
}

/// Waits for an answer as an app does that gives up: it cancels the task. Nothing if it took too
/// long.
func within<Answer: Sendable>(
    _ time: Duration, _ wait: @escaping @Sendable () async throws -> Answer
) async throws -> Answer? {
    let waiting = Task { try await wait() }
    let clock = Task {
        try await Task.sleep(for: time)
        waiting.cancel()
    }
    defer { clock.cancel() }
    do {
        return try await waiting.value
    } catch is CancellationError {
        return nil
    }
}
