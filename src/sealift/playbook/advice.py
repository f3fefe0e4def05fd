"""What to do about each bottleneck: the next look, and what mends it. Pure."""

from __future__ import annotations

import re

from sealift.playbook.diagnosis import Evidence, NextStep, Verdict
from sealift.playbook.scene import Scene
from sealift.routes import Role
from sealift.zfs.commands import Effect
from sealift.zfs.names import pool_of

_SHAPER = "tc qdisc show"
_DEVICE = re.compile(r" dev ([A-Za-z0-9_.-]{1,15}) ")


def after(verdict: Verdict, scene: Scene) -> tuple[NextStep, ...]:
    """The next steps for the bottleneck of a verdict, the first one first."""
    bottleneck = verdict.bottleneck or ""
    source, destination = scene.where("source"), scene.where("destination")
    anchors = NextStep(
        "Keep the anchors while it catches up: hold what is not held.", action="holds"
    )
    steps = {
        "source-disk": (_iostat(scene, "source"), *_scrub(scene, "source"), anchors),
        "destination-disk": (_iostat(scene, "destination"), *_scrub(scene, "destination"), anchors),
        "source-cpu": _crowded(source),
        "destination-cpu": _crowded(destination),
        "ssh-cpu": (
            NextStep("See whether the CPU helps with AES.", "grep -c -w aes /proc/cpuinfo", source),
            NextStep(
                "Where it does, choose a cipher that uses it, in the ssh config of the host "
                "that runs the pipeline: Ciphers aes128-gcm@openssh.com. No Compression: a raw "
                "stream does not get smaller.",
                "ssh -G HOST | grep -i -e ^ciphers -e ^compression",
                source,
            ),
        ),
        "network-bandwidth": (
            NextStep("See whether somebody slows it down on purpose.", "tc qdisc show", source),
            NextStep("The same on the other end.", "tc qdisc show", destination),
            NextStep("Send less: leave out what need not travel, or send it at another hour."),
            anchors,
        ),
        "network-loss": (
            NextStep("Look for errors of the interface.", "ip -s link show", source),
            NextStep("The same on the other end.", "ip -s link show", destination),
            NextStep("A cable, a port or a path between them loses packets: have it mended."),
        ),
        "network-window": (
            NextStep("See what TCP may buffer.", "sysctl net.ipv4.tcp_wmem", source),
            NextStep("The same on the other end.", "sysctl net.ipv4.tcp_rmem", destination),
            NextStep("OpenSSH itself has a window of 2 MiB: send several datasets at once."),
        ),
        "throttled": (
            NextStep("Whoever started the pipeline asked for a limit: take it away there."),
            NextStep(
                "A running pv can be told another one.",
                "pv -R PID -L 100m",
                source,
                Effect.CHANGE,
            ),
        ),
        "sender-idle": (
            NextStep("See in which state it is.", "ps -o pid,stat,wchan,args -C zfs,ssh", source),
            NextStep("If it is stopped, continue it.", "kill -CONT PID", source, Effect.CHANGE),
        ),
    }
    shapers = tuple(_unshaped(each) for each in verdict.evidence if each.command == _SHAPER)
    if shapers:
        return (*shapers, *steps.get(bottleneck, ())[2:])
    fewer = NextStep("Send fewer snapshots: only the route's own.", action="send")
    return steps.get(bottleneck, (fewer, anchors))


def _unshaped(seen: Evidence) -> NextStep:
    """Taking away what slows an interface down on purpose, if nobody needs it."""
    found = _DEVICE.search(seen.value)
    device = found[1] if found else "INTERFACE"
    return NextStep(
        f"Find out who limits {device} there, and why. If nobody needs it any more, take it away.",
        f"tc qdisc del dev {device} root",
        seen.host,
        Effect.CHANGE,
    )


def _crowded(where: str) -> tuple[NextStep, ...]:
    return (
        NextStep("See who uses the CPU.", "top -b -n 1 | head -20", where),
        NextStep("Have it wait, or give it less: nice, cpulimit, or another hour.", "", where),
    )


def _iostat(scene: Scene, role: Role) -> NextStep:
    pool = pool_of(scene.side(role).location.dataset)
    return NextStep(
        "Find the one disk that is slower than its peers.",
        f"zpool iostat -vly {pool} 5 3",
        scene.where(role),
    )


def _scrub(scene: Scene, role: Role) -> tuple[NextStep, ...]:
    pool = pool_of(scene.side(role).location.dataset)
    return (
        NextStep(
            "See whether a scrub or resilver runs beside it.",
            f"zpool status {pool}",
            scene.where(role),
        ),
    )
