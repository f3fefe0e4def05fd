"""Getting into a host, which has its own limit of time: who is in and slow is not gone."""

from __future__ import annotations

from sealift.hosts.host import Host
from sealift.hosts.probe import HostFacts
from sealift.hosts.trouble import Trouble, TroubleError
from sealift.playbook import thresholds
from sealift.replication.report import NO_CONTACT
from sealift.replication.watch import RouteWatch
from sealift.routes import Role


class Entry:
    """The way into one host, for one walk. `inside` is whether it has answered us in it."""

    def __init__(self, watch: RouteWatch, role: Role) -> None:
        self._watch, self._role = watch, role
        side = watch.picture.source if role == "source" else watch.picture.destination
        self._again = side.facts is not None  # sealift knew the host before: that may be old
        self.inside = False

    async def facts(self) -> HostFacts:
        """Connect, log in, and ask who we are. Raises `TroubleError`, also if it has no ZFS."""
        waited_for_login = False
        while True:
            was_connected = self._host.connection.connected
            try:
                found = await self._watch.meet(
                    self._role, again=self._again, deadline=thresholds.GET_IN.value
                )
            except TroubleError as error:
                # Something that answers, be it with a refusal of its zfs, is there.
                self.inside = not no_contact(error.trouble)
                logged_in = self._host.connection.connected and not was_connected
                # A host whose CPU is all taken may need longer than that for a login.
                logging_in = self._host.logging_in and not waited_for_login
                if self.inside or not (logged_in or logging_in):
                    raise
                # The login took all of the time: it, and what it lets us ask, has as much again.
                waited_for_login = waited_for_login or logging_in
            else:
                self.inside = True
                return found

    def only_slow(self, trouble: Trouble) -> bool:
        """Whether what looks like no contact is an answer that took too long: the host is there."""
        late = trouble.finding == "host-unreachable"
        return late and self.inside and self._host.connection.connected

    @property
    def _host(self) -> Host:
        return self._watch.source if self._role == "source" else self._watch.destination


def no_contact(trouble: Trouble | None) -> bool:
    """Whether a trouble says that a host cannot be reached, or does not let us in."""
    return trouble is not None and trouble.finding in NO_CONTACT
