"""Key trees made by hand, for tests."""

from __future__ import annotations

from sealift.keys.state import KeyDataset, KeyTree
from sealift.zfs.listings import KeyStatus

HOST = "root@dr1"
ROOT = "backup/prod"


def dataset(
    name: str = ROOT,
    *,
    root: str | None = ROOT,
    opened: bool = False,
    keyformat: str | None = "passphrase",
    location: str = "prompt",
    can_mount: str = "noauto",
    mounted: bool = False,
    kind: str = "filesystem",
    mountpoint: str = "",
) -> KeyDataset:
    status = KeyStatus.AVAILABLE if opened else KeyStatus.UNAVAILABLE
    return KeyDataset(
        name=name,
        kind=kind,
        encrypted=root is not None,
        encryption_root=root,
        key_status=status if root is not None else KeyStatus.NONE,
        key_format=keyformat,
        key_location=location if root == name else "none",
        can_mount=can_mount,
        mounted=mounted,
        readonly=True,
        referenced=4096,
        mountpoint=mountpoint or f"/{name}",
    )


def tree(*datasets: KeyDataset, asked: str = ROOT) -> KeyTree:
    return KeyTree(asked, datasets)


def three(*, opened: bool = False, mounted: bool = False) -> KeyTree:
    """A root and two children that inherit from it."""
    names = (ROOT, f"{ROOT}/app", f"{ROOT}/db")
    return tree(*(dataset(name, opened=opened, mounted=mounted) for name in names))
