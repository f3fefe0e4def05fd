from __future__ import annotations

import subprocess
import sys

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
        (["a/b", "c/d", "--ssh-config", "/nonexistent"], "is not there"),
        (["audit", "a/b", "c/d"], "not built yet"),
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
    with pytest.raises(UsageError):
        parse([])


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
