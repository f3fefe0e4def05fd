"""Talking to a running emulator."""

import json
import socket
from pathlib import Path

_DEADLINE = 10.0  # seconds; the emulator answers at once, whatever its guest is doing


class QmpError(Exception):
    """The emulator refused a command or closed the conversation."""


def execute(control: Path, command: str, **arguments: str | int | bool) -> None:
    """Have the emulator behind this socket carry out one command.

    Raises QmpError when it refuses, OSError when there is no emulator.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_DEADLINE)
        connection.connect(str(control))
        with connection.makefile("rw", encoding="utf-8") as stream:
            stream.readline()  # the greeting
            requests = (
                {"execute": "qmp_capabilities"},
                {"execute": command, "arguments": arguments},
            )
            for request in requests:
                stream.write(json.dumps(request) + "\n")
                stream.flush()
                # Events may come between a request and its answer.
                answer = {"event": None}
                while "event" in answer:
                    line = stream.readline()
                    if not line:
                        raise QmpError(f"the emulator went away during {command}")
                    answer = json.loads(line)
                if "error" in answer:
                    raise QmpError(f"{command}: {answer['error']}")
