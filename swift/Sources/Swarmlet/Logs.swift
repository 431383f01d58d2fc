import Foundation
internal import SwarmletNative

#if canImport(os)
    import os
#endif

/// How bad a record is; `error` is worst.
public enum LogLevel: Int, Sendable, Comparable, CaseIterable {
    case trace
    case debug
    case info
    case warning
    case error

    public static func < (left: LogLevel, right: LogLevel) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// What a node says about itself.
public struct LogRecord: Sendable, Hashable {
    public let level: LogLevel
    /// The part that said it, with dots between its parts.
    public let logger: String
    /// What it said, with its values, in one line.
    public let message: String
}

/// Passes records from a level on to the handler: those of all nodes of the process.
///
/// One handler gets them, on a thread of its own: the one that was given last. Without one, they go
/// to `os.Logger` where there is one, from `info` on, and nowhere else. `nil` brings that back.
public func forwardLogs(
    from least: LogLevel = .info, to handler: (@Sendable (LogRecord) -> Void)?
) {
    Logs.forward(least, handler)
}

enum Logs {
    private static let handler = Guarded<(@Sendable (LogRecord) -> Void)?>(ownHandler)

    private static let passing: Void = {
        Thread.detachNewThread {
            Thread.current.name = "swarmlet-logs"
            while true { passOn() }
        }
    }()

    /// Collects for the handler that there is, if there is one. Later calls change nothing.
    private static let started: Void = {
        if handler.with({ $0 != nil }) { collect(.info) }
    }()

    static func start() {
        _ = started
    }

    static func forward(_ least: LogLevel, _ given: (@Sendable (LogRecord) -> Void)?) {
        handler.with { $0 = given ?? ownHandler }
        _ = started
        collect(given == nil ? .info : least)
    }

    private static func collect(_ least: LogLevel) {
        guard isLibraryOurs else { return }
        collectLogs(least: RecordSeverity(least))
        _ = passing
    }

    private static func passOn() {
        // Any time would do: it is woken when there is something.
        for record in waitLogs(timeoutMicros: 3_600_000_000) {
            let level = LogLevel(record.severity)
            let passed = LogRecord(level: level, logger: record.logger, message: record.text)
            handler.with { $0 }?(passed)
        }
    }

    #if canImport(os)
        private static let ownHandler: (@Sendable (LogRecord) -> Void)? = { record in
            let logger = os.Logger(subsystem: "swarmlet", category: record.logger)
            logger.log(level: record.level.osLevel, "\(record.message, privacy: .public)")
        }
    #else
        private static let ownHandler: (@Sendable (LogRecord) -> Void)? = nil
    #endif
}

extension LogLevel {
    fileprivate init(_ severity: RecordSeverity) {
        switch severity {
        case .trace: self = .trace
        case .debug: self = .debug
        case .info: self = .info
        case .warning: self = .warning
        case .error: self = .error
        }
    }

    #if canImport(os)
        fileprivate var osLevel: OSLogType {
            switch self {
            case .trace, .debug: .debug
            case .info: .info
            case .warning: .default
            case .error: .error
            }
        }
    #endif
}

extension RecordSeverity {
    fileprivate init(_ level: LogLevel) {
        switch level {
        case .trace: self = .trace
        case .debug: self = .debug
        case .info: self = .info
        case .warning: self = .warning
        case .error: self = .error
        }
    }
}
