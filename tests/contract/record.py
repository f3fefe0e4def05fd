"""python -m tests.contract.record DIRECTORY [STORY...]: let the lab in DIRECTORY tell the stories.

Every answer in the story files is replaced by what real ZFS answers. Read the difference before
keeping it: what changed is a claim about ZFS.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from tests.contract.lab import tell
from tests.contract.story import STORIES, Story, load, names, written
from tests.lab.lab import Lab


def main(directory: str, *chosen: str) -> None:
    """Record the chosen stories, or all."""
    lab = Lab.attach(Path(directory))
    lab.fresh_pools()
    for name in chosen or names():
        story = load(name)
        told = tell(lab, story)
        steps = tuple(
            replace(step, answer=answer) for step, answer in zip(story.steps, told, strict=True)
        )
        (STORIES / f"{name}.txt").write_text(written(Story(name, steps)), encoding="utf-8")
    for host in lab.hosts:
        host.disconnect()


if __name__ == "__main__":
    main(*sys.argv[1:])
