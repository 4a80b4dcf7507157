"""Everything that is decided and said, written down: hundreds of rows by lot, each with what came of it.

What is right is said by the other tests. These notice that something is different, be it one field or one word: read
the difference, and if it is meant, `pytest tests/rollout/test_goldens.py --update-goldens`.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path
from random import Random
from typing import Any

import pytest

from rollout.alarms.compare import Role, compare, hidden, moved, place
from rollout.alarms.fold import Fold, claimed
from rollout.alarms.model import AlarmState, Alert, Key, Mute, Past, Place, Scope, Timing, Turn
from rollout.ask import Bound
from rollout.audit import GENESIS, Broken, Entry, Link, canonical, digest, fits, link, missing, verify
from rollout.entries import held
from rollout.errors import TidegateError
from rollout.machine import decide
from rollout.model import LIVE, Phase, Rollout
from rollout.notices import Event
from rollout.people import Actor, Person, Roles
from rollout.policy import Knowledge, permit
from rollout.seen import Fault, Observation, Reason
from rollout.table import ACCEPTS
from rollout.values import Frozen
from rollout.verbs import VERBS
from rollout.wishes import apply
from tests.rollout.make import T0, ask, cause, look_at, row
from tests.rollout.rows import FAULT, some_look, some_reading, some_row
from tests.rollout.rows import _or_none as sometimes
from tests.rollout.scene import ANA, BEN, EVA

GOLDENS = Path(__file__).with_name("goldens")
SECOND = timedelta(seconds=1)
PERSON = Actor(id="U1", team="T1", name="una")
TEAM = Roles(deploy=("U1", "S1"), approve=("U2", "S2"), admin=("U3",))


def mark(value: object) -> str:
    """Six digits that change when anything in the value does; fields at their defaults do not count."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()[:6]


def parts(value: Frozen) -> dict[str, Any]:
    """A value as JSON."""
    found: dict[str, Any] = json.loads(value.model_dump_json(exclude_defaults=True))
    return found


def changes(before: Rollout, after: Rollout) -> str:
    """Which fields changed, and a mark of what they are now."""
    old, new = _floatless(parts(before)), _floatless(parts(after))
    names = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
    return f"{' '.join(names)} {mark({name: new.get(name) for name in names})}"


def _floatless(value: Any) -> Any:
    return json.loads(json.dumps(value), parse_float=str)


def no(error: TidegateError) -> str:
    """A refusal in its own words."""
    more = {name: getattr(error, name) for name in ("offer", "rollout", "who") if getattr(error, name, None)}
    return f"{type(error).__name__}: {error.fact} | {error.hint}{f' {more}' if more else ''}"


def decisions() -> Iterator[str]:
    """Rows of every live phase, each under some look."""
    for phase, number in product(sorted(LIVE), range(60)):
        seed = Random(f"{phase} {number}")
        now = T0 + timedelta(seconds=seed.choice((-1, 0, 1, 5, 10, 30, 60, 100)))
        yield from decided(f"{phase} {number}", _of_people(seed, some_row(seed, phase)), some_look(seed), now)


def ordinary() -> Iterator[str]:
    """Rows as histories lead to them, under looks that see what was proven: here a step ends, a bake, a rollout."""
    phases = (Phase.STEPPING, Phase.WAITING, Phase.FINAL_BAKE, Phase.RETIRING, Phase.PAUSED, Phase.ROLLING_BACK,
              Phase.STUCK, Phase.LAUNCHING)  # fmt: skip
    for phase, number in product(phases, range(90)):
        seed = Random(f"{phase} ordinary {number}")
        before = _of_people(seed, some_row(seed, phase))
        whole = phase in (Phase.FINAL_BAKE, Phase.RETIRING)
        percent = 100 if whole else getattr(before.here, "percent", 10) if phase in _AT_A_WEIGHT else 0
        last, now = T0 - seed.choice((5, 30, 30)) * SECOND, T0 + seed.choice((0, 1)) * SECOND
        before = before.but(
            proven=percent, sighting=str(percent), proven_at=T0 - seed.choice((0, 60, 600)) * SECOND, failures=0,
            last_look=last, last_good=seed.choice((last, last, None)), gate_from=T0 - 600 * SECOND, write_failures=0,
            asked=seed.choice(((), (), (), (50,))), step=len(before.terms.plan.steps) - 1 if whole else before.step,
            baked=seed.choice((0, 29, 30, 299, 300, 899, 900, 3600)) * SECOND,
            person_pause=seed.choice((None, None, None, before.cause)), overwrite=seed.random() < 0.1,
        )  # fmt: skip
        alarm = seed.choice(("OK", "OK", "OK", "OK", "ALARM", "INSUFFICIENT_DATA"))
        shown = seed.choice((percent, percent, percent, percent, percent, 30))
        retired = seed.choice((("stable", "candidate"), ("candidate",), ()))
        look = look_at(before, percent=shown, alarm=alarm, retired=retired)
        look = seed.choice((look, look, look, look, look.model_copy(update={"seen": None, "fault": FAULT})))
        look = seed.choice((look, look, look, look.model_copy(update={"alarms_at": None, "alarms_fault": FAULT})))
        yield from decided(f"{phase} {number}", before, look, now)


_AT_A_WEIGHT = (Phase.STEPPING, Phase.WAITING, Phase.PAUSED)


def _of_people(seed: Random, live: Rollout) -> Rollout:
    """With persons who can be called, and some of them waiting."""
    terms = live.terms.model_copy(update={"roles": seed.choice((TEAM, live.terms.roles))})
    return live.but(
        by=seed.choice((ANA, PERSON)), write_failures=seed.choice((0, 0, 0, 4, 5)), terms=terms,
        hurry_by=seed.choice((None, PERSON)), reason=seed.choice(("", "because")),
    )  # fmt: skip


def decided(name: str, before: Rollout, look: Observation, now: datetime) -> Iterator[str]:
    """What one look leads to, in lines."""
    done = decide(before, look, now)
    yield f"{name}: {done.rollout.phase} {done.rollout.cause.text if done.rollout.cause else ''}"
    yield f"  {changes(before, done.rollout)}"
    for action in done.actions:
        yield f"  do {action.kind} {action.arg}"
    for notice in done.notices:
        about = f"{notice.what} " if isinstance(notice, Event) else ""
        told = parts(notice) | {"alarms": [*getattr(notice, "alarms", ())]}
        yield f"  {notice.kind} {about}{getattr(notice, 'text', '')} {mark(_floatless(told))}"
    if done.hold is not None:
        yield f"  hold {held(done.hold, now).facts} {mark(parts(done.hold))}"


def wishes() -> Iterator[str]:
    """Every verb on rows of every phase: taken or refused, by people with and without a reason, from old cards."""
    for verb, phase, number in product(ACCEPTS, sorted(Phase), range(36)):
        if number > (35 if len(ACCEPTS[verb]) < 5 else 14) * (phase in ACCEPTS[verb]):
            continue
        seed = Random(f"{verb} {phase} {number}")
        before = _fitting(seed, some_row(seed, phase))
        cards = (None, None, before.bound, Bound(rollout=1, step=before.step + 1, plan_hash="x"))
        wish = ask(verb, reason=seed.choice(("", " ", "because", "it is late")), bound=seed.choice(cards),
                   force=seed.random() < 0.3, full=seed.random() < 0.3)  # fmt: skip
        try:
            after = apply(before, wish, seed.choice((ANA, BEN, EVA)), T0 + SECOND)
            said = f"{after.phase} {after.cause.text if after.cause else ''} | {changes(before, after)}"
        except TidegateError as error:
            said = no(error)
        yield f"{verb} {phase} {number}: {said}"


def _fitting(seed: Random, live: Rollout) -> Rollout:
    """Often at its weight, with a verdict that says why, a pause with the cause of its verdict."""
    votes = [("my-app-errors", vote) for vote in ("pass", "fail", "blind", "no_data", "no_gate") if seed.random() < 0.5]
    reasons = tuple(Reason.model_validate({"voter": who, "vote": vote, "text": f"it is {vote}"}) for who, vote in votes)
    said = live.verdict.model_copy(update={"reasons": reasons}) if live.verdict is not None else None
    quiet = said.cause if said is not None and said.cause in ("no_data", "no_gate") else ""
    at = getattr(live.here, "percent", live.proven)
    return live.but(
        verdict=said, proven=seed.choice((at, at, live.proven)),
        cause=seed.choice((cause(quiet), live.cause)) if quiet else live.cause,
        resume_cause=seed.choice((None, cause("approve"))),
    )  # fmt: skip


def permits() -> Iterator[str]:
    """Who may do what: every right, people of every kind, a directory of every age. Refusals are said once, below."""
    flags: tuple[dict[str, Any], ...] = ({}, {"guest": True}, {"bot": True}, {"deleted": True}, {"stranger": True})
    said: dict[str, int] = {"may": 0}
    for verb, id, flag, groups in product(
        ("start", "approve", "pause", "status", "unlock", "rollback"), ("U1", "U2", "U9"), flags, ((), ("S1",))
    ):
        cells = []
        for age, directory, home in product((0, 29, 30, 31, None), (0, 30, 31, None), ("T1", "T2", "")):
            one = {"team": "T1", "id": id, "name": "x", "groups": groups, **flag}
            person = None if age is None else Person.model_validate({**one, "read_at": ago(age)})
            known = Knowledge(person=person, directory_at=None if directory is None else ago(directory), home=home)
            answer = permitted(verb, Actor(id=id, team="T1"), known, TEAM)
            cells.append(said.setdefault(answer, len(said)))
        yield f"{verb} {id} {flag} {groups}: {' '.join(map(str, cells))}"
    for verb, id in product(("start", "approve", "status"), ("cli:ana", "cli:eva")):
        for roles in (Roles(), Roles(deploy=("cli:ana",), approve=("cli:eva",)), TEAM):
            answer = permitted(verb, Actor(kind="principal", id=id), Knowledge(), roles)
            yield f"{verb} {id}: {said.setdefault(answer, len(said))}"
    yield from (f"{number}: {answer}" for answer, number in said.items())


def ago(minutes: int) -> datetime:
    """So many minutes before now."""
    return T0 - timedelta(minutes=minutes)


def permitted(verb: str, actor: Actor, known: Knowledge, roles: Roles) -> str:
    """`may`, or why not."""
    admin = {"right": "admin"} if verb == "unlock" else {}
    try:
        permit(roles, actor, VERBS[verb].model_copy(update=admin), known, T0)
    except TidegateError as error:
        return no(error)
    return "may"


KEY = Key(app="my-app", lane="1/eu", name="a")


def _remembered(seed: Random) -> AlarmState:
    times = [T0 + seed.choice((-60, -2, -1, 0, 0, 1)) * SECOND for _ in range(2)]
    mute = sometimes(seed, 3, lambda s: Mute(by=BEN, at=times[0], until=s.choice((None, T0 + SECOND, T0 - SECOND))))
    state = seed.choice(("OK", "OK", "ALARM", "INSUFFICIENT_DATA", "ABSENT"))
    return AlarmState.model_validate({
        "key": KEY, "state": state, "since": seed.choice((None, times[1], times[1])), "text": "as it was",
        "doubt": sometimes(seed, 3, lambda _: T0 - 60 * SECOND), "muted": mute, "gate": seed.random() < 0.5,
    })  # fmt: skip


def _denied(seed: Random) -> Fault:
    return Fault(kind="auth", text="denied", hint=seed.choice(("", "allow it")))


def alarms() -> Iterator[str]:
    """Memory against reading, some of them with a history; and places that can be read or not."""
    for number in range(300):
        seed = Random(f"alarm {number}")
        stored, reading = sometimes(seed, 1 if seed.random() < 0.9 else 2, _remembered), some_reading(seed)
        reading = reading.model_copy(update={"text": seed.choice(("", "8 over 1")), "mixed": seed.random() < 0.5})
        past = tuple(
            Past.model_validate({"at": T0 + seed.choice((-61, -60, -2, -1, 0, 1)) * SECOND, "text": "past",
                                 "state": seed.choice(("OK", "ALARM", "INSUFFICIENT_DATA"))})
            for _ in range(seed.choice((0, 0, 1, 3)))
        )  # fmt: skip
        role = Role(KEY, gate=seed.random() < 0.5, bake=sometimes(seed, 2, lambda _: 300 * SECOND), slack=30 * SECOND,
                    watched_since=sometimes(seed, 1, lambda s: T0 + s.choice((-60, 0, 1)) * SECOND))  # fmt: skip
        done = compare(stored, reading, past, role, T0)
        turns = [f"{turn.before}>{turn.state} at {turn.at:%H:%M:%S} {turn.text}" for turn in done.turns]
        about = f"{'moved' if moved(stored, reading) else 'same'} {'hidden' if hidden(stored, reading) else ''}"
        marks = f"{mark(parts(done.state))} {mark([parts(turn) for turn in done.turns])}"
        yield f"{number}: {about} {done.state.state} {marks} {'; '.join(turns)}"
    for number in range(60):
        seed = Random(f"place {number}")
        stored = sometimes(seed, 1 if seed.random() < 0.8 else 2, lambda s: _remembered(s).model_copy(
            update={"state": s.choice(("OK", "BLIND")), "key": KEY}))  # fmt: skip
        faults = sometimes(seed, 2, _denied), sometimes(seed, 3, _denied)
        done = place(stored, KEY, faults, seed.choice((30, 60, 61)) * SECOND, T0)
        yield f"place {number}: {done.state.state} {mark(parts(done.state))} {mark([parts(t) for t in done.turns])}"


def _turn(seed: Random, at: datetime) -> Turn:
    return Turn.model_validate({
        "key": KEY.model_copy(update={"name": seed.choice("abc"), "kind": seed.choice(("alarm", "alarm", "place"))}),
        "state": seed.choice(("ALARM", "ALARM", "OK", "OK", "INSUFFICIENT_DATA", "BLIND", "ABSENT", "UNWATCHED")),
        "before": None, "at": at + seed.choice((-60, -5, 0)) * SECOND, "mixed": seed.random() < 0.5,
        "text": seed.choice(("", "8 over 1", "9 over 1")),
    })  # fmt: skip


def notices() -> Iterator[str]:
    """Turns of a few alarms folded into notices, some of which a rollout's card has told."""
    scope = Scope(app="my-app", envs=("prod",), channel="C1", place=Place(lane=KEY.lane, region="eu"))
    for number in range(40):
        seed, now, alerts = Random(f"fold {number}"), T0, list[Alert]()
        for _ in range(8):
            now += seed.choice((0, 30, 60, 61, 300, 900, 901, -30)) * SECOND
            fold = Fold(alerts, scope, Timing(), now)
            fold.take([_turn(seed, now) for _ in range(seed.choice((1, 1, 2, 4)))])
            fold.close_quiet()
            told = [f"{line.key.name} told by {line.told_by} is over: {turn.state}" for line, turn in fold.over]
            yield f"{number}: {mark([_floatless(parts(alert)) for alert in fold.changed])} {' '.join(told)}"
            for alert in fold.changed:
                said = ", ".join(f"{line.key.name} {line.state} x{line.times} {line.bad_for}" for line in alert.lines)
                yield f"  {alert.id} {'open' if alert.open else 'closed'} {said}"
            kept = {alert.id: alert for alert in (*alerts, *fold.changed) if alert.id}
            new = [alert for alert in fold.changed if not alert.id]
            alerts = [*kept.values(), *(one.model_copy(update={"id": len(kept) + n}) for n, one in enumerate(new, 1))]
            alerts = [_claimed(seed, alert, now) for alert in alerts]


def _claimed(seed: Random, alert: Alert, now: datetime) -> Alert:
    fell = cause("alarm").model_copy(update={"alarms": {name: now - seed.choice((0, 60)) * SECOND for name in "ab"}})
    live = row(Phase.ROLLING_BACK).but(fell_for=seed.choice((None, fell)))
    live = live.but(terms=live.terms.model_copy(update={"lane": seed.choice((KEY.lane, KEY.lane, "other"))}))
    begun = {line.key: line.since for line in alert.lines if seed.random() < 0.8}
    return claimed(alert, live, begun)


def _chain() -> list[Link]:
    rows: list[Link] = []
    for seq in range(1, 5):
        facts = {"n": seq, "list": [None, True, "x"]}
        entry = Entry(kind="transition", at=T0 + seq * SECOND, actor="cli:ana", rollout=seq, target="a/b", facts=facts)
        rows.append(link(entry, seq, rows[-1].hash if rows else GENESIS))
    return rows


def _sealed(row: Link, body: str) -> Link:
    return Link(seq=row.seq, prev=row.prev, body=body, hash=digest(row.prev, body))


def breaks() -> Iterator[str]:
    """A chain broken in every way, and what is said of it."""
    rows = _chain()
    yield mark([row.model_dump() for row in rows])
    body = rows[2].body
    other = body.replace('"seq":3', '"seq":9')
    bodies = {
        "empty": "", "no json": "{", "no object": "[1]", "deep": "[" * 100_000,
        "other scheme": body.replace("audit/1", "audit/2"), "no scheme": body.replace('"v":', '"w":'),
        "scheme a number": body.replace('"v":"tidegate-audit/1"', '"v":1'), "other number": other,
        "number is true": body.replace('"seq":3', '"seq":true'), "no number": body.replace('"seq":3', '"sec":3'),
        "kind unknown": other.replace("transition", "x"), "time is none": other.replace('"at":"2026', '"at":"x'),
        "time a number": other.replace('"at":', '"at":1,"b":'), "other facts": body.replace('"n":3', '"n":4'),
    }
    for name, text in bodies.items():
        for sealed in (True, False):
            changed = _sealed(rows[2], text) if sealed else rows[2].model_copy(update={"body": text})
            yield f"{name}, {'sealed' if sealed else 'as it was'}: {verify([*rows[:2], changed, *rows[3:]])}"
    for name, some in {"gap": [*rows[:2], rows[3]], "twice": [*rows[:2], rows[1]], "turned": rows[::-1], "whole": rows,
                       "no prev": [rows[0], rows[1].model_copy(update={"prev": "x"})]}.items():  # fmt: skip
        yield f"{name}: {verify(some)}"
        yield f"{name}, after the first: {verify(some[1:], after=some[0])}"


def anchors() -> Iterator[str]:
    """Records that were shown elsewhere: still there, another one, or gone."""
    rows = _chain()
    for shown in (rows[2].hash, rows[2].hash[:8], "0000", "", rows[1].hash[:8]):
        try:
            fits(shown, 3, rows[2].body.encode(), rows[2].hash.encode())
            yield f"{shown[:8]}: fits"
        except Broken as broken:
            yield f"{shown[:8]}: {broken.found}"
    for some in ((), (4,), (5,), (1, 7, 6), (4, 5)):
        yield f"{some} of {len(rows)}: {missing(some, len(rows))}"


ALL = (decisions, ordinary, wishes, permits, alarms, notices, breaks, anchors)


@pytest.mark.parametrize("told", ALL, ids=lambda told: told.__name__)
def test_what_comes_of_it_is_what_is_written_down(told: Callable[[], Iterator[str]], update_goldens: bool) -> None:
    """No field and no word of what is decided changes unnoticed."""
    file = GOLDENS / f"{told.__name__}.txt"
    text = "\n".join(line.rstrip() for line in told()) + "\n"
    if update_goldens:
        file.write_text(text, encoding="utf-8")
    assert text.splitlines() == file.read_text(encoding="utf-8").splitlines(), "if it is meant: --update-goldens"
