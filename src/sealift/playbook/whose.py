"""Which tool has started what runs, if it was not sealift. Pure."""

from __future__ import annotations

from sealift.playbook.scene import Scene
from sealift.zfs import makers
from sealift.zfs.processes import Process


def tool(process: Process, scene: Scene) -> str:
    """The tool that started a send or receive; empty if it is not known.

    One that runs on a third machine leaves no process of its own on either host; bzfs is known by
    the bookmark that it keeps while it sends.
    """
    return process.tool or _by_bookmark(process, scene)


def started(process: Process, scene: Scene) -> str:
    """`, started by …` for a sentence; empty if it is not known."""
    by = tool(process, scene)
    seen = f" (process {process.started_by})" if process.started_by else ""
    return f", started by {by}{seen}" if by else ""


def _by_bookmark(process: Process, scene: Scene) -> str:
    sent = process.argv_text.rpartition("@")[2] if process.verb == "send" else ""
    if not sent or scene.comparison is None:
        return ""
    for each in scene.comparison.datasets.values():
        if each.source is not None and each.source.dataset.name == process.dataset:
            marks = each.source.bookmarks
            return "bzfs" if any(makers.sends(mark.name, sent) for mark in marks) else ""
    return ""
