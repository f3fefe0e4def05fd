"""The last resort: a defect of sealift ends in a sentence and a file, not in a traceback."""

from __future__ import annotations

import os
import traceback
from datetime import datetime
from pathlib import Path

import platformdirs


def write_report(error: BaseException, now: datetime) -> Path:
    """Write where the program was when it failed; no values of variables, which may be secret.

    The file is readable by its owner only. Raises `OSError` if it cannot be written.
    """
    folder = platformdirs.user_state_path("sealift")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"crash-{now:%Y%m%dT%H%M%SZ}.txt"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.writelines(traceback.format_exception(error))
    return path


def sentence(error: BaseException, now: datetime) -> str:
    """What the operator reads in the terminal after the screen is gone."""
    words = (
        f"sealift: a defect of sealift ended it ({type(error).__name__}). "
        "Transfers that it had started were ended; what had arrived is kept as a resume token. "
        "A key that it had loaded is loaded still, until somebody or its timer locks it."
    )
    try:
        return f"{words}\nWhere it happened is in {write_report(error, now)}"
    except OSError as failure:
        return f"{words}\nA report could not be written: {failure}"
