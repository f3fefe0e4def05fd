"""What goes into the journal when the real program is driven, and where it is."""

from __future__ import annotations

from sealift.cli import parse
from sealift.journal import default_path, entries, login_name
from sealift.ui.demo import DemoApp
from sealift.zfs.commands import Effect
from tests.driving import Operator
from tests.waiting import wait_for

from .test_demo_by_keys import operating


async def test_a_change_by_keys_has_its_line() -> None:
    async with operating() as operator:
        await operator.confirm("n", "take")
        await operator.until("a seed sends 3 snapshots")
        (entry,) = entries(default_path(), operator.picture.route.title)
        assert entry.command.startswith("zfs snapshot -r tank/prod@rep-")
        assert (entry.effect, entry.exit_code, entry.host) == (Effect.CHANGE, 0, "root@nas1")
        assert entry.operator == login_name()
        assert entries(default_path(), "another route") == ()


async def test_what_is_played_in_the_demo_is_not_in_the_operators_journal() -> None:
    app = DemoApp(parse(["demo", "quiet-night"]), "quiet-night")
    async with app.run_test(size=(160, 45)) as pilot:
        operator = Operator(pilot)
        await operator.until("Demo: A quiet night. Nothing of it is real.  : briefing  q leaves")
        await wait_for(pilot, lambda: app.journal and entries(app.journal.path), "a first line")
        assert app.journal is not None
        assert {each.route for each in entries(app.journal.path)} == {"quiet-night"}
        assert not default_path().exists()
        played = app.journal.path
        assert operator.picture.route.title == "quiet-night"
    assert not played.parent.exists(), "the demo is gone before the program is"
    assert not default_path().exists()
