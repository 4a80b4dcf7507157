"""What the contract needs of a driver under test: a rollout, the truth behind it, hands to meddle with."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from aws.driver import AwsDriver
from aws.lambda_alias import LambdaAlias
from aws.sessions import Sessions
from demo.cloud import Cloud
from demo.cloud.oracle import Applied
from rollout.actions import Shift
from rollout.model import Phase, Rollout
from rollout.people import Actor
from rollout.plan import Plan
from rollout.release import Release
from rollout.terms import AlarmGate, Terms

SETTINGS = {"kind": "lambda", "function": "my-app", "alias": "live", "region": "eu-central-1"}


class CloudClock:
    """The cloud's clock as rollout.ports.Clock."""

    def __init__(self, cloud: Cloud) -> None:
        self._now = cloud.config.now

    def now(self) -> datetime:
        return self._now()

    def monotonic(self) -> float:
        return self._now().timestamp()


class Bench(Protocol):
    """One target of a driver, known to its bones. Shares are named by release: `stable`, `candidate`, `other`."""

    cloud: Cloud
    clock: CloudClock

    @property
    def driver(self) -> AwsDriver: ...

    stable: str
    candidate: str
    other: str
    """Nobody's: it gets traffic only from a colleague."""
    newest: str
    """What `latest` means."""
    missing: str
    write: str
    """The operation that moves traffic, as the cloud names it."""
    permission: str
    """The same as IAM names it."""
    read: str
    """One that every look begins with."""
    @property
    def equivalent_zero(self) -> tuple[Mapping[str, float], ...]: ...

    def requested(self, wanted: str = "", number: int = 1) -> Rollout: ...

    def rollout(self, number: int = 1) -> Rollout:
        """A live rollout that has not looked yet."""
        ...

    def looked(self, rollout: Rollout | None = None) -> Rollout:
        """The same after a look."""
        ...

    def gone(self, number: int) -> tuple[Rollout, str]:
        """A rollout of something that does not exist, and a word of the error."""
        ...

    def shares(self) -> dict[str, float]:
        """The truth: who gets how much, in percent."""
        ...

    def edit(self, shares: Mapping[str, float]) -> None:
        """What a colleague does in the console."""
        ...

    def written(self) -> list[Applied]:
        """Writes of traffic that took effect since the bench was set up."""
        ...

    def break_side(self, release: str) -> None:
        """From now on that side is known to be sick."""
        ...

    def use_everything(self) -> None:
        """Do all that the driver can do, so that every call it has is made."""
        ...

    def called(self) -> set[str]:
        """Every operation that reached the cloud, as IAM names it."""
        ...


def make_rollout(now: datetime, *alarms: str, number: int = 1, **settings: object) -> Rollout:
    """A requested rollout of my-app."""
    terms = Terms(
        plan=Plan.parse("canary", "10% 5m, 100%"),
        alarms=tuple(AlarmGate(name=name) for name in alarms),
        settings={**SETTINGS, **settings},
    )
    return Rollout(
        id=number, app="my-app", env="prod", kind="lambda", by=Actor(id="U0ANA"), terms=terms,
        created_at=now, phase_at=now, gate_from=now,
    )  # fmt: skip


class LambdaBench:
    """my-app: version 1 is stable, 2 the candidate, 3 nobody's."""

    def __init__(self, cloud: Cloud, sessions: Sessions, clock: CloudClock) -> None:
        self.cloud = cloud
        self.clock = clock
        self.driver = LambdaAlias(sessions, clock)
        cloud.knobs.publish_good()
        cloud.log.clear()

    stable, candidate, other = "1", "2", "3"
    newest = "3"
    missing = "99"
    write = permission = "lambda:UpdateAlias"
    read = "lambda:GetAlias"
    equivalent_zero: tuple[Mapping[str, float], ...] = (
        {"1": 100.0},
        {"1": 100.0, "2": 0.0},
        {"2": 0.0, "1": 100.0},
    )

    def requested(self, wanted: str = "", number: int = 1) -> Rollout:
        return make_rollout(self.clock.now(), number=number).but(wanted=wanted)

    def rollout(self, number: int = 1, **settings: object) -> Rollout:
        """A live rollout that has not looked yet."""
        sides = {"stable": Release(id=self.stable), "candidate": Release(id=self.candidate)}
        return make_rollout(self.clock.now(), number=number, **settings).but(phase=Phase.STEPPING, **sides)

    def looked(self, rollout: Rollout | None = None) -> Rollout:
        """The same after a look."""
        rollout = rollout or self.rollout()
        return rollout.but(seen=self.driver.observe([rollout])[rollout.id])

    def gone(self, number: int) -> tuple[Rollout, str]:
        """One of an alias that does not exist."""
        return self.rollout(number, alias="gone"), "GetAlias"

    def shares(self) -> dict[str, float]:
        """The truth: who gets how much, in percent."""
        return dict(self.cloud.knobs.status()["apps"][0]["weights"])

    def edit(self, shares: Mapping[str, float]) -> None:
        """What a colleague does in the console."""
        self.cloud.knobs.edit_weights("my-app", "live", shares)
        self.cloud.log.clear()

    def written(self) -> list[Applied]:
        """Changes that took effect since the bench was set up."""
        return self.cloud.log.of(self.write)

    def break_side(self, release: str) -> None:
        self.cloud.knobs.version_state("my-app", release, "Failed")

    def use_everything(self) -> None:
        """All calls there are."""
        self.driver.prepare(self.requested())
        self.driver.perform(self.looked(), Shift(percent=10), "1/0/shift/10")

    def called(self) -> set[str]:
        """Every operation that reached the cloud."""
        log = self.cloud.log
        return {*log.reads, *log.refused, *(entry.name for entry in log.applied)}
