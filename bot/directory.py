"""Who the people are that roles name: read from Slack by one thread, into a table that others only read.

Only persons and groups named in roles are read: by default nobody may, so nobody else needs an entry. A failure
keeps the old entries; once older than 30 minutes they count as unknown (rollout/policy.py).
"""

import logging
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.clock import SystemClock
from bot.metrics import Metrics
from handlers.ports import Identity
from rollout.people import Person
from rollout.policy import STALE_AFTER
from store.people import People

log = logging.getLogger(__name__)

EVERY = 300.0
"""Seconds between two readings."""
AGAIN = (2.0, 4.0, 8.0, 16.0, 32.0, 60.0)
"""Seconds until the next attempt after a failed one; the last goes on."""
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""When an entry was read that could not be read: nobody is let in or sent away by it."""

HINTS = {
    "plan_upgrade_required": "groups need a paid plan: name persons in [roles]",
    "paid_teams_only": "groups need a paid plan: name persons in [roles]",
    "missing_scope": "add users:read and usergroups:read to the app, and install it anew",
    "no_such_subteam": "the group does not exist: correct [roles]",
    "subteam_not_found": "the group does not exist: correct [roles]",
    "user_not_found": "the person does not exist here: correct [roles]",
    "users_not_found": "the person does not exist here: correct [roles]",
}
"""Answers that will not change by asking again."""


class Unread(Exception):
    """Slack did not answer what was asked; nothing follows from that."""


class Directory:
    """Reads at start, every five minutes, and when somebody waits to be recognised."""

    def __init__(
        self,
        web: WebClient,
        people: People,
        named: Callable[[], Iterable[str]],
        home: Callable[[], Identity | None],
        clock: SystemClock,
        metrics: Metrics,
    ) -> None:
        self._web = web
        self._people = people
        self._named = named
        self._home = home
        self._clock = clock
        self._metrics = metrics
        self._after: Callable[[bool], bool] = bool
        self._group_read: dict[str, datetime] = {}
        self._refused: dict[str, str] = {}
        self._wake = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="directory", daemon=True)

    def start(self, after: Callable[[bool], bool]) -> None:
        """Begin to read. `after(fresh)` is called after each attempt; it says whether somebody still waits."""
        self._after = after
        self._thread.start()

    def wake(self) -> None:
        """Read now: somebody waits to be recognised, or the bot has just learnt where it is."""
        self._wake.set()

    def stop(self) -> None:
        """No reading begins after this."""
        self._stopped.set()
        self._wake.set()

    def missing(self) -> str:
        """Why nobody can be recognised; empty when they can."""
        at = self._people.read_at()
        if at is None:
            return f"people and groups were never read from Slack{self._why()}"
        age = self._clock.now() - at
        if age <= STALE_AFTER:
            return ""
        return f"people and groups were last read {age // timedelta(minutes=1)} minutes ago{self._why()}"

    def _why(self) -> str:
        """Slack's words for what it refuses for good, most telling first."""
        said = sorted({*self._refused.values()}, key=lambda word: (word != "missing_scope", word))
        return f": {said[0]}: {HINTS[said[0]]}" if said else ""

    def _run(self) -> None:
        failures = 0
        self._wake.wait(AGAIN[0])  # Slack tells in a moment where we are, and then this is woken
        while not self._stopped.is_set():
            self._wake.clear()
            fresh = self._home() is not None and self._attempt()
            failures = 0 if fresh else failures + 1
            try:
                waits = self._after(fresh)
            except Exception:
                log.exception("those who wait to be recognised could not be answered")
                waits = True
            pause = EVERY if fresh and not waits else AGAIN[min(max(failures, 1), len(AGAIN)) - 1]
            self._wake.wait(min(pause, AGAIN[0]) if waits else pause)

    def _attempt(self) -> bool:
        try:
            self.read()
        except Unread as why:
            self._metrics.count("tidegate_directory_faults_total")
            log.warning("people and groups were not read: %s", why)
            return False
        except Exception:
            self._metrics.count("tidegate_directory_faults_total")
            log.exception("people and groups were not read")
            return False
        return True

    # -- reading --------------------------------------------------------------------------------

    def read(self) -> None:
        """Replace the whole directory. Unread when Slack could not be asked: then nothing was changed."""
        home = self._home()
        if home is None:
            raise Unread("the bot does not know its workspace yet")
        named, began = set(self._named()), self._clock.now()
        groups = {each: self._members(each) for each in sorted(named) if each.startswith("S")}
        persons = {each for each in named if each[0] in "UW"}.union(*groups.values())
        found = [person for each in sorted(persons) if (person := self._person(each, home, groups))]
        nobody = all(person.read_at < began for person in found)
        if nobody and (persons or not named.isdisjoint(self._refused)):  # an empty group is no failure
            raise Unread(f"not one of those whom roles name could be read{self._why()}")
        self._people.replace(found, groups, self._clock.now())

    def _members(self, group: str) -> tuple[str, ...]:
        """The members now, or as they were, for at most half an hour. Unread when neither is known."""
        try:
            users = self._asked(group, lambda: self._web.usergroups_users_list(usergroup=group)).get("users")
        except Unread:
            at = self._group_read.get(group)
            if at is None or self._clock.now() - at > STALE_AFTER:
                raise
            return self._people.group(group)
        self._group_read[group] = self._clock.now()
        return tuple(each for each in users or () if isinstance(each, str))

    def _person(self, number: str, home: Identity, groups: dict[str, tuple[str, ...]]) -> Person | None:
        """One entry: read now, as it was, or one that says nothing; None when there is no such person."""
        try:
            user = self._asked(number, lambda: self._web.users_info(user=number)).get("user")
        except Unread:
            old = self._people.person(home.team, number)
            return old or Person(team=home.team, id=number, name=number, read_at=NEVER)
        if not isinstance(user, dict):
            return None
        belongs = tuple(sorted(group for group, members in groups.items() if number in members))
        return described(user, home, belongs, self._clock.now())

    def _asked(self, what: str, ask: Callable[[], Any]) -> dict[str, Any]:
        """One answer of Slack; empty when it says no for good. Waits where Slack says so. Else Unread."""
        for _ in range(4):
            try:
                answer = ask().data
                self._refused.pop(what, None)
                return answer if isinstance(answer, dict) else {}
            except SlackApiError as error:
                word = str(error.response.get("error", "")) if hasattr(error.response, "get") else ""
                if word in HINTS:
                    self._tell_once(what, word)
                    return {}
                if word != "ratelimited":
                    raise Unread(f"{what}: {word or error.response.status_code}") from None
                after = str(error.response.headers.get("Retry-After", "30"))
                if self._stopped.wait(min(float(after) if after.isdigit() else 30.0, 60.0)):
                    break
            except OSError as error:
                raise Unread(f"{what}: {type(error).__name__}") from None
        raise Unread(f"{what}: Slack asks to wait")

    def _tell_once(self, what: str, word: str) -> None:
        if self._refused.get(what) != word:
            self._refused[what] = word
            log.error("%s was not read from Slack (%s): %s", what, word, HINTS[word])


def described(user: dict[str, Any], home: Identity, groups: tuple[str, ...], at: datetime) -> Person:
    """What users.info says, as an entry. Somebody of another workspace is a stranger, whatever the flag says:
    Slack sets `is_stranger` only for people in no channel the app can see.
    """
    organisation = user.get("enterprise_user") or {}
    ours = bool(home.enterprise) and organisation.get("enterprise_id") == home.enterprise
    team = home.team if ours else str(user.get("team_id") or "")
    profile = user.get("profile") or {}
    name = profile.get("display_name") or user.get("real_name") or user.get("name") or user["id"]
    return Person(
        team=team,
        id=str(user["id"]),
        name=str(name)[:80],
        guest=bool(user.get("is_restricted") or user.get("is_ultra_restricted")),
        bot=bool(user.get("is_bot") or user.get("is_workflow_bot")),
        deleted=bool(user.get("deleted")),
        stranger=bool(user.get("is_stranger")) or team != home.team,
        groups=groups,
        read_at=at,
    )
