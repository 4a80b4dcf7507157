"""AWS as the conductor sees it: looks at many rollouts at once, does one thing at a time. Judges nothing.

Targets are read before alarms: a verdict counts only if its alarms were read after the weight was seen (S1).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import ValidationError

from aws.alarms import AlarmReader, Watch
from aws.driver import AwsDriver, misfit
from aws.sessions import Place, Sessions
from rollout.actions import Action, Outcome
from rollout.errors import FaultKind, Serves, TargetError, TidegateError
from rollout.model import Phase, Rollout
from rollout.ports import Clock
from rollout.release import Prepared
from rollout.seen import AlarmReading, Fault, Observation, Seen

FINAL: Final[frozenset[FaultKind]] = frozenset({"absent", "auth", "config", "state"})
"""Asking again changes nothing: a requested rollout is refused at once instead of at its deadline."""


@dataclass
class _Look:
    """One rollout's observation while it is made."""

    rollout: Rollout
    driver: AwsDriver | None = None
    place: Place | None = None
    seen: Seen | None = None
    fault: Fault | None = None
    prepared: Prepared | None = None
    refusal: Fault | None = None
    alarms: tuple[AlarmReading, ...] = ()
    alarms_at: datetime | None = None
    alarms_fault: Fault | None = None

    def observation(self, at: datetime) -> Observation:
        """What was made of it."""
        return Observation(
            at=at, seen=self.seen, fault=self.fault, alarms=self.alarms, alarms_at=self.alarms_at,
            alarms_fault=self.alarms_fault, prepared=self.prepared, refusal=self.refusal,
        )  # fmt: skip


class AwsWorld:
    """Implements rollout.ports.World. Thread-safe: lanes look and act at the same time."""

    def __init__(
        self, sessions: Sessions, drivers: Mapping[str, AwsDriver], now: Clock, reader: AlarmReader | None = None
    ) -> None:
        self._drivers = drivers
        self._clock = now
        self._alarms = reader or AlarmReader(sessions)
        """The one that the watch of all alarms reads through, where there is one."""

    def observe(self, rollouts: Sequence[Rollout]) -> Mapping[int, Observation]:
        """Look at all of them, batched by driver and by place; every failure is a value of its own."""
        at = self._clock.now()
        looks = [self._begin(rollout) for rollout in rollouts]
        for look in looks:
            if look.rollout.phase is Phase.REQUESTED and look.fault is None:
                self._prepare(look)
        open_looks = [look for look in looks if look.fault is None and look.refusal is None]
        for group in _grouped(open_looks):
            _see(group)
        by_place: dict[Place, list[_Look]] = defaultdict(list)
        for look in looks:
            if look.place is not None and look.refusal is None:
                by_place[look.place].append(look)
        for place, group in by_place.items():
            self._read_alarms(place, group)
        return {look.rollout.id: look.observation(at) for look in looks}

    def perform(self, rollout: Rollout, action: Action, key: str) -> Outcome:
        """Do one absolute action, once. Never raises."""
        driver = self._drivers.get(rollout.kind)
        if driver is None:
            fault = self._unknown(rollout)
            return Outcome(state="failed", text=fault.text, hint=fault.hint)
        try:
            return driver.perform(rollout, action, key)
        except Exception as error:  # noqa: BLE001 - whatever broke, it may have broken after the call
            return Outcome(state="unknown", text=_inside(error), hint="the next look tells")

    def _begin(self, rollout: Rollout) -> _Look:
        look = _Look(rollout, self._drivers.get(rollout.kind))
        if look.driver is None:
            look.fault = self._unknown(rollout)
            return look
        try:
            target = look.driver.Target.model_validate(rollout.terms.settings)
        except ValidationError as error:
            look.fault = _fault(misfit(rollout, error))
            return look
        look.place = Place(target.iam_role, target.region)
        return look

    def _unknown(self, rollout: Rollout) -> Fault:
        known = ", ".join(sorted(self._drivers))
        return Fault(kind="config", text=f"there is no driver {rollout.kind[:40]!r}", hint=f"known: {known}")

    def _prepare(self, look: _Look) -> None:
        if look.driver is None:
            return
        try:
            prepared = look.driver.prepare(look.rollout)
        except TargetError as error:
            fault = _fault(error)
            look.fault, look.refusal = (None, fault) if error.kind in FINAL else (fault, None)
        except TidegateError as error:
            kind: FaultKind = "done" if isinstance(error, Serves) else "state"
            look.refusal = Fault(kind=kind, text=error.fact, hint=error.hint)
        except Exception as error:  # noqa: BLE001 - one rollout's trouble never spoils another's look
            look.fault = Fault(kind="transient", text=_inside(error))
        else:
            look.refusal = _failed_checks(prepared)
            if look.refusal is None:
                look.prepared = prepared
                look.rollout = look.rollout.but(stable=prepared.stable, candidate=prepared.candidate)

    def _read_alarms(self, place: Place, looks: Sequence[_Look]) -> None:
        at = self._clock.now()
        watches = [
            Watch(
                tuple(gate.name for gate in look.rollout.terms.alarms),
                look.rollout.gate_from,
                look.rollout.known_red,
            )
            for look in looks
        ]
        try:
            answers = self._alarms.read(place, watches)
        except Exception as error:  # noqa: BLE001 - a bug here must read as blindness, not as a crash
            for look in looks:
                look.alarms_fault = Fault(kind="transient", text=_inside(error))
            return
        for look, answer in zip(looks, answers, strict=True):
            look.alarms, look.alarms_at = answer.alarms, at
            look.alarms_fault = _fault(answer.fault) if answer.fault else None


def _grouped(looks: Iterable[_Look]) -> list[list[_Look]]:
    groups: dict[tuple[str, Place | None], list[_Look]] = defaultdict(list)
    for look in looks:
        groups[look.rollout.kind, look.place].append(look)
    return list(groups.values())


def _see(group: Sequence[_Look]) -> None:
    """Ask one driver about all of its rollouts at one place."""
    driver = group[0].driver
    if driver is None:
        return
    try:
        answers = driver.look([look.rollout for look in group])
    except Exception as error:  # noqa: BLE001 - a bug in a driver must read as blindness, not as a crash
        for look in group:
            look.fault = Fault(kind="transient", text=_inside(error))
        return
    for look in group:
        answer = answers.get(look.rollout.id)
        if isinstance(answer, Seen):
            look.seen = answer
        else:
            look.fault = _fault(answer) if answer else Fault(kind="transient", text="the target was not read")


def _failed_checks(prepared: Prepared) -> Fault | None:
    failed = [check for check in prepared.checks if check.state == "fail"]
    if not failed:
        return None
    return Fault(
        kind="state",
        text="; ".join(check.text for check in failed),
        hint="; ".join(check.hint for check in failed if check.hint),
    )


def _fault(error: TargetError) -> Fault:
    return Fault(kind=error.kind, text=error.fact, hint=error.hint)


def _inside(error: Exception) -> str:
    # Only the name: the text of an unforeseen error may hold anything.
    return f"looking at AWS failed inside ({type(error).__name__})"
