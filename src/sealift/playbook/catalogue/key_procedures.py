"""Pages on what stops a guided key procedure, or leaves it open."""

from __future__ import annotations

from sealift.mentions import KEYS, LOAD, LOCK, QUIT, TEST
from sealift.playbook.catalogue.page import Group, Page

KEY_PROCEDURES = (
    Page(
        "key-file-missing",
        Group.KEYS,
        title="The key file that was named cannot be read",
        means=(
            "There is no file of that name, it cannot be read, or the path is not absolute. "
            "Nothing was sent to the host, and nothing was loaded."
        ),
        recognised=(
            "What this machine said when it opened the file. A file on the host is named by its "
            "absolute path."
        ),
        do=(
            "Look at the path: `ls -l FILE`, on the machine where the file is meant to be.\n"
            "Name another file, or type the key (`Type it`).\n"
            "If the file is gone for good, find the key in the place where it is kept for a "
            f"disaster, and try it there and then {TEST}."
        ),
        dont="Copying the key to the host to have it found there: whoever has the host has it.",
    ),
    Page(
        "key-not-loaded",
        Group.KEYS,
        title="The key is not loaded any more",
        means=(
            "`zfs load-key` said that it had loaded it, and `zfs get keystatus` says "
            "`unavailable`. Somebody, or a lock timer that was due, took it away again meanwhile."
        ),
        recognised="`keystatus` of the encryption root, read anew after the step.",
        do=(
            f"Look at the lock timers in the list of keys {KEYS}: one may have been due.\n"
            "Ask who else works there; `zpool history -il POOL` as root can name `unload-key`, "
            "with user and time.\n"
            f"Load it again {LOAD}."
        ),
        dont="Loading it again and again: what takes it away is found first.",
    ),
    Page(
        "keys-are-logged",
        Group.KEYS,
        title="No secret is asked for: the screen's keys are being logged",
        means=(
            "`TEXTUAL_LOG` or `TEXTUAL=devtools` has what sealift's screen is made with write "
            "every pressed key down. A passphrase would be among them."
        ),
        recognised="Both are looked for before a secret is asked for.",
        do=(
            f"Leave sealift {QUIT}, and start it without them: `env -u TEXTUAL -u TEXTUAL_LOG "
            "sealift ROUTE`.\n"
            "If a passphrase was typed into something that logs, count it as known: change it on "
            "the source, `zfs change-key ENCRYPTIONROOT`."
        ),
        dont="Typing it elsewhere, on a command line say: the shell's history keeps it.",
    ),
    Page(
        "reason-missing",
        Group.KEYS,
        title="No reason was given",
        means=(
            "Whenever a key is tried or loaded, the journal says who did it, when and why. Without "
            "a reason nothing is done."
        ),
        recognised="The line for the reason is empty.",
        do="Say it in a few words: the number of a ticket, who asked for it, `rehearsal`.",
        dont="Writing the passphrase, or where it is kept, into the reason: the journal keeps it.",
    ),
    Page(
        "timer-lost",
        Group.KEYS,
        title="The lock timer does not run",
        means=(
            "It was started, and its process is gone before it locked. The key stays loaded until "
            "somebody takes it away or the host restarts. Mostly the host ends what a login leaves "
            "behind: `KillUserProcesses=yes` of systemd-logind."
        ),
        recognised=(
            "The host's list of timers: one whose process is not there, of the same start of the "
            "host, that has neither locked nor been cancelled. It is looked for once after its "
            "start, and whenever the list of keys is open."
        ),
        do=(
            f"Lock it yourself when you are done {LOCK}, and mind that nothing else will.\n"
            "Look why it went: `~/.local/state/sealift/locks/ID/log` on the host.\n"
            "So that the next one stays: `loginctl enable-linger USER` there."
        ),
        dont="Leaving the screen in the belief that the key goes by itself.",
    ),
)
