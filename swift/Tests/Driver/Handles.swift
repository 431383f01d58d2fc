import Foundation
import Swarmlet

/// An open stream, and its outputs once it was asked for them.
final class Reading: Sendable {
    let rows: RowStream

    init(_ rows: RowStream) {
        self.rows = rows
    }

    func outputs() throws -> Pulled<Output> { try rows.outputs() }
}

/// What is open, by the names that the suite gives.
actor Handles {
    private var nodes: [String: Node] = [:]
    private var replaced: [Node] = []
    private var streams: [String: Reading] = [:]
    private var changes: [String: Changes] = [:]

    func keep(_ node: Node, as name: String) {
        if let before = nodes.updateValue(node, forKey: name) { replaced.append(before) }
    }

    func keep(_ rows: RowStream, as name: String) { streams[name] = Reading(rows) }

    func keep(_ followed: Changes, as name: String) { changes[name] = followed }

    func node(_ arguments: Arguments) throws -> Node {
        try known(nodes, try arguments.text("node"))
    }

    func stream(_ arguments: Arguments) throws -> Reading {
        try known(streams, try arguments.text("stream"))
    }

    func changes(_ arguments: Arguments) throws -> Changes {
        try known(changes, try arguments.text("changes"))
    }

    private func known<Value>(_ values: [String: Value], _ name: String) throws -> Value {
        guard let value = values[name] else { throw Broken(message: "nothing is called \(name)") }
        return value
    }

    /// Closes and forgets everything.
    func reset() async {
        for stream in streams.values { stream.rows.cancel() }
        for followed in changes.values { followed.cancel() }
        let open = replaced + nodes.values
        (nodes, replaced, streams, changes) = ([:], [], [:], [:])
        for node in open { try? await node.close() }
    }
}
