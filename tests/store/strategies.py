"""Any rollout, wish and record that the models allow, for property tests."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from rollout.alarms.model import AlarmState, Alert, Image, Key, Line, Mute, Taken, Turn
from rollout.model import Cause, Phase, Rollout, Signature, Waiver
from rollout.people import Actor
from rollout.plan import Approve, Plan, SetWeight
from rollout.release import Release
from rollout.seen import AlarmReading, Fault, Reason, Seen, SideHealth, Verdict
from rollout.terms import AlarmGate, Approval, Terms

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - mere bounds
SPANS = st.timedeltas(timedelta(days=-400), timedelta(days=400))
LENGTHS = st.integers(0, 10**10).map(lambda ms: timedelta(milliseconds=ms))
"""What a Duration can say: whole milliseconds."""

ACTORS = st.builds(Actor, kind=st.sampled_from(["person", "principal"]), id=TEXT, team=TEXT, name=TEXT)
RELEASES = st.builds(
    Release,
    id=TEXT,
    pinned=st.dictionaries(TEXT, TEXT, max_size=3),
    published_at=st.none() | MOMENTS,
    description=TEXT,
)
PLANS = st.builds(
    Plan,
    name=TEXT,
    steps=st.lists(
        st.builds(SetWeight, percent=st.integers(0, 100), bake=LENGTHS) | st.builds(Approve, by=st.integers(1, 9)),
        max_size=4,
    ).map(tuple),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
FACTS = st.dictionaries(TEXT, JSON, max_size=4)
TERMS = st.builds(
    Terms,
    plan=PLANS,
    alarms=st.lists(st.builds(AlarmGate, name=TEXT.filter(bool)), max_size=2).map(tuple),
    bake=LENGTHS,
    approval=st.none() | st.builds(Approval, by=st.integers(1, 9), before_start=st.booleans()),
    settings=FACTS,
    settle=LENGTHS,
    channel=TEXT,
)
SEEN = st.builds(
    Seen, at=MOMENTS, percent=st.none() | st.integers(0, 100), foreign=TEXT,
    stable=st.builds(SideHealth, text=TEXT), revision=TEXT,
)  # fmt: skip
READINGS = st.builds(AlarmReading, name=TEXT, since=st.none() | MOMENTS, text=TEXT, window=SPANS)
VERDICTS = st.builds(
    Verdict,
    outcome=st.sampled_from(["PASS", "FAIL", "UNKNOWN"]),
    reasons=st.lists(
        st.builds(Reason, voter=TEXT, vote=st.sampled_from(["pass", "fail", "blind"]), text=TEXT), max_size=2
    ).map(tuple),
    at=st.none() | MOMENTS,
)
CAUSES = st.builds(Cause, kind=st.sampled_from(["person", "drift", "alarm"]), text=TEXT, at=MOMENTS, by=ACTORS)
ROLLOUTS = st.builds(
    Rollout,
    app=TEXT.filter(bool), env=TEXT.filter(bool), kind=TEXT, by=ACTORS, reason=TEXT, wanted=TEXT, terms=TERMS,
    created_at=MOMENTS, phase=st.sampled_from(sorted(Phase)), phase_at=MOMENTS, elapsed=SPANS, baked=SPANS,
    gate_from=MOMENTS, cause=st.none() | CAUSES, stable=st.none() | RELEASES, candidate=st.none() | RELEASES,
    diff=st.lists(TEXT, max_size=2).map(tuple), snapshot=FACTS, last_good=st.none() | MOMENTS,
    signatures=st.lists(
        st.builds(Signature, by=ACTORS, step=st.integers(0, 9), plan_hash=TEXT, at=MOMENTS), max_size=2
    ).map(tuple),
    waiver=st.none() | st.builds(Waiver, by=ACTORS, step=st.integers(0, 9), reason=TEXT, at=MOMENTS),
    asked=st.lists(st.integers(0, 100), max_size=3).map(tuple), peak=st.integers(0, 100),
    known_red=st.dictionaries(TEXT, MOMENTS, max_size=2),
    fault=st.none() | st.builds(Fault, kind=st.just("throttle"), text=TEXT), seen=st.none() | SEEN,
    alarms=st.lists(READINGS, max_size=2).map(tuple), verdict=st.none() | VERDICTS,
    wake_at=st.none() | MOMENTS,
)  # fmt: skip
STATES = st.sampled_from(["OK", "ALARM", "INSUFFICIENT_DATA", "ABSENT", "BLIND"])
KEYS = st.builds(
    Key, app=TEXT.filter(bool), lane=TEXT, name=TEXT, kind=st.sampled_from(["alarm", "place"])
)
FAULTS = st.builds(Fault, kind=st.sampled_from(["throttle", "auth"]), text=TEXT, hint=TEXT)
ALARM_STATES = st.builds(
    AlarmState, key=KEYS, state=STATES, since=st.none() | MOMENTS, text=TEXT, clean=st.booleans(), window=LENGTHS,
    mixed=st.booleans(), gate=st.booleans(), bake=st.none() | LENGTHS,
    muted=st.none() | st.builds(Mute, by=ACTORS, at=MOMENTS, until=st.none() | MOMENTS), fault=st.none() | FAULTS,
)  # fmt: skip
TURNS = st.builds(
    Turn, key=KEYS, state=STATES, before=st.none() | STATES, at=MOMENTS, text=TEXT, mixed=st.booleans()
)
LINES = st.builds(
    Line, key=KEYS, state=STATES, first=MOMENTS, since=MOMENTS, times=st.integers(1, 10**6), bad_for=LENGTHS,
    text=TEXT, mixed=st.booleans(), told_by=st.none() | st.integers(1, 2**40),
)  # fmt: skip
ALERTS = st.builds(
    Alert, app=TEXT.filter(bool), envs=st.lists(TEXT, max_size=2).map(tuple), channel=TEXT, noted_at=MOMENTS,
    lines=st.lists(LINES, max_size=3, unique_by=lambda line: line.key.model_dump_json()).map(tuple),
    quiet_since=st.none() | MOMENTS, open=st.booleans(), taken=st.none() | st.builds(Taken, by=ACTORS, at=MOMENTS),
    image=st.none() | st.builds(Image, file=TEXT, alt=TEXT, of=TEXT),
)  # fmt: skip
