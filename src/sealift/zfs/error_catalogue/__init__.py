"""The messages of ZFS and of what carries its streams, explained for an operator at night.

Data only, a module per family; `sealift.zfs.errors.explain` finds them in text.
"""

from __future__ import annotations

from sealift.zfs.error_catalogue.keys import KEYS
from sealift.zfs.error_catalogue.receive import RECEIVE
from sealift.zfs.error_catalogue.send import SEND
from sealift.zfs.error_catalogue.snapshots import SNAPSHOTS
from sealift.zfs.error_catalogue.transport import TRANSPORT

CATALOGUE = (*SEND, *RECEIVE, *KEYS, *SNAPSHOTS, *TRANSPORT)
