"""Running sends and receives are found, and nothing else is taken for one."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealift.zfs.commands import Effect
from sealift.zfs.parse import ParseError, text_of
from sealift.zfs.processes import LIST, Process, parse, receiving


def of(*args: str) -> tuple[Process, ...]:
    """The processes with these args; their pids are 100, 101 …"""
    lines = (f"  {pid}     1   7 {each}" for pid, each in enumerate(args, start=100))
    return parse("\n".join(lines).encode())


def test_the_listing_only_reads() -> None:
    assert LIST.effect is Effect.READ
    assert LIST.argv == ("ps", "-A", "-o", "pid=,ppid=,etimes=,args=")


def test_sends_and_receives_are_kept_and_everything_else_is_not() -> None:
    found = parse(
        b"      1       0  900000 /sbin/init splash\n"
        b"      2       0  900000 [kthreadd]\n"
        b"    812     810      61 zfs send -w -vP -R -I @rep-1 tank/prod@rep-2\n"
        b"    813     810      61 ssh root@dr1 zfs receive -s -u backup/prod\n"
        b"    814     810      61 sh -c zfs receive -s -u backup/prod\n"
        b"    900     899       5 /usr/sbin/zfs recv -s -u backup/prod\n"
        b"    901     899       5 zfs list -Hp\n"
        b"    902     899       5 zfs\n"
        b"    903     899       5 [zfs] <defunct>\n"
        b"    904     899       5\n"
    )
    assert found == (
        Process(
            *(812, 810, 61, "zfs send -w -vP -R -I @rep-1 tank/prod@rep-2", "send", "tank/prod"),
            raw=True,
            replicate=True,
        ),
        Process(900, 899, 5, "/usr/sbin/zfs recv -s -u backup/prod", "receive", "backup/prod"),
    )


@pytest.mark.parametrize(
    ("args", "dataset"),
    [
        ("zfs receive -s -u backup/prod", "backup/prod"),
        ("zfs receive -su -o readonly=on -x mountpoint backup/prod", "backup/prod"),
        ("zfs receive -suoreadonly=on backup/prod", "backup/prod"),
        ("zfs receive -s -u -- backup/prod", "backup/prod"),
        ("zfs receive backup/prod@rep-1", "backup/prod"),
        ("zfs receive -s backup/my  data", "backup/my  data"),
        ("zfs send -w --exclude tank/prod/tmp -R tank/prod@a", "tank/prod"),
        ("zfs send -w -i tank/prod#a tank/prod@b", "tank/prod"),
        ("zfs send -w -t 1-c740b4779-a8-789c", ""),
    ],
)
def test_the_dataset_is_what_stands_behind_the_options(args: str, dataset: str) -> None:
    (process,) = of(args)
    assert process.dataset == dataset


def test_what_runs_behind_sudo_is_given_once_and_as_itself() -> None:
    both = parse(
        b"10 1 9 sudo -n zfs receive -s -u backup/prod\n"
        b"11 10 9 sudo -n zfs receive -s -u backup/prod\n"
        b"12 11 9 zfs receive -s -u backup/prod\n"
    )
    assert [each.pid for each in both] == [12]


@pytest.mark.parametrize(
    "prefix",
    ["sudo -n", "/usr/bin/sudo -n -u root --", "doas -n", "sudo LC_ALL=C", "sudo -n /usr/sbin/env"],
)
def test_a_receive_that_only_sudo_shows_is_still_seen(prefix: str) -> None:
    found = of(f"{prefix} zfs receive -s -u backup/prod")
    seen = [(each.argv_text, each.dataset) for each in found]
    # env is a program of its own, which we never use: it is not looked through.
    expected = [("zfs receive -s -u backup/prod", "backup/prod")]
    assert seen == ([] if prefix.endswith("env") else expected)


def test_a_circle_of_parents_ends() -> None:
    looped = parse(b"10 11 1 sudo zfs receive a\n11 10 1 zfs receive a\n")
    assert [each.pid for each in looped] == [11]


def test_receiving_finds_the_receive_into_the_dataset_and_into_what_is_above_it() -> None:
    found = of(
        "zfs receive -s -u -d backup",
        "zfs receive -s -u backup/prod",
        "zfs receive -s -u backup/prod/db",
        "zfs receive -s -u backup/prod/db2",
        "zfs receive -s -u other/prod/db",
        "zfs send -w backup/prod/db@a",
        "zfs receive -s -u backup/prod/db/deep",
    )
    assert [each.pid for each in receiving(found, "backup/prod/db")] == [102, 100, 101]
    assert [each.pid for each in receiving(found, "backup/prod/db2")] == [103, 100, 101]
    assert [each.pid for each in receiving(found, "backup/pro")] == [100]
    assert receiving(found, "prod/db") == ()
    assert [each.below for each in receiving(found, "backup/prod")] == [False, True]


def test_receiving_knows_names_with_spaces_and_receives_into_a_snapshot() -> None:
    found = of(
        "zfs receive -o comment=a b backup/my data",
        "zfs receive -s backup/my data@rep 1",
        "zfs receive -s backup/my",
    )
    assert [each.pid for each in receiving(found, "backup/my data")] == [100, 101]


@pytest.mark.parametrize(
    "line",
    [
        b"zfs receive backup/prod",
        b"12 1 zfs receive backup/prod",
        b"12 1 - zfs receive backup/prod",
        b"error: unknown user-defined format specifier",
        b"1" * 5000 + b" 1 1 zfs receive a",
        "² 1 1 zfs receive a".encode(),
    ],
)
def test_a_line_without_its_numbers_is_refused(line: bytes) -> None:
    with pytest.raises(ParseError):
        parse(b"1 0 5 init\n" + line)


words = st.sampled_from(
    ["zfs", "sudo", "send", "receive", "-d", "-", "--", "-o", "", "a@b", "tank"]
)
lines = st.tuples(st.integers(0, 9), st.integers(0, 9), st.lists(words)).map(
    lambda each: f"{each[0]} {each[1]} 3 {' '.join(each[2])}".encode()
)


@given(st.binary() | st.lists(lines).map(b"\n".join))
def test_any_bytes_are_processes_or_an_error(data: bytes) -> None:
    with contextlib.suppress(ParseError):
        for each in parse(data):
            assert each.verb in each.argv_text.replace("recv", "receive")
            assert each.argv_text in text_of(data)
            assert (
                each.verb == "send" or each in receiving((each,), each.dataset) or not each.dataset
            )


def test_the_tool_that_started_a_transfer_is_above_it_or_has_its_ssh_beside_it() -> None:
    above, beside, session = parse(
        b"1 0 99 init\n"
        b"20 1 9 /usr/bin/perl /usr/sbin/syncoid a b\n21 20 9 sh -c x\n"
        b"22 21 9 zfs send -w tank/a@s\n"
        b"30 1 9 sh -c x\n31 30 9 ssh -S /root/.ssh/bzfs/s1 root@nas1 zfs send\n"
        b"32 30 9 zfs receive backup/a\n"
        b"40 1 9 sshd: root@notty\n41 40 9 ssh -S /tmp/syncoid-x root@nas1 zfs list\n"
        b"42 40 9 zfs receive backup/b\n"
    )
    assert (above.tool, above.started_by) == ("syncoid", 20)
    assert (beside.tool, beside.started_by) == ("bzfs", 0)
    assert (session.tool, session.started_by) == ("", 0)
