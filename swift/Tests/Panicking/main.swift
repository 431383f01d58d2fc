import Foundation
import Swarmlet

// A process in which calls panic that its environment names.
let folder = URL(fileURLWithPath: CommandLine.arguments[1])
let node = try await Node.open(folder, durability: .buffered)

func tell(_ call: () async throws -> Void) async throws {
    do {
        try await call()
    } catch let error as SwarmletError where error.kind == .internal {
        print(error.code, error.operation, error.advice.rawValue)
    }
}

try await tell { _ = try await node.explain("FROM 'n'") }
try await tell { _ = try node.offsets() }
try await node.publish(["n"], 1)
for try await row in try node.query("FROM 'n'") {
    print("and", row.payload == 1)
}
try await node.close()
