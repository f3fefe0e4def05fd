"""The incident report as a file: what was found, with what the operator's machine knows of it."""

from __future__ import annotations

import socket
from datetime import datetime, timedelta
from pathlib import Path

from sealift import journal
from sealift.hosts.command_log import LogEntry
from sealift.hosts.trouble import Trouble, TroubleError
from sealift.playbook import report, report_file
from sealift.playbook.diagnosis import Diagnosis
from sealift.playbook.mask import Mask
from sealift.replication.picture import Picture

SINCE = timedelta(hours=24)  # what was done before belongs to another night


def write_incident(
    diagnosis: Diagnosis,
    picture: Picture,
    commands: tuple[LogEntry, ...],
    *,
    now: datetime,
    journal_path: Path,
    path: Path | None = None,
    screen_svg: str | None = None,
    masked: bool = False,
) -> Path:
    """Write the report and say where it is; without a path into the current directory.

    `screen_svg` is a picture of the screen, left out of a masked report. Raises `TroubleError`.
    """
    target = path or report_file.default_path(Path.cwd(), diagnosis.route, now, masked=masked)
    try:
        done = journal.entries(journal_path, picture.route.title, now - SINCE)
    except OSError as error:
        raise TroubleError(_unread(journal_path, error)) from error
    return report_file.write(
        target,
        lambda svg: report.markdown(
            diagnosis,
            picture,
            commands,
            done,
            operator=f"{journal.login_name()}@{socket.gethostname()}",
            screen_svg_name=svg,
            mask=Mask() if masked else None,
            now=now,
        ),
        None if masked else screen_svg,
    )


def _unread(path: Path, error: OSError) -> Trouble:
    return Trouble(
        "report-not-written",
        "this machine",
        f"the journal {path} cannot be read: {error.strerror or error}",
        "The report would lack what was changed.",
        "Give the file back to its owner.",
    )
