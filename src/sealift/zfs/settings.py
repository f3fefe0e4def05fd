"""Read `zfs get -Hp`: properties of datasets, each with where its value comes from.

A line is dataset, property, value, source, parted by TABs. A value may itself hold a TAB (a mount
point can), so it is what stands between the second field and the last. Sources: zfs-get(8).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sealift.zfs.names import BadNameError, check_dataset, printable
from sealift.zfs.parse import ParseError, lines_of

_READING = "a line of `zfs get`"
_FIELDS = 4


@dataclass(frozen=True, slots=True)
class Setting:
    """A property's value, printable, and its source: `local`, `received`, `default`, `-` or
    `inherited from DATASET`.
    """

    value: str
    source: str

    def text(self) -> str:
        """Both, for a person; a source that says nothing is left out."""
        return self.value if self.source in {"-", "default"} else f"{self.value} ({self.source})"


Settings = Mapping[str, Mapping[str, Setting]]
"""By dataset, then by property. A property that does not apply (`-`) is not in it."""


def parse_settings(data: bytes) -> Settings:
    """Read the listing of `commands.settings`. Raises `ParseError` on any other line."""
    found: dict[str, dict[str, Setting]] = {}
    for line in lines_of(data):
        fields = line.split("\t")
        if len(fields) < _FIELDS:
            raise ParseError(_READING, line)
        try:
            of_it = found.setdefault(check_dataset(fields[0]), {})
        except BadNameError as error:
            raise ParseError(_READING, line) from error
        value = "\t".join(fields[2:-1])
        if value != "-":
            of_it[fields[1]] = Setting(printable(value), printable(fields[-1]))
    return found
