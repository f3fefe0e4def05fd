"""getopt as zfs and zpool use it: GNU's, so that options may follow arguments."""

from __future__ import annotations

from dataclasses import dataclass

from sealift.demo.programs.call import Call


@dataclass(frozen=True, slots=True)
class Options:
    """The options given, in their order (a letter or `--word`, and its argument), and the rest."""

    given: tuple[tuple[str, str], ...]
    rest: tuple[str, ...]

    def has(self, *names: str) -> bool:
        """Whether one of these options is given."""
        return any(name in names for name, _ in self.given)

    def last(self, name: str) -> str | None:
        """The argument of the last option of this name."""
        return next((value for each, value in reversed(self.given) if each == name), None)

    def all(self, *names: str) -> tuple[tuple[str, str], ...]:
        """All options of these names."""
        return tuple(pair for pair in self.given if pair[0] in names)


# The others call an option without its argument invalid.
_SAY_WHAT_IS_MISSING = frozenset({"get", "create", "send", "receive", "recv"})


def parse(call: Call, letters: str, long: dict[str, str] | None = None) -> Options:
    """Read the words of a call. A letter before `:` takes an argument.

    `long` are the long options, each with the letter that it means (followed by `:` if it takes an
    argument). Anything else is a misuse.
    """
    long = long or {}
    given: list[tuple[str, str]] = []
    rest: list[str] = []
    words = list(call.words)
    while words:
        word = words.pop(0)
        if word == "--":
            rest += words
            break
        if word.startswith("--") and word[2:].partition("=")[0] in long:
            name, _, value = word[2:].partition("=")
            letter = long[name]
            if letter.endswith(":") and "=" not in word:
                value = _argument(call, letter[0], words)
            given.append((letter[0], value))
        elif word.startswith("-") and len(word) > 1:
            _cluster(call, letters, word[1:], words, given)
        else:
            rest.append(word)
    return Options(tuple(given), tuple(rest))


def _cluster(
    call: Call, letters: str, cluster: str, words: list[str], given: list[tuple[str, str]]
) -> None:
    while cluster:
        letter, cluster = cluster[0], cluster[1:]
        place = letters.find(letter)
        if place < 0 or letter == ":":
            call.misuse(f"invalid option '{letter}'")
        if letters[place + 1 : place + 2] == ":":
            given.append((letter, cluster or _argument(call, letter, words)))
            return
        given.append((letter, ""))


def _argument(call: Call, letter: str, words: list[str]) -> str:
    if not words:
        if call.program == "zpool" or call.command in _SAY_WHAT_IS_MISSING:
            call.misuse(f"missing argument for '{letter}' option")
        call.misuse(f"invalid option '{letter}'")
    return words.pop(0)
