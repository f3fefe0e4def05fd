"""Tables for people, padded as zfs pads them."""

from __future__ import annotations

from collections.abc import Sequence


def aligned(
    rows: Sequence[Sequence[str]],
    *,
    least: Sequence[int] = (),
    right: Sequence[bool] = (),
) -> str:
    """Rows as lines, columns two spaces apart; the last one is not padded unless to the right."""
    count = len(rows[0])
    floors = least or [0] * count
    widths = [max(floors[index], *(len(row[index]) for row in rows)) for index in range(count)]
    lines: list[str] = []
    for row in rows:
        cells = [
            text.rjust(widths[index])
            if right and right[index]
            else (text if index == count - 1 else text.ljust(widths[index]))
            for index, text in enumerate(row)
        ]
        lines.append("  ".join(cells))
    return "\n".join(lines)
