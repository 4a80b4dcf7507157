"""What the contract needs of the driver `route53`: the demo's `edge`, the truth behind it, hands to meddle with."""

from collections.abc import Mapping
from typing import Any

from aws.route53 import Route53
from aws.sessions import Sessions
from demo.cloud import Cloud
from demo.cloud.route53 import rows_named
from demo.cloud.seed_edge import BLUE, EDGE, GREEN, KIND, SITE, ZONE, put_records, seed_edge, weighted
from rollout.actions import Outcome, Shift
from rollout.model import Phase, Rollout
from rollout.people import Actor
from rollout.plan import Plan
from rollout.release import Release
from rollout.seen import Seen
from rollout.terms import Terms
from tests.aws.bench import CloudClock

SETTINGS = {
    "kind": "route53", "zone": ZONE, "name": SITE, "type": KIND, "blue": BLUE, "green": GREEN,
    "region": "eu-central-1",
}  # fmt: skip
WRITE = "route53:ChangeResourceRecordSets"


class Route53Bench:
    """edge: the record set blue is stable, green the candidate."""

    app, stable, candidate, missing = EDGE, BLUE, GREEN, "teal"

    def __init__(self, cloud: Cloud, sessions: Sessions, clock: CloudClock) -> None:
        self.cloud = cloud
        self.clock = clock
        self.sessions = sessions
        self.settings = dict(SETTINGS)
        self.driver = Route53(sessions, clock)
        cloud.reset()
        self.edge = seed_edge(cloud)

    def requested(self, wanted: str = "", **settings: object) -> Rollout:
        now = self.clock.now()
        terms = Terms(plan=Plan.parse("canary", "10% 5m, 100%"), settings={**self.settings, **settings})
        return Rollout(
            id=1, app=self.app, env="prod", kind="route53", by=Actor(id="U0ANA"), terms=terms, wanted=wanted,
            created_at=now, phase_at=now, gate_from=now,
        )  # fmt: skip

    def rollout(self, **settings: object) -> Rollout:
        """A live rollout that has not looked yet."""
        prepared = {"stable": Release(id=self.stable), "candidate": Release(id=self.candidate)}
        return self.requested("", **settings).but(phase=Phase.STEPPING, **prepared)

    def looked(self, rollout: Rollout | None = None) -> Rollout:
        """The same after a look."""
        rollout = rollout or self.rollout()
        return rollout.but(seen=self.driver.observe([rollout])[rollout.id])

    def seen(self, rollout: Rollout | None = None) -> Seen:
        """What a look shows."""
        seen = self.looked(rollout).seen
        assert seen is not None
        return seen

    def shift(self, rollout: Rollout, percent: int) -> tuple[Outcome, Rollout]:
        """Ask for a share and keep what the ledger keeps of it: the moment, the share, AWS's token."""
        assert rollout.seen is not None
        rollout = rollout.but(asked=(*rollout.asked, percent), asked_at=self.clock.now())
        outcome = self.driver.perform(rollout, Shift(percent=percent), f"1/0/shift/{percent}")
        if outcome.revision and rollout.seen is not None:
            rollout = rollout.but(seen=rollout.seen.model_copy(update={"revision": outcome.revision}))
        return outcome, rollout

    def weights(self) -> dict[str, int]:
        """The truth: every record set's weight."""
        return {row["SetIdentifier"]: row["Weight"] for row in self.rows()}

    def rows(self) -> list[dict[str, Any]]:
        """The truth, whole."""
        return rows_named((ZONE, SITE, KIND))

    def edit(self, weights: Mapping[str, int], **fields: Any) -> None:
        """What a colleague does in the console."""
        self.cloud.knobs.edit_records(weights, **fields)
        self.cloud.log.clear()

    def add(self, name: str, weight: int) -> None:
        """A third record set of the same name."""
        put_records(self.cloud.world, ZONE, [weighted(SITE, name, weight)])
        self.cloud.log.clear()

    def written(self) -> int:
        """How many batches took effect."""
        return len(self.cloud.log.of(WRITE))

    def called(self) -> set[str]:
        """Every operation that reached the cloud."""
        log = self.cloud.log
        return {*log.reads, *log.refused, *(entry.name for entry in log.applied)}
