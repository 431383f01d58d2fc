"""Pictures of invites."""

from __future__ import annotations

from dataclasses import dataclass

from ._native import qr_svg, qr_terminal


@dataclass(frozen=True, slots=True)
class QrCode:
    """The QR code of a text, say of an invite, for the camera of a device.

    >>> print(QrCode(invite).terminal())
    """

    text: str

    def svg(self) -> str:
        """As an SVG document, to show or to print.

        Raises :class:`InvalidArgumentError` for a text of more than 2 331 bytes; invites fit.
        """
        return qr_svg(self.text)

    def terminal(self) -> str:
        """As lines of text for a terminal, two modules a character. Raises as :meth:`svg`."""
        return qr_terminal(self.text)
