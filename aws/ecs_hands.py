"""Changes two ECS services and their scalable targets. Decides nothing about traffic."""

from typing import Any

from aws.ecs_definition import short
from aws.ecs_reads import DIMENSION, Desk, Marks, resource
from aws.ecs_replies import Fleet, Limited, Updated
from aws.ecs_revisions import revision_of
from aws.ecs_target import EcsTarget
from aws.faults import CallError
from aws.pair_hands import Hands
from aws.pair_limits import SIDES, Side
from aws.pair_look import Want
from aws.pair_seen import Sight, crews_of
from rollout.release import Release


class EcsHands(Hands):
    """Services and task definitions."""

    def __init__(self, desk: Desk, marks: Marks, one: Want[EcsTarget], sight: Sight) -> None:
        super().__init__(desk.elb, one, sight)
        self._desk = desk
        self._marks = marks
        self._cluster = one.target.cluster
        self._services = dict(zip(SIDES, crews_of(sight, Fleet), strict=True))

    def bring_up(self, side: Side, release: Release) -> None:
        """With its task definition, as many tasks as carry all traffic."""
        service = self._services[side]
        ours = self._sight.ours[SIDES.index(side)] is True
        definition = service.task_definition if ours else self._definition(release)
        self._update(service, definition, max(self._sight.needed, service.desired_count if ours else 0))

    def put_back(self, side: Side, release: Release) -> None:
        """Its own task definition."""
        service = self._services[side]
        self._update(service, self._definition(release), service.desired_count)

    def shrink(self, side: Side, count: int) -> None:
        """Fewer tasks."""
        service = self._services[side]
        if service.desired_count > count:
            self._update(service, service.task_definition, count)

    def write_limit(self, side: Side, least: int) -> None:
        """The least size of the scalable target; its largest stays."""
        key = self.key(side)
        reply = self._desk.scaling.write(
            "RegisterScalableTarget", Limited, ServiceNamespace="ecs", ResourceId=resource(key),
            ScalableDimension=DIMENSION, MinCapacity=least,
        )  # fmt: skip
        self.note(f"{key} scales by itself from {least} tasks", reply.response_metadata.request_id)

    def _definition(self, release: Release) -> str:
        return revision_of(self._desk.ecs, self._marks, release, self.note)

    def _update(self, service: Fleet, definition: str, count: int) -> None:
        asked: dict[str, Any] = {}
        if service.task_definition != definition:
            asked["taskDefinition"] = definition
        if service.desired_count != count:
            asked["desiredCount"] = count
        if not asked:
            return
        reply = self._desk.ecs.write(
            "UpdateService", Updated, cluster=self._cluster, service=service.service_name, **asked
        )
        shown, request = reply.service, reply.response_metadata.request_id
        told = f"{shown.service_name}: {short(shown.task_definition)}, {shown.desired_count} tasks"
        if (shown.task_definition, shown.desired_count) != (definition, count):
            fact = f"asked for {short(definition)} with {count} tasks, AWS answered {told}"
            raise CallError("unknown", fact, "the next look tells", request_id=request)
        self.note(told, request)
