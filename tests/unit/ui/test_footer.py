"""What stays at the foot of a screen when there is no room for everything."""

from __future__ import annotations

from itertools import pairwise

import pytest

from sealift.actions import ACTIONS, SCREENS, Action
from sealift.keymap import USUAL
from sealift.ui.widgets.footer import Hint, fitting, joined, rank


def hints(actions: tuple[Action, ...], urgent: str) -> tuple[list[str], list[Hint]]:
    found = [each for each in actions if each.footer or each.id == urgent]
    # Those of one entry have one title; its width is one key's more.
    shown = list({each.title: each for each in reversed(found)}.values())[::-1]
    return [each.id for each in shown], [
        Hint(USUAL.shown(each), each.title, rank(each.id, urgent, enabled=True)) for each in shown
    ]


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("screen", SCREENS)
def test_the_first_troubles_key_the_way_out_and_help_are_always_there(
    screen: str, width: int
) -> None:
    urgent = "roll_back" if screen == "route" else ""
    names, made = hints(SCREENS[screen], urgent)
    kept = fitting(made, width)
    assert sum(made[place].width for place in kept) - 1 <= width
    assert {names[place] for place in kept} >= {"help"} | ({urgent} if urgent else set())
    assert {names[place] for place in kept} & {"back", "quit"}
    assert list(kept) == sorted(kept)


def test_more_room_shows_more_and_never_something_less_in_its_place() -> None:
    _, made = hints(ACTIONS, "details")
    sets = [set(fitting(made, width)) for width in range(1, 200)]
    assert all(less <= more for less, more in pairwise(sets))
    assert sets[0] == set()
    assert sets[-1] == set(range(len(made)))


def test_what_cannot_be_done_now_gives_way_first() -> None:
    made = [Hint("a", "x" * 8, rank("a", "", enabled=False)), Hint("b", "x" * 8, 3)]
    assert fitting(made, 12) == (1,)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (["1", "2", "3", "4", "5"], "1-5"),
        (["s"], "s"),
        (["a", "2", "3"], "a 2 3"),
        (["f1", "f2"], "f1 f2"),
        (["2", "1"], "2 1"),
    ],
)
def test_the_keys_of_one_entry_are_named_shortly_and_never_wrongly(
    keys: list[str], said: str
) -> None:
    assert joined(keys) == said


@pytest.mark.parametrize("screen", ["playbook", "charts"])
def test_what_is_one_entry_has_one_title_and_one_call(screen: str) -> None:
    numbered = [each for each in SCREENS[screen] if each.keys[0].isdigit()]
    assert len(numbered) > 3
    assert len({(each.title, each.call.partition("(")[0], each.footer) for each in numbered}) == 1
    assert len({each.help for each in numbered}) == len(numbered)
