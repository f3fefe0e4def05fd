"""The action table as Textual binds it, and the keymap of the program that a widget is in."""

from __future__ import annotations

from collections.abc import Iterable

from textual.binding import Binding, BindingType
from textual.dom import DOMNode

from sealift.actions import Action
from sealift.keymap import USUAL, Keymap, key_word
from sealift.zfs.names import printable


def bindings(actions: Iterable[Action]) -> list[BindingType]:
    """Bindings whose ids are the names of the actions: by these the user's keymap moves them."""
    return [
        Binding(
            ",".join(action.keys),
            action.call or action.id,
            action.title,
            show=action.footer,
            key_display=key_word(action.keys[0]),
            id=action.id,
        )
        for action in actions
    ]


def shown(node: DOMNode, words: str) -> str:
    """A text for people: our sentences name the keys in force, a host's words are made harmless."""
    return printable(keys_of(node).in_words(words))


def keys_of(node: DOMNode) -> Keymap:
    """The keys in force where a widget is shown."""
    keys = getattr(node.app, "keys", None)
    return keys if isinstance(keys, Keymap) else USUAL
