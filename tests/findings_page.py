"""`python -m tests.findings_page`: write docs/findings.md from the catalogue of findings."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from itertools import chain, groupby
from pathlib import Path

from sealift.keymap import USUAL
from sealift.playbook.catalogue import PAGES, Group, Page

FILE = Path(__file__).parents[1] / "docs" / "findings.md"
_PROCEDURES = FILE.parent / "procedures"

HEAD = """\
# Findings

Made from `src/sealift/playbook/catalogue/` by `python -m tests.findings_page`; change it there.

Each id that the screen, `sealift diagnose`, `audit`, `status`, `plan` or `jobs` may show: what it
means, what it was recognised by, what to do in which order, and what not to do. An id keeps its
meaning and is never used for another.

Words in capitals are to be filled in: SOURCE and DEST are the two datasets of the route, BASE the
snapshot that both share, TAG the tag of the route's holds. A letter in brackets is a key of the
screen. Numbers with a `#` are issues of openzfs/zfs.
"""


def text() -> str:
    """The whole file."""
    groups = [(group, tuple(pages)) for group, pages in groupby(PAGES, lambda each: each.group)]
    index = (_index(group, pages) for group, pages in groups)
    sections = (line for group, pages in groups for line in _section(group, pages))
    return USUAL.in_words("\n".join(chain((HEAD,), index, sections))) + "\n"


def _index(group: Group, pages: tuple[Page, ...]) -> str:
    if group is Group.MESSAGES:
        return f"- {group}: the last section."
    return f"- {group}: " + ", ".join(f"[{each.id}](#{each.id})" for each in pages)


def _section(group: Group, pages: tuple[Page, ...]) -> Iterator[str]:
    yield from ("", f"## {group}")
    if group is Group.MESSAGES:
        yield from (
            "",
            "Shown where a command failed with a message that no finding above explains.",
        )
        yield ""
        yield from (f"- `{each.id}` **{each.title}.** {each.means} *{each.do}*" for each in pages)
    else:
        yield from (line for each in pages for line in _lines(each))


def _lines(page: Page) -> Iterator[str]:
    yield from ("", f"### {page.id}", "", f"**{page.title}.** {page.means}", "")
    yield from (f"*Recognised by:* {page.recognised}", "", "*What to do*", "")
    yield from (f"{number}. {step}" for number, step in enumerate(page.do.splitlines(), 1))
    if page.dont:
        yield from ("", "*What not to do*", "")
        yield from (f"- {each}" for each in page.dont.splitlines())
    if links := ", ".join(_procedures(page.id)):
        yield from ("", f"*Procedures:* {links}")


def _procedures(finding: str) -> Iterator[str]:
    """Links to the pages of docs/procedures that name a finding."""
    for path in sorted(set(_PROCEDURES.glob("*.md")) - {_PROCEDURES / "README.md"}):
        words = path.read_text(encoding="utf-8")
        if re.search(rf"findings\.md#{finding}\)", words):
            title = words.partition("\n")[0].removeprefix("# ")
            yield f"[{title}](procedures/{path.name})"


def main() -> int:
    """Write it."""
    FILE.write_text(text(), encoding="utf-8")
    sys.stdout.write("docs/findings.md\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
