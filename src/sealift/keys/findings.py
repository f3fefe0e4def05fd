"""What stands in the way of a key procedure, with the way out: from what the host said, purely.

The catalogue of errors knows every message; here is added what only the tree tells: which root,
which dataset, who uses it.
"""

from __future__ import annotations

from sealift.hosts.trouble import Trouble
from sealift.keys.calls import Source
from sealift.keys.state import KeyDataset, KeyRoot
from sealift.keys.users import Users
from sealift.mentions import AUDIT, LOCK
from sealift.zfs.errors import explain
from sealift.zfs.names import printable


def not_encrypted(host: str, found: tuple[KeyDataset, ...]) -> Trouble:
    """Part of what is to be a vault has no key at all."""
    return Trouble(
        "plaintext-in-scope",
        host,
        f"not encrypted: {', '.join(each.name for each in found)}",
        "There is no key to keep away: whoever is root there reads it now.",
        f"Find out which send brought it {AUDIT}, and take it out of this tree.",
    )


def wrong_root(host: str, asked: str, root: str) -> Trouble:
    """The dataset inherits its key from above."""
    return Trouble(
        "key-of-root-needed",
        host,
        f"{asked} inherits its key from {root}",
        f"Keys are loaded and taken away at the encryption root. Loading {root} opens all that "
        "inherits from it, also what is not below the dataset you asked for.",
        f"Go on with {root}.",
    )


def no_root(host: str, names: tuple[str, ...]) -> Trouble:
    """What was an encryption root is none now: nothing said of it can be proven."""
    return Trouble(
        "plan-changed",
        host,
        f"no encryption root any more: {', '.join(names)}",
        "An increment or somebody there has changed the hierarchy meanwhile.",
        "Look again.",
    )


def already_loaded(host: str, roots: tuple[KeyRoot, ...]) -> Trouble:
    """There is nothing to load."""
    names = ", ".join(root.name for root in roots)
    return Trouble(
        "key-already-loaded",
        host,
        f"the key is loaded already: {names}",
        "There is nothing to load. Whether a passphrase is the right one can still be tried.",
        f"Mount what is to be read, or lock it {LOCK}.",
    )


def no_location(host: str, roots: tuple[KeyRoot, ...]) -> Trouble:
    """The host was to take the key from where it looks, and it would look nowhere."""
    names = ", ".join(root.name for root in roots)
    return Trouble(
        "key-file-missing",
        host,
        f"keylocation names no file: {names}",
        "keylocation is prompt: the host itself would ask, and there is nobody to answer.",
        "Name a file of the host, or type the key. Nothing was sent to the host.",
    )


def bad_material(host: str, root: KeyRoot, flaw: str) -> Trouble:
    """What was given cannot be a key of that format. Nothing was sent."""
    return Trouble(
        "key-malformed",
        host,
        f"this is no {root.dataset.key_format or 'key'} for {root.name}",
        flaw,
        "Give it again. Nothing was sent to the host.",
    )


def refused_key(
    host: str, root: KeyRoot, source: Source, stderr: bytes, exit_code: int | None
) -> Trouble:
    """`zfs load-key`, with or without -n, said no."""
    raw = printable(stderr.decode("utf-8", "replace")).strip()
    explained = explain(raw)  # 255 is zfs's own here, not ssh's
    if not explained:
        return _unknown(host, "load-key", raw, exit_code)
    entry = explained[0].entry
    mend = {
        "key-incorrect": _other_key(root, source),
        "key-already-loaded": f"Nothing: it is open. Lock it again when you are done {LOCK}.",
        "key-file-missing": (
            f"keylocation of {root.name} is {root.dataset.key_location}, and the file is not on "
            f"{host}. Type the key here instead: it is loaded with -L prompt, and the file is not "
            "needed. So that nothing looks for it at the next start: "
            f"zfs set keylocation=prompt {root.name}"
        ),
        "key-malformed": (
            f"keyformat of {root.name} is {root.dataset.key_format}. {entry.meaning} "
            "Give it again; nothing was loaded."
        ),
    }.get(entry.id, entry.mending)
    finding = entry.finding or entry.id
    return Trouble(finding, host, f"{root.name}: {entry.title}", entry.meaning, mend, raw)


def _other_key(root: KeyRoot, source: Source) -> str:
    if source is Source.HOST:
        return (
            "The file there holds another key. Look which one the source's root uses, or type the "
            "passphrase here. Nothing was loaded."
        )
    return (
        "Type it again; mind the keyboard's layout. A changed passphrase reaches a replica with "
        f"the next raw increment of {root.name}: try the one from before the change, and the one "
        "after it. Nothing was loaded."
    )


def refused_mount(host: str, dataset: str, stderr: bytes, exit_code: int | None) -> Trouble:
    """`zfs mount` said no. The key stays loaded; the sentence says how to undo that."""
    raw = printable(stderr.decode("utf-8", "replace")).strip()
    explained = explain(raw)  # 255 is zfs's own here, not ssh's
    if not explained:
        return _unknown(host, "mount", raw, exit_code)
    entry = explained[0].entry
    return Trouble(
        entry.finding or entry.id,
        host,
        f"{dataset} was not mounted: {entry.title[0].lower()}{entry.title[1:]}",
        entry.meaning,
        f"{entry.mending} The key is still loaded: lock it {LOCK} if you stop here.",
        raw,
    )


def not_mountable(host: str, root: KeyRoot) -> Trouble | None:
    """Why there is nothing to mount in a root, if there is nothing; None if there is something."""
    why = [f"{each.name}: {each.unmountable}" for each in root.members if each.unmountable]
    if len(why) < len(root.members):
        return None
    return Trouble(
        "mount-not-meant",
        host,
        f"nothing of {root.name} can be mounted",
        "; ".join(why) + ".",
        "A replica may be kept so on purpose. For a look: zfs set canmount=noauto, and a "
        "mountpoint that is free there.",
    )


def busy(host: str, what: str, users: Users, stderr: bytes = b"") -> Trouble:
    """It is in use, and by whom, as far as the rights allow to see."""
    raw = printable(stderr.decode("utf-8", "replace")).strip()
    return Trouble(
        "dataset-busy",
        host,
        f"{what} is in use",
        users.sentence(),
        "End what uses it, or wait for it, and lock again. Nothing is unmounted by force: what is "
        "written at that moment would be lost.",
        raw,
    )


def refused_unload(
    host: str, root: KeyRoot, users: Users, stderr: bytes, exit_code: int | None
) -> Trouble | None:
    """`zfs unload-key` said no; None if the key was gone already."""
    raw = printable(stderr.decode("utf-8", "replace")).strip()
    explained = explain(raw)  # 255 is zfs's own here, not ssh's
    if not explained:
        return _unknown(host, "unload-key", raw, exit_code)
    entry = explained[0].entry
    if entry.id == "key-already-unloaded":
        return None
    if entry.id == "key-busy":
        return busy(host, root.name, users, stderr)
    finding = entry.finding or entry.id
    return Trouble(finding, host, f"{root.name}: {entry.title}", entry.meaning, entry.mending, raw)


def still_open(host: str, roots: tuple[KeyRoot, ...]) -> Trouble:
    """After everything that locks, ZFS says that it is not locked."""
    names = ", ".join(each.name for each in roots)
    return Trouble(
        "key-loaded-on-vault",
        host,
        f"still open: {names}",
        "zfs get keystatus says available, or something is mounted: somebody loaded it again "
        "meanwhile, or part of it was mounted while it was being locked.",
        f"Lock again {LOCK}, and find out who or what opens it.",
    )


def _unknown(host: str, verb: str, raw: str, exit_code: int | None) -> Trouble:
    return Trouble(
        "command-failed",
        host,
        f"`zfs {verb}` ended with exit code {exit_code}",
        "Sealift does not know this message.",
        "Read what the host said, below.",
        raw,
    )
