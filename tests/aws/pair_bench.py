"""What benches of drivers have in common whose two sides stand behind the rules of one load balancer."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError
from moto.elbv2.models import elbv2_backends

from aws.driver import AwsDriver
from aws.sessions import Sessions
from demo.cloud import Cloud
from demo.cloud.building import add_group, add_listener, forward
from demo.cloud.calls import ACCOUNT, REGION, Call
from demo.cloud.oracle import Applied
from rollout.actions import Action, Launch, Outcome
from rollout.model import Phase, Rollout
from rollout.people import Actor
from rollout.plan import Plan
from rollout.release import Prepared
from rollout.seen import Seen
from rollout.terms import Terms
from tests.aws.bench import CloudClock
from tests.aws.hooks import answers

THROTTLED = ClientError({"Error": {"Code": "Throttling", "Message": "Rate exceeded"}}, "DescribeTargetHealth")
RULE, LISTENER = "elbv2:ModifyRule", "elbv2:ModifyListener"


class PairBench:
    """Blue serves the stable release behind one rule, green is idle."""

    driver: AwsDriver
    app: str
    stable: str
    candidate: str
    newest: str
    other: str
    missing: str
    coming_up: int
    """Seconds until the servers of a launch are healthy targets."""
    balancer: str
    rule: str
    settings: dict[str, Any]
    groups: dict[str, str]
    """Target group by release; those of others by their own name."""
    sides: tuple[str, str]
    """Blue and green: the names of what has the servers."""
    write, permission, read = RULE, "elasticloadbalancing:ModifyRule", "elbv2:DescribeRules"

    def __init__(self, cloud: Cloud, sessions: Sessions, clock: CloudClock) -> None:
        self.cloud, self.clock, self.sessions = cloud, clock, sessions
        self._prepared: Prepared | None = None
        cloud.reset()

    @property
    def equivalent_zero(self) -> tuple[Mapping[str, float], ...]:
        old, new = self.stable, self.candidate
        return {old: 1}, {old: 100, new: 0}, {new: 0, old: 1}, {old: 999}

    # --- rollouts

    def requested(self, wanted: str = "", number: int = 1, **changes: object) -> Rollout:
        now = self.clock.now()
        terms = Terms(plan=Plan.parse("canary", "10% 5m, 100%"), settings={**self.settings, **changes})
        return Rollout(
            id=number, app=self.app, env="prod", kind=self.driver.kind, by=Actor(id="U0ANA"), terms=terms,
            wanted=wanted, created_at=now, phase_at=now, gate_from=now,
        )  # fmt: skip

    def accepted(self, wanted: str = "", number: int = 1, **changes: object) -> Rollout:
        """One that was prepared and begins."""
        rollout = self.requested(wanted or self.candidate, number, **changes)
        prepared = self.driver.prepare(rollout)
        return rollout.but(
            phase=Phase.LAUNCHING, stable=prepared.stable, candidate=prepared.candidate, snapshot=prepared.snapshot,
        )  # fmt: skip

    def launched(self, wanted: str = "") -> Rollout:
        """One whose candidate is up."""
        rollout = self.looked(self.accepted(wanted))
        assert rollout.candidate is not None
        assert self.do(rollout, Launch(release=rollout.candidate.id)).state == "done"
        self.cloud.step(self.coming_up)
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
        settings = {**rollout.terms.settings, "rules": (f"{self.rule[:-4]}0000",)}
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

    def late(self, rollout: Rollout | None = None) -> Seen:
        """What a look shows while AWS throttles the health of targets."""
        with answers(self.sessions, "elbv2", "DescribeTargetHealth", THROTTLED):
            return self.seen(rollout)

    def do(self, rollout: Rollout, action: Action) -> Outcome:
        return self.driver.perform(rollout, action, f"1/0/{action.kind}/{action.arg}")

    # --- what only the driver's own bench can do

    def runs(self) -> dict[str, str]:
        """What each side was asked for last, as `deploy` takes it."""
        raise NotImplementedError

    def least(self) -> dict[str, int]:
        """The least size of each side."""
        raise NotImplementedError

    def desired(self) -> dict[str, int]:
        """How many servers each side was asked for."""
        raise NotImplementedError

    def deploy(self, side: str, what: str) -> None:
        """What a colleague's pipeline does to a side."""
        raise NotImplementedError

    def something_else(self) -> str:
        """What neither side runs."""
        raise NotImplementedError

    def limit(self, side: str, least: int) -> None:
        """What a colleague does to the least size of a side."""
        raise NotImplementedError

    # --- the truth

    def shares(self) -> dict[str, float]:
        weights = self.weights()
        whole = sum(weights.values())
        names = {group: name for name, group in self.groups.items()}
        return {names.get(group, self.other): 100 * one / whole for group, one in weights.items() if one}

    def weights(self, rule: str = "") -> dict[str, int]:
        """The weights by target group, as written."""
        self.cloud.world.servers.note()
        return self.cloud.world.servers.routing.written(rule or self.rule)

    def actions(self, rule: str = "") -> list[dict[str, Any]]:
        """All actions of a rule, or of what a listener does by default."""
        for balancer in elbv2_backends[ACCOUNT][REGION].load_balancers.values():
            for listener in balancer.listeners.values():
                if listener.arn == rule:
                    return [dict(action.data) for action in listener.default_actions]
                for one in listener.rules.values():
                    if one.arn == (rule or self.rule):
                        return [dict(action.data) for action in one.actions]
        raise LookupError(rule)

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
        """What a colleague does to a rule, or a listener, in the console."""
        asked: dict[str, Any] = {"RuleArn": rule or self.rule, "Actions": actions}
        if ":listener/" in rule:
            asked = {"ListenerArn": rule, "DefaultActions": actions}
        operation = "ModifyListener" if ":listener/" in rule else "ModifyRule"
        answer = self.cloud.world.perform(Call("elbv2", operation, asked))
        assert answer is not None
        self.cloud.log.clear()

    def second_listener(self) -> str:
        """A listener of the same load balancer that forwards to blue by default; gives its ARN."""
        blue, green = self.groups[self.stable], self.groups[self.candidate]
        return add_listener(self.cloud.world, self.balancer, 8080, {blue: 100, green: 0})
