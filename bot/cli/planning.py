"""`plan`: a target's plan with its times, before anything is started. Reads the configuration, asks nobody."""

import json
from datetime import timedelta
from typing import Any

from bot.cli import texts
from bot.cli.guarded import here
from bot.cli.options import Line, Usage
from bot.cli.place import configured
from rollout.durations import print_duration
from rollout.forecast import Forecast, forecast
from rollout.ports import Scheduler
from rollout.terms import Terms

AS_IT_IS = "AWS moves the traffic as the target is configured there: tidegate check says how; a plan with weights asks"
BEYOND = "not counted: a person's pause, and time in which AWS or data cannot be seen; nothing rises meanwhile"


def run(line: Line) -> int:
    """Print the plan; NotFound names the targets and plans there are."""
    if not 1 <= len(line.words) <= 2 or any(word.startswith("-") for word in line.words):
        raise Usage("plan takes a target, and a plan where it is not the default", "tidegate plan my-app/prod canary")
    config = configured(line)
    from bot.config.load import installed_drivers  # late, both: they bring AWS in
    from bot.policy import ConfigPolicy

    policy, drivers = ConfigPolicy(config), installed_drivers()
    app, _, env = line.words[0].partition("/")
    app, env = policy.find(app, env)
    kind, terms = policy.terms(app, env, line.words[1] if len(line.words) == 2 else "")
    driver = drivers[kind]
    way = forecast(terms, launches=driver.capabilities.launches)
    bounds: tuple[str, ...] = ()
    if terms.schedule is not None and issubclass(driver, Scheduler):
        bounds = driver.bounds(config.apps[app].env[env], terms.schedule)
    known = terms.schedule is not None or driver.capabilities.weights != "watch"
    if line.json:
        print(json.dumps(_plain(f"{app}/{env}", kind, terms, way, bounds) | {"known": known}))
    else:
        print(here(texts.safe("\n".join(_lines(f"{app}/{env}", kind, terms, way, bounds, known=known)))))
    return 0


def _lines(target: str, kind: str, terms: Terms, way: Forecast, bounds: tuple[str, ...], *, known: bool) -> list[str]:
    head = [f"{target}, {kind}, plan {terms.plan.name}: {terms.schedule or terms.plan}"]
    if not known:
        return [*head, AS_IT_IS]
    width = max(len(leg.text) for leg in way.legs)
    rows = [
        f"  {leg.text:<{width}}  from {_span(leg.begins):>7}, takes {_span(leg.lasts):>7}, at most {_span(leg.longest)}"
        for leg in way.legs
    ]
    ends = [
        f"done after {_span(way.shortest)} where all is healthy and every question is answered at once",
        f"by {_span(way.longest)} at the latest it has succeeded, has gone back, or a person was called",
        BEYOND,
    ]
    return [*head, *rows, *ends, *(f"on AWS: {text}" for text in bounds)]


def _span(span: timedelta) -> str:
    return print_duration(timedelta(seconds=round(span.total_seconds())))


def _plain(target: str, kind: str, terms: Terms, way: Forecast, bounds: tuple[str, ...]) -> dict[str, Any]:
    return {
        "target": target, "kind": kind, "plan": terms.plan.name, "steps": str(terms.schedule or terms.plan),
        "legs": [leg.model_dump(mode="json") for leg in way.legs],
        "shortest": way.shortest.total_seconds(), "longest": way.longest.total_seconds(), "bounds": list(bounds),
    }  # fmt: skip
