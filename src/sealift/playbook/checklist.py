"""What a first look at a host means, line by line. Pure.

Every line has a state in words, what was found, what that means and what to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from sealift import words
from sealift.hosts.trouble import Trouble
from sealift.playbook import access, thresholds
from sealift.replication.host_look import HostLook
from sealift.routes import Role
from sealift.zfs import allow
from sealift.zfs.listings import Dataset, KeyStatus
from sealift.zfs.pools import Pool

OLDEST = (2, 1, 0)  # what the commands and their readers are held against begins here
_KEYS = {KeyStatus.AVAILABLE: "key loaded", KeyStatus.UNAVAILABLE: "locked", KeyStatus.NONE: ""}
_GRANT = (
    "Nothing is needed to look on. To replicate without root, have root allow it: on a source\n"
    "zfs allow -u USER send,snapshot,hold,release,bookmark DATASET\n"
    "and above a destination\n"
    "zfs allow -u USER receive:append,create,mount,hold,release DATASET\n"
    "docs/least-privilege.md has the whole of it."
)


class State(Enum):
    """How a line of the checklist came out."""

    OK = "ok"
    WARNING = "warning"
    UNSEEN = "cannot be seen"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """One line. `details` are paragraphs: what it means, what to do, what the host said.

    `dataset` is the dataset that it is about, empty for all others.
    """

    id: str
    title: str
    state: State
    found: str
    details: tuple[str, ...] = ()
    dataset: str = ""


def checklist(look: HostLook) -> tuple[Check, ...]:
    """All lines of a host, from the way in to its datasets."""
    return (
        _login(look),
        _version(look),
        _clock(look),
        _rights(look),
        *_pools(look),
        *_datasets(look),
    )


def worst(checks: tuple[Check, ...]) -> State:
    """The worst state of these lines; what cannot be seen is worse than a warning."""
    order = (State.OK, State.WARNING, State.UNSEEN, State.FAILED)
    return max((each.state for each in checks), key=order.index)


def may(look: HostLook, dataset: str, role: Role) -> tuple[State, str]:
    """Whether we may send from, or receive into, a dataset that need not be there yet."""
    doing = "send and hold" if role == "source" else "receive and create"
    if look.facts is None:
        return State.UNSEEN, "the host was not seen"
    if look.root:
        return State.OK, f"may {doing}: {_as_root(look)}"
    granted = look.granted
    if granted is None:
        return State.UNSEEN, "what is allowed there could not be read"
    above = [each for each in granted.grants if f"{dataset}/".startswith(f"{each.dataset}/")]
    missing = access.lacking(role, allow.allowed(above, dataset, look.facts.user, granted.groups))
    if not missing:
        return State.OK, f"{granted.user} may {doing}"
    if not _was_asked(look, dataset):
        return State.UNSEEN, "what is allowed so deep in the tree is asked when the route is opened"
    return State.WARNING, f"{granted.user} is neither root nor allowed to {', '.join(missing)}"


def _was_asked(look: HostLook, dataset: str) -> bool:
    """Whether the grants of a dataset, or of what it will be below, were all seen."""
    there = {each.name for each in look.datasets or ()}
    while dataset not in there and "/" in dataset:
        dataset = dataset.rpartition("/")[0]
    asked = look.granted.datasets if look.granted else ()
    return any(f"{each}/".startswith(f"{dataset}/") for each in asked)


def _told(trouble: Trouble | None) -> tuple[str, ...]:
    if trouble is None:
        return ()
    raw = f"The host or the program said:\n{trouble.raw}" if trouble.raw else ""
    return tuple(each for each in (trouble.means, trouble.mend, raw) if each)


def _login(look: HostLook) -> Check:
    facts, trouble = look.facts, look.trouble
    if facts is not None:
        found = f"as {facts.user} on {facts.hostname} ({facts.system})"
        return Check("login", "Login", State.OK, found)
    if look.unknown_key is not None:
        found = "its host key is not known here"
        means = (
            "Nothing was said to it yet. Compare the key with what its owner says: enter shows it."
        )
        return Check("login", "Login", State.FAILED, found, (means, *_told(trouble)))
    if look.connected:
        return Check("login", "Login", State.OK, "reached and logged in")
    what = trouble.what if trouble else "it was not reached"
    return Check("login", "Login", State.FAILED, what, _told(trouble))


def _version(look: HostLook) -> Check:
    if look.facts is None:
        if not look.connected or look.trouble is None:
            return _unseen("zfs", "ZFS")
        return Check("zfs", "ZFS", State.FAILED, look.trouble.what, _told(look.trouble))
    version = look.facts.version
    if version.module is None:
        means = "The kernel module is not loaded: there is no pool. As root: modprobe zfs."
        return Check("zfs", "ZFS", State.FAILED, f"{version.userland}, no module", (means,))
    found = version.userland
    if version.module != version.userland:
        found += f", module {version.module}"
    release = version.module_release or version.release
    if release is not None and release < OLDEST:
        means = "Sealift is held against OpenZFS 2.1 to 2.4. An older one may say other things."
        return Check("zfs", "ZFS", State.WARNING, f"{found}, older than 2.1", (means,))
    return Check("zfs", "ZFS", State.OK, found)


def _clock(look: HostLook) -> Check:
    if look.facts is None:
        return _unseen("clock", "Clock")
    ahead = look.facts.ahead_seconds
    if abs(ahead) < thresholds.CLOCK_SKEW.value:
        return Check("clock", "Clock", State.OK, "as ours")
    which = "ahead of" if ahead > 0 else "behind"
    means = "Names and ages of snapshots, and so lag and limits, follow it. One of both is wrong."
    found = f"{words.duration(abs(ahead))} {which} ours"
    return Check("clock", "Clock", State.WARNING, found, (means, "timedatectl says what keeps it."))


def _as_root(look: HostLook) -> str:
    facts = look.facts
    if facts is None or facts.uid == 0:
        return "root"
    return f"root by `{facts.elevation.value}`"


def _rights(look: HostLook) -> Check:
    if look.facts is None:
        return _unseen("rights", "Rights")
    if look.root:
        return Check("rights", "Rights", State.OK, _as_root(look))
    if look.granted is None:
        found = "what is allowed could not be read" if look.datasets else "there is nothing to ask"
        details = (*_told(look.granted_trouble), _GRANT)
        return Check("rights", "Rights", State.UNSEEN, found, details)
    asked = f"Asked of {', '.join(look.granted.datasets)} and what is above."
    sends, receives = _topmost(look, "source"), _topmost(look, "destination")
    found = "; ".join(
        f"may {doing} {', '.join(names)}"
        for doing, names in (("send", sends), ("receive into", receives))
        if names
    )
    if found:
        return Check("rights", "Rights", State.OK, f"{look.facts.user} {found}", (asked,))
    found = f"{look.facts.user} is neither root nor allowed to send or receive"
    return Check("rights", "Rights", State.WARNING, found, (asked, _GRANT))


def _topmost(look: HostLook, role: Role) -> list[str]:
    """The datasets that we may replicate, without those below others."""
    named: list[str] = []
    for each in look.datasets or ():
        below = any(each.name.startswith(f"{name}/") for name in named)
        if not below and may(look, each.name, role)[0] is State.OK:
            named.append(each.name)
    return named


def _pools(look: HostLook) -> Iterator[Check]:
    if look.pools is None:
        yield _unseen("pools", "Pools", look.pools_trouble)
    elif not look.pools:
        means = "`zpool import` there lists pools that could be imported."
        yield Check("pools", "Pools", State.WARNING, "none is imported", (means,))
    else:
        yield from map(_pool, look.pools)


def _pool(pool: Pool) -> Check:
    room = f"{pool.capacity} % full, {words.size(pool.free)} free" if pool.size else "no size"
    found, title = f"{pool.health}, {room}", f"Pool {pool.name}"
    if pool.health == "ONLINE":
        return Check(f"pool {pool.name}", title, State.OK, found)
    state = State.WARNING if pool.health == "DEGRADED" else State.FAILED
    means = f"`zpool status {pool.name}` there says what is wrong and what to do."
    return Check(f"pool {pool.name}", title, state, found, (means,))


def _datasets(look: HostLook) -> Iterator[Check]:
    if look.datasets is None:
        yield _unseen("datasets", "Datasets", look.datasets_trouble)
        return
    above_encrypted = {
        each.name.rsplit("/", depth)[0]
        for each in look.datasets
        if each.encrypted
        for depth in range(1, each.name.count("/") + 1)
    }
    for each in look.datasets:
        yield _dataset(each, over_encrypted=each.name in above_encrypted)


def _dataset(it: Dataset, *, over_encrypted: bool) -> Check:
    lines = [
        f"{words.size(it.used)} used, {words.size(it.available)} available",
        "mounted" if it.mounted else "not mounted",
    ]
    if not it.encrypted:
        if over_encrypted:
            found, state = "not encrypted itself, some below it are", State.OK
            lines.append("As a source it would stop the plan: choose an encrypted dataset below.")
        else:
            found, state = "not encrypted", State.WARNING
            lines.append(
                "As a source it cannot be sent raw: a route leaves it out, or does not begin here."
            )
        return Check(it.name, it.name, state, found, ("\n".join(lines),), it.name)
    own = it.encryption_root == it.name
    found = "encryption root" if own else f"key of {it.encryption_root}"
    found += f", {_KEYS[it.key_status]}"
    lines.append(f"{it.encryption}, keyformat {it.key_format or 'unknown'}")
    if it.resume_token:
        lines.append("A receive was interrupted here: it holds a resume token.")
    return Check(it.name, it.name, State.OK, found, ("\n".join(lines),), it.name)


def _unseen(identity: str, title: str, trouble: Trouble | None = None) -> Check:
    found = trouble.what if trouble else "what stands above has to be in order first"
    return Check(identity, title, State.UNSEEN, found, _told(trouble))
