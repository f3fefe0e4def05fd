"""The lab does what it promises; every test on real ZFS leans on these."""

import asyncio
import signal
import subprocess
import sys
import time
from pathlib import Path

import asyncssh
import pytest

from .lab import PASSPHRASE, Lab
from .machine import CommandError, Machine
from .waiting import wait_until

MIB = 1 << 20


def zfs_get(host: Machine, prop: str, dataset: str) -> str:
    return host.run(["zfs", "get", "-Hp", "-o", "value", prop, dataset]).text


def replicate(lab: Lab, snapshot: str, target: str = "root@dest", zfs: str = "zfs") -> None:
    """A full raw send from source to backup/prod on dest."""
    lab.source.run(
        f"set -o pipefail; zfs send -w {snapshot} | ssh {target} {zfs} receive -s -u backup/prod"
    )


def seconds(host: Machine, script: str) -> float:
    """How long a script takes, by the guest's own clock."""
    timed = f"date +%s.%N; {script}; date +%s.%N"
    begin, *_, end = host.run(timed).text.splitlines()
    return float(end) - float(begin)


def transfer_seconds(lab: Lab) -> float:
    """How long 4 MiB take from source to dest, from their first byte to their last."""
    timed = "head -c 1 >/dev/null; date +%s.%N; cat >/dev/null; date +%s.%N"
    script = f"head -c {4 * MIB} /dev/zero | ssh root@dest '{timed}'"
    begin, end = lab.source.run(script).text.splitlines()
    return float(end) - float(begin)


@pytest.mark.parametrize("name", ["source", "dest"])
def test_both_hosts_run_zfs_2_3_and_know_the_time(lab: Lab, name: str) -> None:
    host = lab.host(name)
    userland, module = host.run(["zfs", "version"]).text.splitlines()
    assert userland.startswith("zfs-2.3.")
    assert module.startswith("zfs-kmod-2.3.")
    assert host.run(["hostname"]).text == name
    # An emulated clock falls behind when the machine is busy; seconds are no matter, days are.
    assert abs(float(host.run(["date", "-u", "+%s"]).text) - time.time()) < 30


def test_raw_send_arrives_sealed_and_whole(pools: Lab) -> None:
    checksums = pools.make_source_tree(mib=1)
    pools.source.run("zfs snapshot -r tank/prod@one")
    pools.source.run(
        "set -o pipefail; zfs send -w -R tank/prod@one |"
        " ssh root@dest zfs receive -s -u backup/prod"
    )
    assert zfs_get(pools.dest, "keystatus", "backup/prod/db") == "unavailable"

    with pytest.raises(CommandError):
        pools.checksums("dest", "backup/prod")
    pools.dest.run("zfs load-key backup/prod", stdin=PASSPHRASE.encode())
    pools.dest.run("zfs mount -R backup/prod")
    assert pools.checksums("dest", "backup/prod") == checksums


@pytest.mark.whole
def test_pull_works_like_push(pools: Lab) -> None:
    pools.make_source_tree(children=(), mib=1)
    pools.source.run("zfs snapshot tank/prod@one")
    pools.dest.run(
        "set -o pipefail; ssh op@source sudo zfs send -w tank/prod@one |"
        " zfs receive -s -u backup/prod",
    )
    assert zfs_get(pools.dest, "keystatus", "backup/prod") == "unavailable"


def test_op_has_sudo_on_source_only_and_no_sbin_in_its_path(lab: Lab) -> None:
    assert lab.source.run(["sudo", "-n", "id", "-u"], user="op").text == "0"
    assert lab.dest.run(["sudo", "-n", "id", "-u"], user="op", check=False).status != 0
    assert "sbin" not in lab.dest.run("echo $PATH", user="op").text


@pytest.mark.whole
def test_delegated_op_receives_on_dest(pools: Lab) -> None:
    pools.make_source_tree(children=(), mib=1)
    pools.source.run("zfs snapshot tank/prod@one")
    with pytest.raises(CommandError, match="permission denied"):
        replicate(pools, "tank/prod@one", "op@dest", "/sbin/zfs")
    pools.delegate("dest", "op", ["receive", "create", "mount"], "backup")
    replicate(pools, "tank/prod@one", "op@dest", "/sbin/zfs")
    assert zfs_get(pools.dest, "keystatus", "backup/prod") == "unavailable"


@pytest.mark.whole
def test_shaped_link_is_slow_and_far(pools: Lab) -> None:
    free = transfer_seconds(pools)
    pools.link.shape(rate="4mbit")
    assert transfer_seconds(pools) > 2 * free

    pools.link.shape(delay="150ms", loss="1%", rate="16mbit")
    assert seconds(pools.source, ": <>/dev/tcp/dest/22") > 0.3
    pools.link.clear()
    assert seconds(pools.source, ": <>/dev/tcp/dest/22") < 0.3


@pytest.mark.whole
def test_pulled_cable_interrupts_a_send_that_can_be_resumed(pools: Lab) -> None:
    pools.make_source_tree(children=(), mib=8)
    pools.source.run("zfs snapshot tank/prod@one")
    pools.link.shape(rate="8mbit")
    send = (
        "zfs send -w tank/prod@one |"
        " ssh -o ServerAliveInterval=1 -o ServerAliveCountMax=2 root@dest"
        " zfs receive -s -u backup/prod"
    )
    with pools.source.spawn(send) as sending:
        wait_until(
            lambda: pools.dest.run(["zfs", "list", "backup/prod"], check=False).status == 0,
            "the receive has begun",
            30,
        )
        pools.link.pull()
        sending.communicate(timeout=60)
    assert sending.returncode != 0

    pools.link.plug()
    pools.link.clear()
    # The far sshd hears of the end only now. Until the receive has gone, its token says nothing
    # of what has arrived.
    wait_until(
        lambda: pools.dest.run("pgrep -x zfs", check=False).status != 0,
        "the interrupted receive has ended",
        60,
    )
    token = zfs_get(pools.dest, "receive_resume_token", "backup/prod")
    replicate(pools, f"-t {token}")
    assert zfs_get(pools.dest, "guid", "backup/prod@one") == zfs_get(
        pools.source, "guid", "tank/prod@one"
    )


@pytest.mark.whole
def test_killed_dest_comes_back_with_its_pool_and_no_keys(pools: Lab) -> None:
    pools.make_source_tree(children=(), mib=1)
    pools.source.run("zfs snapshot tank/prod@one")
    replicate(pools, "tank/prod@one")
    pools.dest.run("zfs load-key backup/prod", stdin=PASSPHRASE.encode())
    pools.dest.run("zpool sync backup")
    guid = pools.dest.run("zpool get -H -o value guid backup").text
    pools.dest.kill()
    assert not pools.dest.running

    pools.dest.boot()
    assert pools.dest.run("zpool get -H -o value guid backup").text == guid
    assert zfs_get(pools.dest, "keystatus", "backup/prod") == "unavailable"
    # The link is there again too, in both directions.
    assert pools.source.run("ssh op@dest ssh op@source hostname").text == "source"


@pytest.mark.whole
def test_throttled_disk_is_slow(pools: Lab) -> None:
    read = "dd if=/dev/vdb of=/dev/null bs=1M count=4 iflag=direct 2>/dev/null"
    write = "dd if=/dev/zero of=/tank/file bs=1M count=4 conv=fsync 2>/dev/null"
    pools.source.run("zfs set compression=off tank")
    free = seconds(pools.source, read), seconds(pools.source, write)
    pools.source.throttle_disk(bytes_per_second_read=MIB, bytes_per_second_write=2 * MIB)
    assert seconds(pools.source, read) > 3 * free[0]
    assert seconds(pools.source, write) > 3 * free[1]
    pools.source.unthrottle_disk()
    assert seconds(pools.source, read) < 10 * free[0]


@pytest.mark.whole
def test_busy_host_has_no_idle_time(lab: Lab) -> None:
    with lab.source.busy():
        script = "head -n 1 /proc/stat; sleep 1; head -n 1 /proc/stat"
        before, after = (
            [int(ticks) for ticks in line.split()[1:]]
            for line in lab.source.run(script).text.splitlines()
        )
    spent = [late - early for early, late in zip(before, after, strict=True)]
    assert spent[3] < 0.1 * sum(spent)  # the fourth figure is the idle time
    assert lab.source.run("pgrep -fc 'while :'", check=False).text == "0"


@pytest.mark.whole
def test_operator_is_cut_off_alone(pools: Lab) -> None:
    login = ["ssh", "-F", str(pools.ssh_config), "-o", "ConnectTimeout=10", "dest", "hostname"]
    pools.dest.unplug()
    assert subprocess.run(login, check=False, capture_output=True).returncode == 255
    assert pools.source.run("ssh dest hostname").text == "dest"
    pools.dest.plug()
    assert subprocess.run(login, check=True, capture_output=True).stdout == b"dest\n"


@pytest.mark.parametrize("user", ["root", "op"])
async def test_ssh_config_serves_openssh_and_asyncssh(lab: Lab, user: str) -> None:
    login = ["ssh", "-F", str(lab.ssh_config), f"{user}@source", "hostname; id -un"]
    done = await asyncio.to_thread(subprocess.run, login, check=True, capture_output=True)
    assert done.stdout.split() == [b"source", user.encode()]
    async with asyncssh.connect("dest", username=user, config=[lab.ssh_config]) as connection:
        answer = await connection.run("hostname; id -un", check=True)
    assert str(answer.stdout).split() == ["dest", user]


def test_socket_statistics_are_there_for_everyone(lab: Lab) -> None:
    assert "cwnd:" in lab.source.run("ss -tin", user="op").text


def test_fresh_pools_undo_everything(pools: Lab) -> None:
    pools.make_source_tree(children=(), mib=1)
    pools.delegate("dest", "op", ["receive"], "backup")
    pools.dest.run("mkdir /root/jobs; touch /tmp/left; date --set '2 days ago'")
    pools.dest.run("nohup sleep 12345 >/dev/null 2>&1 &", user="op")
    pools.link.shape(rate="1mbit", delay="300ms")
    pools.dest.throttle_disk(bytes_per_second_read=1000, bytes_per_second_write=1000)
    pools.dest.unplug()
    pools.link.pull()

    pools.fresh_pools(dest_mib=100)
    assert pools.source.run("zfs list -H -o name").text == "tank"
    assert pools.dest.run("zfs list -H -o name; zfs allow backup").text == "backup"
    assert int(pools.dest.run("zpool list -Hp -o size").text) < 100 * MIB
    assert pools.dest.run("ls /root /tmp; pgrep sleep", check=False).text == "/root:\n\n/tmp:"
    assert abs(float(pools.dest.run(["date", "-u", "+%s"]).text) - time.time()) < 5
    assert "netem" not in pools.source.run("tc qdisc show dev eth1").text
    assert pools.source.run("ssh dest hostname").text == "dest"


@pytest.mark.whole
def test_fresh_pools_cope_with_a_hung_pool_and_a_dead_host(pools: Lab) -> None:
    # A disk that takes no more writes: a sparse file on a file system smaller than itself.
    pools.dest.run(
        "mkdir /tmp/small; mount -t tmpfs -o size=20m small /tmp/small;"
        " truncate -s 200m /tmp/small/disk; zpool create hung /tmp/small/disk"
    )
    with pools.dest.spawn("dd if=/dev/urandom of=/hung/file bs=1M count=100 conv=fsync"):
        wait_until(
            lambda: pools.dest.run("zpool list -H -o health hung").text == "SUSPENDED",
            "the pool is suspended",
            60,
        )
        pools.source.kill()
        pools.fresh_pools()
    assert pools.source.run("zpool list -H -o name,health").text == "tank\tONLINE"
    assert pools.dest.run("zpool list -H -o name,health").text == "backup\tONLINE"


def test_hosts_do_not_outlive_their_killed_owner(tmp_path_factory: pytest.TempPathFactory) -> None:
    directory = tmp_path_factory.mktemp("orphan")
    script = (
        "import pathlib, sys; from tests.lab.lab import Lab; Lab.start(pathlib.Path(sys.argv[1]))"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", script, directory], cwd=Path(__file__).parents[2]
    )
    with owner:
        wait_until((directory / "dest.pid").exists, "the emulators have started", 60)
        orphan = Lab.attach(directory)
        wait_until(lambda: all(host.running for host in orphan.hosts), "both hosts run", 10)
        owner.send_signal(signal.SIGKILL)
    wait_until(lambda: not any(host.running for host in orphan.hosts), "both hosts are gone", 10)
    orphan.stop()
