"""The driver `ecs`: a blue and a green service, each on its target group, traffic moved by a load balancer's weights.

A release is an image: the candidate's task definition is the live one with only that image changed, found again by its
content. The side with the traffic is stable, the other one is the candidate; after a rollout they have changed places.
ECS starts and stops the tasks, alb.py alone touches the rules, ecs_hands.py alone the services. Judges nothing.

*Nothing is removed while it may have traffic.* Retire reads the rules itself and refuses; that the load balancer has
followed its rules is what the machine waits for (S11). What an autoscaler would shrink is pinned (pair_limits.py).

What somebody else deploys into one of the two services shows as foreign traffic (S14); a restore puts it back.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from aws import alb_preflight, ecs_preflight
from aws.alb import Forwarding
from aws.alb_preflight import Survey
from aws.calls import Calls
from aws.driver import failed, only_seen
from aws.ecs_hands import Hands
from aws.ecs_images import Image, Registry
from aws.ecs_look import Eyes, Want, target_of, want
from aws.ecs_reads import read_limits, read_services
from aws.ecs_release import Shipment, Shipping, Where
from aws.ecs_replies import Fleet
from aws.ecs_target import OPERATIONS, EcsTarget
from aws.faults import CallError
from aws.pair_limits import SIDES
from aws.pair_seen import Sight, crews_of, seen, snapshot
from aws.sessions import Place, Sessions
from rollout.actions import Action, Finish, Launch, Outcome, Retire, Shift
from rollout.errors import Refused, TargetError
from rollout.model import Rollout
from rollout.ports import Capabilities, Clock, TargetModel
from rollout.release import Check, Prepared
from rollout.seen import Seen

NEWEST: Final = "latest"


class Ecs:
    """Two services behind listener rules. A look is one call for all rules, one for services, one for limits, and one a
    group; a step is two reads and a write a rule.
    """

    kind: ClassVar[str] = "ecs"
    Target: ClassVar[type[TargetModel]] = EcsTarget
    capabilities: ClassVar[Capabilities] = Capabilities(weights="any", launches=True, servers=True)
    operations: ClassVar[Mapping[str, str]] = OPERATIONS

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock
        self._eyes = Eyes(sessions, clock)

    def prepare(self, rollout: Rollout) -> Prepared:
        """Pin what was asked for, say what would change, check that two sides can share traffic. Read only."""
        target = target_of(rollout)
        survey, sight = self._surveyed(rollout, target)
        stable, candidate = crews_of(sight, Fleet)
        shipment = self._shipping(target, sight).plan(
            rollout.wanted, back=rollout.back, serving=stable.task_definition
        )
        checks = [
            *alb_preflight.split(survey),
            *alb_preflight.findings(survey),
            *ecs_preflight.services(sight),
            *ecs_preflight.limits(sight),
            *ecs_preflight.live(shipment.live, shipment.served_by),
            *ecs_preflight.definition(shipment.new, shipment.container, candidate),
        ]
        return Prepared(
            stable=shipment.stable, candidate=shipment.candidate, diff=(*shipment.diff, _place(sight)),
            checks=tuple(checks), snapshot=snapshot(sight),
        )  # fmt: skip

    def examine(self, target: TargetModel) -> tuple[Check, ...]:
        """Whether its names exist, and what a rollout of the newest image would meet. Read only."""
        mine = EcsTarget.model_validate(target.model_dump(mode="json"))
        survey, sight = self._surveyed(None, mine)
        stable, candidate = crews_of(sight, Fleet)
        checks = [
            *alb_preflight.standing_split(survey),
            *alb_preflight.findings(survey),
            *(_standing(check) for check in ecs_preflight.services(sight)),
            *ecs_preflight.limits(sight),
        ]
        try:
            shipment = self._shipping(mine, sight).plan(NEWEST, back=False, serving=stable.task_definition)
        except Refused as error:
            tells = error.fact
        else:
            checks += _of(shipment, candidate)
            tells = f"{shipment.stable.id} serves, {shipment.candidate.id} would come next"
        if any(check.state == "fail" for check in checks):
            return tuple(checks)
        text = f"cluster {mine.cluster}, {_place(sight)}; {tells}"
        return (Check(name="names", state="ok", text=text), *checks)

    def observe(self, rollouts: Sequence[Rollout]) -> Mapping[int, Seen]:
        """What the rules show now, and how many targets of each side are healthy."""
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
        """One absolute action. The key cannot travel: none of these calls has a token, a text or a tag for it."""
        try:
            one = want(rollout)
            if isinstance(action, Shift):
                return self._shift(one, action)
            hands = self._hands(one)
            try:
                self._do(hands, one, action)
            except TargetError as error:
                return hands.broken(error)
            return hands.outcome()
        except CallError as error:
            return failed(error)
        except TargetError as error:
            return Outcome(state="failed", text=error.fact, hint=error.hint)

    def _shift(self, one: Want, action: Shift) -> Outcome:
        revision = _revision(one)
        if one.rollout.overwrite and revision:
            # A person chose [Restore]: what somebody deployed into a side that serves goes back, too.
            hands = self._hands(one)
            try:
                hands.restore(dict(zip(SIDES, one.releases, strict=True)))
            except TargetError as error:
                return hands.broken(error)
        forwarding = Forwarding(self._eyes.desk(one.target).elb, one.target.rules)
        return forwarding.shift(one.sides, action.percent, revision)

    def _do(self, hands: Hands, one: Want, action: Action) -> None:
        if isinstance(action, Launch):
            known = {release.id: release for release in one.releases}
            if action.release not in known:
                raise TargetError("state", f"{action.release} is no release of this rollout", ", ".join(known))
            hands.launch(known[action.release], _revision(one))
        elif isinstance(action, Retire):
            hands.retire(action.side)
        elif isinstance(action, Finish):
            hands.finish()

    def _hands(self, one: Want) -> Hands:
        sight = self._eyes.sights([one])[one.rollout.id]
        if isinstance(sight, TargetError):
            raise sight
        return Hands(self._eyes.desk(one.target), self._eyes.marks, one, sight)

    def _surveyed(self, rollout: Rollout | None, target: EcsTarget) -> tuple[Survey, Sight]:
        """Rules, groups, services and limits. TargetError when a name leads nowhere."""
        at, desk = self._clock.now(), self._eyes.desk(target)
        survey = alb_preflight.survey(desk.elb, target.named)
        alb_preflight.refuse_unreadable(survey)
        stable, candidate = (target.side(group).service for group in survey.sides.groups)
        found = read_services(desk.ecs, target.cluster, [stable, candidate])
        keys = (f"{target.cluster}/{stable}", f"{target.cluster}/{candidate}")
        sight = Sight(
            rollout, target.floor, survey.sides, at, survey.rules, keys, (found[stable], found[candidate]),
            read_limits(desk.scaling, keys),
        )  # fmt: skip
        crews_of(sight, Fleet)
        return survey, sight

    def _shipping(self, target: EcsTarget, sight: Sight) -> Shipping:
        def registry(image: Image) -> Registry:
            # An image may lie in another region, and in another account.
            place = Place(target.iam_role, image.region)
            return Registry(Calls(self._sessions, place, "ecr", OPERATIONS), image)

        return Shipping(self._eyes.desk(target), self._eyes.marks, registry, Where(target, sight.sides))


def _revision(one: Want) -> str:
    """What the deciding look saw; without one nothing is compared, so nothing is written."""
    return one.rollout.seen.revision if one.rollout.seen else ""


def _of(shipment: Shipment, candidate: Fleet) -> list[Check]:
    return [
        *ecs_preflight.live(shipment.live, shipment.served_by),
        *ecs_preflight.definition(shipment.new, shipment.container, candidate),
    ]


def _place(sight: Sight) -> str:
    stable, candidate = crews_of(sight, Fleet)
    return f"{stable.service_name} serves with {stable.desired_count} tasks, {candidate.service_name} comes"


def _standing(check: Check) -> Check:
    """A deployment that was found outside of a start: a live rollout of ours looks the same."""
    if check.name != "deployment":
        return check
    return check.model_copy(update={"state": "warn", "hint": f"right while a rollout is live; else {check.hint}"})
