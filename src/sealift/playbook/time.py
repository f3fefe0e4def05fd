"""Step 3: where the time goes."""

from __future__ import annotations

from sealift.playbook.diagnosis import StepReport
from sealift.playbook.ground import Ground
from sealift.playbook.steps import TIME, TITLES


async def look(ground: Ground) -> StepReport:  # noqa: ARG001 - the step is still to be written
    """Sample what each stage of the pipeline waits for."""
    return StepReport(TIME, TITLES[TIME], "unknown", unseen=("this step is not built yet",))
