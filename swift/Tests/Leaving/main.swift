import Foundation
import Swarmlet

// A process that ends while a node is open, written to and read from; in different ways.
let (way, folder) = (CommandLine.arguments[1], CommandLine.arguments[2])
let network = Network(listen: ["tcp://127.0.0.1:0"], discovery: false)
let node = try await Node.open(
    URL(fileURLWithPath: folder), durability: .buffered, network: network)
forwardLogs(from: .trace) { _ in }

Task.detached {
    // At the end the node is closed below it, which is no news.
    while true { try await node.publish(["n"], 1) }
}
if way == "swarm" {
    _ = try await node.swarm.create("plant", device: "node")
    Task.detached { try await node.swarm.waitInSync() }
    Task.detached { for try await _ in try node.swarm.changes() {} }
}
let isLive = AsyncStream<Void>.makeStream()
Task.detached {
    var count = 0
    for try await _ in try node.subscribe("FROM 'n'") {
        count += 1
        if count == 20 { isLive.continuation.finish() }
    }
}
for await _ in isLive.stream {}
print("leaving")
switch way {
case "exit": exit(3)
case "thread":
    // As an app does that is ended by somebody else's code.
    Thread.detachNewThread { exit(4) }
    while true { try await Task.sleep(for: .seconds(60)) }
default: break
}
