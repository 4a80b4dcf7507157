"""The driver `ecs-native`: one ECS service that AWS itself deploys by ROLLING, BLUE_GREEN, LINEAR or CANARY.

A release is an image: the candidate's task definition is the live one with only that image changed, found again by its
content. ECS starts the tasks, moves the traffic and removes the old tasks; the machine watches, answers its pauses, and
has it go back. native_hands.py alone changes anything. Judges nothing.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from aws import ecs_preflight, native_plan, native_preflight
from aws.alarm_calls import A_PAGE, described, possible
from aws.alarm_facts import AlarmRow
from aws.alb_facts import Sides
from aws.alb_reads import batches
from aws.calls import Calls
from aws.driver import only_seen
from aws.ecs_commits import OPTIONAL
from aws.ecs_images import Registries, parse
from aws.ecs_reads import Desk
from aws.ecs_release import Shipment, Shipping, Where
from aws.native_hands import NativeHands
from aws.native_left import left_by
from aws.native_look import NativeEyes, Want, target_of, want
from aws.native_preflight import Survey
from aws.native_reads import fleet_of, newest_of
from aws.native_replies import NativeFleet
from aws.native_schedule import AT_ONCE, Schedule, bounds_of, schedule_of
from aws.native_seen import Sight, seen
from aws.native_target import OPERATIONS, NativeTarget
from aws.pair_driver import standing
from aws.sessions import Place, Sessions
from rollout.actions import Action, Outcome
from rollout.errors import BadPlan, Refused, TargetError
from rollout.forecast import Configured
from rollout.model import Rollout
from rollout.plan import Plan, Watch
from rollout.ports import Capabilities, Clock, TargetModel
from rollout.release import Check, Prepared, Release
from rollout.seen import Seen

NEWEST: Final = "latest"
_HERE: Final = Sides("stable", "candidate", {})
"""Both releases run in one service; no group is one's own."""


class EcsNative:
    """A look is one call for ten services and one for twenty deployments; nothing else while all goes well."""

    kind: ClassVar[str] = "ecs-native"
    Target: ClassVar[type[TargetModel]] = NativeTarget
    capabilities: ClassVar[Capabilities] = Capabilities(weights="watch", pausable=False)
    operations: ClassVar[Mapping[str, str]] = OPERATIONS

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions = sessions
        self._eyes = NativeEyes(sessions, clock)

    @classmethod
    def misfit(cls, target: TargetModel, plan: Plan) -> str:  # noqa: ARG003 - ECS can do the same for all of them
        """Why ECS cannot step through that plan, with what it can; or empty."""
        if _as_configured(plan):
            return ""
        try:
            schedule_of(plan)
        except BadPlan as error:
            return error.fact
        return ""

    @classmethod
    def bounds(cls, target: TargetModel, plan: Plan) -> tuple[str, ...]:
        """Where what ECS will do differs from the plan; of one that it cannot run there is nothing to say."""
        if _as_configured(plan) or cls.misfit(target, plan):
            return ()
        return bounds_of(plan)

    @classmethod
    def needs(cls, target: TargetModel) -> Mapping[str, str]:  # noqa: ARG003 - the same for every target
        """What deploying needs; what only a link needs is optional."""
        return {action: resource for action, resource in OPERATIONS.items() if action not in OPTIONAL}

    def prepare(self, rollout: Rollout) -> Prepared:
        """Pin what was asked for, say what would change, check that ECS can do it. Read only."""
        target, plan = target_of(rollout), rollout.terms.schedule
        found = self._survey(target, schedule_of(plan) if plan else None, back=rollout.back)
        found = found._replace(without=tuple(rollout.known_red) if rollout.overridden is not None else ())
        shipment = self._shipment(target, found, rollout)
        newest = found.newest
        return Prepared(
            stable=_here(shipment.stable), candidate=_here(shipment.candidate), diff=shipment.diff,
            checks=(*native_preflight.under_way(found), *native_preflight.findings(found), *_of(shipment, found.fleet)),
            alarms=found.watched,
            snapshot={
                "deployment": newest.service_deployment_arn if newest else "",
                "at": newest.created_at.isoformat() if newest else None,
                "definition": found.fleet.task_definition, "serves": found.definition,
                "restore": found.left.service_deployment_arn if found.left else "",
                "configured": native_preflight.schedule_words(found.fleet.configuration),
                "count": found.fleet.desired_count,
            },
        )  # fmt: skip

    def examine(self, target: TargetModel) -> tuple[Check, ...]:
        """Whether its names exist, and what a rollout of the newest image would meet. Read only."""
        mine = NativeTarget.model_validate(target.model_dump(mode="json"))
        found = self._survey(mine, None, back=False)
        checks = [
            *(standing(check, "deployment") for check in native_preflight.under_way(found)),
            *native_preflight.findings(found),
        ]
        try:
            shipment = self._shipment(mine, found)
        except Refused as error:
            tells = error.fact
        else:
            checks += _of(shipment, found.fleet)
            tells = f"{shipment.stable.id} serves, {shipment.candidate.id} would come next"
        if any(check.state == "fail" for check in checks):
            return tuple(checks)
        text = f"cluster {mine.cluster}, service {mine.service} with {found.fleet.desired_count} tasks; {tells}"
        return (Check(name="names", state="ok", text=text), *checks)

    def configured(self, target: TargetModel) -> Configured:
        """What ECS does by the service's own configuration; one that a way back replaced counts as it will be again."""
        mine = NativeTarget.model_validate(target.model_dump(mode="json"))
        calls = self._eyes.ecs(mine, mine.service)
        fleet, rows = fleet_of(calls, mine.cluster, mine.service), newest_of(calls, mine.cluster, mine.service)
        left = left_by(calls, self._eyes.definitions, rows, fleet.as_configured)
        return native_plan.configured_of(left.deployment_configuration if left else fleet.configuration)

    def observe(self, rollouts: Sequence[Rollout]) -> Mapping[int, Seen]:
        """How far AWS is with each, and how many tasks of both releases run."""
        return only_seen(self.look(rollouts))

    def look(self, rollouts: Sequence[Rollout]) -> Mapping[int, Seen | TargetError]:
        """The same, with a reason for each that could not be read."""
        looks: dict[int, Seen | TargetError] = {}
        wants: list[Want] = []
        for rollout in rollouts:
            try:
                wants.append(want(rollout))
            except TargetError as error:
                looks[rollout.id] = error
        for number, sight in self._eyes.look(wants).items():
            looks[number] = seen(sight) if isinstance(sight, Sight) else sight
        return looks

    def perform(self, rollout: Rollout, action: Action, key: str) -> Outcome:
        """One absolute action. The key cannot travel: what is read before it does its work (native_hands.py)."""
        try:
            one = want(rollout)
        except TargetError as error:
            return Outcome(state="failed", text=error.fact, hint=error.hint)
        return NativeHands(self._eyes, one).do(action)

    def _survey(self, target: NativeTarget, schedule: Schedule | None, *, back: bool) -> Survey:
        calls = self._eyes.ecs(target, target.service)
        fleet = fleet_of(calls, target.cluster, target.service)
        rows = newest_of(calls, target.cluster, target.service)
        if back:
            schedule = AT_ONCE if fleet.configuration.strategy != "ROLLING" else None
        left = None if back else left_by(calls, self._eyes.definitions, rows, fleet.as_configured)
        found = Survey(
            fleet, rows[0] if rows else None, self._serves(calls, fleet), schedule=schedule, left=left, back=back
        )
        return found._replace(alarms=self._alarms(target, found.watched))

    def _serves(self, calls: Calls, fleet: NativeFleet) -> str:
        """What runs: after a deployment that went back the service may still be asked for something else."""
        running = [one.arn for one in fleet.current_service_revisions if one.running_task_count]
        if len(running) != 1:
            return fleet.task_definition
        self._eyes.definitions.read(calls, running)
        return self._eyes.definitions.of(running[0])

    def _alarms(self, target: NativeTarget, names: Sequence[str]) -> tuple[AlarmRow, ...]:
        calls = Calls(self._sessions, Place(target.iam_role, target.region), "cloudwatch", OPERATIONS)
        asked = [name for name in names if possible(name)]
        return tuple(row for batch in batches(asked, A_PAGE) for row in described(calls, AlarmNames=batch))

    def _shipment(self, target: NativeTarget, found: Survey, rollout: Rollout | None = None) -> Shipment:
        """What that rollout would ship; without one, what the newest image would be."""
        calls = self._eyes.ecs(target, target.service)
        registries = Registries(self._sessions, target.iam_role, OPERATIONS)
        shipping = Shipping(Desk(calls, calls, calls), self._eyes.marks, registries, Where(target, _HERE))
        if rollout is None:
            return shipping.plan(NEWEST, serving=found.definition)
        return shipping.plan(rollout.wanted, back=rollout.back, home=rollout.home, serving=found.definition)


def _as_configured(plan: Plan) -> bool:
    return len(plan.steps) == 1 and isinstance(plan.steps[0], Watch)


def _here(release: Release) -> Release:
    """Without the target group: which one its tasks are in is AWS's to choose."""
    return release.model_copy(
        update={"pinned": {key: value for key, value in release.pinned.items() if key != "target_group"}}
    )


def _of(shipment: Shipment, fleet: NativeFleet) -> list[Check]:
    checks = [
        *ecs_preflight.live(shipment.live, shipment.served_by),
        *ecs_preflight.definition(shipment.new, shipment.container, fleet),
        *shipment.checks,
    ]
    image = shipment.new.containers[shipment.container].image
    if parse(image) is not None and not shipment.candidate.pinned.get("digest"):
        text = f"ECR has no image {image.rsplit('/', 1)[-1]}, which {shipment.new.words} runs"
        checks.append(Check(name="image", state="fail", text=text, hint="push it again, or name another"))
    return checks
