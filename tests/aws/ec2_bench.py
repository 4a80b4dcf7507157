"""What the contract needs of the driver `ec2`: the demo's `search`, the truth behind it, hands to meddle with."""

from typing import Any

from aws.ec2 import Ec2
from aws.sessions import Sessions
from demo.cloud import Cloud
from demo.cloud.building import perform
from demo.cloud.calls import ACCOUNT, REGION
from demo.cloud.pool import Pool
from demo.cloud.seed_search import SEARCH_BLUE, SEARCH_GREEN, seed_search
from rollout.actions import Finish, Launch, Retire, Shift
from tests.aws.bench import CloudClock
from tests.aws.pair_bench import PairBench

UPDATE, END = "autoscaling:UpdateAutoScalingGroup", "autoscaling:TerminateInstanceInAutoScalingGroup"


class Ec2Bench(PairBench):
    """search: version 1 serves from blue, version 2 shall come up on green; 4 never gets well."""

    app, coming_up, sides = "search", 40, (SEARCH_BLUE, SEARCH_GREEN)
    stable, candidate, newest, other, missing = "1", "2", "5", "search-other", "99"

    def __init__(self, cloud: Cloud, sessions: Sessions, clock: CloudClock) -> None:
        super().__init__(cloud, sessions, clock)
        self.driver = Ec2(sessions, clock)
        self.search = seed_search(cloud, period=10)
        self.balancer, self.rule = self.search.balancer, self.search.rule
        self.settings = {
            "kind": "ec2", "region": REGION, "rules": (self.search.rule,), "test_rule": self.search.test_rule,
            "blue": {"auto_scaling_group": SEARCH_BLUE, "target_group": self.search.blue},
            "green": {"auto_scaling_group": SEARCH_GREEN, "target_group": self.search.green},
        }  # fmt: skip
        self.groups = {self.stable: self.search.blue, self.candidate: self.search.green}

    # --- the truth

    def pool(self, name: str) -> Pool:
        return self.cloud.world.servers.pools.pools[ACCOUNT, REGION, name]

    def desired(self) -> dict[str, int]:
        return {name: self.pool(name).desired for name in (SEARCH_BLUE, SEARCH_GREEN)}

    def runs(self) -> dict[str, str]:
        return {name: self.pool(name).template().version for name in self.sides}

    def least(self) -> dict[str, int]:
        return {name: self.pool(name).least for name in (SEARCH_BLUE, SEARCH_GREEN)}

    def running(self, name: str) -> list[str]:
        """The template and version of each instance in service."""
        return [f"{one.template.name}:{one.template.version}" for one in self.pool(name).instances if one.started]

    # --- hands

    def update(self, name: str, **asked: Any) -> None:
        """What a colleague does to a group in the console."""
        perform(self.cloud.world, "autoscaling", "UpdateAutoScalingGroup", {"AutoScalingGroupName": name, **asked})
        self.cloud.log.clear()

    def deploy(self, side: str, what: str) -> None:
        """Another version of the group's own template."""
        self.update(side, LaunchTemplate={"LaunchTemplateName": side, "Version": what})

    def something_else(self) -> str:
        return "3"

    def limit(self, side: str, least: int) -> None:
        self.update(side, MinSize=least)

    def break_side(self, release: str) -> None:
        self.cloud.knobs.sicken(SEARCH_BLUE if release == self.stable else SEARCH_GREEN)
        self.cloud.step(15)

    def use_everything(self) -> None:
        """A whole rollout over a rule and a listener, of a bad version, onto a side that is warm with another."""
        self.update(SEARCH_GREEN, DesiredCapacity=1)
        self.cloud.step(30)
        rules = (self.rule, self.second_listener())
        self.cloud.log.clear()
        rollout = self.looked(self.accepted("4", rules=rules))
        self.do(rollout, Launch(release="4"))
        self.cloud.step(100)
        for action in (Shift(percent=10), Shift(percent=0), Retire(side="candidate"), Finish()):
            rollout = self.looked(rollout)
            assert self.do(rollout, action).state == "done"
        self.late(rollout)
