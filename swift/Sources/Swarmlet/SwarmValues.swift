import Foundation
internal import SwarmletNative

/// A swarm that was just founded. Shown without its key, which does not belong into a log.
public struct Founded: Sendable, CustomStringConvertible, CustomReflectable {
    /// The swarm.
    public let swarm: String
    /// The root key, a line of text. It is given out this once and kept nowhere: who has it can
    /// make issuers, so print it and put it into a safe.
    public let rootKey: String

    public var description: String { "Founded(swarm: \(swarm))" }
    public var customMirror: Mirror { Mirror(self, children: ["swarm": swarm]) }
}

/// A device of the swarm.
public struct Member: Sendable, Hashable {
    /// Its identity.
    public let node: String
    /// What it is called.
    public let name: String
    /// What it may do, like `rw:sensors*,r:*`.
    public let capabilities: String
    /// What the operator said about it.
    public let labels: [String: String]
    /// Whether it lets others in.
    public let isIssuer: Bool
    /// Whether it is out.
    public let isRevoked: Bool
    /// When its certificate ends.
    public let notAfter: Date
}

/// A device that waits for approval.
public struct Pending: Sendable, Hashable {
    /// Its identity, with which it is approved or rejected.
    public let device: String
    /// What it calls itself.
    public let name: String
    /// Six digits. Approve the device if it shows the same.
    public let code: String
    /// When it asked.
    public let since: Date
}

/// A connected device.
public struct Peer: Sendable, Hashable {
    /// Its identity.
    public let node: String
    /// Where it was reached, or where it came from; empty if not known.
    public let address: String
    /// Whether both have the same events, as far as both have said.
    public let isInSync: Bool
    /// Events that it has and this node lacks.
    public let behind: Int64
    /// Events that this node has and it lacks.
    public let ahead: Int64
    /// For how long one of the two was not zero; in whole seconds.
    public let lag: Duration
    /// How long a frame and its answer took last.
    public let roundTrip: Duration?
}

/// A connection that was refused or closed.
public struct Refused: Sendable, Hashable {
    /// The address that was dialled, the host that dialled, or the device.
    public let with: String
    public let reason: String
}

/// How a node stands in its swarm.
public struct SwarmStatus: Sendable, Hashable {
    /// Where it listens.
    public let listening: [String]
    /// The connected devices.
    public let peers: [Peer]
    /// How many events of each stream some peer has and this node lacks.
    public let toReplicate: [String: Int64]
    /// Connections that were refused or closed. The newest last; the last 32.
    public let refused: [Refused]
    /// What people should know of: forks, clones, refused events; the last 32.
    public let incidents: [String]
    /// Whether some peer is connected, and all of them have the same as this node.
    public let isInSync: Bool
}

extension SwarmStatus {
    init(_ native: SwarmState) {
        listening = native.listening
        peers = native.peers.map { Peer($0) }
        toReplicate = native.toReplicate
        refused = native.refused.map { Refused(with: $0.with, reason: $0.reason) }
        incidents = native.incidents
        isInSync = native.isInSync
    }
}

extension Peer {
    fileprivate init(_ native: ConnectedPeer) {
        node = native.node
        address = native.address
        isInSync = native.isInSync
        behind = native.behind
        ahead = native.ahead
        lag = .microseconds(native.lagMicros)
        roundTrip = native.roundTripMicros.map { .microseconds($0) }
    }
}

extension Pending {
    init(_ native: WaitingDevice) {
        device = native.device
        name = native.name
        code = native.code
        since = Date(timeIntervalSince1970: Double(native.since))
    }
}

extension Member {
    init(_ native: SwarmMember) {
        node = native.node
        name = native.name
        capabilities = native.capabilities
        labels = native.labels
        isIssuer = native.isIssuer
        isRevoked = native.isRevoked
        notAfter = Date(timeIntervalSince1970: Double(native.notAfter))
    }
}
