"""What makes a vault no vault, made on real hosts by plain commands, and undone again.

All of it is done to one clean vault, which `clean` makes, or to another replica beside it: most
breaches cost a command or two each way. Scripts run in the shell of root, which is bash.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from .faults.fault import ROUTE, SOURCE, Words
from .faults.making import pipeline, seed, snapshot
from .lab import PASSPHRASE, USUAL_ROUNDS, Lab
from .machine import Machine

Make = Callable[[Lab], AbstractContextManager[Words]]
OTHER = "another passphrase"
_CLOSED = "zfs set readonly=on {0}; for each in $(zfs list -H -r -o name {0}); do zfs set {1}; done"


@dataclass(frozen=True)
class Breach:
    """Something against the purpose of a vault, and the ids by which it has to be named.

    `make` brings it about, gives the words of a command line, and undoes it.
    """

    name: str
    ids: frozenset[str]
    make: Make


def clean(lab: Lab) -> None:
    """A level vault that nothing opens: read-only, locked, mounted by nobody."""
    lab.fresh_pools()
    lab.make_source_tree(children=("db",), mib=1, rounds=USUAL_ROUNDS)
    snapshot(lab, "rep-1")
    seed(lab)
    close(lab.dest, "backup/prod")


def close(host: Machine, root: str) -> None:
    """Set a replica as a vault is set."""
    host.run(_CLOSED.format(root, "canmount=noauto $each"))


def new_key(host: Machine, dataset: str, passphrase: str, *options: str) -> None:
    """Change the passphrase of an encryption root whose key is loaded."""
    argv = ["zfs", "change-key", "-o", "keyformat=passphrase", "-o", "keylocation=prompt"]
    host.run([*argv, *options, dataset], stdin=passphrase.encode(), timeout=60)


def _breach(name: str, ids: str, make: Make) -> Breach:
    return Breach(name, frozenset(ids.split()), make)


def _done(name: str, ids: str, do: str, undo: str, *, on: str = "dest", stdin: str = "") -> Breach:
    """A script that does it, and one that undoes it."""

    @contextmanager
    def make(lab: Lab) -> Iterator[Words]:
        host = lab.host(on)
        host.run(f"set -e; {do}", stdin=stdin.encode(), timeout=60)
        try:
            yield ROUTE
        finally:
            host.run(f"set -e; {undo}", timeout=60)

    return _breach(name, ids, make)


def _file(name: str, ids: str, path: str, text: str, more: str = "", mode: str = "644") -> Breach:
    """A file of the vault's, with whatever else is needed to have it carried out.

    What was there before comes back afterwards, and a directory that was not goes.
    """
    where = shlex.quote(path)
    do = (
        f"if [ -e {where} ]; then cp -a {where} /root/kept; fi;"
        f" install -D -m {mode} /dev/stdin {where}; {more or ':'}"
    )
    undo = f"rm {where}; if [ -e /root/kept ]; then mv /root/kept {where}; fi"
    if more:
        unit = path.rpartition("/")[2].partition(".")[0]
        undo += f"; find /etc/systemd /run/systemd -lname '*/{unit}.*' -delete 2>/dev/null || :"
    return _done(name, ids, do, undo, stdin=text)


def _unit(command: str) -> str:
    return f"[Unit]\nDescription=x\n[Service]\nType=oneshot\nExecStart={command}\n"


def _wanted(name: str, by: str = "multi-user.target") -> str:
    units = "/etc/systemd/system"
    return f"mkdir -p {units}/{by}.wants; ln -s {units}/{name} {units}/{by}.wants/{name}"


_ZFS = "/usr/sbin/zfs"
_BOOT = "boot-unit-loads-keys"
_CACHED = "\t".join(("backup/prod", "/backup/prod", "on", *["on"] * 4, "off", "on", "off"))
_CACHED += "\tbackup/prod\tfile:///root/prod.key" + "\t-" * 8
_GENERATOR = "/usr/lib/systemd/system-generators/zfs-mount-generator"
_WITH_GENERATOR = f"[ -x {_GENERATOR} ] || install -D -m 755 /bin/true {_GENERATOR}"


def _grant(name: str, do: str, undo: str) -> Breach:
    return _done(name, "grants-too-wide", f"zfs allow {do}", f"zfs unallow {undo}")


@contextmanager
def key_loaded(lab: Lab) -> Iterator[Words]:
    """Somebody has unlocked it."""
    lab.dest.run("zfs load-key backup/prod", stdin=PASSPHRASE.encode(), timeout=60)
    try:
        yield ROUTE
    finally:
        lab.dest.run("zfs unload-key backup/prod")


@contextmanager
def mounted(lab: Lab) -> Iterator[Words]:
    """And looks at what is in it."""
    with key_loaded(lab) as words:
        lab.dest.run("zfs mount backup/prod")
        try:
            yield words
        finally:
            lab.dest.run("zfs unmount backup/prod")


def beside(*sends: tuple[str, str]) -> Make:
    """Another replica, backup/beside, received by these pipelines: send, and below which name."""

    @contextmanager
    def make(lab: Lab) -> Iterator[Words]:
        root = "backup/beside"
        try:
            for send, below in sends:
                lab.source.run(pipeline(send, into=f"{root}{below}"), timeout=120)
            close(lab.dest, root)
            yield SOURCE, f"root@dest:{root}"
        finally:
            lab.dest.run(f"zfs destroy -r {root}", timeout=60)

    return make


_WHOLE = ("zfs send -w tank/prod@rep-1", "")
_CHILD = ("zfs send -w tank/prod/db@rep-1", "/db")


@contextmanager
def own_parent(lab: Lab) -> Iterator[None]:
    """An encrypted dataset of the vault's own, backup/own, whose key is loaded."""
    lab.dest.run(
        "zfs create -o encryption=on -o keyformat=passphrase backup/own",
        stdin=OTHER.encode(),
        timeout=60,
    )
    try:
        yield
    finally:
        lab.dest.run("zfs destroy -r backup/own", timeout=60)


@contextmanager
def below_a_stranger(lab: Lab) -> Iterator[Words]:
    """Somebody had the replica inherit its key from an encrypted dataset of the vault's own."""
    with own_parent(lab):
        lab.source.run(pipeline("zfs send -w tank/prod@rep-1", into="backup/own/prod"), timeout=60)
        lab.dest.run("zfs load-key backup/own/prod", stdin=PASSPHRASE.encode(), timeout=60)
        lab.dest.run(
            "set -e; zfs change-key -i backup/own/prod; zfs unmount backup/own;"
            " zfs unload-key backup/own",
            timeout=60,
        )
        close(lab.dest, "backup/own/prod")
        yield SOURCE, "root@dest:backup/own/prod"


@contextmanager
def not_raw_below_an_encrypted_parent(lab: Lab) -> Iterator[Words]:
    """It says encryption=aes-256-gcm, and was sent without -w: encrypted anew by the vault."""
    with own_parent(lab):
        lab.source.run(pipeline("zfs send tank/prod@rep-1", into="backup/own/prod"), timeout=60)
        lab.dest.run("zfs unmount backup/own; zfs unload-key backup/own")
        close(lab.dest, "backup/own/prod")
        yield SOURCE, "root@dest:backup/own/prod"


@contextmanager
def one_increment_not_raw(lab: Lab) -> Iterator[Words]:
    """The guid is that of the source, the IV set is not (openzfs/zfs#8758)."""
    with beside(_WHOLE)(lab) as words:
        lab.source.run("zfs snapshot tank/prod@plain-1")
        lab.dest.run("zfs load-key backup/beside", stdin=PASSPHRASE.encode(), timeout=60)
        send = "zfs send -i @rep-1 tank/prod@plain-1"
        lab.source.run(pipeline(send, into="backup/beside"), timeout=60)
        lab.dest.run("zfs unload-key backup/beside")
        try:
            yield words
        finally:
            lab.source.run("zfs destroy tank/prod@plain-1")


@contextmanager
def few_rounds(lab: Lab) -> Iterator[Words]:
    """A tree of its own, whose passphrase is guessed three times as fast."""
    lab.source.run(
        "zfs create -o encryption=on -o keyformat=passphrase -o pbkdf2iters=100000 tank/weak",
        stdin=PASSPHRASE.encode(),
        timeout=60,
    )
    try:
        lab.source.run("zfs snapshot tank/weak@rep-1")
        lab.source.run(pipeline("zfs send -w tank/weak@rep-1", into="backup/weak"), timeout=60)
        close(lab.dest, "backup/weak")
        yield "root@source:tank/weak", "root@dest:backup/weak"
    finally:
        lab.source.run("zfs destroy -r tank/weak")
        lab.dest.run("zfs destroy -r backup/weak", check=False)


BREACHES = (
    _breach("a key is loaded", "key-loaded-on-vault", key_loaded),
    _breach("mounted", "key-loaded-on-vault mounted-replica", mounted),
    _done(
        "keylocation is a file",
        "keylocation-automatic",
        "zfs set keylocation=file:///root/prod.key backup/prod",
        "zfs set keylocation=prompt backup/prod",
    ),
    _done(
        "keylocation is a URL",
        "keylocation-automatic",
        "zfs set keylocation=https://keys.example/prod backup/prod",
        "zfs set keylocation=prompt backup/prod",
    ),
    _done(
        "a child mounts by itself",
        "mountable-replica",
        "zfs set canmount=on backup/prod/db",
        "zfs set canmount=noauto backup/prod/db",
    ),
    _done(
        "a child may be written to",
        "writable-replica",
        "zfs set readonly=off backup/prod/db",
        "zfs inherit readonly backup/prod/db",
    ),
    _grant("op may load keys", "-u op load-key backup/prod", "-u op backup/prod"),
    _grant("op may destroy a child", "-u op destroy backup/prod/db", "-u op backup/prod/db"),
    _grant("the group op may roll back", "-g op rollback backup/prod", "-g op backup/prod"),
    _grant("everyone may rename", "-e rename backup/prod", "-e backup/prod"),
    _grant("op may receive with -F", "-u op receive,create,mount backup", "-u op backup"),
    _grant(
        "a set has load-key in it",
        "-s @ops load-key backup; zfs allow -u op @ops backup",
        "-u op backup; zfs unallow -s @ops backup",
    ),
    _file(
        "a unit loads every key",
        _BOOT,
        "/etc/systemd/system/open.service",
        _unit(f"{_ZFS} load-key -a"),
        _wanted("open.service"),
    ),
    _file(
        "a timer's unit loads its key",
        _BOOT,
        "/etc/systemd/system/later.service",
        _unit(f"/bin/sh -c '{_ZFS} load-key backup/prod </root/prod.key'"),
        _wanted("later.timer", "timers.target"),
    ),
    _file(
        "a generated unit asks for it",
        _BOOT,
        "/run/systemd/generator/zfs-load-key-backup-prod.service",
        _unit(f"/bin/sh -c 'systemd-ask-password x | {_ZFS} load-key \"backup/prod\"'"),
        "mkdir -p /run/systemd/generator/local-fs.target.wants; ln -s ../zfs-load-key-backup-prod"
        ".service /run/systemd/generator/local-fs.target.wants/zfs-load-key-backup-prod.service",
    ),
    _file(
        "zfs-list.cache has it",
        _BOOT,
        "/etc/zfs/zfs-list.cache/backup",
        f"{_CACHED}\n",
        _WITH_GENERATOR,
    ),
    _file(
        "cron.d",
        _BOOT,
        "/etc/cron.d/open",
        f"@reboot root {_ZFS} load-key -L file:///root/prod.key backup/prod\n",
    ),
    _file(
        "root's crontab",
        _BOOT,
        "/var/spool/cron/crontabs/root",
        f"*/5 * * * * {_ZFS} load-key -r backup\n",
        mode="600",
    ),
    _file("rc.local", _BOOT, "/etc/rc.local", "#!/bin/sh\nzpool import -al\n", mode="755"),
    _file(
        "a hook of the initramfs",
        _BOOT,
        "/etc/initramfs-tools/scripts/local-bottom/open",
        "#!/bin/sh\nzfs load-key -a\n",
        mode="755",
    ),
    _file("a login", _BOOT, "/etc/pam.d/open", "auth optional pam_zfs_key.so homes=backup\n"),
    _file("options of the import", _BOOT, "/etc/default/zfs", 'ZPOOL_IMPORT_OPTS="-l"\n'),
    _breach(
        "each dataset its own root",
        "hierarchy-differs",
        beside(_WHOLE, _CHILD),
    ),
    _breach("sent in the clear", "not-raw", beside(("zfs send tank/prod@rep-1", ""))),
    _breach("encrypted anew by the vault", "not-raw", not_raw_below_an_encrypted_parent),
    _breach("one increment was not raw", "not-raw", one_increment_not_raw),
    _breach(
        "a dataset of nobody's",
        "raw-lineage-unknown",
        beside(_WHOLE, ("zfs send -w tank/prod/db@rep-1", "/stray")),
    ),
    _breach("the replica inherits from a stranger", "key-may-not-unlock", below_a_stranger),
    _breach("few rounds of PBKDF2", "weak-passphrase", few_rounds),
    _done(
        "plaintext in the source's tree",
        "plaintext-in-scope",
        "zfs create -o encryption=off tank/prod/clear; zfs snapshot tank/prod/clear@rep-1",
        "zfs destroy -r tank/prod/clear",
        on="source",
    ),
)
