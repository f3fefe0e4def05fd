"""What a demo's connection says follows from how its bytes got through, with a clock of our own."""

from __future__ import annotations

import re

import pytest

from sealift.demo.shells.tcp import Connection, addresses, ss

_LEAST = 0.0004  # seconds
_PIECE = 64 << 10
_PLACES = addresses(["nas1", "dr1"])


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def carried(
    clock: Clock, *, rate: float, pause: float, seconds: float = 5.0, waits: bool = True
) -> Connection:
    """A connection over which pieces went at this rate, with a pause behind each."""
    connection = Connection("nas1", "dr1", 44328, clock, _LEAST)
    until = clock.now + seconds
    while clock.now < until:
        with connection.way("nas1").carrying(_PIECE, _PIECE / rate):
            clock.now += _PIECE / rate if waits else 0.0
        clock.now += pause
    return connection


def value(text: str, name: str) -> float:
    match = re.search(rf"\b{name}:([0-9.]+)", text)
    return float(match[1]) if match else 0.0


def told(connection: Connection, host: str, *words: str) -> str:
    text, code = ss(("-tinH", "state", "established", *words), host, _PLACES, [connection])
    assert code == 0
    return text


def test_a_link_that_is_the_limit_is_busy_with_data_that_waits() -> None:
    said = told(carried(Clock(), rate=2e6, pause=0.001), "nas1")
    own = said.splitlines()[3]
    assert value(own, "busy") > 4800
    assert value(own, "notsent") > 0
    assert value(own, "rtt") > 20 * value(own, "minrtt")
    assert value(own, "bytes_sent") / 5 == pytest.approx(2e6, rel=0.05)


def test_a_look_between_two_pieces_sees_what_waits_as_well() -> None:
    clock = Clock()
    connection = carried(clock, rate=2e6, pause=0.0)
    clock.now += 0.02
    assert connection.way("nas1").waiting == _PIECE
    clock.now += 1.0
    assert connection.way("nas1").waiting == 0


@pytest.mark.parametrize("waits", [True, False])
def test_a_link_that_is_not_the_limit_is_mostly_idle(*, waits: bool) -> None:
    said = told(carried(Clock(), rate=100e6, pause=0.01, waits=waits), "nas1")
    own = said.splitlines()[3]
    assert value(own, "busy") < 1500
    assert value(own, "notsent") == 0


def test_pieces_that_make_up_for_lost_time_are_on_the_wire_no_shorter() -> None:
    clock = Clock()
    connection = Connection("nas1", "dr1", 44328, clock, _LEAST)
    for _ in range(10):
        for _ in range(10):  # at once, as the pacing allows after a pause
            with connection.way("nas1").carrying(_PIECE, 0.01):
                pass
        clock.now += 0.1
    assert connection.way("nas1").busy == pytest.approx(1.0, rel=0.05)


def test_both_ends_show_the_same_connection() -> None:
    connection = carried(Clock(), rate=2e6, pause=0.0)
    here, there = (told(connection, host).splitlines() for host in ("nas1", "dr1"))
    assert here[2].split()[2:] == ["192.0.2.1:44328", "192.0.2.2:22"]
    assert there[2].split()[2:] == ["192.0.2.2:22", "192.0.2.1:44328"]
    assert value(here[3], "bytes_sent") == value(there[3], "bytes_received")
    assert value(there[3], "bytes_sent") == value(here[3], "bytes_received")


def test_an_end_that_has_closed_is_not_shown() -> None:
    connection = carried(Clock(), rate=2e6, pause=0.0)
    connection.client_open = False
    assert "44328" not in told(connection, "nas1")
    assert "44328" in told(connection, "dr1")


def test_what_ss_cannot_do_here_it_says() -> None:
    assert ss(("-u",), "nas1", _PLACES, [])[1] != 0
    text, code = ss(("-tin",), "nas1", _PLACES, [])
    assert code == 0
    assert text.startswith("State")
