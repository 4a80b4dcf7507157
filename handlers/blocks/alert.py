"""The notice about alarms: one message in the app's channel, kept up to date in place until all is quiet.

Its heading, its first sentence and its `text` each say it all. What is not known is never shown as fine.
"""

from collections import Counter
from collections.abc import Sequence

from handlers.blocks.alarm_words import few, name, region_of, silenced, state
from handlers.blocks.alert_buttons import rows
from handlers.blocks.alert_live import live
from handlers.blocks.parts import (
    Block,
    Message,
    context,
    date,
    date_exact,
    header,
    image,
    message,
    named,
    paragraphs,
    section,
)
from handlers.escape import Mrkdwn, clip, code, join, md
from rollout.alarms.model import PLACE, Alert, Key, Line
from rollout.alarms.views import AlertView

SHOWN = 10
"""Lines told one by one, bad ones first; the rest is counted."""
_ORDER = ("ALARM", "BLIND", "ABSENT", "INSUFFICIENT_DATA", "UNWATCHED", "OK")
_COUNTED = {
    "ALARM": "red", "BLIND": "not readable", "ABSENT": "deleted", "INSUFFICIENT_DATA": "without data",
    "UNWATCHED": "watched no more", "OK": "OK again",
}  # fmt: skip
_ARE = {
    "ALARM": ("alarm is red", "alarms are red"), "BLIND": ("place cannot be read", "places cannot be read"),
    "ABSENT": ("alarm was deleted", "alarms were deleted"), "INSUFFICIENT_DATA": ("has no data", "have no data"),
    "UNWATCHED": ("is watched no more", "are watched no more"), "OK": ("is OK again", "are OK again"),
}  # fmt: skip


def alert(view: AlertView) -> Message:
    """The notice in its present state."""
    head = heading(view)
    lines = ordered(view.alert)
    said = [_line(view, lines[0])] if len(lines) == 1 else [_sum(view, lines), *_listed(view, lines)]
    notes = [note for note in (live(view), _taken(view), *_mutes(view)) if note]
    blocks: list[Block] = [header(head), *paragraphs(said), *([section(join("\n", notes))] if notes else [])]
    if view.alert.image is not None:
        drawn = view.alert.image
        blocks.append(image(drawn.file, drawn.alt, f"as it was at {drawn.at:%H:%M} UTC" if drawn.at else "the graph"))
    return message(join("\n", [head, said[0], *notes, *said[1:]]), [*blocks, *rows(view, lines), _small(view)])


def heading(view: AlertView) -> str:
    """`my-app · 3 alarms red`: complete without colour, emoji or anything below it."""
    lines = view.alert.bad or view.alert.lines
    says = [_heads(view, kind, [line for line in lines if line.state == kind]) for kind in _ORDER]
    return f"{view.alert.app} · {', '.join(filter(None, says))}"


def _heads(view: AlertView, kind: str, lines: Sequence[Line]) -> str:
    count = len(lines)
    if not count:
        return ""
    if kind in ("BLIND", "OK") and all(line.key.kind == PLACE for line in lines):
        where = region_of(lines[0].key, view.regions) if count == 1 else f"{count} places"
        return f"{where} cannot be read" if kind == "BLIND" else f"{where} can be read again"
    alone = count == len(view.alert.lines)
    if kind == "OK":
        return "OK again" if alone else f"{count} OK again"
    if count == 1 and kind == "ALARM" and lines[0].times > 1:
        return f"alarm red, {lines[0].times} times now"
    return f"alarm {_COUNTED[kind]}" if count == 1 else f"{count} alarms {_COUNTED[kind]}"


def ordered(one: Alert) -> tuple[Line, ...]:
    """Bad ones first, those that a card tells behind the others, then as they came."""
    place = {state: index for index, state in enumerate(_ORDER)}
    return tuple(sorted(one.lines, key=lambda line: (not line.bad, line.told_by is not None, place[line.state])))


def _sum(view: AlertView, lines: Sequence[Line]) -> Mrkdwn:
    """What several are, in one sentence or two, with names and times."""
    return join(" ", [_summed(view, kind, [line for line in lines if line.state == kind]) for kind in _ORDER])


def _summed(view: AlertView, kind: str, lines: Sequence[Line]) -> Mrkdwn:
    if not lines:
        return md("")
    since = (md("{} since {}", name(line.key, view.regions), date(line.since, view.now)) for line in lines)
    count = md("All {}", len(lines)) if kind == "OK" and len(lines) == len(view.alert.lines) else md("{}", len(lines))
    return md("{} {}: {}.", count, _ARE[kind][len(lines) > 1], few(since))


def _listed(view: AlertView, lines: Sequence[Line]) -> list[Mrkdwn]:
    shown = [md("• {}", _line(view, line)) for line in lines[:SHOWN]]
    if not (rest := lines[SHOWN:]):
        return shown
    counts = Counter[str](line.state for line in rest)
    kinds = join(", ", (md("{} {}", counts[kind], _COUNTED[kind]) for kind in _ORDER if counts[kind]))
    return [*shown, md("and {} more ({}): {}", len(rest), kinds, code(f"/deploy alarms {view.alert.app}"))]


def _line(view: AlertView, line: Line) -> Mrkdwn:
    """One alarm in full."""
    return join(" ", [state(line, view.regions, view.now), _sides(view, line), _gate(view, line), _told(line)])


def _sides(view: AlertView, line: Line) -> Mrkdwn:
    """Whether it can tell the two sides of a rollout apart; of interest only while there are two."""
    if not view.live or line.state != "ALARM":
        return md("")
    return md("It sees both sides mixed.") if line.mixed else md("It sees only one side.")


def _gate(view: AlertView, line: Line) -> Mrkdwn:
    """A gate that is gone lets nothing rise: say what to do."""
    known = next((one for one in view.states if one.key == line.key), None)
    if line.state != "ABSENT" or known is None or not known.gate:
        return md("")
    return md("It is a gate, and without it nothing rises: create it again, or correct {}.", code("alarms"))


def _told(line: Line) -> Mrkdwn:
    return md("It brought #{} back, see its card.", line.told_by) if line.told_by is not None else md("")


def _taken(view: AlertView) -> Mrkdwn:
    taken = view.alert.taken
    if taken is None:
        return md("")
    return md("Acknowledged by {} since {}.", named(taken.by), date(taken.at, view.now))


def _mutes(view: AlertView) -> list[Mrkdwn]:
    """Who silenced what until when; one sentence for those with one end."""
    by_end: dict[Mrkdwn, list[Key]] = {}
    for one in view.states:
        if one.muted is not None and one.muted.holds(view.now):
            by_end.setdefault(silenced(one.muted, view.now), []).append(one.key)
    return [_silence(view, end, keys) for end, keys in by_end.items()]


def _silence(view: AlertView, end: Mrkdwn, keys: Sequence[Key]) -> Mrkdwn:
    whole = {line.key for line in view.alert.bad} <= set(keys)
    about = md("") if whole else md(" about {}", few(name(key, view.regions) for key in keys))
    return md("Messages{} are silenced {}; gates still count.", about, end)


def _small(view: AlertView) -> Block:
    """`notice 7 · my-app in prod, staging · noticed at 14:02:33`."""
    one = view.alert
    envs = few((clip(env, 40) for env in one.envs), 6)
    where = md("{} in {}", one.app, envs) if envs else md("{}", one.app)
    noticed = md("noticed at {}", date_exact(one.noted_at))
    return context(join(" · ", [md("notice {}", one.id), where, noticed]))
