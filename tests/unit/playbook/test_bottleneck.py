"""Verdicts on what real hosts said while something held a pipeline back."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from sealift.playbook import bottleneck, way
from sealift.playbook.sample import Sample, parse_sample
from sealift.playbook.stations import End, find

SAMPLES = Path(__file__).parent / "samples"
ROOTS = ("tank/prod", "backup/prod")
FAULTS = {
    "net8": "network-bandwidth",
    "net16": "network-bandwidth",
    "loss3": "network-loss",
    "loss8": "network-loss",
    "far250": "network-window",
    "far500": "network-window",
    "srcdisk1": "source-disk",
    "dstdisk1": "destination-disk",
    "dstdisk3": "destination-disk",
    "srcbusy3": "source-cpu",
    "srcbusy8": "source-cpu",
    "dstbusy3": "destination-cpu",
}
# The emulated CPUs carry some 4 MB/s: these disturb less than those do.
UNDISTURBED = ("fast", "net32")


def read(name: str, host: str, *, hidden: bool = False) -> Sample:
    data = (SAMPLES / f"{name}.{host}.txt").read_bytes()
    if hidden:  # as a user sees it whose processes they are not
        data = re.sub(rb"(?m)^\w+ (\d+ \(\w+\) [RSDT] )", rb"0 \1", data)
    return parse_sample(data)


def ends(name: str, *, hidden: bool = False) -> tuple[End, End]:
    source, destination = (read(name, host, hidden=hidden) for host in ("source", "dest"))
    return find(("source", source, ROOTS[0]), ("dest", destination, ROOTS[1]))


@pytest.mark.parametrize(("name", "expected"), FAULTS.items())
def test_what_holds_a_pipeline_back_is_named_with_confidence(name: str, expected: str) -> None:
    verdict = bottleneck.judge(*ends(name))
    assert (verdict.bottleneck, verdict.confidence) == (expected, "high")
    assert verdict.evidence
    assert all(each.host in {"source", "dest"} for each in verdict.evidence)


@pytest.mark.parametrize(("name", "expected"), FAULTS.items())
def test_without_rights_the_same_is_named_less_surely(name: str, expected: str) -> None:
    verdict = bottleneck.judge(*ends(name, hidden=True))
    assert verdict.bottleneck == expected
    assert verdict.confidence in {"medium", "high"}


@pytest.mark.parametrize("name", UNDISTURBED)
def test_nothing_is_claimed_of_an_undisturbed_pipeline(name: str) -> None:
    verdict = bottleneck.judge(*ends(name))
    assert verdict.bottleneck is None or verdict.confidence == "low"


def test_reads_that_come_in_bursts_are_the_disk_s_though_the_sender_waits_for_its_pipe() -> None:
    source, destination = ends("srcdisk3")
    assert bottleneck.waiting(source, destination).send_blocked == 1.0
    verdict = bottleneck.judge(source, destination)
    assert (verdict.bottleneck, verdict.confidence) == ("source-disk", "medium")


@pytest.mark.parametrize("name", ["net8", "net16", "loss8", "far500", "dstdisk1", "srcbusy8"])
def test_a_source_s_disk_that_serves_others_late_hides_no_other_bottleneck(name: str) -> None:
    late = ends("srcdisk3")[0].sample
    source, destination = ends(name)
    assert source.sample is not None
    assert late is not None
    source = replace(source, sample=replace(source.sample, iostat=late.iostat))
    verdict = bottleneck.judge(source, destination)
    assert verdict.bottleneck in {FAULTS[name], None}
    assert FAULTS[name] in verdict.summary or verdict.bottleneck


def test_a_network_is_not_blamed_beside_an_ssh_that_has_hardly_any_cpu_left() -> None:
    source, destination = ends("net16")
    assert source.transport is not None
    spent = replace(source.transport.spent, cpu=0.57)
    source = replace(source, transport=replace(source.transport, spent=spent))
    assert bottleneck.judge(source, destination).bottleneck == "network-bandwidth"
    verdict = bottleneck.judge(rested(source, 0.14), destination)
    assert (verdict.bottleneck, verdict.confidence) == ("network-bandwidth", "low")


def test_nothing_is_found_where_no_pipeline_runs() -> None:
    for end in ends("idle"):
        assert (end.zfs, end.transport, end.buffers) == (None, None, ())


def test_both_ends_of_the_connection_are_the_same_one() -> None:
    source, destination = ends("net16")
    assert source.socket is not None
    assert destination.socket is not None
    assert source.socket.peer == destination.socket.local
    assert source.socket.sent == pytest.approx(destination.socket.received, rel=0.2)


def test_the_transport_is_ssh_here_and_the_session_s_sshd_there() -> None:
    source, destination = ends("net16")
    assert source.transport is not None
    assert source.transport.program == "ssh"
    assert destination.transport is not None
    assert destination.transport.args.startswith("sshd: root@")


def test_two_that_fit_alike_are_unknown_and_both_are_said() -> None:
    source, destination = ends("net8")
    assert destination.sample is not None
    slow = read("dstdisk3", "dest")
    both = replace(
        destination, sample=replace(destination.sample, txgs=slow.txgs, iostat=slow.iostat)
    )
    verdict = bottleneck.judge(source, both)
    assert (verdict.bottleneck, verdict.confidence) == (None, "low")
    assert "network-bandwidth" in verdict.summary
    assert "destination-disk" in verdict.summary


# The starved source of srcbusy8 had not yet brought a receive about.
@pytest.mark.parametrize("name", sorted({*FAULTS, *UNDISTURBED} - {"srcbusy8"}))
def test_the_way_is_told_from_disk_to_disk_and_the_bottleneck_stands_out(name: str) -> None:
    found = ends(name)
    verdict = bottleneck.judge(*found)
    stages = way.chain(*found, verdict.bottleneck if verdict.confidence != "low" else None)
    names = [stage.name for stage in stages]
    assert names == ["disks", "zfs send", "ssh", "network", "sshd", "zfs receive", "disks"]
    marked = [stage.name for stage in stages if stage.level == "problem"]
    expected = {
        "network-bandwidth": ["network"],
        "network-loss": ["network"],
        "network-window": ["network"],
        "source-disk": ["disks"],
        "destination-disk": ["disks"],
    }
    assert marked == expected.get(FAULTS.get(name, ""), [])


def test_a_group_that_carries_nothing_says_nothing_of_the_disks() -> None:
    """Seen: of fifty nearly empty groups, forced by small snapshots, one took seven seconds."""
    source, destination = ends("dstdisk1")
    assert destination.sample is not None
    starved = replace(destination.sample.txgs[-1], age=1.0, dirty=0, written=0, sync=0.1)
    small = (replace(starved, sync=6.6), *([starved] * 30))
    fast = read("fast", "dest").iostat
    end = replace(destination, sample=replace(destination.sample, txgs=small, iostat=fast))
    receives = bottleneck.Waiting(0.2, 0.1, (), seen=True)  # and waits for its pool
    found = {each.id for each in bottleneck.candidates(source, end, receives)}
    assert "receiver-semantics" in found
    assert "destination-disk" not in found


def test_what_was_sent_again_for_nothing_was_not_lost() -> None:
    """Far away a late answer has much sent twice; the network lost none of it."""
    source, destination = ends("far500")
    assert source.socket is not None
    again = source.socket.segments // 20
    socket = replace(source.socket, retrans=again, repeated=again)
    verdict = bottleneck.judge(replace(source, socket=socket), destination)
    assert verdict.bottleneck == "network-window"
    lossy = replace(source, socket=replace(socket, repeated=0))
    assert bottleneck.judge(lossy, destination).bottleneck == "network-loss"


def hot(end: End, cpu: float) -> End:
    """The same end with an ssh that takes so much of a CPU."""
    assert end.transport is not None
    return replace(
        end, transport=replace(end.transport, spent=replace(end.transport.spent, cpu=cpu))
    )


def test_both_ends_of_one_ssh_are_no_rivals() -> None:
    source, destination = ends("fast")
    verdict = bottleneck.judge(hot(source, 0.97), hot(destination, 0.92))
    assert (verdict.bottleneck, verdict.confidence) == ("ssh-cpu", "high")
    assert "source" in verdict.summary


def told(end: End, options: str) -> End:
    """The same end with an ssh that was started with these options."""
    assert end.transport is not None
    args = end.transport.args.replace("ssh ", f"ssh {options} ", 1)
    return replace(end, transport=replace(end.transport, args=args))


COSTLY = ("-C", "-o Compression=yes", "-c aes256-ctr", "-o Ciphers=aes128-ctr,aes256-ctr", "-xTC")


@pytest.mark.parametrize("options", COSTLY)
def test_an_ssh_that_was_told_to_cost_much_is_named_where_no_cpu_is_left(options: str) -> None:
    source, destination = ends("fast")
    verdict = bottleneck.judge(told(source, options), destination)
    assert (verdict.bottleneck, verdict.confidence) == ("ssh-cpu", "high")
    assert f"`{options}`" in verdict.summary


def rested(end: End, idle: float) -> End:
    """The same end on a host with so much of its CPU left."""
    assert end.sample is not None
    return replace(end, sample=replace(end.sample, idle=idle))


def test_it_is_named_as_well_where_some_cpu_is_left() -> None:
    """As seen in the lab with aes256-ctr: 15 % idle, ssh at 58 % and running in all looks."""
    source, destination = (rested(each, 0.15) for each in ends("fast"))
    source = hot(told(source, "-c aes256-ctr"), 0.58)
    verdict = bottleneck.judge(source, destination)
    assert (verdict.bottleneck, verdict.confidence) == ("ssh-cpu", "high")
    assert "never waits" in verdict.summary


@pytest.mark.parametrize("name", ["net8", "net16", "loss8", "far500"])
def test_a_costly_ssh_that_waits_for_the_network_is_not(name: str) -> None:
    source, destination = ends(name)
    verdict = bottleneck.judge(told(source, "-c aes256-ctr"), destination)
    assert verdict.bottleneck == FAULTS[name]


@pytest.mark.parametrize("options", ["-c aes256-gcm@openssh.com", "-o Compression=no", "-p 22"])
def test_an_ssh_that_costs_no_more_than_it_has_to_is_not(options: str) -> None:
    source, destination = ends("fast")
    verdict = bottleneck.judge(told(source, options), destination)
    assert verdict.confidence == "low"


def test_a_network_is_not_blamed_for_what_waits_before_a_host_without_cpu() -> None:
    source, destination = ends("fast")
    assert source.socket is not None
    assert source.sample is not None
    queue = replace(source.socket, unsent=500_000, busy_ms=int(800 * source.sample.seconds))
    verdict = bottleneck.judge(replace(source, socket=queue), destination)
    assert verdict.confidence == "low"


def buffered(args: str) -> tuple[End, End]:
    """The undisturbed pipeline with one more program in it."""
    source, destination = ends("fast")
    assert source.zfs is not None
    return replace(source, buffers=(replace(source.zfs, args=args),)), destination


@pytest.mark.parametrize("args", ["pv -q -L 4m", "pv -L 3MiB", "mbuffer -q -m 16M -r 4M"])
def test_a_limit_that_is_reached_is_throttled(args: str) -> None:
    assert bottleneck.judge(*buffered(args)).bottleneck == "throttled"


@pytest.mark.parametrize("args", ["pv -q", "pv -L 10T", "pv -L 10x", "mbuffer -m 16M"])
def test_a_limit_that_is_far_or_unreadable_is_none(args: str) -> None:
    verdict = bottleneck.judge(*buffered(args))
    assert verdict.bottleneck != "throttled" or verdict.confidence == "low"


def test_a_sender_that_has_retitled_itself_is_seen() -> None:
    data = (SAMPLES / "net16.source.txt").read_bytes()
    titled = data.replace(
        b"zfs send -w tank/prod@rep-1", b"zfs: sending tank/prod@rep-1 (10%: 2M/25M)"
    )
    found = find(
        ("source", parse_sample(titled), ROOTS[0]), ("dest", read("net16", "dest"), ROOTS[1])
    )
    assert found[0].zfs is not None
    assert bottleneck.judge(*found).bottleneck == "network-bandwidth"


def test_an_ssh_of_another_route_is_not_this_one_s() -> None:
    data = (SAMPLES / "net16.source.txt").read_bytes()
    without = re.sub(rb"(?m)^.* zfs send -w .*\n", b"", data)
    for root, seen in (("backup/prod", True), ("backup/other", False), ("backup/pro", False)):
        found = find(
            ("source", parse_sample(without), ROOTS[0]), ("dest", read("net16", "dest"), root)
        )
        assert (found[0].transport is not None) is seen


def strange(name: str, *, busy: bool = False) -> tuple[End, End]:
    """A pipeline as syncoid starts it: a compressor in it, and an ssh that lends a connection."""
    data = (SAMPLES / f"{name}.source.txt").read_bytes()
    found = re.search(rb"(?m)^\d+ \(zfs\) \S (\d+) (\d+) ", data)
    assert found is not None
    parent, group = found.groups()
    more = b"\n  9835   %b       9 lzop\n  9836     1       9 ssh: /tmp/syncoid-x [mux]" % parent
    data = data.replace(b"\n== shapers", more + b"\n== shapers", 1)
    parts = data.split(b"\n== cpu")
    for number in (0, 1):
        ticks = 1200 * number * busy
        parts[number] += b"\n9835 (lzop) S %b %b 0 0 -1 0 0 0 0 0 %d 0 0" % (parent, group, ticks)
        parts[number] += b"\n9836 (ssh) S 1 9836 0 0 -1 0 0 0 0 0 0 0 0"
    data = b"\n== cpu".join(parts).replace(b"ssh root@dest", b"ssh -S /tmp/syncoid-x root@dest")
    return find(("source", parse_sample(data), ROOTS[0]), ("dest", read(name, "dest"), ROOTS[1]))


def test_a_compressor_is_a_station_and_the_ssh_that_has_the_connection_carries_it() -> None:
    source, _ = strange("net16")
    assert [each.program for each in source.buffers] == ["lzop"]
    assert source.transport is not None
    assert source.transport.args == "ssh: /tmp/syncoid-x [mux]"
    names = [each.name for each in way.chain(*strange("net16"), None)]
    assert names[:4] == ["disks", "zfs send", "lzop", "ssh"]


def test_a_compressor_that_has_a_whole_cpu_sets_the_pace() -> None:
    ends = strange("fast", busy=True)
    found = bottleneck.candidates(*ends, bottleneck.waiting(*ends))
    named = {each.id: each.summary for each in found if "lzop" in each.summary}
    assert list(named) == ["source-cpu"]
    assert "gets no smaller" in named["source-cpu"]
    marked = [each.name for each in way.chain(*ends, "source-cpu") if each.level == "problem"]
    assert marked == ["lzop"]


def test_what_stands_between_is_reversed_with_the_rest_on_the_destination() -> None:
    source, destination = ends("fast")
    assert destination.zfs is not None
    first, second = (replace(destination.zfs, args=args) for args in ("mbuffer -q", "lzop -dfc"))
    chained = way.chain(source, replace(destination, buffers=(first, second)), None)
    names = [each.name for each in chained if each.host == "dest"]
    assert names == ["sshd", "mbuffer", "lzop", "zfs receive", "disks"]
