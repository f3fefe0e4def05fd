"""Read the properties of a pool, its feature flags among them, from `zpool get -Hp all POOL`.

A line is pool, property, value, source, parted by TABs; a feature's property is `feature@NAME` and
its value `disabled`, `enabled` or `active`. Sources: zpool-get(8), zpool-features(7).
"""

from __future__ import annotations

from sealift.zfs.parse import ParseError, lines_of

_FIELDS = 4
_PREFIX = "feature@"


def parse_features(data: bytes) -> dict[str, str]:
    """The features of one pool by their full property names (`feature@encryption`).

    Other properties are passed over. Raises `ParseError` on a line that is not of such a listing.
    """
    found = parse_properties(data)
    return {name: value for name, value in found.items() if name.startswith(_PREFIX)}


def parse_properties(data: bytes) -> dict[str, str]:
    """Every property of one pool by its name. Raises `ParseError` on any other line."""
    found: dict[str, str] = {}
    for line in lines_of(data):
        fields = line.split("\t")
        if len(fields) != _FIELDS or not fields[0] or not fields[1]:
            raise ParseError("a line of `zpool get`", line)
        found[fields[1]] = fields[2]
    return found
