internal import SwarmletNative

/// What comes out of a query or subscription, in order.
public enum Output: Sendable, Hashable {
    /// A result.
    case result(Row)
    /// A row that came out before and is no longer true; another one may follow in its place.
    case antiRow(Row)
    /// Something has no value, and why: the text is part of the query language. After a warning the
    /// query goes on; an error is its last output.
    case diagnostic(Severity, String)
    /// All that was present when a subscription began has come out, as far as these offsets; what
    /// follows is live.
    case caughtUp(Offsets)
    /// The next event sorts before one that has already come out: the end of a monotonic
    /// subscription. Begin again before this key.
    case timeTravel(EventKey)
}

/// How bad a diagnostic is.
public enum Severity: Sendable {
    case warning
    case error
}

extension Output {
    /// Nothing for what this release does not know.
    init?(_ item: StreamItem) throws {
        switch item {
        case .row(let row): self = .result(try Row(row))
        case .antiRow(let row): self = .antiRow(try Row(row))
        case .warning(let text): self = .diagnostic(.warning, text)
        case .error(let text): self = .diagnostic(.error, text)
        case .caughtUp(let offsets): self = .caughtUp(offsets)
        case .timeTravel(let key): self = .timeTravel(EventKey(key))
        case .unknown: return nil
        }
    }
}
