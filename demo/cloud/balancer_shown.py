"""Rules, listeners, groups and targets as ELBv2 shows them. Changes nothing."""

from __future__ import annotations

from typing import Any

from demo.cloud.targets import REASONS, Target

NOT_REGISTERED = ("Target.NotRegistered", "Target is not registered to the target group")


def rule_shown(rule: Any) -> dict[str, Any]:
    """One rule of moto's, as ModifyRule and DescribeRules answer."""
    return {"RuleArn": rule.arn, "Priority": str(rule.priority), "Conditions": rule.conditions,
            "Actions": [_action(action.data) for action in rule.actions], "IsDefault": rule.is_default}


def listener_shown(listener: Any) -> dict[str, Any]:
    """One listener of moto's, as ModifyListener and DescribeListeners answer."""
    shown = {
        "ListenerArn": listener.arn, "LoadBalancerArn": listener.load_balancer_arn,
        "Port": int(listener.port), "Protocol": listener.protocol, "SslPolicy": listener.ssl_policy,
        "Certificates": [{"CertificateArn": arn} for arn in listener.certificates],
        "DefaultActions": [_action(action.data) for action in listener.default_actions],
    }
    return {key: value for key, value in shown.items() if value}


def group_shown(group: Any) -> dict[str, Any]:
    """One target group of moto's, as DescribeTargetGroups answers."""
    shown = {
        "TargetGroupArn": group.arn, "TargetGroupName": group.name, "Protocol": group.protocol,
        "ProtocolVersion": group.protocol_version, "Port": int(group.port), "VpcId": group.vpc_id,
        "TargetType": group.target_type, "IpAddressType": group.ip_address_type,
        "LoadBalancerArns": group.load_balancer_arns, "Matcher": group.matcher,
        "HealthCheckEnabled": group.health_check_enabled, "HealthCheckProtocol": group.health_check_protocol,
        "HealthCheckPort": group.health_check_port, "HealthCheckPath": group.health_check_path,
        "HealthCheckIntervalSeconds": int(group.health_check_interval_seconds),
        "HealthCheckTimeoutSeconds": int(group.health_check_timeout_seconds),
        "HealthyThresholdCount": int(group.healthy_threshold_count),
        "UnhealthyThresholdCount": int(group.unhealthy_threshold_count),
    }
    return {key: value for key, value in shown.items() if value is not None}


def target_shown(target: Target, group: Any) -> dict[str, Any]:
    """One registered target with its state and the reason for it."""
    return _shown(target.id, target.port, group, target.state, *REASONS.get(target.state, ()))


def missing_shown(target: str, port: int, group: Any) -> dict[str, Any]:
    """What AWS says of a target that is not registered."""
    return _shown(target, port, group, "unused", *NOT_REGISTERED)


def _action(data: dict[str, Any]) -> dict[str, Any]:
    """An action; AWS tells one that forwards to a single group in both of its forms, however it was written."""
    if data["Type"] != "forward":
        return data
    groups = data.get("ForwardConfig", {}).get("TargetGroups", [])
    if len(groups) == 1:
        return {"TargetGroupArn": groups[0]["TargetGroupArn"], **data}
    if groups:
        return data
    only = [{"TargetGroupArn": data["TargetGroupArn"], "Weight": 1}]
    return data | {"ForwardConfig": {"TargetGroups": only, "TargetGroupStickinessConfig": {"Enabled": False}}}


def _shown(target: str, port: int, group: Any, state: str, *reason: str) -> dict[str, Any]:
    health = {"State": state} | dict(zip(("Reason", "Description"), reason, strict=False))
    checked = port if group.health_check_port == "traffic-port" else group.health_check_port
    return {"Target": {"Id": target, "Port": port}, "HealthCheckPort": str(checked), "TargetHealth": health}
