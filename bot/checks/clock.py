"""This machine's clock against another one, as a verdict."""

from datetime import timedelta

from bot.checks.model import Verdict, fail, ok, skip, warn

SURPRISING, WRONG = timedelta(seconds=30), timedelta(seconds=240)
"""Slack and AWS refuse what is signed more than 300 s off."""
_SET = "let NTP or chrony set this machine's clock"


def skew(ahead: timedelta | None, whose: str) -> Verdict:
    """What that difference means; `whose` as in `Slack's`."""
    if ahead is None:
        return skip(f"{whose} answer told no time")
    seconds = ahead.total_seconds()
    text = f"this machine is {abs(seconds):.0f} s {'ahead of' if seconds > 0 else 'behind'} {whose} clock"
    if abs(ahead) > WRONG:
        return fail(f"{text}; from 300 s on nothing that is signed is taken", _SET)
    if abs(ahead) > SURPRISING:
        return warn(text, _SET)
    return ok(f"within {max(1, round(abs(seconds)))} s of {whose} clock")
