"""What the demo's `zfs rename` refuses: a child that inherits its key stays with that key."""

from __future__ import annotations

import pytest

from tests.contract.inline import Inline

# dsl_dir_rename_crypt_check (dsl_crypt.c) and zfs_rename (libzfs_dataset.c); 2.1 to 2.4 alike.
_WHY = "cannot move encrypted child outside of its encryption root"
_ENCRYPTED = ("-o", "encryption=on", "-o", "keyformat=passphrase", "-o", "keylocation=prompt")


@pytest.fixture
def hosts() -> Inline:
    """`tank/a` and `tank/b` are encryption roots, `tank/a/own` as well; `tank/plain` is open."""
    made = Inline()
    for root in ("tank/a", "tank/b"):
        made.run("nas1", "zfs", "create", *_ENCRYPTED, root)
    made.run("nas1", "zfs", "create", "tank/a/db")
    made.run("nas1", "zfs", "create", "tank/a/db/deep")
    made.run("nas1", "zfs", "create", *_ENCRYPTED, "tank/a/own")
    made.run("nas1", "zfs", "create", "-o", "encryption=off", "tank/plain")
    return made


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("tank/a/db", "tank/db"),
        ("tank/a/db", "tank/b/db"),
        ("tank/a/db", "tank/plain/db"),
        ("tank/a/db/deep", "tank/a/own/deep"),
    ],
)
def test_a_child_that_inherits_its_key_is_not_moved_out_of_its_encryption_root(
    hosts: Inline, name: str, target: str
) -> None:
    said = hosts.run("nas1", "zfs", "rename", name, target)
    assert (said.code, said.stdout, said.stderr) == (1, "", f"cannot rename '{name}': {_WHY}\n")
    assert hosts.run("nas1", "zfs", "list", name).code == 0
    assert hosts.run("nas1", "zfs", "list", target).code == 1


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("tank/a/db", "tank/a/renamed"),
        ("tank/a/db/deep", "tank/a/deep"),
        ("tank/a/own", "tank/own"),
        ("tank/a/own", "tank/b/own"),
        ("tank/a", "tank/elsewhere"),
        ("tank/plain", "tank/b/plain"),
    ],
)
def test_within_the_tree_of_its_key_and_as_a_root_of_its_own_it_goes_anywhere(
    hosts: Inline, name: str, target: str
) -> None:
    said = hosts.run("nas1", "zfs", "rename", name, target)
    assert (said.code, said.stderr) == (0, "")
    assert hosts.run("nas1", "zfs", "list", target).code == 0


def test_what_is_there_already_is_said_first(hosts: Inline) -> None:
    said = hosts.run("nas1", "zfs", "rename", "tank/a/db", "tank/plain")
    assert said.stderr == "cannot rename 'tank/a/db': dataset already exists\n"
