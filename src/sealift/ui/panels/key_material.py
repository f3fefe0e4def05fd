"""Where a key comes from on this machine: what is done before it is typed, and a key file read."""

from __future__ import annotations

import resource
import sys
from collections.abc import Container
from pathlib import Path

from textual import constants

from sealift.hosts.trouble import Trouble, TroubleError
from sealift.keys.secret import Secret
from sealift.zfs.names import printable

_LARGEST = 4096  # bytes of a key file; the longest key has 512


def no_traces(features: Container[str]) -> None:
    """Nothing that is typed from here on is written down by what we run on.

    Raises `TroubleError` where Textual itself logs every key that is pressed.
    """
    if constants.LOG_FILE is not None or "devtools" in features:
        raise TroubleError(
            Trouble(
                "keys-are-logged",
                "this machine",
                "no secret is asked for while the screen's keys are logged",
                "TEXTUAL_LOG or TEXTUAL=devtools has every pressed key written down.",
                "Start sealift without them.",
            )
        )
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    # Linux hands a core to the program of a core_pattern that is a pipe whatever the limit, 0 too;
    # only with 1 it makes none (fs/coredump.c). A file cannot be that small either.
    least = 1 if sys.platform == "linux" and most != 0 else 0
    resource.setrlimit(resource.RLIMIT_CORE, (least, most))


def read_key(path: str) -> Secret:
    """A key file of this machine. Raises `TroubleError`."""
    buffer = bytearray(_LARGEST)
    try:
        with _file(path).open("rb", buffering=0) as file:
            size = file.readinto(buffer)
    except (OSError, ValueError, RuntimeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise TroubleError(
            Trouble(
                "key-file-missing",
                "this machine",
                f"{printable(path)} cannot be read: {why}",
                mend="Name another file, or type the key.",
            )
        ) from error
    del buffer[size or 0 :]
    return Secret(buffer)


def _file(path: str) -> Path:
    """Raises `ValueError` for what is there and no file: a pipe would keep us waiting."""
    place = Path(path).expanduser()
    if place.exists() and not place.is_file():
        raise ValueError("it is no file")
    return place
