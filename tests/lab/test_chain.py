"""Source, vault, second vault, on real ZFS: no key after the first, and the last one's files equal.

The lab has two machines. The second vault is another dataset on the machine of the source, below
another parent (`tank/second`); what it takes comes from the vault on the other machine, and it is
opened only by the test, at the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sealift.replication.seal import SealState

from .asking import ask
from .breaches import close
from .diagnosing import diagnose
from .lab import PASSPHRASE, USUAL_ROUNDS, Lab
from .test_first_light import guids, sealift
from .test_jobs import held, hierarchy
from .working import DEST, SOURCE, Working, working

FIRST, SECOND = "backup/prod", "tank/second"
HERE = (SOURCE, DEST)
ONWARD = (DEST, f"root@source:{SECOND}", "--hold-tag", "onward")

# Says every keystatus of a tree that it sees, again and again, until it is told to end.
_LOOK = """
rm -f /tmp/looked
while [ ! -e /tmp/looked ]; do
    echo look
    zfs get -H -r -t filesystem -o value keystatus {} 2>/dev/null
    sleep 2
done
"""


@contextmanager
def never_open(lab: Lab) -> Iterator[None]:
    """Fails if a key of either vault is seen in the kernel meanwhile."""
    with (
        lab.dest.spawn(_LOOK.format(FIRST)) as first,
        lab.source.spawn(_LOOK.format(SECOND)) as second,
    ):
        try:
            yield
        finally:
            for host in lab.hosts:
                host.run("touch /tmp/looked")
        for look in (first, second):
            assert look.stdout is not None
            said = look.stdout.read().decode().split()
            assert said.count("look") > 1
            # A dataset that is just being made has none yet.
            assert set(said) - {"-"} == {"look", "unavailable"}


async def sent(night: Working) -> None:
    """Plan, with nothing in the way, and send; what came is sealed and level."""
    await night.start()
    job = await night.done()
    assert job.notes == ()
    picture = await night.watch.read_once()
    assert picture.problems == ()
    assert picture.seal.state is SealState.SEALED
    assert picture.comparison is not None
    assert picture.comparison.level


def below(lab: Lab, host: str, dataset: str) -> dict[str, str]:
    """What is readable below a dataset, opened with the key of the first one."""
    machine = lab.host(host)
    machine.run(["zfs", "load-key", dataset], stdin=PASSPHRASE.encode())
    each = f"zfs list -H -r -o name {dataset}"
    machine.run(f"{each} | xargs -n 1 zfs set canmount=noauto; {each} | xargs -n 1 zfs mount")
    return lab.checksums(host, dataset)


@pytest.mark.whole
@pytest.mark.timeout(900)
async def test_three_hops_carry_the_files_and_no_key(pools: Lab) -> None:
    lab = pools
    lab.make_source_tree(children=("db",), mib=1, rounds=USUAL_ROUNDS)
    lab.source.run("zfs snapshot -r tank/prod@rep-1")
    with never_open(lab):
        async with working(lab, *HERE) as first, working(lab, *ONWARD) as second:
            await sent(first)
            await sent(second)
            close(lab.dest, FIRST)
            close(lab.source, SECOND)

            lab.source.run("head -c 300000 /dev/urandom >/tank/prod/db/more")
            lab.source.run("zfs snapshot -r tank/prod@rep-2")
            await second.watch.read_once()
            assert (await second.changes.preview()).steps == (), "it has not come to the vault yet"
            await sent(first)
            bases = {"@rep-1", "/db@rep-1"}
            assert held(lab, "dest", FIRST, "onward") == bases, "the second route needs them still"
            waiting = sealift(lab, "plan", *ONWARD)
            assert waiting.returncode == 1
            assert "-I @rep-1 backup/prod@rep-2" in waiting.stdout
            await sent(second)
            assert held(lab, "dest", FIRST, "onward") == {"@rep-2", "/db@rep-2"}

        for words in (HERE, ONWARD):
            status = sealift(lab, "status", *words)
            assert status.returncode == 0, status.stdout + status.stderr
            audited = ask(lab, "audit", words)
            assert audited.findings == (), audited.text()
            assert audited.said["claim"].startswith("sealed"), audited.text()
            answer = diagnose(lab, words)
            assert answer.findings == (), answer.text()

    assert guids(lab, "source", SECOND) == guids(lab, "source", "tank/prod")
    assert guids(lab, "dest", FIRST) == guids(lab, "source", "tank/prod")
    assert hierarchy(lab, "source", SECOND) == hierarchy(lab, "source", "tank/prod")
    assert below(lab, "source", SECOND) == lab.checksums("source", "tank/prod")
