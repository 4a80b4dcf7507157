"""Every service deployment and revision that ECS knows of, and whose turn it is: one deployment of a service at a time.

A new one has the one before stopped and waits for it; one that goes back is let go back first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

from demo.cloud.calls import Answer, Call
from demo.cloud.fleet import ALIVE, Fleet, Key
from demo.cloud.native_deployment import Revision, ServiceDeployment
from demo.cloud.native_events import tell
from demo.cloud.native_hooks import token
from demo.cloud.native_life import MINUTE, NativeLife
from demo.cloud.native_traffic import NativeTraffic
from demo.cloud.native_watch import AlarmState, NativeWatch
from demo.cloud.native_words import PENDING, STOP_REQUESTED, SUCCESSFUL, SUPERSEDED


@dataclass
class Book:
    """What one service has been through, oldest first. `live` is the revision that the next rollback goes back to."""

    revisions: list[Revision] = field(default_factory=list)
    deployments: list[ServiceDeployment] = field(default_factory=list)
    live: Revision | None = None


@dataclass
class Native:
    """The deployments of all services."""

    perform: Callable[[Call], Answer | None]
    alarm_state: AlarmState
    books: dict[Key, Book] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.life = NativeLife(NativeTraffic(self.perform), NativeWatch(self.alarm_state))

    @property
    def is_busy(self) -> bool:
        """Whether any deployment is under way."""
        return any(one.under_way for book in self.books.values() for one in book.deployments)

    def begin(self, fleet: Fleet, second: int) -> None:
        """A service deployment for the deployment that a service has just been given."""
        book = self.books.setdefault(fleet.key, Book())
        for before in book.deployments:
            if before.is_at_work:
                before.turn(STOP_REQUESTED, second, SUPERSEDED)
        target = self._revision(fleet, second)
        sources = self._sources(book, target)
        number = len(book.deployments)
        made = ServiceDeployment(
            f"{_stem(fleet, 'service-deployment')}/{token(f'{fleet.key} {number} {second}', 21)}",
            fleet, target, sources,
            fleet.settings.get("deploymentConfiguration", {}), second, second,
        )
        fleet.apart = target.deployment.off = made.shifts
        if sources:
            target.deployment.side = sources[0].deployment.side ^ made.shifts
        book.revisions.append(target)
        book.deployments.append(made)

    def step(self, second: int) -> None:
        """One second of every deployment that is under way: of each service the oldest one."""
        for book in self.books.values():
            found = next((one for one in book.deployments if one.under_way), None)
            if found is None:
                continue
            if found.status == PENDING:
                found.sources = self._sources(book, found.target)
            before = found.status
            self.life.step(found, second)
            if found.status != before:
                tell(found, second)
            if found.status == SUCCESSFUL:
                book.live = found.target

    def forget(self, key: Key) -> None:
        """A deleted service takes its deployments with it."""
        self.books.pop(key, None)

    def newest(self, key: Key) -> ServiceDeployment | None:
        """The service's last deployment."""
        book = self.books.get(key)
        return book.deployments[-1] if book and book.deployments else None

    def find(self, arn: str) -> ServiceDeployment | None:
        """A deployment by its ARN."""
        return next((one for book in self.books.values() for one in book.deployments if one.arn == arn), None)

    def revision(self, arn: str) -> tuple[Fleet, Revision] | None:
        """A revision by its ARN, and the service it is of."""
        for book in self.books.values():
            for one in book.revisions:
                if one.arn == arn:
                    return book.deployments[0].fleet, one
        return None

    def clear(self) -> None:
        """Forgets everything, and what the knobs said."""
        self.books.clear()
        self.life.stuck.clear()
        self.life.failing.clear()
        self.life.minute, self.life.wait_minute = MINUTE, None

    def _revision(self, fleet: Fleet, second: int) -> Revision:
        mark = hashlib.sha256(f"{fleet.key} {fleet.primary.id}".encode()).hexdigest()
        arn = f"{_stem(fleet, 'service-revision')}/{int(mark[:15], 16):019d}"
        return Revision(arn, second, fleet.primary, fleet.static.load_balancers)

    def _sources(self, book: Book, target: Revision) -> list[Revision]:
        """What runs besides the target: first the revision to go back to, then what a stopped deployment left."""
        left = [
            one for one in book.revisions
            if one is not target and one is not book.live and book.deployments[0].fleet.of(one.deployment, *ALIVE)
        ]
        return ([book.live] if book.live else []) + left


def _stem(fleet: Fleet, kind: str) -> str:
    account, region, cluster, name = fleet.key
    return f"arn:aws:ecs:{region}:{account}:{kind}/{cluster}/{name}"


