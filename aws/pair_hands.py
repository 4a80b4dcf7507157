"""Changes both sides of a target, one absolute step after the other. What a step is made of is each driver's own.

Every step is skipped where its effect stands already, so that the same action twice is one effect. What was done before
a step failed stays and is said: the next look asks again. Decides nothing about traffic.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping

from aws.alb import Forwarding
from aws.alb_facts import Rule
from aws.calls import Calls
from aws.driver import failed
from aws.faults import CallError
from aws.pair_limits import SIDES, Limit, Side, floor_of
from aws.pair_look import T, Want
from aws.pair_seen import Sight, replaced
from rollout.actions import Outcome
from rollout.errors import TargetError
from rollout.release import Release


class Hands(ABC):
    """One action on one target, as it was just seen."""

    def __init__(self, elb: Calls, one: Want[T], sight: Sight) -> None:
        self._sight = sight
        self._forwarding = Forwarding(elb, one.target.rules)
        self._done: list[str] = []
        self._request = ""
        self._revision = ""

    @abstractmethod
    def bring_up(self, side: Side, release: Release) -> None:
        """Ask for what the release needs on that side."""

    @abstractmethod
    def put_back(self, side: Side, release: Release) -> None:
        """Ask for the release again on a side that serves, as large as it is."""

    @abstractmethod
    def shrink(self, side: Side, count: int) -> None:
        """Ask for no more than that many servers."""

    @abstractmethod
    def write_limit(self, side: Side, least: int) -> None:
        """Let the side not get smaller by itself than that."""

    def launch(self, release: Release, revision: str) -> None:
        """Bring the side of that release up to what all traffic needs: checked, pinned, with what it runs.

        Its group stands in every rule first: targets of one that stands nowhere are never health-checked.
        """
        attached = self._forwarding.attach(self._sight.sides.groups, revision)
        if attached.written:
            self._done.append("the group stands in every rule")
            self._revision = attached.rules.fingerprint
        index = self._sight.sides.groups.index(release.pinned["target_group"])
        self._pin(SIDES[1 - index])
        # Pinned only when it is asked for the release: a least size may start servers at once.
        self.bring_up(SIDES[index], release)
        self._pin(SIDES[index])
        self._offer(release)

    def restore(self, releases: Mapping[Side, Release]) -> None:
        """Give sides that serve their release back, where somebody replaced it."""
        for side, release in releases.items():
            if replaced(self._sight, side):
                self.put_back(side, release)

    def retire(self, side: Side) -> None:
        """Let a side without traffic shrink to its floor. Refuses while any rule sends anything to it."""
        other = self._sight.sides.groups[1 - SIDES.index(side)]
        for rule in self._sight.rules.rows:
            if rule.shares.keys() != {other}:
                fact = f"{rule.words} does not send everything to {self._sight.sides.name(other)}; nothing was removed"
                raise TargetError("state", fact, "move the traffic first")
        self._limit(side, self._sight.pins.released(side))
        self.shrink(side, floor_of(self._sight.before, side, self._sight.floor))

    def finish(self) -> None:
        """Give both sides the least size back that their role had."""
        for side in SIDES:
            self._limit(side, self._sight.pins.released(side))

    def outcome(self) -> Outcome:
        """All steps were done."""
        text = "; ".join(self._done) or "it stands already"
        return Outcome(state="done", text=text, request_id=self._request, revision=self._revision)

    def broken(self, error: TargetError) -> Outcome:
        """A step failed. Only where none before it was done it is sure that nothing changed."""
        if isinstance(error, CallError):
            outcome = failed(error)
        else:
            outcome = Outcome(state="failed", text=error.fact, hint=error.hint)
        if not self._done:
            return outcome
        return outcome.model_copy(update={"state": "unknown", "text": f"{'; '.join(self._done)}; then {error.fact}"})

    def key(self, side: Side) -> str:
        """Under which name its limits are found."""
        return self._sight.keys[SIDES.index(side)]

    def note(self, text: str, request: str) -> None:
        """A step that took effect."""
        self._done.append(text)
        self._request = request

    def _offer(self, release: Release) -> None:
        """Where people try out the new release: the sides change places, so the test rule has to follow.

        Not on a way back: that release served before, and the side that it leaves is the next one to be tried.
        """
        rule, rollout = self._sight.tried, self._sight.rollout
        coming = self._sight.sides.candidate
        if not isinstance(rule, Rule) or rollout is None or rollout.back or release.pinned["target_group"] != coming:
            return
        if request := self._forwarding.point(rule, self._sight.sides.groups, coming):
            self.note(f"the test rule sends to {self._sight.sides.name(coming)}", request)

    def _pin(self, side: Side) -> None:
        """Its own largest size is not ours to change: the preflight tells when it is too small."""
        found = self._found(side)
        if found is not None and found.least < self._sight.size:
            self._limit(side, min(self._sight.needed, found.most))

    def _limit(self, side: Side, least: int | None) -> None:
        found = self._found(side)
        if found is not None and least is not None and found.least != least:
            self.write_limit(side, least)

    def _found(self, side: Side) -> Limit | None:
        limits = self._sight.limits
        if isinstance(limits, TargetError):
            raise limits
        return limits.get(self.key(side))
