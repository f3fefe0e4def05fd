"""Take out of an answer what cannot be equal on two hosts, and keep all that can.

Identities (guids, tokens) are numbered as they appear in a story: that two of them are equal stays
visible. Sizes, dates and other counts are only marked. Columns that are padded to the width of such
a value are compared without the width.
"""

from __future__ import annotations

import re

_DAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ \d]\d"
_RULE = re.compile(
    r"(?P<token>\b1-[0-9a-f]+-[0-9a-f]+-789c[0-9a-f]+)"
    rf"|(?P<date>\b{_DAY} [ \d]\d:\d\d(?::\d\d)? \d{{4}}|\b\d{{4}}-\d\d-\d\d\.\d\d:\d\d:\d\d)"
    r"|(?P<time>\b\d\d:\d\d:\d\d)"
    r"|(?P<temporary>\.send-\d+-\d+)"
    r"|(?P<hexid>\b0x[0-9a-f]{11,16}\b)"
    r"|(?P<hex>\b0x[0-9a-f]+\b)"
    r"|(?P<id>(?<![\d.])\d{12,20}\b)"
    r"|(?P<epoch>\b1[5-9]\d{8}\b)"
    r"|(?P<size>(?<![\w.-])\d+(?:\.\d+)?[BKMGT]\b)"
    r"|(?P<seconds>\b\d+\.\d\d(?= seconds))"
    r"|(?P<n>(?<![\w.-])\d{4,11}(?![\w.-]))"
)

# Tables that end a usage message: one step of a story compares the checksum of each.
_LONG = re.compile(
    r"((?:properties are supported|permissions are supported|one of the following):\n)"
    r"(?:.*\n)*?(?=zfs: error|\Z)"
)


class Normaliser:
    """Normalises the answers of one story, in their order."""

    def __init__(self) -> None:
        self._known: dict[str, dict[str, int]] = {"token": {}, "id": {}}

    def normalise(self, text: str) -> str:
        """The text without what is the host's own."""
        text = _LONG.sub("\\1{table}\n", text)
        return re.sub(r"(?<=\S) {2,}(?=\S)", "  ", _RULE.sub(self._replace, text))

    def _replace(self, match: re.Match[str]) -> str:
        kind, value = match.lastgroup or "", match[0]
        if kind == "hexid":
            kind, value = "id", str(int(value, 16))
        if kind in self._known:
            number = self._known[kind].setdefault(value, len(self._known[kind]) + 1)
            return f"{{{kind} {number}}}"
        return f"{{{kind}}}"
