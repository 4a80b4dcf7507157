"""Knobs over Route 53: late changes, sick stacks and health checks, foreign edits, the requests of the edge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from demo.cloud.route53 import rows_named
from demo.cloud.route53_resolvers import Name
from demo.cloud.route53_rows import Row
from demo.cloud.traffic import FAILING, GOOD, leaking
from demo.cloud.turning import Turning

LONGEST_DELAY = 600


class Route53Knobs(Turning):
    """What a person may do to records, stacks and their requests. With one site, nobody has to say which."""

    def insync(self, seconds: int) -> str:
        """How long after ChangeResourceRecordSets a change is in sync; changes under way keep their time."""
        if not 0 <= seconds <= LONGEST_DELAY:
            raise ValueError(f"seconds is 0 to {LONGEST_DELAY}, not {seconds}")
        with self._world.lock:
            self._world.tick()
            self._world.route53.zones.delay = seconds
        return f"Changes of records are in sync after {seconds} s."

    def deploy_stack(self, stack: str, kind: str = "good") -> str:
        """What runs on a stack from now on: good, errors (8 % of its requests), leak (slower, then failing)."""
        kinds = {"good": GOOD, "errors": FAILING, "leak": leaking(self.period)}
        if kind not in kinds:
            raise ValueError(f"no kind of stack {kind!r}; known: {', '.join(kinds)}")
        with self._world.lock:
            self._world.tick()
            self._row(stack)
            self._world.route53.sites.profiles[stack] = kinds[kind]
        return f"The stack {stack} is {kind}."

    def sick_check(self, stack: str, on: bool = True) -> str:  # noqa: FBT001, FBT002 - an argument in JSON
        """Whether the health check of a stack's record finds it unhealthy; its requests are as they were."""
        with self._world.lock:
            self._world.tick()
            check = self._row(stack).get("HealthCheckId")
            if check is None:
                raise LookupError(f"the record {stack} has no health check")
            sick = self._world.route53.checks.sick
            sick.add(check) if on else sick.discard(check)
        return f"The health check of {stack} {'fails' if on else 'succeeds again'}."

    def stack_down(self, stack: str, on: bool = True) -> str:  # noqa: FBT001, FBT002 - an argument in JSON
        """Whether a stack answers nothing but errors; its health check, where it has one, finds out."""
        with self._world.lock:
            self._world.tick()
            check, down = self._row(stack).get("HealthCheckId"), self._world.route53.sites.down
            down.add(stack) if on else down.discard(stack)
        if check is not None:
            self.sick_check(stack, on)
        return f"The stack {stack} is {'down' if on else 'up again'}."

    def edit_records(self, weights: Mapping[str, int], **fields: Any) -> str:
        """What a colleague does in the console: other weights, or other fields such as TTL, of some records."""
        changes = [
            {"Action": "UPSERT", "ResourceRecordSet": {**self._row(stack), "Weight": weight, **fields}}
            for stack, weight in weights.items()
        ]
        self._perform("route53", "ChangeResourceRecordSets", {
            "HostedZoneId": self._name()[0], "ChangeBatch": {"Changes": changes},
        })
        told = ", ".join(f"{stack} {weight}" for stack, weight in weights.items())
        return f"{self._name()[1]} was edited by hand: {told}."

    def edge_rps(self, rps: float) -> str:
        """Requests per second of the site; 0 stops them."""
        with self._world.lock:
            self._world.tick()
            self._world.route53.sites.begin(self._name(), rps)
        return f"{self._name()[1]} gets {rps:g} requests per second."

    # --- looking

    def records(self) -> dict[str, Any]:
        """Of each site: weights as written and served, the shares that clients follow, and what became of requests."""
        with self._world.lock:
            self._world.tick()
            route53 = self._world.route53
            return {
                name[1]: {
                    "rps": rps,
                    "written": {row["SetIdentifier"]: row.get("Weight") for row in rows_named(name)},
                    "served": {stack: entry.weight for stack, entry in route53.resolvers.served(name).items()},
                    "followed": {key: round(share, 4) for key, share in route53.resolvers.followed(name).items()},
                    "healthy": {
                        row["SetIdentifier"]: route53.checks.healthy(row.get("HealthCheckId"))
                        for row in rows_named(name)
                    },
                    "requests": {stack: {**ledger.__dict__} for stack, ledger in route53.sites.ledgers.items()},
                }
                for name, rps in route53.sites.rates().items()
            }

    # --- inside

    def _name(self) -> Name:
        names = list(self._world.route53.sites.rates())
        if len(names) != 1:
            raise LookupError(f"this knob is for one site, and {len(names)} get requests")
        return names[0]

    def _row(self, stack: str) -> Row:
        rows = {row["SetIdentifier"]: row for row in rows_named(self._name()) if "SetIdentifier" in row}
        if stack not in rows:
            raise LookupError(f"no record {stack}; known: {', '.join(sorted(rows)) or 'none'}")
        return rows[stack]
