"""Which key does what: names of keys, conflicts, and sentences that name a key."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.keys import _character_to_key  # what a terminal's character is called

import sealift
from sealift.actions import ACTIONS, SCREENS, by_name, named
from sealift.keymap import (
    USUAL,
    BadKeyError,
    Keymap,
    key_name,
    key_word,
    mention,
    refused,
    settled,
)
from sealift.mentions import BUILD, LOCK, SEND
from sealift.zfs.commands import Effect
from sealift.zfs.names import KEY_MARK, printable

_BY_HAND = re.compile(r"[a-z`:.] \([a-zA-Z@](?:, [a-zA-Z])?\)")


@pytest.mark.parametrize("character", string.printable[:94])
def test_a_character_is_the_key_that_textual_reports_for_it_and_reads_the_same(
    character: str,
) -> None:
    assert key_name(character) == _character_to_key(character)
    assert key_word(key_name(character)) == character


@pytest.mark.parametrize("word", ["enter", "space", "f5", "ctrl+r", "shift+left", "alt+x", "end"])
def test_a_named_key_keeps_its_name(word: str) -> None:
    assert key_word(key_name(word)) == word


@pytest.mark.parametrize(
    ("word", "means"),
    [
        ("entr", "did you mean enter"),
        ("F5", "did you mean f5"),
        ("", "write one"),
        ("ctrl+", "is no key"),
    ],
)
def test_what_is_no_key_is_refused_with_the_nearest(word: str, means: str) -> None:
    with pytest.raises(BadKeyError, match=means):
        key_name(word)


def test_the_usual_keys_are_in_no_conflict_but_where_a_list_is_left_by_the_key_that_quits() -> None:
    for screen, actions in SCREENS.items():
        seen: dict[str, str] = {}
        for action in actions:
            for key in action.keys:
                both = {action.id, seen.setdefault(key, action.id)}
                assert len(both) == 1 or both == {"leave", "quit"}, (screen, key, both)


def test_a_name_has_the_same_usual_keys_and_effect_on_every_screen() -> None:
    for name, actions in by_name().items():
        assert len({(each.keys, each.effect) for each in actions}) == 1, name


def test_two_actions_may_change_their_keys_with_each_other() -> None:
    keys, told = settled({"send": ("p",), "playbook": ("s",)})
    assert told == ()
    assert keys.hint("send") == "p send…"
    assert keys.hint("playbook") == "s diagnose"


def test_a_conflict_is_told_with_both_names_and_the_usual_key_stays() -> None:
    keys, told = settled({"details": ("t",)})
    assert [each.sentence() for each in told] == [
        "t is both details and tokens on the screen called route: details stays on its usual key"
    ]
    assert keys == USUAL


def test_who_goes_back_to_the_usual_key_may_meet_another_there() -> None:
    # send goes back to s, which was given to tokens: that goes back, too.
    keys, told = settled({"send": ("p",), "tokens": ("s",), "jobs": ("J",)})
    assert {each.name for each in told} == {"send", "tokens"}
    assert keys.chosen == {"jobs": ("J",)}


def test_a_conflict_on_a_list_is_one() -> None:
    _, told = settled({"quit": ("r",)})
    assert {(each.screen, each.other) for each in told} >= {("tokens", "resume")}


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"write": ("c",)}, "c is both write and copy_table on the screen of a new route"),
        ({"route_from": ("N",)}, "N is both route_from and new_route on the screen of one host"),
        ({"route_to": ("f5",)}, "f5 is both route_to and refresh on the screen of one host"),
        ({"filter": ("t",)}, "t is both filter and type on the screen of places for a route"),
    ],
)
def test_a_conflict_before_there_is_a_route_is_one(
    chosen: dict[str, tuple[str, ...]], said: str
) -> None:
    keys, told = settled(chosen)
    assert any(each.sentence().startswith(said) for each in told)
    assert keys == USUAL


def test_what_writes_the_config_is_not_put_on_a_key_that_presses_buttons() -> None:
    assert refused(by_name()["write"], "enter")


def test_escape_stays_beside_what_is_chosen() -> None:
    keys, _ = settled({"back": ("B",)})
    assert keys.keys(named(SCREENS["tokens"], "back")) == ("B", "escape")


@pytest.mark.parametrize("action", [each for each in ACTIONS if each.effect is not Effect.READ])
def test_nothing_that_can_lead_to_a_change_is_put_on_a_key_that_presses_buttons(
    action: object,
) -> None:
    actions = [each for each in ACTIONS if each is action]
    assert refused(actions, "enter")
    assert refused(actions, "space")
    assert not refused(actions, "S")


def test_sentences_name_the_keys_in_force_and_nothing_else_is_touched() -> None:
    keys, _ = settled({"send": ("S",), "build": ("w",)})
    said = f"Resume it {SEND}. Build it {BUILD}.\nnas1$ zfs hold tag (s)\ncannot (s) on (k, b)"
    assert keys.in_words(said) == (
        "Resume it (S). Build it (k, w).\nnas1$ zfs hold tag (s)\ncannot (s) on (k, b)"
    )
    assert USUAL.in_words(said) == printable(said) == said.replace(KEY_MARK, "")


_IN_BRACKETS = st.sampled_from([f" ({key_word(each.keys[0])}) " for each in ACTIONS])
# Of characters that a host can have a meaning for; what it says with ours in it has none.
_SAID = st.text(st.characters(exclude_characters=KEY_MARK))


@given(
    st.lists(_SAID | _IN_BRACKETS | st.just("\n nas1$ zfs hold (h, R) (k, b) ")).map("".join),
    st.dictionaries(
        st.sampled_from([name for name in by_name() if name != "back"]),
        st.sampled_from(string.ascii_letters).map(lambda key: (key,)),
        max_size=8,
    ),
)
def test_what_a_host_said_is_never_changed_whatever_the_keys_are(
    said: str, chosen: dict[str, tuple[str, ...]]
) -> None:
    keys = Keymap(chosen)
    assert keys.in_words(said) == said
    after = keys.in_words(f"Lock it {LOCK}: {said}")
    assert after.endswith(f": {said}")
    assert after.startswith(f"Lock it ({keys.shown(named(ACTIONS, 'keys'))}, ")


def test_a_sentence_names_a_key_by_its_action_and_never_by_hand() -> None:
    """Else the user's own key would not stand there."""
    source = Path(sealift.__file__).parent
    for file in source.rglob("*.py"):
        # It has what OpenZFS says.
        if "error_catalogue" in file.parts:
            continue
        by_hand = _BY_HAND.findall(file.read_text(encoding="utf-8"))
        assert not by_hand or file.name == "keymap.py", (file.name, by_hand)


def test_only_an_action_can_be_mentioned() -> None:
    assert mention("keys", "build").endswith("(k, b)")
    with pytest.raises(KeyError):
        mention("sned")
    with pytest.raises(KeyError):
        mention("keys", "send")


def test_the_map_for_textual_has_every_chosen_name() -> None:
    assert Keymap({"refresh": ("F", "f6")}).bound() == {"refresh": "F,f6"}
