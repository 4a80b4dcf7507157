"""Rules, listeners and targets as ELBv2 shows them. Changes nothing."""

from __future__ import annotations

from typing import Any

from demo.cloud.targets import REASONS, Target

NOT_REGISTERED = ("Target.NotRegistered", "Target is not registered to the target group")


def rule_shown(rule: Any) -> dict[str, Any]:
    """One rule of moto's, as ModifyRule answers."""
    return {"RuleArn": rule.arn, "Priority": str(rule.priority), "Conditions": rule.conditions,
            "Actions": [action.data for action in rule.actions], "IsDefault": rule.is_default}


def listener_shown(listener: Any) -> dict[str, Any]:
    """One listener of moto's, as ModifyListener answers."""
    shown = {
        "ListenerArn": listener.arn, "LoadBalancerArn": listener.load_balancer_arn,
        "Port": int(listener.port), "Protocol": listener.protocol, "SslPolicy": listener.ssl_policy,
        "Certificates": [{"CertificateArn": arn} for arn in listener.certificates],
        "DefaultActions": [action.data for action in listener.default_actions],
    }
    return {key: value for key, value in shown.items() if value}


def target_shown(target: Target, group: Any) -> dict[str, Any]:
    """One registered target with its state and the reason for it."""
    return _shown(target.id, target.port, group, target.state, *REASONS.get(target.state, ()))


def missing_shown(target: str, port: int, group: Any) -> dict[str, Any]:
    """What AWS says of a target that is not registered."""
    return _shown(target, port, group, "unused", *NOT_REGISTERED)


def _shown(target: str, port: int, group: Any, state: str, *reason: str) -> dict[str, Any]:
    health = {"State": state} | dict(zip(("Reason", "Description"), reason, strict=False))
    checked = port if group.health_check_port == "traffic-port" else group.health_check_port
    return {"Target": {"Id": target, "Port": port}, "HealthCheckPort": str(checked), "TargetHealth": health}
