"""The TCP connections between a demo's hosts, one for each session of ssh, and `ss`.

What a connection says of itself is what the pacing of the link did. As long as a piece waits for
its turn, data is under way, more of it is not sent yet, and a round trip takes as much longer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

PORT = 22
_MSS = 1448
_HEADER = 66  # bytes, of Ethernet, IP and TCP
_IN_FLIGHT = 30  # segments at most that a queue of the link holds; what is behind is not sent yet
_WINDOW, _ANSWER = 104 << 10, 36  # bytes that ssh takes before it says so, and with how many
_PART = "only `ss -t`, with -a, -i, -n, -H and `state established`, is part of this demo\n"


class Direction:
    """One direction, as its sender counts it. `clock` is in seconds, `round_trip` as well."""

    def __init__(self, clock: Callable[[], float], round_trip: float) -> None:
        self._clock = clock
        self._least = round_trip
        self.sent = 0
        self.rtt, self.variation = round_trip, round_trip / 2
        self._busy = 0.0
        self._since: float | None = None  # when a piece was handed over that waits for its turn
        self._free = self._until = clock()  # the wire is free, all is acknowledged
        self._piece = 0
        self._waited = 0.0

    @contextmanager
    def carrying(self, size: int, seconds: float) -> Iterator[None]:
        """Around the time in which a piece gets through: `size` bytes, `seconds` on the wire.

        The pacing makes up for what it let pass, so that a piece may be handed over sooner.
        """
        began = self._clock()
        self._since, self._piece = max(began, self._until), size
        try:
            yield
        finally:
            ended = self._clock()
            self._free = max(ended, max(began, self._free) + seconds)
            self._busy += self._free + self._least - self._since
            self._since, self._until = None, self._free + self._least
        self.sent += size
        self._waited = ended - began
        # Smoothed as RFC 6298 does.
        took = self._until - began
        self.variation += (abs(self.rtt - took) - self.variation) / 4
        self.rtt += (took - self.rtt) / 8

    @property
    def busy(self) -> float:
        """The seconds in which something was under way."""
        if self._since is not None:
            return self._busy + max(0.0, self._clock() - self._since)
        return self._busy

    @property
    def waiting(self) -> int:
        """The bytes that were handed over and have not arrived.

        A sender that had to wait has the next piece ready; the moment in which it hands it over is
        not one in which nothing waits.
        """
        idle = self._since is None and self._clock() > self._until + self._waited
        return 0 if idle else self._piece

    def about(self, back: Direction) -> str:
        """What `ss -i` says at its sender, to whom `back` leads.

        To what comes there, ssh answers now and then.
        """
        answers, answered = back.sent // _WINDOW, self.sent // _WINDOW
        sent, received = self.sent + answers * _ANSWER, back.sent + answered * _ANSWER
        rtt = self.rtt + back.rtt - self._least
        flying = min(_IN_FLIGHT, -(-self.waiting // _MSS))
        unsent = max(0, self.waiting - flying * _MSS)
        window = max(10, flying)
        out, come = -(-sent // _MSS), -(-received // _MSS)
        rate = int(window * _MSS * 8 / rtt)
        words = [
            "cubic",
            "wscale:7,7",
            f"rto:{200 + round(rtt * 1000)}",
            f"rtt:{_ms(rtt)}/{_ms(self.variation)}",
            f"ato:40 mss:{_MSS} pmtu:1500 rcvmss:{_MSS} advmss:{_MSS} cwnd:{window}",
            f"bytes_sent:{sent} bytes_acked:{max(0, sent - flying * _MSS)}",
            f"bytes_received:{received}",
            f"segs_out:{out + come // 2} segs_in:{come + out // 2}",
            f"data_segs_out:{out} data_segs_in:{come}",
            f"send {rate}bps pacing_rate {rate * 6 // 5}bps delivery_rate {rate}bps",
            f"delivered:{out}",
            "" if self.waiting else "app_limited",
            f"busy:{round((self.busy + answers * rtt) * 1000)}ms",
            f"unacked:{flying}" if flying else "",
            "rcv_space:14480 rcv_ssthresh:64088",
            f"notsent:{unsent}" if unsent else "",
            f"minrtt:{_ms(self._least)} snd_wnd:1603456",
        ]
        return " ".join(word for word in words if word)


class Connection:
    """From a client on one host, by its port, to the sshd on another."""

    def __init__(
        self, client: str, server: str, port: int, clock: Callable[[], float], round_trip: float
    ) -> None:
        self.client, self.server, self.port = client, server, port
        self.client_open = True
        self._ways = {host: Direction(clock, round_trip) for host in (client, server)}

    def way(self, sender: str) -> Direction:
        """The direction in which a host sends."""
        return self._ways[sender]

    def seen_on(self, host: str) -> bool:
        """Whether a host has an end of it that is open. One within a host is not of the link."""
        ends = {self.server, *([self.client] if self.client_open else [])}
        return self.client != self.server and host in ends

    def lines(self, host: str, addresses: dict[str, str]) -> tuple[str, str, str]:
        """What `ss` says of a host's end: its queues, its addresses, and what is known of it."""
        other = self.server if host == self.client else self.client
        ports = {self.client: self.port, self.server: PORT}
        ends = " ".join(f"{addresses[each]}:{ports[each]}" for each in (host, other))
        out, back = self._ways[host], self._ways[other]
        about = out.about(back)
        return f"0      {out.waiting:<6}", ends, about


def on_the_wire(size: int) -> tuple[int, int]:
    """What an interface counts for `size` bytes of a stream, and for their acknowledgements."""
    segments = -(-size // _MSS)
    return size + segments * _HEADER, (segments + 1) // 2 * _HEADER


def addresses(hosts: Iterable[str]) -> dict[str, str]:
    """Where each host is in the network between them (RFC 5737)."""
    return {host: f"192.0.2.{number}" for number, host in enumerate(hosts, 1)}


def ss(
    words: Sequence[str], host: str, places: dict[str, str], connections: Iterable[Connection]
) -> tuple[str, int]:
    """What `ss` says on a host, and its exit code."""
    letters = {letter for word in words if word.startswith("-") for letter in word[1:]}
    states = [word for word in words if not word.startswith("-")]
    if "t" not in letters or letters - set("taniH") or states not in ([], ["state", "established"]):
        return _PART, 255
    state = "" if states else "ESTAB  "
    heads = "Recv-Q Send-Q Local Address:Port Peer Address:Port Process"
    found = [] if "H" in letters else [f"{'' if states else 'State  '}{heads}"]
    # The operator's own connection, over which this was asked.
    own = "cubic rto:204 rtt:0.8/0.3 mss:1460 bytes_sent:391081 bytes_acked:391081 "
    own += "bytes_received:24164 segs_out:1516 segs_in:1534 busy:1548ms minrtt:0.2"
    ends = f"{places[host]}:{PORT} 198.51.100.7:55042"
    listed = [("0      0     ", ends, own)]
    listed += [each.lines(host, places) for each in connections if each.seen_on(host)]
    for queues, both, about in listed:
        found.append(f"{state}{queues} {both}")
        if "i" in letters:
            found.append(f"\t {about}")
    return "".join(f"{line}\n" for line in found), 0


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.3f}".rstrip("0").rstrip(".")
