"""Samples of hosts: any bytes give a value or one clear error, real ones what was there."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealift import remote
from sealift.playbook.sample import DISK, RUNNING, STOPPED, parse_sample
from sealift.zfs.parse import ParseError
from sealift.zfs.processes import FILTERS, SSHD

from .test_bottleneck import SAMPLES, read

FRAME = b"== uptime\n10.00 1.0\n== tick\n== tick\n%s\n== uptime\n20.00 2.0\n== end\n"


@given(st.binary())
def test_any_bytes_are_a_sample_or_one_error(data: bytes) -> None:
    try:
        parse_sample(data)
    except ParseError:
        return
    pytest.fail("no bytes without a beginning and an end are a sample")


@given(
    st.lists(
        st.sampled_from(
            [
                *(b"== ps", b"== stat", b"== cpu", b"== net", b"== tcp", b"== tx", b"== tick"),
                *(b"== txgs", b"== shapers", b"iostat tank\t1", b"cpu 1 2 3 4 5 6 7 8 9 10"),
                *(b"pipe_write 7 (zfs) S 1 2", b"7 (a) b) R 1 2 3 4 5 6 7 8 9 10 11 12 13"),
                *(b"0 0 1.2.3.4:5 6.7.8.9:22", b"\t busy:7ms bytes_sent:9", b" 7 1 2 zfs send x"),
                *(b"eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16", b"txg birth state stime"),
                *(b"9 1 S 0", b"io some avg10=0 total=99999999999999999999999999"),
            ]
        )
        | st.binary(max_size=60)
    )
)
def test_whatever_stands_between_beginning_and_end_never_breaks_the_reader(
    lines: list[bytes],
) -> None:
    try:
        sample = parse_sample(FRAME % b"\n".join(lines))
    except ParseError:
        return  # a line of it was a part of its own: another end, another clock
    assert sample.seconds > 0
    assert sample.cpus >= 1


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.txt")), ids=lambda path: path.stem)
def test_a_cut_off_answer_is_no_sample(path: object) -> None:
    data = SAMPLES.joinpath(str(path)).read_bytes()
    for cut in (0, len(data) // 3, len(data) - 10):
        with pytest.raises(ParseError):
            parse_sample(data[:cut])


def test_without_its_clock_it_is_no_sample() -> None:
    data = (SAMPLES / "net16.source.txt").read_bytes()
    silent = re.sub(rb"== tick\n.*?(?=== )", b"", data, flags=re.DOTALL)
    with pytest.raises(ParseError, match="clock"):
        parse_sample(silent)


def test_what_a_real_host_said_is_all_there() -> None:
    sample = read("net16", "source")
    assert 10 <= sample.seconds < 15
    assert sample.cpus == 1
    assert sample.idle is not None
    assert 0 < sample.idle < 1
    assert len(sample.iostat) == 10
    assert sample.txgs
    assert [line.split()[1] for line in sample.shapers] == ["tbf"]
    (send,) = (each for each in sample.stages if each.args.startswith("zfs send"))
    assert send.share("pipe_write") == 1.0
    (ssh,) = (each for each in sample.stages if each.program == "ssh")
    assert send.spent.group == ssh.spent.group
    assert 0 < ssh.spent.cpu < 1


def test_a_group_that_is_being_written_counts_with_the_time_it_has_taken() -> None:
    assert max(txg.sync for txg in read("dstdisk1", "dest").txgs) > 15


def test_where_a_process_sleeps_that_is_not_ours_is_unknown_unless_it_shows_otherwise() -> None:
    data = (SAMPLES / "net16.source.txt").read_bytes()
    states = {"R": RUNNING, "T": STOPPED, "D": DISK, "S": ""}
    for letter, expected in states.items():
        changed = re.sub(rb"(?m)^\w+ (\d+ \(zfs\)) [RSDT] ", b"0 \\1 %s " % letter.encode(), data)
        sample = parse_sample(changed)
        (send,) = (each for each in sample.stages if each.args.startswith("zfs send"))
        assert set(send.waits) == {expected}
        assert send.share("pipe_write") == (None if letter == "S" else 0.0)


def test_the_probe_writes_nothing_but_its_answer() -> None:
    redirections = re.findall(r"[0-9]?>+ *([^\s)]+)", remote.text("sample.sh").split("set", 1)[-1])
    assert set(redirections) <= {"/dev/null"}


def test_the_probe_looks_at_everything_that_may_stand_between() -> None:
    patterns = re.findall(r"name ~ /(.*)/ \{ print", remote.text("sample.sh"))
    for program in FILTERS | SSHD | {"zfs", "ssh", "sudo", "doas", "socat", "nc"}:
        assert any(re.fullmatch(pattern, program) for pattern in patterns), program
