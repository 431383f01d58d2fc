// Everything that docs/guide/swift.md shows, as one program that runs.
import Foundation
import Swarmlet

func tour(_ folder: URL) async throws {
    let node = try await opened(folder)
    print("this device is \(node.id)")
    try await publish(node)
    try await query(node)
    try await subscribe(node)
    try await resume(node)
    try await outputs(node)
    try await apps(node)
    try await errors(folder)
    try await node.close()
}

private func opened(_ folder: URL) async throws -> Node {
    let node = try await Node.open(
        folder,
        appId: "com.example.press",
        streams: ["sensors": Retention(eventsMax: 1_000_000, ageMax: .seconds(30 * 86_400))],
        routes: [Route("'sensor'", to: "sensors")])
    return node
}

struct Reading: Codable {
    var celsius: Double
}

private func publish(_ node: Node) async throws {
    let published = try await node.publish(
        ["press:7", "stopped"], ["reason": "jam", "parts_lost": 2])
    print("durable as \(published.key)")

    try await node.publishMany(
        [61.5, 61.7].map { NewEvent(["press:7", "sensor"], ["celsius": .double($0)]) })

    try await node.publish(["press:7", "sensor"], encoding: Reading(celsius: 61.9))
}

private func query(_ node: Node) async throws {
    let stops = try node.query("FROM 'press:7' & 'stopped' LIMIT 10", order: .descending)
    for try await row in stops {
        print(row.time!, row["reason"]!, "cost", row["parts_lost"]!, "parts")
    }

    let lost = try node.query(
        "FROM 'stopped' & `press:{$press}` & TIME > $since",
        parameters: ["press": 7, "since": .time(.now - 3600)])
    check(try await lost.next() != nil)

    for try await row in try node.query("FROM 'sensor'") {
        let reading = try row.payload.decode(Reading.self)
        check(reading.celsius > 61)
    }
}

private func subscribe(_ node: Node) async throws {
    var seen = 0
    for try await rows in try node.subscribe("FROM 'sensor'").batches() {
        seen += rows.count
        if seen == 3 { break }
    }

    let parts = try node.subscribe("FROM 'sensor'")
    let part = try await parts.next(timeout: .seconds(5))
    check(part != nil)

    let hot = try await node.waitFor("FROM 'sensor'") { row in
        row["celsius"]?.double ?? 0 > 61.6
    }
    check(hot["celsius"] == 61.7)
}

private func resume(_ node: Node) async throws {
    var count = 0
    var stored: Offsets = [:]
    let subscription = try node.subscribe("FROM 'stopped'")
    for try await rows in subscription.batches(max: 1000) {
        count += rows.count
        // Write these two into your database in one transaction.
        stored = try subscription.offsets
        break
    }

    // After a restart: nothing is missed, nothing counted twice.
    let next = try node.subscribe("FROM 'stopped'", from: stored)
    print("\(count) so far, continuing after \(try next.offsets)")
}

private func outputs(_ node: Node) async throws {
    var isLive = false
    for try await output in try node.subscribe("FROM 'stopped'").outputs() {
        switch output {
        case .result(let row): print(row.payload)
        case .antiRow(let row): print("no longer true: \(row.payload)")
        case .diagnostic(let severity, let message): print("\(severity): \(message)")
        case .caughtUp: isLive = true
        case .timeTravel(let key): print("begin again before \(key)")
        }
        if isLive { break }
    }
}

private func apps(_ node: Node) async throws {
    let packing = try node.scoped("com.example.packing")
    try await packing.publish(["box:17", "full"])
    let row = try await packing.query("FROM 'full' & appId(me)").next()
    check(row?.appId == "com.example.packing")
}

private func errors(_ folder: URL) async throws {
    do {
        _ = try await Node.open(folder)
    } catch let error as SwarmletError where error.kind == .locked {
        print("it is open in another app")
    } catch let error as SwarmletError {
        print(error.message, error.advice, error.details)
    }
}

/// Two devices: `dashboard` lets `press` in.
func swarmTour(_ dashboard: Node, _ press: Node) async throws {
    let swarm = dashboard.swarm
    let founded = try await swarm.create("plant", device: "dashboard")
    print("root key, for the safe: \(founded.rootKey)")
    let invite = try await swarm.invite("rw:*", labels: ["hall": "2"], valid: .seconds(3600))
    print(try QrCode(invite).terminal())

    try await press.swarm.join(invite, as: "press-7", timeout: .seconds(30))

    try await press.swarm.waitInSync(timeout: .seconds(30))
    for try await status in try press.swarm.changes() where status.isInSync {
        for peer in status.peers {
            print("\(peer.node) behind \(peer.behind) ahead \(peer.ahead)")
        }
        break
    }
    for member in try await swarm.members() { print(member.name, "may", member.capabilities) }
}

func logs() {
    forwardLogs(from: .debug) { record in
        print(record.level, record.logger, record.message)
    }
}

/// A node that stays on this machine.
let onLoopback = Network(listen: ["tcp://127.0.0.1:0"], discovery: false)

private func check(_ isSo: Bool, line: UInt = #line) {
    precondition(isSo, "line \(line)")
}
