"""The driver `ec2`: a blue and a green Auto Scaling group, each on its target group, traffic moved by weights.

A release is a version of the launch template that serves, `my-app@7`; the idle group gets that template and version.
A group that follows `$Latest` or `$Default` is refused: what it starts next is not what serves, and an autoscaler would
mix two releases in one side. EC2 starts and ends the instances, alb.py alone touches the rules, ec2_hands.py alone the
groups. Judges nothing; what holds for every driver of two sides stands in pair_driver.py.
"""

from collections.abc import Mapping
from typing import ClassVar

from aws import alb_preflight, ec2_preflight
from aws.alb_preflight import Survey
from aws.ec2_hands import Ec2Hands
from aws.ec2_look import Ec2Eyes, limits_of, template_of
from aws.ec2_reads import NEWEST, read_pools, version_of
from aws.ec2_replies import Pool, TemplateVersion
from aws.ec2_target import OPERATIONS, Ec2Target
from aws.pair_driver import PairDriver, standing
from aws.pair_hands import Hands
from aws.pair_look import Want, target_of
from aws.pair_seen import Sight, crews_of, snapshot
from aws.pair_target import named
from aws.sessions import Sessions
from rollout.errors import Refused, Serves
from rollout.model import Rollout
from rollout.ports import Clock, TargetModel
from rollout.release import Check, Prepared, Release


class Ec2(PairDriver[Ec2Target]):
    """Two Auto Scaling groups behind listener rules. A look is a call for all groups more."""

    kind: ClassVar[str] = "ec2"
    Target: ClassVar[type[TargetModel]] = Ec2Target
    operations: ClassVar[Mapping[str, str]] = OPERATIONS

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._clock = clock
        self._eyes = Ec2Eyes(sessions, clock)
        super().__init__(Ec2Target, self._eyes)

    def prepare(self, rollout: Rollout) -> Prepared:
        """Pin what was asked for, say what would change, check that two sides can share traffic. Read only."""
        target = target_of(rollout, Ec2Target)
        survey, sight = self._surveyed(rollout, target)
        old, new = self._versions(target, sight, rollout.wanted, rollout.home)
        stable, candidate = (
            ec2_preflight.release(version, group, target.crew(group))
            for version, group in zip((old, new), sight.sides.groups, strict=True)
        )
        checks = [*alb_preflight.split(survey), *alb_preflight.findings(survey), *ec2_preflight.pools(sight)]
        return Prepared(
            stable=stable, candidate=candidate, diff=(*ec2_preflight.differences(old, new), _place(sight)),
            checks=tuple(checks), snapshot=snapshot(sight, survey.test),
        )  # fmt: skip

    def examine(self, target: TargetModel) -> tuple[Check, ...]:
        """Whether its names exist, and what a rollout of the newest version would meet. Read only."""
        mine = Ec2Target.model_validate(target.model_dump(mode="json"))
        survey, sight = self._surveyed(None, mine)
        checks = [
            *alb_preflight.standing_split(survey),
            *alb_preflight.findings(survey),
            *(standing(check, "mixed") for check in ec2_preflight.pools(sight)),
        ]
        try:
            old, new = self._versions(mine, sight, "", None)
        except Refused as error:
            tells = error.fact
        else:
            tells = f"{old.words} serves, {new.words} would come next"
        if any(check.state == "fail" for check in checks):
            return tuple(checks)
        return (Check(name="names", state="ok", text=f"{_place(sight)}; {tells}"), *checks)

    def hands(self, one: Want[Ec2Target], sight: Sight) -> Hands:
        """What changes Auto Scaling groups."""
        return Ec2Hands(self._eyes.elb(one.target), self._eyes.calls(one.target, "autoscaling"), one, sight)

    def _versions(
        self, target: Ec2Target, sight: Sight, wanted: str, home: Release | None
    ) -> tuple[TemplateVersion, TemplateVersion]:
        """What serves and what is meant. NotFound or Refused when that cannot be deployed.

        A number is one of the template that serves; a way back goes to the very template that it was recorded with.
        """
        stable, _ = crews_of(sight, Pool)
        template, ec2 = ec2_preflight.serving(stable), self._eyes.calls(target, "ec2")
        recorded = template_of(home) if home is not None and "template" in home.pinned else None
        old = version_of(ec2, template, template.version)
        named = NEWEST if wanted in ("", "latest") else wanted
        new = version_of(ec2, recorded or template, recorded.version if recorded else named)
        if recorded is not None and new.version_number == old.version_number and not recorded.same(template):
            # A release goes by its number: two of one number could not be told apart while both serve.
            fact = f"{stable.name} serves {template.words}, what served before is {recorded.words}: one number for both"
            raise Refused(fact, f"make a new version of {template.name} that is like {recorded.words}, and ship that")
        if new.version_number == old.version_number:
            fact = f"{stable.name} already serves {template.version}"
            raise Serves(fact, "make a new version, or name another one after @")
        return old, new

    def _surveyed(self, rollout: Rollout | None, target: Ec2Target) -> tuple[Survey, Sight]:
        """Rules, target groups and Auto Scaling groups. TargetError when a name leads nowhere."""
        at = self._clock.now()
        survey = alb_preflight.survey(self._eyes.elb(target), named(target))
        alb_preflight.refuse_unreadable(survey)
        stable, candidate = (target.crew(group) for group in survey.sides.groups)
        pools = read_pools(self._eyes.calls(target, "autoscaling"), [stable, candidate])
        sight = Sight(
            rollout, target.floor, survey.sides, at, survey.rules, (stable, candidate),
            (pools[stable], pools[candidate]), limits_of({**pools}),
        )  # fmt: skip
        crews_of(sight, Pool)
        return survey, sight


def _place(sight: Sight) -> str:
    stable, candidate = crews_of(sight, Pool)
    return f"{stable.name} serves with {stable.desired_capacity} instances, {candidate.name} comes"
