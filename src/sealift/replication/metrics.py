"""The picture of a route as metrics in Prometheus' text format, for a textfile collector. Pure.

Seconds, bytes and ratios, as Prometheus wants its units. What is not known has no sample, rather
than one that says 0: `absent()` finds it. The format is that of
https://prometheus.io/docs/instrumenting/exposition_formats/ (text, version 0.0.4).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sealift.replication.comparison import DatasetComparison
from sealift.replication.picture import Picture, Side
from sealift.replication.report import exit_code
from sealift.replication.seal import SealState
from sealift.routes import Purpose
from sealift.zfs.names import printable

_SEVERITIES = ("problem", "warning", "info")


@dataclass(frozen=True, slots=True)
class Family:
    """A metric: its name without `sealift_`, what it means, and which labels its samples carry.

    Every metric is a gauge: sealift keeps no counters between two runs. A sample of a route has the
    route's title as its label `route`, before those named here.
    """

    name: str
    help: str
    labels: tuple[str, ...] = ()


FAMILIES = (
    Family("status_timestamp_seconds", "When this was written, in seconds since 1970 UTC."),
    Family("status_code", "What sealift status would exit with: 0 nothing to report, 1 findings."),
    Family("host_up", "Whether the side could be read (1) or not (0).", ("side", "host")),
    Family("level", "Whether the destination has all that the route carries (1) or not (0)."),
    Family("lag_seconds", "Age of the newest snapshot that every dataset has on the destination."),
    Family("lag_limit_seconds", "How far the destination may be behind before that is a problem."),
    Family("behind_snapshots", "Snapshots of the route that the destination lacks."),
    Family("behind_bytes", "Bytes written in them."),
    Family("seal", "1 for what can be said about the destination's seal.", ("state",)),
    Family("problems", "Problems of the route now.", ("severity",)),
    Family("finding", "1 for each finding that there is now.", ("id", "severity", "dataset")),
    Family("dataset_lag_seconds", "Age of the newest snapshot that both sides have.", ("dataset",)),
    Family("dataset_behind_snapshots", "Snapshots that the destination lacks.", ("dataset",)),
    Family("dataset_behind_bytes", "Bytes written in them.", ("dataset",)),
    Family(
        "dataset_ahead_snapshots",
        "Snapshots of the destination newer than the base: they block a raw receive.",
        ("dataset",),
    ),
    Family("dataset_resume_token", "Whether a partial receive waits to be resumed.", ("dataset",)),
    Family("pool_free_bytes", "Free raw space of the pool.", ("side", "pool")),
    Family("pool_capacity_ratio", "How full the pool is, from 0 to 1.", ("side", "pool")),
    Family("pool_online", "Whether the pool's health is ONLINE (1) or not (0).", ("side", "pool")),
)

# A family's name, the values of its labels, the value.
_Sample = tuple[str, tuple[str, ...], float | None]


def metrics(pictures: Sequence[Picture], now: datetime) -> str:
    """All metrics of the routes, each with its HELP and TYPE once; ends with a line end."""
    samples: dict[str, list[str]] = {}
    labels = {family.name: ("route", *family.labels) for family in FAMILIES}
    for picture, (name, values, value) in (
        (each, sample) for each in pictures for sample in _samples(each, now)
    ):
        if value is not None:
            pairs = zip(labels[name], (picture.route.title, *values), strict=True)
            text = ",".join(f'{label}="{_escaped(each)}"' for label, each in pairs)
            samples.setdefault(name, []).append(f"sealift_{name}{{{text}}} {_number(value)}")
    lines = []
    for family in FAMILIES:
        if family.name in samples:
            lines.append(f"# HELP sealift_{family.name} {family.help}")
            lines.append(f"# TYPE sealift_{family.name} gauge")
            lines += samples[family.name]
    return "\n".join(lines) + "\n"


def _samples(picture: Picture, now: datetime) -> Iterator[_Sample]:
    yield "status_timestamp_seconds", (), now.timestamp()
    yield "status_code", (), exit_code(picture)
    yield "lag_limit_seconds", (), picture.route.lag_limit
    for role, side in (("source", picture.source), ("destination", picture.destination)):
        yield from _of_side(role, side)
    yield from _of_findings(picture)
    comparison = picture.comparison
    if comparison is None:
        return
    yield "level", (), comparison.level
    yield "lag_seconds", (), picture.lag_seconds(now)
    yield "behind_snapshots", (), comparison.snapshots_behind
    yield "behind_bytes", (), comparison.bytes_behind
    for state in SealState:
        yield "seal", (state.value,), picture.seal.state is state
    for each in comparison.datasets.values():
        if each.source is not None:
            yield from _of_dataset(each, now)


def _of_side(role: str, side: Side) -> Iterator[_Sample]:
    yield "host_up", (role, side.location.where), side.inventory is not None and not side.trouble
    pool = side.inventory.pool if side.inventory else None
    if pool is not None:
        yield "pool_free_bytes", (role, pool.name), pool.free
        ratio = None if pool.capacity is None else pool.capacity / 100
        yield "pool_capacity_ratio", (role, pool.name), ratio
        yield "pool_online", (role, pool.name), pool.health == "ONLINE"


def _of_findings(picture: Picture) -> Iterator[_Sample]:
    found = {(each.id, each.severity, each.dataset) for each in picture.problems}
    found |= {(each.id, _breach(picture), each.dataset) for each in picture.seal.breaches}
    found |= {(each.finding, "problem", "") for each in picture.troubles}
    for severity in _SEVERITIES:
        yield "problems", (severity,), sum(each[1] == severity for each in found)
    for each in sorted(found):
        yield "finding", each, 1


def _breach(picture: Picture) -> str:
    """How grave it is that the seal is not proven: a standby may be unlocked."""
    if picture.seal.state is SealState.UNKNOWN:
        return "warning"
    excused = picture.route.purpose is Purpose.STANDBY and picture.seal.only_unlocked
    return "info" if excused else "problem"


def _of_dataset(each: DatasetComparison, now: datetime) -> Iterator[_Sample]:
    of = (each.dataset.name,)
    newest = each.newest_shared
    yield "dataset_lag_seconds", of, None if newest is None else now.timestamp() - newest.creation
    yield "dataset_behind_snapshots", of, len(each.behind)
    yield "dataset_behind_bytes", of, each.behind_bytes
    yield "dataset_ahead_snapshots", of, len(each.ahead)
    yield "dataset_resume_token", of, each.token is not None


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))


def _escaped(text: str) -> str:
    return printable(text).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
