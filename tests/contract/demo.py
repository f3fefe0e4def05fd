"""The demo's hosts as tellers of stories."""

from __future__ import annotations

import subprocess

from sealift.demo.stage import Demo
from tests.contract.story import Answer, Story
from tests.contract.telling import answers, script

OWN = "export PEER=root@dr1"


def tell(demo: Demo, story: Story) -> list[Answer]:
    """Let the source tell a story."""
    done = subprocess.run(
        [demo.shell("nas1"), "-s"],
        input=script(story, OWN),
        stdout=subprocess.PIPE,
        timeout=60,
        check=True,
    )
    return answers(done.stdout)
