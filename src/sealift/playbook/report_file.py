"""Writes an incident report and the picture of the screen; never over anything that is there."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from sealift.hosts.trouble import Trouble, TroubleError

_OTHER = re.compile(r"[^A-Za-z0-9.]+")
_NAME = 60  # characters of the route in a file's name
_MOST = 1000


def default_path(folder: Path, route: str, now: datetime, *, masked: bool = False) -> Path:
    """`sealift-report-ROUTE-TIME.md` in `folder`; a masked report's name has no route in it."""
    name = "masked" if masked else _OTHER.sub("-", route)[:_NAME].strip("-.") or "route"
    return folder / f"sealift-report-{name}-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}.md"


def write(path: Path, make: Callable[[str | None], str], screen_svg: str | None = None) -> Path:
    """Write the report at `path`, or beside it with a number if that is taken; say where it is.

    `make` makes the page from the name of the picture beside it, None without one. A masked report
    has none: a picture cannot be masked. Both files are readable by their owner only. Raises
    `TroubleError` if they cannot be written; nothing is left of them then.
    """
    suffixes = (path.suffix,) if screen_svg is None else (path.suffix, ".svg")
    try:
        paths, descriptors = _claim(path, suffixes)
    except OSError as error:
        raise _not_written(path, error) from error
    written = False
    try:
        picture = None if screen_svg is None else paths[1].name
        for descriptor, text in zip(descriptors, (make(picture), screen_svg or ""), strict=False):
            _fill(descriptor, text.encode("utf-8", "backslashreplace"))
        written = True
    except OSError as error:
        raise _not_written(paths[0], error) from error
    finally:
        for each, descriptor in zip(paths, descriptors, strict=True):
            os.close(descriptor)
            if not written:
                each.unlink(missing_ok=True)
    return paths[0]


def _claim(path: Path, suffixes: tuple[str, ...]) -> tuple[list[Path], list[int]]:
    """Make empty files that were not there, one for each suffix, with the same stem."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    for number in range(1, _MOST):
        stem = path.stem if number == 1 else f"{path.stem}-{number}"
        paths = [path.with_name(stem + suffix) for suffix in suffixes]
        descriptors: list[int] = []
        try:
            for each in paths:
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
                descriptors.append(os.open(each, flags, 0o600))
        except OSError as error:
            for each, descriptor in zip(paths, descriptors, strict=False):
                os.close(descriptor)
                each.unlink(missing_ok=True)
            if not isinstance(error, FileExistsError):
                raise
        else:
            return paths, descriptors
    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))


def _fill(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
    os.fsync(descriptor)  # some file systems say only now that there is no room


def _not_written(path: Path, error: OSError) -> TroubleError:
    return TroubleError(
        Trouble(
            "report-not-written",
            "this machine",
            f"the report {path} cannot be written: {error.strerror or error}",
            "Nothing of it was kept.",
            "Start sealift in another folder, or name a file: diagnose --report FILE.",
            str(error),
        )
    )
