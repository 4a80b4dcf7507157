"""A10: the health of servers in any sequence, folded as the drivers do it and decided on. No cloud: thousands a minute.

The oracle knows only what was drawn, and counts for itself: a share needs as many healthy targets as it is of all.
"""

from collections.abc import Callable
from datetime import timedelta
from math import ceil
from random import Random
from typing import Any, Final, NamedTuple

from aws.alb_facts import Rule, Rules, Sides, Targets
from aws.ec2_replies import Pool
from aws.ecs_replies import Fleet
from aws.pair_health import Crew
from aws.pair_limits import SIDES
from aws.pair_seen import Sight, seen
from rollout.actions import Action, Launch, Retire, Shift
from rollout.errors import TargetError
from rollout.machine import decide
from rollout.model import Phase, Rollout
from rollout.plan import Plan
from rollout.release import Release
from rollout.seen import Observation, SideHealth
from rollout.terms import Terms
from tests.faults.row import Judge, Played, Row
from tests.rollout.make import T0, row

PLANS: Final = tuple(
    Plan.parse("canary", text)
    for text in ("5%, 25%, 50%, 100%", "10%, 100%", "100%", "1%, 20%, 40%, 60%, 100%", "50%, 100%")
)
LOOKS = 24
BLUE, GREEN = (
    f"arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/{name}/0" for name in ("blue", "green")
)
RULE = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener-rule/app/shop/0/0/0"
UNREAD = TargetError("transient", "it could not be read")


class Drawn(NamedTuple):
    """One side, as one look finds it."""

    desired: int
    healthy: int
    coming: int = 0
    unhealthy: int = 0
    leftovers: int = 0
    ours: bool = True
    crash: str = ""
    crew_read: bool = True
    targets_read: bool = True

    @property
    def known(self) -> bool:
        """Whether anything can be said of its targets."""
        return self.crew_read and self.targets_read

    @property
    def ready(self) -> int:
        """Targets of the release that will stay."""
        return max(0, min(self.healthy - self.leftovers, self.desired)) if self.known and self.ours else 0


def fleet(name: str, drawn: Drawn) -> Crew:
    """An ECS service."""
    made: list[dict[str, Any]] = [{"taskDefinition": "shop:2"}, {"taskDefinition": "shop:1",
                                                                "runningCount": drawn.leftovers}]  # fmt: skip
    return Fleet.model_validate({
        "serviceName": name, "status": "ACTIVE", "desiredCount": drawn.desired, "runningCount": drawn.desired,
        "taskDefinition": "shop:2", "deployments": made,
    })  # fmt: skip


def pool(name: str, drawn: Drawn) -> Crew:
    """An Auto Scaling group."""
    return Pool.model_validate({
        "AutoScalingGroupName": name, "MinSize": 0, "MaxSize": 20, "DesiredCapacity": drawn.desired,
        "LaunchTemplate": {"LaunchTemplateName": "search", "Version": "2"},
        "Instances": [{"InstanceId": f"i-{number}"} for number in range(drawn.leftovers)],
    })  # fmt: skip


KINDS: Final[tuple[tuple[str, Callable[[str, Drawn], Crew]], ...]] = (("ecs", fleet), ("ec2", pool))


class History:
    """One rollout whose sides are whatever is drawn; weights, sizes and what becomes of calls are kept here."""

    def __init__(self, rng: Random, kind: int) -> None:
        self.rng = rng
        name, self.crew = KINDS[kind]
        self.count = rng.randint(1, 6)
        self.sizes = [self.count, 0]
        self.shares = [0] * rng.choice([1, 1, 2])
        self.now = T0
        self.raises = 0
        terms = Terms(plan=rng.choice(PLANS), gates="none", settle=timedelta(0), bake=timedelta(0))
        releases = [
            Release(id=str(number), pinned={"target_group": group}) for number, group in enumerate((BLUE, GREEN), 1)
        ]
        self.rollout: Rollout = row(
            Phase.LAUNCHING, kind=name, terms=terms, proven=0, sighting="0", peak=0, snapshot={"count": self.count},
            stable=releases[0], candidate=releases[1],
        )  # fmt: skip

    def draw(self, size: int) -> Drawn:
        """All of it there, or anything at all."""
        rng = self.rng
        if rng.random() < 0.6:
            return Drawn(size, size)
        desired = rng.choice([size, size, rng.randint(0, 8)])
        return Drawn(
            desired, rng.randint(0, desired + 1), rng.randint(0, 2), rng.randint(0, 2), rng.choice([0, 0, 0, 1, 3]),
            rng.random() < 0.9, rng.choice(["", "", "", "", "3 tasks stopped alike"]), rng.random() < 0.95,
            rng.random() < 0.95,
        )  # fmt: skip

    def look(self, judge: Judge, *, naive: bool) -> None:
        """One look, what it decides, and what becomes of that."""
        drawn = (self.draw(self.sizes[0]), self.draw(self.sizes[1]))
        shown = seen(self._sight(drawn))
        if naive and drawn[1].healthy and drawn[1].known:
            shown = shown.model_copy(update={"candidate": SideHealth(state="healthy")})
        found = Observation(at=self.now, seen=shown) if self.rng.random() < 0.97 else Observation(at=self.now)
        decision = decide(self.rollout, found, self.now)
        before, self.rollout = self.rollout, decision.rollout
        for action in decision.actions:
            if found.seen is not None:
                self._judge(action, drawn, judge, before)
            self._perform(action)
        self.now = decision.wake_at or self.now

    def _judge(self, action: Action, drawn: tuple[Drawn, Drawn], judge: Judge, before: Rollout) -> None:
        """Neither side gets a larger share than what of it is known healthy bears."""
        if not isinstance(action, Shift):
            return
        told = f"{before.kind} in {before.phase}: {self.shares} → {action.percent} %, {self.needed(drawn)} carry all"
        if action.percent > min(self.shares):
            self.raises += 1
            need = self.need(action.percent, drawn)
            crashing = drawn[1].crash and drawn[1].ready < self.needed(drawn)
            judge.holds(drawn[1].ready >= need and not crashing, f"{told}, onto {drawn[1]}")
        if action.percent < max(self.shares) and drawn[0].known:
            need = self.need(100 - action.percent, drawn)
            judge.holds(drawn[0].ready >= need, f"{told}, back onto {drawn[0]}")

    def needed(self, drawn: tuple[Drawn, Drawn]) -> int:
        """What carries all traffic: as many as began, or as the side with most of it was asked for."""
        whole = sum(self.shares)
        shares = (100 * len(self.shares) - whole, whole)
        main = [one.desired for one, share in zip(drawn, shares, strict=True) if share == max(shares) and one.crew_read]
        return max([self.count, *main])

    def need(self, share: int, drawn: tuple[Drawn, Drawn]) -> int:
        """What that share needs."""
        return max(1, ceil(self.needed(drawn) * share / 100)) if share else 0

    def _perform(self, action: Action) -> None:
        if self.rng.random() < 0.1:
            return  # refused, or lost before it was done
        if isinstance(action, Shift) and self.rng.random() < 0.1:
            self.shares[0] = action.percent  # cut in pieces, where there are several
        elif isinstance(action, Shift):
            self.shares = [action.percent] * len(self.shares)
        elif isinstance(action, Launch):
            side = int(self.rollout.candidate is not None and action.release == self.rollout.candidate.id)
            self.sizes[side] = max(self.count, *self.sizes)
        elif isinstance(action, Retire):
            self.sizes[SIDES.index(action.side)] = 0

    def _sight(self, drawn: tuple[Drawn, Drawn]) -> Sight:
        crews = [self.crew(name, one) if one.crew_read else UNREAD for name, one in zip(SIDES, drawn, strict=True)]
        targets = [Targets(one.healthy, one.coming, one.unhealthy) if one.targets_read else UNREAD for one in drawn]
        rules = Rules(tuple(Rule(f"{RULE}{number}", _actions(share)) for number, share in enumerate(self.shares)))
        return Sight(
            self.rollout, 0, Sides(BLUE, GREEN, {BLUE: "1", GREEN: "2"}), self.now, rules, ("blue", "green"),
            (crews[0], crews[1]), {}, (targets[0], targets[1]), (drawn[0].ours, drawn[1].ours),
            (drawn[0].crash, drawn[1].crash),
        )  # fmt: skip


def _actions(share: int) -> tuple[dict[str, Any], ...]:
    groups = [{"TargetGroupArn": BLUE, "Weight": 100 - share}, {"TargetGroupArn": GREEN, "Weight": share}]
    return ({"Type": "forward", "ForwardConfig": {"TargetGroups": groups}},)


def health_histories(count: int, seed: int, naive: bool) -> Played:
    """Every history is a rollout of its own, of each kind in turn."""
    judge, raises = Judge(), 0
    for number in range(count):
        history = History(Random(f"{seed} {number}"), number % len(KINDS))
        for _ in range(LOOKS):
            if not history.rollout.live:
                break
            history.look(judge, naive=naive)
        raises += history.raises
    judge.holds(raises >= count or naive, f"void: {raises} raises in {count} histories")
    return judge.played(count, f"{raises:,} raises")


ROWS = (
    Row("A10", "target health in any sequence: missing, few, sick, crashing, of another release, unreadable",
        "no side gets a larger share than its healthy targets bear", "the drivers' reading and the machine, no cloud",
        health_histories, ci=500, soak=20_000, part=2500, naive="one healthy target is enough", naive_ci=40),
)  # fmt: skip
