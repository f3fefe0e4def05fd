"""`make screenshots`: draw every file of screenshots/, the same bytes every time."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from sealift.ui import themes
from tests.scenes import SCREENS, settled

FOLDER = Path(__file__).parents[1] / "screenshots"


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: its file, the screen, the size of the terminal."""

    file: str
    screen: str
    size: tuple[int, int] = (120, 36)
    theme: str = themes.DEFAULT


SHOTS = (
    Shot("overview", "overview"),
    Shot("route", "route", (140, 40)),
    Shot("route-80x24", "route", (80, 24)),
    Shot("route-light", "route", theme="sealift-light"),
    Shot("preview", "preview"),
    Shot("torn-seed", "torn-seed"),
    Shot("not-sealed", "not-sealed"),
    Shot("details", "details"),
    Shot("help", "help"),
    Shot("audit", "audit", theme="sealift-high-contrast"),
    Shot("playbook", "playbook", (140, 40)),
    Shot("playbook-80x24", "playbook", (80, 24)),
)


async def draw(shot: Shot) -> str:
    """One picture as SVG."""
    async with SCREENS[shot.screen]() as pilot:
        await settled(pilot, shot.size, shot.theme)
        drawn = pilot.app.export_screenshot(title="sealift", simplify=True)
        return re.sub(r"terminal-\d+-", "terminal-", drawn)


def main() -> int:
    """Draw them all."""
    os.environ.pop("NO_COLOR", None)
    os.environ["TERM"] = "xterm-256color"
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as state:
        os.environ["XDG_STATE_HOME"] = state  # no journal of it in the home
        for shot in SHOTS:
            svg = asyncio.run(draw(shot))
            (FOLDER / f"{shot.file}.svg").write_text(svg, encoding="utf-8")
            sys.stdout.write(f"screenshots/{shot.file}.svg\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
