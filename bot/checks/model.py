"""What a check is and what it finds. Nothing is asked here; the checks themselves are listed in registry.py."""

from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

from bot.checks.cloud_calls import CloudSide
from bot.checks.slack_calls import SlackSide
from bot.clock import SystemClock
from bot.config import Access, Config
from bot.live_policy import AnyPolicy
from rollout.values import Frozen

State = Literal["ok", "warn", "fail", "skip"]
"""skip: nothing is proven either way, and the text says why."""
Room = Literal["here", "slack", "aws"]
"""Whom a check asks: nobody, Slack, AWS."""


class Ground(NamedTuple):
    """What checks look at."""

    config: Config
    access: Access
    policy: AnyPolicy
    slack: SlackSide
    cloud: CloudSide
    clock: SystemClock
    connections: Callable[[], int] | None = None
    """Within a running bot, which opens no second one: how many connections Slack's greeting told, 0 while unknown."""


class Verdict(NamedTuple):
    """One finding: a lower-case fact with its values, and what to do about it."""

    state: State
    text: str
    fix: str = ""


class Line(Frozen):
    """One finding as it is shown: `target` is what it is about."""

    name: str
    target: str
    state: State
    text: str
    fix: str = ""


class Check(NamedTuple):
    """One kind of question: `about` lists what it is asked of, `look` answers for one of them."""

    name: str
    room: Room
    about: Callable[[Ground], Iterable[str]]
    look: Callable[[Ground, str], Iterable[Verdict]]


def ok(text: str) -> Verdict:
    """As it should be."""
    return Verdict("ok", text)


def warn(text: str, fix: str) -> Verdict:
    """It works, and may surprise."""
    return Verdict("warn", text, fix)


def fail(text: str, fix: str) -> Verdict:
    """It will not work."""
    return Verdict("fail", text, fix)


def skip(text: str, fix: str = "") -> Verdict:
    """Not proven."""
    return Verdict("skip", text, fix)
