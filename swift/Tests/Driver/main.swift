import Foundation
import Swarmlet

// The conformance driver of Swift; tests/conformance/README.md says what is asked and answered.

struct Request: Decodable, Sendable {
    let id: Int64
    let op: String
    let args: Payload
}

/// Writes one line at a time.
let output = NSLock()

@Sendable func answer(_ id: Int64, _ result: Payload) {
    guard case .map(var map) = result else { return }
    map["id"] = .integer(id)
    let encoder = JSONEncoder()
    encoder.outputFormatting = .withoutEscapingSlashes
    guard let line = try? encoder.encode(Payload.map(map)) else { return }
    output.withLock { FileHandle.standardOutput.write(line + Data("\n".utf8)) }
}

@Sendable func carryOut(_ request: Request, with driver: Driver) async {
    do {
        guard case .map(let values) = request.args else { throw Broken(message: "no arguments") }
        let result = try await driver.perform(request.op, Arguments(values: values))
        answer(request.id, ["ok": result])
    } catch {
        answer(request.id, shown(error))
    }
}

let driver = Driver()
Thread.detachNewThread {
    while let line = readLine() {
        guard let request = try? JSONDecoder().decode(Request.self, from: Data(line.utf8)) else {
            FileHandle.standardError.write(Data("no request: \(line.prefix(200))\n".utf8))
            exit(1)
        }
        if request.op == "exit" { exit(0) }
        Task { await carryOut(request, with: driver) }
    }
    Task {
        await driver.handles.reset()
        exit(0)
    }
}
while true { try await Task.sleep(for: .seconds(3600)) }
