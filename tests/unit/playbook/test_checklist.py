"""What a first look says of a host: a state in words for every line, and the way on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sealift.hosts.trouble import Trouble, UnknownKey
from sealift.playbook.checklist import Check, State, checklist, may, worst
from sealift.replication.host_look import ASKED, HostLook, asked_about
from sealift.zfs.pools import parse_version
from tests import looks
from tests.factories import dataset

GRANTS = """\
---- Permissions on tank/prod ---------------------------------------
Local+Descendent permissions:
\tuser zsend bookmark,hold,release,send,snapshot
"""


def line(look: HostLook, identity: str) -> Check:
    return next(each for each in checklist(look) if each.id == identity)


def states(look: HostLook) -> dict[str, State]:
    return {each.id: each.state for each in checklist(look)}


def test_a_quiet_host_is_in_order_line_by_line() -> None:
    found = states(looks.source())
    assert found.pop("tank/scratch") is State.WARNING, "it is in the clear"
    assert set(found.values()) == {State.OK}
    assert list(found)[:5] == ["login", "zfs", "clock", "rights", "pool tank"]
    assert line(looks.source(), "login").found == "as root on a-host (Linux)"
    assert line(looks.source(), "tank/prod").found == "encryption root, key loaded"
    assert line(looks.source(), "tank/prod/db").found == "key of tank/prod, key loaded"
    assert "some below it are" in line(looks.source(), "tank").found


def test_of_a_host_that_is_gone_nothing_else_can_be_seen() -> None:
    found = states(looks.gone())
    assert found.pop("login") is State.FAILED
    assert set(found) == {"zfs", "clock", "rights", "pools", "datasets"}
    assert set(found.values()) == {State.UNSEEN}
    assert "ssh old1" in " ".join(line(looks.gone(), "login").details)
    assert worst(checklist(looks.gone())) is State.FAILED


def test_a_host_key_that_nobody_has_says_how_to_see_it() -> None:
    key = UnknownKey("nas1", "ssh-ed25519", "SHA256:x", "nas1 ssh-ed25519 x", Path("k"))
    look = replace(looks.gone(), unknown_key=key)
    assert line(look, "login").state is State.FAILED
    assert "enter shows it" in line(look, "login").details[0]


def test_a_host_without_zfs_was_reached() -> None:
    trouble = Trouble("zfs-missing", "nas1", "there is no `zfs` there", "It is not installed.")
    look = HostLook("nas1", connected=True, trouble=trouble)
    assert (states(look)["login"], states(look)["zfs"]) == (State.OK, State.FAILED)
    assert line(look, "zfs").details == ("It is not installed.",)


@pytest.mark.parametrize(
    ("version", "state", "said"),
    [
        ("zfs-2.3.2\nzfs-kmod-2.2.7\n", State.OK, "2.3.2, module 2.2.7"),
        ("zfs-2.0.3\nzfs-kmod-2.0.3\n", State.WARNING, "older than 2.1"),
        ("zfs-2.3.2\n", State.FAILED, "no module"),
    ],
)
def test_versions(version: str, state: State, said: str) -> None:
    look = replace(looks.source(), facts=looks.facts(version=parse_version(version.encode())))
    assert line(look, "zfs").state is state
    assert said in line(look, "zfs").found


def test_a_clock_that_is_wrong_is_a_warning() -> None:
    look = replace(looks.source(), facts=looks.facts(ahead_seconds=-7200))
    assert line(look, "clock").state is State.WARNING
    assert line(look, "clock").found == "2 h 00 min behind ours"


def test_pools_that_are_ill_or_missing() -> None:
    ill = replace(
        looks.source(), pools=(looks.pool("tank", "DEGRADED"), looks.pool("b", "FAULTED"))
    )
    assert (states(ill)["pool tank"], states(ill)["pool b"]) == (State.WARNING, State.FAILED)
    assert states(replace(looks.source(), pools=()))["pools"] is State.WARNING
    refused = Trouble("permission-missing", "nas1", "it may not be asked", "/dev/zfs is shut.")
    unseen = replace(looks.source(), pools=None, pools_trouble=refused)
    assert states(unseen)["pools"] is State.UNSEEN
    assert line(unseen, "pools").details == ("/dev/zfs is shut.",)


def test_rights_without_root() -> None:
    look = looks.delegated(looks.source(), GRANTS, "tank/prod/db", "tank/scratch")
    assert line(look, "rights").state is State.OK
    assert line(look, "rights").found == "zsend may send tank/prod"
    assert may(look, "tank/prod/db", "source") == (State.OK, "zsend may send and hold")
    assert may(look, "tank/prod/new", "source")[0] is State.OK, "granted below, too"
    state, said = may(look, "tank/scratch", "source")
    assert state is State.WARNING
    assert said == "zsend is neither root nor allowed to send, hold"
    assert may(look, "tank/prod/db", "destination")[0] is State.WARNING
    assert may(look, "tank/scratch/deep/new", "destination")[0] is State.WARNING


def test_rights_that_were_not_asked_for_are_unknown() -> None:
    look = looks.delegated(looks.source(), GRANTS, "tank/prod/db")
    assert may(look, "tank/scratch", "source")[0] is State.UNSEEN
    unread = replace(look, granted=None)
    assert line(unread, "rights").state is State.UNSEEN
    assert may(unread, "tank/prod", "source")[0] is State.UNSEEN
    assert may(looks.gone(), "tank/prod", "source")[0] is State.UNSEEN


def test_nobody_without_grants_may_anything_and_is_told_what_to_ask_for() -> None:
    look = looks.delegated(looks.source(), "", "tank/prod/db", "tank/scratch")
    assert line(look, "rights").state is State.WARNING
    assert "zfs allow -u USER" in line(look, "rights").details[1]
    sudo = replace(look, facts=looks.facts("zsend", sudo=True))
    assert line(sudo, "rights").found == "root by `sudo -n`"


def test_grants_are_asked_for_near_the_top_and_not_of_a_whole_pool() -> None:
    many = tuple(dataset(f"tank/{n}/x") for n in range(99)) + tuple(
        dataset(name) for name in ("tank", "tank/a", "tank/b")
    )
    asked = asked_about(many)
    assert len(asked) <= ASKED
    assert {"tank/a", "tank/b"} <= set(asked)
    assert "tank" not in asked, "what is asked of tank/a says it"
