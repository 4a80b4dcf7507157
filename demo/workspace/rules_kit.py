"""The pieces of a Block Kit rule: texts, lists, shapes. Each reports by JSON pointer; none raises."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Report = Callable[[str, str], None]
"""Takes a pointer and a sentence."""
Check = Callable[[object, str, Report], None]


@dataclass(frozen=True)
class Shape:
    """An object: which keys it may have and must have. `also` looks at the whole."""

    keys: Mapping[str, Check]
    required: tuple[str, ...] = ()
    also: Check | None = None
    open: bool = False
    common: Mapping[str, Check] = field(default_factory=dict)

    def __call__(self, value: object, at: str, report: Report) -> None:
        if not isinstance(value, dict):
            report(at, "must provide an object")
            return
        for name in self.required:
            if value.get(name) is None:
                report(at, f"missing required field: {name}")
        for name, item in value.items():
            check = self.keys.get(name) or self.common.get(name)
            if check is not None:
                check(item, f"{at}/{name}", report)
            elif not self.open:
                report(at, f"additional property: {name}")
        if self.also is not None:
            self.also(value, at, report)


def string(most: int, least: int = 0) -> Check:
    """A string; Slack counts code points."""

    def check(value: object, at: str, report: Report) -> None:
        if not isinstance(value, str):
            report(at, "must be a valid string")
        elif len(value) > most:
            report(at, f"must be less than {most + 1} characters")
        elif len(value) < least:
            report(at, f"must be more than {least - 1} characters")

    return check


def matching(pattern: str) -> Check:
    """A string of a form; said as Slack says it: github.com/slackapi/python-slack-sdk/issues/1521."""

    def check(value: object, at: str, report: Report) -> None:
        if not isinstance(value, str) or not re.match(pattern, value):
            report(at, f"input must match regex pattern: {pattern}")

    return check


def boolean(value: object, at: str, report: Report) -> None:
    if not isinstance(value, bool):
        report(at, "must be a valid boolean")


def whole(least: int, most: int) -> Check:
    def check(value: object, at: str, report: Report) -> None:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            report(at, f"must be an integer from {least} to {most}")

    return check


def one_of(*allowed: str) -> Check:
    def check(value: object, at: str, report: Report) -> None:
        if value not in allowed:
            report(at, f"unsupported value: {value}, must be one of {', '.join(allowed)}")

    return check


def anything(_value: object, _at: str, _report: Report) -> None:
    """Not ours to judge: slack_sdk's models look at it."""


def list_of(item: Check, least: int, most: int) -> Check:
    def check(value: object, at: str, report: Report) -> None:
        if not isinstance(value, list):
            report(at, "must provide a list")
            return
        if len(value) > most:
            report(at, f"no more than {most} items allowed")
        if len(value) < least:
            report(at, f"at least {least} items required")
        for index, one in enumerate(value):
            item(one, f"{at}/{index}", report)

    return check


def plain(most: int) -> Check:
    return _text(most, ("plain_text",))


def text(most: int) -> Check:
    return _text(most, ("plain_text", "mrkdwn"))


def _text(most: int, kinds: tuple[str, ...]) -> Check:
    return Shape(
        {
            "type": one_of(*kinds),
            "text": string(most, 1),
            "emoji": boolean,
            "verbatim": boolean,
        },
        required=("type", "text"),
        also=_text_flags,
    )


def _text_flags(value: object, at: str, report: Report) -> None:
    if not isinstance(value, dict):
        return
    wrong = {"mrkdwn": "emoji", "plain_text": "verbatim"}.get(str(value.get("type")))
    if wrong and wrong in value:
        report(at, f"additional property: {wrong}")


def by_type(table: Mapping[str, Check], what: str) -> Check:
    """Chooses the rule by `type`; a type that may not stand here is refused."""

    def check(value: object, at: str, report: Report) -> None:
        if not isinstance(value, dict):
            report(at, "must provide an object")
            return
        rule = table.get(str(value.get("type")))
        if rule is None:
            report(f"{at}/type", f"unsupported type: {value.get('type')} ({what})")
            return
        rule(value, at, report)

    return check
