"""A vault is the source of a second route: it takes no key, and nothing is found wrong."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from sealift.demo.scenarios import BLANK
from sealift.demo.stage import Demo
from sealift.keys.audit import audit
from sealift.playbook.playbook import Playbook
from sealift.replication.changes import Changes
from sealift.replication.job import JobState
from sealift.replication.seal import SealState
from sealift.replication.watch import RouteWatch
from sealift.routes import Location, Route

from .test_demo_ends import said
from .test_demo_journey import _GUIDS, _TREE, reading, snapshot, transferred, watching

FIRST, SECOND = "backup/prod", "tank/second"
_AS_A_VAULT = (
    "for each in $(zfs list -H -o name -r {0}); do zfs set canmount=off $each; done; "
    "zfs set readonly=on {0}"
)


def onward(demo: Demo) -> AbstractAsyncContextManager[RouteWatch]:
    """The route from the vault to a second one: another parent, on the machine of the source."""
    # A tag of its own: what the first route lets go of there, the second one may still need.
    route = Route(
        Location("root", "dr1", FIRST), Location("root", "nas1", SECOND), hold_tag="onward"
    )
    return reading(route, demo.destination, demo.source)


async def brought(demo: Demo, watch: RouteWatch) -> None:
    """Send what is planned; the route is level and sealed, and no key is loaded on the vaults."""
    await watch.read_once()
    assert (await Changes(watch).preview()).plan.blocked == ()
    assert await transferred(watch) is JobState.DONE
    job = watch.picture.job
    assert job is not None
    assert (job.trouble, job.notes) == (None, ())
    picture = await watch.read_once()
    assert picture.comparison is not None
    assert picture.comparison.level
    assert (picture.problems, picture.seal.state) == ((), SealState.SEALED)
    for host, root in (("dr1", FIRST), ("nas1", SECOND)):
        listed = f"zfs list -H -o keystatus -r {root} 2>/dev/null || :"
        assert set((await said(demo, host, listed)).split()) <= {"unavailable"}


async def grave(watch: RouteWatch) -> set[str]:
    """What the playbook and the audit find, remarks left out."""
    diagnosis = await Playbook(watch, window=1.0, trial=0.0).run()
    assert [each.unseen for each in diagnosis.steps if each.unseen] == []
    audited = await audit(watch)
    assert audited.unseen == ()
    assert audited.claim.startswith("sealed. ")
    found = (*diagnosis.findings, *audited.findings)
    return {each.id for each in found if each.severity != "info"}


async def held(demo: Demo, host: str, name: str) -> set[str]:
    """The tags on a snapshot."""
    lines = (await said(demo, host, f"zfs holds -H {name}")).splitlines()
    return {line.split("\t")[1] for line in lines}


async def test_what_a_vault_sends_on_takes_no_key_and_is_found_in_order() -> None:
    async with Demo.open(BLANK) as demo, watching(demo) as first, onward(demo) as second:
        await said(demo, "nas1", _TREE)
        await first.read_once()
        await snapshot(first)
        await brought(demo, first)
        await brought(demo, second)
        await said(demo, "dr1", _AS_A_VAULT.format(FIRST))
        await said(demo, "nas1", _AS_A_VAULT.format(SECOND))
        (base,) = (await said(demo, "dr1", f"zfs list -H -t snapshot -o name {FIRST}")).split()

        await said(demo, "nas1", "fill tank/prod/db 3")
        await snapshot(first)
        await brought(demo, first)
        assert await held(demo, "dr1", base) == {"onward"}, "the second route still needs it"
        assert await grave(second) == set(), "behind, with a source that is locked"
        await brought(demo, second)
        assert await held(demo, "dr1", base) == set()
        for watch in (first, second):
            assert await grave(watch) == set()

        three = [
            await said(demo, host, _GUIDS.format(root))
            for host, root in (("nas1", "tank/prod"), ("dr1", FIRST), ("nas1", SECOND))
        ]
        assert three[0] == three[1] == three[2]
        assert len(three[0].splitlines()) == 6
