package io.github.swarmlet

import io.github.swarmlet.internal.qrSvg
import io.github.swarmlet.internal.qrTerminal

/** The QR code of a text, say of an invite, for the camera of a device. */
public data class QrCode(public val text: String) {
    /**
     * As an SVG document, to show or to print.
     *
     * Throws [SwarmletException.InvalidArgument] for a text of more than 2 331 bytes; invites fit.
     */
    public fun svg(): String {
        Library.ensureLoaded()
        return calling("qr") { qrSvg(text) }
    }

    /** As lines of text for a terminal, two modules a character. Throws as [svg]. */
    public fun terminal(): String {
        Library.ensureLoaded()
        return calling("qr") { qrTerminal(text) }
    }
}
