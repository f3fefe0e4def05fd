"""The keys that sentences mention, as they stand in them: `f"Send again {SEND}."`.

Each is the usual key of the action; the screen puts the user's own there (`Keymap.in_words`).
"""

from __future__ import annotations

from sealift.keymap import mention

# On the route screen.
AUDIT = mention("audit")
CANCEL = mention("cancel")
COPY = mention("copy")
HOLD = mention("hold")
HOLDS = mention("holds")
JOBS = mention("jobs")
KEYS = mention("keys")
LOG = mention("log")
PLAYBOOK = mention("playbook")
PRUNE = mention("prune")
QUIT = mention("quit")
ROLL_BACK = mention("roll_back")
SEND = mention("send")
SNAPSHOT = mention("snapshot")
TOKENS = mention("tokens")

# On a screen that it opens.
BUILD = mention("keys", "build")
CANCEL_TIMER = mention("keys", "cancel")
DESTROY = mention("prune", "destroy")
DO_NEXT = mention("playbook", "do_next")
HOLD_THERE = mention("holds", "hold")
LOAD = mention("keys", "load")
LOCK = mention("keys", "lock")
OTHER_SIDE = mention("prune", "other")
RELEASE = mention("holds", "release")
RESUME = mention("tokens", "resume")
TEST = mention("keys", "test")
