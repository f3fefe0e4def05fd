"""Shell completion: bash itself is asked, also by its Tab key; every option is in every script."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sealift import completion
from sealift.cli import main


def script(shell: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["completion", shell]) == 0
    return capsys.readouterr().out


@pytest.fixture
def bash(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """The script for bash, as a file."""
    file = tmp_path / "sealift.bash"
    file.write_text(script("bash", capsys))
    return file


def offered(file: Path, *words: str) -> list[str]:
    """What bash offers for the last of the words."""
    ask = (
        'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); '
        '_sealift; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    ran = subprocess.run(
        ["bash", "--norc", "-c", ask, "ask", str(file), "sealift", *words],
        capture_output=True,
        text=True,
        check=True,
        cwd=file.parent,
    )
    # compopt has nothing to say outside of a completion by the Tab key.
    assert ran.stderr == ""
    return ran.stdout.split("\n")[:-1] if ran.stdout.strip() else []


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["st"], ["status"]),
        (["diagnose", "--no-t"], ["--no-trial"]),
        (["demo", "slow"], ["slow-link"]),
        (["--read-only", "demo", "torn"], ["torn-seed"]),
        (["--via", "so"], ["source"]),
        (["--via", "=", "dest"], ["destination"]),
        (["--via", "=", "source", "dem"], ["demo"]),
        (["--via", "source", "dem"], ["demo"]),
        (["--elevation", "="], ["auto", "none", "sudo", "doas"]),
        (["--ssh-config", "sealift.b"], ["sealift.bash"]),
        (["--tries", ""], []),
        (["status", "root@nas1:tank/x", ""], []),
        (["completion", ""], list(completion.SHELLS)),
    ],
)
def test_bash_offers(bash: Path, words: list[str], expected: list[str]) -> None:
    assert offered(bash, *words) == expected


@pytest.fixture
def named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A `sealift` on the PATH, and a config and a theme of the user's."""
    folder = tmp_path / "config" / "sealift"
    (folder / "themes").mkdir(parents=True)
    (folder / "config.toml").write_text(
        "".join(
            f'[route.{name}]\nsource = "h:t/{name}"\ndestination = "d:b/{name}"\n'
            for name in ("tonight", "weekly")
        )
    )
    (folder / "themes" / "mine.toml").write_text('[colors]\nprimary = "#ff0000"\n')
    program = tmp_path / "bin" / "sealift"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m sealift "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")


@pytest.mark.usefixtures("named")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["ton"], ["tonight"]),
        (["plan", ""], ["tonight", "weekly"]),
        (["--read-only", "status", "w"], ["weekly"]),
        (["--theme", "mi"], ["mine"]),
        (["--theme", "=", "sealift-d"], ["sealift-dark"]),
        (["demo", "ton"], []),
        (["status", "tonight", ""], []),
    ],
)
def test_bash_offers_the_users_own_names(bash: Path, words: list[str], expected: list[str]) -> None:
    assert offered(bash, *words) == expected


@pytest.mark.usefixtures("named")
@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_the_other_shells_ask_for_them_too(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    said = script(shell, capsys)
    assert ("_sealift_names themes" if shell == "zsh" else "sealift completion themes") in said
    assert ("_sealift_names routes" if shell == "zsh" else "sealift completion routes") in said


def test_a_config_that_is_wrong_offers_no_route(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "sealift"
    folder.mkdir()
    (folder / "config.toml").write_text("nonsense")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert main(["completion", "routes"]) == 0
    assert capsys.readouterr() == ("", "")


def test_bash_offers_every_option(bash: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    documented = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", capsys.readouterr().out))
    assert documented <= {*offered(bash, "-")}
    assert {"--read-only", "--prometheus", "--help"} <= documented


def test_a_file_with_a_space_and_a_star_stays_one(bash: Path) -> None:
    (bash.parent / "my * config").touch()
    assert offered(bash, "--ssh-config", "my") == ["my * config"]


def test_the_tab_key_completes_in_a_real_bash(bash: Path) -> None:
    child, terminal = pty.fork()
    if child == 0:
        words = ["bash", "--norc", "--noprofile", "-i"]
        os.execve("/bin/bash", words, {"TERM": "dumb", "PS1": "$ "})  # noqa: S606
    try:
        os.write(terminal, f"source {bash}; echo re''ady\n".encode())
        until(terminal, b"ready")
        os.write(terminal, b"sealift dia\t")
        until(terminal, b"diagnose ")
        os.write(terminal, b"--no-t\t")
        until(terminal, b"--no-trial ")
    finally:
        os.close(terminal)
        os.waitpid(child, 0)


def until(terminal: int, text: bytes) -> None:
    seen = b""
    deadline = time.monotonic() + 20
    while text not in seen:
        left = deadline - time.monotonic()
        assert left > 0, seen
        if select.select([terminal], [], [], left)[0]:
            seen += os.read(terminal, 4096)


@pytest.mark.parametrize("shell", completion.SHELLS)
def test_every_script_has_every_option_and_command(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = script(shell, capsys)
    with pytest.raises(SystemExit):
        main(["--help"])
    for option in re.findall(r"(?<![\w-])--([a-z][a-z-]+)", capsys.readouterr().out):
        assert option in said
    for word in ("status", "audit", "quiet-night", "completion"):
        assert word in said


@pytest.mark.parametrize("words", [[], ["ksh"], ["bash", "zsh"]])
def test_another_shell_is_a_usage_error(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["completion", *words]) == 2
    assert "bash, zsh or fish" in capsys.readouterr().err
