"""The words of key procedures: pure functions from steps and trees to paragraphs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from sealift.hosts.trouble import Trouble
from sealift.keys.calls import Source
from sealift.keys.state import KeyDataset, KeyRoot
from sealift.keys.steps import Kind, Step, StepId
from sealift.keys.timer import Timer, TimerState
from sealift.mentions import CANCEL_TIMER, LOCK
from sealift.ui import dialogs, text

OPENS = (
    "Loading its key makes everything below readable by every root user of {} until you lock it "
    "again."
)

# What every host has. A replica brings the mountpoints of its source along, and OpenZFS mounts over
# a folder that is not empty (overlay=on since 2.0).
_OF_THE_HOST = re.compile(
    "/|/(bin|boot|dev|etc|home|lib|lib64|opt|proc|root|run|sbin|srv|sys|tmp|usr|var)"
    "|/usr/(home|local)|/var/(lib|log|tmp)"
)


def title(kind: Kind, where: str, roots: Sequence[str]) -> str:
    """What stands over every step: the procedure, and what it is about."""
    several = f" and {len(roots) - 1} more" if len(roots) > 1 else ""
    return f"{kind.value}: {where}:{roots[0]}{several}"


def place(steps: Sequence[Step], at: StepId) -> str:
    """Which of the steps that are shown this is. A title would be cut on a narrow screen."""
    shown = [each for each in steps if each.shown]
    number = next((n for n, each in enumerate(shown, 1) if each.id is at), len(shown))
    name = next((each.title for each in shown if each.id is at), "")
    return f"Step {number} of {len(shown)}: {name}"


def step(shown: Step, commands: Sequence[str]) -> list[str]:
    """What a step does and why, its commands with their host, and its check."""
    return [
        f"{shown.does}\n{shown.why}",
        *(["\n".join(commands)] if commands else []),
        f"Goes on when: {shown.check}.",
    ]


def roots(found: Sequence[KeyRoot]) -> str:
    """The encryption roots, a line each, and what inherits from them."""
    return "\n".join(_root(each) for each in found)


def _root(root: KeyRoot) -> str:
    inherit = text.count(len(root.members) - 1, "dataset")
    return (
        f"Encryption root  {root.name}  ({inherit} inherit)   keyformat "
        f"{root.dataset.key_format or text.UNKNOWN}   keylocation {root.dataset.key_location}   "
        f"{'loaded' if root.open else 'not loaded'}"
    )


def above(asked: str, root: KeyRoot) -> list[str]:
    """That a root lies above what the route is about, if it does."""
    if f"{root.name}/".startswith(f"{asked}/"):
        return []
    return [
        f"! {asked} inherits its key from {root.name}, which opens also what is not in this route."
    ]


def warning(where: str, *, vault: bool) -> str:
    """What loading a key means there."""
    means = OPENS.format(where)
    if not vault:
        return means
    return (
        f"This dataset is a vault: it is meant never to hold a key. {means} Whoever takes a copy "
        "of the host's memory meanwhile has the key for good."
    )


def sources(where: str, found: Sequence[KeyRoot]) -> list[str]:
    """Where a key may come from, and what each means."""
    raw = any(root.dataset.key_format == "raw" for root in found)
    files = [root for root in found if root.expects_file]
    location = "; ".join(f"{root.name}: {root.dataset.key_location}" for root in files)
    lines = [
        "Typed here: it travels to `zfs load-key` on its stdin, over the encrypted connection, and "
        "is overwritten afterwards." + (" A raw key cannot be typed." if raw else ""),
        "A file on this machine: it is read here and travels in the same way. The host keeps none.",
        f"Where {where} looks for it: a file there that you name"
        + (f", or its keylocation ({location})." if files else "."),
    ]
    if files:
        lines.append(
            "keylocation names a file. On a replica it came along from the source; if that file "
            "is there, whoever has the host has the key."
        )
    return lines


def readable(found: Sequence[KeyRoot]) -> str:
    """What can be read now, and where."""
    lines = []
    for root in found:
        for each in root.members:
            size = text.size(each.referenced)
            if not each.open:
                state = "locked"
            elif each.mounted:
                state = f"readable at {each.mountpoint}"
            else:
                why = each.unmountable or "not mounted"
                state = f"open, {why}"
            lines.append(f"{each.name}  {size}  {state}")
    return "\n".join(lines)


def open_still(found: Sequence[KeyRoot]) -> list[str]:
    """What a procedure that has stopped leaves open; nothing, if it leaves nothing."""
    names = ", ".join(root.name for root in found if root.open)
    if not names:
        return []
    return [f"! The key is loaded: {names}. Lock it {LOCK}, or its timer does if it has one."]


def unknown(where: str, names: Sequence[str]) -> str:
    """What is said where nobody can tell whether a key is loaded."""
    return (
        f"! Whether a key is loaded is not known now: {where} does not say. Count "
        f"{', '.join(names)} as open until the list of keys says locked."
    )


def mounting(where: str, found: Sequence[KeyRoot]) -> list[str]:
    """Where what can be mounted would be; a place of the host's own stands out."""
    named = [each for root in found for each in root.to_mount]
    if not named:
        return []
    lines = [f"mounted, {each.name} is at {each.mountpoint}" for each in named]
    hidden = [each.mountpoint for each in named if _OF_THE_HOST.fullmatch(each.mountpoint)]
    if hidden:
        lines.append(
            f"! {', '.join(hidden)}: {where} has a folder of its own there, which is hidden as "
            "long as this is mounted. Logins and services may need it."
        )
    return ["\n".join(lines)]


def timer_left(trouble: Trouble) -> str:
    """It is locked, and a timer for it still runs."""
    return (
        f"! Its timer was not ended: {trouble.what}. It would lock the key again that is loaded "
        f"before it is due; cancelling it {CANCEL_TIMER} prevents that."
    )


def unwritten(trouble: Trouble) -> str:
    """It was locked without a line in the journal."""
    return (
        f"! That it was locked is not in the journal: {trouble.what}. Note it down yourself: the "
        "journal's last word on this key is that it was loaded."
    )


def taken_along(found: Sequence[KeyDataset]) -> list[str]:
    """What unmounting takes along although it has another key."""
    if not found:
        return []
    names = ", ".join(each.name for each in found)
    return [f"! Unmounted with it, being below: {names}. Its own key, if any, stays as it is."]


def verified(good: Sequence[str], bad: Mapping[str, Trouble], where: str, source: Source) -> str:
    """Which roots a key opens, and which it does not."""
    lines = [f"✓ {name}: it opens it ({source.value})" for name in good]
    lines += [f"! {name}: {trouble.what}" for name, trouble in bad.items()]
    return "\n".join(lines) + f"\nNothing was loaded on {where}."


def timer(found: Timer) -> str:
    """When a timer locks, or why it will not."""
    names = ", ".join(found.roots)
    due = f"{found.due:%H:%M:%S} UTC"
    words = {
        TimerState.WAITING: f"locks {names} at {due}, in {text.duration(max(0, found.left))}",
        TimerState.BUSY: f"was due at {due}; {names} is not locked yet, mostly because it "
        "is in use: it is tried every half minute",
        TimerState.LOCKED: f"has locked {names}",
        TimerState.CANCELLED: f"was cancelled; {names} stays as it is",
        TimerState.LOST: f"is gone without having locked {names}: lock it yourself",
        TimerState.REBOOTED: f"went with a restart of the host, and so did the key of {names}",
    }
    return f"Timer {found.id} of {found.operator} {words[found.state]}."


def troubled(trouble: Trouble) -> list[str]:
    """A trouble above a step that may be tried again."""
    return [f"! {trouble.finding}", *dialogs.trouble_paragraphs(trouble)]
