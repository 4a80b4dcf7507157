"""The driver `ecs`: a blue and a green service, each on its target group, traffic moved by a load balancer's weights.

A release is an image: the candidate's task definition is the live one with only that image changed, found again by its
content. The side with the traffic is stable, the other one is the candidate; after a rollout they have changed places.
ECS starts and stops the tasks, alb.py alone touches the rules, ecs_hands.py alone the services. Judges nothing; what
holds for every driver of two sides stands in pair_driver.py.
"""

from collections.abc import Mapping
from typing import ClassVar, Final

from aws import alb_preflight, ecs_preflight
from aws.alb_preflight import Survey
from aws.ecs_commits import OPTIONAL
from aws.ecs_hands import EcsHands
from aws.ecs_images import Registries
from aws.ecs_look import EcsEyes
from aws.ecs_reads import read_limits, read_services
from aws.ecs_release import Shipment, Shipping, Where
from aws.ecs_replies import Fleet
from aws.ecs_target import OPERATIONS, EcsTarget
from aws.pair_driver import PairDriver, standing
from aws.pair_hands import Hands
from aws.pair_look import Want, target_of
from aws.pair_seen import Sight, crews_of, snapshot
from aws.pair_target import named
from aws.sessions import Sessions
from rollout.errors import Refused
from rollout.model import Rollout
from rollout.ports import Clock, TargetModel
from rollout.release import Check, Prepared

NEWEST: Final = "latest"


class Ecs(PairDriver[EcsTarget]):
    """Two services behind listener rules. A look is a call for all services and one for all limits more."""

    kind: ClassVar[str] = "ecs"
    Target: ClassVar[type[TargetModel]] = EcsTarget
    operations: ClassVar[Mapping[str, str]] = OPERATIONS

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock
        self._eyes = EcsEyes(sessions, clock)
        super().__init__(EcsTarget, self._eyes)

    @classmethod
    def needs(cls, target: TargetModel) -> Mapping[str, str]:
        """What deploying needs; what only a link needs is optional."""
        return {action: resource for action, resource in super().needs(target).items() if action not in OPTIONAL}

    def prepare(self, rollout: Rollout) -> Prepared:
        """Pin what was asked for, say what would change, check that two sides can share traffic. Read only."""
        target = target_of(rollout, EcsTarget)
        survey, sight = self._surveyed(rollout, target)
        stable, candidate = crews_of(sight, Fleet)
        shipment = self._shipping(target, sight).plan(
            rollout.wanted, back=rollout.back, home=rollout.home, serving=stable.task_definition
        )
        checks = [
            *alb_preflight.split(survey),
            *alb_preflight.findings(survey),
            *ecs_preflight.services(sight),
            *ecs_preflight.limits(sight),
            *_of(shipment, candidate),
        ]
        return Prepared(
            stable=shipment.stable, candidate=shipment.candidate, diff=(*shipment.diff, _place(sight)),
            checks=tuple(checks), snapshot=snapshot(sight, survey.test),
        )  # fmt: skip

    def examine(self, target: TargetModel) -> tuple[Check, ...]:
        """Whether its names exist, and what a rollout of the newest image would meet. Read only."""
        mine = EcsTarget.model_validate(target.model_dump(mode="json"))
        survey, sight = self._surveyed(None, mine)
        stable, candidate = crews_of(sight, Fleet)
        checks = [
            *alb_preflight.standing_split(survey),
            *alb_preflight.findings(survey),
            *(standing(check, "deployment") for check in ecs_preflight.services(sight)),
            *ecs_preflight.limits(sight),
        ]
        try:
            shipment = self._shipping(mine, sight).plan(NEWEST, serving=stable.task_definition)
        except Refused as error:
            tells = error.fact
        else:
            checks += _of(shipment, candidate)
            tells = f"{shipment.stable.id} serves, {shipment.candidate.id} would come next"
        if any(check.state == "fail" for check in checks):
            return tuple(checks)
        text = f"cluster {mine.cluster}, {_place(sight)}; {tells}"
        return (Check(name="names", state="ok", text=text), *checks)

    def hands(self, one: Want[EcsTarget], sight: Sight) -> Hands:
        """What changes services."""
        return EcsHands(self._eyes.desk(one.target), self._eyes.marks, one, sight)

    def _surveyed(self, rollout: Rollout | None, target: EcsTarget) -> tuple[Survey, Sight]:
        """Rules, groups, services and limits. TargetError when a name leads nowhere."""
        at, desk = self._clock.now(), self._eyes.desk(target)
        survey = alb_preflight.survey(desk.elb, named(target))
        alb_preflight.refuse_unreadable(survey)
        stable, candidate = (target.crew(group) for group in survey.sides.groups)
        found = read_services(desk.ecs, target.cluster, [stable, candidate])
        keys = (f"{target.cluster}/{stable}", f"{target.cluster}/{candidate}")
        sight = Sight(
            rollout, target.floor, survey.sides, at, survey.rules, keys, (found[stable], found[candidate]),
            read_limits(desk.scaling, keys),
        )  # fmt: skip
        crews_of(sight, Fleet)
        return survey, sight

    def _shipping(self, target: EcsTarget, sight: Sight) -> Shipping:
        registries = Registries(self._sessions, target.iam_role, OPERATIONS)
        return Shipping(self._eyes.desk(target), self._eyes.marks, registries, Where(target, sight.sides))


def _of(shipment: Shipment, candidate: Fleet) -> list[Check]:
    return [
        *ecs_preflight.live(shipment.live, shipment.served_by),
        *ecs_preflight.definition(shipment.new, shipment.container, candidate),
        *shipment.checks,
    ]


def _place(sight: Sight) -> str:
    stable, candidate = crews_of(sight, Fleet)
    return f"{stable.service_name} serves with {stable.desired_count} tasks, {candidate.service_name} comes"
