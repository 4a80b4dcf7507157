"""What all alarms of some apps are like now, and what happened since a moment. Short reads, values out."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from rollout.alarms.model import AlarmState, Key, Turn
from rollout.alarms.ports import AlarmLedger
from rollout.alarms.views import AlarmsReport, Ended, Spell
from rollout.model import Rollout

PAGE = 500
ROLLOUTS = 100
BEFORE = timedelta(days=7)
"""How far back the begin of a spell is looked for that ended in the time of a report."""
LONGEST_ROLLOUT = timedelta(days=3)
"""Rollouts that began earlier are not looked for: each phase has a deadline of a day at most."""


def gather(
    ledger: AlarmLedger, apps: Sequence[str], since: datetime, now: datetime, title: str = ""
) -> AlarmsReport:
    """The report. `apps` in the order in which they are to be named. Each page is a short read of its own."""
    wanted = set(apps)
    states = [state for app in apps for state in _states(ledger, app)]
    turns = [turn for turn in _turns(ledger, since - BEFORE, now) if turn.key.app in wanted]
    changes = Counter[str](turn.state for turn in turns if turn.at >= since and turn.key.kind == "alarm")
    with ledger.reads() as reads:
        live = reads.all_live()
    return AlarmsReport(
        apps=tuple(apps), since=since, now=now, title=title,
        states=tuple(sorted(states, key=lambda one: (not one.bad, one.key.app, one.key.name))),
        changes=dict(changes), longest=_longest(states, turns, since, now),
        ended=tuple(_ended(ledger, wanted, since)), live=tuple(one.id for one in live if one.app in wanted),
    )  # fmt: skip


def _states(ledger: AlarmLedger, app: str) -> Iterator[AlarmState]:
    after: Key | None = None
    while True:
        with ledger.reads() as reads:
            page = reads.alarm_states(app, after=after, limit=PAGE)
        yield from page
        if len(page) < PAGE:
            return
        after = page[-1].key


def _turns(ledger: AlarmLedger, since: datetime, until: datetime) -> Iterator[Turn]:
    after = 0
    while True:
        with ledger.reads() as reads:
            page = reads.turns(since, until, after=after, limit=PAGE)
        yield from (turn for _, turn in page)
        if len(page) < PAGE:
            return
        after = page[-1][0]


def _longest(states: Sequence[AlarmState], turns: Sequence[Turn], since: datetime, now: datetime) -> Spell | None:
    """The longest time that one alarm was red, of those that reach into the time of the report."""
    spells = [
        Spell(app=one.key.app, name=one.key.name, start=one.since, end=None)
        for one in states if one.state == "ALARM" and one.since is not None
    ]  # fmt: skip
    begun: dict[Key, datetime] = {}
    for turn in sorted(turns, key=lambda turn: turn.at):
        if turn.state == "ALARM":
            begun[turn.key] = turn.at
        elif (start := begun.pop(turn.key, None)) is not None and turn.at >= since:
            spells.append(Spell(app=turn.key.app, name=turn.key.name, start=start, end=turn.at))
    return max(spells, key=lambda spell: spell.length(now), default=None)


def _ended(ledger: AlarmLedger, apps: set[str], since: datetime) -> list[Ended]:
    found: list[Rollout] = []
    before = 0
    while True:
        with ledger.reads() as reads:
            page = reads.history(before=before, limit=ROLLOUTS)
        found += [one for one in page if one.app in apps and not one.live and one.phase_at >= since]
        if len(page) < ROLLOUTS or page[-1].created_at < since - LONGEST_ROLLOUT:
            break
        before = page[-1].id
    return [
        Ended(
            rollout=one.id, app=one.app, env=one.env, outcome=one.phase.value, took=one.phase_at - one.created_at,
            cause=one.fell_for.text if one.fell_for else one.cause.text if one.cause else "",
        )
        for one in reversed(found)
    ]  # fmt: skip
