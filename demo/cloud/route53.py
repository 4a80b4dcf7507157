"""Route 53 as a whole: records, name servers, resolvers, health checks and requests, in step with each other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from moto.route53.models import route53_backends

from demo.cloud.calls import ACCOUNT, Operation
from demo.cloud.clock import Now
from demo.cloud.metrics import KEPT_SECONDS, MetricStore, epoch
from demo.cloud.route53_api import ZoneApi
from demo.cloud.route53_checks import HealthChecks
from demo.cloud.route53_resolvers import Entry, Name, Resolvers
from demo.cloud.route53_rows import Row, dotted, row_of
from demo.cloud.route53_sites import Sites

ALIAS_TTL = 60


@dataclass
class Route53:
    """Everything behind every hosted zone."""

    now: Now
    store: MetricStore
    page_size: int
    seed: int = 1

    def __post_init__(self) -> None:
        self.zones = ZoneApi(self.now, self.page_size, self.seed)
        self.checks = HealthChecks(self.store)
        self.resolvers = Resolvers()
        self.sites = Sites(self.store, self.resolvers, self.seed)
        self._at = epoch(self.now())

    def operations(self) -> dict[tuple[str, str], Operation]:
        """The operations answered here, by service and name."""
        table = {**self.zones.operations(), **self.checks.operations()}
        return {("route53", name): run for name, run in table.items()}

    def catch_up(self, now: datetime) -> None:
        """Lives every whole second up to now."""
        begin, self._at = max(self._at, epoch(now) - KEPT_SECONDS), epoch(now)
        if self._at <= begin or not route53_backends[ACCOUNT]["aws"].zones:
            return
        self._note(begin)
        for second in range(begin + 1, self._at + 1):
            self.checks.step(second)
            self.resolvers.step(second, self.checks.healthy)
            # What happened up to now belongs to the second that has just gone by.
            self.sites.step(second - 1)

    def begin(self, since: datetime) -> None:
        """Lives from that moment on, which may lie in the past: for a world that is just being built."""
        self._at = epoch(since)

    def clear(self) -> None:
        """No zone, no request."""
        for part in (self.zones, self.checks, self.resolvers, self.sites):
            part.clear()
        self._at = epoch(self.now())

    def _note(self, second: int) -> None:
        """Takes over what the records of every site are now."""
        for name in self.sites.rates():
            self.resolvers.note(name, _entries(name), second + self.zones.delay)


def rows_named(name: Name) -> list[Row]:
    """The records of one zone, name and type."""
    zone = route53_backends[ACCOUNT]["aws"].zones.get(name[0])
    rows = [row_of(record) for record in zone.rrsets] if zone else []
    return [row for row in rows if (row["Name"], row["Type"]) == (dotted(name[1]), name[2])]


def _entries(name: Name) -> dict[str, Entry]:
    return {
        row["SetIdentifier"]: Entry(row["Weight"], row.get("TTL", ALIAS_TTL), row.get("HealthCheckId"))
        for row in rows_named(name) if "Weight" in row
    }
