"""The faults a client can meet, as rules that stand until used up or cleared.

Decides; fault_words.py words them and the edge plays them. Nothing here knows what a call means.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from typing import Literal

from moto.core.utils import get_service_model

from demo.cloud.calls import Call

Kind = Literal["outage", "throttle", "deny", "expired", "lost_reply", "truncate", "latency", "slow_reply"]
BEFORE: tuple[Kind, ...] = ("outage", "expired", "deny", "throttle")
SERVICES = ("lambda", "cloudwatch", "sts", "sns", "ecs", "ecr", "elbv2", "codedeploy", "route53", "autoscaling",
            "application-autoscaling", "resourcegroupstaggingapi")
REGION_NAME = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")


@dataclass
class Rule:
    """One standing fault. `operation` or `region` None means all of them; `left` None means until cleared."""

    kind: Kind
    operation: str | None = None
    left: int | None = None
    milliseconds: int = 0
    region: str | None = None

    def meets(self, call: Call) -> bool:
        """Whether this rule is for that call. AssumeRole still works with an expired token: it renews it."""
        if self.left == 0 or (self.kind == "expired" and call.name == "sts:AssumeRole"):
            return False
        return self.region in (None, call.region) and self.operation in (None, call.name, f"{call.service}:*")

    def told(self) -> str:
        """The rule in a few words."""
        where = f" in {self.region}" if self.region else ""
        return f"{self.kind} {self.operation or 'every call'}{where}" + (f" x{self.left}" if self.left else "")


@dataclass
class Faults:
    """The standing faults."""

    _rules: list[Rule] = field(default_factory=list)

    def add(self, rule: Rule) -> None:
        """Adds a rule. Refuses an operation botocore does not know, naming the nearest, and what is no region."""
        if rule.operation is not None:
            check_operation(rule.operation)
        if rule.region is not None and not REGION_NAME.fullmatch(rule.region):
            raise ValueError(f"{rule.region} is no region: write it like eu-central-1")
        if rule.left is not None and rule.left < 1:
            raise ValueError(f"times must be at least 1, not {rule.left}")
        self._rules.append(rule)

    def clear(self, kind: Kind | None = None) -> None:
        """Takes away the rules of one kind, or all."""
        self._rules = [rule for rule in self._rules if kind is not None and rule.kind != kind]

    def take(self, kind: Kind, call: Call) -> Rule | None:
        """The rule of that kind this call meets, used up by one."""
        for rule in self._rules:
            if rule.kind == kind and rule.meets(call):
                if rule.left is not None:
                    rule.left -= 1
                return rule
        return None

    def standing(self) -> list[str]:
        """What is in force, for people."""
        return [rule.told() for rule in self._rules if rule.left != 0]


def check_operation(name: str) -> None:
    """Refuses anything but `service:Operation` or `service:*` as botocore knows them."""
    service, _, operation = name.partition(":")
    if service not in SERVICES:
        raise ValueError(f"{name}: write it like lambda:UpdateAlias; services here: {', '.join(SERVICES)}")
    known = get_service_model(service).operation_names
    if operation != "*" and operation not in known:
        near = difflib.get_close_matches(operation, known, n=3)
        raise ValueError(f"{service} has no operation {operation}; near: {', '.join(near) or 'none'}")
