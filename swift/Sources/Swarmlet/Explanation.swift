internal import SwarmletNative

/// How a query was answered; its description shows it to people.
public struct Explanation: Sendable, Hashable, CustomStringConvertible {
    /// All of it, for people.
    public let description: String
    /// The query in normal form.
    public let query: String
    /// Which events it starts from, with everything computed; `nil` if it brings its own values.
    public let selection: String?
    /// In which order they were read.
    public let order: Order
    /// The stages behind `FROM`, each in normal form.
    public let stages: [String]
    /// The files that were asked, oldest first; none if the query brings its own events.
    public let sources: [SourceReport]
    /// Events that were read for the query itself, also to see that they do not match; those read
    /// by sub-queries are not counted.
    public let eventsRead: Int64
    /// Rows that came out.
    public let rows: Int64
    /// Diagnostics that came out.
    public let diagnostics: Int64
}

/// What a query found in the index of one file.
public struct SourceReport: Sendable, Hashable {
    /// The name of the file, without its ending.
    public let name: String
    /// Whether it is a sealed segment, or a file of the log that is still being written.
    public let isSealed: Bool
    /// Events in it.
    public let events: Int64
    /// Tags and apps that were looked up.
    public let terms: [TermReport]
    /// Events that are left when index and bounds have said all they know.
    public let candidates: Int64
    /// Whether each of those still has to be looked at to know whether it matches.
    public let isChecked: Bool
}

/// What the index of a file says of one tag or app.
public struct TermReport: Sendable, Hashable {
    /// The tag or app as it is written in a query.
    public let term: String
    /// Events of the file that have it.
    public let events: Int64
}

extension Explanation {
    init(_ native: QueryReport) {
        description = native.text
        query = native.query
        selection = native.selection
        order =
            switch native.order {
            case .ascending: .ascending
            case .descending: .descending
            case .stream: .stream
            }
        stages = native.stages
        sources = native.sources.map { SourceReport($0) }
        eventsRead = native.eventsRead
        rows = native.rows
        diagnostics = native.diagnostics
    }
}

extension SourceReport {
    fileprivate init(_ native: QuerySource) {
        name = native.name
        isSealed = native.isSealed
        events = native.events
        terms = native.terms.map { TermReport(term: $0.term, events: $0.events) }
        candidates = native.candidates
        isChecked = native.isChecked
    }
}
