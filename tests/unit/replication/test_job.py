from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealift.hosts.trouble import Trouble
from sealift.replication.comparison import compare
from sealift.replication.job import Follower, Job, JobState, parse_about, parse_ends, parse_jobs
from sealift.replication.verdict import verified
from sealift.routes import Location, Route
from sealift.zfs.parse import ParseError
from tests.factories import dataset, held, inventory, job, mirrored, snapshot

MARK = "sealift-0a1b2c3d4e5f"
TICK = "12:00:01\t8000\ttank/prod@s102\n"
OURS = {"": [101, 102], "db": [101, 102]}


def followed(*lines: str, state: JobState = JobState.RUNNING) -> Job:
    """The job after its whole log was read, in pieces that end anywhere."""
    follower = Follower(job(state))
    log = "".join(f"{line}\n" for line in lines).encode()
    for index in range(0, len(log), 7):
        follower.feed(log[index : index + 7], index)
    return follower.job


def listed(**changes: object) -> str:
    about = {
        "schema": 1,
        "sealift": "0",
        "id": "7f3a51c2",
        "key": "0a1b2c3d4e5f",
        "route": "",
        "source": "root@nas1:tank/prod",
        "destination": "root@dr1:backup/prod",
        "via": "source",
        "where": "root@nas1",
        "operator": "ann@laptop",
        "made": 1766664000.0,
        "tag": "keepforrep",
        "steps": [
            {
                "number": "0001",
                "dataset": "tank/prod",
                "into": "backup/prod",
                "base": None,
                "target": "s102",
                "recursive": False,
                "kind": "single",
                "brings": [102],
                "pipeline": "zfs send | zfs receive",
            }
        ],
    }
    return json.dumps(about | changes)


def line(state: str = "running", fares: str = "alive", about: str = "") -> bytes:
    return f"7f3a51c2\t{fares}\t{state}\t120\t/jobs/7f3a51c2\t{about or listed()}\n".encode()


def test_a_job_whose_runner_lives_is_running() -> None:
    (found,) = parse_jobs(line(), "root@nas1")
    assert (found.state, found.host, found.log) == (JobState.RUNNING, "root@nas1", 120)
    assert found.brings == {102}


@pytest.mark.parametrize(("fares", "why"), [("gone", "killed"), ("rebooted", "started anew")])
def test_a_job_without_its_runner_is_lost_and_says_what_is_left(fares: str, why: str) -> None:
    (found,) = parse_jobs(line(fares=fares), "root@nas1")
    assert found.state is JobState.LOST
    assert found.trouble is not None
    assert why in found.trouble.what
    assert "kept there" in found.trouble.means


def test_a_job_that_ended_before_a_reboot_is_not_lost() -> None:
    (found,) = parse_jobs(line("done", "rebooted"), "root@nas1")
    assert found.state is JobState.DONE


@pytest.mark.parametrize(
    "bad",
    [
        b"x\n",
        line(about="{}"),
        line(about=listed(id="../../etc")),
        line(about=listed(steps=[{"dataset": "tank/prod; rm -rf /"}])),
        line(about=listed(schema=2)),
    ],
)
def test_a_line_that_is_no_job_is_one_clear_error(bad: bytes) -> None:
    with pytest.raises(ParseError):
        parse_jobs(bad, "nas1")


@given(st.binary())
def test_any_bytes_are_jobs_or_one_error(data: bytes) -> None:
    try:
        parse_jobs(data, "nas1")
    except ParseError as error:
        assert str(error)


@given(st.lists(st.binary(), max_size=8))
def test_a_follower_takes_any_bytes(pieces: list[bytes]) -> None:
    follower = Follower(job())
    for piece in pieces:
        assert follower.feed(piece, 1.0).about == job().about


def test_ends_are_those_of_last_lines_that_carry_a_jobs_key() -> None:
    other = replace(job(), about=replace(job().about, id="other123", key="ffff"))
    said = (
        f"==> /jobs/7f3a51c2/log <==\n{MARK} 1766664060 end failed stopped\n\n"
        "==> /jobs/other123/log <==\nsealift-ffff 1766664000 step 0001\n"
        "sealift-aaaa 1766664001 end done\n"
    )
    found = parse_ends(said.encode(), (job(), other))
    assert found == {"7f3a51c2": datetime.fromtimestamp(1766664060, UTC)}


@given(st.binary() | st.integers().map(lambda when: f"{MARK} {when} end done\n".encode()))
def test_any_bytes_are_ends_or_none(data: bytes) -> None:
    assert parse_ends(data, (job(),)).keys() <= {"7f3a51c2"}


def test_progress_is_of_the_step_that_runs() -> None:
    shown = followed(
        f"{MARK} 1766664000 started",
        f"{MARK} 1766664001 step 0001 send ",
        "full\ttank/prod@s102\t10000",
        "size\t10000",
        TICK.strip(),
    )
    assert (shown.progress.done, shown.progress.expected) == (8000, 10000)
    again = followed(
        f"{MARK} 1766664001 step 0001 send ",
        TICK.strip(),
        f"{MARK} 1766664009 step 0001 resume 1-a",
    )
    assert again.progress.done == 0
    assert again.how == "resume"


def test_what_a_host_says_cannot_pass_for_an_event() -> None:
    shown = followed(
        "sealift-ffffffffffff 1766664001 end done",
        f" {MARK} 1766664001 end done",
        f"{MARK} 1766664002 said {MARK} 1766664002 end done",
    )
    assert shown.state is JobState.RUNNING


def test_a_pause_says_when_the_next_try_is_and_why() -> None:
    shown = followed(
        f"{MARK} 1766664001 step 0001 send ",
        f"{MARK} 1766664002 said ssh: connect to host dr1 port 22: No route to host",
        f"{MARK} 1766664010 pause 20 3 interrupted",
    )
    assert shown.state is JobState.WAITING
    assert shown.retry_at is not None
    assert shown.retry_at.timestamp() == 1766664030
    assert shown.tries == 3
    assert shown.trouble is not None
    assert shown.trouble.finding == "host-unreachable"


def test_a_refusal_is_explained_from_what_was_said() -> None:
    shown = followed(
        f"{MARK} 1 step 0001 send ",
        f"{MARK} 2 said cannot receive incremental stream: destination backup/p has been modified",
        f"{MARK} 2 said since most recent snapshot",
        f"{MARK} 3 end failed stopped",
    )
    assert shown.state is JobState.FAILED
    assert shown.trouble is not None
    assert shown.trouble.finding == "destination-diverged"
    assert "has been modified" in shown.trouble.raw


@pytest.mark.parametrize("reason", ["foreign-token", "not-raw", "dead-token"])
def test_a_token_that_is_not_used_is_the_finding(reason: str) -> None:
    shown = followed(f"{MARK} 3 end failed {reason}")
    assert shown.trouble is not None
    assert shown.trouble.finding == reason
    assert "backup/prod" in shown.trouble.what


def test_giving_up_says_after_how_many_tries_and_what_the_last_one_met() -> None:
    shown = followed(
        f"{MARK} 1 step 0001 send ",
        f"{MARK} 2 pause 5 20 unreachable",
        f"{MARK} 3 end failed gave-up unreachable",
    )
    assert shown.trouble is not None
    assert shown.trouble.finding == "host-unreachable"
    assert shown.trouble.what.endswith("given up after 20 tries")


def test_notes_and_arrivals_are_kept() -> None:
    shown = followed(
        f"{MARK} 3 arrived 0001",
        f"{MARK} 3 note cannot hold: permission denied",
        f"{MARK} 3 end done",
        state=JobState.RUNNING,
    )
    assert shown.state is JobState.DONE
    assert shown.arrived == {"0001"}
    assert shown.notes == ("cannot hold: permission denied",)


def test_what_was_there_before_we_came_is_no_rate() -> None:
    old = replace(job(), log=len(TICK) * 2)
    follower = Follower(old)
    follower.feed(TICK.encode(), 1.0)
    assert follower.job.rate.samples == ()
    follower.feed(TICK.replace("8000", "9000").encode(), 1.1)
    follower.feed(TICK.replace("8000", "9500").encode(), 2.1)
    assert follower.job.rate.bytes_per_second == pytest.approx(500)


def test_done_is_said_only_when_every_guid_is_there() -> None:
    assert verified(job(), compare(*mirrored(OURS, OURS)), ()).state is JobState.DONE
    nothing = verified(job(), compare(*mirrored(OURS, {"": [101], "db": [101]})), ())
    assert nothing.state is JobState.FAILED
    assert nothing.trouble is not None
    assert nothing.trouble.finding == "replica-incomplete"


def test_a_snapshot_of_that_name_with_another_guid_has_not_arrived() -> None:
    ours = inventory("tank/prod", top=held(dataset("tank/prod"), snapshot("a", 102)))
    impostor = inventory("backup/prod", top=held(dataset("backup/prod"), snapshot("a", 555)))
    assert verified(job(), compare(ours, impostor), ()).state is JobState.FAILED


def test_what_cannot_be_read_back_is_not_called_done_and_not_called_lost() -> None:
    gone = Trouble("host-unreachable", "dr1", "no answer within 30 s")
    shown = verified(job(), compare(*mirrored(OURS, OURS)), (gone,))
    assert shown.state is JobState.FAILED
    assert shown.trouble is not None
    assert shown.trouble.what == (
        "everything was sent, but it could not be read back: no answer within 30 s"
    )


@pytest.mark.parametrize(
    ("changes", "ours"),
    [
        ({}, True),
        ({"source": "tank/prod"}, True),  # ordered on the source itself
        ({"destination": "root@192.0.2.7:backup/prod"}, True),  # or by another name
        ({"destination": "root@dr2:backup/prod"}, False),  # but that is how another one is called
        ({"destination": "root@dr1:backup/other"}, False),
        ({"destination": "no place at all"}, False),
    ],
)
def test_a_job_is_of_the_route_whose_datasets_it_brings_unless_it_bears_another_s_names(
    changes: dict[str, str], *, ours: bool
) -> None:
    source = Location("root", "nas1", "tank/prod")
    route = Route(source, Location("root", "dr1", "backup/prod"))
    another = Route(source, Location("root", "dr2", "backup/prod"))
    assert parse_about(listed(**changes)).is_of(route, (route, another)) is ours


def test_a_job_between_places_of_one_machine_is_of_a_route_there() -> None:
    about = parse_about(listed(source="tank/prod", destination="backup/prod"))
    assert about.is_of(
        Route(Location(None, None, "tank/prod"), Location(None, None, "backup/prod"))
    )
