"""The test addresses of load balancers: `/__test/shop/…` stands for the test listener, whose name leads nowhere here.

Answers as what stands behind the test rule would: 404 where none forwards, 503 without a healthy target.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from moto.elbv2.models import elbv2_backends

from demo.cloud.calls import ACCOUNT, REGION
from demo.cloud.routing import Routing
from demo.cloud.targets import Targets

PATH = "/__test/"
TEST_PORT = "9000"


@dataclass
class Tryouts:
    """Every load balancer that has a listener on the port for tests."""

    routing: Routing
    targets: Targets
    broken: dict[str, int] = field(default_factory=dict)
    """By load balancer: the status that it answers whatever is behind it."""

    def answer(self, path: str) -> tuple[int, str]:
        """Status and text of one GET."""
        name = path.removeprefix(PATH).partition("/")[0]
        group = self._group(name)
        if not group:
            return 404, f"no test rule of {name or 'nobody'} forwards anything"
        if name in self.broken:
            return self.broken[name], f"{_short(group)} answers {self.broken[name]}, as was asked for"
        if not self.targets.healthy(group):
            return 503, f"{_short(group)} has no healthy target"
        return 200, f"{_short(group)} answers"

    def known(self) -> list[str]:
        """The load balancers that have a test rule."""
        return sorted(name for name in self._balancers() if self._group(name))

    def _group(self, name: str) -> str:
        """The target group that its test rule gives most to; empty where there is none."""
        balancer = self._balancers().get(name)
        for listener in balancer.listeners.values() if balancer else ():
            if str(listener.port) == TEST_PORT:
                for rule in listener.rules.values():
                    weights = self.routing.effective(rule.arn)
                    if any(weights.values()):
                        return max(weights, key=lambda group: weights[group])
        return ""

    def _balancers(self) -> dict[str, Any]:
        return {one.name: one for one in elbv2_backends[ACCOUNT][REGION].load_balancers.values()}


def _short(group: str) -> str:
    return group.split("/")[1]
