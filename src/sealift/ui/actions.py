"""Every action of the program, once: keys, footer, palette, help and tests all read this table."""

from __future__ import annotations

from dataclasses import dataclass

from textual.binding import Binding

from sealift.zfs.commands import Effect


@dataclass(frozen=True, slots=True)
class Action:
    """Something the operator can do on the route screen, or else before a route is open.

    `effect` is what it can lead to once it is confirmed; an action that leads to more than reading
    is off in a read-only session. `keys` are Textual's names, the first one is shown. `footer`
    says whether the footer has room for it.
    """

    id: str
    keys: tuple[str, ...]
    title: str
    help: str
    effect: Effect = Effect.READ
    footer: bool = True
    shown_key: str = ""
    on_route: bool = True

    def binding(self) -> Binding:
        """The action as Textual binds it; its id lets a user's keymap move it."""
        return Binding(
            ",".join(self.keys),
            self.id,
            self.title,
            show=self.footer,
            key_display=self.shown_key or None,
            id=self.id,
        )


ACTIONS = (
    Action("help", ("question_mark", "f1"), "help", "This page.", shown_key="?"),
    Action("filter", ("slash",), "filter", "Show only rows with a text in them.", shown_key="/"),
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
    Action(
        "new_route",
        ("N",),
        "new route…",
        "From all routes: choose source and destination, and write the route into the config.",
        on_route=False,
    ),
    Action("log", ("at",), "log", "The command log, large or small.", footer=False, shown_key="@"),
    Action(
        "maximise",
        ("z", "plus"),
        "zoom",
        "The pane with the focus on the whole screen, and back.",
        footer=False,
        shown_key="z",
    ),
    Action("refresh", ("ctrl+r", "f5"), "refresh", "Read both hosts now.", footer=False),
    Action(
        "copy",
        ("y",),
        "copy",
        "Send the text under the cursor to the terminal's clipboard, and show it in a box.",
        footer=False,
    ),
    Action("palette", ("colon", "ctrl+p"), "more", "Find an action by name.", shown_key=":"),
    Action(
        "quit",
        ("q", "ctrl+q"),
        "quit",
        "Leave. A job that runs goes on without us.",
        shown_key="q",
    ),
)
