"""The cable between the two hosts."""

from .machine import Machine

_LINK = "eth1"  # its name in the guests, see build/init.sh


class Link:
    """The network between source and dest; the operator and the harness do not go through it."""

    def __init__(self, source: Machine, dest: Machine) -> None:
        self._ends = (source, dest)

    def shape(
        self, *, rate: str | None = None, delay: str | None = None, loss: str | None = None
    ) -> None:
        """Make the link slow, far or bad, in each direction, replacing what was there.

        Values are tc's: rate="16mbit", delay="20ms" (half of what it adds to a round trip),
        loss="1%".
        """
        impairments = [
            # What is on a long way at once: of more than its own 1,000 packets netem loses some.
            *("limit", "20000"),
            *(("delay", delay) if delay else ()),
            *(("loss", loss) if loss else ()),
        ]
        self.clear()
        for end in self._ends:
            parent = ["root"]
            if delay or loss:
                _add_qdisc(end, [*parent, "handle", "1:", "netem", *impairments])
                parent = ["parent", "1:1"]
            if rate:
                _add_qdisc(end, [*parent, "tbf", "rate", rate, "burst", "64k", "latency", "200ms"])

    def clear(self) -> None:
        """Let the link run as fast as the emulators do."""
        for end in self._ends:
            _add_qdisc(end, ["root", "pfifo_fast"])

    def pull(self) -> None:
        """Pull the cable out of both hosts: both lose the carrier, no connection is closed."""
        for end in self._ends:
            end.set_cable("link", plugged=False)

    def plug(self) -> None:
        """Put the cable back."""
        for end in self._ends:
            end.set_cable("link", plugged=True)


def _add_qdisc(end: Machine, words: list[str]) -> None:
    end.run(["tc", "qdisc", "replace", "dev", _LINK, *words])
