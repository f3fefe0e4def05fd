"""What a job is given along: the folder that the runner (`remote/job.sh`) works from.

Every command line in it is made here from argv, quoted for the coordinator's shell and once more
for the shell behind its ssh. Nothing in it comes from a host but names and guids that were checked.
"""

from __future__ import annotations

import io
import json
import shlex
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sealift import __version__, remote
from sealift.replication.anchoring import Anchoring
from sealift.replication.pipeline import End, Ends, Pipeline, between, pipeline, receiving
from sealift.replication.plan import Chain, Step
from sealift.routes import Route
from sealift.zfs.commands import Command, RawSend, resume

# Linux takes no word of more than 128 KiB, and what ssh is given is quoted twice.
_LONGEST = 50_000
_NAMES = 200
_GUIDS = ("zfs", "get", "-Hp", "-o", "name,value", "guid")


@dataclass(frozen=True, slots=True)
class Order:
    """A job to be started: what is carried, by whom, and how it is anchored, step by step.

    `key` marks the runner's own lines in its log; only the coordinator is told it. `operator` asked
    for it, at `made` (aware). `sizes` is what each step is estimated to carry, in bytes or unknown
    (None); empty where nobody asked.
    """

    id: str
    key: str
    route: Route
    steps: tuple[Step, ...]
    anchoring: tuple[Anchoring, ...]
    ends: Ends
    operator: str
    made: datetime
    sizes: tuple[int | None, ...] = ()


def about(order: Order) -> str:
    """What later readers of the job are told (`job.parse_about` reads it): one line of JSON."""
    sizes = dict(zip(order.steps, order.sizes, strict=True)) if order.sizes else {}
    steps = [
        {
            "number": number,
            "dataset": step.send.dataset,
            "into": step.into,
            "base": step.send.base,
            "target": step.send.target,
            "recursive": step.send.replicate,
            "kind": kind,
            "brings": sorted(step.brings),
            "pipeline": pipeline(step, order.ends, order.route.hold_tag).text(),
            "size": None if kind == "repair" else sizes.get(step),
        }
        for number, step, kind, _ in _numbered(order)
    ]
    route = order.route
    return json.dumps(
        {
            "schema": 1,
            "sealift": __version__,
            "id": order.id,
            "key": order.key,
            "route": route.name,
            "source": route.source.text(),
            "destination": route.destination.text(),
            "via": route.transport.via.value,
            "where": order.ends.where,
            "operator": order.operator,
            "made": order.made.timestamp(),
            "tag": route.hold_tag,
            "steps": steps,
        }
    )


def archive(order: Order) -> bytes:
    """The folder as a tar."""
    transport = order.route.transport
    settings = {
        "key": order.key,
        "tries": str(transport.tries),
        "pause": str(transport.pause),
        "elevate": order.ends.elevation.value,
    }
    files = {
        "runner": remote.text("job.sh"),
        "harmless": remote.text("harmless"),
        "settings": "".join(f"{name}={shlex.quote(value)}\n" for name, value in settings.items()),
        "about": about(order) + "\n",
    }
    stays = "".join(f"{name}\n" for name in _origins(order))
    for number, step, kind, anchoring in _numbered(order):
        for name, content in _step_files(step, kind, anchoring, order).items():
            files[f"steps/{number}/{name}"] = content
        files[f"steps/{number}/stays"] = stays
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path, content in files.items():
            data = content.encode()
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(data), 0o600
            tar.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def _numbered(order: Order) -> Iterable[tuple[str, Step, str, Anchoring]]:
    """The steps with their numbers; a package is followed by what mends it if it is cut."""
    number = 0
    for step, anchoring in zip(order.steps, order.anchoring, strict=True):
        number += 1
        if not step.send.replicate:
            yield f"{number:04}", step, "single", anchoring
            continue
        yield f"{number:04}", step, "package", anchoring
        for chain, part in zip(step.chains, anchoring.apart(step.chains), strict=True):
            number += 1
            alone = Step(_first_send(chain), chain.into, (chain,), "what the package left undone")
            yield f"{number:04}", alone, "repair", part


def _first_send(chain: Chain) -> RawSend:
    """What begins a chain that goes alone; of a full one only its first snapshot."""
    if chain.start is None:
        return RawSend(chain.dataset, chain.snapshots[0].name, origin=chain.origin)
    if chain.bookmark:
        return RawSend(chain.dataset, chain.snapshots[0].name, chain.start.name, bookmark=True)
    return RawSend(chain.dataset, chain.target.name, chain.start.name)


def _step_files(step: Step, kind: str, anchoring: Anchoring, order: Order) -> dict[str, str]:
    expected = [(f"{chain.into}@{chain.target.name}", chain.target.guid) for chain in step.chains]
    files = {
        "step": _functions(step, kind, anchoring, order),
        "expect": "".join(f"{name}\t{guid}\n" for name, guid in expected),
    }
    if kind == "package":
        files["brings"] = "".join(_lines(chain, f"\t{chain.into}") for chain in step.chains)
    else:
        files["chain"] = _start(step.chains[0]) + _lines(step.chains[0])
    return files


def _origins(order: Order) -> list[str]:
    """What clones of the order start from on the destination: held until a later job moves it on.

    A clone may still have to go when the dataset of its origin is through.
    """
    chains = [chain for step in order.steps for chain in step.chains]
    into = {chain.dataset: chain.into for chain in chains}
    origins = [chain.origin.partition("@") for chain in chains if chain.origin is not None]
    return sorted({f"{into[name]}@{short}" for name, _, short in origins if name in into})


def _lines(chain: Chain, more: str = "") -> str:
    return "".join(f"{each.guid}\t{each.guid:#x}\t{each.name}{more}\n" for each in chain.snapshots)


def _start(chain: Chain) -> str:
    start = chain.start
    if start is None:
        # Nothing of it is there yet; but a clone's stream, and its token, start from the origin.
        return f"-\t{chain.origin_guid:#x}\t-\n" if chain.origin_guid is not None else "-\t-\t-\n"
    return f"{start.guid}\t{start.guid:#x}\t{start.name}\n"


def _functions(step: Step, kind: str, anchoring: Anchoring, order: Order) -> str:
    ends, tag = order.ends, order.route.hold_tag
    source, destination = ends.source, ends.destination
    send, into, target = step.send, step.into, step.chains[0].target.name
    rest = RawSend(send.dataset, target, _WORD, intermediate=send.intermediate)
    look = (*_LOOK, _WORD, "-r" if kind == "package" else "-d1", into, destination.zfs)
    receive = Pipeline("", receiving(step, ends, tag, _WORD), between(ends.transport)).received
    functions = {
        "send": ends.on(source, send.argv("-vP")),
        "receive": _filled(receive),
        "continue_from": _filled(ends.on(source, rest.argv("-vP"))),
        "resume": _filled(ends.on(source, resume(_WORD, "-vP"))),
        "decode": _filled(ends.on(source, resume(_WORD, "-nvP"))),
        "look": _filled(ends.reach(destination, shlex.join(look))),
        "settle": _settling(step, anchoring, ends),
        "keep": ends.reach(destination, _of_stdin(("zfs", "hold", tag), destination)),
        "let_go": ends.reach(destination, _of_stdin(("zfs", "release", tag), destination)),
        "settle_source": "\n".join(
            ends.reach(source, line) for line in _lines_of(anchoring.source, source) or [":"]
        ),
    }
    settings = {
        "kind": kind,
        "fresh": "no" if step.resumes else "yes",
        "into": into,
        "target": target,
        "first": send.target,
    }
    head = "".join(f"{name}={shlex.quote(value)}\n" for name, value in settings.items())
    return head + "".join(f"{name}() {{\n{body}\n}}\n" for name, body in functions.items())


def _settling(step: Step, anchoring: Anchoring, ends: Ends) -> str:
    """Ask for the targets' guids; if they are all there, hold and let go. Rights may be missing."""
    end = ends.destination
    there = [f"{chain.into}@{chain.target.name}" for chain in step.chains]
    batches = (there[begin : begin + _NAMES] for begin in range(0, len(there), _NAMES))
    confirm = [shlex.join(end.words((*_GUIDS, *batch))) for batch in batches]
    rest = _lines_of(anchoring.destination, end)
    at_once = " && ".join((*confirm, f"{{ {'; '.join(rest)}; }}") if rest else confirm)
    if len(at_once) < _LONGEST:
        return ends.reach(end, at_once)
    lines = " &&\n".join(ends.reach(end, line) for line in confirm)
    # A line that was cut off may have been the one that holds: what comes after it lets go.
    each = (f"{ends.reach(end, line)}\n[ $? -ne 255 ] || return 255" for line in rest or [":"])
    return lines + " && {\n" + "\n".join(each) + "\n}"


def _of_stdin(argv: tuple[str, ...], end: End) -> str:
    """A command for the names that come on stdin, as xargs(1) reads them."""
    return shlex.join(("xargs", *end.words(argv)))


def _lines_of(commands: tuple[Command, ...], end: End) -> list[str]:
    """Commands one after the other, in lines that ssh can be given, each as one word."""
    lines: list[str] = []
    for each in commands:
        text = shlex.join(end.words(each.argv))
        if lines and len(lines[-1]) + len(text) < _LONGEST:
            lines[-1] += f"; {text}"
        else:
            lines.append(text)
    return lines


# Stands for what the runner fills in: a snapshot's name, a token, a number. The space has shlex
# put it into single quotes, for whichever shell.
_WORD = "sealift word"


def _filled(line: str) -> str:
    """A line in which the runner's first argument stands for `_WORD`.

    Neither names nor tokens nor numbers hold a quote, so that they cannot end those around them.
    """
    return line.replace(_WORD, "'\"$1\"'")


_LOOK = remote.argv("look.sh")
