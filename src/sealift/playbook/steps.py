"""The four steps of the playbook, in their order."""

from __future__ import annotations

SENDING, RECEIVER, TIME, STREAM = "sending", "receiver", "time", "stream"

TITLES = {
    SENDING: "What are we sending",
    RECEIVER: "The receiver",
    TIME: "Disk, CPU or network",
    STREAM: "Receive and stream",
}
