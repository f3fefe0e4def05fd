"""docs/least-privilege.md on real hosts: its commands as written, then a route as these users."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sealift.replication.seal import SealState
from tests import least_privilege

from .asking import ask
from .diagnosing import diagnose
from .lab import USUAL_ROUNDS, Lab
from .test_first_light import guids
from .working import working

pytestmark = [pytest.mark.whole, pytest.mark.timeout(900)]

SENDER, RECEIVER = "zsend", "zrecv"
REPLICA = "backup/vault/prod"
WORDS = tuple(least_privilege.route(nas1="source", dr1="dest"))


@pytest.fixture(scope="module")
def lab_as_written(lab: Lab) -> Iterator[Lab]:
    """Fresh pools with a tree on the source, and what the page says done on both hosts."""
    lab.fresh_pools()
    lab.make_source_tree(mib=1, rounds=USUAL_ROUNDS)
    public = _operators_key(lab)
    scripts = least_privilege.blocks()
    for host in lab.hosts:
        host.run("cat > /root/operator.pub", stdin=public)
    try:
        lab.source.run("set -e\n" + scripts["source"])
        theirs = lab.source.run(f"cat ~{SENDER}/.ssh/id_ed25519.pub").stdout
        lab.dest.run("cat > /root/zsend.pub", stdin=theirs)
        lab.dest.run("set -e\n" + scripts["destination"])
        yield lab
    finally:
        for host, user in ((lab.source, SENDER), (lab.dest, RECEIVER)):
            host.run(f"pkill -u {user}; userdel --force --remove {user}", check=False)
        lab.fresh_pools()


def _operators_key(lab: Lab) -> bytes:
    lines = lab.ssh_config.read_text().splitlines()
    private = next(line.split()[1] for line in lines if "IdentityFile" in line)
    return Path(f"{private}.pub").read_bytes()


async def test_it_seeds_and_increments_and_is_sealed(lab_as_written: Lab) -> None:
    lab = lab_as_written
    async with working(lab, *WORDS) as night:
        for more in (0, 1):
            if more:
                lab.source.run("head -c 300000 /dev/urandom > /tank/prod/db/more")
            await night.watch.read_once()
            await night.changes.take_snapshot(night.changes.snapshot_command())
            await night.start()
            await night.done()
        assert (await night.watch.read_once()).seal.state is SealState.SEALED
    assert guids(lab, "dest", REPLICA) == guids(lab, "source", "tank/prod")
    assert len(guids(lab, "dest", REPLICA)) == 6


def test_a_diagnosis_misses_no_right_and_finds_nothing(lab_as_written: Lab) -> None:
    answer = diagnose(lab_as_written, WORDS)
    assert answer.named == frozenset(), answer.text()
    assert answer.code == 0, answer.text()


def test_the_audit_finds_no_grant_too_wide_and_nothing_to_mount(lab_as_written: Lab) -> None:
    answer = ask(lab_as_written, "audit", WORDS)
    assert answer.findings == (), answer.text()


@pytest.mark.parametrize(
    "command",
    [
        "zfs destroy {newest}",
        "zfs destroy -r {replica}",
        "zfs rollback -r {oldest}",
        "zfs rename {replica} {replica}x",
        "zfs set readonly=off {replica}",
        "zfs set keylocation=file:///tmp/key {replica}",
        "zfs change-key -i {replica}/db",
        "zfs allow -u zrecv destroy backup/vault",
        "zfs create backup/elsewhere",
        "echo 'correct horse battery staple' | zfs load-key {replica}",
    ],
)
def test_the_receiver_can_undo_unlock_and_change_nothing(lab_as_written: Lab, command: str) -> None:
    lab = lab_as_written
    listed = lab.dest.run(
        f"zfs list -Hp -r -t snapshot -s creation -o name -d 1 {REPLICA}"
    ).text.split()
    before = state(lab)
    script = command.format(replica=REPLICA, oldest=listed[0], newest=listed[-1])
    done = lab.dest.run(f"PATH=$PATH:/usr/sbin:/sbin; {script}", user=RECEIVER, check=False)
    assert done.status != 0, done
    assert state(lab) == before


def test_a_forced_receive_rolls_nothing_back(lab_as_written: Lab) -> None:
    lab = lab_as_written
    before = state(lab)
    newest_first = "zfs list -H -o name -t snapshot -S creation -d 1 tank/prod"
    lab.source.run(
        "PATH=$PATH:/usr/sbin:/sbin;"
        f" set -- $({newest_first});"
        ' zfs send -w -i "$2" "$1" |'
        f" ssh -o BatchMode=yes {RECEIVER}@dest /sbin/zfs receive -F -u {REPLICA}",
        user=SENDER,
        check=False,
    )
    # Rolled back and received anew, a snapshot has its guid again, but not its createtxg.
    assert state(lab) == before


def state(lab: Lab) -> str:
    """All that a command of the receiver's could have changed."""
    return lab.dest.run(
        "zfs list -Hp -r -t all"
        " -o name,guid,createtxg,readonly,keylocation,keystatus,mounted backup;"
        " zfs allow backup/vault"
    ).text
