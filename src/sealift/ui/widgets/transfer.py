"""The running transfer: what is sent, how far it is, how fast, how long it still takes."""

from __future__ import annotations

from datetime import datetime

from rich.text import Text
from textual.app import RenderResult
from textual.reactive import reactive
from textual.widget import Widget

from sealift.replication.picture import Picture
from sealift.replication.transfer import Transfer, TransferState
from sealift.ui import text
from sealift.ui.text import Glyphs


class TransferPane(Widget, can_focus=True):
    """Two lines: words, and a bar."""

    DEFAULT_CSS = """
    TransferPane {
        height: auto;
        padding: 0 1;
        & > .transfer--bar { color: $primary; }
    }
    """
    COMPONENT_CLASSES = {"transfer--bar"}
    BORDER_TITLE = "Transfer"
    HELP = (
        "## Transfer\n"
        "Bytes that `zfs send` has handed to the pipe, against ZFS's own estimate, which may be "
        "off by some percent. Time left is made from the last 30 s; where there is no basis it "
        "says unknown. At the end the destination is read back before anything is called done."
    )

    picture: reactive[Picture | None] = reactive(None)
    now: reactive[datetime | None] = reactive(None)

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self._glyphs = glyphs

    def get_content_height(self, *_: object) -> int:
        """Words and bar."""
        return 2

    def render(self) -> RenderResult:
        """Draw it from the newest picture."""
        if self.picture is None or self.now is None:
            return ""
        transfer = self.picture.transfer
        if transfer is None:
            return Text("nothing is being sent from here", no_wrap=True)
        if transfer.state is not TransferState.SENDING:
            return self._ended(transfer)
        return Text("\n", no_wrap=True, overflow="crop").join(
            [self._words(transfer), self._bar(transfer)]
        )

    def _words(self, transfer: Transfer) -> Text:
        progress = transfer.progress
        what = progress.current or f"{transfer.step.send.dataset}@{transfer.step.send.target}"
        number = f"{transfer.index + 1}/{len(transfer.steps)} " if len(transfer.steps) > 1 else ""
        numbers = (
            f"{text.size(progress.done)} of {text.size(progress.expected)}"
            f"  {text.rate(transfer.rate.bytes_per_second)}"
        )
        room = max(8, self.size.width - len(numbers) - len(number) - 2)
        name = text.shorten(text.one_line(what), room, self._glyphs.ellipsis)
        return Text(f"{number}{name}  {numbers}", no_wrap=True, overflow="crop")

    def _bar(self, transfer: Transfer) -> Text:
        progress = transfer.progress
        left = transfer.rate.seconds_left(progress.expected, progress.done)
        words = f"{text.percent(progress.done, progress.expected):>5}  {text.duration(left)} left"
        width = max(4, self.size.width - len(words) - 1)
        filled = int((progress.fraction or 0) * width)
        style = self.get_component_rich_style("transfer--bar", partial=True)
        bar = Text(self._glyphs.full * filled, style, no_wrap=True, overflow="crop")
        return bar.append(self._glyphs.empty * (width - filled), style).append(f" {words}", "")

    def _ended(self, transfer: Transfer) -> Text:
        ended = transfer.ended or self.now
        took = (ended - transfer.started).total_seconds() if ended else None
        sent = text.size(transfer.progress.done)
        words = {
            TransferState.VERIFYING: "sent; reading the destination back",
            TransferState.DONE: f"{self._glyphs.ok} done: every snapshot is there, by guid",
            TransferState.FAILED: f"{self._glyphs.trouble} failed",
            TransferState.CANCELLED: "cancelled",
        }[transfer.state]
        first = f"{words}   ({sent} in {text.duration(took)})"
        second = transfer.trouble.what if transfer.trouble else self._seal()
        if transfer.trouble and transfer.state is TransferState.CANCELLED:
            second = transfer.trouble.means
        return Text(f"{first}\n{text.one_line(second)}", no_wrap=True, overflow="crop")

    def _seal(self) -> str:
        seal = self.picture.seal if self.picture else None
        return f"{seal.state.value}: {seal.proof}" if seal and seal.proof else ""
