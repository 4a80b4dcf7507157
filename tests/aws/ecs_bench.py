"""What the contract needs of the driver `ecs`: the demo's `shop`, the truth behind it, hands to meddle with."""

from typing import Any

from moto.applicationautoscaling.models import applicationautoscaling_backends

from aws.ecs import Ecs
from aws.sessions import Sessions
from demo.cloud import Cloud
from demo.cloud.building import add_definition, image_uri, perform
from demo.cloud.calls import ACCOUNT, REGION
from demo.cloud.fleet import Fleet
from demo.cloud.seed_shop import BLUE, CLUSTER, GREEN, REPOSITORY, seed_shop
from rollout.actions import Finish, Launch, Retire, Shift
from tests.aws.bench import CloudClock
from tests.aws.pair_bench import LISTENER, RULE, PairBench

__all__ = ["COMING_UP", "LIMIT", "LISTENER", "REGISTER", "RULE", "UPDATE", "EcsBench"]

UPDATE, REGISTER, LIMIT = (
    "ecs:UpdateService", "ecs:RegisterTaskDefinition", "application-autoscaling:RegisterScalableTarget",
)  # fmt: skip
COMING_UP = 30


class EcsBench(PairBench):
    """shop: v1 serves from blue, v2 is the newest image and shall come up on green."""

    app, coming_up, sides = "shop", COMING_UP, (BLUE, GREEN)
    stable, candidate, newest, other, missing = "v1", "v2", "v2", "shop-other", "v99"

    def __init__(self, cloud: Cloud, sessions: Sessions, clock: CloudClock) -> None:
        super().__init__(cloud, sessions, clock)
        self.driver = Ecs(sessions, clock)
        self.shop = seed_shop(cloud, period=10)
        self.balancer, self.rule = self.shop.balancer, self.shop.rule
        self.settings = {
            "kind": "ecs", "cluster": CLUSTER, "region": REGION, "rules": (self.shop.rule,),
            "blue": {"service": BLUE, "target_group": self.shop.blue},
            "green": {"service": GREEN, "target_group": self.shop.green}, "test_rule": self.shop.test_rule,
        }  # fmt: skip
        self.groups = {self.stable: self.shop.blue, self.candidate: self.shop.green}

    def fresh_driver(self) -> Ecs:
        """Another one, as after a restart: it remembers nothing."""
        return Ecs(self.sessions, self.clock)

    # --- the truth

    def fleet(self, service: str) -> Fleet:
        return self.cloud.world.servers.services.fleets[ACCOUNT, REGION, CLUSTER, service]

    def desired(self) -> dict[str, int]:
        return {name: self.fleet(name).desired for name in (BLUE, GREEN)}

    def runs(self) -> dict[str, str]:
        return {side: self.fleet(side).primary.definition for side in self.sides}

    def least(self) -> dict[str, int]:
        """The least sizes between which the services scale by themselves."""
        found = applicationautoscaling_backends[ACCOUNT][REGION].describe_scalable_targets("ecs", None, None)
        return {one.resource_id.rsplit("/", 1)[1]: int(one.min_capacity or 0) for one in found}

    # --- hands

    def deploy(self, side: str, what: str) -> None:
        """Another task definition."""
        asked = {"cluster": CLUSTER, "service": side, "taskDefinition": what}
        perform(self.cloud.world, "ecs", "UpdateService", asked)
        self.cloud.log.clear()

    def something_else(self) -> str:
        """A definition of the release with errors, registered just now."""
        return add_definition(self.cloud.world, BLUE, image_uri(REPOSITORY, self.shop.digests["v3"]))

    def scale(self, service: str, count: int) -> None:
        """What a colleague does to a service's size."""
        perform(self.cloud.world, "ecs", "UpdateService", {
            "cluster": CLUSTER, "service": service, "desiredCount": count,
        })  # fmt: skip

    def limit(self, side: str, least: int | None = None, most: int | None = None) -> None:
        """The largest size too."""
        backend: Any = applicationautoscaling_backends[ACCOUNT][REGION]
        found = backend.describe_scalable_targets("ecs", [f"service/{CLUSTER}/{side}"], None)[0]
        found.min_capacity = found.min_capacity if least is None else least
        found.max_capacity = found.max_capacity if most is None else most

    def break_side(self, release: str) -> None:
        self.cloud.knobs.sicken(BLUE if release == self.stable else GREEN)
        self.cloud.step(15)

    def use_everything(self) -> None:
        """A whole rollout over a rule and a listener, with tasks that crash at first."""
        rules = (self.shop.rule, self.second_listener())
        self.cloud.log.clear()
        self.driver.prepare(self.requested(links={"commits": "https://example.com/{to_commit}"}))
        rollout = self.looked(self.accepted("v4", rules=rules))
        self.do(rollout, Launch(release="v4"))
        self.cloud.step(60)
        assert self.seen(rollout).candidate.state == "sick"
        for action in (Shift(percent=10), Shift(percent=0), Retire(side="candidate"), Finish()):
            rollout = self.looked(rollout)
            assert self.do(rollout, action).state == "done"
        self.late(rollout)
