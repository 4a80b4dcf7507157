"""The summary of alarms: by schedule in a channel, and privately as the answer of `/deploy alarms`.

Nothing to say is one line. What does not fit is counted; what is not known is never shown as fine.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from handlers.blocks.alarm_words import TEXT, few, name, silenced
from handlers.blocks.parts import Message, date, header, length, message, paragraphs, section
from handlers.escape import Mrkdwn, clip, code, join, md
from rollout.alarms.model import PLACE, AlarmState
from rollout.alarms.views import AlarmsReport, Ended

_TOLD = 8
"""Alarms told one by one in each part."""
_NAMED = 12
"""Alarms that are only named."""
_COUNTED = {
    "ALARM": "red", "ABSENT": "not found", "BLIND": "not readable", "INSUFFICIENT_DATA": "without data",
    "UNCLEAR": "not evaluated", "UNWATCHED": "watched no more", "OK": "OK",
}  # fmt: skip
_TURNED = {
    "ALARM": "turned red", "OK": "turned OK", "INSUFFICIENT_DATA": "without data", "ABSENT": "deleted",
    "BLIND": "not readable", "UNWATCHED": "taken out of the watch",
}  # fmt: skip


def summary(report: AlarmsReport) -> Message:
    """What stands, what changed, what needs a hand; one line where there is nothing to say."""
    alarms = [one for one in report.states if one.key.kind != PLACE]
    blind = _blind(report)
    if report.nothing and alarms and not blind:
        fine = "the one alarm is" if len(alarms) == 1 else f"all {len(alarms)} alarms are"
        line = md("{}: {} OK, and nothing changed since {}.", _title(report), fine, date(report.since, report.now))
        return _one_line(join(" ", [line, _unconfigured(report, alarms)]))
    parts = [_counts(alarms), *_red(report, alarms), *blind, _unconfigured(report, alarms), *_doubts(report, alarms)]
    parts = [part for part in (*parts, *_happened(report, alarms), _live(report)) if part]
    if len(parts) == 1:
        return _one_line(md("{}: {}", _title(report), parts[0]))
    return message(join("\n", [_title(report), *parts]), [header(_heading(report)), *paragraphs(parts)])


def _one_line(line: Mrkdwn) -> Message:
    return message(line, [section(line)])


def _heading(report: AlarmsReport) -> str:
    if report.title.strip():
        return report.title
    return f"Alarms of {report.apps[0]}" if len(report.apps) == 1 else f"Alarms of {len(report.apps)} apps"


def _title(report: AlarmsReport) -> Mrkdwn:
    return clip(_heading(report), 150)


def _name(report: AlarmsReport, one: AlarmState) -> Mrkdwn:
    """With its app where there are several."""
    said = name(one.key, {})
    return md("{}: {}", one.key.app, said) if len(report.apps) != 1 else said


def _names(report: AlarmsReport, what: str, states: Iterable[AlarmState]) -> Mrkdwn:
    named = [_name(report, one) for one in states]
    return md("{}: {}.", what, few(named, _NAMED)) if named else md("")


def _counts(alarms: Sequence[AlarmState]) -> Mrkdwn:
    """`600 alarms: 2 red, 1 without data, 597 OK.` What CloudWatch could not evaluate is not among the OK ones."""
    counts = Counter("UNCLEAR" if one.state == "OK" and not one.clean else one.state for one in alarms)
    kinds = join(", ", (md("{} {}", counts[kind], said) for kind, said in _COUNTED.items() if counts[kind]))
    noun = "alarm" if len(alarms) == 1 else "alarms"
    return md("{} {}: {}.", len(alarms), noun, kinds) if alarms else md("")


def _red(report: AlarmsReport, alarms: Sequence[AlarmState]) -> list[Mrkdwn]:
    red = [one for one in alarms if one.state == "ALARM"]
    lines = [
        md("• {} is red{}{}", _name(report, one), _since(report, one), _values(one.text)) for one in red[:_TOLD]
    ]  # fmt: skip
    if len(red) > _TOLD:
        every = code(f"tidegate alarms {report.apps[0]}" if len(report.apps) == 1 else "tidegate alarms")
        lines.append(md("and {} more are red: {}", len(red) - _TOLD, every))
    return lines


def _since(report: AlarmsReport, one: AlarmState) -> Mrkdwn:
    return md(" since {}", date(one.since, report.now)) if one.since is not None else md("")


def _values(text: str) -> Mrkdwn:
    said = clip(text.rstrip(" ."), TEXT)
    return md(": {}", said) if said else said


def _sentence(text: str) -> Mrkdwn:
    said = clip(text.rstrip(" ."), TEXT)
    return md("{}.", said) if said else said


def _blind(report: AlarmsReport) -> list[Mrkdwn]:
    """Places that cannot be read, with what to do; and those whose last reading failed."""
    lines = []
    for one in report.states:
        if one.key.kind != PLACE or (one.state != "BLIND" and one.fault is None):
            continue
        place, hint = _name(report, one), _sentence(one.fault.hint if one.fault else "").capitalized()
        why = _values(one.fault.text if one.fault else one.text)
        if one.state == "BLIND":
            told = md("• {} cannot be read{}{}. Silence there is no good news.", place, _since(report, one), why)
        else:
            told = md("• {} could not be read the last time{}.", place, why)
        lines.append(join(" ", [told, hint]))
    more = [md("and {} more places cannot be read", len(lines) - _TOLD)] if len(lines) > _TOLD else []
    return [*lines[:_TOLD], *more]


def _unconfigured(report: AlarmsReport, alarms: Sequence[AlarmState]) -> Mrkdwn:
    """Apps that nothing watches: said, for their silence looks like health."""
    watched, known = {one.key.app for one in alarms}, {one.key.app for one in report.states}
    never = [clip(app, 40) for app in report.apps if app not in known]
    unread = [clip(app, 40) for app in report.apps if app in known and app not in watched]
    found = md("No alarm of {} was found yet.", few(unread, _NAMED)) if unread else md("")
    how = md("add {} to a target, or find them by {} or {}", code('alarms = ["…"]'), code("alarm_prefix"),
             code("alarm_tag"))  # fmt: skip
    none = md("No alarm is configured for {}, or none was read yet: {}.", few(never, _NAMED), how) if never else md("")
    return join(" ", [found, none])


def _doubts(report: AlarmsReport, alarms: Sequence[AlarmState]) -> list[Mrkdwn]:
    """What is worth less than it looks."""
    slow = [
        md("{} (needs {}, the bake is {})", _name(report, one), length(one.needs), length(one.bake))
        for one in report.too_slow if one.bake is not None
    ]  # fmt: skip
    quiet = (one for one in alarms if one.state == "INSUFFICIENT_DATA")
    unclear = (one for one in alarms if not one.clean and one.state in ("OK", "ALARM"))
    muted = [md("{} ({})", _name(report, one), silenced(one.muted, report.now)) for one in report.muted if one.muted]
    return [
        _names(report, "Not found in CloudWatch, so nothing watches there", (a for a in alarms if a.state == "ABSENT")),
        _names(report, "Without data, so nobody knows whether they are well", quiet),
        _names(report, "CloudWatch could not evaluate", unclear),
        md("Cannot fire within the bake that they gate: {}.", few(slow, _TOLD)) if slow else md(""),
        md("Messages silenced: {}; gates still count.", few(muted, _TOLD)) if muted else md(""),
    ]


def _happened(report: AlarmsReport, alarms: Sequence[AlarmState]) -> list[Mrkdwn]:
    """Changes, the longest red, rollouts that ended."""
    since = date(report.since, report.now)
    turned = [(said, report.changes.get(kind, 0)) for kind, said in _TURNED.items()]
    counted = join(", ", (md("{} {}", said, _often(count)) for said, count in turned if count))
    same = md("Nothing changed since {}.", since) if alarms else md("")
    changes = md("Since {}: {}.", since, counted) if counted else same
    ended = [_ended(one) for one in report.ended[:_TOLD]]
    if ended:
        ended = [md("Rollouts that ended since {}:", since), *ended]
    if len(report.ended) > _TOLD:
        ended.append(md("and {} more: {}", len(report.ended) - _TOLD, code("/deploy history")))
    return [changes, _longest(report), *ended]


def _often(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _longest(report: AlarmsReport) -> Mrkdwn:
    spell, now = report.longest, report.now
    if spell is None:
        return md("")
    app = md("{}: ", spell.app) if len(report.apps) != 1 else md("")
    who, took, start = clip(spell.name, 120), length(spell.length(now)), date(spell.start, now)
    if spell.end is None:
        return md("Longest red: {}{}, {} so far, since {}.", app, who, took, start)
    return md("Longest red: {}{}, {}, {} to {}.", app, who, took, start, date(spell.end, now))


def _ended(one: Ended) -> Mrkdwn:
    where = md("• #{} {} → {}", one.rollout, one.app, one.env)
    cause = _values(one.cause[:TEXT])
    return md("{}: {} after {}{}", where, one.outcome.replace("_", " "), length(one.took), cause)


def _live(report: AlarmsReport) -> Mrkdwn:
    numbers = [md("#{}", number) for number in report.live]
    return md("Live now: {}.", few(numbers, _NAMED)) if numbers else md("")
