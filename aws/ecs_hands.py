"""Changes two ECS services and their limits, one absolute step after the other. Decides nothing about traffic.

Every step is skipped where its effect stands already, so that the same action twice is one effect. What was done before
a step failed stays and is said: the next look asks again.
"""

from collections.abc import Mapping
from typing import Any

from aws.alb import Forwarding
from aws.driver import failed
from aws.ecs_definition import short
from aws.ecs_look import Want
from aws.ecs_reads import DIMENSION, Desk, Marks, definition_of, made, resource
from aws.ecs_replies import Described, Fleet, Limited, Updated
from aws.faults import CallError
from aws.pair_limits import SIDES, Limit, Side, floor_of
from aws.pair_seen import Sight, crews_of, replaced
from rollout.actions import Outcome
from rollout.errors import TargetError
from rollout.release import Release


class Hands:
    """One action on one target, as it was just seen."""

    def __init__(self, desk: Desk, marks: Marks, one: Want, sight: Sight) -> None:
        self._desk = desk
        self._marks = marks
        self._target = one.target
        self._sight = sight
        self._forwarding = Forwarding(desk.elb, one.target.rules)
        self._services = dict(zip(SIDES, crews_of(sight, Fleet), strict=True))
        self._done: list[str] = []
        self._request = ""
        self._revision = ""

    def launch(self, release: Release, revision: str) -> None:
        """Bring the side of that release up to what all traffic needs: checked, pinned, with its task definition.

        Its group stands in every rule first: targets of one that stands nowhere are never health-checked.
        """
        attached = self._forwarding.attach(self._sight.sides.groups, revision)
        if attached.written:
            self._done.append("the group stands in every rule")
            self._revision = attached.rules.fingerprint
        for side in SIDES:
            self._pin(side)
        side = SIDES[self._sight.sides.groups.index(release.pinned["target_group"])]
        service = self._services[side]
        ours = self._sight.ours[SIDES.index(side)] is True
        definition = service.task_definition if ours else self._definition(release)
        self._update(service, definition, max(self._sight.needed, service.desired_count if ours else 0))

    def restore(self, releases: Mapping[Side, Release]) -> None:
        """Give sides that serve the task definition of their release back, where somebody replaced it."""
        for side, release in releases.items():
            if replaced(self._sight, side):
                service = self._services[side]
                self._update(service, self._definition(release), service.desired_count)

    def retire(self, side: Side) -> None:
        """Let a side without traffic shrink to its floor. Refuses while any rule sends anything to it."""
        other = self._sight.sides.groups[1 - SIDES.index(side)]
        for rule in self._sight.rules.rows:
            if rule.shares.keys() != {other}:
                fact = f"{rule.words} does not send everything to {self._sight.sides.name(other)}; nothing was removed"
                raise TargetError("state", fact, "move the traffic first")
        service = self._services[side]
        self._limit(side, self._sight.pins.released(side))
        floor = floor_of(self._sight.before, side, self._sight.floor)
        if service.desired_count > floor:
            self._update(service, service.task_definition, floor)

    def finish(self) -> None:
        """Give both services the least size back that their role had."""
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

    def _definition(self, release: Release) -> str:
        """The ARN of the release's task definition: the one that it was pinned to, one that is there, or a new one."""
        known = release.pinned.get("task_definition")
        if known:
            return known
        base, container, image = (release.pinned[name] for name in ("from", "container", "image"))
        wanted = self._marks.of(self._desk.ecs, base).with_image(container, image)
        found = self._marks.find(self._desk.ecs, short(base).rpartition(":")[0], wanted)
        if found:
            return found
        request = definition_of(self._desk.ecs, base).with_image(container, image).request()
        reply = self._desk.ecs.write("RegisterTaskDefinition", Described, **request)
        self._note(f"a revision of {request['family']} is registered", reply.response_metadata.request_id)
        new = made(reply)
        if new.mark != wanted:
            raise TargetError("state", f"{new.words} was registered with another content than was asked for")
        return new.arn

    def _update(self, service: Fleet, definition: str, count: int) -> None:
        asked: dict[str, Any] = {}
        if service.task_definition != definition:
            asked["taskDefinition"] = definition
        if service.desired_count != count:
            asked["desiredCount"] = count
        if not asked:
            return
        reply = self._desk.ecs.write(
            "UpdateService", Updated, cluster=self._target.cluster, service=service.service_name, **asked
        )
        shown, request = reply.service, reply.response_metadata.request_id
        told = f"{shown.service_name}: {short(shown.task_definition)}, {shown.desired_count} tasks"
        if (shown.task_definition, shown.desired_count) != (definition, count):
            fact = f"asked for {short(definition)} with {count} tasks, AWS answered {told}"
            raise CallError("unknown", fact, "the next look tells", request_id=request)
        self._note(told, request)

    def _pin(self, side: Side) -> None:
        """Its own largest size is not ours to change: the preflight tells when it is too small."""
        found = self._scalable(side)
        if found is not None and found.least < self._sight.size:
            self._limit(side, min(self._sight.needed, found.most))

    def _limit(self, side: Side, least: int | None) -> None:
        found = self._scalable(side)
        if found is None or least is None or found.least == least:
            return
        key = self._sight.keys[SIDES.index(side)]
        reply = self._desk.scaling.write(
            "RegisterScalableTarget", Limited, ServiceNamespace="ecs", ResourceId=resource(key),
            ScalableDimension=DIMENSION, MinCapacity=least,
        )  # fmt: skip
        self._note(f"{key} scales by itself from {least} tasks", reply.response_metadata.request_id)

    def _scalable(self, side: Side) -> Limit | None:
        limits = self._sight.limits
        if isinstance(limits, TargetError):
            raise limits
        return limits.get(self._sight.keys[SIDES.index(side)])

    def _note(self, text: str, request: str) -> None:
        self._done.append(text)
        self._request = request
