/** Pictures of invites. */

import { called, text } from "./failure.js";
import { native } from "./native.js";

/**
 * The QR code of a text, say of an invite, for the camera of a device.
 *
 * Throws `InvalidArgumentError` for a text of more than 2 331 bytes; invites fit.
 */
export class QrCode {
  readonly text: string;

  constructor(content: string) {
    this.text = text("qr", "text", content);
  }

  /** As an SVG document, to show or to print. */
  svg(): string {
    return called("qr_svg", () => native.qrSvg(this.text));
  }

  /** As lines of text for a terminal, two modules a character. */
  terminal(): string {
    return called("qr_terminal", () => native.qrTerminal(this.text));
  }
}
