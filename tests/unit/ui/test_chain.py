"""The picture of the chain: every stage in its place; what stands out does so without colour."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealift.playbook.diagnosis import Level, Stage
from sealift.ui import spans
from sealift.ui.chain import ROOM, chain_lines, in_words, percent, stands_out
from sealift.ui.text import ASCII, UNICODE, Glyphs
from tests.diagnoses import CHAIN, NASTY


def drawn(stages: tuple[Stage, ...], width: int, glyphs: Glyphs = UNICODE) -> list[str]:
    return [spans.plain(line) for line in chain_lines(stages, width, glyphs)]


def test_with_room_the_stages_stand_side_by_side_below_their_hosts() -> None:
    lines = drawn(CHAIN, 154)
    hosts, names, _, busy, words, *doing = lines
    order = [hosts.index("root@nas1"), hosts.index("link"), hosts.index("root@dr1")]
    assert order == sorted(order)
    assert order[1] == names.index("! network")
    assert order[2] == names.index("sshd")
    places = [names.index(name) for name in ("disk", "zfs send", "! network", "zfs receive")]
    assert places == sorted(places)
    assert names.count("──▶") == len(CHAIN) - 1
    assert busy.split("  ")[0] == "3 %"
    assert words[order[1] :].startswith("SATURATED")
    assert "waits 93 %" in doing[0]
    assert len(lines) <= 9


def test_without_room_they_are_a_list_in_the_same_order() -> None:
    lines = [line for line in drawn(CHAIN, 76) if "%" in line[24:36]]
    assert [line.split()[0] for line in lines] == [
        "root@nas1",
        *("│",) * 3,
        "link",
        "root@dr1",
        *("│",) * 3,
    ]
    assert "! network" in lines[4]
    assert "100 %  SATURATED  16 Mbit/s" in lines[4]
    assert "? %" in lines[-1]


@pytest.mark.parametrize("width", [76, 154])
@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
@pytest.mark.parametrize("level", ["warning", "problem"])
def test_the_stage_that_holds_it_back_has_a_sign_and_a_word(
    level: Level, glyphs: Glyphs, width: int
) -> None:
    calm = tuple(replace(stage, busy=0.2, level="info") for stage in CHAIN)
    for index, stage in enumerate(calm):
        grave = replace(stage, busy=0.97, level=level)
        lines = drawn((*calm[:index], grave, *calm[index + 1 :]), width, glyphs)
        shown = "\n".join(lines)
        assert shown.count("SATURATED") == 1
        assert shown.count(f"{spans.sign(level, glyphs).strip()} {stage.name}") == 1


def test_a_stage_that_is_busy_all_the_time_is_seen_even_if_it_is_not_to_blame() -> None:
    busy = Stage("pipe", "nas1", 1.0)
    assert stands_out(busy) == "saturated"
    assert stands_out(replace(busy, level="problem")) == "SATURATED"
    assert stands_out(replace(busy, busy=0.3, level="problem")) == "PROBLEM"
    assert stands_out(replace(busy, busy=0.3)) == ""
    assert "█ pipe" in "\n".join(drawn((busy, busy), 76))


def test_what_is_not_known_is_not_drawn_as_idle() -> None:
    blind, idle = Stage("disk", "dr1", None), Stage("disk", "dr1", 0.0)
    assert percent(blind) == "? %"
    assert percent(idle) == "0 %"
    assert drawn((blind,), 76) != drawn((idle,), 76)
    assert "unknown" in in_words(blind)


stages = st.lists(
    st.builds(
        Stage,
        st.sampled_from(["disk", "zfs send", "mbuffer", NASTY, "x" * 90]),
        st.sampled_from(["", "root@nas1", "root@" + "very-long-name." * 5, NASTY]),
        st.one_of(st.none(), st.floats(-1, 3)),
        st.sampled_from(["", "waits for the pipe", "many words " * 40, NASTY, "x" * 200]),
        st.sampled_from(["ok", "info", "warning", "problem", "unknown"]),
    ),
    min_size=1,
    max_size=15,
)


@settings(deadline=None)
@given(stages, st.integers(50, 200), st.sampled_from([UNICODE, ASCII]))
def test_whatever_the_stages_are_called_no_line_is_too_wide(
    made: list[Stage], width: int, glyphs: Glyphs
) -> None:
    lines = chain_lines(made, width, glyphs)
    assert all(spans.width_of(line) <= width for line in lines)
    shown = "".join(spans.plain(line) for line in lines)
    assert "\x1b" not in shown
    for stage in made:
        assert percent(stage) in shown
    if width < ROOM:
        assert len(lines) >= len(made)
