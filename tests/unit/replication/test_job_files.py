from __future__ import annotations

import io
import json
import subprocess
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from sealift.hosts.elevation import Elevation
from sealift.replication.anchoring import along
from sealift.replication.comparison import compare
from sealift.replication.job import parse_about
from sealift.replication.job_files import Order, about, archive
from sealift.replication.pipeline import End, Ends
from sealift.replication.plan import make_plan
from sealift.routes import Location, Route, Transport, Via
from tests.factories import NOON, dataset, held, inventory, mirrored, snapshot

SPACED = "my data"
# Every `ssh` runs its last word in a shell of its own, as a host would; zfs says its words.
STUBS = """
ssh() { for last in "$@"; do :; done; sh -c "$stub$last"; }
stub='zfs() { printf "<%s>" "$@"; echo; }; sudo() { shift; printf "sudo "; "$@"; };'
eval "$stub"
"""


def order(via: Via = Via.SOURCE, elevation: Elevation = Elevation.NONE) -> Order:
    ours = inventory(
        f"tank/{SPACED}",
        top=held(dataset(f"tank/{SPACED}"), snapshot("rep 1", 101), snapshot("rep 2", 102)),
    )
    theirs = inventory(
        "backup/prod", top=held(dataset("backup/prod"), snapshot("rep 1", 101, held=1))
    )
    found = compare(ours, theirs)
    steps = make_plan(found).steps
    assert len(steps) == 1
    transport = Transport(via=via)
    source = Location("root", "nas1", f"tank/{SPACED}")
    destination = Location("zrecv", "dr1", "backup/prod")
    nothing: frozenset[str] = frozenset()
    moved = along(steps, found, "keepforrep", source_held=nothing, destination_held=nothing)
    return Order(
        id="7f3a51c2",
        key="0a1b2c3d4e5f",
        route=Route(source, destination, transport=transport),
        steps=steps,
        anchoring=moved,
        ends=Ends(End(source, elevation=elevation), End(destination), transport),
        operator="ann@laptop",
        made=NOON,
    )


def files(made: Order) -> dict[str, str]:
    with tarfile.open(fileobj=io.BytesIO(archive(made))) as tar:
        return {m.name: tar.extractfile(m).read().decode() for m in tar}  # type: ignore[union-attr]


def said(made: Order, call: str, number: str = "0001") -> str:
    script = f"{STUBS}\n{files(made)[f'steps/{number}/step']}\n{call}"
    ran = subprocess.run(["sh"], input=script, capture_output=True, text=True, check=True)
    assert ran.stderr == ""
    return ran.stdout


def long(via: Via, count: int) -> Order:
    """A step that brings many snapshots."""
    made = order(via)
    names = (snapshot(f"rep {number:06}", 1000 + number) for number in range(count))
    ours = inventory(
        f"tank/{SPACED}", top=held(dataset(f"tank/{SPACED}"), snapshot("rep 1", 101), *names)
    )
    theirs = inventory("backup/prod", top=held(dataset("backup/prod"), snapshot("rep 1", 101)))
    found = compare(ours, theirs)
    steps = make_plan(found).steps
    nothing: frozenset[str] = frozenset()
    moved = along(steps, found, "keepforrep", source_held=nothing, destination_held=nothing)
    return replace(made, steps=steps, anchoring=moved)


@pytest.mark.parametrize("via", list(Via))
def test_thousands_are_let_go_on_the_source_in_few_calls_and_words_of_bounded_length(
    via: Via,
) -> None:
    made = long(via, 5000)
    number = max(name for name in files(made) if name.endswith("/step")).split("/")[1]
    body = files(made)[f"steps/{number}/step"]
    # Linux takes no word beyond 128 KiB; a line is at most one word and what leads to it.
    assert max(len(line) for line in body.splitlines()) < 128 << 10
    let_go = said(made, "settle_source", number).splitlines()
    assert len(let_go) < 50
    releases = (line.strip("<>").split("><") for line in let_go if line.startswith("<release>"))
    assert [name for _, _, *names in releases for name in names] == [
        f"tank/{SPACED}@{name}" for name in ("rep 1", *(f"rep {each:06}" for each in range(4999)))
    ]
    assert let_go[-1].startswith("<bookmark>")


@pytest.mark.parametrize("via", list(Via))
def test_a_tree_of_thousands_is_settled_in_words_of_bounded_length_once_all_is_there(
    via: Via,
) -> None:
    names = [f"a rather long name of a dataset {number:04}" for number in range(2000)]
    trees = mirrored(
        {"": [101, 102], **{name: [101, 102] for name in names}},
        {"": [101], **{name: [101] for name in names}},
    )
    found = compare(*trees)
    steps = make_plan(found).steps
    nothing: frozenset[str] = frozenset()
    moved = along(steps, found, "keepforrep", source_held=nothing, destination_held=nothing)
    made = replace(order(via), steps=steps, anchoring=moved)
    body = files(made)["steps/0001/step"]
    assert max(len(line) for line in body.splitlines()) < 128 << 10
    lines = said(made, "settle").splitlines()
    verbs = [line.partition(">")[0] for line in lines]
    assert verbs == sorted(verbs)  # get, then hold, then release
    for verb, count in (("<get", 2001), ("<hold", 2001), ("<release", 2001)):
        of_it = [line for line in lines if line.startswith(verb)]
        assert sum(line.count("@") for line in of_it) == count
    # One that is not there stops it before anything is let go.
    refusing = 'stub="zfs() { printf \'<%s>\' \\"\\$@\\"; echo; return 1; };"; eval "$stub"; settle'
    assert "release" not in said(made, f"{refusing} || true")
    # Nor is anything let go where the line that holds was cut off.
    cut = "case \\$1 in hold) return 255 ;; esac"
    cut_off = f'stub="zfs() {{ printf \'<%s>\' \\"\\$@\\"; echo; {cut}; }};"; eval "$stub"; settle'
    assert "<release" not in said(made, f"{cut_off} || true")
    let_go = said(made, "settle_source").splitlines()
    assert let_go[0] == "<release><-r><keepforrep><tank/prod@s101>"


@pytest.mark.parametrize("via", list(Via))
@pytest.mark.parametrize(("call", "verb"), [("keep", "hold"), ("let_go", "release")])
def test_names_on_stdin_reach_zfs_whole(via: Via, call: str, verb: str, tmp_path: Path) -> None:
    """Through a real xargs, which needs a real program."""
    zfs = tmp_path / "zfs"
    zfs.write_text('#!/bin/sh\nprintf "<%s>" "$@"; echo\n')
    zfs.chmod(0o755)
    step = next(text for name, text in files(order(via)).items() if name.endswith("/step"))
    ssh = 'ssh() { for last in "$@"; do :; done; sh -c "$last"; }'
    names = "backup/prod@a\\ b\nbackup/prod@c\n"
    ran = subprocess.run(
        ["sh", "-c", f"{ssh}\n{step}\n{call}"],
        input=names,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == f"<{verb}><keepforrep><backup/prod@a b><backup/prod@c>\n"


@pytest.mark.parametrize("via", list(Via))
def test_every_word_reaches_zfs_whole_whoever_runs_it(via: Via) -> None:
    made = order(via)
    steps = [name for name in files(made) if name.endswith("/step")]
    single = "0001" if len(steps) == 1 else "0002"
    target = f"<tank/{SPACED}@rep 2>\n"
    assert said(made, "send", single) == f"<send><-w><-vP><-I><@rep 1>{target}"
    assert said(made, "continue_from 'a b'", single) == f"<send><-w><-vP><-I><@a b>{target}"
    assert said(made, "resume 1-a-b-c", single) == "<send><-w><-vP><-t><1-a-b-c>\n"
    assert said(made, "decode 1-a-b-c", single) == "<send><-w><-nvP><-t><1-a-b-c>\n"
    assert said(made, "receive 'a b'", single).splitlines()[:2] == [
        "<receive><-s><-u><backup/prod>",
        "<hold><keepforrep><backup/prod@a b>",
    ]
    settled = said(made, "settle", single).splitlines()
    assert settled[0] == "<get><-Hp><-o><name,value><guid><backup/prod@rep 2>"
    assert settled[-1] == "<release><keepforrep><backup/prod@rep 1>"


def test_nothing_is_let_go_unless_the_target_is_there() -> None:
    made = order()
    refusing = 'stub="zfs() { printf \'<%s>\' \\"\\$@\\"; echo; return 1; };"; eval "$stub"; settle'
    assert "release" not in said(made, f"{refusing} || true")


def test_root_is_asked_for_on_the_end_that_needs_it() -> None:
    made = order(elevation=Elevation.SUDO)
    assert said(made, "send").startswith("sudo <send><-w>")
    assert said(made, "receive x").startswith("<receive>")


def test_every_sender_is_raw_and_every_receiver_resumable() -> None:
    for name, content in files(order()).items():
        if name.endswith("/step"):
            for line in content.splitlines():
                assert "zfs send" not in line or "zfs send -w" in line
                assert "zfs receive" not in line or "zfs receive -s -u" in line
                assert " -F " not in line.replace("grep -F", "")


def test_what_is_written_about_a_job_is_what_is_read_of_it() -> None:
    made = order()
    found = parse_about(about(made))
    assert (found.id, found.key, found.operator, found.made) == (
        made.id,
        made.key,
        "ann@laptop",
        NOON,
    )
    assert json.loads(about(made))["schema"] == 1
    assert found.steps[0].brings == {102}
    assert found.steps[0].dataset == f"tank/{SPACED}"
    assert found.steps[0].size is None


def test_the_sizes_of_the_steps_are_told_and_what_mends_a_package_has_none() -> None:
    source, destination = mirrored({"": [101, 102], "a": [101, 102]}, {"": [101], "a": [101]})
    found = compare(source, destination)
    steps = make_plan(found).steps
    nothing: frozenset[str] = frozenset()
    moved = along(steps, found, "keepforrep", source_held=nothing, destination_held=nothing)
    made = replace(order(), steps=steps, anchoring=moved, sizes=(4096,))
    told = [(step.kind, step.size) for step in parse_about(about(made)).steps]
    assert told == [("package", 4096), ("repair", None), ("repair", None)]


def test_a_job_that_an_older_sealift_ordered_has_steps_of_unknown_size() -> None:
    written = json.loads(about(order()))
    for step in written["steps"]:
        del step["size"]
    assert {step.size for step in parse_about(json.dumps(written)).steps} == {None}


def test_the_settings_are_data_and_never_run(tmp_path: Path) -> None:
    made = order()
    hostile = replace(made, key="$(touch /tmp/x);'")
    settings = files(hostile)["settings"]
    ran = subprocess.run(
        ["sh", "-c", f'{settings}printf %s "$key"'], capture_output=True, text=True, check=True
    )
    assert ran.stdout == "$(touch /tmp/x);'"
    assert not list(tmp_path.iterdir())


def test_what_a_clone_starts_from_is_not_let_go_on_the_way() -> None:
    made = order()
    (step,) = made.steps
    (chain,) = step.chains
    clone = replace(
        chain,
        dataset="tank/clone",
        into="backup/prod/clone",
        origin=f"tank/{SPACED}@rep 1",
        start=None,
    )
    both = replace(made, steps=(replace(step, chains=(chain, clone)),))
    assert files(both)["steps/0001/stays"] == "backup/prod@rep 1\n"
    assert files(made)["steps/0001/stays"] == ""
