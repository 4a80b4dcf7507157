"""What must fit together in `[alarms]` and `[[digests]]`: bounds, known apps, no summary twice."""

from collections.abc import Mapping
from datetime import timedelta

from bot.config.flaws import Findings, shown, suggest
from bot.config.model import Digest, Settings
from rollout.durations import print_duration

BOUNDS = {
    "sweep": (timedelta(seconds=1), timedelta(minutes=5)),
    "group": (timedelta(seconds=1), timedelta(minutes=10)),
    "flap": (timedelta(seconds=1), timedelta(days=1)),
    "blind": (timedelta(seconds=2), timedelta(hours=1)),
    "discover": (timedelta(seconds=1), timedelta(days=1)),
}
"""Shortest and longest of each key."""
_TOO_SHORT = {
    "sweep": "reading that often would be throttled by AWS",
    "discover": "looking for alarms that often would be throttled by AWS",
}
_TOO_LONG = {
    "sweep": "people would learn of a red alarm too late",
    "blind": "people would trust a blind place too long",
}


def check_watching(settings: Settings, digests: Mapping[int, Digest], findings: Findings) -> None:
    """Note what does not fit; `digests` by their place in the file."""
    _alarms(settings, findings)
    seen: dict[tuple[object, ...], int] = {}
    for index, digest in digests.items():
        if findings.any_under(("digests", index)):
            continue
        _digest(index, digest, settings, findings)
        first = seen.setdefault((digest.channel, digest.rule, digest.timezone, frozenset(digest.apps)), index)
        if first != index:
            findings.add(("digests", index), f"it is the same summary as digests[{first}]", "remove one of the two")


def _alarms(settings: Settings, findings: Findings) -> None:
    for key, (least, most) in BOUNDS.items():
        value: timedelta = getattr(settings.alarms, key)
        if value < least:
            fact = _TOO_SHORT.get(key, f"{print_duration(value)} is too short")
            findings.add(("alarms", key), fact, f'write "{print_duration(least)}" or more')
        elif value > most:
            fact = _TOO_LONG.get(key, f"{print_duration(value)} is too long")
            findings.add(("alarms", key), fact, f'write "{print_duration(most)}" or less')
    timing = settings.alarms
    if timing.blind < 2 * timing.sweep and not findings.any_under(("alarms",)):
        findings.add(
            ("alarms", "blind"),
            f"{print_duration(timing.blind)} is less than two sweeps: one failed read would be told as an alarm",
            f'write "{print_duration(2 * timing.sweep)}" or more',
        )


def _digest(index: int, digest: Digest, settings: Settings, findings: Findings) -> None:
    at = ("digests", index)
    if digest.at and digest.cron:
        findings.add(at, "it says both at and cron", "keep one of them")
    elif not digest.rule:
        findings.add(at, "it says neither at nor cron", 'add at = "09:00", or cron = "0 9 * * 1-5"')
    for place, name in enumerate(digest.apps):
        if name in digest.apps[:place]:
            findings.add((*at, "apps", place), f"{shown(name)} stands here twice", "keep one")
        elif name not in settings.apps:
            owner = next((app for app, one in settings.apps.items() if name in one.aliases), "")
            hint = f"write {owner}: it is an alias of that" if owner else suggest(name, settings.apps, "apps")
            findings.add((*at, "apps", place), f"{shown(name)} is not an app here", hint)
