"""Pages on what stops a key procedure."""

from __future__ import annotations

from sealift.playbook.catalogue.page import Group, Page

PROCEDURES = (
    Page(
        "key-file-missing",
        Group.KEYS,
        title="The file with the key cannot be read",
        means=(
            "Nothing was loaded and nothing changed. A key file of this machine is read here and "
            "travels on stdin; one of the host is named by a path there, and read by `zfs`."
        ),
        recognised="Opening the file, or `Failed to open key material file` of `zfs load-key`.",
        do=(
            "See which machine the path is meant for: this one, or the host of the dataset.\n"
            "Bring the medium that has the file, or name another place for this once: the choice "
            "`where the host looks for it` takes a path.\n"
            "Type the key instead, if it is a passphrase or has 64 hex digits."
        ),
        dont=(
            "Copying the key file to a vault so that the path is right: it would stay there.\n"
            "Making a new file with the same name: a key cannot be made again."
        ),
    ),
    Page(
        "key-not-loaded",
        Group.KEYS,
        title="The key is not loaded any more",
        means=(
            "Between two steps of a procedure somebody or something took the key away: another "
            "operator, a lock timer, a restart of the host. What was mounted may be so no longer."
        ),
        recognised="`zfs get keystatus` after a step that needs the key: `unavailable`.",
        do=(
            "Look at the timers in the list of keys (k): one that was due has locked it.\n"
            "Ask who else works there: `zpool history -il POOL` as root can name who unloaded it.\n"
            "Start the procedure again."
        ),
        dont="Loading it again before it is known who took it away, and why.",
    ),
    Page(
        "keys-are-logged",
        Group.KEYS,
        title="No secret is asked for while pressed keys are written down",
        means=(
            "Textual was told to log (`TEXTUAL_LOG`) or to be watched (`TEXTUAL=devtools`): every "
            "key that is pressed would be in its log, a passphrase too."
        ),
        recognised="The settings of Textual in the environment that sealift was started in.",
        do="Start sealift without `TEXTUAL_LOG` and `TEXTUAL`.",
        dont="Typing the passphrase anywhere else on this screen.",
    ),
    Page(
        "reason-missing",
        Group.KEYS,
        title="A key is only tried or loaded with a reason",
        means=(
            "The journal says of every key who tried or loaded it, when, and why. Without the last "
            "it is no proof of anything."
        ),
        recognised="The line was left empty.",
        do="Say it in a few words: a ticket, a name, the yearly rehearsal.",
        dont="Writing the passphrase there: the journal keeps it.",
    ),
    Page(
        "timer-lost",
        Group.KEYS,
        title="A lock timer does not run any more, and its key may still be loaded",
        means=(
            "The host was to lock by itself after some time. The process that waits for it is "
            "gone: it was killed, or the host ends what a login leaves behind (systemd with "
            "`KillUserProcesses=yes`)."
        ),
        recognised="The timer's folder on the host says that it waits, and no process does.",
        do=(
            "Lock it yourself: (u) in the list of keys (k).\n"
            "On a host with systemd: `loginctl enable-linger USER` lets it stay. Start the timer "
            "again and look whether it is in the list."
        ),
        dont="Relying on a timer that is not in the list.",
    ),
)
