"""`plan`: a target's plan with its times, before anything is started. AWS is asked only where it has the plan."""

import json
import logging
import os
from datetime import timedelta
from typing import Any, NamedTuple

from bot.cli import texts
from bot.cli.guarded import here
from bot.cli.options import Line, Usage
from bot.cli.place import configured
from bot.config import BadConfigs, Config, may_act
from rollout.durations import print_duration
from rollout.errors import TidegateError
from rollout.forecast import AT_AWS, Configured, Forecast, forecast
from rollout.ports import Driver, Scheduler, TargetModel
from rollout.terms import Terms

OFFLINE = "--offline"
AS_IT_IS = "AWS moves the traffic as the target is configured there"
ASKS = "a plan with weights asks AWS for them; tidegate check says what is configured"
BEYOND = "not counted: a person's pause, and time in which AWS or data cannot be seen; nothing rises meanwhile"


class Told(NamedTuple):
    """What is known of one plan of one target."""

    target: str
    kind: str
    terms: Terms
    way: Forecast
    steps: str
    bounds: tuple[str, ...] = ()
    unknown: str = ""
    """Why its times are not known; empty where they are."""


def run(line: Line) -> int:
    """Print the plan; NotFound names the targets and plans there are. What AWS does not tell is no failure."""
    words = [word for word in line.words if word != OFFLINE]
    if not 1 <= len(words) <= 2 or any(word.startswith("-") for word in words):
        hint = f"tidegate plan my-app/prod canary; {OFFLINE} asks nobody"
        raise Usage("plan takes a target, and a plan where it is not the default", hint)
    config = configured(line)
    from bot.config.load import installed_drivers  # late, both: they bring AWS in
    from bot.policy import ConfigPolicy

    policy, drivers = ConfigPolicy(config), installed_drivers()
    app, _, env = words[0].partition("/")
    app, env = policy.find(app, env)
    kind, terms = policy.terms(app, env, words[1] if len(words) == 2 else "")
    nobody = f"{OFFLINE} asks nobody" if OFFLINE in line.words else _elsewhere(config)
    told = _told((f"{app}/{env}", kind, terms), drivers[kind], config.apps[app].env[env], nobody)
    if line.json:
        print(json.dumps(_plain(told)))
    else:
        print(here(texts.safe("\n".join(_lines(told)))))
    return 0


def _elsewhere(config: Config) -> str:
    """Why AWS is not asked: the file is for another one than this shell would reach."""
    try:
        may_act(config, os.environ)
    except BadConfigs as wrong:
        return "; ".join(f"{flaw.fact} ({flaw.hint})" for flaw in wrong.flaws)
    return ""


def _told(what: tuple[str, str, Terms], driver: type[Driver], target: TargetModel, nobody: str) -> Told:
    """`nobody`: why AWS is not asked; empty where it is."""
    terms = what[2]
    launches = driver.capabilities.launches
    if terms.schedule is not None or driver.capabilities.weights != "watch":
        bounds: tuple[str, ...] = ()
        if terms.schedule is not None and issubclass(driver, Scheduler):
            bounds = driver.bounds(target, terms.schedule)
        return Told(*what, forecast(terms, launches=launches), str(terms.schedule or terms.plan), bounds)
    found = nobody or _read(driver, target)
    if isinstance(found, str):
        return Told(*what, forecast(terms, launches=launches), str(terms.plan), unknown=found)
    way = forecast(terms, launches=launches, configured=None if found.unknown else found)
    return Told(*what, way, found.text, found.bounds, found.unknown)


def _read(driver: type[Driver], target: TargetModel) -> Configured | str:
    """What AWS does by itself, or why nobody knows."""
    from aws.registry import open_drivers  # late, all of them: they bring AWS in
    from aws.sessions import Sessions
    from bot.clock import SystemClock

    logging.getLogger().addHandler(logging.NullHandler())  # what libraries would log stands in the line
    opened = open_drivers(Sessions(), SystemClock())[driver.kind]
    if not isinstance(opened, Scheduler):
        return f"{driver.kind} does not tell"
    try:
        return opened.configured(target)
    except TidegateError as error:
        return f"{error.fact} ({error.hint})" if error.hint else error.fact


def _lines(told: Told) -> list[str]:
    head = [f"{told.target}, {told.kind}, plan {told.terms.plan.name}: {told.steps}"]
    bounds = [f"on AWS: {text}" for text in told.bounds]
    width = max(len(leg.text) for leg in told.way.legs)
    if told.unknown:
        rows = [
            f"  {leg.text:<{width}}  " + (
                "not known" if leg.text == AT_AWS else f"takes {_span(leg.lasts):>7}, at most {_span(leg.longest)}"
            )
            for leg in told.way.legs
        ]  # fmt: skip
        asks = [ASKS] if told.steps == str(told.terms.plan) else []  # nothing of it could be read
        return [*head, f"{AS_IT_IS}; how long is not known: {told.unknown}", *rows, *bounds, *asks]
    rows = [
        f"  {leg.text:<{width}}  from {_span(leg.begins):>7}, takes {_span(leg.lasts):>7}, at most {_span(leg.longest)}"
        for leg in told.way.legs
    ]
    ends = [
        f"done after {_span(told.way.shortest)} where all is healthy and every question is answered at once",
        f"by {_span(told.way.longest)} at the latest it has succeeded, has gone back, or a person was called",
        BEYOND,
    ]
    return [*head, *rows, *ends, *bounds]


def _span(span: timedelta) -> str:
    return print_duration(timedelta(seconds=round(span.total_seconds())))


def _plain(told: Told) -> dict[str, Any]:
    known = not told.unknown
    return {
        "target": told.target, "kind": told.kind, "plan": told.terms.plan.name, "steps": told.steps, "known": known,
        "unknown": told.unknown, "legs": [leg.model_dump(mode="json") for leg in told.way.legs if leg.text != AT_AWS],
        "shortest": told.way.shortest.total_seconds() if known else None,
        "longest": told.way.longest.total_seconds() if known else None, "bounds": list(told.bounds),
    }  # fmt: skip
