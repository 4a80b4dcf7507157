"""CodeDeploy's engine: every deployment from Created to its end, and the way back from a failed one, second by second.

How traffic moves is each platform's own affair. `minute` says how many seconds a minute of a configuration or of a
wait lasts: a demo shortens it, tests leave it at 60. No API here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from demo.cloud.codedeploy_deployment import Deployment, Fault, Group, Run
from demo.cloud.codedeploy_words import (
    BAKING,
    CREATED,
    ENDED,
    FAILED,
    IN_PROGRESS,
    ON_ALARM,
    ON_FAILURE,
    ON_REQUEST,
    QUEUED,
    ROLLBACK,
    SERVER,
    STOPPED,
    SUCCEEDED,
    USER,
    message_of,
)
from demo.cloud.metrics import KEPT_SECONDS, epoch

QUEUED_AFTER, BEGINS_AFTER = 1, 2
STOPS_AFTER, GOES_BACK_AFTER = 2, 3
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
MakeRun = Callable[[Deployment, int], Run]


@dataclass
class CodeDeploy:
    """The deployments of all groups. `make_run` begins one on its platform, `alarm_state` reads an alarm."""

    make_run: MakeRun
    alarm_state: Callable[[tuple[str, str, str]], str]
    minute: float = 60.0
    """Seconds that a minute of AWS lasts here."""
    wait_minute: float | None = None
    """The same of its waits for people; as others where it is not given. AWS tells no end of these: whoever looks at
    one reckons it from the configuration, by real minutes.
    """
    says_baking: bool = False
    """Whether the wait before the old side goes is called Baking. Elsewhere it is InProgress with a flag."""
    says_waiting: bool = True
    """Whether that flag is set. AWS forgot it on ECS for years (aws/containers-roadmap#269)."""
    hides: int = 0
    """How many times ListDeployments leaves a new deployment out: it is eventually consistent."""
    stuck: set[str] = field(default_factory=set)
    """Applications whose deployments do not get on."""
    failing: dict[str, str] = field(default_factory=dict)
    """The error code that the next step of an application's deployment ends with."""
    deployments: dict[str, Deployment] = field(default_factory=dict)
    _at: int = 0

    @property
    def waiting(self) -> float:
        """Seconds that a minute of a wait lasts."""
        return self.minute if self.wait_minute is None else self.wait_minute

    def create(self, group: Group, config: Any, asked: dict[str, Any], second: int, creator: str = USER) -> Deployment:
        """A new deployment of a group that has none under way."""
        good = group.last_good
        one = Deployment(
            self._id(group), group, config, asked, second, creator, previous=good.revision if good else None,
            hidden=self.hides,
        )
        group.deployments.append(one)
        self.deployments[one.id] = one
        return one

    def remember(self, group: Group, config: Any, asked: dict[str, Any], second: int) -> Deployment:
        """A deployment that succeeded before this world began."""
        one = self.create(group, config, asked, second)
        one.started, one.hidden = second, 0
        one.end(SUCCEEDED, second)
        return one

    def stop(self, one: Deployment, second: int, *, go_back: bool) -> None:
        """Stops a deployment in a moment, and goes back where that is asked for or the group says so."""
        if one.stopping is None:
            one.stopping = second + STOPS_AFTER
        if one.undoes is None and (go_back or one.goes_back_on(ON_REQUEST)):
            one.undo_at = one.stopping + GOES_BACK_AFTER

    def seconds(self, now: datetime) -> Iterator[int]:
        """The seconds to be lived one by one up to now; none where nothing is deployed."""
        begin, self._at = max(self._at, epoch(now) - KEPT_SECONDS), epoch(now)
        return iter(range(begin + 1, epoch(now) + 1) if self._busy() else ())

    def step(self, second: int) -> None:
        """Everything that happens in one second."""
        for one in list(self.deployments.values()):
            if one.group.app.name in self.stuck:
                continue
            if one.status not in ENDED:
                self._live(one, second)
            elif one.undo_at is not None and second >= one.undo_at:
                self._go_back(one, second)

    def clear(self) -> None:
        """Forgets every deployment, and every knob."""
        for kept in (self.deployments, self.stuck, self.failing):
            kept.clear()
        self.minute, self.says_baking, self.says_waiting, self.hides, self._at = 60.0, False, True, 0, 0
        self.wait_minute = None

    # --- one deployment

    def _live(self, one: Deployment, second: int) -> None:
        if one.stopping is not None:
            # Nothing more is begun: it must not succeed between the word and the end.
            if second >= one.stopping:
                one.end(STOPPED, second, ("MANUAL_STOP", message_of("MANUAL_STOP")))
        elif one.status == CREATED and second >= one.created + QUEUED_AFTER:
            one.status = QUEUED
        elif one.status == QUEUED and second >= one.created + BEGINS_AFTER:
            one.status, one.started = IN_PROGRESS, second
        elif one.started is not None:
            self._advance(one, second)

    def _advance(self, one: Deployment, second: int) -> None:
        place = one.group.app.key[:2]
        red = [name for name in one.alarms if self.alarm_state((*place, name)) == "ALARM"]
        if red:
            one.end(STOPPED, second, ("ALARM_ACTIVE", message_of("ALARM_ACTIVE", ", ".join(red))))
            self._plan_back(one, ON_ALARM, second)
            return
        try:
            code = self.failing.pop(one.group.app.name, "")
            if code:
                raise Fault(code, "of a knob")
            one.run = one.run or self.make_run(one, second)
            status = one.run.step(second)
        except Fault as fault:
            one.end(STOPPED if fault.stopped else FAILED, second, (fault.code, fault.message))
            self._plan_back(one, ON_REQUEST if fault.stopped else ON_FAILURE, second)
            return
        if status == SUCCEEDED:
            one.end(SUCCEEDED, second)
        one.status = IN_PROGRESS if status == BAKING and not self.says_baking else status
        one.terminating = one.terminating or (status == BAKING and self.says_waiting)

    def _plan_back(self, one: Deployment, event: str, second: int) -> None:
        """A way back that fails itself has none."""
        if one.undoes is None and one.goes_back_on(event):
            one.undo_at = second + GOES_BACK_AFTER

    def _go_back(self, failed: Deployment, second: int) -> None:
        """CodeDeploy deploys the last good revision once more, as a deployment of its own."""
        failed.undo_at = None
        good = failed.group.last_good
        if good is None and failed.group.app.platform == SERVER:
            failed.undo_message = "The rollback failed: there is no last known successful revision to deploy."
            return
        if failed.group.active is not None:
            failed.undo_message = "The rollback failed: another deployment of the group is under way."
            return
        asked = {"description": f"Rollback of deployment {failed.id}", "revision": good.revision if good else {}}
        back = self.create(failed.group, failed.config, asked, second, ROLLBACK)
        back.undoes, failed.undone_by = failed, back
        failed.undo_message = back.undo_message = f"Deployment {back.id} rolls back deployment {failed.id}."

    def _busy(self) -> bool:
        return any(one.status not in ENDED or one.undo_at is not None for one in self.deployments.values())

    def _id(self, group: Group) -> str:
        """Nine letters and digits, the same in every run."""
        mark = int(hashlib.sha256(f"{group.id} {len(group.deployments)}".encode()).hexdigest(), 16)
        text = ""
        for _ in range(9):
            mark, rest = divmod(mark, len(DIGITS))
            text += DIGITS[rest]
        return f"d-{text}"
