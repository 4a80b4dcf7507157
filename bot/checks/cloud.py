"""Whether AWS has what targets name, lets the bot do what it must, and would notice a bad release in time."""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from aws.checks import Wish
from aws.sessions import Place
from bot.checks.clock import skew
from bot.checks.cloud_calls import paging_place, place_of
from bot.checks.model import Ground, Verdict, fail, ok, skip, warn
from bot.checks.named import place, scope, scopes, target
from rollout.alarms.model import Scope
from rollout.durations import print_duration
from rollout.errors import TargetError
from rollout.seen import AlarmReading

HISTORIES = 5
"""Alarms of one app whose histories are read: AWS allows three such calls a second."""
_PAGE = "tidegate check --page sends a test page"
_DENIED = "it can be asked with more rights, and is not needed to deploy"


def credentials(ground: Ground, name: str) -> Iterator[Verdict]:
    """There are some, and the role can be taken."""
    yield ok(f"AWS knows us as {ground.cloud.who(place(ground, name)).caller.arn}")


def clock(ground: Ground, name: str) -> Iterator[Verdict]:
    """Ours against AWS's: what is signed more than five minutes off is refused."""
    yield skew(ground.cloud.who(place(ground, name)).ahead, "AWS's")


def names(ground: Ground, name: str) -> Iterator[Verdict]:
    """What the driver says about the target as it is now."""
    for check in ground.cloud.examine(target(ground, name)):
        match check.state:
            case "ok":
                yield ok(check.text)
            case "warn":
                yield warn(check.text, check.hint)
            case _:
                yield fail(check.text, check.hint)


def alarms(ground: Ground, name: str) -> Iterator[Verdict]:
    """Every gate is there, and fires before the bake is over."""
    of = scope(ground, name)
    sweep = ground.cloud.alarms(of.place, of.gates)
    for reading in sweep.readings:
        yield from _alarm(ground, of, reading)
    for alarm, fault in sweep.faults.items():
        yield fail(f"{alarm} could not be asked: {fault.text}", fault.hint)


def history(ground: Ground, name: str) -> Iterator[Verdict]:
    """It may be read: else an alarm that changed within a step counts as unknown, and nothing rises."""
    of = scope(ground, name)
    for alarm in of.gates[:HISTORIES]:
        ground.cloud.past(of.place, alarm)
    yield ok("cloudwatch:DescribeAlarmHistory may be called")


def discovery(ground: Ground, name: str) -> Iterator[Verdict]:
    """Every prefix and tag finds something."""
    of = scope(ground, name)
    asked = [(f"alarm_prefix {each!r}", {"prefix": each}) for each in of.prefixes]
    asked += [(f"alarm_tag {each!r}", {"tag": each}) for each in of.tags]
    for key, which in asked:
        if found := ground.cloud.found(of.place, **which):
            yield ok(f"{key} finds {found} {'alarm' if found == 1 else 'alarms'}")
        else:
            yield warn(f"{key} finds no alarm", "correct it, or make an alarm that it finds")


def topic(ground: Ground, arn: str) -> Iterator[Verdict]:
    """It exists, as far as we may know."""
    try:
        ground.cloud.topic(arn)
    except TargetError as error:
        if error.kind != "auth":
            raise
        yield skip("whether it exists was not proven: sns:GetTopicAttributes is not allowed", f"{_DENIED}; {_PAGE}")
    else:
        yield ok("it exists")


def writing(ground: Ground, name: str) -> Iterator[Verdict]:
    """Moving traffic is allowed: asked of IAM's simulator, never tried."""
    one = target(ground, name)
    try:
        wishes = ground.cloud.writes(one)
    except TargetError as error:
        yield skip(f"whether traffic may be moved was not proven: {error.fact}", error.hint)
        return
    for wish in wishes:
        yield _allowed(ground, place_of(one), wish, surely=True)


def paging(ground: Ground, arn: str) -> Iterator[Verdict]:
    """The same for pages. The topic's own policy may allow what the simulator does not see."""
    yield _allowed(ground, paging_place(arn), Wish("sns:Publish", arn), surely=False)


def gated(ground: Ground) -> Iterable[str]:
    """Scopes with alarms that gate."""
    return (name for name in scopes(ground) if scope(ground, name).gates)


def searched(ground: Ground) -> Iterable[str]:
    """Scopes that find alarms by prefix or tag."""
    return (name for name in scopes(ground) if scope(ground, name).prefixes or scope(ground, name).tags)


def _alarm(ground: Ground, of: Scope, reading: AlarmReading) -> Iterator[Verdict]:
    alarm = reading.name
    if not reading.found:
        near = ground.cloud.nearest(of.place, alarm)
        guess = f"did you mean {near}?" if near else "correct the name, or make the alarm"
        yield fail(f"CloudWatch knows no alarm {alarm} in {of.place.lane}", guess)
        return
    bake, needs = of.bakes[alarm], reading.window + of.slack
    sides = "sees both sides mixed" if reading.mixed else "tells the sides apart"
    late = bool(reading.window) and needs > bake
    if late:
        text = f"{alarm} cannot fire within a bake of {print_duration(bake)}: it needs {print_duration(needs)}"
        yield warn(text, "give it a shorter period, or the plan a longer bake")
    if reading.state == "ALARM":
        yield warn(f"{alarm} is red: {reading.text}", "no rollout begins before it is OK")
    elif not late:
        yield ok(f"{alarm} {_fires(reading, needs, bake)}, {sides}{_state(reading)}")


def _fires(reading: AlarmReading, needs: timedelta, bake: timedelta) -> str:
    if not reading.window:
        return "exists, how fast it fires depends on the alarms that it is made of"
    return f"can fire within a bake of {print_duration(bake)}, it needs {print_duration(needs)}"


def _state(reading: AlarmReading) -> str:
    return ", has no data now" if reading.state == "INSUFFICIENT_DATA" else ""


def _allowed(ground: Ground, at: Place, wish: Wish, *, surely: bool) -> Verdict:
    told = f"{wish.action} on {wish.resource}"
    try:
        decision = ground.cloud.decision(at, wish)
    except TargetError as error:
        return skip(f"{told} was not proven: {error.fact}", _DENIED if surely else f"{_DENIED}; {_PAGE}")
    if decision == "allowed":
        return ok(f"{told} is allowed")
    fix = f"allow {told} to {at.role or ground.cloud.who(at).caller.arn}"
    if decision == "explicitDeny":
        return fail(f"{told} is denied by a policy", "take the denial out of that policy")
    if surely:
        return fail(f"{told} is not allowed", fix)
    return warn(f"{told} is not allowed, unless the topic's own policy allows it", f"{fix}; {_PAGE}")
