"""Prune: which snapshots may go from one side, which may not and why; and destroying the former."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from sealift.actions import PRUNE, named
from sealift.hosts.trouble import TroubleError
from sealift.mentions import DESTROY
from sealift.replication.changes import Holds
from sealift.replication.comparison import Comparison
from sealift.replication.pruning import Verdict, by_dataset, prune_list
from sealift.routes import Role
from sealift.ui import dialogs, headline, text
from sealift.ui.entries import Deed, Entry
from sealift.ui.panels.desk import Desk, unreadable
from sealift.ui.panels.panel import HoldsPanel
from sealift.ui.screens.dialog import Choice
from sealift.zfs import commands
from sealift.zfs.listings import Snapshot
from sealift.zfs.names import BadNameError
from sealift.zfs.parse import ParseError

COLUMNS = ("dataset", "snapshot", "made", "frees", "verdict")
MAY_GO, STAYS = "may go", "stays"
NONE_MAY_GO = "Nothing may go from this side."
# All names of one call are one word of its argv, and a remote shell takes 128 KiB in one.
_WORD = 32_000


def verdicts_of(comparison: Comparison, holds: Holds, side: Role) -> tuple[Verdict, ...]:
    """The verdicts on one side's snapshots: what may go first, each part in the tree's order."""
    found = prune_list(
        comparison, source_holds=holds.source, destination_holds=holds.destination, side=side
    )
    return tuple(
        sorted((each for each in found if each.side == side), key=lambda each: not each.may_go)
    )


def entries(found: tuple[Verdict, ...], comparison: Comparison, side: Role) -> tuple[Entry, ...]:
    """A row for each verdict."""
    inventory = comparison.source if side == "source" else comparison.destination
    above = inventory.root.rpartition("/")[0]
    known = {
        (held.dataset.name, each.guid): each
        for held in inventory.datasets.values()
        for each in held.snapshots
    }
    none = "" if any(each.may_go for each in found) else NONE_MAY_GO
    shared = (
        Deed.of(named(PRUNE, "all"), none),
        Deed.of(named(PRUNE, "other")),
    )
    return tuple(
        _entry(each, known[each.dataset, each.guid], each.dataset.removeprefix(f"{above}/"), shared)
        for each in found
    )


def _entry(each: Verdict, snapshot: Snapshot, label: str, shared: tuple[Deed, ...]) -> Entry:
    """A row; `label` is the dataset without what is above the tree, which the heading says."""
    name = full_name(each)
    verdict = f"{MAY_GO if each.may_go else STAYS}: {each.why}"
    made = f"{datetime.fromtimestamp(snapshot.creation, UTC):%Y-%m-%d %H:%M}"
    # The year is in the details: a narrow screen has no room for it.
    cells = (label, f"@{each.name}", made[5:], text.size_short(snapshot.used), verdict)
    refusal = "" if each.may_go else f"It stays: {each.why}."
    destroy = Deed.of(named(PRUNE, "destroy"), refusal)
    details = (
        f"{name}: {verdict}.",
        (
            f"Made {made} UTC. Alone it frees {text.size(snapshot.used)}; what several share is "
            f"freed only when all of them go. Destroying it {DESTROY} asks ZFS first."
        ),
    )
    level = headline.OK if each.may_go else headline.INFO
    return Entry(name, level, cells, details, (destroy, *shared))


def full_name(each: Verdict) -> str:
    """`dataset@snapshot`."""
    return f"{each.dataset}@{each.name}"


def calls(found: tuple[Verdict, ...]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """What one `zfs destroy` each takes: a dataset, and no more names than fit into its argv."""
    return tuple(
        (dataset, batch) for dataset, names in by_dataset(found) for batch in _that_fit(names)
    )


def _that_fit(names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    batch: list[str] = []
    length = 0
    for name in names:
        if batch and length + len(name) >= _WORD:
            yield tuple(batch)
            batch, length = [], 0
        batch.append(name)
        length += len(name) + 1
    if batch:
        yield tuple(batch)


class PrunePanel(HoldsPanel):
    """The list of what may go, of one side at a time."""

    title = "Prune"
    columns = COLUMNS
    kind = "candidate"
    empty = "There is no snapshot."

    def __init__(self, desk: Desk, side: Role = "source", holds: Holds | None = None) -> None:
        self.side: Role = side
        self._found: dict[str, Verdict] = {}
        super().__init__(desk)
        self.holds = holds

    @property
    def heading(self) -> str:
        """Which side this is about stands over the list."""
        picture = self.desk.picture
        location = (picture.source if self.side == "source" else picture.destination).location
        return f"{self.title} the {self.side.upper()}   {location.text()}"

    def rows(self, comparison: Comparison, holds: Holds) -> tuple[Entry, ...]:
        """Every snapshot of the side."""
        found = verdicts_of(comparison, holds, self.side)
        self._found = {full_name(each): each for each in found}
        return entries(found, comparison, self.side)

    async def act(self, deed: str, ids: tuple[str, ...]) -> None:
        """Show the other side, or destroy what was asked for after asking."""
        if deed == "other":
            side: Role = "destination" if self.side == "source" else "source"
            other = PrunePanel(self.desk, side, self.holds)
            self.give_way(lambda: self.desk.screen.open_panel(other))
            return
        asked = self._found.values() if deed == "all" else [self._found.get(each) for each in ids]
        found = tuple(each for each in asked if each is not None and each.may_go)
        if not found:
            self.desk.say(NONE_MAY_GO, warning=True)
            return
        await self._destroy(found)

    async def _destroy(self, found: tuple[Verdict, ...]) -> None:
        desk, side, comparison = self.desk, self.side, self.desk.picture.comparison
        if comparison is None:
            return
        root = (comparison.source if side == "source" else comparison.destination).root
        several = calls(found)
        try:
            said = [
                (await desk.changes.dry_run(side, dataset, names)).rstrip()
                for dataset, names in several
            ]
        except TroubleError as error:
            await desk.tell("Nothing destroyed", dialogs.trouble_paragraphs(error.trouble))
            return
        except (ParseError, BadNameError) as error:
            await desk.tell("Nothing destroyed", [unreadable(error)])
            return
        lines = [desk.command(side, commands.destroy(dataset, names)) for dataset, names in several]
        chosen = await desk.ask(
            f"Destroy {text.count(len(found), 'snapshot')} on {desk.where(side)}",
            destroy_paragraphs(side, desk.where(side), said, lines),
            [Choice("destroy", "Destroy", "destruction")],
            copy="\n".join(lines),
            typed=root,
        )
        if chosen != "destroy":
            return
        for dataset, names in several:
            doing = desk.changes.destroy(side, dataset, names)
            if not await desk.carry_out(doing, f"Not destroyed: snapshots of {dataset}"):
                return
        desk.say(f"Destroyed: {text.count(len(found), 'snapshot')}.")


def _reclaimed(said: list[str]) -> int | None:
    """What `zfs destroy -nvp` says of all datasets together, in bytes; None if it does not say."""
    numbers = [
        line.partition("\t")[2]
        for each in said
        for line in each.splitlines()
        if line.startswith("reclaim\t")
    ]
    if len(numbers) != len(said) or not all(number.isdecimal() for number in numbers):
        return None
    return sum(int(number) for number in numbers)


def destroy_paragraphs(side: Role, where: str, said: list[str], lines: list[str]) -> list[str]:
    """What dies, in the words of ZFS, and by which commands."""
    other = "destination" if side == "source" else "source"
    frees = _reclaimed(said)
    together = f" Together they free {text.size(frees)}." if frees is not None else ""
    return [
        (
            f"On {where} (the {side}) these are destroyed. The {other} has each of them, by "
            f"guid.{together}"
        ),
        "`zfs destroy -nvp` says:",
        *said,
        "\n".join(lines),
        (
            "Each dataset is looked at again first; nothing of it is destroyed if one of its "
            "snapshots may not go any more. There is no undo."
        ),
    ]
