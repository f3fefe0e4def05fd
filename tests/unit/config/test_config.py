"""The config is read strictly: every mistake at once, with its line and the nearest right word."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from sealift.cli import UsageError, main, parse
from sealift.config.lines import lines_of_keys
from sealift.config.reading import ConfigError, read_config
from sealift.config.settings import SETTINGS
from sealift.hosts.elevation import Elevation
from sealift.routes import Location, Purpose, Via
from tests import json_page

WHOLE = """\
# my routes
[route.tonight]
source = "root@nas1:tank/prod"
destination = "zrecv@dr1:backup/prod"
purpose = "standby"
snapshot_format = "auto-%Y%m%d"
hold_tag = "mine"
lag_limit = "2h"
via = "destination"
rate_limit = "8m"
exclude = [
  "db/tmp",  # churn
  "scratch",
]
elevation = "doas"
read_only = true
theme = "sealift-light"

[route.home]
source = "tank/home"
destination = "dr1:backup/home"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "config.toml"
    file.write_text(WHOLE)
    return file


def mistakes(tmp_path: Path, content: str | bytes) -> list[tuple[int | None, str]]:
    file = tmp_path / "wrong.toml"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(ConfigError) as raised:
        read_config(file)
    return [(each.line, f"{each.what} {each.mend}") for each in raised.value.mistakes]


def test_a_route_is_one_table_and_the_rest_is_as_usual(config: Path) -> None:
    setups = read_config(config).setups
    assert list(setups) == ["tonight", "home"]
    tonight, home = setups["tonight"], setups["home"]
    assert tonight.route.source == Location("root", "nas1", "tank/prod")
    assert tonight.route.purpose is Purpose.STANDBY
    assert (tonight.route.scope.prefix, tonight.route.hold_tag) == ("auto-", "mine")
    assert (tonight.route.lag_limit, tonight.route.transport.via) == (7200, Via.DESTINATION)
    assert tonight.route.exclude == {"db/tmp", "scratch"}
    assert (tonight.elevation, tonight.theme) == (Elevation.DOAS, "sealift-light")
    assert tonight.route.read_only
    usual = parse(["tank/home", "dr1:backup/home"])
    assert home.route.name == home.route.title == "home"
    assert (home.route.lag_limit, home.route.hold_tag) == (3600, usual.route.hold_tag)
    assert (home.elevation, home.theme, home.route.read_only) == (None, None, False)


def test_a_route_is_named_anywhere_and_options_go_before_it(config: Path) -> None:
    for command in ("", "status", "plan", "diagnose", "audit", "jobs"):
        words = [*([command] if command else []), "tonight", "--config", str(config)]
        assert parse(words).route.name == "tonight"
    told = parse(
        ["tonight", "--config", str(config), "--vault", "--lag-limit", "9", "--exclude", "cache"]
    )
    assert (told.route.purpose, told.route.lag_limit) == (Purpose.VAULT, 9)
    assert told.route.exclude == {"db/tmp", "scratch", "cache"}
    assert told.route.read_only, "nothing makes a route writable that is not"
    assert parse(["tonight", "--config", str(config), "--elevation", "auto"]).elevation is None


def test_every_mistake_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    wrong = """\
[route.tonight]
sorce = "root@nas1:tank/prod"
destination = "dr1:backup/[bold]"
purpose = "vualt"
lag_limit = "soon"
exclude = [
  "a",
  7,
]
read_only = "yes"
tries = true

[routes.x]
source = 1
[route.status]
source = "tank/a"
destination = "tank/a"
"""
    found = mistakes(tmp_path, wrong)
    expected = [
        (1, "'tonight' has no source"),
        (2, "did you mean source?"),
        (3, "'[' cannot be in a dataset name"),
        (4, "did you mean vault?"),
        (5, "90s, 15m, 1h, 2d"),
        (6, "7 is no text"),
        (10, "neither true nor false"),
        (11, "True is no number from 0 on"),
        (13, "did you mean route?"),
        (15, "that is a command"),
    ]
    assert [line for line, _ in found[: len(expected)]] == [line for line, _ in expected]
    for (_, said), (_, words) in zip(found, expected, strict=False):
        assert words in said


@pytest.mark.parametrize(
    ("content", "line", "said"),
    [
        ('[route.a]\nsource = "x\n', 2, "this is not TOML"),
        ("[route.a]\n[route.a]\n", 2, "this is not TOML"),
        (b"[route.a]\n# \xff\n", 2, "not UTF-8"),
        ("source = 'tank/a'\n", 1, "[route.NAME]"),
        ("[route]\nsource = 'tank/a'\n", 2, "outside any route"),
        ("route = 3\n", 1, "a route needs a name"),
        ("\n[[route.x]]\nsource = 'tank/a'\n", 2, "no table"),
        ('[route."a b"]\nsource="t/a"\ndestination="h:t/a"\n', 1, "name of a route"),
        ("[route.a]\nsource='t/a'\ndestination='t/a'\n", 3, "the same dataset"),
        ("[route.a]\nsource='t/a'\ndestination='h:t'\nsnapshot_format='x@%Y'\n", 4, "'@'"),
        ("[route.a]\nsource='t/a'\ndestination='h:t'\nsnapshot_prefix='x'\n", 4, "snapshot_format"),
        ("[route.a]\nsource='t/a'\ndestination='h:t'\nrate_limit='fast'\n", 4, '"8m"'),
        ("x = " + "[" * 5000 + "]" * 5000, None, ""),
    ],
)
def test_what_is_wrong_names_its_line(
    tmp_path: Path, content: str | bytes, line: int | None, said: str
) -> None:
    (found, *_) = mistakes(tmp_path, content)
    assert found[0] == line
    assert said in found[1]


@given(
    st.binary()
    | st.text().map(str.encode)
    | st.sampled_from(list(SETTINGS)).flatmap(
        lambda key: st.text(max_size=20).map(
            lambda value: f"[route.a]\n{key} = {json.dumps(value)}\n".encode()
        )
    )
)
def test_any_file_is_a_config_or_a_list_of_mistakes(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    file = tmp_path_factory.getbasetemp() / "any.toml"
    file.write_bytes(content)
    try:
        read_config(file)
    except ConfigError as error:
        assert all(line.isprintable() for line in error.lines)
        assert error.mistakes
    assert file.read_bytes() == content


_KEYS = st.text("abc\"' .#[]=é", min_size=1, max_size=4)
_VALUES = st.recursive(
    st.integers() | st.text("ab\"'\n[]#= é", max_size=6) | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(_KEYS, _VALUES, max_size=5))
def test_every_key_of_a_toml_text_has_its_line(held: dict[str, object]) -> None:
    text = tomli_w.dumps(held, multiline_strings=True)
    lines = lines_of_keys(text)
    for name, inner in tomllib.loads(text).items():
        line = text.split("\n")[lines[(name,)] - 1].lstrip()
        assert line.startswith("[") or "=" in line
        if isinstance(inner, dict):
            assert all((name, each) in lines for each in inner)


def test_a_missing_file_is_no_mistake_unless_it_was_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert not read_config().there
    assert read_config().file == tmp_path / "sealift" / "config.toml"
    with pytest.raises(ConfigError, match="not there"):
        read_config(tmp_path / "other.toml")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_config(tmp_path)


def test_an_unknown_route_names_the_nearest_one(config: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="did you mean tonight"):
        parse(["tonihgt", "--config", str(config)])
    with pytest.raises(UsageError, match="there are tonight, home"):
        parse(["zzz", "--config", str(config)])
    config.write_text("")
    with pytest.raises(UsageError, match="has none"):
        parse(["tonight", "--config", str(config)])


def test_two_places_need_no_config_whatever_is_wrong_with_it(config: Path) -> None:
    config.write_text("nonsense")
    assert parse(["tank/a", "h:tank/a", "--config", str(config)]).route.name == ""


def test_what_config_prints_as_json_is_documented_whole(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = json_page.read()

    def said(word: str) -> dict[str, Any]:
        main(["config", word, "--json", "--config", str(config)])
        held: dict[str, Any] = json.loads(capsys.readouterr().out)
        return held

    page.check("config path", said("path"))
    page.check("config show", said("show"))
    again = WHOLE.partition("[route.home]")[2]
    config.write_text(f"{WHOLE}\n[route.again]{again}")
    page.check("config check", said("check"))
    config.write_text(WHOLE + "sorce = 1\n")
    page.check("config check", said("check"))
    page.check("config check", said("show"))
    assert {key for key in page.unseen() if key[0].startswith("config")} == set()


def test_config_path_show_and_check(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run(*words: str) -> tuple[int, str, str]:
        code = main(["config", *words, "--config", str(config)])
        return (code, *capsys.readouterr())

    assert run("path") == (0, f"{config}\n", "")
    assert run("check") == (0, f"{config}: 2 routes\n", "")
    code, shown, _ = run("show")
    assert code == 0
    held = tomllib.loads(shown)["route"]
    assert held["tonight"]["lag_limit"] == 7200
    assert held["home"]["via"] == "source"
    code, out, _ = run("show", "--json")
    assert (code, json.loads(out)["routes"][1]["name"]) == (0, "home")
    before = config.read_bytes()
    config.write_text(shown)
    assert run("show")[1] == shown, "what is shown is a config that says the same"
    config.write_bytes(before + b"sorce = 1\n")
    code, out, err = run("check")
    assert (code, out) == (2, "")
    assert (
        f"{config}:{WHOLE.count(chr(10)) + 1}: a route has no 'sorce': did you mean source?" in err
    )
    code, out, err = run("check", "--json")
    assert (code, err) == (2, "")
    assert json.loads(out)["mistakes"][0]["line"] == WHOLE.count("\n") + 1
    assert run("chekc")[0] == 2
    assert main(["config"]) == 2
    assert "path, show or check" in capsys.readouterr().err


# Keys


def test_keys_are_read_by_the_names_of_actions(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[keys]\nsend = "S"\nrefresh = ["f6", "ctrl+r"]\nhelp = "?"\n')
    config = read_config(file)
    assert config.keys.chosen == {
        "send": ("S",),
        "refresh": ("f6", "ctrl+r"),
        "help": ("question_mark",),
    }
    assert config.conflicts == ()


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        ('[keys]\n\nsnd = "S"', 3, "no action 'snd': did you mean send?"),
        ('[keys]\nsend = "entr"', 2, "'entr' is no key: did you mean enter?"),
        ("[keys]\nsend = 5", 2, "send: 5 is no key"),
        ("[keys]\nsend = []", 2, "send: [] is no key"),
        ('[keys]\nsend = "enter"', 2, "nothing that can lead to a change is on enter"),
        ('[keys]\nhelp = "esc"', 2, "esc is the same on every screen"),
        ("keys = 3", 1, "keys is no table"),
        ('[kyes]\nsend = "S"', 1, "did you mean keys?"),
    ],
)
def test_a_wrong_action_or_key_names_its_line_and_the_nearest(
    content: str, line: int, words: str, tmp_path: Path
) -> None:
    ((at, said),) = mistakes(tmp_path, content)
    assert at == line
    assert words in said


def test_a_conflict_is_told_with_its_place_and_the_rest_is_in_force(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[keys]\njobs = "J"\ndetails = "t"\n')
    config = read_config(file)
    assert config.keys.chosen == {"jobs": ("J",)}
    assert main(["config", "check", "--config", str(file)]) == 2
    said = capsys.readouterr().err
    assert f"{file}:3: t is both details and tokens" in said
    assert main(["config", "check", "--json", "--config", str(file)]) == 2
    (mistake,) = json.loads(capsys.readouterr().out)["mistakes"]
    assert mistake["line"] == 3


def test_the_keys_in_force_are_shown_and_read_back_as_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[keys]\nsend = "p"\nplaybook = "s"\n')
    assert main(["config", "show", "--config", str(file)]) == 0
    shown = capsys.readouterr().out
    held = tomllib.loads(shown)["keys"]
    assert (held["send"], held["playbook"], held["refresh"]) == ("p", "s", ["ctrl+r", "f5"])
    again = tmp_path / "again.toml"
    again.write_text(shown)
    assert main(["config", "show", "--config", str(again)]) == 0
    assert tomllib.loads(capsys.readouterr().out)["keys"] == held
