"""Reads Prometheus' text format (0.0.4) as strictly as promtool does, and a little more so."""

from __future__ import annotations

import re
from collections.abc import Iterator

_HELP = re.compile(r"# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) ([^\n]+)")
_TYPE = re.compile(r"# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram|summary|untyped)")
_SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)\{(.*)\} (-?[0-9.]+(?:e[+-]?[0-9]+)?)")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)')
_UNESCAPED = {r"\\": "\\", r"\"": '"', r"\n": "\n"}

Series = tuple[str, frozenset[tuple[str, str]]]


def parse(text: str) -> dict[Series, float]:
    """Every sample by its name and labels. Fails on whatever a strict reader would refuse."""
    assert text.endswith("\n"), "the last line has its end"
    found: dict[Series, float] = {}
    seen: set[str] = set()
    lines = text.removesuffix("\n").split("\n")
    position = 0
    while position < len(lines):
        told = _HELP.fullmatch(lines[position])
        assert told, f"a HELP line is due: {lines[position]}"
        kind = _TYPE.fullmatch(lines[position + 1])
        assert kind, f"a TYPE line is due: {lines[position + 1]}"
        name = told[1]
        assert kind[1] == name
        assert name not in seen, f"{name} comes twice"
        seen.add(name)
        position += 2
        samples = 0
        while position < len(lines) and not lines[position].startswith("#"):
            sample = _SAMPLE.fullmatch(lines[position])
            assert sample, f"this is no sample: {lines[position]}"
            assert sample[1] == name, f"{lines[position]} stands below {name}"
            labels = dict(_labels(sample[2]))
            series = (name, frozenset(labels.items()))
            assert series not in found, f"{lines[position]} comes twice"
            found[series] = float(sample[3])
            position += 1
            samples += 1
        assert samples, f"{name} has no sample"
    return found


def _labels(text: str) -> Iterator[tuple[str, str]]:
    position = 0
    names = set()
    while position < len(text):
        label = _LABEL.match(text, position)
        assert label, f"these are no labels: {text[position:]}"
        assert label[1] not in names, f"{label[1]} comes twice"
        names.add(label[1])
        yield label[1], re.sub(r'\\[\\"n]', lambda found: _UNESCAPED[found[0]], label[2])
        position = label.end()
        assert label[3] == "" or position < len(text), "a comma and nothing behind it"
