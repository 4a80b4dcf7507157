"""Where a rule's requests really go: the weights it had some seconds ago.

AWS answers ModifyRule at once and moves the traffic a little later: who takes targets away on the answer loses
requests. Knows no target and no traffic.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.elbv2.models import elbv2_backends

PROPAGATION_SECONDS = 3
Place = tuple[str, str]  # account, region
Weights = dict[str, int]  # by target group ARN


@dataclass
class Routing:
    """Every rule's weights as written and as they take effect, `delay` seconds later."""

    delay: int = PROPAGATION_SECONDS
    _written: dict[str, Weights] = field(default_factory=dict)
    _effective: dict[str, Weights] = field(default_factory=dict)
    _due: deque[tuple[int, str, Weights]] = field(default_factory=deque)

    def note(self, rules: Mapping[str, Weights], second: int) -> None:
        """Takes over the rules as they are written now; a new rule takes effect at once."""
        for rule in self._written.keys() - rules.keys():
            self._effective.pop(rule, None)
        for rule, weights in rules.items():
            if rule not in self._written:
                self._effective[rule] = weights
            elif self._written[rule] != weights:
                self._due.append((second + self.delay, rule, weights))
        self._written = dict(rules)

    def step(self, second: int) -> None:
        """Lets the changes take effect whose time has come. A shorter delay does not overtake a longer one."""
        while self._due and self._due[0][0] <= second:
            _, rule, weights = self._due.popleft()
            if rule in self._written:
                self._effective[rule] = weights

    def written(self, rule: str) -> Weights:
        """The weights as the API tells them."""
        return self._written.get(rule, {})

    def effective(self, rule: str) -> Weights:
        """The weights that requests follow at this second."""
        return self._effective.get(rule, {})

    def rules(self) -> list[str]:
        """Every rule and listener."""
        return list(self._written)

    def used(self) -> set[str]:
        """The groups that stand in a rule or a listener, be it with weight 0."""
        return {group for rules in (self._written, self._effective) for weights in rules.values() for group in weights}

    def clear(self) -> None:
        """Forgets every rule."""
        self._written.clear()
        self._effective.clear()
        self._due.clear()
        self.delay = PROPAGATION_SECONDS


def rules_on_moto(places: Iterable[Place]) -> dict[str, Weights]:
    """Every rule's written weights; a listener's default rule stands under the listener's own ARN too."""
    found: dict[str, Weights] = {}
    for account, region in places:
        for balancer in elbv2_backends[account][region].load_balancers.values():
            for listener in balancer.listeners.values():
                found[listener.arn] = weights_in(listener.default_actions)
                for rule in listener.rules.values():
                    found[rule.arn] = weights_in(rule.actions)
    return found


def weights_in(actions: Iterable[Any]) -> Weights:
    """The weights of the action that forwards; none where no action does."""
    for action in actions:
        if action.type == "forward":
            groups = action.data.get("ForwardConfig", {}).get("TargetGroups")
            if groups:
                return {one["TargetGroupArn"]: int(one.get("Weight", 1)) for one in groups}
            return {action.data["TargetGroupArn"]: 1}
    return {}
