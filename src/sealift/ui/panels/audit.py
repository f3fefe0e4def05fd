"""The audit: findings first, then both hosts and every dataset, source beside destination."""

from __future__ import annotations

import asyncio

from sealift.actions import AUDIT, named
from sealift.keys.audit import Audit, audit
from sealift.keys.host_rows import host_rows
from sealift.keys.posture import Row, rows
from sealift.playbook.diagnosis import Finding
from sealift.routes import ROLES
from sealift.ui import headline
from sealift.ui.entries import Deed, Entry
from sealift.ui.panels.desk import Desk
from sealift.ui.panels.pages import show_page
from sealift.ui.panels.panel import Panel

AUDITING = "It is being read: wait until it says so, or leave with esc."
_PAGE = Deed.of(named(AUDIT, "open"))
_AGAIN = Deed.of(named(AUDIT, "again"))
_WORK = "audit"  # the group of workers that ends when the list is left


def entries(shown: Audit) -> tuple[Entry, ...]:
    """The rows of an audit, what is wrong first."""
    claim = _of_claim(shown)
    found = [_finding(number, each) for number, each in enumerate(shown.findings)]
    unknown = [
        Entry(f"unknown {number}", headline.INFO, ("unknown", sentence, ""), (sentence,), (_AGAIN,))
        for number, sentence in enumerate(shown.unseen)
    ]
    seen = [_row(f"host {row.title}", row) for row in host_rows(shown)]
    return (claim, *found, *unknown, *seen, *_datasets(shown))


def _of_claim(shown: Audit) -> Entry:
    weights = {each.severity for each in shown.findings}
    level = headline.PROBLEM if "problem" in weights else headline.OK
    if level == headline.OK and ("warning" in weights or shown.unseen):
        level = headline.WARNING
    purpose = shown.scene.route.purpose.value
    said = (
        shown.claim,
        f"Audited as a {purpose} at {shown.began:%H:%M:%S} UTC, in {shown.seconds:.1f} s.",
        *(() if shown.findings else ("Nothing is against that, as far as it could be seen.",)),
    )
    return Entry("claim", level, (purpose, "", shown.claim), said, (_AGAIN,))


def _finding(number: int, finding: Finding) -> Entry:
    # The sentence stands below: a column of a small screen would only show its ends.
    about = finding.dataset or finding.summary
    source, destination = (about, "") if finding.side == "source" else ("", about)
    steps: list[str] = []
    for each in finding.next:
        line = f"\n{each.host}$ {each.command}" if each.command else ""
        steps.append(each.why + line)
    evidence = "\n".join(
        f"{each.host}: {each.value}" + (f"\n  by {each.command}" if each.command else "")
        for each in finding.evidence
    )
    return Entry(
        f"finding {number} {finding.id}",
        finding.severity,
        (finding.id, source, destination),
        (finding.summary, *steps, evidence),
        (_PAGE, _AGAIN),
        kind="finding",
    )


def _row(name: str, row: Row) -> Entry:
    level = headline.WARNING if row.differs else headline.OK
    details = f"{row.title}\nsource:      {row.source}\ndestination: {row.destination}"
    return Entry(name, level, (row.title, row.source, row.destination), (details,), (_AGAIN,))


def _datasets(shown: Audit) -> list[Entry]:
    comparison = shown.scene.comparison
    made: list[Entry] = []
    for below, each in comparison.datasets.items() if comparison else ():
        ours, theirs = (shown.seen.trees[role].get(below) for role in ROLES)
        name, there = (one.name if one else "not there" for one in (ours, theirs))
        made.append(_row(f"dataset {below}", Row("dataset", name, there)))
        for row in rows(each, ours, theirs):
            entry = _row(f"dataset {below} {row.title}", row)
            made.append(_indented(entry))
    return made


def _indented(entry: Entry) -> Entry:
    title, *rest = entry.cells
    return Entry(entry.id, entry.level, (f"  {title}", *rest), entry.details, entry.deeds)


class AuditPanel(Panel):
    """One audit, read when it is opened and when it is asked for again."""

    title = "Audit"
    columns = ("what", "source", "destination")
    kind = "fact"
    empty = "Nothing was read."

    def __init__(self, desk: Desk) -> None:
        self._rows: tuple[Entry, ...] | None = None
        self._reading = False
        super().__init__(desk)

    def opened(self) -> None:
        """Read both sides."""
        self._again()

    def entries(self) -> tuple[Entry, ...] | None:
        """The rows; None while they are read for the first time."""
        return self._rows

    async def act(self, deed: str, ids: tuple[str, ...]) -> None:
        """Show a page of the catalogue, or read again."""
        if deed == "again":
            if self._reading:
                self.desk.say(AUDITING, warning=True)
            else:
                self._again()
        elif ids:
            show_page(self.desk, ids[0].rpartition(" ")[2])

    def _again(self) -> None:
        self._reading = True
        self.desk.begin(self._read(), _WORK)

    async def _read(self) -> None:
        try:
            found = await audit(self.desk.watch)
            # In a thread: a tree of a thousand datasets has twelve thousand rows.
            self._rows = await asyncio.to_thread(entries, found)
        finally:
            self._reading = False
        if self.is_open:
            self.draw()

    def _close(self) -> None:
        route = self.desk.screen
        route.workers.cancel_group(route, _WORK)
        super()._close()
