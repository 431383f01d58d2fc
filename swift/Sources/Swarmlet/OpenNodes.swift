import Foundation
internal import SwarmletNative

/// A clean end of the process: nodes that are still open then are closed.
enum OpenNodes {
    private final class Entry {
        weak var node: SwarmletNative.Node?

        init(_ node: SwarmletNative.Node) {
            self.node = node
        }
    }

    private static let nodes = Guarded<[ObjectIdentifier: Entry]>([:])

    private static let isWatched: Void = {
        atexit { OpenNodes.closeAll() }
    }()

    static func add(_ node: SwarmletNative.Node) {
        _ = isWatched
        nodes.with { nodes in
            nodes = nodes.filter { $0.value.node != nil }
            nodes[ObjectIdentifier(node)] = Entry(node)
        }
    }

    static func remove(_ node: SwarmletNative.Node) {
        _ = nodes.with { $0.removeValue(forKey: ObjectIdentifier(node)) }
    }

    private static func closeAll() {
        let open = nodes.with { nodes in nodes.values.compactMap(\.node) }
        if open.isEmpty { return }
        let isDone = DispatchSemaphore(value: 0)
        Task.detached {
            for node in open { try? await node.shutDown() }
            isDone.signal()
        }
        // A disk that hangs must not keep the process from ending.
        _ = isDone.wait(timeout: .now() + 2)
    }
}
