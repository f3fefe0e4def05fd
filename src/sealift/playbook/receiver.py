"""Still to be written."""

from __future__ import annotations

from sealift.playbook.diagnosis import StepReport
from sealift.playbook.ground import Ground
from sealift.playbook.judged import report
from sealift.playbook.steps import RECEIVER


async def look(ground: Ground) -> StepReport:
    """Look at nothing yet."""
    await ground.scene()
    return report(RECEIVER, (), (), ("this step is not built yet",))
