"""Faults of resume tokens: what was cut off and waits, or can never be finished."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from sealift.zfs.tokens import decode, encode

from ..lab import Lab
from .fault import ROUTE, Fault, Make, Words
from .making import DAY, ago, cut, destroyed, level, planted, snapshot, write


@contextmanager
def token_of_a_seed(lab: Lab) -> Iterator[Words]:
    """A first send was cut off."""
    planted(lab, children=(), mib=8)
    snapshot(lab, "rep-1")
    cut(lab, "zfs send -w tank/prod@rep-1", 4, "backup/prod")
    yield ROUTE


def token_of_an_increment(days: int) -> Make:
    """An increment of a child was cut off some days ago, and nothing has gone on since."""

    @contextmanager
    def make(lab: Lab) -> Iterator[Words]:
        level(lab, age=(days + 1) * DAY)
        with ago(lab, days * DAY):
            write(lab, "tank/prod/db", 8)
            snapshot(lab, "rep-2")
        cut(lab, "zfs send -w -i @rep-1 tank/prod/db@rep-2", 4, "backup/prod/db")
        yield ROUTE

    return make


@contextmanager
def token_of_a_gone_snapshot(lab: Lab) -> Iterator[Words]:
    """What a token would finish is gone from the source."""
    planted(lab, children=(), mib=8)
    snapshot(lab, "rep-1")
    cut(lab, "zfs send -w tank/prod@rep-1", 4, "backup/prod")
    lab.source.run("zfs destroy tank/prod@rep-1")
    snapshot(lab, "rep-2")
    yield ROUTE


@contextmanager
def token_from_a_gone_base(lab: Lab) -> Iterator[Words]:
    """What a token starts from is gone from the source, bookmark and all."""
    level(lab)
    write(lab, "tank/prod/db", 8)
    snapshot(lab, "rep-2")
    cut(lab, "zfs send -w -i @rep-1 tank/prod/db@rep-2", 4, "backup/prod/db")
    destroyed(lab, "tank/prod/db", "rep-1")
    yield ROUTE


@contextmanager
def token_of_a_sibling(lab: Lab) -> Iterator[Words]:
    """A child's stream was begun into its sibling's place."""
    level(lab)
    lab.source.run("zfs create tank/prod/app; head -c 8M /dev/urandom > /tank/prod/app/file")
    write(lab, "tank/prod/db", 8)
    snapshot(lab, "rep-2")
    cut(lab, "zfs send -w tank/prod/db@rep-2", 4, "backup/prod/app")
    yield ROUTE


@contextmanager
def token_forged(lab: Lab) -> Iterator[Words]:
    """The destination shows a token for the parent that is the child's."""
    level(lab)
    write(lab, "tank/prod", 8)
    snapshot(lab, "rep-2")
    cut(lab, "zfs send -w -i @rep-1 tank/prod@rep-2", 4, "backup/prod")
    asked = ["zfs", "get", "-H", "-o", "value", "receive_resume_token", "backup/prod"]
    real = decode(lab.dest.run(asked).text)
    other = lab.source.run("zfs get -Hp -o value guid tank/prod/db@rep-2").text
    forged = encode(replace(real, to_guid=int(other), to_name="tank/prod/db@rep-2"))
    with lying(lab, "1-[0-9a-f]*-[0-9a-f]*-[0-9a-f]*", forged):
        yield ROUTE


@contextmanager
def lying(lab: Lab, said: str, instead: str) -> Iterator[None]:
    """Have the destination's zfs say something else than it would (a sed expression)."""
    path = "/usr/local/bin/zfs"
    script = (
        '#!/bin/sh\ncase $1 in list|get) ;; *) exec /usr/sbin/zfs "$@" ;; esac\n'
        f'/usr/sbin/zfs "$@" | sed {shlex.quote(f"s/{said}/{instead}/")}\n'
    )
    lab.dest.run(f"cat > {path} && chmod 755 {path}", stdin=script.encode())
    try:
        yield
    finally:
        lab.dest.run(f"rm {path}")


TOKENS = tuple(
    Fault(finding, name, make, "chain")
    for finding, name, make in (
        ("stale-token", "of a seed", token_of_a_seed),
        ("stale-token", "of a child's increment, two days old", token_of_an_increment(2)),
        ("dead-token", "its snapshot is gone", token_of_a_gone_snapshot),
        ("dead-token", "its base is gone", token_from_a_gone_base),
        ("foreign-token", "a sibling's stream", token_of_a_sibling),
        ("foreign-token", "forged", token_forged),
    )
)
