internal import SwarmletNative

/// A node's place in its swarm: founding one, joining one, and how far everybody is.
///
/// Calls that change who is a member return when that is durable. Calls that wait for other devices
/// take a timeout, without which they wait until the node is closed, and throw ``SwarmletError`` of
/// the kind `timeout` after it; cancelling their task ends the wait, while the node goes on trying.
public final class Swarm: Sendable {
    private let native: SwarmletNative.Swarm

    init(_ native: SwarmletNative.Swarm) {
        self.native = native
    }

    /// The swarm that this node is in, or wants to join.
    public var id: String? {
        get throws { try calling("swarm.id") { try native.id() } }
    }

    /// Founds a swarm with this node, called `device`, as its first member and issuer. Its events
    /// stay; from here on it uses the network.
    ///
    /// Throws errors of the kind `alreadyExists` if the node is in a swarm, `network` if the
    /// network cannot be used.
    public func create(_ name: String, device: String) async throws -> Founded {
        try await asking("swarm.create") { native in
            let founded = try await native.create(name: name, device: device)
            return Founded(swarm: founded.swarm, rootKey: founded.rootKey)
        }
    }

    /// Makes this node an issuer, with the root key that ``create(_:device:)`` returned.
    ///
    /// Throws an error of the kind `permissionDenied` if the key is one of another swarm.
    public func becomeIssuer(_ rootKey: String) async throws {
        try await asking("swarm.become_issuer") { try await $0.becomeIssuer(rootKey: rootKey) }
    }

    /// Makes an invite: one line of text that lets a device in, with addresses of this node.
    ///
    /// Throws errors of the kind `permissionDenied` if this node is no issuer, `unavailable` if it
    /// is in no swarm.
    ///
    /// - Parameters:
    ///   - capabilities: what the device may do, `rw:*` unless given, like `rw:sensors*,r:*`
    ///   - name: what it is called; otherwise what it calls itself
    ///   - labels: what the operator says about it
    ///   - uses: how many devices may use it, one unless given
    ///   - valid: for how long, 24 hours unless given
    public func invite(
        _ capabilities: String? = nil,
        name: String? = nil,
        labels: [String: String] = [:],
        uses: Int? = nil,
        valid: Duration? = nil
    ) async throws -> String {
        let terms = terms(capabilities, name, labels, uses, valid)
        return try await asking("swarm.invite") { try await $0.invite(terms: terms) }
    }

    /// Takes an invite back: nobody else is let in by it. Says whether it was still good.
    @discardableResult
    public func withdraw(_ invite: String) async throws -> Bool {
        try await asking("swarm.withdraw") { try await $0.withdraw(invite: invite) }
    }

    /// Joins a swarm by an invite, as `name`. Events that were published alone come along.
    ///
    /// Throws errors of the kind `invalidArgument` for an invite that cannot be read, is used up or
    /// too old; `alreadyExists` if the node is in a swarm; `timeout` if the issuer was not reached.
    public func join(_ invite: String, as name: String, timeout: Duration? = nil) async throws {
        try await asking("swarm.join") {
            try await $0.join(invite: invite, name: name, timeoutMicros: timeout?.micros)
        }
    }

    /// Asks the issuer at `address` to let this node in, without an invite.
    ///
    /// Returns six digits, which a person compares with those that the issuer shows (``pending()``)
    /// and then approves; ``waitJoined(timeout:)`` waits for that. Throws an error of the kind
    /// `alreadyExists` if it was let in without a comparison.
    public func ask(
        _ address: String, as name: String, timeout: Duration? = nil
    ) async throws -> String {
        try await asking("swarm.ask") {
            try await $0.ask(address: address, name: name, timeoutMicros: timeout?.micros)
        }
    }

    /// Waits until this node was let in.
    ///
    /// Throws an error of the kind `permissionDenied` if a person said no.
    public func waitJoined(timeout: Duration? = nil) async throws {
        try await asking("swarm.wait_joined") {
            try await $0.waitJoined(timeoutMicros: timeout?.micros)
        }
    }

    /// The devices that wait for approval by this issuer.
    public func pending() async throws -> [Pending] {
        try await asking("swarm.pending") { try await $0.pending().map { Pending($0) } }
    }

    /// Lets a waiting device in, with what ``invite(_:name:labels:uses:valid:)`` gives. It learns
    /// of that within seconds.
    ///
    /// Throws an error of the kind `invalidArgument` if it does not wait.
    public func approve(
        _ device: String,
        _ capabilities: String? = nil,
        name: String? = nil,
        labels: [String: String] = [:]
    ) async throws {
        let terms = terms(capabilities, name, labels, nil, nil)
        try await asking("swarm.approve") { try await $0.approve(device: device, terms: terms) }
    }

    /// Sends a waiting device away.
    public func reject(_ device: String) async throws {
        try await asking("swarm.reject") { try await $0.reject(device: device) }
    }

    /// Lets a device in whose identity is known beforehand, when it asks.
    public func preauthorise(
        _ device: String,
        _ capabilities: String? = nil,
        name: String? = nil,
        labels: [String: String] = [:],
        valid: Duration? = nil
    ) async throws {
        let terms = terms(capabilities, name, labels, nil, valid)
        try await asking("swarm.preauthorise") {
            try await $0.preauthorise(device: device, terms: terms)
        }
    }

    /// All devices of the swarm that this node knows, by identity.
    public func members() async throws -> [Member] {
        try await asking("swarm.members") { try await $0.members().map { Member($0) } }
    }

    /// Puts a device out, for good: its sessions close at once, and of its events every node keeps
    /// what this one has now.
    public func revoke(_ device: String, reason: String) async throws {
        try await asking("swarm.revoke") { try await $0.revoke(device: device, reason: reason) }
    }

    /// Renews the certificate of a device: what it may do stays, its time begins anew.
    ///
    /// Issuers do that by themselves when less than a quarter of the time is left, so this is for a
    /// device that was away until long after.
    public func renew(_ device: String) async throws {
        try await asking("swarm.renew") { try await $0.renew(device: device) }
    }

    /// How this node stands in the swarm now.
    public func status() throws -> SwarmStatus {
        SwarmStatus(try calling("swarm.status") { try native.status() })
    }

    /// The connected devices.
    public func peers() throws -> [Peer] {
        try status().peers
    }

    /// The status now, and then whenever it has changed.
    public func changes() throws -> Changes {
        Changes(try calling("swarm.changes") { try native.changes() })
    }

    /// Waits until some peer is connected and all connected peers have the same events as this
    /// node, those that it had at the time of the call in any case.
    public func waitInSync(timeout: Duration? = nil) async throws {
        try await asking("swarm.wait_in_sync") {
            try await $0.waitInSync(timeoutMicros: timeout?.micros)
        }
    }

    /// To be called when the device has changed networks: everything is dialled anew at once.
    public func networkChanged() throws {
        try calling("swarm.network_changed") { try native.networkChanged() }
    }

    private func asking<Answer: Sendable>(
        _ operation: String, _ ask: @Sendable (SwarmletNative.Swarm) async throws -> Answer
    ) async throws -> Answer {
        let native = self.native
        return try await awaiting(operation) { try await ask(native) }
    }
}

/// The status now, and then the newest whenever it has changed; who is slow misses what was in
/// between.
///
/// It ends when it is cancelled or dropped; closing the node ends it with an error of the kind
/// `closed`. A wait that is cancelled loses nothing.
public final class Changes: AsyncSequence, Sendable {
    public typealias Element = SwarmStatus

    private let native: SwarmletNative.Changes

    init(_ native: SwarmletNative.Changes) {
        self.native = native
    }

    public func makeAsyncIterator() -> Pulled<SwarmStatus>.Iterator {
        Pulled { try await self.next() }.makeAsyncIterator()
    }

    /// The newest status that was not handed out yet, `nil` at the end.
    public func next() async throws -> SwarmStatus? {
        let native = self.native
        repeat {
            try Task.checkCancellation()
            if let status = try calling("swarm.changes", { try native.take() }) {
                return SwarmStatus(status)
            }
        } while try await awaiting("swarm.changes", { try await native.ready() })
        return nil
    }

    /// Ends the stream, also for those who wait for it. Fine to call twice.
    public func cancel() {
        // This fails in a forked process only, where nothing runs that could be ended.
        try? native.cancel()
    }
}

private func terms(
    _ capabilities: String?,
    _ name: String?,
    _ labels: [String: String],
    _ uses: Int?,
    _ valid: Duration?
) -> GivenTerms {
    GivenTerms(
        capabilities: capabilities,
        name: name,
        labels: labels,
        uses: uses.map { Int64($0) },
        validMicros: valid?.micros)
}
