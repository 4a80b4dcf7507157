"""One `[apps.<app>.env.<env>]` into its driver's Target. What its fields mean is the driver's."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import ValidationError

from bot.config.explain import explain, salvage
from bot.config.flaws import Findings, Place, suggest
from bot.config.model import Rules
from bot.config.names import member_problem
from rollout.errors import TidegateError
from rollout.ports import Driver, TargetModel

Drivers = Mapping[str, type[Driver]]
"""Driver class by kind: aws.registry.DRIVERS."""

_REGION = re.compile(r"[a-z]{2}(-[a-z]+){1,2}-\d{1,2}")
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]{1,600}", re.ASCII)


class ReadTarget(NamedTuple):
    """What could be read of one environment; what is broken is left out and noted."""

    at: Place
    rules: Rules
    driver: type[Driver] | None
    target: TargetModel | None


def read_target(raw: Mapping[str, Any], at: Place, drivers: Drivers, findings: Findings) -> ReadTarget:
    """As much of the target as can be checked on, with every mistake noted."""
    if not raw:
        findings.add(at, "the environment is empty", _kinds(drivers))
        return ReadTarget(at, Rules(), None, None)
    driver = _driver(raw, at, drivers, findings)
    _grant(raw.get("deploy", "deployers"), (*at, "deploy"), findings)
    approve = raw.get("approve")
    if isinstance(approve, Mapping):
        _grant(approve.get("from", "approvers"), (*at, "approve", "from"), findings)
    _forms(raw, at, findings)
    common = {key: value for key, value in raw.items() if key in Rules.model_fields}
    rules = salvage(Rules, common, at, findings, strict=True) or Rules()
    if driver is not None and "plan" not in raw:
        rules = rules.model_copy(update={"plan": driver.Target.model_fields["plan"].default})
    return ReadTarget(at, rules, driver, _target(raw, at, driver, findings))


def _target(raw: Mapping[str, Any], at: Place, driver: type[Driver] | None, findings: Findings) -> TargetModel | None:
    if driver is None:
        return None
    try:
        target = driver.Target.model_validate(raw, strict=True)
    except ValidationError as error:
        _driver_says(error, driver, raw, at, findings)
    except TidegateError as error:
        findings.add(at, error.fact, error.hint)
    else:
        return None if findings.any_under(at) else target
    return None


def _driver_says(
    error: ValidationError, driver: type[Driver], raw: Mapping[str, Any], at: Place, findings: Findings
) -> None:
    spoken = {flaw.place for flaw in findings}
    fresh = findings.fresh()
    explain(error, driver.Target, raw, at, fresh)
    for flaw in fresh:
        if not any(_within(flaw.place, other) for other in spoken):
            findings.put(flaw)


def _within(place: str, other: str) -> bool:
    """True when one of them is, or lies inside, the other: then it was said already."""
    longer, shorter = max(place, other, key=len), min(place, other, key=len)
    return longer == shorter or longer.startswith((shorter + ".", shorter + "["))


def _driver(raw: Mapping[str, Any], at: Place, drivers: Drivers, findings: Findings) -> type[Driver] | None:
    kind = raw.get("kind")
    if kind is None:
        findings.add((*at, "kind"), "kind is missing", _kinds(drivers))
    elif not isinstance(kind, str) or kind not in drivers:
        word = kind if isinstance(kind, str) else ""
        findings.add((*at, "kind"), f"{findings.shown(kind)} is not a kind of target", suggest(word, drivers, "kinds"))
    else:
        return drivers[kind]
    return None


def _kinds(drivers: Drivers) -> str:
    names = sorted(drivers)
    return f'add kind = "{names[0]}"; kinds: {", ".join(names)}' if names else "no driver is installed"


def _grant(value: object, at: Place, findings: Findings) -> None:
    """A role's name or a list of ids; whether the role exists is meaning.py's."""
    if isinstance(value, str):
        if member_problem(value) is None:
            findings.add(
                at,
                f"{value} is an id, and here stands a role or a list",
                f'write a list: {at[-1]} = ["{value}"]',
            )
    elif isinstance(value, tuple):
        if not value:
            findings.add(at, "the list is empty: nobody could", "name at least one id, or a role")
        for index, member in enumerate(value):
            if problem := member_problem(findings.clean(member)):
                findings.add((*at, index), *problem)
    else:
        findings.add(
            at,
            f"{findings.shown(value)} is neither a role nor a list of ids",
            f'write {at[-1]} = "{"approvers" if at[-1] == "from" else "deployers"}" or a list of ids',
        )


def _forms(raw: Mapping[str, Any], at: Place, findings: Findings) -> None:
    region, role = raw.get("region"), raw.get("iam_role", "")
    if isinstance(region, str) and not _REGION.fullmatch(region):
        findings.add((*at, "region"), f"{findings.shown(region)} is not a region", 'write it like "eu-central-1"')
    if isinstance(role, str) and role and not _ROLE.fullmatch(role):
        findings.add(
            (*at, "iam_role"),
            f"{findings.shown(role)} is not the ARN of an IAM role",
            "arn:aws:iam::<account>:role/<name>",
        )
