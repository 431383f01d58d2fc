internal import SwarmletNative

/// The QR code of a text, say of an invite, for the camera of a device.
public struct QrCode: Sendable, Hashable {
    public let text: String

    public init(_ text: String) {
        self.text = text
    }

    /// As an SVG document, to show or to print.
    ///
    /// Throws an error of the kind `invalidArgument` for a text of more than 2 331 bytes; invites
    /// fit.
    public func svg() throws -> String {
        try checkLibrary("qr")
        return try calling("qr") { try qrSvg(text: text) }
    }

    /// As lines of text for a terminal, two modules a character. Throws as ``svg()``.
    public func terminal() throws -> String {
        try checkLibrary("qr")
        return try calling("qr") { try qrTerminal(text: text) }
    }
}
