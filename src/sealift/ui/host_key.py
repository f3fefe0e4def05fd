"""The question about a host key that no known_hosts file has."""

from __future__ import annotations

from typing import Protocol

from textual.app import App

from sealift.hosts.trouble import TroubleError, UnknownKey
from sealift.ui import dialogs
from sealift.ui.screens.dialog import Choice, Dialog
from sealift.ui.screens.listing import READ_ONLY


class Accept(Protocol):
    """Trusts a key. Raises `OSError` if it is trusted now, and cannot be remembered.

    Raises `TroubleError` if the gate lets nothing be remembered.
    """

    def __call__(self, key: UnknownKey, *, remember: bool) -> None:
        """In this session, or from now on."""


async def ask_host_key(
    app: App[int], where: str, key: UnknownKey, accept: Accept, *, read_only: bool
) -> None:
    """Show a host's key to be compared, and do what the operator says. In a worker.

    A session that is read-only can trust it, and writes nothing down.
    """
    choices = [
        Choice("session", "Trust for this session", "change"),
        Choice("remember", "Trust and remember", "change", READ_ONLY if read_only else ""),
    ]
    words = dialogs.host_key_paragraphs(where, key)
    dialog = Dialog(f"Unknown host key: {where}", words, choices, copy=key.fingerprint)
    chosen = await app.push_screen_wait(dialog)
    if chosen == "cancel":
        return
    try:
        accept(key, remember=chosen == "remember")
    except TroubleError as error:  # the gate's refusal
        words = dialogs.trouble_paragraphs(error.trouble)
        await app.push_screen_wait(Dialog("Not trusted", words, cancel="Back"))
    except OSError as error:
        words = [f"{key.file}: {error.strerror}"]
        await app.push_screen_wait(Dialog("Trusted for this session only", words, cancel="Back"))
