"""A snapshot of the source, and a send: each is shown, asked about, and then carried out."""

from __future__ import annotations

import asyncio

from sealift.hosts.trouble import TroubleError
from sealift.ui import dialogs
from sealift.ui.panels.desk import Desk
from sealift.ui.screens.dialog import Choice


async def send(desk: Desk) -> bool:
    """Plan a send, show it, and start it if the operator says so. Whether it was started.

    Where the plan is another one by then, the operator may look at the new one at once.
    """
    while True:
        try:
            return await _send(desk)
        except TroubleError as error:
            paragraphs = dialogs.trouble_paragraphs(error.trouble)
            if error.trouble.finding != "plan-changed":
                await desk.tell("Not sent", paragraphs)
                return False
        again = [Choice("again", "Plan again")]
        if await desk.ask("Not sent", paragraphs, again, cancel="Back", focus="again") != "again":
            return False


async def _send(desk: Desk) -> bool:
    """The same, once. Raises `TroubleError`."""
    desk.say("Planning from what both hosts hold now…", seconds=2)
    changes = desk.changes
    shown = await changes.preview()
    if shown.plan.blocked:
        blocked = dialogs.blocked_paragraphs(shown, desk.picture.comparison)
        await desk.tell("Nothing can be sent now", blocked)
        return False
    if not shown.steps:
        await desk.tell("Nothing to send", ["Both sides hold the same snapshots."])
        return False
    takes = dialogs.how_long(shown, desk.seen.measured, desk.clock())
    chosen = await desk.ask(
        f"Send: {desk.picture.route.title}",
        dialogs.send_paragraphs(shown, desk.picture, takes),
        [Choice("start", "Start", "change")],
        copy="\n".join(planned.pipeline.text() for planned in shown.steps),
    )
    if chosen != "start":
        return False
    desk.say("Holding what it needs, then starting it…", seconds=3)
    # Confirmed is confirmed: the next key must not cancel it.
    await asyncio.shield(changes.start(shown))
    return True


async def snapshot(desk: Desk) -> bool:
    """Take a snapshot of the source's tree after asking. Whether it was taken."""
    source = desk.picture.source.inventory
    if source is None or not source.exists:
        desk.say("The source has to be read first.")
        return False
    try:
        changes = desk.changes
        command = changes.snapshot_command()
        chosen = await desk.ask(
            "Take a snapshot",
            dialogs.snapshot_paragraphs(
                command, desk.where("source"), len(source.datasets), locked=source.locked
            ),
            [Choice("take", "Take it", "change")],
            copy=command.text(),
        )
        if chosen != "take":
            return False
        # Confirmed is confirmed: the next key must not cancel it.
        name = await asyncio.shield(changes.take_snapshot(command))
        desk.say(f"Taken: @{name}")
    except TroubleError as error:
        await desk.tell("No snapshot taken", dialogs.trouble_paragraphs(error.trouble))
        return False
    return True
