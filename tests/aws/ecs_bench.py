"""What the contract needs of the driver `ecs`: the demo's `shop`, the truth behind it, hands to meddle with."""

from collections.abc import Mapping
from typing import Any

from moto.applicationautoscaling.models import applicationautoscaling_backends
from moto.elbv2.models import elbv2_backends

from aws.ecs import Ecs
from aws.sessions import Sessions
from demo.cloud import Cloud
from demo.cloud.building import add_group, add_listener, forward, perform
from demo.cloud.calls import ACCOUNT, REGION, Call
from demo.cloud.fleet import Fleet
from demo.cloud.oracle import Applied
from demo.cloud.seed_shop import BLUE, CLUSTER, GREEN, seed_shop
from rollout.actions import Action, Finish, Launch, Outcome, Retire, Shift
from rollout.model import Phase, Rollout
from rollout.people import Actor
from rollout.plan import Plan
from rollout.release import Prepared
from rollout.seen import Seen
from rollout.terms import Terms
from tests.aws.bench import CloudClock

RULE, LISTENER = "elbv2:ModifyRule", "elbv2:ModifyListener"
UPDATE, REGISTER, LIMIT = (
    "ecs:UpdateService", "ecs:RegisterTaskDefinition", "application-autoscaling:RegisterScalableTarget",
)  # fmt: skip
COMING_UP = 30
"""Seconds until the tasks of a launch are healthy targets."""


class EcsBench:
    """shop: v1 serves from blue, v2 is the newest image and shall come up on green."""

    stable, candidate, newest, other, missing = "v1", "v2", "v2", "shop-other", "v99"
    write, permission, read = RULE, "elasticloadbalancing:ModifyRule", "elbv2:DescribeRules"
    equivalent_zero: tuple[Mapping[str, float], ...] = (
        {"v1": 1}, {"v1": 100, "v2": 0}, {"v2": 0, "v1": 1}, {"v1": 999},
    )  # fmt: skip

    def __init__(self, cloud: Cloud, sessions: Sessions, clock: CloudClock) -> None:
        self.cloud, self.clock, self.sessions = cloud, clock, sessions
        self.driver = Ecs(sessions, clock)
        cloud.reset()
        self.shop = seed_shop(cloud, period=10)
        self.settings: dict[str, Any] = {
            "kind": "ecs", "cluster": CLUSTER, "region": REGION, "rules": (self.shop.rule,),
            "blue": {"service": BLUE, "target_group": self.shop.blue},
            "green": {"service": GREEN, "target_group": self.shop.green}, "test_rule": self.shop.test_rule,
        }  # fmt: skip
        self.groups = {self.stable: self.shop.blue, self.candidate: self.shop.green}
        self._prepared: Prepared | None = None

    def fresh_driver(self) -> Ecs:
        """Another one, as after a restart: it remembers nothing."""
        return Ecs(self.sessions, self.clock)

    # --- rollouts

    def requested(self, wanted: str = "", number: int = 1, **changes: object) -> Rollout:
        now = self.clock.now()
        terms = Terms(plan=Plan.parse("canary", "10% 5m, 100%"), settings={**self.settings, **changes})
        return Rollout(
            id=number, app="shop", env="prod", kind="ecs", by=Actor(id="U0ANA"), terms=terms, wanted=wanted,
            created_at=now, phase_at=now, gate_from=now,
        )  # fmt: skip

    def accepted(self, wanted: str = "", number: int = 1, **changes: object) -> Rollout:
        """One that was prepared and begins."""
        rollout = self.requested(wanted, number, **changes)
        prepared = self.driver.prepare(rollout)
        return rollout.but(
            phase=Phase.LAUNCHING, stable=prepared.stable, candidate=prepared.candidate, snapshot=prepared.snapshot,
        )  # fmt: skip

    def launched(self, wanted: str = "") -> Rollout:
        """One whose candidate is up."""
        rollout = self.looked(self.accepted(wanted))
        assert rollout.candidate is not None
        assert self.do(rollout, Launch(release=rollout.candidate.id)).state == "done"
        self.cloud.step(COMING_UP)
        return self.looked(rollout.but(phase=Phase.STEPPING))

    def rollout(self, number: int = 1) -> Rollout:
        """A live rollout that has not looked yet, both of its sides up."""
        if self._prepared is None:
            up = self.launched()
            assert up.stable is not None and up.candidate is not None
            self._prepared = Prepared(stable=up.stable, candidate=up.candidate, snapshot=up.snapshot)
            self.cloud.log.clear()
        kept = {"stable": self._prepared.stable, "candidate": self._prepared.candidate}
        return self.requested(number=number).but(phase=Phase.STEPPING, snapshot=self._prepared.snapshot, **kept)

    def gone(self, number: int) -> tuple[Rollout, str]:
        """One of a rule that does not exist."""
        rollout = self.rollout(number)
        settings = {**rollout.terms.settings, "rules": (f"{self.shop.rule[:-4]}0000",)}
        return rollout.but(terms=rollout.terms.model_copy(update={"settings": settings})), "DescribeRules"

    def looked(self, rollout: Rollout | None = None) -> Rollout:
        """The same after a look."""
        rollout = rollout or self.rollout()
        return rollout.but(seen=self.driver.observe([rollout])[rollout.id])

    def seen(self, rollout: Rollout | None = None) -> Seen:
        """What a look shows."""
        seen = self.looked(rollout).seen
        assert seen is not None
        return seen

    def do(self, rollout: Rollout, action: Action) -> Outcome:
        return self.driver.perform(rollout, action, f"1/0/{action.kind}/{action.arg}")

    # --- the truth

    def shares(self) -> dict[str, float]:
        weights = self.weights()
        whole = sum(weights.values())
        names = {group: name for name, group in self.groups.items()}
        return {names.get(group, self.other): 100 * one / whole for group, one in weights.items() if one}

    def weights(self, rule: str = "") -> dict[str, int]:
        """The weights by target group, as written."""
        self.cloud.world.servers.note()
        return self.cloud.world.servers.routing.written(rule or self.shop.rule)

    def actions(self, rule: str = "") -> list[dict[str, Any]]:
        """All actions of a rule or listener."""
        for balancer in elbv2_backends[ACCOUNT][REGION].load_balancers.values():
            for listener in balancer.listeners.values():
                for one in listener.rules.values():
                    if one.arn == (rule or self.shop.rule):
                        return [dict(action.data) for action in one.actions]
        raise LookupError(rule)

    def fleet(self, service: str) -> Fleet:
        return self.cloud.world.servers.services.fleets[ACCOUNT, REGION, CLUSTER, service]

    def desired(self) -> dict[str, int]:
        return {name: self.fleet(name).desired for name in (BLUE, GREEN)}

    def least(self) -> dict[str, int]:
        """The least sizes between which the services scale by themselves."""
        found = applicationautoscaling_backends[ACCOUNT][REGION].describe_scalable_targets("ecs", None, None)
        return {one.resource_id.rsplit("/", 1)[1]: int(one.min_capacity or 0) for one in found}

    def written(self) -> list[Applied]:
        return self.cloud.log.of(self.write)

    def called(self) -> set[str]:
        log = self.cloud.log
        names = {*log.reads, *log.refused, *(entry.name for entry in log.applied)}
        return {name.replace("elbv2:", "elasticloadbalancing:") for name in names}

    # --- hands

    def edit(self, shares: Mapping[str, float]) -> None:
        if self.other in shares and self.other not in self.groups:
            self.groups[self.other] = add_group(self.cloud.world, self.other)
        whole = all(float(share).is_integer() for share in shares.values())
        weights = {self.groups[name]: int(share if whole else share * 10) for name, share in shares.items()}
        self.modify([forward(weights)])

    def modify(self, actions: list[dict[str, Any]], rule: str = "") -> None:
        """What a colleague does to a rule in the console."""
        asked = {"RuleArn": rule or self.shop.rule, "Actions": actions}
        answer = self.cloud.world.perform(Call("elbv2", "ModifyRule", asked))
        assert answer is not None
        self.cloud.log.clear()

    def deploy(self, service: str, definition: str) -> None:
        """What a colleague's pipeline does to a service."""
        asked = {"cluster": CLUSTER, "service": service, "taskDefinition": definition}
        perform(self.cloud.world, "ecs", "UpdateService", asked)
        self.cloud.log.clear()

    def scale(self, service: str, count: int) -> None:
        """What a colleague does to a service's size."""
        perform(self.cloud.world, "ecs", "UpdateService", {
            "cluster": CLUSTER, "service": service, "desiredCount": count,
        })  # fmt: skip

    def limit(self, service: str, least: int | None = None, most: int | None = None) -> None:
        """What a colleague does to the sizes between which a service scales."""
        backend: Any = applicationautoscaling_backends[ACCOUNT][REGION]
        found = backend.describe_scalable_targets("ecs", [f"service/{CLUSTER}/{service}"], None)[0]
        found.min_capacity = found.min_capacity if least is None else least
        found.max_capacity = found.max_capacity if most is None else most

    def second_listener(self) -> str:
        """A listener of the same load balancer that forwards to blue by default; gives its ARN."""
        return add_listener(self.cloud.world, self.shop.balancer, 8080, {self.shop.blue: 100, self.shop.green: 0})

    def break_side(self, release: str) -> None:
        self.cloud.knobs.sicken(BLUE if release == self.stable else GREEN)
        self.cloud.step(15)

    def use_everything(self) -> None:
        """A whole rollout over a rule and a listener, with tasks that crash at first."""
        rules = (self.shop.rule, self.second_listener())
        self.cloud.log.clear()
        rollout = self.looked(self.accepted("v4", rules=rules))
        self.do(rollout, Launch(release="v4"))
        self.cloud.step(60)
        assert self.seen(rollout).candidate.state == "sick"
        for action in (Shift(percent=10), Shift(percent=0), Retire(side="candidate"), Finish()):
            rollout = self.looked(rollout)
            assert self.do(rollout, action).state == "done"
