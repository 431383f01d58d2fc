import Foundation
import Swarmlet
import XCTest

final class SwarmTests: NodeTestCase {
    private func open(_ name: String) async throws -> Node {
        let place = folder.appendingPathComponent(name)
        return try await Node.open(place, durability: .buffered, network: onLoopback)
    }

    /// Runs the test with an issuer and another node that is in no swarm yet.
    private func withTwo(_ test: (Node, Node) async throws -> Void) async throws {
        let issuer = try await open("issuer")
        _ = try await issuer.swarm.create("plant", device: "dashboard")
        let press = try await open("press")
        try await test(issuer, press)
        try await press.close()
        try await issuer.close()
    }

    private func join(_ node: Node, _ issuer: Node) async throws {
        let invite = try await issuer.swarm.invite()
        try await node.swarm.join(invite, as: "press-7", timeout: .seconds(30))
    }

    func testADeviceThatWasInvitedGetsAllEvents() async throws {
        try await withTwo { issuer, press in
            try await issuer.publish(["before"], 1)
            try await press.publish(["alone"], 2)
            try await join(press, issuer)
            XCTAssertEqual(try issuer.swarm.id, try press.swarm.id)
            try await press.swarm.waitInSync(timeout: .seconds(30))
            async let seen = issuer.waitFor("FROM 'live'")
            try await press.publish(["live"], 3)
            let live = try await seen
            XCTAssertEqual(live.stream?.hasPrefix(press.id), true)
            let alone = try await issuer.waitFor("FROM 'alone'")
            XCTAssertEqual(alone.payload, 2)
            let before = try await press.waitFor("FROM 'before'")
            XCTAssertEqual(before.payload, 1)
            let members = try await issuer.swarm.members()
            XCTAssertEqual(Set(members.map(\.name)), ["dashboard", "press-7"])
            XCTAssertEqual(members.filter(\.isIssuer).map(\.node), [issuer.id])
            XCTAssertEqual(try issuer.swarm.peers().map(\.node), [press.id])
        }
    }

    func testChangesTellHowFarEverybodyIs() async throws {
        try await withTwo { issuer, press in
            let listening = try issuer.swarm.status().listening
            XCTAssertEqual(listening.first?.hasPrefix("tcp://127.0.0.1:"), true)
            let changes = try issuer.swarm.changes()
            try await join(press, issuer)
            for try await status in changes where status.isInSync {
                XCTAssertEqual(status.peers.map(\.node), [press.id])
                break
            }
            try await press.close()
            // Nothing is lost by waits that are given up.
            var isAlone = false
            while !isAlone {
                let waiting = Task { try await changes.next() }
                try await Task.sleep(for: .milliseconds(1))
                waiting.cancel()
                if case .success(let status) = await waiting.result {
                    isAlone = status?.peers.isEmpty ?? false
                }
            }
            let open = try issuer.swarm.changes()
            _ = try await open.next()
            try await issuer.close()
            try await failing(.closed) { while try await open.next() != nil {} }
        }
    }

    func testADeviceThatAsksIsComparedAndApproved() async throws {
        try await withTwo { issuer, press in
            let address = try XCTUnwrap(issuer.swarm.status().listening.first)
            let code = try await press.swarm.ask(address, as: "press-7", timeout: .seconds(30))
            async let joined: Void = press.swarm.waitJoined(timeout: .seconds(30))
            let pending = try await issuer.swarm.pending()
            XCTAssertEqual(pending.map(\.code), [code])
            XCTAssertEqual(code.count, 6)
            XCTAssertEqual(pending.first?.device, press.id)
            try await issuer.swarm.approve(press.id, "rw:*", labels: ["line": "2"])
            try await joined
            let member = try await issuer.swarm.members().first { $0.node == press.id }
            XCTAssertEqual(member?.labels, ["line": "2"])
            XCTAssertEqual(member?.name, "press-7")
        }
    }

    func testADeviceThatWasRevokedIsOut() async throws {
        try await withTwo { issuer, press in
            try await join(press, issuer)
            try await press.swarm.waitInSync(timeout: .seconds(30))
            try await issuer.swarm.revoke(press.id, reason: "stolen")
            for try await status in try issuer.swarm.changes() where status.peers.isEmpty {
                break
            }
            let member = try await issuer.swarm.members().first { $0.node == press.id }
            XCTAssertEqual(member?.isRevoked, true)
        }
    }

    func testInvitesAreUsedUpAndTakenBack() async throws {
        try await withTwo { issuer, press in
            let swarm = issuer.swarm
            let invite = try await swarm.invite(
                "r:*", name: "tablet", uses: 2, valid: .seconds(3600))
            var isGood = try await swarm.withdraw(invite)
            XCTAssertTrue(isGood)
            isGood = try await swarm.withdraw(invite)
            XCTAssertFalse(isGood)
            try await failing(.invalidArgument) {
                try await press.swarm.join("no invite", as: "press-7")
            }
            let late = try await failing(.invalidArgument) {
                try await press.swarm.join(invite, as: "a", timeout: .seconds(30))
            }
            XCTAssertEqual(late.operation, "swarm.join")
            try await failing(.invalidArgument) { _ = try await swarm.invite("nonsense") }
            try await failing(.invalidArgument) { _ = try await swarm.invite(uses: -1) }
            try await failing(.invalidArgument) {
                try await swarm.revoke("nobody", reason: "x")
            }
            try await failing(.alreadyExists) {
                _ = try await swarm.create("plant", device: "again")
            }
            try await failing(.unavailable) { _ = try await press.swarm.invite() }
        }
    }

    func testAWaitThatTakesTooLongEnds() async throws {
        try await withTwo { issuer, press in
            try await failing(.timeout) {
                try await issuer.swarm.waitInSync(timeout: .milliseconds(20))
            }
            // Given up by the task, not by a timeout: it would wait for ever.
            let waiting = Task { try await issuer.swarm.waitInSync() }
            await Task.yield()
            waiting.cancel()
            let end = await waiting.result
            XCTAssertThrowsError(try end.get()) { XCTAssertTrue($0 is CancellationError) }
            try press.swarm.networkChanged()
            try issuer.swarm.networkChanged()
        }
    }

    func testTheRootKeyIsGivenOnceAndNotShownByAccident() async throws {
        let issuer = try await open("issuer")
        XCTAssertNil(try issuer.swarm.id)
        let founded = try await issuer.swarm.create("plant", device: "dashboard")
        XCTAssertEqual(try issuer.swarm.id, founded.swarm)
        var dumped = ""
        dump(founded, to: &dumped)
        for shown in ["\(founded)", String(reflecting: founded), dumped, "\([founded])"] {
            XCTAssertFalse(shown.contains(founded.rootKey), shown)
        }
        try await issuer.swarm.becomeIssuer(founded.rootKey)
        try await failing(.invalidArgument) { try await issuer.swarm.becomeIssuer("x") }
        try await issuer.close()
    }

    func testAnInviteIsAPictureToo() async throws {
        try await withTwo { issuer, _ in
            let invite = try await issuer.swarm.invite()
            XCTAssertTrue(try QrCode(invite).svg().contains("<svg"))
            XCTAssertGreaterThan(try QrCode(invite).terminal().split(separator: "\n").count, 10)
            let long = QrCode(String(repeating: "x", count: 2332))
            try await failing(.invalidArgument) { _ = try long.svg() }
        }
    }
}
