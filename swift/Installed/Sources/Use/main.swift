import Foundation
import Swarmlet

let folder = URL(fileURLWithPath: CommandLine.arguments[1])
let node = try await Node.open(folder, durability: .buffered)
try await node.publish(["a"], ["n": 1])
for try await row in try node.query("FROM 'a'") {
    print(row["n"]?.integer ?? 0, try Node.version)
}
try await node.close()
