"""The private directory of a demo: the key, the socket, and what each host's PATH begins with."""

from __future__ import annotations

import secrets
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path

from sealift.demo import shells

KEY_SIZE = 32
_PROGRAMS = {"zfs": "program.py", "zpool": "program.py", "ssh": "link.py", "fill": "program.py",
             "tc": "program.py", "ps": "program.py", "ss": "program.py"}  # fmt: skip
_UNAME = """\
#!/bin/sh
# A demo's host goes by its own name.
case "$*" in
-n) echo {host} ;;
-s | '') echo Linux ;;
*) exec /usr/bin/env -i PATH=/usr/bin:/bin uname "$@" ;;
esac
"""
_ID = """\
#!/bin/sh
# Everyone is root on a demo's hosts.
case "$*" in
-un) echo root ;;
-u | -g) echo 0 ;;
*) echo 'uid=0(root) gid=0(root) groups=0(root)' ;;
esac
"""
_CAT = """\
#!/bin/sh
# Of a demo's host the kernel counts other things than of this machine.
case $1 in
/proc/stat | /proc/net/dev | /proc/spl/* | /proc/[0-9]*/stat) exec {words} "$@" ;;
esac
exec /bin/cat "$@"
"""
_FIND = """\
#!/bin/sh
# What a demo's hosts have mounted is nowhere on this machine.
case $1 in
/*) test -e "$1" || exec {words} "$@" ;;
esac
exec /usr/bin/env PATH=/usr/bin:/bin find "$@"
"""
_SUDO = """\
#!/bin/sh
# Root needs no sudo; the words behind its options are run as they are.
while [ "${1#-}" != "$1" ]; do
    shift
done
exec "$@"
"""
# What a host with the packages of zfs does at boot: mount what needs no key.
_SYSTEM = {
    "proc/1/comm": "systemd\n",
    "usr/lib/systemd/system/zfs-mount.service": """\
[Unit]
Description=Mount ZFS filesystems

[Service]
Type=oneshot
ExecStart=/usr/sbin/zfs mount -a
""",
}
_WANTED = "etc/systemd/system/zfs.target.wants"
_SHELL = """\
#!/bin/sh
# A shell on {host}. It is of use as long as the demo runs.
cd {home} || exit
unset ENV BASH_ENV SSH_AUTH_SOCK
unset XDG_CACHE_HOME XDG_CONFIG_HOME XDG_DATA_HOME XDG_RUNTIME_DIR XDG_STATE_HOME
PATH={bin}:/usr/bin:/bin:/usr/sbin:/sbin HOME={home} PS1='root@{host}# '
export PATH HOME PS1
exec /bin/sh "$@"
"""


def lay_out(directory: Path, hosts: Iterable[str]) -> bytes:
    """Fill the directory (mode 0700, empty); the key made for this run is given back."""
    key = secrets.token_bytes(KEY_SIZE)
    _write(directory / "key", key, 0o600)
    code = Path(shells.__file__).parent
    for host in hosts:
        bin_, home = directory / host / "bin", directory / host / "root"
        bin_.mkdir(parents=True)
        home.mkdir()
        # -I and -S: neither the user's site nor the environment have a say, and it is quick.
        run = [sys.executable, "-I", "-S"]
        for name, script in _PROGRAMS.items():
            words = shlex.join([*run, str(code / script), str(directory), host, name])
            _script(bin_ / name, f'#!/bin/sh\nexec {words} "$@"\n')
        words = shlex.join([*run, str(code / "program.py"), str(directory), host, "cat"])
        _script(bin_ / "cat", _CAT.format(words=words))
        words = shlex.join([*run, str(code / "program.py"), str(directory), host, "find"])
        _script(bin_ / "find", _FIND.format(words=words))
        _script(bin_ / "uname", _UNAME.format(host=host))
        _script(bin_ / "hostname", f"#!/bin/sh\necho {host}\n")
        _script(bin_ / "id", _ID)
        _script(bin_ / "sudo", _SUDO)
        _system(directory / host / "system")
        shell = _SHELL.format(host=host, home=shlex.quote(str(home)), bin=shlex.quote(str(bin_)))
        _script(directory / host / "shell", shell)
    return key


def _system(root: Path) -> None:
    """The few files of a host's own that say what it does at boot."""
    for name, text in _SYSTEM.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / _WANTED).mkdir(parents=True)
    unit = Path("/usr/lib/systemd/system/zfs-mount.service")
    (root / _WANTED / unit.name).symlink_to(unit)


def _script(path: Path, text: str) -> None:
    _write(path, text.encode(), 0o700)


def _write(path: Path, data: bytes, mode: int) -> None:
    path.touch(mode)
    path.write_bytes(data)
