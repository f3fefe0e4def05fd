"""Everything that can be wrong with a route, made on real hosts, and what is right with one.

A module for each group of the findings' ids; `making` has what they share.
"""

from .access import ACCESS
from .bottleneck import BOTTLENECK
from .chain import CHAIN
from .fault import BOTTLENECKS, GROUPS, Fault, Healthy, Pair, Words
from .healthy import HEALTHY
from .pairs import PAIRS
from .receiver import RECEIVER
from .sending import SENDING
from .tokens import TOKENS

# Those that share the bulky tree stand together: it takes long to make.
FAULTS: tuple[Fault, ...] = tuple(
    sorted(
        (*SENDING, *CHAIN, *TOKENS, *RECEIVER, *ACCESS, *BOTTLENECK),
        key=lambda each: (each.bulky, GROUPS.index(each.group)),
    )
)

__all__ = ["BOTTLENECKS", "FAULTS", "HEALTHY", "PAIRS", "Fault", "Healthy", "Pair", "Words"]
