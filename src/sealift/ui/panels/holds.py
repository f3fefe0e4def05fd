"""Holds: who keeps which snapshot, what breaks if it is let go, and what should be held."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from sealift.actions import HOLDS, named
from sealift.hosts.trouble import TroubleError
from sealift.mentions import HOLD_THERE, RELEASE
from sealift.replication.anchors import unheld
from sealift.replication.changes import Holds
from sealift.replication.comparison import Comparison
from sealift.replication.hold_list import BASE, HoldRow, release_warning, rows
from sealift.routes import Role
from sealift.tags import Shared
from sealift.ui import dialogs, headline, text
from sealift.ui.entries import Deed, Entry
from sealift.ui.panels.desk import Desk, unreadable
from sealift.ui.panels.panel import HoldsPanel
from sealift.ui.row import Cell, SnapshotRow
from sealift.ui.row import Row as TreeRow
from sealift.ui.screens.dialog import Choice
from sealift.zfs import commands
from sealift.zfs.commands import check_tag
from sealift.zfs.holds import carrying
from sealift.zfs.names import BadNameError, join, printable, relative
from sealift.zfs.parse import ParseError

COLUMNS = ("side", "snapshot", "tag", "since", "whose")
NOT_HELD = "NOT HELD"
# 200 names of 255 bytes stay well below what one word of a remote shell may hold (128 KiB).
_BATCH = 200


@dataclass(frozen=True, slots=True)
class Held:
    """A hold, or a base that should be held and is not (`hold` is None then)."""

    side: Role
    snapshot: str
    tag: str
    hold: HoldRow | None

    @property
    def id(self) -> str:
        """What it is called in the list."""
        return "\0".join((self.side, self.snapshot, self.tag))


def list_rows(comparison: Comparison, holds: Holds, tag: str) -> tuple[Held, ...]:
    """What is not held and should be, then every hold, what the chain depends on first."""
    held = rows(comparison, holds.source, holds.destination, tag)
    return (
        *_missing(comparison, holds, tag),
        *(Held(each.side, each.snapshot, each.tag, each) for each in held),
    )


def _missing(comparison: Comparison, holds: Holds, tag: str) -> Iterator[Held]:
    carried = carrying(holds.source, tag), carrying(holds.destination, tag)
    for problem in unheld(comparison, *carried, tag):
        here = problem.side == "source"
        inventory = comparison.source if here else comparison.destination
        each = comparison.datasets[relative(problem.dataset, inventory.root)]
        entry, start = each.source if here else each.destination, each.start
        for snapshot in entry.snapshots if entry else ():
            if start is not None and snapshot.guid == start.guid:
                name = f"{problem.dataset}@{snapshot.name}"
                yield Held("source" if here else "destination", name, "", None)


def entries(
    found: tuple[Held, ...],
    comparison: Comparison,
    holds: Holds,
    tag: str,
    sharing: tuple[Shared, ...] = (),
) -> tuple[Entry, ...]:
    """A row for each. What another route holds with the same tag (`sharing`) is not released."""
    tagged = {
        "source": carrying(holds.source, tag),
        "destination": carrying(holds.destination, tag),
    }
    return tuple(
        _entry(row, comparison, tag, tagged[row.side], _others(row, tag, sharing)) for row in found
    )


def _others(row: Held, tag: str, sharing: tuple[Shared, ...]) -> str:
    """Why a hold with the route's tag may be another route's; empty if it is not."""
    same = (each for each in sharing if row.tag == tag and each.has(row.side, row.snapshot))
    return next((each.words for each in same), "")


def _entry(
    row: Held, comparison: Comparison, tag: str, tagged: frozenset[str], others: str
) -> Entry:
    whose = row.hold.whose if row.hold else BASE
    # Without the pool, which the side tells: at 80 columns the dataset has to be seen.
    name = row.snapshot.partition("/")[2] or row.snapshot
    cells = (row.side, name, row.tag if row.hold else NOT_HELD, _since(row), whose)
    level = headline.INFO
    if row.hold is None:
        level = headline.WARNING
    elif row.hold.whose == BASE:
        level = headline.OK
    already = f"It is held with the tag {tag} already." if row.snapshot in tagged else ""
    deeds = (
        Deed.of(named(HOLDS, "release"), _stays(row) or others),
        Deed.of(named(HOLDS, "hold"), already),
    )
    return Entry(row.id, level, cells, tuple(_details(row, comparison, tag, others)), deeds)


def _since(row: Held) -> str:
    if row.hold is None:
        return ""
    if row.hold.at is None:
        return row.hold.since
    try:
        return f"{datetime.fromtimestamp(row.hold.at, UTC):%Y-%m-%d %H:%M} UTC"
    except (ValueError, OverflowError, OSError):
        return row.hold.since  # no moment that a calendar knows


def _stays(row: Held) -> str:
    """Why a hold is not released from here; empty if it may be."""
    if row.hold is None:
        return "It is not held."
    if not row.hold.releasable:
        return "A running zfs send holds it, and lets it go when it ends."
    try:
        check_tag(row.tag)
    except BadNameError as error:
        return f"Its tag cannot be put into a command safely: {error}"
    return ""


def _details(row: Held, comparison: Comparison, tag: str, others: str) -> list[str]:
    if row.hold is None:
        return [
            (
                f"{row.snapshot} on the {row.side} is the base of the next increment, and nothing "
                "of this route holds it."
            ),
            (
                "Whoever destroys it breaks the chain: retention, a person, a tool. Hold it "
                f"{HOLD_THERE}."
            ),
        ]
    paragraphs = [f"{row.snapshot} on the {row.side}: {row.hold.whose}."]
    if warning := release_warning(row.hold, comparison):
        paragraphs.append(warning)
    elif others:
        paragraphs.append(others)
    elif row.tag == tag:
        paragraphs.append("Nothing depends on it: it can be released.")
    paragraphs.append(f"Tag {row.tag}, since {_since(row)}.")
    return paragraphs


def release_paragraphs(
    found: tuple[Held, ...], comparison: Comparison, command_lines: tuple[str, ...]
) -> list[str]:
    """What releasing does: the warnings first, each with the snapshots that it is about."""
    warned: dict[str, list[str]] = {}
    for row in found:
        if row.hold is not None and (warning := release_warning(row.hold, comparison)):
            whose = f"{row.hold.whose} ({row.side})"
            warned.setdefault(warning, []).append(f"{row.snapshot}: {whose}")
    paragraphs = [
        "\n".join(("!! WARNING !!", *names, warning)) for warning, names in warned.items()
    ]
    if not paragraphs:
        paragraphs.append("Nothing that this route needs depends on them.")
    return [
        *paragraphs,
        "\n".join(command_lines),
        (
            "Will not: destroy anything by itself. It lets others do so.\n"
            f"Undo: hold them again {HOLD_THERE}, as long as they are there."
        ),
    ]


def batches(names: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Names in calls that an argv can take."""
    every = tuple(names)
    for begin in range(0, len(every), _BATCH):
        yield every[begin : begin + _BATCH]


class HoldsListPanel(HoldsPanel):
    """The list of holds."""

    title = "Holds"
    columns = COLUMNS
    kind = "hold"
    empty = "Nothing is held on either side, and there is no base that should be."

    def __init__(self, desk: Desk) -> None:
        self._found: dict[str, Held] = {}
        self._tag = desk.picture.route.hold_tag
        super().__init__(desk)

    def rows(self, comparison: Comparison, holds: Holds) -> tuple[Entry, ...]:
        """Every hold, and what is missing."""
        found = list_rows(comparison, holds, self._tag)
        self._found = {row.id: row for row in found}
        return entries(found, comparison, holds, self._tag, self.desk.watch.sharing)

    async def act(self, deed: str, ids: tuple[str, ...]) -> None:
        """Release or hold what was asked for, after asking."""
        found = tuple(self._found[each] for each in ids if each in self._found)
        if not found:
            self.desk.say("It is not there any more.")
        elif deed == "release":
            await self._release(found)
        else:
            await self._hold(found)

    async def _release(self, found: tuple[Held, ...]) -> None:
        desk, comparison = self.desk, self.desk.picture.comparison
        calls: dict[tuple[Role, str], list[str]] = {}
        for row in found:
            calls.setdefault((row.side, row.tag), []).append(row.snapshot)
        several = [
            (side, tag, batch) for (side, tag), names in calls.items() for batch in batches(names)
        ]
        lines = tuple(
            desk.command(side, commands.release(tag, names)) for side, tag, names in several
        )
        if comparison is None:
            return
        chosen = await desk.ask(
            "Release " + (found[0].snapshot if len(found) == 1 else f"{len(found)} holds"),
            release_paragraphs(found, comparison, lines),
            [Choice("release", "Release", "change")],
            copy="\n".join(lines),
        )
        if chosen != "release":
            return
        for side, tag, names in several:
            if not await desk.carry_out(desk.changes.release(side, tag, names), "Not released"):
                break
        await self.read_holds()

    async def _hold(self, found: tuple[Held, ...]) -> None:
        wanted: dict[Role, list[str]] = {}
        for row in found:
            wanted.setdefault(row.side, []).append(row.snapshot)
        await hold(self.desk, {side: tuple(dict.fromkeys(n)) for side, n in wanted.items()})
        await self.read_holds()


async def hold(desk: Desk, wanted: dict[Role, tuple[str, ...]]) -> None:
    """Hold snapshots with the route's tag after asking; with two sides, on either or both."""
    tag = desk.picture.route.hold_tag
    lines = {
        side: [desk.command(side, commands.hold(tag, batch)) for batch in batches(names)]
        for side, names in wanted.items()
    }
    sides = tuple(wanted)
    words = {"source": "On the source", "destination": "On the destination"}
    choices = [Choice(side, words[side], "change") for side in sides]
    if len(sides) > 1:
        choices.append(Choice("both", "On both sides", "change"))
    count = {len(names) for names in wanted.values()}
    first = next(iter(wanted.values()))[0].partition("@")[2]
    chosen = await desk.ask(
        f"Hold @{first}" if count == {1} else "Hold snapshots",
        [
            (
                f"Nothing can destroy a snapshot that is held, until the tag {printable(tag)} is "
                "released from it."
            ),
            *("\n".join(lines[side]) for side in sides),
            f"Will not: send or destroy anything.\nUndo: release them {RELEASE}.",
        ],
        choices,
        copy="\n".join(line for side in sides for line in lines[side]),
    )
    for side in sides:
        if chosen in (side, "both"):
            for batch in batches(wanted[side]):
                if not await desk.carry_out(desk.changes.hold(side, batch), "Not held"):
                    return


def under_cursor(row: TreeRow | None, comparison: Comparison | None) -> dict[Role, str]:
    """The snapshot of a row of the trees as `dataset@name`, on each side that has it."""
    if not isinstance(row, SnapshotRow) or comparison is None:
        return {}
    sides: tuple[tuple[Role, Cell | None, str], ...] = (
        ("source", row.source, comparison.source.root),
        ("destination", row.destination, comparison.destination.root),
    )
    return {
        side: f"{join(root, row.key.below)}@{cell.name}"
        for side, cell, root in sides
        if cell is not None and not cell.bookmark
    }


async def hold_here(desk: Desk, here: dict[Role, str]) -> None:
    """Hold one snapshot, or all of its name below it, too, after asking; what has the tag is left.

    `here` is the snapshot as `dataset@name` on each side that has it.
    """
    comparison = desk.picture.comparison
    if comparison is None or not here:
        return
    below = {side: same_name(comparison, side, name) for side, name in here.items()}
    first = next(iter(here.values()))
    more = max(len(names) for names in below.values()) - 1
    wanted: dict[Role, tuple[str, ...]] = {side: (name,) for side, name in here.items()}
    if more > 0:
        chosen = await desk.ask(
            f"Hold {first}",
            [
                (
                    f"{text.count(more, 'dataset')} below {'has' if more == 1 else 'have'} a "
                    "snapshot of this name, too: together they are the tree at one moment."
                )
            ],
            [Choice("one", "Only this one"), Choice("tree", "All of the name")],
        )
        if chosen == "cancel":
            return
        wanted = below if chosen == "tree" else wanted
    try:
        holds = await desk.changes.holds()
    except TroubleError as error:
        await desk.tell("Not held", dialogs.trouble_paragraphs(error.trouble))
        return
    except (ParseError, BadNameError) as error:
        await desk.tell("Not held", [unreadable(error)])
        return
    tag = desk.picture.route.hold_tag
    tagged = {
        "source": carrying(holds.source, tag),
        "destination": carrying(holds.destination, tag),
    }
    left = {
        side: tuple(name for name in names if name not in tagged[side])
        for side, names in wanted.items()
    }
    left = {side: names for side, names in left.items() if names}
    if not left:
        desk.say(f"It is held with the tag {tag} already.")
        return
    await hold(desk, left)


def same_name(comparison: Comparison, side: Role, snapshot: str) -> tuple[str, ...]:
    """The snapshots of this name in its dataset and all below it, on one side."""
    inventory = comparison.source if side == "source" else comparison.destination
    dataset, _, name = snapshot.partition("@")
    return tuple(
        f"{held.dataset.name}@{name}"
        for held in inventory.datasets.values()
        if held.dataset.name == dataset or held.dataset.name.startswith(dataset + "/")
        if any(each.name == name for each in held.snapshots)
    )
