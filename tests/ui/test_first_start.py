"""Without a route: the first screen, the checklist of a host, and a new route up to the config."""

from __future__ import annotations

from pathlib import Path
from string import ascii_lowercase, ascii_uppercase

import pytest
from textual.widgets import Button

from sealift.config.reading import default_path, read_config
from sealift.hosts.trouble import UnknownKey
from sealift.routes import Location, Purpose
from sealift.ui.screens.dialog import Copied, Dialog
from sealift.ui.screens.host import HostScreen
from sealift.ui.screens.overview import OverviewScreen
from sealift.ui.screens.route import RouteScreen
from sealift.ui.screens.top import TopScreen
from tests import looks
from tests.driving import Operator
from tests.ui.starting import (
    KEY,
    FirstApp,
    Seen,
    at_home,
    choose,
    chosen,
    first,
    listed,
    onto,
    row,
    write_in,
)

SIZES = ((80, 24), (160, 45))


@pytest.fixture(autouse=True)
def seen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Seen:
    """A home whose ssh_config names four hosts."""
    return at_home(monkeypatch, tmp_path)


# The first screen


@pytest.mark.parametrize("size", SIZES)
async def test_it_offers_the_demo_the_hosts_and_a_new_route(
    size: tuple[int, int], seen: Seen
) -> None:
    async with first(size=size) as operator:
        names = [each.cells[0] for each in listed(operator).pane.entries]
        hosts = ["nas1", "dr1", "old1", "odd1", "this machine"]
        assert names == ["demo", *hosts, "another host", "new route"]
        lines = operator.sees().splitlines()
        assert "no route yet" in lines[0]
        assert "not looked at" in operator.sees()
        assert "enter start the demo" in lines[-1]
        assert "N new route…" in lines[-1]
        await operator.pilot.press("escape")
        assert isinstance(operator.app.screen, TopScreen), "there is nothing to go back to"
    assert seen.asked == [], "no host is looked at before it is chosen"
    assert not default_path().exists()


async def test_another_ssh_config_names_other_hosts(tmp_path: Path) -> None:
    file = tmp_path / "other"
    file.write_text("Host elsewhere\n")
    async with first("--ssh-config", str(file)) as operator:
        names = [each.cells[0] for each in listed(operator).pane.entries]
        assert names == ["demo", "elsewhere", "this machine", "another host", "new route"]


async def test_the_demo_takes_the_place_of_the_program() -> None:
    async with first() as operator:
        app = operator.app
        await choose(operator, "demo")
        await operator.until_that(lambda: app.wants_demo, "the demo is asked for")


@pytest.mark.parametrize("size", SIZES)
async def test_a_host_that_is_chosen_is_looked_at_and_said_line_by_line(
    size: tuple[int, int], seen: Seen
) -> None:
    async with first(size=size) as operator:
        await choose(operator, "host nas1")
        await operator.until("as root on a-host (Linux)")
        for words in ("✓ Login", "✓ ZFS", "✓ Rights", "✓ Pool tank", "▲ tank/scratch"):
            assert words in operator.sees()
        assert "encryption root, key loaded" in operator.sees()
        await operator.pilot.press("ctrl+r")
        await operator.until_that(lambda: seen.asked == ["nas1", "nas1"], "a second look")
        await operator.pilot.press("escape")
        await operator.until("no route yet")
        assert "warning" in row(operator, "host nas1")


async def test_a_host_that_is_gone_says_why_and_what_to_do() -> None:
    async with first() as operator:
        await choose(operator, "host old1")
        await operator.until("no answer to the connection")
        assert "! Login" in operator.sees()
        assert "· Rights" in operator.sees()
        assert "cannot be seen" in operator.sees()
        assert "Check that `ssh old1` works" in operator.sees()


@pytest.mark.parametrize(
    ("choice", "accepted"),
    [("session", [(KEY, False)]), ("remember", [(KEY, True), (KEY, False)])],
)
async def test_a_host_key_is_compared_and_accepted_before_anything_is_said(
    seen: Seen, choice: str, accepted: list[tuple[UnknownKey, bool]]
) -> None:
    async with first() as operator:
        app = operator.app
        assert isinstance(app, FirstApp)
        await choose(operator, "host odd1")
        await operator.until("host key is not known")
        seen.canned["odd1"] = looks.vault("odd1")
        said = await operator.confirm("enter", choice)
        assert "SHA256:abc" in said
        await operator.until("as root on a-host")
        assert app.places["odd1"].accepted == accepted


async def test_a_read_only_session_trusts_a_host_key_and_writes_nothing_down(seen: Seen) -> None:
    async with first("--read-only") as operator:
        app = operator.app
        assert isinstance(app, FirstApp)
        await choose(operator, "host odd1")
        await operator.until("host key is not known")
        seen.canned["odd1"] = looks.vault("odd1")
        await operator.pilot.press("enter")
        await operator.until("Trust and remember: This session is read-only.")
        assert operator.app.screen.query_one("#remember", Button).disabled
        await operator.choose("session")
        await operator.until("as root on a-host")
        assert app.places["odd1"].accepted == [(KEY, False)]


async def test_a_host_that_no_config_names_is_typed(seen: Seen) -> None:
    seen.canned["op@nas9"] = looks.source("op@nas9")
    async with first() as operator:
        await choose(operator, "another host")
        for words, said in (("-oProxyCommand=x", "is not a place"), ("op@nas9", "Login")):
            await write_in(operator, words)
            await operator.until(said)
    assert seen.asked == ["op@nas9"]


# A new route


async def test_a_route_is_chosen_seen_and_written_and_then_there_are_all_routes() -> None:
    async with first("--standby") as operator:
        await chosen(operator)
        assert "nas1:tank/prod | ok: may send" in row(operator, "source")
        assert "the first send makes it" in row(operator, "destination")
        assert row(operator, "name").startswith("name | prod | ok")
        await operator.until('destination = "dr1:backup/prod"')  # the table, while it is made
        assert not default_path().exists()
        said = await operator.confirm("w", "write")
        assert "[route.prod]" in said
        assert str(default_path()) in said.replace("│", "").replace("\n", "").replace(" ", "")
        await operator.until("All routes, worst first")
        assert isinstance(operator.app.screen, OverviewScreen)
        written = read_config().setups["prod"].route
        assert written.source == Location(None, "nas1", "tank/prod")
        assert written.purpose is Purpose.STANDBY
        await operator.until("not seeded yet")
        assert operator.app.options.all_routes


async def test_whoever_does_not_say_so_writes_nothing() -> None:
    async with first() as operator:
        await chosen(operator)
        await operator.confirm("w", "cancel")
        await operator.pilot.press("o")
        await operator.until_that(
            lambda: isinstance(operator.app.screen, RouteScreen), "the route, opened once"
        )
        await operator.until("not seeded yet")
        await operator.pilot.press("escape")
        await operator.until("New route")
        assert "dr1:backup/prod" in row(operator, "destination"), "the form as it was left"
        assert not default_path().parent.exists() or not list(default_path().parent.iterdir())


async def test_a_file_written_by_hand_gets_no_letter_and_the_table_is_shown() -> None:
    file = default_path()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("# mine\n")
    async with first() as operator:
        await chosen(operator)
        await operator.until("written by hand")
        await operator.pilot.press("w")
        await operator.until("to be pasted")
        assert "[route.prod]" in operator.sees()
        assert not operator.app.screen.query(".change")
        await operator.pilot.press("escape")
        await operator.pilot.press("c")
        await operator.until_that(lambda: isinstance(operator.app.screen, Copied), "a box")
        await operator.until("hold_tag = ")
    assert file.read_text() == "# mine\n"


async def test_every_setting_can_be_changed_and_what_is_wrong_is_asked_again() -> None:
    async with first() as operator:
        await operator.pilot.press("N")
        for identity, wrong, said, right in (
            ("name", "two words", "cannot be the name", "tonight"),
            ("snapshot prefix", "", "a prefix is needed", "auto-"),
            ("hold_tag", "a b", "hold_tag:", "mine"),
            ("lag_limit", "soon", "90s, 15m, 1h, 2d", "2h"),
        ):
            await choose(operator, identity)
            await write_in(operator, wrong)
            await operator.until(said)
            await write_in(operator, right)
        await choose(operator, "purpose")
        for role, place in (("source", "nas1:tank/prod"), ("destination", "nas1:tank/prod")):
            await choose(operator, role)
            await choose(operator, "host old1", "t")
            await write_in(operator, place)
        await operator.until("are the same dataset")
        await write_in(operator, "dr1:backup/prod")
        await operator.until("cannot be seen: its host was not looked at")
        await operator.confirm("w", "write")
        await operator.until("All routes")
    setup = read_config().setups["tonight"].route
    assert (setup.hold_tag, setup.lag_limit, setup.purpose) == ("mine", 7200, Purpose.STANDBY)
    assert setup.snapshot_format == "auto-%Y-%m-%dT%H%MZ"


async def test_the_destination_cannot_be_chosen_for_the_source_and_is_asked_for_again() -> None:
    async with first() as operator:
        await choose(operator, "host nas1")
        await choose(operator, "tank/prod", "t")
        await write_in(operator, "nas1:tank/prod")
        await choose(operator, "source")
        await choose(operator, "nas1:tank/prod")
        await write_in(operator, "nas1:tank/prod")
        await operator.until("are the same dataset")
        await write_in(operator, "nas1:tank/scratch")
        await operator.until_that(lambda: "scratch" in row(operator, "source"), "another source")


async def test_what_is_wrong_with_a_place_stands_beside_it() -> None:
    async with first() as operator:
        await choose(operator, "host nas1")
        await choose(operator, "tank/scratch", "s")
        assert "warning: not encrypted" in row(operator, "source")
        await choose(operator, "source")
        await choose(operator, "nas1:tank/prod", "t")
        await write_in(operator, "nas1:tank/nothing")
        assert "failed: there is no such dataset" in row(operator, "source")
        await choose(operator, "destination")
        await choose(operator, "host dr1")
        await choose(operator, "dr1:backup")
        await write_in(operator, "dr1:backup/a/b")
        assert "backup/a is not there" in row(operator, "destination")
        await choose(operator, "destination")
        await choose(operator, "dr1:backup", "t")
        await write_in(operator, "dr1:other/b")
        assert "there is no pool other" in row(operator, "destination")


async def test_the_overview_begins_a_new_route_as_well() -> None:
    async with first() as operator:
        await chosen(operator)
        await operator.confirm("w", "write")
        await operator.until("All routes")
        await operator.pilot.press("N")
        await operator.until("New route")
        await choose(operator, "source")
        await choose(operator, "host nas1")
        await choose(operator, "nas1:tank/prod/db")
        await choose(operator, "destination")
        await choose(operator, "host dr1", "t")
        await write_in(operator, "dr1:backup/db")
        await operator.confirm("w", "write")
        await operator.until("2 rows")
    assert list(read_config().setups) == ["prod", "db"]


async def test_a_tag_that_another_route_of_the_config_holds_with_is_told(seen: Seen) -> None:
    async with first() as operator:
        await chosen(operator)
        assert row(operator, "hold_tag") == "hold tag | keepforrep | ok"
        await operator.confirm("w", "write")
        await operator.until("All routes")
        await operator.pilot.press("N")
        await operator.until("New route")
        await choose(operator, "source")
        await choose(operator, "host nas1")
        await choose(operator, "nas1:tank/prod")
        await operator.until_that(
            lambda: row(operator, "hold_tag").endswith("warning: also the tag of prod"), "a warning"
        )
        await choose(operator, "hold_tag")
        await write_in(operator, "mine")
        assert row(operator, "hold_tag") == "hold tag | mine | ok"


async def test_a_config_that_was_mended_beside_it_is_written_after_all() -> None:
    file = default_path()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("# mine\n")
    async with first() as operator:
        await chosen(operator)
        await operator.until("written by hand")
        file.unlink()
        await choose(operator, "purpose")
        await operator.until("if you say so")
        await operator.confirm("w", "write")
        await operator.until("All routes")
    assert list(read_config().setups) == ["prod"]


# What must not happen


async def every_key(operator: Operator, keys: str) -> None:
    """Press every key on the screen that is shown, and come back to it."""
    screen = operator.app.screen
    for key in keys:
        await operator.pilot.press(key)
        for _ in range(9):
            if operator.app.screen is screen:
                break
            shown = operator.app.screen
            assert not (isinstance(shown, Dialog) and changing(shown, operator))
            await operator.pilot.press("escape")
        assert operator.app.screen is screen, key


def changing(dialog: Dialog, operator: Operator) -> bool:
    """Whether Enter would change something."""
    focused = operator.app.screen.focused
    return isinstance(focused, Button) and focused.has_class("change")


@pytest.mark.parametrize("words", [(), ("--read-only",)])
async def test_no_key_writes_anything_by_itself(words: tuple[str, ...]) -> None:
    letters = ascii_lowercase.replace("q", "") + ascii_uppercase
    async with first(*words) as operator:
        await onto(operator, "host nas1")
        await every_key(operator, letters)
        await choose(operator, "host nas1")
        await onto(operator, "tank/prod")
        assert isinstance(operator.app.screen, HostScreen)
        await every_key(operator, letters)
        await operator.pilot.press("escape")
        await chosen(operator)
        await every_key(operator, letters)
    assert not default_path().exists()


async def test_a_read_only_session_says_why_it_writes_nothing() -> None:
    async with first("--read-only") as operator:
        await chosen(operator)
        assert "READ-ONLY" in operator.sees().splitlines()[0]
        await operator.pilot.press("w")
        await operator.until("This session is read-only.")
        assert not isinstance(operator.app.screen, Dialog)
        await operator.pilot.press("o")
        await operator.until_that(
            lambda: isinstance(operator.app.screen, RouteScreen), "the route, opened once"
        )
        await operator.until("READ-ONLY")
        app = operator.app
        assert isinstance(app, FirstApp)
        assert all(gate.read_only for gate in app.gates)
    assert not default_path().exists()
