"""Pages on jobs, on what sealift refuses, and on its own failures."""

from __future__ import annotations

from sealift import mentions
from sealift.mentions import LOG, SEND, TOKENS
from sealift.playbook.catalogue.page import Group, Page

JOBS = (
    Page(
        "transfer-interrupted",
        Group.JOBS,
        title="The transfer was cut off, and nobody said why",
        means=(
            "The pipeline ended in the middle: a host, the network or one of its programs went "
            "away. With `receive -s` what arrived is saved on the destination."
        ),
        recognised=(
            "The exit codes of the pipeline's stages and what each wrote. None of it is in the "
            "catalogue of messages."
        ),
        do=(
            f"Read what the hosts said {mentions.JOBS}, and on both `dmesg` and `journalctl` for "
            "that minute.\n"
            "Check that both hosts answer and that neither was restarted: `uptime`.\n"
            f"Send again {SEND}: it goes on where it stopped."
        ),
        dont="Aborting the token to start afresh: that sends everything again.",
    ),
    Page(
        "transfer-failed",
        Group.JOBS,
        title="The pipeline was refused, in words that sealift does not know",
        means=(
            "`zfs`, `ssh` or a shell stopped it with a message that is not in the catalogue, so "
            "the job did not try again by itself."
        ),
        recognised="What the stages of the pipeline wrote, none of it known to be harmless.",
        do=(
            "Read the message below it, the receiver's first: it is mostly the cause, and the "
            "sender's broken pipe its echo.\n"
            "Look at the destination: `zpool status`, `zfs get receive_resume_token DEST`, the "
            "newest snapshots.\n"
            f"Plan again {SEND}: many obstacles are seen before anything is sent.\n"
            "Look for the words among the issues of openzfs/zfs, and report them to us."
        ),
        dont=("Repeating it until it works.\nAdding `-F` because a message suggests it."),
    ),
    Page(
        "job-lost",
        Group.JOBS,
        title="A job is gone without having ended",
        means=(
            "Its coordinator was restarted, or its runner was killed. Nothing goes on by itself "
            "any more. What the destination has received is kept there."
        ),
        recognised=(
            "The job's folder on the coordinator says that it runs, and no such process exists, "
            "or the host has started anew since."
        ),
        do=(
            "See why: `uptime`, and the kernel's memory guard in `dmesg`.\n"
            "If it ended when somebody logged out, systemd ends that user's processes: `loginctl "
            "enable-linger USER`.\n"
            f"Send again {SEND}: the plan starts from what the destination has, its resume token "
            "included."
        ),
        dont=(
            "Aborting the token that it left.\nRemoving its folder before its log has been read."
        ),
    ),
    Page(
        "cancelled",
        Group.JOBS,
        title="The job was cancelled",
        means=(
            "Somebody ended it. Whole snapshots that arrived stay, and the part of the one under "
            "way is saved as a resume token, which keeps other streams out of that dataset."
        ),
        recognised="The job's own record on its coordinator.",
        do=(
            "Ask whoever cancelled it: the reason may still hold.\n"
            f"Send again {SEND}: it goes on from there.\n"
            f"Or give the token up, after reading what that destroys {TOKENS}."
        ),
        dont="Releasing the job's holds meanwhile: base and target are needed to go on.",
    ),
    Page(
        "plan-changed",
        Group.JOBS,
        title="It is not any more as it was shown",
        means=(
            "Between the preview and your word something changed on a host: snapshots came or "
            "went, a token moved, somebody else was at work. Nothing was done."
        ),
        recognised="Both sides are read again before a change; the result was another one.",
        do=(
            "Look again: the same key plans anew from what is there now.\n"
            "If it happens again and again, find what keeps changing it (a timer, another job) and "
            "let it finish first."
        ),
        dont="Pasting the old command by hand.",
    ),
    Page(
        "read-only",
        Group.JOBS,
        title="This session may not change anything",
        means="Sealift was started read-only, or the route is. The command was not run anywhere.",
        recognised="The gate through which every command goes: it lets only reads pass.",
        do=(
            "See what would be done: `sealift plan`, which changes nothing.\n"
            "If the change is wanted and yours to make, start sealift without `--read-only`, and "
            "look at `read_only` of the route in the configuration."
        ),
        dont="Pasting the command into a shell: somebody wanted this session read-only.",
    ),
    Page(
        "journal-not-written",
        Group.JOBS,
        title="The journal cannot be written",
        means=(
            "What is changed from now on is done, but not written down: who did it, when and why "
            "will be missing from the timeline of a report."
        ),
        recognised="Writing the journal's file on this machine failed.",
        do=(
            "See whether the disk is full: `df -h ~/.local/state`.\n"
            "See whose the file is: `ls -l` of the path in the message. Give it back to you if "
            "root made it.\n"
            "Or have it elsewhere: start sealift with another `XDG_STATE_HOME`.\n"
            "Write down by hand what you change meanwhile."
        ),
        dont="Removing the old journal to make room: it is the only record of the route's past.",
    ),
    Page(
        "config-not-written",
        Group.JOBS,
        title="The config was not written",
        means="A new route was to be written down on this machine. Nothing was changed.",
        recognised=(
            "The file was made by hand, or appeared or changed meanwhile, or writing it failed."
        ),
        do=(
            "Paste the table that the screen shows into the file yourself; "
            "`sealift config check` reads it strictly.\n"
            "See whose the file is and whether the disk is full: `sealift config path`, then "
            "`ls -l` and `df -h` of what it says."
        ),
        dont="Removing a config that somebody wrote so that sealift can make its own.",
    ),
    Page(
        "report-not-written",
        Group.JOBS,
        title="The report cannot be written",
        means="Nothing of it was kept. The diagnosis itself is still on the screen.",
        recognised="Writing the report's file on this machine failed.",
        do=(
            "See whether the folder has room and may be written: `df -h FOLDER`, "
            "`ls -ld FOLDER`.\n"
            "Start sealift in another folder, or name a file: `sealift diagnose --report FILE`.\n"
            "Or keep `sealift diagnose --json` in a file."
        ),
        dont="Leaving the incident without one: the counters it draws on are gone tomorrow.",
    ),
    Page(
        "command-failed",
        Group.JOBS,
        title="A command failed, or answered what sealift cannot read",
        means=(
            "What it was to tell is unknown now; everything else goes on. Its version may be "
            "older or newer than sealift knows, or something else writes into its output."
        ),
        recognised=(
            "An exit code with a message that is not in the catalogue, an answer in another form "
            "than expected, or one without end."
        ),
        do=(
            "Read what the host said, below.\n"
            f"Run the command there, as the command log shows it {LOG}.\n"
            "Check `zfs version`, and that the disk of the home folder is not full: `df -h`.\n"
            "Report text and version to us."
        ),
        dont="Taking what is not shown for absent: it is not known.",
    ),
    Page(
        "sealift-defect",
        Group.JOBS,
        title="Sealift made a mistake",
        means=(
            "A part of sealift failed in a way that nobody thought of. Hosts and jobs are not "
            "touched by it; what this part shows may be old."
        ),
        recognised="An error inside sealift, while it read or worked out what a host said.",
        do=(
            "Report the text below it, with `sealift --version`.\n"
            "Read both hosts again (ctrl+r). If it stays, `sealift status` or `zfs` by hand.\n"
            "Jobs go on: `sealift jobs` follows them."
        ),
        dont="Ending jobs because of it.",
    ),
)
