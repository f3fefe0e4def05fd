"""Every wrong turn of a key procedure has its finding and its way out."""

from __future__ import annotations

import pytest

from sealift.keys import findings
from sealift.keys.calls import Source
from sealift.keys.state import KeyRoot
from sealift.keys.users import Below, User, Users, parse_users
from sealift.zfs.parse import ParseError
from tests.unit.keys.trees import HOST, ROOT, dataset, tree


def root(**changed: str) -> KeyRoot:
    (found,) = tree(dataset(**changed)).roots  # type: ignore[arg-type]
    return found


@pytest.mark.parametrize(
    ("said", "finding", "mend"),
    [
        (
            "Key load error: Incorrect key provided for 'backup/prod'.",
            "key-may-not-unlock",
            "the one from before the change",
        ),
        (
            "Key load error: Key already loaded for 'backup/prod'.",
            "key-already-loaded",
            "it is open",
        ),
        (
            "Key load error: Keys must be loaded for encryption root of 'b/prod/db' (b/prod).",
            "key-of-root-needed",
            "Do it there",
        ),
        (
            "Key load error: Failed to open key material file: No such file or directory",
            "keylocation-automatic",
            "zfs set keylocation=prompt backup/prod",
        ),
        ("Key load error: Raw key too short (expected 32).", "key-malformed", "keyformat of"),
        ("Key load error: Hex key too long (expected 64).", "key-malformed", "keyformat of"),
        ("Key load error: Permission denied.", "permission-missing", "zfs allow"),
        ("Key load error: 'backup/prod' is not encrypted.", "plaintext-in-scope", "send"),
        ("Key load error: something new", "command-failed", "Read what the host said"),
    ],
)
@pytest.mark.parametrize("counted", ["", "0 / 1 key(s) successfully verified\n"])
def test_what_load_key_says_is_explained(said: str, finding: str, mend: str, counted: str) -> None:
    trouble = findings.refused_key(HOST, root(), Source.TYPED, (counted + said).encode(), 255)
    assert trouble.finding == finding
    assert mend in trouble.mend
    assert said in trouble.raw


def test_a_wrong_key_in_a_file_of_the_host_is_not_typed_again() -> None:
    said = b"Key load error: Incorrect key provided for 'backup/prod'."
    trouble = findings.refused_key(HOST, root(), Source.HOST, said, 255)
    assert "The file there holds another key" in trouble.mend


@pytest.mark.parametrize(
    ("said", "finding"),
    [
        ("cannot mount 'backup/prod': 'canmount' property is set to 'off'", "mount-not-meant"),
        ("cannot mount 'backup/prod': Permission denied", "key-may-not-unlock"),
        ("cannot mount 'backup/prod': Input/output error", "known-bug"),
        ("cannot mount '/backup/prod': directory is not empty", "mount-busy"),
        ("cannot mount 'x': something new", "command-failed"),
    ],
)
def test_what_mount_says_is_explained_and_the_key_is_not_forgotten(said: str, finding: str) -> None:
    trouble = findings.refused_mount(HOST, ROOT, said.encode(), 1)
    assert trouble.finding == finding
    assert finding == "command-failed" or "The key is still loaded" in trouble.mend


def test_a_root_of_which_nothing_can_be_mounted_says_why() -> None:
    trouble = findings.not_mountable(HOST, root(can_mount="off"))
    assert trouble is not None
    assert "canmount is off" in trouble.means
    assert findings.not_mountable(HOST, root()) is None


def test_busy_names_who_uses_it_as_far_as_can_be_seen() -> None:
    users = Users((User(4711, "bash", "/backup/prod/db"),), unseen=3)
    said = b"Key unload error: 'backup/prod' is busy."
    trouble = findings.refused_unload(HOST, root(), users, said, 255)
    assert trouble is not None
    assert trouble.finding == "dataset-busy"
    assert "4711 bash (/backup/prod/db)" in trouble.means
    assert "3 processes of other users could not be looked at" in trouble.means


def test_a_key_that_is_gone_already_is_no_trouble() -> None:
    said = b"Key unload error: Key already unloaded for 'backup/prod'."
    assert findings.refused_unload(HOST, root(), Users(), said, 255) is None


@pytest.mark.parametrize(
    ("users", "words"),
    [
        (Users(), "No process was seen"),
        (Users(unseen=None), "unknown"),
        (Users(tuple(User(n, "sh", "/x") for n in range(20))), "and 12 more"),
        (Users(below=(Below("tmpfs", "/backup/a"),)), "unmounted first: /backup/a (tmpfs)."),
        (Users(below=tuple(Below("nfs", f"/{n}") for n in range(20))), "(nfs) and 12 more."),
    ],
)
def test_who_uses_it_in_words(users: Users, words: str) -> None:
    assert words in users.sentence()


def test_the_answer_of_the_host_is_read_or_refused() -> None:
    read = parse_users(b"uses\t7\tba\x1bsh\t/backup/prod\nunseen\t2\n")
    assert read == Users((User(7, "ba\\x1bsh", "/backup/prod"),), 2)
    assert parse_users(b"unknown\n").unseen is None
    (found,) = parse_users(b"uses\t7\tbash\t/backup/prod/a\tb\nunseen\t0\n").found
    assert found.path == "/backup/prod/a\tb"
    assert parse_users(b"below\tnfs4\t/backup/a\tb\nbelow\tx\t/y\nunseen\t0\n").below == (
        Below("nfs4", "/backup/a\tb"),
        Below("x", "/y"),
    )
    for bad in (b"uses\t7\n", b"uses\tx\ty\tz\n", b"below\tx\n", b"hello\n"):
        with pytest.raises(ParseError):
            parse_users(bad)
