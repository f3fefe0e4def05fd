"""All that is drawn, in ASCII: Textual's own borders too, for terminals without the glyphs."""

from __future__ import annotations

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from sealift.ui.text import in_ascii


class InAscii(LineFilter):
    """The last thing that a line goes through before it is written."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002
        """The same cells in ASCII."""
        return [Segment(in_ascii(text), style, control) for text, style, control in segments]
