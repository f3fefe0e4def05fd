"""The screen of charts: what is on it, where its keys lead, and that it stays new."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from textual.widgets import TextArea

from sealift.replication.comparison import compare
from sealift.ui.screens.charts import CHARTS, ChartsScreen
from tests.driving import Operator
from tests.factories import mirrored
from tests.ui.pictures import NOW, picture, showing
from tests.waiting import wait_for

SIZES = ((80, 24), (200, 50))
SOURCE, DESTINATION = mirrored({"": [*range(100, 112)]}, {"": [*range(100, 111)]})
READ = replace(DESTINATION, taken_at=NOW)
SHOWN = picture(SOURCE, READ)


def charts(operator: Operator) -> ChartsScreen:
    screen = operator.app.screen
    assert isinstance(screen, ChartsScreen)
    return screen


async def opened(operator: Operator) -> None:
    await operator.pilot.press("v")
    await operator.until("worst lag")


@pytest.mark.parametrize("size", SIZES)
async def test_each_chart_is_reached_by_its_number_and_all_of_it_is_seen(
    size: tuple[int, int],
) -> None:
    sentences = (
        "worst lag 4 h 13 min",
        "reading when the jobs ended",
        "tank, source",
        "backup, destination",
        "usual hour 4.0 KiB",
    )
    async with showing(SHOWN, size=size) as operator:
        await opened(operator)
        for number, sentence in enumerate(sentences, 1):
            await operator.pilot.press(str(number))
            await operator.until(sentence)
            current = charts(operator).pane.current
            assert current is not None
            assert current.id == CHARTS[number - 1]
            drawn = [line.rstrip() for line in current.copy.splitlines()]
            assert all(line in operator.sees() for line in drawn)
        lines = operator.sees().splitlines()
        assert len(lines) <= size[1]
        assert "esc back" in lines[-1]
        await operator.pilot.press("escape")
        assert operator.app.screen is operator.screen


async def test_another_span_is_drawn_and_named() -> None:
    async with showing(SHOWN) as operator:
        await opened(operator)
        for words in ("Lag, 7 d", "Lag, 1 h", "Lag, 24 h"):
            await operator.pilot.press("w")
            await operator.until(words)


async def test_a_new_reading_is_in_the_next_drawing() -> None:
    later = replace(DESTINATION, taken_at=NOW + timedelta(seconds=5))
    level = replace(
        later, datasets={"": replace(later.datasets[""], snapshots=SOURCE.datasets[""].snapshots)}
    )
    async with showing(SHOWN) as operator:
        await opened(operator)
        assert "now 4 h 13 min" in operator.sees()
        shown = replace(SHOWN, comparison=compare(SOURCE, level))
        operator.screen.show(shown)
        charts(operator).draw()
        await operator.until("now 3 h 13 min")


async def test_a_chart_is_copied_as_text() -> None:
    async with showing(SHOWN) as operator:
        await opened(operator)
        await operator.pilot.press("y")
        await operator.until("also sent to the terminal's clipboard")
        box = operator.app.screen.query_one("#copied", TextArea)
        assert "worst lag" in box.text
        assert "limit │" in box.text
        assert box.text == operator.app.clipboard


async def test_help_says_where_it_comes_from() -> None:
    async with showing(SHOWN) as operator:
        await opened(operator)
        await operator.pilot.press("question_mark")
        await operator.until("What nobody looked at is a question mark.")
        await operator.pilot.press("escape")
        await wait_for(
            operator.pilot, lambda: isinstance(operator.app.screen, ChartsScreen), "the charts"
        )


async def test_a_route_that_was_not_read_says_so_in_each_chart() -> None:
    unread = replace(
        SHOWN,
        comparison=None,
        source=replace(SHOWN.source, inventory=None, iostat=()),
        destination=replace(SHOWN.destination, inventory=None, iostat=()),
    )
    async with showing(unread) as operator:
        await operator.pilot.press("v")
        await operator.until("unknown: both hosts have to be read first.")
        await operator.until("no line of zpool iostat came yet")


async def test_a_terminal_without_unicode_gets_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "linux")
    async with showing(SHOWN, size=(80, 24)) as operator:
        await opened(operator)
        for number in "12345":
            await operator.pilot.press(number)
            await operator.pilot.pause()
            current = charts(operator).pane.current
            assert current is not None
            assert current.copy.isascii()
