import Foundation

extension SwarmletError {
    /// An error of a kind, with the advice that the kind has.
    init(
        _ kind: Kind, _ operation: String, _ message: String, _ details: [String: String] = [:]
    ) {
        self.init(
            kind: kind,
            operation: operation,
            message: message,
            advice: kind.advice,
            details: details)
    }
}

extension SwarmletError.Kind {
    /// The kind of a name; of one that this release does not know too.
    init(code: String) {
        self = Self.allCases.first { $0.code == code } ?? .internal
    }
}

extension SwarmletError: CustomStringConvertible, LocalizedError {
    public var description: String { "\(code): \(message)" }
    public var errorDescription: String? { message }
}
