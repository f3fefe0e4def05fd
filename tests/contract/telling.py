"""Have a host's shell tell a story: one script for all commands, parted again into answers.

The script needs two words that the hosts bring themselves: `fill DATASET MIB` writes as much fresh
data into a dataset, and `$PEER` is the other host as ssh knows it.
"""

from __future__ import annotations

import shlex

from tests.contract.normal import Normaliser
from tests.contract.story import Answer, Story

_PREAMBLE = """\
export LC_ALL=C
said=$(mktemp -d)
trap 'rm -rf "$said"' EXIT
cd "$said"
mkdir here
tell() {
    ( cd here; eval "$1" ) >out 2>err </dev/null
    code=$?
    printf '%s %s %s\\n' "$code" "$(($(wc -c <out)))" "$(($(wc -c <err)))"
    cat out err
}
"""


def script(story: Story, own: str) -> bytes:
    """The story for `sh -s`. `own` defines what the host brings."""
    calls = "".join(f"tell {shlex.quote(step.command)}\n" for step in story.steps)
    return f"{own}\n{_PREAMBLE}{calls}".encode()


def answers(output: bytes) -> list[Answer]:
    """What the commands of a story answered, normalised."""
    normal = Normaliser()
    found: list[Answer] = []
    while output:
        line, _, output = output.partition(b"\n")
        code, out, err = (int(word) for word in line.split())
        stdout, stderr, output = output[:out], output[out : out + err], output[out + err :]
        found.append(
            Answer(normal.normalise(stdout.decode()), normal.normalise(stderr.decode()), code)
        )
    return found
