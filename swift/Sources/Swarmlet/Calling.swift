import Foundation
internal import SwarmletNative

/// Makes a call of the native library; its failures become errors of this package.
func calling<Value>(_ operation: String, _ call: () throws -> Value) throws -> Value {
    do {
        return try call()
    } catch {
        throw translated(error, operation)
    }
}

/// Makes a call that waits. It is given up when the task is cancelled, with `CancellationError`.
func awaiting<Value: Sendable>(
    _ operation: String, _ call: @Sendable () async throws -> Value
) async throws -> Value {
    do {
        return try await call()
    } catch {
        throw translated(error, operation)
    }
}

/// Fails in one line where the sources belong to another library, instead of ending the process.
func checkLibrary(_ operation: String) throws {
    if !isLibraryOurs {
        let message = "the native library swarmlet_uniffi is not the one this package was made with"
        throw SwarmletError(.unsupported, operation, message)
    }
}

/// An argument that could not be converted.
func invalid(
    _ operation: String, _ message: String, _ details: [String: String] = [:]
) -> SwarmletError {
    SwarmletError(.invalidArgument, operation, message, details)
}

private func translated(_ error: any Error, _ operation: String) -> any Error {
    switch error {
    case let Failure.Failed(code, advice, operation, text, details):
        let kind = SwarmletError.Kind(code: code)
        return SwarmletError(
            kind: kind,
            operation: operation,
            message: text,
            advice: SwarmletError.Advice(rawValue: advice) ?? kind.advice,
            details: details)
    case is CancellationError, is SwarmletError:
        return error
    default:
        let text = error.localizedDescription.split(separator: "\n").joined(separator: " ")
        return SwarmletError(.internal, operation, "swarmlet panicked: \(text)")
    }
}

extension Duration {
    /// Microseconds for the other side, where those are numbers of 64 bits.
    var micros: Int64 {
        let (seconds, attoseconds) = components
        let (whole, isTooLong) = seconds.multipliedReportingOverflow(by: 1_000_000)
        if isTooLong { return seconds < 0 ? .min : .max }
        return whole.addingReportingOverflow(attoseconds / 1_000_000_000_000).partialValue
    }
}

extension Date {
    /// The time of a timestamp.
    init(micros: Int64) {
        let (seconds, rest) = micros.quotientAndRemainder(dividingBy: 1_000_000)
        self.init(timeIntervalSince1970: Double(seconds) + Double(rest) / 1_000_000)
    }

    /// The timestamp of a time, if it has one.
    var micros: Int64? {
        Int64(exactly: (timeIntervalSince1970 * 1_000_000).rounded())
    }
}
