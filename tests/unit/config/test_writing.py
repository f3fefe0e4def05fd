"""A new route is written only where sealift made the file itself, and whole or not at all."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from sealift.config.reading import read_config
from sealift.config.settings import Setup
from sealift.config.writing import MARK, Target, draft, target, write
from sealift.hosts.elevation import Elevation
from sealift.hosts.gate import Gate
from sealift.hosts.trouble import TroubleError
from sealift.routes import Location, Purpose, Route

OPEN, SHUT = Gate(), Gate(read_only=True)


def setup(name: str = "tonight", **changes: object) -> Setup:
    route = Route(Location.parse("root@nas1:tank/prod"), Location.parse("root@dr1:backup/prod"))
    return Setup(replace(route, name=name, **changes))  # type: ignore[arg-type]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "sealift" / "config.toml"


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def left(file: Path) -> list[str]:
    """What lies in the folder: nothing half written."""
    return sorted(each.name for each in file.parent.iterdir())


def test_a_route_is_written_into_a_new_file_and_read_back(file: Path) -> None:
    odd = replace(
        setup(purpose=Purpose.STANDBY, exclude=frozenset({"db/tmp"}), lag_limit=90),
        elevation=Elevation.SUDO,
    )
    write(draft(odd, target(file)), OPEN)
    assert read_config(file).setups == {"tonight": odd}
    assert (mode(file), mode(file.parent)) == (0o600, 0o700)
    assert left(file) == ["config.toml"]


def test_the_table_says_what_was_asked_and_what_is_not_usual(file: Path) -> None:
    assert draft(setup(), target(file)).table.splitlines() == [
        "[route.tonight]",
        'source = "root@nas1:tank/prod"',
        'destination = "root@dr1:backup/prod"',
        'purpose = "vault"',
        'snapshot_format = "rep-%Y-%m-%dT%H%MZ"',
        'hold_tag = "keepforrep"',
        "lag_limit = 3600",
    ]
    assert "read_only = true" in draft(setup(read_only=True), target(file)).table
    assert not file.exists(), "a draft writes nothing"


def test_a_file_that_sealift_made_takes_another_and_keeps_its_mode(file: Path) -> None:
    write(draft(setup(), target(file)), OPEN)
    file.chmod(0o640)
    write(draft(setup("next.one"), target(file)), OPEN)
    assert read_config(file).setups == {"tonight": setup(), "next.one": setup("next.one")}
    assert mode(file) == 0o640
    assert file.read_text().startswith(f"{MARK}\n")
    assert left(file) == ["config.toml"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda text: text.replace(MARK, "# mine"), "written by hand"),
        (lambda text: text + "# a note\n", "written by hand"),
        (lambda text: text.replace(" = 3600", " = 3_600"), "written by hand"),
        (lambda text: text.replace('"vault"', "'vault'"), "written by hand"),
        (lambda _: "", "written by hand"),
        (lambda text: text.replace("lag_limit", "lag"), "has mistakes of its own"),
        (lambda text: text.replace("tonight", "other"), "a route called other already"),
    ],
)
def test_any_other_file_is_left_as_it_is(file: Path, change: object, why: str) -> None:
    write(draft(setup(), target(file)), OPEN)
    changed = change(file.read_text())  # type: ignore[operator]
    file.write_text(changed)
    wanted = draft(setup("other"), target(file))
    assert why in wanted.refusal
    assert "[route.other]" in wanted.table
    assert wanted.paste is ("already" not in why), "a table that is right can be pasted"
    with pytest.raises(TroubleError, match="was not written"):
        write(wanted, OPEN)
    assert file.read_text() == changed
    assert left(file) == ["config.toml"]


def test_what_came_to_be_meanwhile_is_not_written_over(file: Path) -> None:
    first = draft(setup(), target(file))
    file.parent.mkdir()
    file.write_text("# mine\n")
    with pytest.raises(TroubleError, match="File exists"):
        write(first, OPEN)
    assert file.read_text() == "# mine\n"
    file.unlink()
    write(first, OPEN)
    second = draft(setup("second"), target(file))
    write(draft(setup("third"), target(file)), OPEN)
    with pytest.raises(TroubleError, match="changed meanwhile"):
        write(second, OPEN)
    assert list(read_config(file).setups) == ["tonight", "third"]
    assert left(file) == ["config.toml"]


def test_a_read_only_session_cannot_write(file: Path) -> None:
    with pytest.raises(TroubleError, match="read-only"):
        write(draft(setup(), target(file)), SHUT)
    assert not file.parent.exists()


@pytest.mark.parametrize("name", ["", "two words", "status", "-x", "a/b"])
def test_a_name_that_could_not_be_read_back_is_not_written(file: Path, name: str) -> None:
    assert "a route" in draft(setup(name), target(file)).refusal
    with pytest.raises(TroubleError):
        write(draft(setup(name), target(file)), OPEN)
    assert not file.exists()


def test_a_link_stays_one(file: Path, tmp_path: Path) -> None:
    own = tmp_path / "dotfiles.toml"
    write(draft(setup(), target(own)), OPEN)
    file.parent.mkdir()
    file.symlink_to(own)
    write(draft(setup("second"), target(file)), OPEN)
    assert file.is_symlink()
    assert list(read_config(own).setups) == ["tonight", "second"]


def test_a_folder_that_takes_nothing_is_said(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.parent.parent.joinpath("sealift").write_text("a file\n")
    wanted = draft(setup(), target(file))
    assert "cannot be read" in wanted.refusal

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    file.parent.unlink()
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(TroubleError, match="No space left"):
        write(draft(setup(), target(file)), OPEN)
    assert left(file) == []


def test_the_file_is_read_again_only_once_somebody_changed_it(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(draft(setup(), target(file)), OPEN)
    read: list[Path] = []
    real = Path.read_bytes

    def counted(it: Path) -> bytes:
        read.append(it)
        return real(it)

    monkeypatch.setattr(Path, "read_bytes", counted)
    first = target(file)
    assert target(file, first) is first
    assert read == [file]
    file.write_text(f"{file.read_text()}# mine\n")
    second = target(file, first)
    assert (first.refusal, "written by hand" in second.refusal) == ("", True)
    assert [each.name for each in second.routes] == ["tonight"]
    file.unlink()
    assert target(file, second) == Target(file)
    assert read == [file, file], "a file that is not there is not read"


def test_another_file_is_not_taken_for_the_last_one(file: Path, tmp_path: Path) -> None:
    write(draft(setup(), target(file)), OPEN)
    same = tmp_path / "same.toml"
    same.hardlink_to(file)
    assert target(same, target(file)).file == same


def test_a_file_with_mistakes_says_which_and_has_no_routes(file: Path) -> None:
    write(draft(setup(), target(file)), OPEN)
    file.write_text(file.read_text().replace("hold_tag", "tag"))
    found = target(file)
    assert found.routes == ()
    assert "has mistakes of its own" in found.refusal
