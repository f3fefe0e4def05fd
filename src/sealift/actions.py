"""Every action of every screen, once: keys, footer, palette, help, config and tests read it.

A name is one thing with one key wherever it stands: whoever moves `help` moves it on every screen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sealift.zfs.commands import Effect


@dataclass(frozen=True, slots=True)
class Action:
    """Something the operator can do.

    `effect` is what it can lead to once it is confirmed; an action that leads to more than reading
    is off in a read-only session. `keys` are Textual's names, the first one is shown. `footer`
    says whether the footer has room for it: those of one title that do the same with different
    numbers are one entry there, `1-5 chart`. `call` is what the screen does, its id if empty.
    """

    id: str
    keys: tuple[str, ...]
    title: str
    help: str
    effect: Effect = Effect.READ
    footer: bool = True
    call: str = ""


ACTIONS = (
    Action("help", ("question_mark", "f1"), "help", "What is under the cursor, and every key."),
    Action("filter", ("slash",), "filter", "Show only rows with a text in them."),
    Action("details", ("d",), "details", "What the trouble on top means, and what to do."),
    Action(
        "playbook",
        ("p",),
        "diagnose",
        "Walk the fast-diagnosis playbook: what holds replication back, with the evidence.",
    ),
    Action(
        "send",
        ("s",),
        "send…",
        "Plan a raw send, look at it, and start it.",
        effect=Effect.CHANGE,
    ),
    Action(
        "snapshot",
        ("n",),
        "snapshot…",
        "Take a recursive snapshot of the source tree.",
        effect=Effect.CHANGE,
        footer=False,  # where it is the thing to do, the header names it
    ),
    Action(
        "cancel",
        ("c",),
        "cancel…",
        "End the running job; what arrived is kept as a resume token.",
        effect=Effect.CHANGE,
    ),
    Action("jobs", ("j",), "jobs", "Every job of both hosts, with what it said."),
    Action(
        "tokens",
        ("t",),
        "tokens",
        "Resume tokens: what was partly received, to be resumed or given up.",
        footer=False,
    ),
    Action("holds", ("h",), "holds", "Who keeps which snapshot; hold and release.", footer=False),
    Action(
        "hold",
        ("H",),
        "hold…",
        "Hold the snapshot under the cursor with the route's tag.",
        effect=Effect.CHANGE,
        footer=False,
    ),
    Action(
        "prune",
        ("x",),
        "prune",
        "Which snapshots may go, and which may not and why.",
        footer=False,
    ),
    Action(
        "roll_back",
        ("b",),
        "roll back…",
        "Set a diverged destination back to the base, after seeing what that destroys.",
        effect=Effect.DESTRUCTION,
        footer=False,
    ),
    Action(
        "keys",
        ("k",),
        "keys",
        "Which keys are loaded where; load, lock, test one, and rehearse a failover.",
        footer=False,
    ),
    Action(
        "audit",
        ("a",),
        "audit",
        "Whether the vault is a vault: keys, mounts, what loads keys at boot, who may do what.",
        footer=False,
    ),
    Action(
        "charts",
        ("v",),
        "charts",
        "Lag and rate over the night, latency of both pools, size of increments.",
        footer=False,
    ),
    Action("log", ("at",), "log", "The command log, large or small.", footer=False),
    Action(
        "maximise",
        ("z", "plus"),
        "zoom",
        "The pane with the focus on the whole screen, and back.",
        footer=False,
    ),
    Action("refresh", ("ctrl+r", "f5"), "refresh", "Read both hosts now.", footer=False),
    Action(
        "copy",
        ("y",),
        "copy",
        "Send the text under the cursor to the terminal's clipboard, and show it in a box.",
        footer=False,
    ),
    Action("palette", ("colon", "ctrl+p"), "more", "Find an action by name."),
    Action(
        "quit",
        ("q", "ctrl+q"),
        "quit",
        "Leave. A job that runs goes on without us.",
    ),
)


MOVES = (
    Action("up", ("up", "k"), "up", "One row up.", footer=False, call="move(-1)"),
    Action("down", ("down", "j"), "down", "One row down.", footer=False, call="move(1)"),
)
_FAR = (
    Action("page_up", ("pageup",), "page up", "A page up.", footer=False, call="page(-1.0)"),
    Action("page_down", ("pagedown",), "page down", "A page down.", footer=False, call="page(1.0)"),
    Action("half_up", ("ctrl+u",), "half up", "Half a page up.", footer=False, call="page(-0.5)"),
    Action(
        "half_down", ("ctrl+d",), "half down", "Half a page down.", footer=False, call="page(0.5)"
    ),
    Action("first", ("home", "g"), "first", "The first row.", footer=False, call="go(0)"),
    Action("last", ("end", "G"), "last", "The last row.", footer=False, call="go(-1)"),
)
ROWS = (*MOVES, *_FAR)
# The trees leave j and k to jobs and keys.
TREES = (
    Action("tree_up", ("up",), "up", "One row up.", footer=False, call="move(-1)"),
    Action("tree_down", ("down",), "down", "One row down.", footer=False, call="move(1)"),
    *_FAR,
    Action("fold", ("left",), "fold", "Fold, or go to the dataset.", footer=False, call="close"),
    Action(
        "unfold",
        ("right",),
        "unfold",
        "Unfold: what matters, then everything.",
        footer=False,
        call="open",
    ),
    Action(
        "toggle_fold", ("enter", "space"), "fold or unfold", "The one or the other.", footer=False
    ),
    Action(
        "fold_all", ("shift+left",), "fold all", "Every dataset.", footer=False, call="close_all"
    ),
    Action(
        "unfold_all",
        ("shift+right",),
        "unfold all",
        "Every dataset.",
        footer=False,
        call="open_all",
    ),
)


def named(actions: tuple[Action, ...], name: str) -> Action:
    """The action of this name among these. Raises `KeyError` where there is none."""
    return {each.id: each for each in actions}[name]


_HELP, _FILTER, _COPY, REFRESH, LOG, _QUIT = (
    named(ACTIONS, name) for name in ("help", "filter", "copy", "refresh", "log", "quit")
)
_LEAVE = Action("leave", ("q",), "back", "Off this screen.", footer=False)
_BACK = Action("back", ("escape",), "back", "Back; clears the filter first.")
LIST = (_HELP, _FILTER, _COPY, _BACK, _LEAVE)
# Of a list whose rows can be worked with together.
MARK = Action("mark", ("space",), "mark", "Mark a row; what is done is done with all marked.")
NEW_ROUTE = Action(
    "new_route",
    ("N",),
    "new route…",
    "Choose source and destination, and write the route into the config.",
)
# Where there is nothing to go back to.
TOP = (
    NEW_ROUTE,
    Action("back", ("escape",), "clear", "Out of the filter.", footer=False, call="clear"),
    Action("quit", _QUIT.keys, "quit", _QUIT.help, call="app.quit"),
)
OVERVIEW = (
    Action("open", ("enter",), "open", "Open what is under the cursor."),
    REFRESH,
    LOG,
)
FIRST = (Action("open", ("enter",), "begin", "Start the demo, look at a host, begin a route."),)
HOST = (
    Action("route_from", ("s",), "route from here…", "Begin a route with this as its source."),
    Action("route_to", ("t",), "route to here…", "Begin a route that ends below this."),
    Action("open", ("enter",), "host key…", "Compare the host's key, and trust it or not."),
    NEW_ROUTE,
    REFRESH,
)
FORM = (
    Action("open", ("enter",), "change…", "Change the setting under the cursor."),
    Action("open_once", ("o",), "open once", "Open the route without writing it down."),
    Action(
        "write",
        ("w",),
        "write…",
        "Write the route into the config, or show the table to be pasted.",
        effect=Effect.CHANGE,
    ),
    Action("copy_table", ("c",), "table", "Copy the route's table for the config."),
)
PLACES = (
    Action("open", ("enter",), "take it", "Take this place, or look at the host."),
    Action("type", ("t",), "type it…", "Type the place."),
)
TOKENS = (
    Action("resume", ("r",), "resume…", "Plan what finishes it, and look.", effect=Effect.CHANGE),
    Action("abort", ("a",), "give up…", "Throw away what has arrived.", effect=Effect.DESTRUCTION),
)
JOBS = (named(ACTIONS, "cancel"),)
PRUNE = (
    Action("destroy", ("D",), "destroy…", "Destroy the snapshot.", effect=Effect.DESTRUCTION),
    Action(
        "all", ("A",), "all that may go…", "Destroy all that may go.", effect=Effect.DESTRUCTION
    ),
    Action("other", ("o",), "other side", "The other side's snapshots."),
)
HOLDS = (
    Action("release", ("R",), "release…", "Take the hold away.", effect=Effect.CHANGE),
    named(ACTIONS, "hold"),
)
DIVERGENCE = (named(ACTIONS, "roll_back"),)
AUDIT = (
    Action("open", ("enter",), "what to do", "The catalogue's page of the finding."),
    Action("again", ("r",), "audit again", "Read both hosts again."),
)
KEYS = (
    Action("load", ("l",), "load…", "Load the key, step by step.", effect=Effect.CHANGE),
    Action("lock", ("u",), "lock…", "Unmount, and take the key away.", effect=Effect.CHANGE),
    Action("test", ("v",), "test a key…", "Try a key without loading it.", effect=Effect.CHANGE),
    Action("rehearse", ("r",), "rehearse…", "Rehearse a failover, timed.", effect=Effect.CHANGE),
    Action("purpose", ("p",), "purpose…", "Vault or warm standby.", effect=Effect.CHANGE),
    Action("cancel", ("c",), "cancel timer…", "The key stays loaded.", effect=Effect.CHANGE),
    Action("build", ("b",), "build a vault…", "From nothing, step by step.", effect=Effect.CHANGE),
)
PLAYBOOK = (
    _HELP,
    Action("open", ("enter",), "open", "A finding's page; do the next step, or copy its command."),
    Action("page", ("i",), "page", "The catalogue's page of the finding.", footer=False),
    Action("do_next", ("n",), "do next…", "Do the next step on the route, which asks."),
    Action("step_1", ("1",), "step again", "What is being sent, again.", call="again(1)"),
    Action("step_2", ("2",), "step again", "The receiver, again.", call="again(2)"),
    Action("step_3", ("3",), "step again", "Disk, CPU or network, again.", call="again(3)"),
    Action("step_4", ("4",), "step again", "Receive and stream, again.", call="again(4)"),
    Action("refresh", REFRESH.keys, "all again", "All four steps.", footer=False, call="all_again"),
    Action("report", ("r",), "report", "Write the incident report."),
    _COPY,
    Action("back", ("escape",), "back", "To the route; measuring ends.", call="leave"),
    _LEAVE,
)
CHARTS = (
    _HELP,
    Action("span", ("w",), "span", "Lag and rate over another span: 24 h, 7 d, 1 h."),
    Action("chart_1", ("1",), "chart", "To lag.", call="go(1)"),
    Action("chart_2", ("2",), "chart", "To rate.", call="go(2)"),
    Action("chart_3", ("3",), "chart", "To the source's latency.", call="go(3)"),
    Action("chart_4", ("4",), "chart", "To the destination's latency.", call="go(4)"),
    Action("chart_5", ("5",), "chart", "To increments.", call="go(5)"),
    _COPY,
    Action(
        "refresh", REFRESH.keys, "read again", "When the jobs ended.", footer=False, call="again"
    ),
    Action("back", ("escape",), "back", "To the route.", call="leave"),
    _LEAVE,
)

PROGRAM = tuple(each for each in ACTIONS if each.id in {"quit", "palette"})
_LIST = (*LIST, *ROWS, *PROGRAM)
_MARKED = (*_LIST, MARK)
_TOP = (*TOP, *(each for each in _LIST if each.id not in {"back", "leave", "quit"}))
# By the name of the action that opens it, or its own: all that can be pressed there.
SCREENS: Mapping[str, tuple[Action, ...]] = {
    "route": (*ACTIONS, *TREES),
    "overview": (*OVERVIEW, *_TOP),
    "first_start": (*FIRST, *_TOP),
    "host": (*HOST, *_LIST),
    "new_route": (*FORM, *_LIST),
    "places": (*PLACES, *_LIST),
    "tokens": (*TOKENS, *_MARKED),
    "jobs": (*JOBS, *_MARKED),
    "prune": (*PRUNE, *_MARKED),
    "holds": (*HOLDS, *_MARKED),
    "roll_back": (*DIVERGENCE, *_MARKED),
    "audit": (*AUDIT, *_MARKED),
    "keys": (*KEYS, *_MARKED),
    "playbook": (*PLAYBOOK, *ROWS, *PROGRAM),
    "charts": (*CHARTS, *ROWS, *PROGRAM),
}


def by_name() -> dict[str, tuple[Action, ...]]:
    """Every action by its name, as each screen has it."""
    found: dict[str, tuple[Action, ...]] = {}
    for actions in SCREENS.values():
        for action in actions:
            found[action.id] = (*found.get(action.id, ()), action)
    return found
