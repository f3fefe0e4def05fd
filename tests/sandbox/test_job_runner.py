"""What the job runner promises, with its real scripts, in a world that is made up."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.job_world import (
    KEY,
    SHELLS,
    A,
    B,
    C,
    D,
    Job,
    JobStep,
    Snap,
    World,
    a_world,
    archive,
    far,
    resumed,
    single,
    until,
)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    yield from a_world(tmp_path, "dash")


@pytest.fixture(params=SHELLS)
def each_shell(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    yield from a_world(tmp_path, request.param)


def token(world: World, snap: Snap, base: Snap | None, block: int = 2) -> str:
    """Have the destination offer a token, and give it."""
    made = f"1-{snap.hex}-{base.hex if base else 0}-{block}"
    world.write("tokens", f"{world.into}\t{made}\n")
    return made


def test_it_runs_to_the_end_and_says_done(each_shell: World) -> None:
    job = each_shell.job(single(each_shell))
    assert job.ended() == "done"
    assert each_shell.arrived() == ["a", "b x", "c"]
    assert job.said("arrived") == ["0001"]
    assert job.said("pause") == []
    assert job.said("note") == []
    assert "12:00:00\t4\ttank@c" in job.log.splitlines(), "what zfs send says is kept"
    assert each_shell.calls("zfs hold") == [f"zfs hold keep {each_shell.into}@c"]
    assert each_shell.calls("zfs get -Hp -o", "@c")


def test_it_goes_on_when_its_starter_is_killed(world: World) -> None:
    world.write("stop", "")
    starter = world.popen("job_start.sh", "job1", f"vault:{world.into}")
    assert starter.stdin is not None
    starter.stdin.write(archive([single(world)]))
    starter.stdin.close()
    until(lambda: world.has("stopped"), "the sender waits")
    with pytest.raises(ProcessLookupError):
        # As soon as it is over, nothing of it is left: neither it nor a child that is the job's.
        os.killpg(starter.pid, signal.SIGKILL if starter.wait(10) == 0 else 0)
    (world.path / "stop").unlink()
    assert Job(world, "job1", "").ended() == "done"


def test_an_interrupted_send_is_resumed_with_the_token_read_afresh(each_shell: World) -> None:
    each_shell.write("cuts", "3\n2\n")
    job = each_shell.job(single(each_shell))
    assert job.ended() == "done"
    first, second = f"1-{B.hex}-{A.hex}-2", f"1-{B.hex}-{A.hex}-3"
    assert job.said("step") == [
        "0001 send ",
        f"0001 resume {first}",
        f"0001 resume {second}",
        "0001 continue_from b x",
    ]
    assert [each.split()[2] for each in job.said("pause")] == ["interrupted"] * 2
    assert each_shell.arrived() == ["a", "b x", "c"]


def test_a_chain_goes_on_behind_the_resumed_snapshot(world: World) -> None:
    token(world, B, A)
    job = world.job(resumed(world))
    assert job.ended() == "done"
    assert [each.split()[1] for each in job.said("step")] == ["resume", "continue_from"]
    assert world.calls("-I @b x", "@c")
    # What was held on the way is let go, and not before the target is confirmed.
    calls = world.lines("calls")
    let_go = calls.index(f"zfs release keep {world.into}@b x")
    assert calls.index(f"zfs hold keep {world.into}@b x") < let_go
    assert let_go > calls.index(world.calls("name,value guid")[0])
    assert let_go < calls.index("zfs bookmark")


def test_a_full_send_brings_its_first_snapshot_and_then_the_others(world: World) -> None:
    world.there()
    job = world.job(JobStep([A, B, C], world.into))
    assert job.ended() == "done"
    assert job.said("step") == ["0001 send ", "0001 continue_from a"]
    assert world.arrived() == ["a", "b x", "c"]
    assert f"zfs release keep {world.into}@a" in world.calls("release")


# A snapshot is seven lines of the stream: one that begins it, five of data, one that ends it.
@pytest.mark.parametrize("lines", ["7\n", "9\n"], ids=["between two", "in the next"])
def test_what_came_last_before_an_interruption_is_held_before_it_goes_on(
    each_shell: World, lines: str
) -> None:
    each_shell.write("cuts", lines)
    job = each_shell.job(single(each_shell))
    assert job.ended() == "done"
    assert job.said("note") == []
    assert each_shell.arrived() == ["a", "b x", "c"]
    calls = each_shell.lines("calls")
    held = calls.index(f"zfs hold keep {each_shell.into}@b x")
    sends = [number for number, call in enumerate(calls) if call.startswith("zfs send -w -vP")]
    assert sends[0] < held < sends[1]
    # It is let go once what followed it is confirmed and held.
    let_go = calls.index(f"zfs release keep {each_shell.into}@b x")
    assert calls.index(f"zfs hold keep {each_shell.into}@c") < let_go
    assert calls.index(each_shell.calls("name,value guid")[0]) < let_go
    assert let_go < calls.index("zfs bookmark")


def test_what_is_held_already_is_not_held_again_at_every_look(world: World) -> None:
    world.write("cuts", "9\n1\n1\n")
    job = world.job(single(world))
    assert job.ended() == "done"
    assert len(job.said("pause")) == 3
    assert len(world.calls("zfs hold keep", "@b x")) == 1
    # Nor is the start, which was held before the job began, nor what a receive has held.
    assert world.calls("zfs hold keep", "@a") == []


def test_a_hold_that_did_not_reach_the_destination_is_made_at_the_next_look(world: World) -> None:
    once = f"{world.path}/once"
    lost = f"[ -e {once} ] || {{ : >{once}; cat >/dev/null; echo 'Broken pipe' >&2; return 255; }}"
    world.write("cuts", "9\n1\n")
    job = world.job(single(world, keep=f"{lost}; {far('xargs zfs hold keep')}"))
    assert job.ended() == "done"
    assert len(world.calls("zfs hold keep", "@b x")) == 1
    assert job.said("note") == ["Broken pipe"]


def test_a_job_that_stops_leaves_what_came_last_held(world: World) -> None:
    once = f"{world.path}/once"
    full = f"[ ! -e {once} ] || {{ echo 'cannot receive: out of space' >&2; return 1; }}; : >{once}"
    receive = far(f"zfs receive -s -u '{world.into}'")
    world.write("cuts", "9\n")
    job = world.job(single(world, receive=f"{full}; {receive}"))
    assert job.ended() == "failed stopped"
    assert len(world.calls("zfs hold keep", "@b x")) == 1
    assert world.calls("zfs release") == []


def test_what_is_there_already_is_not_sent(world: World) -> None:
    world.there(A, B, C)
    job = world.job(resumed(world))
    assert job.ended() == "done"
    assert job.said("step") == []
    assert job.said("arrived") == ["0001"]


def test_a_hung_receive_of_ours_is_ended_before_its_token_is_read(world: World) -> None:
    fresh = f"1-{B.hex}-{A.hex}-4"
    token(world, B, A, 1)
    world.write("saves", f"{world.into}\t{fresh}\n")
    world.write("hang", "")
    world.write("lose", "")
    job = world.job(single(world))
    assert job.ended() == "done"
    assert not world.has("hangs"), "it was ended"
    assert [each.split()[-1] for each in job.said("step")][1] == fresh


def test_a_hung_receive_that_runs_as_root_ends_with_its_sshd(world: World, tmp_path: Path) -> None:
    """Between them may be a shell and sudo; what cannot be killed sees the end of its stdin."""
    script = tmp_path / "stubborn"
    script.write_text("trap '' TERM\nread -r line\n")
    words = ["sshd: operator@notty", "-c"]
    words.append(f"sleep 60 | sh {script} 'zfs receive -s -u {world.into}'; true")
    hung = subprocess.Popen(words, executable="/bin/sh", start_new_session=True)
    try:
        listing = ("/bin/ps", "-wweo", "args=")
        until(lambda: b"stubborn zfs receive" in subprocess.check_output(listing), "it receives")
        started = world.popen("look.sh", "60", "-d1", world.into, "zfs")
        assert hung.wait(20) == -signal.SIGTERM
        os.killpg(hung.pid, signal.SIGKILL)  # as the pipes of a real sshd end with it
        out, err = started.communicate(timeout=20)
        assert out.startswith(b"receiving 0\n")
        assert err == b""
    finally:
        if hung.poll() is None:
            os.killpg(hung.pid, signal.SIGKILL)
            hung.wait()


def test_an_older_receive_of_somebody_else_is_left_alone_and_busy(world: World) -> None:
    world.write("processes", f"999999 1 5000 zfs receive -s -u {world.into}\n")
    job = world.job(resumed(world))
    assert job.ended() == "failed busy"
    world.write("cuts", "3\n")
    later = world.job(single(world), id="job2")
    assert later.ended() == "failed gave-up busy"
    assert [each.split()[2] for each in later.said("pause")] == ["interrupted", "busy", "busy"]


def test_a_look_with_no_attempt_behind_it_ends_nothing(world: World) -> None:
    words = ["sh", "-c", ": ; read -r line", f"zfs receive -s -u {world.into}"]
    running = subprocess.Popen(words, stdin=subprocess.PIPE)
    try:
        looked = world.run("look.sh", "0", "-d1", world.into, "zfs")
        assert looked.stdout.splitlines()[0] == "receiving 1"
        assert running.poll() is None
    finally:
        running.kill()
        running.communicate()


@pytest.mark.parametrize(
    ("contents", "reason"),
    [
        ("\tfromguid = 0x65\n\ttoguid = 0xbad\n\trawok = 1\n", "foreign-token"),
        (f"\tfromguid = 0x65\n\ttoguid = 0x{B.hex}\n", "not-raw"),
        (f"\tfromguid = 0x66\n\ttoguid = 0x{B.hex}\n\trawok = 1\n", "foreign-token"),
        (f"\ttoguid = 0x{B.hex}\n\trawok = 1\nfull\ttank@b x\t4096\n", "foreign-token"),
        (
            # The name is the destination's to choose; it may hold lines.
            f"\tfromguid = 0x65\n\ttoguid = 0xbad\n\trawok = 1\n\ttoname =\n\ttoguid = 0x{B.hex}\n",
            "foreign-token",
        ),
        (
            f"\ttoguid = 0x{B.hex}\n\ttoname = x\n\tfromguid = 0x65\n\trawok = 1\nfull\tx@y\t1\n",
            "foreign-token",
        ),
    ],
    ids=["another snapshot", "not raw", "another base", "no base", "forged name", "forged base"],
)
def test_a_token_for_anything_else_is_refused(world: World, contents: str, reason: str) -> None:
    token(world, B, A)
    world.write("contents", contents)
    job = world.job(resumed(world))
    assert job.ended() == f"failed {reason}"
    assert world.calls("zfs send -w -vP") == []


def test_a_token_with_a_base_is_refused_for_a_full_stream(world: World) -> None:
    world.there()
    token(world, A, B)
    job = world.job(JobStep([A, B], world.into, fresh="no"))
    assert job.ended() == "failed foreign-token"
    assert world.calls("zfs send -w -vP") == []


def test_a_clone_goes_on_from_its_origin(world: World) -> None:
    world.there()
    made = token(world, B, A)
    job = world.job(JobStep([B], world.into, origin=A, fresh="no"))
    assert job.ended() == "done"
    assert job.said("step") == [f"0001 resume {made}"]


@pytest.mark.parametrize("base", [C, None], ids=["another origin", "no origin"])
def test_a_token_of_a_clone_from_anything_else_is_refused(world: World, base: Snap | None) -> None:
    world.there()
    token(world, B, base)
    job = world.job(JobStep([B], world.into, origin=A, fresh="no"))
    assert job.ended() == "failed foreign-token"
    assert world.calls("zfs send -w -vP") == []


def test_a_token_that_the_source_refuses_is_dead(world: World) -> None:
    token(world, B, A)
    world.write("refuses", "cannot resume send: 'x@b' used in the initial send no longer exists\n")
    job = world.job(resumed(world))
    assert job.ended() == "failed dead-token"
    assert "cannot resume send" in job.said("said")[0]


def test_a_source_that_cannot_read_tokens_does_not_make_them_dead(world: World) -> None:
    token(world, B, A)
    world.write("refuses", "sudo: a password is required\n")
    assert world.job(resumed(world)).ended() == "failed stopped"


@pytest.mark.parametrize("text", ["1-$(touch {0})", "1-`touch {0}`", "1-';touch {0};'", "1-\\a"])
def test_a_token_with_shell_characters_is_dead_and_nothing_is_run(world: World, text: str) -> None:
    made = world.path / "made"
    world.write("tokens", f"{world.into}\t{text.format(made)}\n")
    job = world.job(resumed(world))
    assert job.ended() == "failed dead-token"
    assert world.calls("zfs send") == []
    assert not made.exists()


@pytest.mark.parametrize("side", ["send says", "receive says"])
def test_a_refusal_stops_and_is_in_the_log(each_shell: World, side: str) -> None:
    each_shell.write(side, "cannot do it: destination has been modified\n")
    job = each_shell.job(single(each_shell))
    assert job.ended() == "failed stopped"
    assert "cannot do it: destination has been modified" in job.log
    assert job.said("pause") == []
    assert len(each_shell.calls("zfs send")) == 1


def test_a_refusal_is_one_though_the_other_side_lost_its_connection(world: World) -> None:
    job = world.job(
        single(world, send="echo data; exit 255", receive="echo 'dataset is busy' >&2; return 1")
    )
    assert job.ended() == "failed stopped"


def test_255_of_ssh_is_tried_again_whatever_it_said(world: World) -> None:
    once = f"[ -e {world.path}/once ] || {{ : >{world.path}/once; echo odd >&2; return 255; }}; "
    job = world.job(single(world, receive=once + JobStep([C], world.into).functions.get("x", "")
                           + far(f"zfs receive -s -u '{world.into}'")))  # fmt: skip
    assert job.ended() == "done"
    assert job.said("said") == ["odd"]


def test_a_killed_stage_is_tried_again(each_shell: World) -> None:
    """What the shell remarks about it is no refusal."""
    once = f"{each_shell.path}/once"
    killed = f"[ -e {once} ] || {{ : >{once}; sh -c 'kill -9 $$'; return $?; }}; "
    step = single(each_shell)
    step.functions["receive"] = killed + far(f"zfs receive -s -u '{each_shell.into}'")
    job = each_shell.job(step)
    assert job.ended() == "done"
    assert job.said("exit")[0].endswith(" 137")
    assert "Killed" in job.said("said")[0]


def test_a_refused_login_is_not_tried_again(world: World) -> None:
    world.write("login says", "operator@vault: Permission denied (publickey).\n")
    assert world.job(single(world)).ended() == "failed stopped"
    assert len(world.calls("ssh vault")) == 1
    assert world.job(resumed(world), id="job2").ended() == "failed stopped"
    assert len(world.calls("ssh vault")) == 2


def test_it_gives_up_after_its_tries(world: World) -> None:
    world.write("down", "100")
    job = world.job(single(world), tries=2)
    assert job.ended() == "failed gave-up unreachable"
    assert job.said("pause") == ["0 1 interrupted", "0 2 unreachable"]
    assert "Connection refused" in job.said("said")[0]


def test_pauses_grow_and_the_count_starts_anew_when_something_moved(world: World) -> None:
    """A `sleep` that only says how long it was asked to."""
    sleep = Path(world.env["PATH"].split(":")[0]) / "sleep"
    sleep.write_text('#!/bin/sh\necho "$1" >>"$WORLD/slept"\nexec /bin/sleep 0.01\n')
    sleep.chmod(0o755)
    world.write("cuts", "3\n1\n1\n3\n1\n")
    job = world.job(single(world), tries=3, pause=100)
    assert job.ended() == "done"
    assert [each.split()[1] for each in job.said("pause")] == ["1", "2", "3", "4", "1"]
    waited = [each.split()[0] for each in job.said("pause")]
    assert waited == ["100", "200", "300", "300", "100"]
    assert [each for each in world.lines("slept") if each in waited] == waited


def package(world: World) -> list[JobStep]:
    """A package of two datasets, and what mends it."""
    world.source(C, D)
    world.there()
    return [
        JobStep([C], world.into, kind="package", brings=[D]),
        JobStep([C], world.into, kind="repair"),
        JobStep([D], f"{world.into}/child", kind="repair", below="/child"),
    ]


def test_a_package_arrives_whole_and_its_repair_is_passed_over(each_shell: World) -> None:
    job = each_shell.job(*package(each_shell))
    assert job.ended() == "done"
    assert job.said("step") == ["0001 send "]
    assert job.said("arrived") == ["0001"]
    assert each_shell.arrived() == ["c", "c"]


def test_a_package_is_sent_again_if_nothing_of_it_came(world: World) -> None:
    steps = package(world)
    world.write("cuts", "0\n")
    job = world.job(*steps)
    assert job.ended() == "done"
    assert job.said("step") == ["0001 send ", "0001 send "]


@pytest.mark.parametrize("lines", ["4\n", "8\n", "11\n"])
def test_a_cut_package_is_mended_dataset_by_dataset(world: World, lines: str) -> None:
    steps = package(world)
    world.write("cuts", lines)
    job = world.job(*steps)
    assert job.ended() == "done"
    assert job.said("arrived") == ["0002", "0003"]
    assert set(world.lines("there")) == {f"{world.at(C)}\t103", f"{world.at(D)}\t104"}
    assert len(world.calls("zfs send -w -vP -R")) == 1


def test_what_a_cut_package_has_brought_is_held_before_it_is_mended(each_shell: World) -> None:
    """All its datasets at once: to mend the first may take the night."""
    world, child = each_shell, Snap(105, "b x", "/child")
    world.source(B, C, child, D)
    world.there()
    world.write("cuts", "23\n")  # of the child only its first
    job = world.job(
        JobStep([B, C], world.into, kind="package", brings=[child, D]),
        JobStep([B, C], world.into, kind="repair"),
        JobStep([child, D], f"{world.into}/child", kind="repair", below="/child"),
    )
    assert job.ended() == "done"
    assert job.said("arrived") == ["0002", "0003"]
    assert job.said("note") == []
    calls = world.lines("calls")
    kept = [f"{world.into}/child@b x", f"{world.into}@c"]
    (held,) = (call for call in calls if all(name in call for name in ("zfs hold", *kept)))
    second = calls.index(world.calls("ssh vault")[1])
    assert second < calls.index(held) < len(calls) - 1 - calls[::-1].index("zfs bookmark")
    # What was only passed is let go, the targets are not.
    assert world.calls("zfs release", "@b x") == [f"zfs release keep {world.into}/child@b x"]
    assert world.calls("zfs release", "@c") == []


def test_a_later_step_follows_a_package_that_was_mended(world: World) -> None:
    world.write("cuts", "4\n")
    job = world.job(*package(world), JobStep([C], world.into, fresh="no"))
    assert job.ended() == "done"
    assert job.said("arrived") == ["0002", "0003", "0004"]


def test_a_silent_1_of_a_receiver_that_has_everything_is_a_note(world: World) -> None:
    """Seen with raw packages received by another user than root."""
    receive = far(f"zfs receive -s -u '{world.into}'") + "; return 1"
    job = world.job(single(world, receive=receive))
    assert job.ended() == "done"
    assert job.said("note") == ["everything arrived, though the receiving side ended with 1"]
    assert len(world.calls("zfs send")) == 1


@pytest.mark.parametrize("steps", ["single", "package"])
def test_a_hold_that_is_refused_is_a_note(world: World, steps: str) -> None:
    ordered = package(world) if steps == "package" else [single(world)]
    world.write("hold says", "cannot hold snapshot: permission denied\n")
    job = world.job(*ordered)
    assert job.ended() == "done"
    assert job.said("note") == ["cannot hold snapshot: permission denied"]
    assert job.said("pause") == []


def test_a_chain_goes_on_though_the_hold_of_its_first_snapshot_is_refused(world: World) -> None:
    world.there()
    world.write("hold says", "cannot hold snapshot: permission denied\n")
    job = world.job(JobStep([A, C], world.into))
    assert job.ended() == "done"
    assert job.said("note") == ["cannot hold snapshot: permission denied"]


def test_the_source_lets_go_only_once_the_guids_are_confirmed(world: World) -> None:
    other = f"echo '{world.into}@c\t999'"
    job = world.job(single(world, settle=other))
    assert job.ended() == "failed gave-up unconfirmed"
    assert job.said("arrived") == []
    assert world.calls("zfs bookmark") == []


def test_one_guid_said_twice_does_not_confirm_two(world: World) -> None:
    steps = package(world)
    line = f"{world.into}@c\t103"
    steps[0].functions["settle"] = f"printf '%s\\n' '{line}' '{line}'"
    job = world.job(*steps)
    assert job.ended() == "failed gave-up unconfirmed"


def test_a_connection_lost_while_settling_is_no_confirmation_of_the_rest(world: World) -> None:
    once = f"{world.path}/once"
    lost = f"; [ -e {once} ] || {{ : >{once}; echo 'Connection reset by peer' >&2; return 255; }}"
    settle = f"echo '{world.into}@c\t103'" + lost
    job = world.job(single(world, settle=settle))
    assert job.ended() == "done"
    assert [each.split()[2] for each in job.said("pause")] == ["unreachable"]


def test_nobody_can_fake_an_event(each_shell: World) -> None:
    """What a host says is an event's text, or a line that does not begin with the key."""
    fakes = "sealift-x 1 end done\\nsealift- 1 end done\\n\\033[2Jend done"
    send = f"printf '{fakes}' >&2; zfs send -w -vP -I @a tank/data@c; printf 'no newline' >&2"
    receive = f"printf '{fakes}'; " + far(f"zfs receive -s -u '{each_shell.into}'")
    job = each_shell.job(single(each_shell, send=send, receive=receive))
    assert job.ended() == "done"
    assert job.said("end") == ["done"]
    assert [each.split()[0] for each in job.events] == [
        *("started", "step", "said", "said", "said", "exit", "arrived", "end")
    ]
    assert KEY not in each_shell.read("calls")


def test_no_host_is_told_the_key(world: World) -> None:
    told = f"env >>{world.path}/told; ps -A -o args= >>{world.path}/told"
    job = world.job(single(world, settle_source=told))
    assert job.ended() == "done"
    assert "runner job1" in world.read("told")
    assert KEY not in world.read("told")
    assert KEY not in single(world).files["step"]


def test_a_flood_from_the_receiver_does_not_fill_the_disk(world: World) -> None:
    flood = "head -c 3000000 /dev/zero | tr '\\0' x; "
    receive = flood + far(f"zfs receive -s -u '{world.into}'")
    job = world.job(single(world, receive=receive))
    assert job.ended() == "done"
    assert (job.folder / "receive.said").stat().st_size == 65536
    assert (job.folder / "log").stat().st_size < 5000
