"""The running transfer: what is sent, how far it is, how fast, how long it still takes."""

from __future__ import annotations

from datetime import datetime

from rich.text import Text
from textual.app import RenderResult
from textual.reactive import reactive
from textual.widget import Widget

from sealift.replication.amount import Amount, amount
from sealift.replication.job import Job, JobState
from sealift.replication.picture import Picture
from sealift.ui import text
from sealift.ui.text import Glyphs

_RECENT = 120  # seconds; an end that is longer ago is told with its age
_CHART_FROM, _CHART = 70, 24  # columns
_STALLED = 10  # seconds without a byte; a receiver writes in bursts of up to 5 s


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
        "Transfer\n"
        "Bytes that zfs send has handed to the pipe, of all steps of the job, against ZFS's own "
        "estimates, which may be off by some percent; where one is not known, of the step that "
        "runs. Time left is made from the last 30 s; where there is no basis it "
        "says unknown. Stalled means that the job was heard of, and that its counter stood still. "
        "The job runs on its coordinator and goes on without this program. At the end the "
        "destination is read back before anything is called done."
    )

    picture: reactive[Picture | None] = reactive(None)
    now: reactive[datetime | None] = reactive(None)

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self._glyphs = glyphs
        self._titled = ""

    def watch_picture(self) -> None:
        """Name the job on the border; to set it draws the pane, so only if it is another."""
        job = self.picture.job if self.picture else None
        title = "Transfer" if job is None else f"Transfer  {_title(job)}"
        if title != self._titled:
            self._titled = title
            self.border_title = Text(title)

    def get_content_height(self, *_: object) -> int:
        """Words and bar."""
        return 2

    def render(self) -> RenderResult:
        """Draw it from the newest picture."""
        if self.picture is None or self.now is None:
            return ""
        job = self.picture.job
        if job is None:
            return Text("no job of this route yet", no_wrap=True)
        lines = {
            JobState.RUNNING: self._sending,
            JobState.WAITING: self._pausing,
        }.get(job.state, self._ended)(job)
        return Text("\n", no_wrap=True, overflow="crop").join(lines)

    def _sending(self, job: Job) -> list[Text]:
        known = amount(job)
        what = job.progress.current or f"{job.step.dataset}@{job.step.target}"
        number = "mending " if not known.step else ""
        if known.steps > 1:
            number = f"{known.step}/{known.steps} "
        numbers = (
            f"{text.size(known.done)} of {text.size(known.expected)}"
            f"  {text.rate(job.rate.bytes_per_second)}"
        )
        room = max(8, self.size.width - len(numbers) - len(number) - 2)
        name = text.shorten(text.one_line(what), room, self._glyphs.ellipsis)
        words = Text(f"{number}{name}  {numbers}", no_wrap=True, overflow="crop")
        return [words, self._bar(job, known)]

    def _bar(self, job: Job, known: Amount) -> Text:
        left = job.rate.seconds_left(known.expected, known.done)
        chart = ""
        if self.size.width > _CHART_FROM and job.rates:
            chart = " " + text.sparkline(job.rates[-_CHART:], self._glyphs)
        still = stalled(job)
        ends = f"{text.duration(left)} left" if still is None else still
        words = f"{text.percent(known.done, known.expected):>5}  {ends}"
        width = max(4, self.size.width - len(words) - len(chart) - 1)
        filled = int((known.fraction or 0) * width)
        style = self.get_component_rich_style("transfer--bar", partial=True)
        bar = Text(self._glyphs.full * filled, style, no_wrap=True, overflow="crop")
        bar.append(self._glyphs.empty * (width - filled), style)
        return bar.append(chart, style).append(f" {words}", "")

    def _pausing(self, job: Job) -> list[Text]:
        now = self.now or job.about.made
        pause = max(0, round((job.retry_at - now).total_seconds())) if job.retry_at else 0
        why = job.trouble.what if job.trouble else ""
        words = f"{self._glyphs.trouble} waiting: try {job.tries} in {pause} s"
        return [Text(words), Text(text.one_line(why))]

    def _ended(self, job: Job) -> list[Text]:
        started = job.started or job.about.made
        ended = job.ended or self.now
        took = (ended - started).total_seconds() if ended else None
        age = (self.now - ended).total_seconds() if self.now and ended else 0
        words = {
            JobState.VERIFYING: "sent; reading the destination back",
            JobState.DONE: f"{self._glyphs.ok} done: every planned snapshot is there, by guid",
            JobState.FAILED: f"{self._glyphs.trouble} failed",
            JobState.LOST: f"{self._glyphs.trouble} lost",
            JobState.CANCELLED: "cancelled",
        }[job.state]
        ago = f", {text.age(age)}" if job.ended and age > _RECENT else ""
        first = f"{words}   (took {text.duration(took)}{ago})"
        second = job.trouble.what if job.trouble else self._seal()
        if job.trouble and job.state is JobState.CANCELLED:
            second = job.trouble.means
        return [Text(first), Text(text.one_line(second))]

    def _seal(self) -> str:
        seal = self.picture.seal if self.picture else None
        return f"{seal.state.value}: {seal.proof}" if seal and seal.proof else ""


def stalled(job: Job) -> str | None:
    """That a running job's counter stands still, and for how long; None if it moves.

    None, too, where there is no basis: before the first byte, or while nothing is heard of it.
    Samples are kept for as long as `Rate.window`, so a longer time is not known.
    """
    samples = job.rate.samples
    if job.state is not JobState.RUNNING or not samples or not job.progress.done:
        return None
    newest, done = samples[-1]
    moved = [seconds for seconds, before in samples if before != done]
    since = next(seconds for seconds, same in samples if same == done)
    still = newest - since
    if still <= _STALLED:
        return None
    return f"stalled for {still:.0f} s{'' if moved else ' or more'}"


def _title(job: Job) -> str:
    return f"job {job.about.id} on {text.one_line(job.host)}, since {job.about.made:%H:%M}"
