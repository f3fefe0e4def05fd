"""The paired tree on injected comparisons: its pictures, and what survives a refresh."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from sealift.replication.comparison import Comparison, compare
from sealift.replication.inventory import Inventory, build
from sealift.ui.folding import Fold
from sealift.ui.row import DatasetRow, FoldedRow, Receiving, Row, RowKey, SnapshotRow
from sealift.ui.rows import build as build_rows
from sealift.ui.text import ASCII, UNICODE, Glyphs, width_of
from sealift.ui.widgets import paired_line
from sealift.ui.widgets.paired_line import Span, draw
from sealift.ui.widgets.paired_tree import PairedTree
from sealift.zfs import tokens
from sealift.zfs.listings import SnapshotReader, parse_datasets
from sealift.zfs.tokens import ResumeToken

WIDE, NARROW = (140, 40), (80, 24)
KIB, GIB = 2**10, 2**30

# A snapshot: its name, the number that is guid, IV set and age at once, what it wrote, its holds.
Snap = tuple[str, int, int, int]


def snaps(
    prefix: str, numbers: Sequence[int], written: int = 96 * KIB, held: int = 0
) -> list[Snap]:
    return [(f"{prefix}{number:04}", number, written, held) for number in numbers]


def inventory(
    root: str,
    trees: Mapping[str, Sequence[Snap]],
    *,
    key: str = "available",
    used: int = GIB,
    tokens_of: Mapping[str, str] | None = None,
    plain: Sequence[str] = (),
    other_iv: Sequence[int] = (),
) -> Inventory:
    """What `zfs list` would print of these datasets, read by the readers of sealift."""
    datasets, snapshots = [], []
    for below, entries in trees.items():
        name = f"{root}/{below}" if below else root
        crypt = (
            ("off", "-", "-", "-", "-")
            if below in plain
            else ("aes-256-gcm", root, key, "passphrase" if name == root else "-", "77")
        )
        token = (tokens_of or {}).get(below, "-")
        fields = (name, "filesystem", 1, 1, 1, used, GIB, used, *crypt, "no", "on", token, "-", 0)
        datasets.append("\t".join(map(str, fields)))
        for short, number, written, held in entries:
            iv = number if number in other_iv else 1000 + number
            full = (f"{name}{'' if short.startswith('#') else '@'}{short}", number, number, number)
            size = ("-", "-") if short.startswith("#") else (0, written)
            snapshots.append("\t".join(map(str, (*full, *size, iv, held))))
    reader = SnapshotReader()
    reader.feed("".join(f"{line}\n" for line in snapshots).encode())
    return build(
        root,
        parse_datasets("\n".join(datasets).encode()),
        reader.finish(),
        pool=None,
        taken_at=datetime(2025, 12, 25, 6, 30, tzinfo=UTC),
    )


def renamed(taken: Inventory, name: str) -> Inventory:
    """The same with another name on every snapshot, one that the reader would not let through."""
    datasets = {
        below: replace(held, snapshots=tuple(replace(each, name=name) for each in held.snapshots))
        for below, held in taken.datasets.items()
    }
    return replace(taken, datasets=datasets)


def night(*, sent: int = 0) -> Comparison:
    """The night of the sketch: `sent` more snapshots of `prod` have arrived meanwhile."""
    old = snaps("rep-", range(1, 215))
    last, base = (
        ("rep-2025-12-25T0600Z", 300, 18 * GIB, 1),
        ("rep-2025-12-25T0500Z", 299, 96 * KIB, 1),
    )
    token = tokens.encode(
        ResumeToken("tank/prod/db@rep-2025-12-25T0600Z", 300, 299, 1, 0, 12 * GIB, raw=True)
    )
    source = inventory(
        "tank/prod",
        {
            "": [*old, base, last],
            "db": [*old, base, last],
            "app": [*old, last],
            "mail": snaps("rep-", range(280, 300), held=0),
            "scratch": snaps("auto-", range(1, 6)),
            "new": snaps("rep-", range(295, 301), written=3 * GIB),
        },
        used=112 * GIB,
        plain=["scratch"],
    )
    destination = inventory(
        "backup/prod",
        {
            "": [*old, base, *([last] if sent else [])],
            "db": [*old, base],
            "app": [*old, last, ("local-2359", 301, 12 * KIB, 0)],
            "mail": snaps("rep-", [280, 281]),
            "scratch": snaps("auto-", range(1, 6)),
            "gone": snaps("rep-", range(1, 3)),
        },
        key="unavailable",
        used=108 * GIB,
        tokens_of={"db": token},
        plain=["scratch"],
        other_iv=[281],
    )
    return compare(source, destination)


class TreeApp(App[None]):
    """Nothing but the tree, with what it posts kept."""

    def __init__(self, glyphs: Glyphs = UNICODE) -> None:
        super().__init__()
        self.pair = PairedTree(glyphs, waiting="waiting for root@nas1 …")
        self.moves: list[Row | None] = []
        self.counts: list[tuple[int, int, str]] = []

    def compose(self) -> ComposeResult:
        yield self.pair

    def on_paired_tree_cursor_moved(self, message: PairedTree.CursorMoved) -> None:
        self.moves.append(message.row)

    def on_paired_tree_filter_changed(self, message: PairedTree.FilterChanged) -> None:
        self.counts.append((message.matching, message.total, message.counted))


def screen_text(app: App[None]) -> str:
    """The screen as text. The compositor is private to Textual: only here is it touched."""
    strips = app.screen._compositor.render_strips()  # noqa: SLF001
    return "\n".join(strip.text.rstrip() for strip in strips).rstrip()


async def until(pilot: Pilot[None], true: Callable[[], bool], what: str) -> None:
    """Wait for the very thing that is asserted; a pause may end too early on a busy machine."""
    for _ in range(200):
        if true():
            return
        await pilot.pause()
    pytest.fail(f"never happened: {what}\n{screen_text(pilot.app)}")


async def shown(pilot: Pilot[None], text: str) -> None:
    await until(pilot, lambda: text in screen_text(pilot.app), f"{text!r} on the screen")


async def ready(pilot: Pilot[None], app: TreeApp, comparison: Comparison) -> PairedTree:
    await until(pilot, lambda: app.pair.has_focus, "focus")
    app.pair.show(comparison)
    await shown(pilot, "▾ prod")
    return app.pair


async def press(pilot: Pilot[None], tree: PairedTree, key: str, row: int) -> None:
    await pilot.press(key)
    await until(pilot, lambda: tree.cursor == row, f"cursor on row {row} after {key}")


def key_at(tree: PairedTree) -> RowKey:
    assert tree.current is not None
    return tree.current.key


WIDE_PICTURE = """\
 ▾ prod                             key root  112 G      │ ▲ 1 behind, 18 G      │ ▾ prod                               locked  108 G
    rep-2025-12-25T0600Z                       18 G held │ + source only         │
    rep-2025-12-25T0500Z                       96 K held─┼─ = base ──────────────┼─── rep-2025-12-25T0500Z                       96 K held
   ▸ 214 older                                           │ = both                │   ▸ 214 older
 ▾ prod/db                                    112 G      │ ◐ partly received     │ ▾ prod/db                            locked  108 G
    rep-2025-12-25T0600Z                       18 G held │ ◐ partly received     │  ◐ 12.0 GiB kept
    rep-2025-12-25T0500Z                       96 K held─┼─ = base ──────────────┼─── rep-2025-12-25T0500Z                       96 K held
   ▸ 214 older                                           │ = both                │   ▸ 214 older
 ▾ prod/app                                   112 G      │ ! diverged, 1 ahead   │ ▾ prod/app                           locked  108 G
                                                         │ ! blocks the next raw │    local-2359                                 12 K
    rep-2025-12-25T0600Z                       18 G held─┼─ = base ──────────────┼─── rep-2025-12-25T0600Z                       18 G held
   ▸ 214 older                                           │ = both                │   ▸ 214 older
 ▾ prod/mail                                  112 G      │ ! diverged, 1 ahead   │ ▾ prod/mail                          locked  108 G
    rep-0299                                   96 K      │ + source only         │
    rep-0298                                   96 K      │ + source only         │
    rep-0297                                   96 K      │ + source only         │
   ▸ 13 more                                             │ + source only         │
    rep-0283                                   96 K      │ + source only         │
    rep-0282                                   96 K      │ + source only         │
    rep-0281                                   96 K      │ ! IV sets differ      │    rep-0281                                   96 K
    rep-0280                                   96 K     ─┼─ = base ──────────────┼─── rep-0280                                   96 K
 ▾ prod/scratch                not encrypted  112 G      │ = level               │ ▾ prod/scratch                not encrypted  108 G
    auto-0005                                  96 K     ─┼─ = base ──────────────┼─── auto-0005                                  96 K
   ▸ 4 older                                             │ = both                │   ▸ 4 older
 ▾ prod/new                                   112 G      │ + not there yet       │
    rep-0300                                  3.0 G      │ + source only         │
    rep-0299                                  3.0 G      │ + source only         │
    rep-0298                                  3.0 G      │ + source only         │
   ▸ 3 older                                             │ + source only         │
                                                         │ - destination only    │ ▾ prod/gone                          locked  108 G
                                                         │ - destination only    │    rep-0002                                   96 K
                                                         │ - destination only    │    rep-0001                                   96 K
"""  # noqa: E501
NARROW_PICTURE = """\
 ▾ prod                          ▲ 1 behind, 18 G          112 G  locked
    rep-2025-12-25T0600Z         + source only              18 G  held source
    rep-2025-12-25T0500Z         = both, base               96 K  held both
   ▸ 214 older                   = both
 ▾ prod/db                       ◐ partly received         112 G  locked
    rep-2025-12-25T0600Z         ◐ partly received          18 G  held source
    rep-2025-12-25T0500Z         = both, base               96 K  held both
   ▸ 214 older                   = both
 ▾ prod/app                      ! diverged, 1 ahead       112 G  locked
    local-2359                   ! dest. only: blocks raw   12 K
    rep-2025-12-25T0600Z         = both, base               18 G  held both
   ▸ 214 older                   = both
 ▾ prod/mail                     ! diverged, 1 ahead       112 G  locked
    rep-0299                     + source only              96 K
    rep-0298                     + source only              96 K
    rep-0297                     + source only              96 K
   ▸ 13 more                     + source only
    rep-0283                     + source only              96 K
    rep-0282                     + source only              96 K
    rep-0281                     ! IV sets differ           96 K
    rep-0280                     = both, base               96 K
 ▾ prod/scratch                  = level                   112 G  not encrypted
    auto-0005                    = both, base               96 K
   ▸ 4 older                     = both
"""


class TestPictures:
    @pytest.mark.parametrize(
        ("size", "picture"),
        [(WIDE, WIDE_PICTURE), (NARROW, NARROW_PICTURE)],
        ids=["wide", "narrow"],
    )
    async def test_the_night_of_the_sketch(self, size: tuple[int, int], picture: str) -> None:
        app = TreeApp()
        async with app.run_test(size=size) as pilot:
            await ready(pilot, app, night())
            await until(pilot, lambda: screen_text(app) == picture.rstrip(), "the picture")

    @pytest.mark.parametrize("size", [WIDE, NARROW])
    async def test_what_is_being_sent(self, size: tuple[int, int]) -> None:
        app = TreeApp()
        async with app.run_test(size=size) as pilot:
            tree = await ready(pilot, app, night())
            tree.show(night(), {"db": Receiving(300, 11 * GIB, 18 * GIB, live=True)})
            await shown(pilot, "◐ receiving 61 %")
            assert ("11.0 GiB of 18.0 GiB" in screen_text(app)) is (size == WIDE)

    @pytest.mark.parametrize("size", [WIDE, NARROW])
    async def test_ascii(self, size: tuple[int, int]) -> None:
        app = TreeApp(ASCII)
        async with app.run_test(size=size) as pilot:
            short = inventory("tank/prod", {"": snaps("rep-with-a-rather-long-name-", [1, 2, 3])})
            app.pair.show(compare(short, inventory("backup/prod", {"": snaps("rep-", [1])})))
            await shown(pilot, "v prod")
            assert screen_text(app).isascii()

    async def test_before_the_first_picture(self) -> None:
        app = TreeApp()
        async with app.run_test(size=NARROW) as pilot:
            await shown(pilot, "waiting for root@nas1 …")
            app.pair.wait_for("waiting for root@dr1 …")
            await shown(pilot, "waiting for root@dr1 …")

    @pytest.mark.parametrize("size", [WIDE, NARROW])
    async def test_a_destination_that_is_not_there_yet(self, size: tuple[int, int]) -> None:
        app = TreeApp()
        async with app.run_test(size=size) as pilot:
            source = inventory("tank/prod", {"": snaps("rep-", [1, 2])})
            app.pair.show(compare(source, inventory("backup/prod", {})))
            await shown(pilot, "backup/prod does not exist yet: a seed will create it")
            await shown(pilot, "+ not there yet")

    async def test_a_vault_with_its_key_loaded_says_so(self) -> None:
        app = TreeApp()
        async with app.run_test(size=NARROW) as pilot:
            tree = {"": snaps("rep-", [1])}
            app.pair.show(compare(inventory("tank/prod", tree), inventory("backup/prod", tree)))
            await shown(pilot, "KEY LOADED")

    @pytest.mark.parametrize("size", [WIDE, NARROW])
    @pytest.mark.parametrize(
        "name", ["[bold]x", "[@click=app.bell]x[/]", "\x1b[31mred", "a\u202eb"]
    )
    async def test_names_are_only_text(self, name: str, size: tuple[int, int]) -> None:
        app = TreeApp()
        async with app.run_test(size=size) as pilot:
            sides = [
                renamed(inventory(root, {"": snaps("rep-", [1])}), name)
                for root in ("tank/prod", "backup/prod")
            ]
            app.pair.show(compare(sides[0], sides[1]))
            harmless = name.replace("\x1b", "\\x1b").replace("\u202e", "\\u202e")
            await shown(pilot, harmless)
            assert screen_text(app).replace("\n", "").isprintable()
            assert not any(
                segment.style and segment.style.meta for segment in app.pair.render_line(1)
            )

    @pytest.mark.parametrize("width", [60, 79, 80, 95, 96, 97, 139, 200])
    def test_every_row_takes_the_whole_width(self, width: int) -> None:
        receiving = {"mail": Receiving(282, 1, None, live=True)}
        empty = compare(inventory("tank/prod", {}), inventory("backup/prod", {}))
        for row in (*build_rows(empty, {}), *build_rows(night(), {}, receiving=receiving)):
            for glyphs in (UNICODE, ASCII):
                spans = draw(row, width, glyphs)
                assert sum(width_of(span.text) for span in spans) == width


class TestCursor:
    @pytest.mark.parametrize(
        ("keys", "row"),
        [
            (["down", "down"], 2),
            (["down", "down", "up"], 1),
            (["up"], 0),
            (["G"], 31),
            (["end", "up"], 30),
            (["G", "g"], 0),
            (["G", "home"], 0),
            (["pagedown"], 24),
            (["ctrl+d"], 12),
            (["ctrl+d", "ctrl+u"], 0),
            (["pagedown", "pageup"], 0),
        ],
    )
    async def test_keys_move_it_and_it_stays_in_sight(self, keys: list[str], row: int) -> None:
        app = TreeApp()
        async with app.run_test(size=NARROW) as pilot:
            tree = await ready(pilot, app, night())
            assert len(tree.rows) == 32
            await pilot.press(*keys)
            await until(pilot, lambda: tree.cursor == row, f"row {row}")
            assert tree.scroll_offset.y <= row < tree.scroll_offset.y + 24

    async def test_it_is_reverse_video_with_the_focus_and_underlined_without(self) -> None:
        app = TreeApp()
        async with app.run_test(size=WIDE) as pilot:
            tree = await ready(pilot, app, night())
            assert all(segment.style and segment.style.reverse for segment in tree.render_line(0))
            assert not any(
                segment.style and segment.style.reverse for segment in tree.render_line(1)
            )
            app.screen.set_focus(None)
            await until(pilot, lambda: not tree.has_focus, "blur")
            assert all(segment.style and segment.style.underline for segment in tree.render_line(0))

    async def test_moving_it_draws_two_lines(self, monkeypatch: pytest.MonkeyPatch) -> None:
        drawn: list[RowKey] = []

        def counting(row: Row, width: int, glyphs: Glyphs) -> list[Span]:
            drawn.append(row.key)
            return draw(row, width, glyphs)

        monkeypatch.setattr(paired_line, "draw", counting)
        app = TreeApp()
        async with app.run_test(size=WIDE) as pilot:
            tree = await ready(pilot, app, night())
            await shown(pilot, "prod/gone")
            drawn.clear()
            await press(pilot, tree, "down", 1)
            await until(pilot, lambda: len(drawn) == 2, "two lines drawn")
            assert set(drawn) == {tree.rows[0].key, tree.rows[1].key}

    async def test_it_says_where_it_is(self) -> None:
        app = TreeApp()
        async with app.run_test(size=WIDE) as pilot:
            tree = await ready(pilot, app, night())
            names = []
            for row in (0, 1, 3, 9):
                tree.move_to(row)
                names.append(tree.current_name)
            assert names == [
                "tank/prod",
                "tank/prod@rep-2025-12-25T0600Z",
                "tank/prod",
                "backup/prod/app@local-2359",
            ]
            await until(pilot, lambda: bool(app.moves) and app.moves[-1] == tree.current, "message")

    async def test_a_click_moves_it_and_a_click_on_the_sign_folds(self) -> None:
        app = TreeApp()
        async with app.run_test(size=WIDE) as pilot:
            tree = await ready(pilot, app, night())
            await pilot.click(tree, offset=(30, 4))
            await until(pilot, lambda: tree.cursor == 4, "cursor on the clicked row")
            assert tree.rows.folded("db") == (Fold.RECENT, True)
            right = screen_text(app).splitlines()[4].rindex("▾")
            for x in (1, right):
                await pilot.click(tree, offset=(x, 4))
                await shown(pilot, "prod/db")
            assert tree.rows.folded("db")[0] is Fold.CLOSED

    async def test_a_click_below_the_rows_does_nothing(self) -> None:
        app = TreeApp()
        async with app.run_test(size=WIDE) as pilot:
            tree = await ready(pilot, app, night())
            await pilot.click(tree, offset=(1, 39))
            assert tree.cursor == 0


class TestFolding:
    async def test_right_opens_step_by_step_and_left_closes(self) -> None:
        app = TreeApp()
        async with app.run_test(size=WIDE) as pilot:
            tree = await ready(pilot, app, night())
            folds: list[Fold] = []
            for key in ("right", "left", "left", "right"):
                await pilot.press(key)
                folds.append(tree.rows.folded("")[0])
            assert folds == [Fold.ALL, Fold.RECENT, Fold.CLOSED, Fold.RECENT]
            await press(pilot, tree, "down", 1)
            await press(pilot, tree, "left", 0)
            await pilot.press("right", "right")
            await until(pilot, lambda: tree.cursor == 1, "from an open dataset to its first row")

    async def test_left_on_a_closed_dataset_goes_to_the_one_above(self) -> None:
        app = TreeApp()
        async with app.run_test(size=WIDE) as pilot:
            tree = await ready(pilot, app, night())
            await pilot.press("shift+left")
            await until(pilot, lambda: len(tree.rows) == 7, "headers only")
            tree.move_to(3)
            await press(pilot, tree, "left", 0)
            await pilot.press("shift+right")
            await until(pilot, lambda: len(tree.rows) == 32, "what matters again")

    @pytest.mark.parametrize("key", ["enter", "space", "right"])
    async def test_what_is_folded_away_opens_in_place(self, key: str) -> None:
        app = TreeApp()
        async with app.run_test(size=WIDE) as pilot:
            tree = await ready(pilot, app, night())
            tree.move_to(3)
            assert isinstance(tree.current, FoldedRow)
            await pilot.press(key)
            await shown(pilot, "rep-0214")
            assert tree.cursor == 3
            assert isinstance(tree.current, SnapshotRow)

    async def test_space_goes_round(self) -> None:
        app = TreeApp()
        async with app.run_test(size=WIDE) as pilot:
            tree = await ready(pilot, app, night())
            folds = []
            for _ in range(3):
                await pilot.press("space")
                folds.append(tree.rows.folded("")[0])
            assert folds == [Fold.ALL, Fold.CLOSED, Fold.RECENT]


class TestRefresh:
    async def test_the_cursor_stays_on_its_snapshot_and_its_line(self) -> None:
        app = TreeApp()
        async with app.run_test(size=NARROW) as pilot:
            tree = await ready(pilot, app, night())
            tree.move_to(27)
            await until(pilot, lambda: tree.scroll_offset.y == 4, "scrolled")
            key, line = key_at(tree), tree.cursor - tree.scroll_offset.y
            # `prod` is level now, so that its newest snapshot is the base: one row less above.
            tree.show(night(sent=1))
            await until(pilot, lambda: tree.cursor == 26, "cursor moved with its row")
            assert key_at(tree) == key
            assert tree.cursor - tree.scroll_offset.y == line

    async def test_out_of_sight_it_leaves_the_top_row_in_place(self) -> None:
        app = TreeApp()
        async with app.run_test(size=NARROW) as pilot:
            tree = await ready(pilot, app, night())
            tree.action_open()
            tree.scroll_to(y=100, animate=False, force=True)
            top = tree.rows[100].key
            tree.show(night(sent=1))
            assert key_at(tree) == RowKey("dataset", "")
            assert tree.rows[tree.scroll_offset.y].key == top

    async def test_folding_and_filter_stay(self) -> None:
        app = TreeApp()
        async with app.run_test(size=WIDE) as pilot:
            tree = await ready(pilot, app, night())
            tree.action_open()
            tree.show(night(sent=1))
            assert tree.rows.folded("")[0] is Fold.ALL
            tree.set_filter(":held")
            shown_before = len(tree.rows)
            tree.show(night())
            assert len(tree.rows) == shown_before
            await shown(pilot, "prod/db")

    async def test_a_row_that_is_gone_leaves_the_cursor_nearby(self) -> None:
        app = TreeApp()
        async with app.run_test(size=WIDE) as pilot:
            tree = await ready(pilot, app, night())
            tree.action_go(-1)
            assert key_at(tree).below == "gone"
            tree.show(compare(night().source, inventory("backup/prod", {})))
            assert key_at(tree).below == "new"
            await shown(pilot, "does not exist yet")

    async def test_a_narrower_terminal_keeps_the_cursor_in_sight(self) -> None:
        app = TreeApp()
        async with app.run_test(size=WIDE) as pilot:
            tree = await ready(pilot, app, night())
            tree.action_go(-1)
            await pilot.resize_terminal(*NARROW)
            await until(pilot, lambda: tree.scroll_offset.y == 32 - 24, "scrolled to the cursor")
            await shown(pilot, "- destination only")


class TestFilter:
    async def test_it_shows_what_matches_and_says_how_many(self) -> None:
        app = TreeApp()
        async with app.run_test(size=WIDE) as pilot:
            tree = await ready(pilot, app, night())
            total = tree.rows.total
            tree.set_filter("LOCAL-")
            await until(pilot, lambda: (1, total, "snapshot") in app.counts, "the count")
            await until(
                pilot, lambda: len(screen_text(app).splitlines()) == 2, "the header and its match"
            )
            assert [type(row) for row in tree.rows] == [DatasetRow, SnapshotRow]
            tree.set_filter("")
            await shown(pilot, "214 older")

    async def test_it_says_that_nothing_matches(self) -> None:
        app = TreeApp()
        async with app.run_test(size=NARROW) as pilot:
            tree = await ready(pilot, app, night())
            tree.set_filter("[red]no")
            await shown(pilot, "nothing matches [red]no")
            await pilot.press("down", "space", "left", "right")
            assert tree.current_name == ""

    async def test_it_may_be_set_before_there_is_a_picture(self) -> None:
        app = TreeApp()
        async with app.run_test(size=NARROW) as pilot:
            app.pair.set_filter(":partial")
            await shown(pilot, "waiting for")
            app.pair.show(night())
            await shown(pilot, "prod/db")
            assert "prod/app" not in screen_text(app)
