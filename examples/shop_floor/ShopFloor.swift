import Foundation
import Swarmlet

// A shop floor: a machine reports parts, a tablet confirms complete orders, a dashboard counts.
// Each is a process with a folder of its own:
//
//     ShopFloor dashboard FOLDER
//     ShopFloor machine FOLDER INVITE
//     ShopFloor tablet FOLDER INVITE
//
// The dashboard founds the swarm, prints the invite for the other two, and goes on until somebody
// stops it. The same program is there in the other languages, and any can be any of the three.

let orders: [Int64] = [4711, 4712, 4713]
let parts = 4
let patience = Duration.seconds(60)

/// Counts parts, and shows each order that has all of them and is confirmed.
func count(_ folder: URL) async throws {
    let node = try await Node.open(folder, appId: "com.example.dashboard")
    _ = try await node.swarm.create("shop floor", device: "dashboard")
    show("invite: \(try await node.swarm.invite(uses: 2))")

    // The two devices need not be heard in the order in which they did things.
    var reported: [Int64: Int] = [:]
    var confirmed: Set<Int64> = []
    for try await row in try node.subscribe("FROM 'part' | 'confirmed' SELECT _.order") {
        guard let order = row.payload.integer, let tags = row.tags else { continue }
        if tags.contains("part") {
            reported[order, default: 0] += 1
        } else {
            confirmed.insert(order)
        }
        if reported[order] == parts, confirmed.contains(order) {
            show("order \(order): \(parts) parts, confirmed")
        }
    }
}

/// Makes the parts of all orders. Offline, it would report all the same.
func report(_ folder: URL, _ invite: String) async throws {
    let node = try await Node.open(folder, appId: "com.example.press")
    try await node.swarm.join(invite, as: "press-7", timeout: patience)
    for order in orders {
        for number in 1...parts {
            let part: Payload = ["order": .integer(order), "number": .integer(Int64(number))]
            try await node.publish(["part", "press:7", "order:\(order)"], part)
        }
    }
    try await node.swarm.waitInSync(timeout: patience)
    try await node.close()
}

/// Confirms each order when all its parts have been reported.
func confirm(_ folder: URL, _ invite: String) async throws {
    let node = try await Node.open(folder, appId: "com.example.tablet")
    try await node.swarm.join(invite, as: "tablet-1", timeout: patience)
    var reported: [Int64: Int] = [:]
    var missing = Set(orders)
    for try await part in try node.subscribe("FROM 'part'") {
        guard let order = part["order"]?.integer else { continue }
        reported[order, default: 0] += 1
        if reported[order] == parts {
            let payload: Payload = ["order": .integer(order), "parts": .integer(Int64(parts))]
            try await node.publish(["confirmed", "order:\(order)"], payload)
            missing.remove(order)
        }
        if missing.isEmpty { break }
    }
    try await node.swarm.waitInSync(timeout: patience)
    try await node.close()
}

/// At once, though nobody looks at it on a terminal.
func show(_ line: String) {
    FileHandle.standardOutput.write(Data("\(line)\n".utf8))
}

let words = Array(CommandLine.arguments.dropFirst())
switch (words.first, words.count) {
case ("dashboard", 2): try await count(URL(fileURLWithPath: words[1]))
case ("machine", 3): try await report(URL(fileURLWithPath: words[1]), words[2])
case ("tablet", 3): try await confirm(URL(fileURLWithPath: words[1]), words[2])
default:
    let roles = "`dashboard FOLDER`, `machine FOLDER INVITE` or `tablet FOLDER INVITE`"
    FileHandle.standardError.write(Data("say \(roles)\n".utf8))
    exit(1)
}
