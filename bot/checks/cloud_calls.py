"""AWS, as checks ask it: places by their labels, who we are there remembered. No verdicts here."""

import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from aws import checks
from aws.alarms import AlarmReader
from aws.checks import Caller, Wish
from aws.registry import open_drivers
from aws.sessions import Place, Sessions
from aws.sweeps import AlarmSweeps
from bot.clock import SystemClock
from rollout.alarms.model import Place as Watched
from rollout.alarms.model import Sweep
from rollout.errors import TargetError
from rollout.ports import TargetModel
from rollout.release import Check


class Known(NamedTuple):
    """Who we are at a place, and how far our clock is ahead of the one there; None when it tells no time."""

    caller: Caller
    ahead: timedelta | None


class CloudSide:
    """Thread-safe. Who we are at a place is asked once and remembered, whatever came of it."""

    def __init__(self, sessions: Sessions, clock: SystemClock) -> None:
        self._sessions, self._clock = sessions, clock
        self._drivers = open_drivers(sessions, clock)
        self._sweeps = AlarmSweeps(sessions, clock, AlarmReader(sessions))
        self._lock = threading.Lock()
        self._locks: dict[Place, threading.Lock] = {}
        self._known: dict[Place, Known | TargetError] = {}

    def who(self, place: Place) -> Known:
        """GetCallerIdentity; TargetError as it came the first time."""
        with self._lock:
            own = self._locks.setdefault(place, threading.Lock())
        with own:
            if place not in self._known:
                self._known[place] = self._asked(place)
            found = self._known[place]
        if isinstance(found, TargetError):
            raise found
        return found

    def examine(self, target: TargetModel) -> Sequence[Check]:
        """What the target's driver finds."""
        return self._drivers[target.kind].examine(target)

    def alarms(self, place: Watched, names: Sequence[str]) -> Sweep:
        """All of them as they are now."""
        return self._sweeps.sweep(place, names)

    def found(self, place: Watched, prefix: str = "", tag: str = "") -> int:
        """How many alarms one prefix or tag finds."""
        return len(self._sweeps.found(place, (prefix,) if prefix else (), (tag,) if tag else ()))

    def past(self, place: Watched, name: str) -> None:
        """Return when the history of an alarm may be read."""
        self._sweeps.past(place, name, self._clock.now() - timedelta(minutes=1))

    def nearest(self, place: Watched, name: str) -> str:
        """The alarm that was probably meant."""
        return checks.nearest_alarm(self._sessions, Place(place.role, place.region), name)

    def topic(self, arn: str) -> None:
        """Return when it exists."""
        checks.find_topic(self._sessions, arn)

    def writes(self, target: TargetModel) -> tuple[Wish, ...]:
        """What deploying it changes."""
        return checks.writes(target, self.who(place_of(target)).caller)

    def decision(self, place: Place, wish: Wish) -> str:
        """As IAM's simulator decides."""
        return checks.decision(self._sessions, place, self.who(place).caller, wish)

    def _asked(self, place: Place) -> Known | TargetError:
        began = self._clock.now()
        try:
            caller = checks.caller(self._sessions, place)
        except TargetError as error:
            return error
        at = began + (self._clock.now() - began) / 2
        return Known(caller, _ahead(caller.at, at))


def place_of(target: TargetModel) -> Place:
    """Where a target is reached, and as whom."""
    return Place(target.iam_role, target.region)


def paging_place(arn: str) -> Place:
    """Pages go out with the bot's own credentials, in the topic's region."""
    return Place("", arn.split(":")[3])


def _ahead(theirs: datetime | None, at: datetime) -> timedelta | None:
    # an HTTP date is cut to whole seconds
    return at - theirs - timedelta(milliseconds=500) if theirs else None
