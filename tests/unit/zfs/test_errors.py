# ruff: noqa: E501 - messages stand here as they are printed
"""Every message of the catalogue is recognised as it is printed, and nothing else is."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealift.zfs.errors import CATALOGUE, Explained, Retry, Weight, explain

_NEW, _INC, _RESUME = (
    "cannot receive new filesystem stream: ",
    "cannot receive incremental stream: ",
    "cannot receive resume stream: ",
)

# What the programs print, by the id of the entry that has to come first.
SAMPLES = [
    # send
    (
        "properties-need-raw",
        "cannot send tank/prod@rep-2: encrypted dataset tank/prod may not be sent with properties without the raw flag\nwarning: cannot send 'tank/prod@rep-2': backup failed",
    ),
    (
        "properties-need-raw",
        "cannot send a@s: encrypted dataset a may not be sent with properties without the raw flag or no-preserve-encryption flag",
    ),
    ("key-needed-to-send", "warning: cannot send 'tank/my data@s': dataset key must be loaded"),
    ("key-needed-to-send", "warning: cannot send 'tank@s': source key must be loaded"),
    (
        "incremental-source-missing",
        "warning: cannot send 'tank@b': incremental source (tank@a) does not exist",
    ),
    (
        "not-an-earlier-snapshot",
        "warning: cannot send 'tank@b': not an earlier snapshot from the same fs",
    ),
    (
        "child-base-missing",
        "WARNING: could not send tank/x@b:\nincremental source (tank/x@a) does not exist",
    ),
    (
        "base-not-earlier",
        "WARNING: could not send tank@b:\nincremental source (tank@b) is not earlier than it",
    ),
    ("child-snapshot-missing", "WARNING: could not send tank/x@s: does not exist"),
    (
        "tree-lacks-snapshot",
        "cannot send tank@s recursively: snapshot tank/x@s does not exist\nwarning: cannot send 'tank@s': backup failed",
    ),
    (
        "datasets-skipped",
        "WARNING: skipping dataset tank/x and its children: snapshot s does not exist",
    ),
    ("dataset-newer-than-snapshot", "skipping dataset tank/x: snapshot s does not exist"),
    ("dataset-missing", "cannot open 'tank/prod@a': dataset does not exist"),
    (
        "bad-incremental-source",
        "incremental source must be in same filesystem\nusage:\n\tsend [-DLPbcehnpsVvw] ...",
    ),
    ("bad-incremental-source", "invalid incremental source"),
    ("many-from-bookmark", "Error: multiple snapshots cannot be sent from a bookmark."),
    ("send-target-not-a-snapshot", "Error: Unsupported flag with filesystem or bookmark."),
    ("raw-not-redacted", "Error: raw sends may not be redacted."),
    (
        "send-to-terminal",
        "Error: Stream can not be written to a terminal.\nYou must redirect standard output.",
    ),
    ("send-broken-pipe", "warning: cannot send 'tank@s': Broken pipe"),
    ("send-interrupted", "warning: cannot send 'tank@s': signal received"),
    ("send-read-error", "warning: cannot send 'tank@s': Input/output error"),
    ("send-permission-missing", "warning: cannot send 'tank@s': permission denied"),
    ("send-permission-missing", "cannot send 'tank': permission denied"),
    ("source-format-too-old", "warning: cannot send 'tank@s': unsupported version or feature"),
    (
        "too-many-snapshots-in-package",
        "warning: cannot send 'tank@s': the size of the list of snapshots and properties is too large to be received successfully.\nSelect a smaller number of snapshots to send.",
    ),
    (
        "large-microzaps",
        "warning: cannot send 'tank@s': source snapshot contains large microzaps, need -L (--large-block) or -w (--raw) to generate stream",
    ),
    (
        "live-filesystem-sent",
        "warning: cannot send 'tank': target is busy; if a filesystem, it must not be mounted",
    ),
    ("token-corrupt", "cannot resume send: resume token is corrupt (incorrect checksum)"),
    ("token-corrupt", "cannot resume send: resume token is corrupt (invalid version 2)"),
    ("token-corrupt", "cannot resume send: resume token is corrupt"),
    (
        "token-snapshot-gone",
        "cannot resume send: 'tank@s' used in the initial send no longer exists",
    ),
    (
        "token-snapshot-replaced",
        "cannot resume send: 'tank@s' is no longer the same snapshot used in the initial send",
    ),
    (
        "token-base-gone",
        "cannot resume send: incremental source 0x48b30805fc767ab2 no longer exists",
    ),
    ("flags-with-token", "invalid flags combined with -t\nusage:"),
    ("internal-error", "internal error: warning: cannot send 'tank@s': Unknown error 1037"),
    ("estimate-failed", "warning: cannot estimate space for 'tank@s': permission denied"),
    ("backup-failed", "warning: cannot send 'tank@s': backup failed"),
    # receive
    ("nothing-received", "cannot receive: failed to read from stream"),
    (
        "receive-from-terminal",
        "Error: Backup stream can not be read from a terminal.\nYou must redirect standard input.",
    ),
    ("not-a-stream", "cannot receive: invalid stream (bad magic number)"),
    ("not-a-stream", "cannot receive: invalid stream (malformed nvlist)"),
    ("not-a-stream", "cannot receive: incorrect header checksum"),
    (
        "base-not-on-destination",
        _INC + "most recent snapshot of backup/my data does not\nmatch incremental source",
    ),
    (
        "destination-modified",
        _INC + "destination backup/prod has been modified\nsince most recent snapshot",
    ),
    (
        "destination-exists",
        _NEW + "destination 'backup/prod' exists\nmust specify -F to overwrite it",
    ),
    (
        "destination-has-snapshots",
        _NEW + "destination has snapshots (eg. backup/prod@a)\nmust destroy them to overwrite it",
    ),
    (
        "no-overwrite-with-encrypted",
        _NEW
        + "zfs receive -F cannot be used to destroy an encrypted filesystem or overwrite an unencrypted one with an encrypted one",
    ),
    (
        "raw-onto-unencrypted",
        _INC + "cannot perform raw receive on top of existing unencrypted dataset",
    ),
    ("key-lineage-differs", _INC + "encryption key does not match existing key"),
    ("encryption-key-not-created", _NEW + "failed to create encryption key"),
    ("inherited-key-needed", _NEW + "inherited key must be loaded"),
    (
        "ivset-missing",
        _RESUME
        + "IV set guid missing. See errata 4 at https://openzfs.github.io/openzfs-docs/msg/ZFS-8000-ER.",
    ),
    (
        "ivset-differs",
        _INC
        + "IV set guid mismatch. See the 'zfs receive' man page section\n discussing the limitations of raw encrypted send streams.",
    ),
    (
        "ivset-differs",
        _INC
        + "IV set guid mismatch. The incremental source snapshot on the\ndestination no longer has the IV set it was sent with, most commonly\nbecause",
    ),
    (
        "large-blocks-differ",
        _INC + "incremental send stream requires -L (--large-block), to match previous receive.",
    ),
    (
        "sender-too-old",
        _INC
        + "Spill block flag missing for raw send.\nThe zfs software on the sending system must be updated.",
    ),
    ("pool-feature-missing", _NEW + "pool must be upgraded to receive this stream."),
    (
        "stream-feature-unknown",
        _NEW + "stream has unsupported feature, feature flags = 4000007 (unknown flags = 4000000)",
    ),
    (
        "stream-feature-unknown",
        "cannot receive: stream has unsupported feature, feature flags = 4000007",
    ),
    ("crypto-unknown", _NEW + "stream uses crypto parameters not compatible with this pool"),
    (
        "partially-complete-state",
        _INC + 'destination backup/prod contains partially-complete state from "zfs receive -s".',
    ),
    ("receive-dataset-busy", _INC + "dataset is busy"),
    (
        "interrupted-and-saved",
        _INC
        + "checksum mismatch or incomplete stream.\nPartially received snapshot is saved.\nA resuming stream can be generated on the sending system by running:\n    zfs send -t 1-b338b54f3-c0-789c63",
    ),
    ("stream-damaged", _INC + "checksum mismatch"),
    ("stream-incomplete", _INC + "incomplete stream"),
    (
        "resume-into-wrong-dataset",
        _RESUME + "kernel modules must be upgraded to receive this stream.",
    ),
    ("stream-does-not-fit", _INC + "invalid backup stream"),
    (
        "embedded-into-encrypted",
        _NEW + "incompatible embedded data stream feature with encrypted receive.",
    ),
    (
        "resume-needs-force",
        _RESUME
        + "Resuming recv on existing destination 'backup/prod'\nmust specify -F to overwrite it",
    ),
    (
        "resume-needs-force",
        "cannot resume recv backup/prod: Resuming recv on existing dataset without force",
    ),
    ("destination-missing", _INC + "destination 'backup/prod' does not exist"),
    ("quota-reached", _INC + "destination backup/prod space quota exceeded."),
    ("destination-full", _NEW + "out of space"),
    ("snapshot-name-taken", "cannot restore to backup/prod@a: destination already exists"),
    ("clone-origin-missing", _NEW + "local origin for clone backup/c@a does not exist"),
    (
        "destination-of-wrong-kind",
        _NEW + "destination 'backup/c' is a clone\nmust destroy it to overwrite it",
    ),
    (
        "destination-of-wrong-kind",
        "cannot receive: cannot specify snapshot name for multi-snapshot stream",
    ),
    ("destination-of-wrong-kind", _NEW + "parent 'backup/vol' is not a filesystem"),
    (
        "encryption-property-on-raw",
        _NEW + "encryption property 'keyformat' cannot be set or excluded for raw streams.",
    ),
    ("property-not-set", "cannot receive readonly property on backup/prod: permission denied"),
    ("properties-unsettled", "Warning: failed to clear unreceived properties on backup/prod"),
    ("properties-unsettled", "Warning: failed to restore original properties on backup/prod"),
    ("properties-unsettled", "3 more properties could not be set"),
    ("receive-permission-missing", _NEW + "permission denied"),
    ("no-saved-state", "'backup/prod' does not have any resumable receive state to abort"),
    (
        "stream-head-too-large",
        _NEW
        + "zfs receive required kernel memory allocation larger than the system can support. Please file an issue at the OpenZFS issue tracker:\nhttps://github.com/openzfs/zfs/issues/new",
    ),
    (
        "module-older-than-tools",
        _NEW
        + "the loaded zfs module does not support this operation. A reboot may be required to enable this operation.",
    ),
    ("pool-suspended", _NEW + "pool I/O is currently suspended"),
    ("pool-readonly", _NEW + "pool is read-only"),
    (
        "deduplicated-stream",
        "cannot receive: stream has deprecated feature: dedup, try 'zstream redup [send in a file] | zfs recv [...]'",
    ),
    ("destination-io-error", _INC + "I/O error"),
    ("destination-io-error", _INC + "insufficient replicas"),
    (
        "chain-being-broken",
        "Warning: the snapshot 'backup/prod@b' is based on was received as a raw stream, but\nthis incremental is not raw; it re-encrypts the data with a new IV set,",
    ),
    # keys and mounting
    ("key-incorrect", "Key load error: Incorrect key provided for 'backup/prod'."),
    ("key-already-loaded", "Key load error: Key already loaded for 'backup/prod'."),
    (
        "key-of-root-needed",
        "Key load error: Keys must be loaded for encryption root of 'backup/prod/db' (backup/prod).",
    ),
    ("not-encrypted", "Key load error: 'backup/prod' is not encrypted."),
    (
        "key-file-missing",
        "Key load error: Failed to open key material file: No such file or directory",
    ),
    ("key-malformed", "Key load error: Raw key too short (expected 32)."),
    ("key-malformed", "Key load error: Hex key too long (expected 64)."),
    ("key-malformed", "Key load error: Invalid hex character detected."),
    ("key-malformed", "Key load error: Passphrase too short (min 8)."),
    ("key-permission-missing", "Key load error: Permission denied."),
    ("key-busy", "Key load error: 'backup/prod' is busy."),
    ("key-busy", "Key unload error: 'backup/prod' is busy."),
    ("key-already-unloaded", "Key unload error: Key already unloaded for 'backup/prod'."),
    ("key-change-refused", "Key change error: Key must be loaded."),
    ("key-change-refused", "Key change error: Parent key must be loaded."),
    ("key-change-refused", "Key change error: Keys cannot be changed on clones."),
    (
        "keylocation-refused",
        "cannot set property for 'tank/prod': keylocation must not be 'none' for encrypted datasets",
    ),
    (
        "keylocation-refused",
        "cannot set property for 'tank/prod': keylocation may only be set on encryption roots",
    ),
    ("suite-unknown", "Key load error: 'backup/prod' uses an unsupported encryption suite."),
    (
        "key-parameters-invalid",
        "Key load error: Invalid parameters provided for dataset backup/prod.",
    ),
    ("keys-loaded-count", "2 / 3 key(s) successfully loaded"),
    ("mount-key-missing", "cannot mount 'backup/prod': encryption key not loaded"),
    ("mount-not-meant", "cannot mount 'backup/prod': 'canmount' property is set to 'off'"),
    (
        "mount-not-meant",
        "cannot mount 'backup/prod': legacy mountpoint\nuse mount(8) to mount this filesystem",
    ),
    (
        "mount-partial",
        'cannot mount \'backup/prod\': Contains partially-completed state from "zfs receive -s", which can be resumed with "zfs send -t"',
    ),
    ("mount-authentication-failed", "cannot mount 'backup/prod': Input/output error"),
    ("mount-key-foreign", "cannot mount 'backup/prod': Permission denied"),
    ("mount-busy", "cannot mount '/backup/prod': directory is not empty"),
    ("mount-busy", "cannot mount 'backup/prod': Insufficient privileges"),
    ("unmount-busy", "cannot unmount '/backup/prod': pool or dataset is busy"),
    ("unmount-busy", "umount: /backup/prod: target is busy."),
    ("not-mounted", "cannot unmount 'backup/prod': not currently mounted"),
    # holds, destroying, rolling back, bookmarks
    ("hold-exists", "cannot hold snapshot 'tank@a': tag already exists on this dataset"),
    ("hold-tag-too-long", "cannot hold snapshot 'tank@a': tag too long"),
    ("hold-missing", "cannot release hold from snapshot 'tank@a': no such tag on this dataset"),
    (
        "hold-permission-missing",
        "cannot hold snapshot 'tank@a': permission denied\ncannot send 'tank': permission denied",
    ),
    ("hold-snapshot-missing", "cannot hold snapshot 'tank@a': dataset does not exist"),
    ("snapshot-held", "cannot destroy snapshot tank@a: dataset is busy"),
    (
        "snapshot-held",
        "cannot destroy snapshot tank@a: it's being held. Run 'zfs holds -r tank@a' to see holders.",
    ),
    ("snapshot-cloned", "cannot destroy snapshot tank@a: snapshot is cloned"),
    (
        "snapshot-cloned",
        "cannot destroy 'tank@a': snapshot has dependent clones\nuse '-R' to destroy the following datasets:\ntank/c",
    ),
    (
        "dataset-has-children",
        "cannot destroy 'tank/x': filesystem has children\nuse '-r' to destroy the following datasets:\ntank/x@a",
    ),
    ("nothing-to-destroy", "could not find any snapshots to destroy; check snapshot names."),
    (
        "rollback-would-destroy",
        "cannot rollback to 'tank@a': more recent snapshots or bookmarks exist\nuse '-r' to force deletion of the following snapshots and bookmarks:\ntank@b",
    ),
    (
        "rollback-would-destroy-clones",
        "cannot rollback to 'tank@a': clones of previous snapshots exist\nuse '-R' to force deletion of the following clones and dependents:\ntank/c",
    ),
    ("bookmark-exists", "cannot create bookmark 'tank#a': bookmark exists"),
    ("bookmarks-unavailable", "cannot create bookmark 'tank#a': bookmark feature not enabled"),
    (
        "snapshot-exists",
        "cannot create snapshot 'tank@a': dataset already exists\nno snapshots were created",
    ),
    ("no-space-for-snapshot", "cannot create snapshot 'tank@a': out of space"),
    # transport
    (
        "host-key-changed",
        "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\nHost key verification failed.",
    ),
    (
        "host-key-refused",
        "No ED25519 host key is known for vault and you have requested strict checking.\nHost key verification failed.",
    ),
    ("host-key-refused", "Host key verification failed."),
    ("authentication-failed", "zrecv@vault: Permission denied (publickey,password)."),
    ("host-unreachable", "ssh: connect to host vault port 22: Connection refused"),
    ("host-unreachable", "ssh: Could not resolve hostname vault: Name or service not known"),
    ("connection-lost", "client_loop: send disconnect: Broken pipe"),
    ("connection-lost", "Connection to vault closed by remote host."),
    ("connection-lost", "Connection closed by 192.0.2.7 port 22"),
    ("connection-lost", "Timeout, server vault not responding."),
    (
        "zfs-module-missing",
        "The ZFS modules are not loaded.\nTry running 'modprobe zfs' as root to load them.",
    ),
    ("zfs-module-missing", "cannot open /dev/zfs: No such file or directory"),
    ("zfs-command-missing", "sh: 1: zfs: not found"),
    ("zfs-command-missing", "bash: line 1: zfs: command not found"),
    ("zfs-needs-root", "Permission denied the ZFS utilities must be run as root."),
    (
        "elevation-refused",
        "sudo: a terminal is required to read the password; either use the -S option to read from standard input or configure an askpass helper\nsudo: a password is required",
    ),
    (
        "elevation-refused",
        "Sorry, user ada is not allowed to execute '/usr/sbin/zfs receive backup' as root on vault.",
    ),
    ("unknown-subcommand", "unrecognized command 'events'\nusage: zfs command args ..."),
    (
        "delegation-off",
        "cannot set permissions on 'tank': delegated administration is disabled on pool",
    ),
    ("pool-missing", "cannot open 'tank': no such pool"),
]

CODES = [
    ("ended-without-message", 1),
    ("aborted", 134),
    ("aborted", -6),
    ("ssh-ended", 255),
    ("pipe-closed", 141),
    ("killed", 143),
    ("killed", -9),
    ("command-not-started", 127),
]

# The findings of the design, as far as a message can prove one.
FINDINGS = """
not-raw plaintext-in-scope full-instead-of-incremental many-snapshots no-common-base
base-missing-on-source destination-diverged ivset-mismatch key-lineage-mismatch stale-token
dead-token foreign-token mixed-snapshots replica-incomplete space-low quota-reached pool-degraded
pool-suspended pool-readonly feature-missing dataset-busy keylocation-automatic
key-may-not-unlock hierarchy-differs known-bug host-unreachable authentication-failed
host-key-changed permission-missing zfs-missing
"""


def first(text: str | bytes, exit_code: int | None = None) -> str:
    explained = explain(text, exit_code)
    return explained[0].entry.id if explained else ""


@pytest.mark.parametrize(("known", "text"), SAMPLES)
def test_a_message_is_recognised(known: str, text: str) -> None:
    assert first(text) == known
    assert first(text.encode() + b"\n") == known


@pytest.mark.parametrize(("known", "text"), SAMPLES)
@pytest.mark.parametrize("line_end", ["\r\n", "\n  ", " "])
def test_line_ends_within_a_message_do_not_matter(known: str, text: str, line_end: str) -> None:
    assert first(text.replace("\n", line_end)) == known


@pytest.mark.parametrize(("known", "text"), SAMPLES)
def test_other_lines_around_a_message_do_not_matter(known: str, text: str) -> None:
    around = "full\ttank@a\t4096\nsize\t4096\n19:25:07\t60\ttank@a\n{}\n\x1b[0mdone.\n"
    assert first(around.format(text)) == known


@pytest.mark.parametrize(("known", "code"), CODES)
def test_an_exit_code_tells_where_no_message_does(known: str, code: int) -> None:
    (explained,) = explain("", code)
    assert (explained.entry.id, explained.text) == (known, "")


def test_an_exit_code_is_not_blamed_where_a_message_gives_the_cause() -> None:
    assert [e.entry.id for e in explain("ada@vault: Permission denied (publickey).", 255)] == [
        "authentication-failed"
    ]


@pytest.mark.parametrize("code", [0, 1, 2, 77, -77, 10**9])
def test_an_ordinary_exit_code_tells_nothing(code: int) -> None:
    assert explain("something else", code) == ()


def test_every_entry_has_a_sample() -> None:
    sampled = {known for known, _ in SAMPLES} | {known for known, _ in CODES}
    assert {entry.id for entry in CATALOGUE} == sampled


def test_ids_are_unique_and_stable_words() -> None:
    ids = [entry.id for entry in CATALOGUE]
    assert len(set(ids)) == len(ids)
    assert all(set(name) <= set("abcdefghijklmnopqrstuvwxyz-") for name in ids)


@pytest.mark.parametrize("entry", CATALOGUE, ids=lambda entry: entry.id)
def test_an_entry_speaks_to_an_operator(entry: object) -> None:
    known = next(e for e in CATALOGUE if e is entry)
    assert known.title[0].isupper() or known.title.startswith(("zfs", "ssh", "keylocation", "-"))
    assert not known.title.endswith(".")
    assert len(known.title) <= 80
    assert known.meaning.endswith(".")
    assert len(known.meaning) <= 280
    assert known.mending.endswith((".", ")"))
    assert known.finding is None or known.finding in FINDINGS.split()
    assert (known.pattern is None) == bool(known.exit_codes)


def test_the_receivers_refusal_comes_before_the_senders_broken_pipe() -> None:
    text = (
        "warning: cannot send 'tank/prod@rep-3': Broken pipe\n"
        "cannot receive incremental stream: destination backup/prod has been modified\n"
        "since most recent snapshot\n"
        "cannot receive readonly property on backup/prod: permission denied\n"
        "warning: cannot send 'tank/prod@rep-3': signal received\n"
    )
    assert [explained.entry.id for explained in explain(text)] == [
        "destination-modified",
        "send-broken-pipe",
        "send-interrupted",
        "property-not-set",
    ]


def test_the_senders_failure_comes_before_what_the_receiver_saved() -> None:
    text = (
        "cannot receive incremental stream: checksum mismatch or incomplete stream.\n"
        "Partially received snapshot is saved.\n"
        "warning: cannot send 'tank@s': Input/output error\n"
    )
    assert first(text) == "send-read-error"


def test_one_entry_is_explained_once_with_all_its_messages() -> None:
    text = "".join(
        f"WARNING: could not send tank/{name}@b:\nincremental source (tank/{name}@a) does not exist\n"
        for name in ("x", "y", "x")
    )
    (explained,) = explain(text)
    assert [t.count("tank/y") for t in explained.texts] == [0, 2]
    assert explained.text.startswith("could not send tank/x@b")


def test_a_message_within_a_longer_one_is_not_explained_beside_it() -> None:
    text = "WARNING: skipping dataset tank/x and its children: snapshot s does not exist"
    assert [explained.entry.id for explained in explain(text)] == ["datasets-skipped"]


def test_a_token_in_a_message_is_shown_whole() -> None:
    text = dict(SAMPLES)["interrupted-and-saved"]
    assert explain(text)[0].text.endswith("zfs send -t 1-b338b54f3-c0-789c63")


def test_what_is_shown_is_harmless() -> None:
    (explained,) = explain(b"warning: cannot send 'tank\x1b[2J\xff@s': Broken pipe")
    assert "\x1b" not in explained.text


@pytest.mark.parametrize(
    "text",
    ["", "\n", "all is well", "permission denied", "dataset is busy", "I/O error", "Broken pipe"],
)
def test_unknown_text_is_not_explained(text: str) -> None:
    assert explain(text) == ()


@given(st.binary() | st.text())
def test_any_text_is_taken(text: str | bytes) -> None:
    assert all(isinstance(explained, Explained) for explained in explain(text, 1))


words = st.sampled_from(sorted({word for _, text in SAMPLES for word in text.split(" ")}))


@given(st.lists(words), st.sampled_from([" ", "\n", "  "]))
def test_any_words_of_the_messages_are_taken(parts: list[str], between: str) -> None:
    weights = [explained.entry.weight for explained in explain(between.join(parts))]
    assert weights == sorted(weights)


@pytest.mark.parametrize(
    "flood",
    [
        "cannot send '" * 100_000,
        "cannot receive:" + " " * 100_000,
        ("cannot receive: most recent snapshot of" + " " * 300) * 1000,
        "cannot receive incremental stream: destination \n" * 100_000,
        "could not send a:\nincremental source (" * 100_000,
        "\n" * 1_000_000,
    ],
)
def test_text_made_to_be_slow_is_not(flood: str) -> None:
    began = time.process_time()
    explain(flood)
    assert time.process_time() - began < 2


def test_the_beginning_and_the_end_of_a_flood_are_read() -> None:
    flood = "x" * 1_000_000
    assert first(f"cannot open 'tank': no such pool\n{flood}") == "pool-missing"
    assert first(f"{flood}\ncannot open 'tank': no such pool") == "pool-missing"


def test_what_needs_no_retry_is_only_a_note() -> None:
    assert {
        e.id for e in CATALOGUE if e.retry is Retry.NOT_NEEDED and e.weight is not Weight.NOTE
    } == set()
