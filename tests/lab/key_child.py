"""Load a key by keys with a timer of two minutes, then die as a terminal does that is closed hard.

python -m tests.lab.key_child SSH_CONFIG
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

from sealift.ui.app import SealiftApp
from tests.driving import Operator, options
from tests.sandbox.key_driving import open_keys, step

from .lab import PASSPHRASE

ROUTE = ("--standby", "root@source:tank/prod", "root@dest:backup/prod")
REASON_OF_THE_KILLED = "the terminal is killed"


async def until_tried(operator: Operator, key: str, reason: str, words: str) -> None:
    """Begin a procedure for the root under the cursor, up to where a passphrase is tried."""
    await operator.pilot.press(key)
    await step(operator, "find the encryption root", "next")
    await step(operator, "say why", "next", reason)
    await step(operator, "Typed here", "typed")
    await step(operator, "zfs load-key -n -L prompt", "try", words)


async def load(operator: Operator, choice: str, minutes: str, reason: str) -> str:
    """Load the key of the root under the cursor; what the last step said is given back."""
    await until_tried(operator, "l", reason, PASSPHRASE)
    await step(operator, "it opens it", choice, minutes)
    return await step(operator, "proof that the key is loaded", "cancel")


async def _main(config: Path) -> None:
    app = SealiftApp(options(*ROUTE, ssh_config=config))
    async with app.run_test(size=(160, 45)) as pilot:
        operator = Operator(pilot, patience=120)
        await operator.both_read()
        await open_keys(operator, "backup/prod", "dest")
        await load(operator, "mount", "2", REASON_OF_THE_KILLED)
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1])))
