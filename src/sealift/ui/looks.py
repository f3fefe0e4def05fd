"""The hosts that a route may be made of, and what was seen of them so far."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from sealift.hosts.gate import Gate
from sealift.hosts.host import Host
from sealift.hosts.ssh_names import named_hosts
from sealift.hosts.trouble import UnknownKey
from sealift.replication.host_look import HostLook, look
from sealift.routes import Location

if TYPE_CHECKING:
    from sealift.ui.app import SealiftApp

_ANY = "pool"  # a location has a dataset; of a host alone it means nothing
THIS_MACHINE = Location(None, None, _ANY)


class Looks:
    """Looks at hosts when asked, each over a connection that lasts as long as the look.

    `places` are all hosts known here by `Location.where`, in the order in which they are listed;
    `origin` says where each comes from. `seen` is the newest look at each, `looking` those that are
    being looked at. Keys that were accepted for this session are remembered for as long.
    """

    def __init__(self, app: SealiftApp, routes: Iterable[Location] = ()) -> None:
        self._app = app
        named = named_hosts(app.options.ssh_config)
        self.file = named.file
        self.unread = named.unread
        self.places: dict[str, Location] = {}
        self.origin: dict[str, str] = {}
        self.seen: dict[str, HostLook] = {}
        self.looking: set[str] = set()
        self._accepted: dict[str, list[UnknownKey]] = {}
        self._listeners: list[Callable[[], None]] = []
        for place in routes:
            self._know(place, "a route of the config")
        for host in named.hosts:
            self._know(Location(None, host.name, _ANY), f"{_typed(host.file)}:{host.line}")
        self._know(THIS_MACHINE, "where sealift runs")

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Have `listener` called whenever more is known, until what is given back is called."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def add(self, words: str) -> Location:
        """One more host, `[user@]host`. Raises `BadLocationError` or `BadNameError`."""
        place = Location.parse(f"{words}:{_ANY}")
        self._know(place, "typed here")
        self._changed()
        return place

    def begin(self, where: str) -> None:
        """Look at a host, or look again; it is in `seen` once that has ended."""
        if where not in self.looking:
            self.looking.add(where)
            self._changed()
            # Of the group that the program waits for at its end: connections are to be closed.
            self._app.run_worker(self._look(self.places[where]), group="watch")

    def accept(self, where: str, key: UnknownKey, *, remember: bool) -> None:
        """Trust a host's key, in this session or from now on, and look again.

        Raises `OSError` if it cannot be written to known_hosts; it is trusted in this session then.
        Raises `TroubleError` if it was to be remembered in a session that is read-only.
        """
        try:
            if remember:
                gate = Gate(read_only=self._app.options.read_only)
                self._app.open_to_look(self.places[where], gate).accept(key, remember=True)
        except OSError:
            self._trust(where, key)
            raise
        self._trust(where, key)

    def _trust(self, where: str, key: UnknownKey) -> None:
        self._accepted.setdefault(where, []).append(key)
        self.begin(where)

    def _know(self, place: Location, origin: str) -> None:
        self.places.setdefault(place.where, place)
        self.origin.setdefault(place.where, origin)

    async def _look(self, place: Location) -> None:
        try:
            # In a thread: the first of them imports AsyncSSH.
            host = await asyncio.to_thread(self._opened, place)
            try:
                self.seen[place.where] = await look(host)
            finally:
                await host.close()
        finally:
            self.looking.discard(place.where)
            self._changed()

    def _opened(self, place: Location) -> Host:
        host = self._app.open_to_look(place, Gate(read_only=True))
        for key in self._accepted.get(place.where, ()):
            host.accept(key, remember=False)
        return host

    def _changed(self) -> None:
        if self._app.is_running:
            for listener in tuple(self._listeners):
                listener()


def _typed(file: Path) -> str:
    """A file as people write it: from the home on with `~`."""
    home = Path.home()
    return f"~/{file.relative_to(home)}" if file.is_relative_to(home) else str(file)
