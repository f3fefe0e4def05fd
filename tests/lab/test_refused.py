"""What must not be sent is not sent and is named by its finding; the way out that is told works."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from sealift.replication.divergence import divergence
from sealift.replication.job import JobState
from sealift.replication.resuming import Partial, partials
from sealift.replication.seal import SealState
from sealift.zfs.tokens import decode, encode

from .lab import PASSPHRASE, Lab
from .test_first_light import guids
from .test_jobs import held, moving
from .working import DEST, SOURCE, Working, working


def seeded(lab: Lab, *, mib: int = 1, children: tuple[str, ...] = ("db",)) -> None:
    """A tree whose first snapshot is on both sides, received raw."""
    lab.make_source_tree(children=children, mib=mib)
    lab.source.run(
        "zfs snapshot -r tank/prod@rep-1;"
        "zfs send -w -R tank/prod@rep-1 | ssh root@dest zfs receive -s -u backup/prod",
        timeout=180,
    )


async def torn(lab: Lab, night: Working) -> Partial:
    """Start a send, cancel it in the middle, and give what the destination has of it."""
    lab.link.shape(rate="2mbit")
    await night.start()
    await moving(night)
    await night.until(lambda: bool(token(lab)), "a token with bytes", 60)
    assert night.job is not None
    await night.changes.cancel(night.job)
    assert (await night.ended()).state is JobState.CANCELLED
    lab.link.clear()
    (found,) = await waiting(night)
    return found


def token(lab: Lab) -> str:
    """The first resume token of the destination; empty if there is none."""
    values = lab.dest.run("zfs get -Hr -o value receive_resume_token backup").text.split()
    return next((value for value in values if value != "-"), "")


async def waiting(night: Working) -> tuple[Partial, ...]:
    """The tokens of the route, from a fresh reading."""
    picture = await night.watch.read_once()
    assert picture.comparison is not None
    return partials(picture.comparison)


@contextmanager
def lying(lab: Lab, said: str, instead: str) -> Iterator[None]:
    """Have the destination's zfs say something else than it would."""
    script = f'#!/bin/sh\n/usr/sbin/zfs "$@" | sed {shlex.quote(f"s/{said}/{instead}/")}\n'
    liar = 'case $1 in list|get) ;; *) exec /usr/sbin/zfs "$@" ;; esac\n'
    head, _, rest = script.partition("\n")
    path = "/usr/local/bin/zfs"
    lab.dest.run(f"cat > {path} && chmod 755 {path}", stdin=f"{head}\n{liar}{rest}".encode())
    try:
        yield
    finally:
        lab.dest.run(f"rm {path}")


@pytest.mark.whole
async def test_a_target_that_is_gone_from_the_source_makes_the_token_dead(pools: Lab) -> None:
    lab = pools
    lab.make_source_tree(children=(), mib=16)
    lab.source.run("zfs snapshot -r tank/prod@rep-1")
    async with working(lab) as night:
        await torn(lab, night)
        refused = lab.source.run("zfs destroy tank/prod@rep-1", check=False)
        assert refused.status != 0  # our hold
        lab.source.run("zfs release keepforrep tank/prod@rep-1; zfs destroy tank/prod@rep-1")
        lab.source.run("zfs snapshot tank/prod@rep-2")
        assert await night.blocked() == ["dead-token"]
        (found,) = await waiting(night)
        assert found.new
        await night.changes.abort(found)
        await night.start()
        await night.done()
    assert guids(lab, "dest", "backup/prod") == guids(lab, "source", "tank/prod")


@pytest.mark.whole
async def test_a_base_that_is_gone_stops_the_plan_and_a_new_name_takes_all(pools: Lab) -> None:
    lab = pools
    seeded(lab)
    lab.source.run("zfs destroy -r tank/prod@rep-1; zfs snapshot -r tank/prod@rep-2")
    async with working(lab) as night:
        assert set(await night.blocked()) == {"base-missing-on-source"}
    async with working(lab, SOURCE, "root@dest:backup/anew") as night:
        await night.start()
        await night.done()
    assert guids(lab, "dest", "backup/anew") == guids(lab, "source", "tank/prod")
    assert set(guids(lab, "dest", "backup/prod")) == {"@rep-1", "/db@rep-1"}


@pytest.mark.whole
async def test_a_base_that_is_gone_but_bookmarked_still_serves(pools: Lab) -> None:
    lab = pools
    seeded(lab)
    lab.source.run(
        "for each in tank/prod tank/prod/db; do zfs bookmark $each@rep-1 $each#rep-1; done;"
        "zfs destroy -r tank/prod@rep-1; zfs snapshot -r tank/prod@rep-2"
    )
    async with working(lab) as night:
        shown = await night.start()
        assert all(planned.step.send.bookmark for planned in shown.steps)
        await night.done()
        assert (await night.watch.read_once()).seal.state is SealState.SEALED
    there = guids(lab, "dest", "backup/prod")
    assert {"@rep-2", "/db@rep-2"} <= set(there)


@pytest.mark.whole
@pytest.mark.parametrize(
    ("forge", "finding"), [("another", "foreign-token"), ("cooked", "not-raw")]
)
async def test_a_forged_token_is_never_sent(pools: Lab, forge: str, finding: str) -> None:
    lab = pools
    lab.make_source_tree(mib=8)
    lab.source.run("zfs snapshot -r tank/prod@rep-1; zfs snapshot -r tank/prod@rep-2")
    async with working(lab) as night:
        real = decode((await torn(lab, night)).text)
        other = int(guids(lab, "source", "tank/prod")["/db@rep-2"])
        assert other != real.to_guid
        forged = encode(
            replace(real, to_guid=other, to_name="tank/prod/db@rep-2")
            if forge == "another"
            else replace(real, raw=False)
        )
        with lying(lab, "1-[0-9a-f]*-[0-9a-f]*-[0-9a-f]*", forged):
            assert finding in await night.blocked()
            # And a job that meets it on its way stops as well.
            before = sent_by(lab)
        assert sent_by(lab) == before
        # The way out: it is not what the destination really has; with the truth the rest goes.
        await night.start()
        await night.done()
    assert guids(lab, "dest", "backup/prod") == guids(lab, "source", "tank/prod")


def sent_by(lab: Lab) -> str:
    """How many sends of a token the source has begun, by its history."""
    return lab.source.run("zpool history -i tank | grep -c 'send' || true").text


@pytest.mark.parametrize(
    ("forge", "finding"),
    [pytest.param("another", "foreign-token", marks=pytest.mark.whole), ("cooked", "not-raw")],
)
async def test_a_job_that_meets_a_forged_token_stops(pools: Lab, forge: str, finding: str) -> None:
    lab = pools
    lab.make_source_tree(children=("db",), mib=16)
    lab.source.run("zfs snapshot -r tank/prod@rep-1")
    lab.link.shape(rate="8mbit")
    async with working(lab, SOURCE, DEST, "--pause", "3") as night:
        await night.start()
        await moving(night)
        await night.until(lambda: bool(token(lab)), "a token", 60)
        lab.source.run("pkill -x ssh")
        real = decode(await settled_token(lab))
        other = int(guids(lab, "source", "tank/prod")["/db@rep-1"])
        forged = encode(
            replace(real, to_guid=other, to_name="tank/prod/db@rep-1")
            if forge == "another"
            else replace(real, raw=False)
        )
        with lying(lab, "1-[0-9a-f]*-[0-9a-f]*-[0-9a-f]*", forged):
            job = await night.ended(120)
        assert job.state is JobState.FAILED
        assert job.trouble is not None
        assert job.trouble.finding == finding
        lab.link.clear()
        await night.start()
        await night.done()
    assert guids(lab, "dest", "backup/prod") == guids(lab, "source", "tank/prod")


async def settled_token(lab: Lab) -> str:
    """The token once no receive runs any more."""
    lab.dest.run("while pgrep -x zfs >/dev/null; do sleep 0.2; done", timeout=60)
    return token(lab)


@pytest.mark.whole
async def test_a_child_s_token_shown_for_the_parent_is_foreign(pools: Lab) -> None:
    lab = pools
    lab.make_source_tree(children=("db",), mib=8)
    lab.source.run("zfs snapshot -r tank/prod@rep-1")
    async with working(lab, SOURCE, DEST, "--per-dataset") as night:
        real = await torn(lab, night)
        assert real.into == "backup/prod"
        child = int(guids(lab, "source", "tank/prod")["/db@rep-1"])
        moved = encode(replace(decode(real.text), to_guid=child, to_name="tank/prod/db@rep-1"))
        with lying(lab, "1-[0-9a-f]*-[0-9a-f]*-[0-9a-f]*", moved):
            assert "foreign-token" in await night.blocked()
    # The real thing, by hand: into the parent of the dataset that owns the token.
    resumed = f"zfs send -w -t {real.text} | ssh root@dest zfs receive -s -u backup"
    said = lab.source.run(resumed, check=False, timeout=60).stderr.decode()
    assert "cannot receive" in said


async def test_a_snapshot_taken_on_the_destination_blocks_until_it_is_rolled_back(
    pools: Lab,
) -> None:
    lab = pools
    seeded(lab)
    lab.dest.run("zfs snapshot backup/prod/db@local")
    lab.source.run("zfs snapshot -r tank/prod@rep-2")
    async with working(lab) as night:
        assert await night.blocked() == ["destination-diverged"]
        await roll_back(night)
        await night.start()
        await night.done()
    assert guids(lab, "dest", "backup/prod") == guids(lab, "source", "tank/prod")


async def roll_back(night: Working) -> None:
    """Set every diverged dataset back to its base."""
    picture = await night.watch.read_once()
    assert picture.comparison is not None
    lost = divergence(picture.comparison, (await night.changes.holds()).destination)
    assert lost
    for each in lost:
        await night.changes.roll_back(each)


async def test_one_non_raw_increment_is_found_and_rolled_back(pools: Lab) -> None:
    lab = pools
    seeded(lab, children=())
    lab.source.run("zfs snapshot tank/prod@rep-2")
    lab.dest.run("zfs load-key backup/prod", stdin=PASSPHRASE.encode())
    lab.source.run("zfs send -i @rep-1 tank/prod@rep-2 | ssh root@dest zfs receive -u backup/prod")
    lab.dest.run("zfs unload-key backup/prod")
    lab.source.run("zfs snapshot tank/prod@rep-3")
    async with working(lab) as night:
        assert await night.blocked() == ["ivset-mismatch"]
        await roll_back(night)
        await night.start()
        await night.done()
        assert (await night.watch.read_once()).seal.state is SealState.SEALED
    assert guids(lab, "dest", "backup/prod") == guids(lab, "source", "tank/prod")


async def test_an_unencrypted_child_stops_the_plan_until_it_is_left_out(pools: Lab) -> None:
    lab = pools
    lab.make_source_tree(children=("db",), mib=1)
    lab.source.run("zfs create -o encryption=off tank/prod/plain; zfs snapshot -r tank/prod@rep-1")
    async with working(lab) as night:
        assert await night.blocked() == ["plaintext-in-scope"]
    async with working(lab, SOURCE, DEST, "--exclude", "plain") as night:
        await night.start()
        await night.done()
        assert (await night.watch.read_once()).comparison is not None
    assert set(guids(lab, "dest", "backup/prod")) == {"@rep-1", "/db@rep-1"}


async def test_a_full_destination_stops_the_plan_and_the_job(pools: Lab) -> None:
    lab = pools
    lab.fresh_pools(dest_mib=512)
    lab.make_source_tree(children=(), mib=64)
    lab.source.run("zfs snapshot -r tank/prod@rep-1")
    # Reserved is as good as written, and takes no time: writing a pool full is throttled.
    free = int(lab.dest.run("zfs get -Hp -o value available backup").text)
    lab.dest.run(f"zfs create -o refreservation={free - (32 << 20)} backup/old")
    async with working(lab) as night:
        assert await night.blocked() == ["space-low"]
        lab.dest.run("zfs destroy backup/old")
        lab.link.shape(rate="16mbit")
        await night.start()
        # It fills up behind the estimate's back.
        lab.dest.run("zfs set quota=24M backup")
        job = await night.ended()
        assert job.state is JobState.FAILED
        assert job.trouble is not None
        assert job.trouble.finding in {"space-low", "quota-reached"}
        lab.dest.run("zfs set quota=none backup")
        lab.link.clear()
        await night.start()
        await night.done()
    assert guids(lab, "dest", "backup/prod") == guids(lab, "source", "tank/prod")


SENDS = ("send", "snapshot", "hold", "release", "bookmark")
RECEIVES = ("create", "mount", "hold", "release", "readonly", "userprop")


@pytest.mark.whole
async def test_without_receive_it_is_named_and_allowing_it_is_the_way_out(pools: Lab) -> None:
    lab = pools
    lab.make_source_tree(children=(), mib=1)
    lab.source.run("zfs snapshot -r tank/prod@rep-1")
    lab.delegate("dest", "op", RECEIVES, "backup")
    async with working(lab, SOURCE, "op@dest:backup/prod", "--elevation", "none") as night:
        await night.start()
        job = await night.ended()
        assert job.state is JobState.FAILED
        assert job.trouble is not None
        assert job.trouble.finding == "permission-missing"
        lab.delegate("dest", "op", ("receive",), "backup")
        await night.start()
        await night.done()
    assert guids(lab, "dest", "backup/prod") == guids(lab, "source", "tank/prod")


_WHOLE = pytest.mark.whole


@pytest.mark.parametrize(
    ("via", "rights"),
    [
        pytest.param("source", "sudo", marks=_WHOLE),
        pytest.param("destination", "sudo", marks=_WHOLE),
        pytest.param("operator", "sudo", marks=_WHOLE),
        pytest.param("source", "delegated", marks=_WHOLE),
        ("destination", "delegated"),
        pytest.param("operator", "delegated", marks=_WHOLE),
    ],
)
async def test_push_pull_and_relay_without_root(pools: Lab, via: str, rights: str) -> None:
    lab = pools
    lab.make_source_tree(mib=1)
    lab.source.run("zfs snapshot -r tank/prod@rep-1")
    if rights == "delegated":
        lab.delegate("source", "op", SENDS, "tank/prod")
        lab.delegate("dest", "op", ("receive", *RECEIVES), "backup")
    elevation = {"sudo": "sudo", "delegated": "none"}[rights]
    words = ["op@source:tank/prod", "op@dest:backup/prod", "--elevation", elevation, "--via", via]
    if rights == "delegated":
        words.append("--per-dataset")
    with sudo_everywhere(lab, wanted=rights == "sudo"):
        async with working(lab, *words) as night:
            await night.start()
            await night.done()
            lab.source.run("zfs snapshot -r tank/prod@rep-2")
            await night.start()
            await night.done()
            assert (await night.watch.read_once()).seal.state is SealState.SEALED
    assert guids(lab, "dest", "backup/prod") == guids(lab, "source", "tank/prod")
    assert held(lab, "dest", "backup/prod") == {f"{child}@rep-2" for child in ("", "/db", "/app")}


@contextmanager
def sudo_everywhere(lab: Lab, *, wanted: bool) -> Iterator[None]:
    """Let op become root on dest, too, which the lab does not by itself."""
    if wanted:
        lab.dest.run("echo 'op ALL=(root) NOPASSWD: ALL' > /etc/sudoers.d/here")
    try:
        yield
    finally:
        lab.dest.run("rm -f /etc/sudoers.d/here")


def clean(lab: Lab) -> None:
    """Destroy every snapshot of both sides that can be destroyed."""
    for host, root in ((lab.source, "tank/prod"), (lab.dest, "backup")):
        host.run(
            f"for each in $(zfs list -H -r -t snapshot -o name {root} 2>/dev/null); do"
            " zfs destroy $each 2>/dev/null; done; true"
        )


@pytest.mark.whole
async def test_no_cleanup_between_any_two_steps_breaks_the_chain(pools: Lab) -> None:
    """Three nights, interrupted and resumed, with somebody destroying all that can be destroyed.

    A seed of one snapshot, then nights that bring three.
    """
    lab = pools
    lab.make_source_tree(children=("db",), mib=6)
    lab.source.run("zfs snapshot -r tank/prod@rep-1")
    async with working(lab, SOURCE, DEST, "--pause", "2") as night:
        for number in range(2, 5):
            shown = await night.changes.preview()
            await night.changes.start(shown)
            clean(lab)
            lab.link.shape(rate="8mbit")
            await moving(night)
            clean(lab)
            lab.source.run("pkill -x ssh", check=False)
            clean(lab)
            lab.link.clear()
            await night.done()
            clean(lab)
            assert (await night.watch.read_once()).problems == ()
            assert held(lab, "source", "tank/prod") == held(lab, "dest", "backup/prod")
            for name in (f"rep-{number}a", f"rep-{number}b", f"rep-{number}"):
                lab.source.run(
                    f"head -c 2M /dev/urandom > /tank/prod/db/more-{name};"
                    f"zfs snapshot -r tank/prod@{name}"
                )
        shown = await night.changes.preview()
        assert shown.plan.blocked == ()
        assert all(planned.step.send.base == "rep-3" for planned in shown.steps)
        assert all(planned.step.snapshots == 6 for planned in shown.steps)
        assert (shown.holding.here, shown.holding.there) == (6, 0)


@pytest.mark.whole
async def test_a_cleanup_between_two_tries_leaves_what_the_destination_stands_at(
    pools: Lab,
) -> None:
    """A step of four snapshots breaks off when the destination has the first of them."""
    lab = pools
    seeded(lab, children=())
    for number in range(2, 6):
        lab.source.run(
            f"head -c 3M /dev/urandom > /tank/prod/more{number};zfs snapshot tank/prod@rep-{number}"
        )
    brought = {f"@rep-{number}" for number in range(2, 6)}
    async with working(lab, SOURCE, DEST, "--pause", "10") as night:
        lab.link.shape(rate="8mbit")
        await night.start()
        clean(lab)
        await night.until(lambda: bool(there(lab) & brought), "the first of them", 120)
        await night.until(lambda: bool(token(lab)), "something of the next", 60)
        lab.link.shape(rate="2mbit")
        lab.source.run("pkill -x ssh", check=False)
        await settled_token(lab)
        standing = max(there(lab))
        assert standing < "@rep-5"
        clean(lab)
        assert set(guids(lab, "source", "tank/prod")) >= brought
        # It is not held yet, but what was saved of the next one is a clone of it.
        assert standing in there(lab)
        await night.until(lambda: standing in held(lab, "dest", "backup/prod"), "its hold", 120)
        clean(lab)
        lab.link.clear()
        await night.done()
        clean(lab)
        assert (await night.watch.read_once()).problems == ()
    assert held(lab, "source", "tank/prod") == {"@rep-5"}
    assert held(lab, "dest", "backup/prod") == {"@rep-5"}


def there(lab: Lab) -> set[str]:
    """The snapshots that the destination has, by their names below the root."""
    return set(guids(lab, "dest", "backup/prod"))
