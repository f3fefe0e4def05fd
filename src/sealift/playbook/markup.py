"""Text of any origin in a Markdown page: it is read as it is, and nothing in it is obeyed.

What comes from a host may hold control characters, HTML, links, fences and resume tokens as long as
a page. Inline text is escaped, raw text fenced. Syntax: CommonMark 0.31 and GitHub's autolinks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from sealift.playbook.mask import Mask
from sealift.zfs.names import printable

_SPECIAL = re.compile(r"[\\`*_\[\]<>|~&#]|(?<=:)/(?=/)|(?<=www)\.", re.IGNORECASE)
_TICKS = re.compile("`+")
# The checksum's shape may be forged; what matters is that a long payload is not carried on.
_TOKEN = re.compile(r"\b([0-9]{1,9}-[0-9a-f]{1,16})-[0-9a-f]{1,16}-([0-9a-f]{17,})")
_LONGEST = 600  # characters of one line; a pipeline has its place in that
_LONGEST_RAW = 20_000


class Page:
    """A Markdown page that is being written; all that is not its own passes `mask`, if any."""

    def __init__(self, mask: Mask | None) -> None:
        self._mask = mask
        self.masked = mask is not None
        self._blocks: list[str] = []

    def markdown(self) -> str:
        """The page."""
        return "\n\n".join(self._blocks) + "\n"

    def add(self, *lines: str) -> None:
        """A block of the page's own lines, in which foreign text is escaped already."""
        if lines:
            self._blocks.append("\n".join(lines))

    def add_raw(self, lines: Iterable[str], indent: str = "") -> None:
        """Lines as they are, in a fence. Each is clean already (`line`) or ours."""
        kept = [f"{indent}{line}".rstrip() for line in lines]
        fence = _longer_than_any("\n".join(kept), 3)
        self.add(f"{indent}{fence}text", *kept, f"{indent}{fence}")

    def line(self, text: str) -> str:
        """Foreign text as one printable line, masked and not too long; not yet escaped."""
        clean = self._clean(text).strip().replace("\n", "\\n").replace("\t", " ")
        return clean if len(clean) <= _LONGEST else f"{clean[:_LONGEST]}… (shortened)"

    def lines(self, text: str) -> list[str]:
        """Foreign text as printable, masked lines, for a fence."""
        clean = self._clean(text).strip("\n").expandtabs()
        if len(clean) > _LONGEST_RAW:
            clean = f"{clean[:_LONGEST_RAW]}\n… (shortened)"
        return clean.split("\n")

    def text(self, text: str) -> str:
        """Foreign text for a sentence, but not its beginning: one line, no Markdown in it."""
        return _SPECIAL.sub(r"\\\g<0>", self.line(text))

    def code(self, text: str) -> str:
        """Foreign text as an inline code span: masked, on one line."""
        shown = self.line(text)
        ticks = _longer_than_any(shown, 1)
        # A space on both sides is taken off again.
        spaced = f" {shown} " if shown.startswith("`") or shown.endswith("`") else shown
        return f"{ticks}{spaced}{ticks}" if shown else "(nothing)"

    def _clean(self, text: str) -> str:
        short = _TOKEN.sub(_shortened, text[: 4 * _LONGEST_RAW])
        return printable(self._mask.text(short) if self._mask else short)


def _shortened(token: re.Match[str]) -> str:
    return f"{token[1]}-… (token, {len(token[0])} characters)"


def _longer_than_any(text: str, least: int) -> str:
    longest = max((len(run) for run in _TICKS.findall(text)), default=0)
    return "`" * max(least, longest + 1)
