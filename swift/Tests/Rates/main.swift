import Foundation
import Swarmlet

// Rates of Swift: what crosses the boundary in a second, and the CPU time of it.
//
//     Rates --events N --folder FOLDER
//
// Opens a node in the folder and writes a JSON object for each work, one a line, with its events,
// its seconds and its CPU seconds. `cargo xtask bench bindings` starts it beside the other
// languages, and says in `tests/bench/src/bin/bindings/program.rs` what is measured.

let callEvents = 4096
let inFlight = 64

/// An event of a shop floor.
func reading(_ index: Int) -> NewEvent {
    let tags = ["machine", "machine:\(index % 40)", "order:\(index % 1000)"]
    let payload: Payload = [
        "seq": .integer(Int64(index)),
        "state": "running",
        "speed": .double(12.5 + Double(index % 7)),
        "ok": true,
        "operator": "shift-b",
        "part": .string("part-\(index)"),
    ]
    return NewEvent(tags, payload)
}

/// Writes all events in calls of the same size, one call after the other.
func publishBatches(_ node: Node, _ events: [NewEvent]) async throws {
    for first in stride(from: 0, to: events.count, by: callEvents) {
        let call = events[first..<min(first + callEvents, events.count)]
        try await node.publishMany(Array(call))
    }
}

/// Writes single events, so many at a time.
func publish(_ node: Node, _ events: [NewEvent], _ inFlight: Int) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
        for first in 0..<inFlight {
            group.addTask {
                for index in stride(from: first, to: events.count, by: inFlight) {
                    try await node.publish(events[index].tags, events[index].payload)
                }
            }
        }
        try await group.waitForAll()
    }
}

/// Reads events in batches.
func subscribeBatches(_ node: Node, _ count: Int) async throws {
    var left = count
    for try await rows in try node.subscribe("FROM allEvents").batches() {
        left -= rows.count
        if left <= 0 { break }
    }
}

/// Reads events one by one, and a field of each.
func subscribeRows(_ node: Node, _ count: Int) async throws {
    var left = count
    for try await row in try node.subscribe("FROM allEvents") {
        left -= row["ok"]?.bool == true ? 1 : 0
        if left == 0 { break }
    }
}

func cpuSeconds() -> Double {
    var used = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used)
    return Double(used.tv_sec) + Double(used.tv_nsec) / 1e9
}

func measured(_ work: String, _ events: Int, _ task: () async throws -> Void) async throws {
    let computed = cpuSeconds()
    let lasted = try await ContinuousClock().measure { try await task() }
    let (whole, rest) = lasted.components
    let seconds = Double(whole) + Double(rest) / 1e18
    let cpu = cpuSeconds() - computed
    let figures = "\"events\": \(events), \"seconds\": \(seconds), \"cpu_seconds\": \(cpu)"
    print("{\"work\": \"\(work)\", \(figures)}")
}

let words = CommandLine.arguments
guard words.count == 5, words[1] == "--events", let count = Int(words[2]), words[3] == "--folder"
else { fatalError("say: Rates --events N --folder FOLDER") }
let events = (0..<count).map(reading)
let few = Array(events.prefix(count / 20))
let one = Array(few.prefix(few.count / 10))
let node = try await Node.open(URL(fileURLWithPath: words[4]).appendingPathComponent("node"))
try await measured("publish_batches", count) { try await publishBatches(node, events) }
try await measured("subscribe_batches", count) { try await subscribeBatches(node, count) }
try await measured("subscribe_rows", count) { try await subscribeRows(node, count) }
try await measured("publish_in_flight", few.count) { try await publish(node, few, inFlight) }
try await measured("publish_singly", one.count) { try await publish(node, one, 1) }
try await node.close()
