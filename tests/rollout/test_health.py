"""The algebra of votes as an exhaustive table, against four formulas written from the design, not from the code."""

from datetime import timedelta
from itertools import product

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from rollout.course import Course
from rollout.health import alarm_votes, judge
from rollout.model import Phase
from rollout.seen import AlarmReading, Fault, Observation, Seen, SideHealth, Trial, Verdict
from rollout.terms import AlarmGate
from tests.rollout.make import T0, row
from tests.rollout.rows import CALM

SECOND = timedelta(seconds=1)
BEFORE, AFTER = T0 - SECOND, T0 + SECOND
FAULT = Fault(kind="throttle", text="throttled")
STATES = ("OK", "ALARM", "INSUFFICIENT_DATA")
HISTORIES = ("unread", "clean", "red", "unreadable")


def live(*gates, **fields):
    """A row at a proven 10 % whose step began at T0."""
    base = row(Phase.STEPPING)
    return base.but(terms=base.terms.model_copy(update={"alarms": gates} | fields.pop("terms", {})), **fields)


def look(*readings, candidate="healthy", **fields):
    """A look at T0 in which everything was read, unless told otherwise."""
    seen = Seen(at=T0, percent=10, stable=SideHealth(state="healthy"), candidate=SideHealth(state=candidate, text="x"))
    return Observation.model_validate({"at": T0, "seen": seen, "alarms": readings, "alarms_at": T0} | fields)


def reads(name="a", **fields):
    """One alarm as CloudWatch returned it."""
    return AlarmReading.model_validate({"name": name} | fields)


def expected(*, state, found, clean, history, fault, since, no_data, back, known):
    """What DESIGN says of one alarm: four sentences, of which exactly one is true."""
    readable = found and not fault
    changed = since is not None and since >= T0
    forgiven = state == "ALARM" and back  # a way back waits for no alarm, known red or not
    fine = no_data == "pass" or back
    says = {
        "fail": readable
        and (
            (state == "ALARM" and not forgiven)
            or (state == "OK" and clean and changed and history == "red" and not back)
        ),
        "pass": readable
        and (
            forgiven
            or (clean and state == "OK" and not (changed and history != "clean"))
            or (clean and state == "OK" and changed and history == "red" and back)
            or (clean and state == "INSUFFICIENT_DATA" and fine)
        ),
        "no_data": readable and clean and state == "INSUFFICIENT_DATA" and not fine,
        "blind": not readable
        or (state != "ALARM" and not clean)
        or (state == "OK" and changed and history in ("unread", "unreadable")),
    }
    true = [vote for vote, holds in says.items() if holds]
    assert len(true) == 1, f"the sentences speak at once or not at all: {true}"
    return true[0]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("fault", [False, True])
def test_every_cell_of_one_alarm(state, fault):
    """Found x clean x history x since x no-data policy x going back x known red: each cell votes as the design says."""
    cells = 0
    for found, clean, history, since, no_data, back, known in product(
        (True, False), (True, False), HISTORIES, (None, BEFORE, T0, AFTER), ("wait", "ask", "pass"), (False, True),
        (None, BEFORE, AFTER),
    ):  # fmt: skip
        if known is not None and state != "ALARM" and history != "unread":
            continue  # nothing that is not red reads it; a few cells show that
        reading = reads(found=found, state=state, clean=clean, history=history, since=since)
        gate = AlarmGate.model_validate({"name": "a", "no_data": no_data})
        rollout = live(gate, back=back, known_red={} if known is None else {"a": known})
        seen = look(reading, alarms_fault=FAULT if fault else None)
        wanted = expected(
            state=state, found=found, clean=clean, history=history, fault=fault, since=since, no_data=no_data,
            back=back, known=known,
        )  # fmt: skip
        (vote,) = alarm_votes(rollout, seen, T0)
        assert vote.vote == wanted, (found, clean, history, since, no_data, back, known)
        verdict = judge(rollout, seen, T0)
        shown = {"pass": ("PASS", ""), "fail": ("FAIL", "")}.get(wanted, ("UNKNOWN", wanted))
        assert (verdict.outcome, verdict.cause) == shown
        assert vote in verdict.reasons
        cells += 1
    assert cells >= 192


ONE_ALARM = {
    "pass": reads(state="OK"),
    "fail": reads(state="ALARM", text="8 over 1"),
    "no_data": reads(state="INSUFFICIENT_DATA"),
    "blind": reads(found=False),
    "absent": None,
}
SIDES = {"healthy": "pass", "sick": "fail", "unknown": "no_data", "unread": "blind"}
WORST = ["pass", "no_gate", "no_data", "blind", "fail"]


def test_the_worst_voter_speaks():
    """FAIL beats blind beats no_data beats no_gate beats PASS, over two alarms and the receiving side."""
    for first, second, side in product(ONE_ALARM, ONE_ALARM, SIDES):
        readings = [
            reading.model_copy(update={"name": name})
            for name, vote in (("one", first), ("two", second))
            if (reading := ONE_ALARM[vote]) is not None
        ]
        candidate = "healthy" if side == "unread" else side
        seen = look(*readings, candidate=candidate, **({"seen": None, "fault": FAULT} if side == "unread" else {}))
        verdict = judge(live(AlarmGate(name="one"), AlarmGate(name="two")), seen, T0)
        votes = [vote if vote != "absent" else "blind" for vote in (first, second)] + [SIDES[side]]
        worst = max(votes, key=WORST.index)
        said = {"PASS": "pass", "FAIL": "fail"}.get(verdict.outcome, verdict.cause)
        assert said == worst, (first, second, side)


@pytest.mark.parametrize("gates", ["alarms", "none"])
@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize("side", SIDES)
def test_without_alarms_nobody_passes_it_by_accident(gates, back, side):
    """All of nothing is not PASS: without alarms it is no_gate, unless the target says so or it is going back."""
    seen = look(candidate="healthy" if side == "unread" else side, **({"seen": None} if side == "unread" else {}))
    verdict = judge(live(terms={"gates": gates}, back=back), seen, T0)
    unwatched = "pass" if gates == "none" or back else "no_gate"
    worst = max([unwatched, SIDES[side]], key=WORST.index)
    assert {"PASS": "pass", "FAIL": "fail"}.get(verdict.outcome, verdict.cause) == worst


def test_an_alarm_that_was_not_asked_for_says_nothing():
    """Only the alarms that the terms name vote, whatever else AWS returned."""
    red = AlarmReading(name="somebody-elses", state="ALARM")
    assert judge(live(AlarmGate(name="a")), look(reads(state="OK"), red), T0).outcome == "PASS"


@pytest.mark.parametrize(
    ("read", "proven", "now", "good"),
    [
        (T0, T0, T0, True),
        (BEFORE, T0, T0, False),
        (BEFORE, None, T0, True),
        (T0, BEFORE, T0 + timedelta(seconds=60), True),
        (T0, BEFORE, T0 + timedelta(seconds=60.001), False),
        (T0, BEFORE, T0 - timedelta(hours=1), True),
    ],
)
def test_evidence_is_fresh(read, proven, now, good):
    """Alarms count when they were read after the weight was seen, and not more than two looks ago."""
    verdict = judge(live(AlarmGate(name="a"), proven_at=proven), look(ONE_ALARM["pass"], alarms_at=read), now)
    assert (verdict.outcome, verdict.cause) == (("PASS", "") if good else ("UNKNOWN", "blind"))


def test_alarms_that_were_not_read_at_all_are_blind():
    """No fault and no reading either: nothing is known."""
    verdict = judge(live(AlarmGate(name="a")), look(ONE_ALARM["pass"], alarms_at=None), T0)
    assert verdict.cause == "blind"
    assert "not read" in verdict.said("blind")


def test_reasons_carry_the_values():
    """Who reads the verdict learns the values: of the alarm, of the side, of the fault."""
    red = judge(live(AlarmGate(name="a")), look(ONE_ALARM["fail"]), T0)
    assert red.said("fail") == "a is red: 8 over 1"
    bare = judge(live(AlarmGate(name="a")), look(reads(state="ALARM")), T0)
    assert bare.said("fail") == "a is red"
    sick = judge(live(terms={"gates": "none"}), look(candidate="sick"), T0)
    assert sick.said("fail") == "the new release is not healthy: x"
    unread = judge(live(terms={"gates": "none"}), look(seen=None, fault=FAULT), T0)
    assert unread.said("blind") == "throttled"


def test_a_way_back_waits_for_no_alarm():
    """Red before, red anew, or red in between: told, but neither held nor turned round (see rollout/health.py)."""
    rollout = live(AlarmGate(name="a"), back=True, known_red={"a": BEFORE})
    for state, since, history in (("ALARM", BEFORE, "unread"), ("ALARM", AFTER, "unread"), ("OK", AFTER, "red")):
        reading = reads(state=state, since=since, history=history)
        assert judge(rollout, look(reading), T0).outcome == "PASS"


moves = st.lists(st.tuples(st.integers(1, 120), st.sampled_from(STATES)), max_size=12)


@settings(max_examples=100, **CALM)
@given(moves=moves, began=st.integers(0, 600), looked=st.lists(st.integers(0, 700), min_size=1, max_size=6))
def test_no_alarm_within_the_step_is_missed(moves, began, looked):
    """Over any course of an alarm: a look at any time fails exactly if it was red since the step began, or is now."""
    at, course = 0, [(-1000, "OK")]
    for gap, state in moves:
        at += gap
        if state != course[-1][1]:
            course.append((at, state))
    rollout = live(AlarmGate(name="a"), gate_from=T0 + began * SECOND, proven_at=T0 + began * SECOND)
    for moment in looked:
        known = [one for one in course if one[0] <= moment]
        since, state = known[-1]
        red = any(turned == "ALARM" and at >= began for at, turned in known)
        reading = reads(
            state=state, since=T0 + since * SECOND,
            history="unread" if since < began else "red" if red else "clean",
        )  # fmt: skip
        now = T0 + max(moment, began) * SECOND
        verdict: Verdict = judge(rollout, look(reading, alarms_at=now), now)
        if state == "INSUFFICIENT_DATA":
            assert verdict.cause == "no_data"
        else:
            assert (verdict.outcome == "FAIL") == (red or state == "ALARM")


TRIALS = ("waiting", "elsewhere", "unasked", "passed", "failed", "unreachable")


@pytest.mark.parametrize("state", TRIALS)
def test_every_cell_of_a_trial(state):
    """Asked x misses x share x way back x alarm x side: evidence at 0 % only, and only a wrong answer is FAIL."""
    for misses, asked, percent, back, alarm, side in product(
        range(6), ("", "https://a/healthz"), (0, 1, 100), (False, True), ONE_ALARM, SIDES
    ):
        if side == "unread" or ONE_ALARM[alarm] is None:
            continue
        trial = Trial.model_validate({"url": "https://a/", "asked": asked, "state": state, "misses": misses})
        seen = look(ONE_ALARM[alarm], candidate=side)
        shown = seen.seen.model_copy(update={"percent": percent, "trial": trial})
        row = live(AlarmGate(name="a"), back=back)
        with_it = judge(row, seen.model_copy(update={"seen": shown}), T0)
        without = judge(row, seen.model_copy(update={"seen": shown.model_copy(update={"trial": None})}), T0)
        counts = bool(asked) and percent == 0 and not back
        says = "pass" if state == "passed" else "fail" if state == "failed" and misses >= 3 else "no_data"
        before = {"PASS": "pass", "FAIL": "fail"}.get(without.outcome, without.cause)
        worst = max([before, says], key=WORST.index) if counts else before
        assert {"PASS": "pass", "FAIL": "fail"}.get(with_it.outcome, with_it.cause) == worst
        assert counts or with_it == without


def test_a_trial_says_what_was_asked_and_what_came():
    """Who reads the verdict learns the address, both values, and how many looks."""
    trial = Trial(url="https://a/", asked="https://a/healthz", state="failed", text="503 instead of 200", misses=3)
    seen = look(ONE_ALARM["pass"])
    shown = seen.seen.model_copy(update={"percent": 0, "trial": trial})
    verdict = judge(live(AlarmGate(name="a")), seen.model_copy(update={"seen": shown}), T0)
    assert verdict.said("fail") == "GET https://a/healthz: 503 instead of 200 (3 looks)"
    once = trial.model_copy(update={"misses": 1})
    assert once.said.endswith("200 (1 look)")
    assert Trial(url="https://a/", asked="https://a/healthz", state="waiting").said.endswith(": not asked yet")


def test_a_late_count_keeps_a_watch_alive_and_is_never_enough_to_rise():
    """Healthy by a count of a minute ago: PASS to bake on; but it bears nothing more, and holds up no way down."""
    for ready, good in ((4, True), (2, False), (0, False)):
        late = SideHealth(state="healthy" if good else "unknown", text="x", ready=ready, needed=4, late=True)
        seen = look(ONE_ALARM["pass"])
        shown = seen.seen.model_copy(update={"percent": 100, "candidate": late})
        verdict = judge(live(AlarmGate(name="a")), seen.model_copy(update={"seen": shown}), T0)
        assert (verdict.outcome, verdict.cause) == (("PASS", "") if good else ("UNKNOWN", "no_data"))
        assert not late.bears(1) and not late.bears(100) and late.most == 100
        assert late.holds(50) is (ready >= 2)


@pytest.mark.parametrize(("percent", "needed", "state", "course", "cause"), [
    (0, 0, "unknown", "waiting", ""), (0, 0, "unknown", "running", ""), (0, None, "unknown", "waiting", "no_data"),
    (0, 3, "unknown", "waiting", "no_data"), (10, 0, "unknown", "waiting", "no_data"),
    (None, 0, "unknown", "waiting", "no_data"), (0, 0, "sick", "waiting", ""), (0, 0, "unknown", None, "no_data"),
])  # fmt: skip
def test_nothing_that_is_not_asked_for_yet_lacks_health(percent, needed, state, course, cause):
    """At 0 % of a deployment of AWS's that asks for no task yet; one that is asked for, or has traffic, is missed."""
    shown = Course(id="d", state=course, release="v2") if course else None
    side = SideHealth(state=state, needed=needed)
    seen = Seen(at=T0, percent=percent, candidate=side, course=shown)
    verdict = judge(live(terms={"gates": "none"}), look().model_copy(update={"seen": seen}), T0)
    assert verdict.cause == cause
    assert verdict.outcome == ("FAIL" if state == "sick" else "UNKNOWN" if cause else "PASS")
