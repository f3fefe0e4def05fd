"""Each night starts unmended, shows what is wrong, and is mended from its hosts' command lines."""

from __future__ import annotations

import asyncio
import shlex
import time
from datetime import UTC, datetime

import pytest

from sealift.demo.scenarios import NAMES, UnknownScenarioError, open_scenario
from sealift.demo.stage import Demo
from sealift.replication.seal import SealState
from sealift.zfs.commands import list_snapshots

from .test_demo_ends import said
from .test_demo_journey import watching

# What an expert types, by host, in this order. The rates are lifted: it is about the words.
_LEVEL = (
    "nas1",
    """
    new=$(zfs list -H -o name -t snapshot tank/prod | tail -1); new=${new#*@}
    base=$(ssh root@dr1 zfs list -H -o name -t snapshot backup/prod | tail -1); base=${base#*@}
    zfs send -w -R -I @$base tank/prod@$new | ssh root@dr1 zfs receive -s -u backup/prod
    """,
)
_EACH = (
    "nas1",
    """
    new=$(zfs list -H -o name -t snapshot tank/prod | tail -1); new=${new#*@}
    for each in "" /app /db /home; do
        base=$(ssh root@dr1 zfs list -H -o name -t snapshot backup/prod$each 2>/dev/null | tail -1)
        if [ -n "$base" ]; then
            [ "${base#*@}" = "$new" ] ||
            zfs send -w -I @${base#*@} tank/prod$each@$new |
            ssh root@dr1 zfs receive -s -u backup/prod$each
        else
            zfs send -w tank/prod$each@$new | ssh root@dr1 zfs receive -s -u backup/prod$each
        fi || exit
    done
    """,
)
_MENDING: dict[str, tuple[tuple[str, str], ...]] = {
    "quiet-night": (_LEVEL,),
    "slow-link": (
        ("nas1", "tc qdisc show dev eth1 | grep tbf; tc qdisc del dev eth1 root"),
        _LEVEL,
    ),
    "full-vault": (
        (
            "dr1",
            """
            zfs set refreservation=none backup/restore-test
            for each in $(zfs list -H -r -o name backup/prod); do
                test "$(zfs get -Ho value receive_resume_token $each)" = - ||
                zfs receive -A $each
            done
            """,
        ),
        _LEVEL,
    ),
    "torn-seed": (
        (
            "nas1",
            """
            token=$(ssh root@dr1 zfs get -Ho value receive_resume_token backup/prod/db)
            zfs send -w -t $token | ssh root@dr1 zfs receive -s -u backup/prod/db
            """,
        ),
        _EACH,
    ),
    "broken-chain": (
        (
            "nas1",
            """
            new=$(zfs list -H -o name -t snapshot tank/prod | tail -1); new=${new#*@}
            mark=$(zfs list -H -o name -t bookmark tank/prod/db)
            next=$(zfs list -H -o name -t snapshot tank/prod/db | head -1)
            zfs send -w -i "#${mark#*#}" $next | ssh root@dr1 zfs receive -s -u backup/prod/db &&
            zfs send -w -I @${next#*@} tank/prod/db@$new |
                ssh root@dr1 zfs receive -s -u backup/prod/db &&
            zfs send -w tank/prod/home@$new | ssh root@dr1 zfs receive -s -u backup/prod/home-2 &&
            for each in "" /app; do
                base=$(ssh root@dr1 zfs list -H -o name -t snapshot backup/prod$each | tail -1)
                zfs send -w -I @${base#*@} tank/prod$each@$new |
                    ssh root@dr1 zfs receive -s -u backup/prod$each || exit
            done
            """,
        ),
    ),
    "unsealed": (
        (
            "nas1",
            """
            new=$(zfs list -H -o name -t snapshot tank/prod | tail -1); new=${new#*@}
            zfs send -w tank/prod/db@$new | ssh root@dr1 zfs receive -s -u backup/prod/db-sealed
            """,
        ),
        (
            "dr1",
            "zfs destroy -r backup/prod/db && zfs rename backup/prod/db-sealed backup/prod/db",
        ),
    ),
    "key-procedure": (
        (
            "dr1",
            """
            zfs load-key backup/prod && exit 9
            printf 'correct horse battery staple' | zfs load-key -L prompt backup/prod &&
            for each in $(zfs list -H -r -o name backup/prod); do zfs mount $each || exit; done
            zfs unmount backup/prod && zfs unload-key backup/prod
            """,
        ),
    ),
}


@pytest.mark.parametrize("name", NAMES)
async def test_a_night_is_mended_by_what_an_expert_types(name: str) -> None:
    async with Demo.open(name) as demo:
        assert not await demo.mended()
        # It is about the words, not about waiting; but a slow link has to be found slow.
        await demo.pace(source=None, destination=None)
        for host, script in _MENDING[name]:
            if name != "slow-link" or script is not _MENDING[name][0][1]:
                await demo.pace(link=None)
            await said(demo, host, script)
        assert await demo.mended()
        deeds = await demo.deeds()
        assert deeds
        others = [deed for deed in deeds if not deed.text.startswith(("zfs ", "zpool "))]
        shaped = [("nas1", "tc qdisc del dev eth1 root")] if name == "slow-link" else []
        assert [(deed.host, deed.text) for deed in others] == shaped


async def test_what_only_reads_is_no_deed() -> None:
    async with Demo.open("unsealed") as demo:
        await said(demo, "dr1", "zfs allow backup/prod; zfs get all backup/prod")
        assert await demo.deeds() == ()


# What sealift itself says of the night, as far as it can tell yet.
_SEEN = {
    "quiet-night": set[str](),
    "slow-link": set[str](),
    "full-vault": set[str](),
    "torn-seed": {"stale-token"},
    "broken-chain": {"base-missing-on-source"},
    "unsealed": {"key-lineage-mismatch"},
    "key-procedure": set[str](),
}

_SEAL = {
    "torn-seed": SealState.UNKNOWN,
    "broken-chain": SealState.UNKNOWN,
    "unsealed": SealState.BROKEN,
}


@pytest.mark.parametrize("name", NAMES)
async def test_sealift_reads_the_night(name: str) -> None:
    async with Demo.open(name) as demo, watching(demo) as watch:
        picture = await watch.read_once()
        assert picture.troubles == ()
        assert {problem.id for problem in picture.problems} >= _SEEN[name]
        assert picture.seal is not None
        assert picture.seal.state is _SEAL.get(name, SealState.SEALED)


@pytest.mark.parametrize("name", NAMES)
def test_a_night_says_what_it_is_about(name: str) -> None:
    scenario, _ = open_scenario(name)
    assert scenario.name == name
    assert scenario.title
    assert len(scenario.briefing) > 100
    assert len(scenario.hint) > 60


def test_an_unknown_night_is_a_sentence() -> None:
    with pytest.raises(UnknownScenarioError, match="quiet-night, slow-link"):
        open_scenario("no-such-night")


_ALL = "name,guid,creation,createtxg,used,written,ivsetguid,keyguid,receive_resume_token"


async def test_a_frozen_demo_is_the_same_twice() -> None:
    at = datetime(2026, 1, 15, 2, 0, tzinfo=UTC)
    listings = []
    for _ in range(2):
        async with Demo.open("torn-seed", frozen=at) as demo:
            listings.append(await said(demo, "dr1", f"zfs list -Hp -r -t all -o {_ALL} backup"))
    assert listings[0] == listings[1]


async def test_a_hundred_thousand_snapshots_start_and_list_quickly() -> None:
    began = time.monotonic()
    async with Demo.open("quiet-night", 100_000) as demo:
        started = time.monotonic()
        assert started - began < 5
        listing = shlex.join(list_snapshots("tank/prod").argv) + " | wc -l"
        both = await asyncio.gather(
            said(demo, "nas1", listing), said(demo, "dr1", listing.replace("tank", "backup"))
        )
        assert all(int(count) > 99_000 for count in both)
        assert time.monotonic() - started < 8
