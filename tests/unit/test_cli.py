from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sealift.cli import UsageError, main, parse
from sealift.routes import Purpose


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["status", "root@source:tank/x; rm -rf /", "b/c"], "cannot be in a dataset name"),
        (["status", "root@source:tank/[bold]", "b/c"], "cannot be in a dataset name"),
        (["status", "root@source:tank/\x1b[31m", "b/c"], "cannot be in a dataset name"),
        (["status", "a/b"], "a SOURCE and a DESTINATION are needed"),
        (["a/b", "c/d", "e/f"], "a SOURCE and a DESTINATION are needed"),
        (["a/b", "a/b"], "the same dataset"),
        (["a/b", "a/b/c", "--exclude", "c"], "the destination lies below the source"),
        (["a/b", "c/d", "--ssh-config", "/nonexistent"], "is not there"),
        (["audit", "a/b"], "a SOURCE and a DESTINATION are needed"),
        (["a/b", "c/d", "--lag-limit", "soon"], "--lag-limit: write seconds"),
        (["a/b", "c/d", "--lag-limit", "1w"], "90s, 15m, 1h, 2d"),
        (["diagnose", "a/b", "c/d", "--window", "0"], "--window is a number of seconds"),
        (["-oProxyCommand=x", "c/d"], ""),
    ],
)
def test_bad_input_ends_with_2_and_a_sentence(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code: object = main(words)
    except SystemExit as left:  # argparse leaves by itself
        code = left.code
    out, err = capsys.readouterr()
    assert code == 2
    assert out == ""
    assert said in err
    assert "\x1b" not in err


def test_options_may_stand_anywhere() -> None:
    options = parse(["--standby", "plan", "nas:a/b", "--json", "dr:c/d", "--read-only"])
    assert (options.command, options.as_json) == ("plan", True)
    assert options.route.purpose is Purpose.STANDBY
    assert options.route.read_only


def test_without_a_route_there_is_the_first_screen_or_what_to_do_in_words(
    capsys: pytest.CaptureFixture[str],
) -> None:
    options = parse(["--read-only", "--standby"])
    assert (options.setups, options.all_routes, options.read_only) == ((), True, True)
    assert options.template.route.purpose is Purpose.STANDBY
    with pytest.raises(UsageError, match="there is no route yet"):
        parse(["status"])
    assert main([]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert f"{options.config} has none" in err
    assert "sealift demo" in err
    assert "[route.NAME]" in err


@pytest.mark.parametrize(
    ("word", "seconds"),
    [("90", 90), ("90s", 90), ("15m", 900), ("1h", 3600), ("2d", 172_800), ("1H", 3600)],
)
def test_the_lag_limit_may_be_written_in_any_unit(word: str, seconds: int) -> None:
    assert parse(["a/b", "c/d", "--lag-limit", word]).route.lag_limit == seconds


def test_a_diagnosis_may_be_told_how_long_and_whether_to_try() -> None:
    usual = parse(["diagnose", "a/b", "c/d"])
    assert (usual.command, usual.window, usual.trial) == ("diagnose", None, True)
    assert usual.route.lag_limit == 3600
    told = parse(["diagnose", "a/b", "c/d", "--window", "2.5", "--no-trial"])
    assert (told.window, told.trial) == (2.5, False)


@pytest.mark.parametrize("words", [["--version"], ["--help"]])
def test_version_and_help_load_neither_textual_nor_asyncssh(words: list[str]) -> None:
    script = (
        "import sys\nfrom sealift.cli import main\n"
        f"try:\n    main({words!r})\nexcept SystemExit:\n    pass\n"
        "sys.exit(sorted({'textual', 'asyncssh', 'cryptography'} & set(sys.modules)) or 0)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("bogus", "'bogus' is neither a command nor a route"),
        ("bogus", "The commands are status, plan, diagnose, audit, jobs, demo, config, completion"),
        ("statsu", "did you mean status?"),
        ("diagnos tonight", "there is no command 'diagnos': did you mean diagnose?"),
        ("diagnos tank/a h:tank/a", "there is no command 'diagnos': did you mean diagnose?"),
        ("help tank/a h:tank/a", "there is no command 'help': there are status, plan"),
    ],
)
def test_a_word_that_is_no_command_names_those_that_are(
    words: str, said: str, tmp_path: Path
) -> None:
    config = tmp_path / "config.toml"
    config.touch()
    with pytest.raises(UsageError) as raised:
        parse([*words.split(), "--config", str(config)])
    assert said in str(raised.value)


def test_pools_of_this_machine_may_have_any_name() -> None:
    assert parse(["tank", "backup"]).route.source.dataset == "tank"
    assert parse([":diagnos", "backup"]).route.source.dataset == "diagnos"
