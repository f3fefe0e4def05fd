"""Keys: which are loaded on which side, what they open, when they are taken away again."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from sealift.actions import KEYS, named
from sealift.hosts.trouble import Trouble, TroubleError
from sealift.keys.hand import Hand
from sealift.keys.state import KeyDataset, KeyRoot, KeyTree
from sealift.keys.steps import Kind
from sealift.keys.timer import Timer, TimerState
from sealift.mentions import BUILD, LOCK
from sealift.routes import ROLES, Purpose, Role
from sealift.ui import headline, key_words, text
from sealift.ui.entries import Deed, Entry
from sealift.ui.panels.desk import Desk
from sealift.ui.panels.key_purpose import PurposeWizard
from sealift.ui.panels.key_rehearsal import RehearsalWizard
from sealift.ui.panels.key_wizard import Wizard
from sealift.ui.panels.panel import Panel, trouble_entry
from sealift.ui.panels.vault_wizard import VaultWizard
from sealift.ui.screens.dialog import Choice

COLUMNS = ("root", "host", "key", "opens", "key from", "mounted", "relocks")
READ_EVERY = 15.0  # seconds
_KINDS = {"load": Kind.LOAD, "lock": Kind.LOCK, "test": Kind.TEST}
# On every row: where nothing is there yet, it is the thing to do.
_BUILD = Deed.of(named(KEYS, "build"))


@dataclass(frozen=True, slots=True)
class Keys:
    """What one side said: its tree and its timers, or what kept it from saying so.

    `asked` is the dataset that it was asked for.
    """

    tree: KeyTree | None = None
    timers: tuple[Timer, ...] = ()
    trouble: Trouble | None = None
    asked: str = ""


async def read(hand: Hand, dataset: str) -> Keys:
    """What a side says now. Timers that cannot be listed hide no key: it could not be locked."""
    tree, timers = await asyncio.gather(
        hand.read_whole(dataset), hand.timers(), return_exceptions=True
    )
    trouble = None
    for each in (timers, tree):
        if isinstance(each, TroubleError):
            trouble = each.trouble
        elif isinstance(each, BaseException):
            raise each
    return Keys(
        None if isinstance(tree, BaseException) else tree,
        () if isinstance(timers, BaseException) else timers,
        trouble,
        dataset,
    )


def entries(
    keys: dict[Role, Keys], where: dict[Role, str], *, vault: bool, vault_of: tuple[str, ...] = ()
) -> tuple[Entry, ...]:
    """A row for every encryption root, the destination's first; what has no key, and troubles.

    `vault` says that the destination is one. `vault_of` are the routes whose vault the source is:
    a row before all others warns of it.
    """
    found: list[Entry] = []
    if vault_of and "source" in keys:
        found.append(_from_vault(where["source"], keys["source"].asked, vault_of))
    for side in reversed(ROLES):
        read = keys.get(side)
        if read is None:
            continue
        if _absent(side, read):
            found.append(_nothing_there(where[side], read))
        elif read.trouble is not None:
            found.append(replace(trouble_entry(read.trouble, len(COLUMNS)), deeds=(_BUILD,)))
        if read.tree is None:
            continue
        sealed = vault if side == "destination" else bool(vault_of)
        found += [
            _entry(side, where[side], read.tree.asked, root, read.timers, vault=sealed)
            for root in read.tree.concerned
        ]
        found += [_plain(side, where[side], each) for each in read.tree.plain]
    return tuple(found)


def _from_vault(where: str, asked: str, vault_of: tuple[str, ...]) -> Entry:
    named = ", ".join(vault_of)
    cells = (asked, where, "needs none", f"vault of {named}", "", "", "")
    details = (
        (
            f"{asked} on {where}, this route's source, is the vault of {named}. What lies there is "
            "sent on raw as it lies there, and needs no key: keystatus=unavailable is as it should "
            "be."
        ),
        "A key that is loaded there breaks that seal. Change a passphrase at the first source.",
    )
    return Entry("source\0", headline.WARNING, cells, details, ())


def _absent(side: Role, read: Keys) -> bool:
    """Whether the destination has not had its seed yet."""
    missing = read.trouble is not None and read.trouble.finding == "dataset-missing"
    return side == "destination" and read.tree is None and missing


def _nothing_there(where: str, read: Keys) -> Entry:
    cells = (read.asked, where, "none", "nothing there yet", "", "", "")
    details = (
        f"{read.asked} is not there yet: build the vault {BUILD}, step by step; it needs no key.",
    )
    return Entry(f"destination\0{read.asked}", headline.INFO, cells, details, (_BUILD,))


def _entry(
    side: Role, where: str, asked: str, root: KeyRoot, timers: tuple[Timer, ...], *, vault: bool
) -> Entry:
    mounted = root.mounted
    own = [each for each in timers if root.name in each.roots]
    running = [each for each in own if each.runs]
    cells = (
        root.name,
        where,
        "loaded" if root.open else "locked",
        text.count(len(root.members), "dataset"),
        root.dataset.key_location,
        f"{len(mounted)} of {len(root.members)}",
        _locks(running, root),
    )
    level = headline.INFO
    if root.open and (vault or side == "destination"):
        level = headline.PROBLEM if vault else headline.WARNING
    elif not root.open:
        level = headline.OK
    details = [
        key_words.roots([root]),
        *key_words.above(asked, root),
        key_words.readable([root]),
        *(key_words.timer(each) for each in own if each.runs or (root.open and _lost(each))),
    ]
    closed = "" if root.open else "Its key is not loaded."
    opened = "Its key is loaded." if root.open else ""
    deeds = (
        Deed.of(named(KEYS, "load"), opened),
        Deed.of(named(KEYS, "lock"), closed),
        Deed.of(named(KEYS, "test")),
        Deed.of(named(KEYS, "rehearse"), opened),
        *((Deed.of(named(KEYS, "purpose")),) if side == "destination" else ()),
        Deed.of(named(KEYS, "cancel"), "" if running else "No timer runs."),
        _BUILD,
    )
    return Entry(f"{side}\0{root.name}", level, cells, tuple(details), deeds)


def _lost(timer: Timer) -> bool:
    return timer.state is TimerState.LOST


def _locks(running: list[Timer], root: KeyRoot) -> str:
    if not root.open:
        return ""
    if not running:
        return "never"
    first = running[0]
    if first.state is TimerState.BUSY:
        return "due, in use"
    return f"in {text.duration(max(0, first.left))}"


def _plain(side: Role, where: str, found: KeyDataset) -> Entry:
    cells = (found.name, where, "none", "not encrypted", "", "yes" if found.mounted else "no", "")
    details = ("It is not encrypted: there is no key to load or to take away.",)
    level = headline.PROBLEM if side == "destination" else headline.WARNING
    return Entry(f"{side}\0{found.name}", level, cells, details, (_BUILD,))


class KeysPanel(Panel):
    """The list of keys."""

    title = "Keys"
    columns = COLUMNS
    kind = "key root"
    empty = "Nothing in this route is encrypted."

    def __init__(self, desk: Desk) -> None:
        self._keys: dict[Role, Keys] = {}
        super().__init__(desk)

    def entries(self) -> tuple[Entry, ...] | None:
        """The newest answers; None until a side has answered."""
        where = {side: self.desk.where(side) for side in ROLES}
        if not self._keys:
            return None
        return entries(dict(self._keys), where, vault=self._vault, vault_of=self._vault_of)

    @property
    def _vault(self) -> bool:
        return self.desk.picture.route.purpose is Purpose.VAULT

    @property
    def _vault_of(self) -> tuple[str, ...]:
        """The routes whose vault this route's source is."""
        return tuple(each.title for each in self.desk.watch.from_vaults_of)

    def opened(self) -> None:
        """Ask both hosts as long as it is open, each by itself: one may hang."""
        for side in ROLES:
            self.desk.begin(self._look(side), f"panel-keys-{side}")

    async def _look(self, side: Role) -> None:
        while self.is_open:
            await self._read(side)
            await asyncio.sleep(READ_EVERY)

    async def _read(self, side: Role) -> None:
        route = self.desk.picture.route
        root = (route.source if side == "source" else route.destination).dataset
        hand = self._hand(side)
        self._keys[side] = await read(hand, root)
        if self.is_open:
            self.draw()

    def _hand(self, side: Role) -> Hand:
        watch = self.desk.watch
        end = watch.ends.source if side == "source" else watch.ends.destination
        host = watch.source if side == "source" else watch.destination
        return Hand(host, self.desk.announce, zfs=end.zfs, elevation=end.elevation)

    async def act(self, deed: str, ids: tuple[str, ...]) -> None:
        """Walk a procedure for what was asked for, one side after the other."""
        if deed == "build":
            await VaultWizard(self.desk, self._hand("destination")).walk()
            for side in ROLES:
                self.desk.begin(self._read(side), f"panel-keys-{side}-after")
            self.desk.watch.refresh()
            return
        for side in ROLES:
            names = tuple(
                name for each, _, name in (one.partition("\0") for one in ids) if each == side
            )
            if not names:
                continue
            hand = self._hand(side)
            if deed == "cancel":
                for each in self._keys[side].timers:
                    if each.runs and set(each.roots) & set(names):
                        await _cancel_timer(self.desk, hand, each)
            elif deed == "purpose":
                route = self.desk.picture.route
                dataset = route.destination.dataset
                await PurposeWizard(self.desk, hand, dataset, route.purpose).walk()
            else:
                vault = self._vault if side == "destination" else bool(self._vault_of)
                if deed == "rehearse":
                    await RehearsalWizard(self.desk, hand, names, vault=vault).walk()
                else:
                    await Wizard(self.desk, hand, _KINDS[deed], names, vault=vault).walk()
            # Beside: whoever goes on at once is not kept waiting for it.
            self.desk.begin(self._read(side), f"panel-keys-{side}-after")
            self.desk.watch.refresh()


async def _cancel_timer(desk: Desk, hand: Hand, timer: Timer) -> None:
    """Cancel a lock timer after asking."""
    chosen = await desk.ask(
        f"Cancel timer {timer.id}",
        [
            key_words.timer(timer),
            f"Without it the key stays loaded until somebody locks it {LOCK} or the host restarts.",
        ],
        [Choice("end", "Cancel the timer", "change")],
        cancel="Let it run",
    )
    if chosen == "end":
        await desk.carry_out(hand.cancel_timer(timer), "Not cancelled")
