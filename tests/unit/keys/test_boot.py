"""What `posture.sh` says is read, and nothing else is taken for it."""

from __future__ import annotations

import os
import shutil
import subprocess
from importlib.resources import files
from pathlib import Path

import pytest

from sealift import remote
from sealift.keys.boot import BootLine, State, parse_boot
from sealift.zfs.parse import ParseError

SHELLS = ["dash", "bash --posix", "bash", "busybox sh", "ksh", "mksh", "zsh --emulate sh"]


def write(root: Path, name: str, text: str, mode: int = 0o644) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def linked(root: Path, name: str, target: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


def host(root: Path) -> None:
    """A host on which several things load keys, and several only seem to."""
    write(root, "proc/1/comm", "systemd\n")
    units, packaged = "etc/systemd/system", "usr/lib/systemd/system"
    exec_ = "[Service]\n# zfs load-key of old\nExecStart=/sbin/zfs load-key {}\n"
    write(root, f"{units}/open.service", exec_.format("-a"))
    linked(root, f"{units}/multi-user.target.wants/open.service", "../open.service")
    write(root, f"{units}/timed.service", exec_.format("backup"))
    linked(root, f"{units}/timers.target.wants/timed.timer", "../timed.timer")
    write(root, f"{units}/idle.service", exec_.format("-r backup"))
    write(root, f"{packaged}/off.service", exec_.format("-a"))
    linked(root, f"{units}/off.service", "/dev/null")
    write(root, f"{packaged}/zfs-mount.service", "[Service]\nExecStart=/sbin/zfs mount -a\n")
    linked(root, f"{units}/zfs.target.wants/zfs-mount.service", "x")
    write(root, "usr/local/sbin/unlock it", '#!/bin/sh\nzfs load-key "$1" < /root/key\n')
    write(root, "usr/local/sbin/unlock", '#!/bin/sh\nzfs load-key "$1" < /root/key\n')
    write(root, "usr/local/sbin/zfs", "\x7fELF load-key\n")
    cron = "# zfs load-key\n@reboot root /usr/local/sbin/unlock backup/prod\n"
    write(root, "etc/cron.d/open", cron)
    write(root, "etc/init.d/zfs-load-key", '"$ZFS" load-key "$encryptionroot"\n')
    write(root, "etc/rc.local", "zfs unload-key -a\n")
    write(root, "usr/lib/systemd/system-generators/zfs-mount-generator", "", 0o755)
    rest = "\ton\ton\ton\ton\toff\ton\toff\tbackup/prod\tfile:///k" + "\t-" * 7 + "\ton\n"
    line = f"backup/prod\t/backup/prod\ton{rest}tank/other\t/x\ton{rest}"
    write(root, "etc/zfs/zfs-list.cache/backup", line)


@pytest.mark.parametrize("shell", SHELLS)
def test_posture_in_every_shell(shell: str, tmp_path: Path) -> None:
    command = shell.split()
    if not shutil.which(command[0]):
        pytest.skip(f"there is no {command[0]} here")
    root = tmp_path / "a root"
    host(root)
    done = subprocess.run(
        [*command, "-s", "--", "backup/prod"],
        input=files(remote).joinpath("posture.sh").read_bytes(),
        capture_output=True,
        env=os.environ | {"POSTURE_ROOT": str(root)},
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    seen = parse_boot(done.stdout)
    loads = {(each.path.rpartition("/")[2], each.state) for each in seen.loading}
    assert loads == {
        ("open.service", State.STARTED),
        ("timed.service", State.STARTED),
        ("idle.service", State.IDLE),
        ("off.service", State.MASKED),
        ("open", State.STARTED),
    }
    assert [each.path for each in seen.mounting] == ["/usr/lib/systemd/system/zfs-mount.service"]
    assert seen.init == "systemd"
    assert seen.generator.endswith("/zfs-mount-generator")
    assert [(each.dataset, each.keylocation, each.ignored) for each in seen.cached] == [
        ("backup/prod", "file:///k", True),
        ("tank/other", "file:///k", True),
    ]
    assert not seen.sudo


def test_a_host_with_none_of_it(tmp_path: Path) -> None:
    done = subprocess.run(
        ["sh", "-s", "--", "backup/prod"],
        input=remote.text("posture.sh").encode(),
        capture_output=True,
        env=os.environ | {"POSTURE_ROOT": str(tmp_path)},
        timeout=60,
        check=True,
    )
    seen = parse_boot(done.stdout)
    assert (seen.init, seen.lines, seen.cached, seen.unread) == ("", (), (), ())


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"sealift init systemd\n",
        b"Welcome\nsealift end\n",
        b"sealift line nothing\nsealift end\n",
        b"sealift unit strange /x\nsealift end\n",
        b"sealift cached nothing\nsealift end\n",
        b"\xff\xfe\nsealift end\n",
    ],
)
def test_another_answer_is_not_understood(said: bytes) -> None:
    with pytest.raises(ParseError):
        parse_boot(said)


def test_a_host_cannot_paint_the_screen() -> None:
    said = b"sealift init \x1b[2J\nsealift line /x\tzfs load-key \x1b[31m-a\nsealift end\n"
    seen = parse_boot(said)
    assert "\x1b" not in seen.init + seen.lines[0].text


@pytest.mark.parametrize(
    ("text", "loads", "concerns"),
    [
        ("zfs load-key -a", True, True),
        ("zfs load-key -ra", True, True),
        ("zfs load-key backup/prod", True, True),
        ("zfs load-key -r backup", True, True),
        ("zfs load-key backup/prod/db", True, True),
        ("zfs load-key -L file:///k backup/prod", True, True),
        ("zfs load-key backup/production", True, False),
        ("zfs load-key 'rpool/home'", True, False),
        ('zfs load-key "$1"', True, True),
        ("zfs load-key %I", True, True),
        ("zfs unload-key -a", False, False),
        ("After=zfs-load-key-backup.service", False, False),
        ("zpool import -al", True, True),
        ("zpool import -l backup", True, True),
        ("zpool import -l rpool", True, False),
        ("zpool import -aN", False, False),
        ("zfs mount -a", False, False),
        ("zfs mount -la", True, True),
        ('zfskeys_enable="YES"', True, True),
        ('ZPOOL_IMPORT_OPTS="-l"', True, True),
        ('ZPOOL_IMPORT_OPTS=""', False, False),
        ("auth required pam_zfs_key.so", True, False),
    ],
)
def test_what_a_line_does(text: str, loads: bool, concerns: bool) -> None:  # noqa: FBT001
    line = BootLine("/x", text)
    assert line.loads is loads
    if loads:
        assert line.concerns("backup/prod") is concerns
