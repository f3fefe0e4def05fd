"""The keys at the foot of a screen: what has no room is left out, and never the way out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from textual import events
from textual.app import ComposeResult
from textual.binding import ActiveBinding
from textual.widgets import Footer
from textual.widgets._footer import FooterKey  # it has no public name

from sealift.ui.text import width_of

_GAP = 1  # cell behind each
_WAYS_OUT = frozenset({"back", "leave", "quit"})
_LESS = frozenset({"filter", "mark", "copy"})


@dataclass(frozen=True, slots=True)
class Hint:
    """A key and what it does in a word. The lowest `rank` is left out last."""

    key: str
    title: str
    rank: int

    @property
    def width(self) -> int:
        """Cells that it takes, with the space behind it."""
        return width_of(self.key) + 1 + width_of(self.title) + _GAP


def rank(name: str, urgent: str, *, enabled: bool) -> int:
    """The rank of an action: the first trouble's key, the way out, help, what can be done."""
    if name == urgent:
        return 0
    if name in _WAYS_OUT:
        return 1
    if name == "help":
        return 2
    if not enabled:
        return 5
    return 4 if name in _LESS else 3


def fitting(hints: Sequence[Hint], width: int) -> tuple[int, ...]:
    """Which of the hints are shown in so many cells, by their places; their order stays."""
    room, kept = width + _GAP, list[int]()  # the last one needs no space behind it
    for place in sorted(range(len(hints)), key=lambda place: hints[place].rank):
        room -= hints[place].width
        if room < 0:
            break
        kept.append(place)
    return tuple(sorted(kept))


def joined(keys: Sequence[str]) -> str:
    """The keys of one entry: `1-5` where each follows the one before, else all of them."""
    follow = all(len(each) == 1 for each in keys) and all(
        ord(after) == ord(before) + 1 for before, after in pairwise(keys)
    )
    return f"{keys[0]}-{keys[-1]}" if follow and len(keys) > 1 else " ".join(keys)


class KeyFooter(Footer):
    """Textual's footer, with no more in it than can be seen.

    `urgent` is the name of the action that helps with the first trouble, empty for none; it is
    shown also where the footer would have no place for it.
    """

    def __init__(self) -> None:
        super().__init__(show_command_palette=False, compact=True)
        self.urgent = ""
        self._width = 0

    def compose(self) -> ComposeResult:
        """The keys that fit."""
        if not self._bindings_ready:
            return
        seen: set[str] = set()
        rows: dict[tuple[str, str], list[ActiveBinding]] = {}
        # A key that the user chose comes last in Textual's order: the table's is kept.
        own = [each.id for _, each in self.screen._bindings]  # noqa: SLF001
        order = {name: own.index(name) for name in own}
        active = sorted(
            self.screen.active_bindings.values(),
            key=lambda each: order.get(each.binding.id, len(own)),
        )
        for each in active:
            binding = each.binding
            urgent = binding.id is not None and binding.id == self.urgent
            if binding.action in seen or not (binding.show or urgent):
                continue
            seen.add(binding.action)
            method = binding.action.partition("(")[0]
            rows.setdefault((method, binding.description), []).append(each)
        keys = [self._key(row) for row in rows.values()]
        hints = [
            Hint(
                key.key_display,
                key.description,
                rank(row[0].binding.id or "", self.urgent, enabled=row[0].enabled),
            )
            for key, row in zip(keys, rows.values(), strict=True)
        ]
        for place in fitting(hints, self.size.width):
            yield keys[place].data_bind(compact=Footer.compact)

    def _key(self, row: Sequence[ActiveBinding]) -> FooterKey:
        """The entry of bindings that do the same with different numbers; a click is the first."""
        first = row[0].binding
        return FooterKey(
            first.key,
            joined([self.app.get_key_display(each.binding) for each in row]),
            first.description,
            first.action,
            disabled=not row[0].enabled,
            tooltip=row[0].tooltip,
        )

    def on_resize(self, event: events.Resize) -> None:
        """Others may fit now."""
        if event.size.width != self._width:
            self._width = event.size.width
            self.call_after_refresh(self.recompose)
