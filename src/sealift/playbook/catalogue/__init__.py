"""The catalogue of findings: a page for every id that sealift may show.

Data only, a module per group. `page` finds one. Ids are stable: scripts read them from `--json`.
"""

from __future__ import annotations

from sealift.playbook.catalogue.access import ACCESS
from sealift.playbook.catalogue.bottleneck import BOTTLENECK
from sealift.playbook.catalogue.chain import CHAIN
from sealift.playbook.catalogue.jobs import JOBS
from sealift.playbook.catalogue.key_procedures import KEY_PROCEDURES
from sealift.playbook.catalogue.keys import KEYS
from sealift.playbook.catalogue.messages import MESSAGES
from sealift.playbook.catalogue.page import Group, Page
from sealift.playbook.catalogue.receiver import RECEIVER
from sealift.playbook.catalogue.sending import SENDING

__all__ = ["PAGES", "Group", "Page", "page"]

PAGES = (
    *SENDING,
    *CHAIN,
    *RECEIVER,
    *BOTTLENECK,
    *KEYS,
    *KEY_PROCEDURES,
    *ACCESS,
    *JOBS,
    *MESSAGES,
)

_BY_ID = {each.id: each for each in PAGES}


def page(finding: str) -> Page | None:
    """The page of a finding; None for an id that sealift does not have."""
    return _BY_ID.get(finding)
