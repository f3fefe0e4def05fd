"""known_hosts files: what is found in them, and what is put into them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealift.hosts.ssh import known_hosts
from sealift.hosts.ssh.known_hosts import find, host_name, remember

FILE = Path("known")


def lines(text: str, name: str) -> list[int]:
    return [each.number for each in find(((FILE, text),), name)]


@pytest.mark.parametrize(
    ("host", "port", "name"),
    [
        ("nas1", 22, "nas1"),
        ("nas1", None, "nas1"),
        ("NAS1", 2222, "[nas1]:2222"),
        ("::1", 2222, "[::1]:2222"),
    ],
)
def test_names(host: str, port: int | None, name: str) -> None:
    assert host_name(host, port) == name


@pytest.mark.parametrize(
    ("patterns", "name", "matches"),
    [
        ("nas1", "nas1", True),
        ("NAS1", "nas1", True),
        ("nas1,nas2", "nas2", True),
        ("nas", "nas1", False),
        ("nas?", "nas1", True),
        ("*.example.com", "nas.example.com", True),
        ("*", "[nas1]:2222", True),
        ("nas1", "[nas1]:2222", False),
        ("[nas1]:2222", "[nas1]:2222", True),
        ("[nas?]:*", "[nas1]:2222", True),
        ("[nas1]:2222", "n", False),
        ("*,!nas1", "nas1", False),
        ("!nas1,*", "nas1", False),
        ("*,!nas1", "nas2", True),
        ("!nas1", "nas2", False),
        ("nas.1", "nasx1", False),
        # ssh-keygen -H made these, of nas1 and of [nas1]:2222.
        ("|1|3AdTYoYP95XlulrBYuxrbDT7bGg=|r2LjjcZwXhdoMAJv1Hex12KrFPg=", "nas1", True),
        ("|1|3AdTYoYP95XlulrBYuxrbDT7bGg=|r2LjjcZwXhdoMAJv1Hex12KrFPg=", "nas2", False),
        ("|1|bpeIeSnFmyVyR2jjBfj8aDcL+VI=|OSMIcvnWVaAmdw7ROoYN/UtvsP4=", "[nas1]:2222", True),
        ("|1|bpeIeSnFmyVyR2jjBfj8aDcL+VI=|OSMIcvnWVaAmdw7ROoYN/UtvsP4=", "nas1", False),
        ("|1|", "nas1", False),
        ("|1|%%%|x", "nas1", False),
        ("|2|c2FsdA==|x", "nas1", False),
    ],
)
def test_patterns(patterns: str, name: str, *, matches: bool) -> None:
    assert bool(lines(f"{patterns} ssh-ed25519 AAAA", name)) is matches


def test_markers_and_comments() -> None:
    text = (
        "# nas1 ssh-rsa AAAA\n\nnas1 ssh-rsa BBBB a comment\n@revoked nas1 ssh-rsa CCCC\n"
        "@cert-authority *\tssh-rsa DDDD\n@other nas1 ssh-rsa EEEE\nnas1 ssh-rsa\n"
    )
    found = find(((FILE, text), (Path("second"), "nas1 ssh-dss FFFF")), "nas1")
    assert [(each.kind, each.text, each.place) for each in found] == [
        ("", "ssh-rsa BBBB", "known line 3"),
        ("revoked", "ssh-rsa CCCC", "known line 4"),
        ("authority", "ssh-rsa DDDD", "known line 5"),
        ("", "ssh-dss FFFF", "second line 1"),
    ]


def test_hashed_names_are_found_again(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    file.write_text("|1|c2FsdA==|aGFzaA== ssh-rsa AAAA\n")
    remember(file, "[nas1]:2222 ssh-rsa BBBB")
    text = known_hosts.read(file)
    assert "nas1" not in text
    assert lines(text, "[nas1]:2222") == [2]
    assert lines(text, "nas1") == []


@given(st.text(), st.text(min_size=1))
def test_any_text_can_be_read(text: str, name: str) -> None:
    for each in find(((FILE, text),), name):
        assert each.number >= 1
