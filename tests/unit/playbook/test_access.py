"""What keeps us out, what we may not do, and clocks: each in the step of its side."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sealift.hosts.elevation import Elevation
from sealift.hosts.trouble import Trouble
from sealift.playbook import receiver, sending
from sealift.playbook.diagnosis import StepReport
from sealift.playbook.ground import Rights
from sealift.playbook.receiver import Receiver
from sealift.playbook.scene import Scene
from sealift.routes import Role
from sealift.zfs.allow import parse_allow
from tests.factories import mirrored
from tests.unit.playbook.scenes import at, blind, facts, ids, moving, only, scene

HOURS = [101, 102, 103]


def judged(role: Role, there: Scene, rights: Rights | None = None) -> StepReport:
    """The report of the step of a side."""
    if role == "source":
        return sending.judge(there, 0, rights)
    none = {"source": None, "destination": None}
    return receiver.judge(there, Receiver(none, none, None, None, rights))  # type: ignore[arg-type]


@pytest.mark.parametrize("role", ["source", "destination"])
@pytest.mark.parametrize(
    "name", ["host-unreachable", "authentication-failed", "host-key-changed", "zfs-missing"]
)
def test_what_keeps_us_from_a_host_is_a_problem_of_its_side_only(role: Role, name: str) -> None:
    trouble = Trouble(name, "root@nas1", "it does not let us in", "No key fits.", "See ssh-add -l.")
    there = replace(blind(), troubles={role: trouble})
    finding = only(judged(role, there), name)
    assert (finding.severity, finding.side) == ("problem", role)
    assert finding.summary == "root@nas1: it does not let us in"
    assert finding.next[0].why == "No key fits. See ssh-add -l."
    other: Role = "destination" if role == "source" else "source"
    assert judged(other, there).findings == ()


@pytest.mark.parametrize(
    ("ahead", "fires"), [(0, False), (59, False), (-59, False), (60, True), (-7200, True)]
)
@pytest.mark.parametrize("role", ["source", "destination"])
def test_a_clock_that_is_wrong_is_told(role: Role, ahead: int, *, fires: bool) -> None:
    off = facts(ahead=ahead)
    there = scene(ours=off) if role == "source" else scene(theirs=off)
    found = [each for each in judged(role, there).findings if each.id == "clock-skew"]
    assert bool(found) is fires
    for each in found:
        assert ("ahead of" if ahead > 0 else "behind") in each.summary
        assert each.severity == "warning"


SOURCE = b"""---- Permissions on tank/prod ------------------------------------
Local+Descendent permissions:
\tuser op %s
"""


def may(role: Role, *permissions: str) -> Rights:
    """What `op` may do on the root of a side."""
    root = b"tank/prod" if role == "source" else b"backup/prod"
    text = SOURCE.replace(b"tank/prod", root) % (",".join(permissions) or "diff").encode()
    return Rights(root=False, user="op", groups=("staff",), grants=parse_allow(text))


def behind(**changes: object) -> Scene:
    """A route with something to send, seen by somebody who is not root."""
    trees = mirrored({"": HOURS}, {"": HOURS[:-1]})
    op = facts(user="op")
    return scene(*trees, now=at(3.1), ours=op, theirs=op, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("role", "permissions", "severity"),
    [
        ("source", ("hold", "snapshot"), "problem"),
        ("source", ("send", "snapshot"), "problem"),
        ("source", ("send", "hold"), "info"),  # somebody else takes the snapshots
        ("destination", ("create", "mount"), "problem"),
        ("destination", ("receive", "create"), "problem"),
    ],
)
def test_what_we_may_not_do_is_named(
    role: Role, permissions: tuple[str, ...], severity: str
) -> None:
    finding = only(judged(role, behind(), may(role, *permissions)), "permission-missing")
    assert (finding.severity, finding.side) == (severity, role)
    assert finding.next[0].command.startswith("zfs allow -u op ")


@pytest.mark.parametrize(
    ("role", "permissions"),
    [
        ("source", ("send", "hold", "snapshot")),
        ("source", ("send:raw", "hold", "snapshot")),
        ("source", ("send:encrypted", "hold", "snapshot", "mount")),
        ("destination", ("receive", "create", "mount")),
        ("destination", ("receive:append", "create", "mount")),
    ],
)
def test_what_is_enough_is_enough(role: Role, permissions: tuple[str, ...]) -> None:
    assert "permission-missing" not in ids(judged(role, behind(), may(role, *permissions)))


def test_root_needs_no_rights_and_what_was_not_read_is_not_missing() -> None:
    assert "permission-missing" not in ids(judged("source", behind(), Rights(root=True, user="op")))
    assert "permission-missing" not in ids(judged("source", behind(), None))


def test_whoever_only_looks_on_is_not_told_that_something_is_wrong() -> None:
    live = moving(("zfs send -w -i @s102 tank/prod@s103",), ("zfs receive -s -u backup/prod",))
    for there in (behind(moving=live), scene(ours=facts(user="op"))):
        assert ids(judged("source", there, may("source")), "problem") == set()
        assert "permission-missing" in ids(judged("source", there, may("source")), "info")


def test_next_steps_are_typed_as_the_host_has_to_be_asked() -> None:
    there = behind(elevation=Elevation.SUDO)
    step = only(sending.judge(replace(there, now=at(9)), 0), "not-running").next[0]
    assert step.command.startswith("sudo -n zfs send -w")
    assert "sudo -n zfs receive -s -u backup/prod" in step.command
