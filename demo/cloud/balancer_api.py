"""ELBv2's operations that moto leaves without life: rules that take effect late, targets with a health.

Load balancers, listeners, groups and attributes are moto's. What a request meets is decided in flow.py.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.elbv2.models import elbv2_backends

from demo.cloud.balancer_reading import attach
from demo.cloud.balancer_shown import listener_shown, missing_shown, rule_shown, target_shown
from demo.cloud.calls import ACCOUNT, REGION, Answer, Call, Failure, Operations
from demo.cloud.clock import Now
from demo.cloud.flow import dimension_of
from demo.cloud.metrics import epoch
from demo.cloud.moto_words import in_aws_words
from demo.cloud.routing import Place, Routing, rules_on_moto, weights_in
from demo.cloud.targets import Checks, Targets

MOST_WEIGHT = 999
DELAY = "deregistration_delay.timeout_seconds"


@dataclass
class BalancerApi:
    """The rules and targets of all load balancers."""

    now: Now
    routing: Routing
    targets: Targets
    places: set[Place] = field(default_factory=lambda: {(ACCOUNT, REGION)})

    def operations(self) -> Operations:
        """The operations answered here."""
        table = {
            "ModifyRule": self.modify_rule, "ModifyListener": self.modify_listener,
            "RegisterTargets": self.register, "DeregisterTargets": self.deregister,
            "DescribeTargetHealth": self.health,
        }
        return {name: in_aws_words(operation) for name, operation in table.items()}

    def note(self) -> None:
        """Takes over what the rules are now: moto changed some of them."""
        for place in self.places:
            attach(place)
        self.routing.note(rules_on_moto(self.places), epoch(self.now()))

    def modify_rule(self, call: Call) -> Answer:
        """Replaces a rule's actions or conditions, whole; the traffic follows by and by."""
        asked, backend = call.parameters, self._elb(call)
        actions = asked.get("Actions", [])
        _check(actions, backend.target_groups)
        rules = backend.describe_rules(None, [asked["RuleArn"]])
        if rules[0].is_default:
            raise Failure("OperationNotPermitted", "Default rule cannot be modified")
        _check_balancer(actions, asked["RuleArn"], backend.target_groups)
        before = _essence(rules[0].actions)
        rule = backend.modify_rule(asked["RuleArn"], asked.get("Conditions", []), actions)
        self.note()
        return Answer({"Rules": [rule_shown(rule)]}, before, _essence(rule.actions))

    def modify_listener(self, call: Call) -> Answer:
        """Replaces what a call names; the default actions whole. The traffic follows by and by."""
        asked, backend = call.parameters, self._elb(call)
        actions = asked.get("DefaultActions", [])
        _check(actions, backend.target_groups)
        arn = asked["ListenerArn"]
        listener = backend.describe_listeners(None, [arn])[0]
        _check_balancer(actions, arn, backend.target_groups)
        before = _essence(listener.default_actions)
        listener = backend.modify_listener(
            arn, asked.get("Port"), asked.get("Protocol"), asked.get("SslPolicy"), asked.get("Certificates", []),
            actions,
        )
        self.note()
        return Answer({"Listeners": [listener_shown(listener)]}, before, _essence(listener.default_actions))

    def register(self, call: Call) -> Answer:
        """Adds targets: they are initial until their first good check, unused where no rule names the group."""
        group = self._group(call)
        used = group.arn in self.routing.used()
        for one in call.parameters["Targets"]:
            self.targets.register(group.arn, one["Id"], _port(one, group), epoch(self.now()), used=used)
        return Answer()

    def deregister(self, call: Call) -> Answer:
        """Takes targets away: they drain as long as their group says."""
        group, asked = self._group(call), call.parameters["Targets"]
        if any(self.targets.find(group.arn, one["Id"], _port(one, group)) is None for one in asked):
            raise Failure("InvalidTarget", "The specified target does not exist or is not in the same VPC.")
        for one in asked:
            self.targets.deregister(group.arn, one["Id"], _port(one, group), epoch(self.now()))
        return Answer()

    def health(self, call: Call) -> Answer:
        """The state of a group's targets, or of those that are asked for."""
        group = self._group(call)
        shown = [target_shown(one, group) for one in self.targets.of(group.arn)]
        asked = call.parameters.get("Targets")
        if asked:
            found = [(one["Id"], port, self.targets.find(group.arn, one["Id"], port))
                     for one in asked for port in (_port(one, group),)]
            shown = [target_shown(one, group) if one else missing_shown(name, port, group) for name, port, one in found]
        return Answer({"TargetHealthDescriptions": shown})

    def _elb(self, call: Call) -> Any:
        self.places.add((call.account, call.region))
        attach((call.account, call.region))
        return elbv2_backends[call.account][call.region]

    def _group(self, call: Call) -> Any:
        group = self._elb(call).target_groups.get(call.parameters["TargetGroupArn"])
        if group is None:
            raise Failure("TargetGroupNotFound", "One or more target groups not found")
        return group


def checks_on_moto(group: str) -> Checks:
    """The health checks and the deregistration delay of a group, as they are set now."""
    _, _, _, region, account, _ = group.split(":", 5)
    found: Any = elbv2_backends[account][region].target_groups.get(group)
    if found is None:
        return Checks()
    return Checks(
        int(found.health_check_interval_seconds), int(found.healthy_threshold_count),
        int(found.unhealthy_threshold_count), int(found.attributes[DELAY]),
    )


def _check(actions: Iterable[dict[str, Any]], known: Container[str]) -> None:
    """What AWS refuses and moto takes, in a listener or everywhere."""
    for action in actions:
        groups = action.get("ForwardConfig", {}).get("TargetGroups", [])
        for one in groups:
            if one["TargetGroupArn"] not in known:
                raise Failure("TargetGroupNotFound", f"Target group '{one['TargetGroupArn']}' not found")
            if not 0 <= one.get("Weight", 1) <= MOST_WEIGHT:
                raise Failure("ValidationError", f"Weight must be from 0 to {MOST_WEIGHT}, not {one['Weight']}")
        arn = action.get("TargetGroupArn")
        if arn and groups and [one["TargetGroupArn"] for one in groups] != [arn]:
            raise Failure("InvalidLoadBalancerAction", (
                "The target group ARN and the forward configuration of an action must name the same one group"
            ))


def _check_balancer(actions: Iterable[dict[str, Any]], arn: str, known: Mapping[str, Any]) -> None:
    """AWS lets a group stand behind one load balancer only; moto behind any number."""
    for action in actions:
        groups = [one["TargetGroupArn"] for one in action.get("ForwardConfig", {}).get("TargetGroups", [])]
        for group in (*groups, *(action[key] for key in ("TargetGroupArn",) if key in action)):
            behind = known[group].load_balancer_arns if group in known else []
            if any(dimension_of(other) != dimension_of(arn) for other in behind):
                raise Failure("TargetGroupAssociationLimit", (
                    f"The following target groups cannot be associated with more than one load balancer: {group}"
                ))


def _essence(actions: Iterable[Any]) -> dict[str, Any]:
    return {"weights": weights_in(actions)}


def _port(target: dict[str, Any], group: Any) -> int:
    return int(target.get("Port", group.port))
