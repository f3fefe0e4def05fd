"""The lab's hosts as tellers of stories."""

from __future__ import annotations

from tests.contract.story import Answer, Story
from tests.contract.telling import answers, script
from tests.lab.lab import Lab

OWN = """\
export PEER=root@dest
fill() {
    at=$(zfs get -H -o value mountpoint "$1")
    number=$(ls "$at" | wc -l)
    head -c "${2}M" /dev/urandom >"$at/file-$number"
}
"""


def tell(lab: Lab, story: Story) -> list[Answer]:
    """Let the source tell a story."""
    return answers(lab.source.run(["sh", "-s"], stdin=script(story, OWN), timeout=300).stdout)
