"""Where hosts answer otherwise than recorded, and why that stays so.

By the hosts (`demo` or `lab`), the story and the command. An entry whose command answers as
recorded after all fails the tests, so that none is kept for nothing.
"""

from __future__ import annotations

from types import MappingProxyType

DIFFERENCES = MappingProxyType[tuple[str, str, str], str]({})
