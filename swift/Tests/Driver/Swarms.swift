import Foundation
import Swarmlet

extension Driver {
    /// What is asked of the swarm of a node.
    func ask(_ op: String, _ node: Node, _ arguments: Arguments) async throws -> Payload {
        let swarm = node.swarm
        switch op {
        case "swarm.id": return try swarm.id.map { .string($0) } ?? nil
        case "swarm.create":
            let name = try arguments.text("name")
            let founded = try await swarm.create(name, device: try arguments.text("device"))
            return ["swarm": .string(founded.swarm), "root_key": .string(founded.rootKey)]
        case "swarm.become_issuer": try await swarm.becomeIssuer(try arguments.text("root_key"))
        case "swarm.invite": return .string(try await invite(swarm, arguments))
        case "swarm.withdraw":
            return .bool(try await swarm.withdraw(try arguments.text("invite")))
        case "swarm.join":
            try await swarm.join(
                try arguments.text("invite"), as: try arguments.text("name"),
                timeout: try arguments.milliseconds("timeout_ms"))
        case "swarm.ask":
            let code = try await swarm.ask(
                try arguments.text("address"), as: try arguments.text("name"),
                timeout: try arguments.milliseconds("timeout_ms"))
            return .string(code)
        case "swarm.wait_joined":
            try await swarm.waitJoined(timeout: try arguments.milliseconds("timeout_ms"))
        case "swarm.wait_in_sync":
            try await swarm.waitInSync(timeout: try arguments.milliseconds("timeout_ms"))
        case "swarm.pending": return .list(try await swarm.pending().map(shown))
        case "swarm.members": return .list(try await swarm.members().map(shown))
        case "swarm.status": return shown(try swarm.status())
        case "swarm.network_changed": try swarm.networkChanged()
        case "swarm.changes":
            await handles.keep(try swarm.changes(), as: try arguments.text("as"))
        default: try await judge(op, swarm, arguments)
        }
        return nil
    }

    private func invite(_ swarm: Swarm, _ arguments: Arguments) async throws -> String {
        try await swarm.invite(
            arguments.optional("capabilities")?.string,
            name: arguments.optional("name")?.string,
            labels: try arguments.labels("labels"),
            uses: try arguments.anyNumber("uses").map { Int($0) },
            valid: try arguments.anyMilliseconds("valid_ms"))
    }

    /// What an issuer does with one device.
    private func judge(_ op: String, _ swarm: Swarm, _ arguments: Arguments) async throws {
        let device = try arguments.text("device")
        let capabilities = arguments.optional("capabilities")?.string
        let name = arguments.optional("name")?.string
        let labels = try arguments.labels("labels")
        switch op {
        case "swarm.approve":
            try await swarm.approve(device, capabilities, name: name, labels: labels)
        case "swarm.preauthorise":
            let valid = try arguments.anyMilliseconds("valid_ms")
            try await swarm.preauthorise(
                device, capabilities, name: name, labels: labels, valid: valid)
        case "swarm.reject": try await swarm.reject(device)
        case "swarm.revoke":
            try await swarm.revoke(device, reason: try arguments.text("reason"))
        case "swarm.renew": try await swarm.renew(device)
        default: throw Broken(message: "there is no operation \(op)")
        }
    }
}
