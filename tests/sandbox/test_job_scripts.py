"""How jobs are started, listed and cancelled: the real scripts, in a world that is made up."""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.job_world import (
    SHELLS,
    A,
    Job,
    World,
    a_world,
    archive,
    group,
    resumed,
    single,
    stopped_midway,
    until,
)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    yield from a_world(tmp_path, "dash")


@pytest.fixture(params=SHELLS)
def each_shell(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    yield from a_world(tmp_path, request.param)


def test_cancel_ends_both_stages_and_says_so(each_shell: World) -> None:
    job = stopped_midway(each_shell)
    assert any("zfs send" in each for each in group(job))
    assert any("zfs receive" in each for each in group(job))
    ended = each_shell.run("cancel.sh", "jobs", "runner", "job1")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    assert job.ended() == "cancelled"
    assert [each for each in group(job) if "zfs" in each] == []
    assert job.log.endswith("end cancelled\n")


def test_cancel_waits_for_a_stage_that_still_saves(world: World) -> None:
    world.write("stop", "")
    saving = "trap 'until [ -e $WORLD/may ]; do sleep 0.01; done; : >$WORLD/saved; exit 1' TERM"
    world.write("saver", f"{saving}\nwhile :; do sleep 0.01; done\n")
    receive = "sh $WORLD/saver"
    job = world.job(single(world, receive=receive))
    until(lambda: world.has("stopped"), "the sender waits")
    cancelling = world.popen("cancel.sh", "jobs", "runner", "job1")
    until(lambda: "zfs send" not in str(group(job)), "the sender has ended")
    assert job.state == "running"
    assert job.said("end") == []
    world.write("may", "")
    assert job.ended() == "cancelled"
    assert world.has("saved")
    assert cancelling.wait(10) == 0
    cancelling.communicate()


def test_cancel_is_quick_during_a_pause(world: World) -> None:
    world.write("cuts", "3\n")
    job = world.job(single(world), pause=300)
    until(lambda: job.state == "waiting", "it waits")
    assert world.run("cancel.sh", "jobs", "runner", "job1").returncode == 0
    assert job.ended() == "cancelled"


def test_cancel_is_quick_while_a_host_does_not_answer(world: World) -> None:
    job = world.job(resumed(world, look=": >$WORLD/looks; sleep 300"))
    until(lambda: world.has("looks"), "it looks")
    assert world.run("cancel.sh", "jobs", "runner", "job1").returncode == 0
    assert job.ended() == "cancelled"


def test_what_runs_as_root_is_ended_by_root(world: World) -> None:
    sudo = Path(world.env["PATH"].split(":")[0]) / "sudo"
    sudo.write_text('#!/bin/sh\necho "sudo $*" >>"$WORLD/calls"\nshift\nexec "$@"\n')
    sudo.chmod(0o755)
    world.write("stop", "")
    job = world.job(single(world), elevate="sudo -n")
    until(lambda: world.has("stopped"), "the sender waits")
    assert world.run("cancel.sh", "jobs", "runner", "job1").returncode == 0
    assert world.calls(f"sudo -n kill -TERM -- -{job.pid}")


def test_a_job_that_has_ended_cannot_be_cancelled(world: World) -> None:
    job = world.job(single(world))
    job.ended()
    until(lambda: not group(job), "the runner is gone")
    assert world.run("cancel.sh", "jobs", "runner", "job1").returncode == 3
    assert world.run("cancel.sh", "jobs", "runner", "nojob").returncode == 3
    assert job.state == "done"


def test_the_runner_costs_next_to_nothing_while_data_flows(world: World) -> None:
    job = stopped_midway(world)
    fields = Path(f"/proc/{job.pid}/stat").read_text().rpartition(") ")[2].split()
    ticks = sum(int(each) for each in fields[11:15])  # its own and its children's
    assert fields[0] == "S"
    assert ticks <= os.sysconf("SC_CLK_TCK") // 2
    assert len(group(job)) < 15


@pytest.mark.parametrize(
    "place", ["{0}", "{0}/below", "{1}"], ids=["the same", "one below", "one above"]
)
def test_a_second_job_into_the_same_tree_is_refused(world: World, place: str) -> None:
    stopped_midway(world)
    where = f"vault:{world.into}"
    into = place.format(where, where.rpartition("/")[0])
    second = world.run("job_start.sh", "job2", into, stdin=archive([single(world)]))
    assert (second.returncode, second.stdout) == (4, "job1\n")
    assert not (world.jobs / "job2").exists()


def test_a_neighbour_and_another_host_are_no_obstacle(world: World) -> None:
    stopped_midway(world)
    (world.path / "stop").unlink()
    for number, place in enumerate((f"vault:{world.into}2", f"other:{world.into}")):
        assert world.job(single(world), id=f"job1{number}", place=place).ended() == "done"


def test_a_job_that_was_killed_is_no_obstacle(world: World) -> None:
    job = stopped_midway(world)
    os.killpg(job.pid, signal.SIGKILL)
    (world.path / "stop").unlink()
    assert world.job(single(world), id="job2").ended() == "done"


def test_a_starter_that_was_killed_leaves_no_lock(world: World) -> None:
    starter = world.popen("job_start.sh", "job0", "vault:x/y")
    until((world.jobs / "job0/archive").exists, "it waits for the rest of its job")
    starter.kill()  # only it, not the `cat` that reads for it
    starter.wait()
    assert world.job(single(world)).ended() == "done"
    starter.communicate()


def test_two_starts_at_once_are_one_after_the_other(world: World) -> None:
    world.write("stop", "")
    starters = [world.popen("job_start.sh", f"job{n}", f"vault:{world.into}") for n in (1, 2)]
    for each in starters:
        assert each.stdin is not None
        each.stdin.write(archive([single(world)]))
        each.stdin.close()
    assert sorted(each.wait(30) for each in starters) == [0, 4]
    said = [each.stdout.read().decode() for each in starters if each.stdout]
    assert len({Path(text.strip()).name for text in said}) == 1, "the second names the first"


def test_a_runner_that_comes_too_late_does_not_run(world: World) -> None:
    programs = Path(world.env["PATH"].split(":")[0])
    late = "until [ -e $WORLD/late ]; do /bin/sleep 0.01; done; exec /usr/bin/setsid"
    for name, script in (("setsid", f'{late} "$@"'), ("sleep", "")):
        (programs / name).write_text(f"#!/bin/sh\n{script}\n")
        (programs / name).chmod(0o755)
    started = world.run("job_start.sh", "job1", "vault:x", stdin=archive([single(world)]))
    assert (started.returncode, started.stdout) == (1, "")
    world.write("late", "")
    job = Job(world, "job1", "")
    until((job.folder / "log").exists, "it starts all the same")
    assert job.ended() == "cancelled"
    assert world.calls() == []


def test_a_missing_program_is_named(world: World) -> None:
    started = world.run("job_start.sh", "job1", "vault:x", "ssh", "pv-of-nowhere")
    assert (started.returncode, started.stdout) == (5, "pv-of-nowhere\n")
    assert not world.jobs.exists()


@pytest.mark.parametrize("kept", [0, 512, 1024, 10240, 20000])
def test_a_job_that_came_in_part_is_not_started(world: World, kept: int) -> None:
    data = archive([single(world)])
    started = world.run("job_start.sh", "job1", "vault:x", stdin=data[:kept])
    assert started.returncode == 1
    assert not (world.jobs / "job1").exists()
    assert world.run("job_list.sh").stdout == ""


def test_an_id_that_is_taken_is_not_overwritten(world: World) -> None:
    job = world.job(single(world))
    job.ended()
    again = world.run("job_start.sh", "job1", "vault:x", stdin=archive([single(world)]))
    assert again.returncode == 1
    assert job.state == "done"


def listed(world: World) -> dict[str, list[str]]:
    done = world.run("job_list.sh")
    assert (done.returncode, done.stderr) == (0, "")
    return {line.split("\t")[0]: line.split("\t")[1:] for line in done.stdout.splitlines()}


def test_the_list_tells_the_living_from_the_dead(each_shell: World) -> None:
    assert listed(each_shell) == {}
    job = stopped_midway(each_shell)
    fares, state, size, folder, about = listed(each_shell)["job1"]
    assert (fares, state, folder, about) == ("alive", "running", str(job.folder), '{"schema": 1}')
    assert int(size) == (job.folder / "log").stat().st_size
    os.killpg(job.pid, signal.SIGKILL)
    until(lambda: not group(job), "the runner is gone")
    assert listed(each_shell)["job1"][:2] == ["gone", "running"]
    (job.folder / "boot").write_text("another boot\n")
    assert listed(each_shell)["job1"][:2] == ["rebooted", "running"]


def test_the_list_knows_how_jobs_ended(world: World) -> None:
    world.job(single(world)).ended()
    world.write("receive says", "cannot receive: no\n")
    world.there(A)
    world.job(single(world), id="job2").ended()
    (world.jobs / "half").mkdir()
    found = listed(world)
    assert {name: fields[1] for name, fields in found.items()} == {"job1": "done", "job2": "failed"}


def test_what_a_job_keeps_is_its_owners(world: World) -> None:
    job = world.job(single(world))
    job.ended()
    for each in (job.folder, *job.folder.rglob("*")):
        mode = stat.S_IMODE(each.stat().st_mode)
        assert mode == (0o700 if each.is_dir() else 0o600), each


def test_xdg_state_home_is_honoured(world: World, tmp_path: Path) -> None:
    world.env["XDG_STATE_HOME"] = str(tmp_path / "a state")
    job = world.job(single(world))
    assert job.folder == tmp_path / "a state/sealift/jobs/job1"
    assert job.ended() == "done"
    assert listed(world)["job1"][1] == "done"
    assert not (world.home / ".local").exists()
