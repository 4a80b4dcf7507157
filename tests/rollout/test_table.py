"""The table of verbs and phases: total, and the same in code, refusals and docs."""

from itertools import product
from pathlib import Path

import pytest

from rollout.course import Course, Wait
from rollout.errors import Denied, Refused
from rollout.model import LIVE, TERMINAL, Phase
from rollout.seen import Seen, SideHealth
from rollout.table import ACCEPTS, AFTER_END, WORDS, matrix, outcome, require
from rollout.verbs import VERBS
from rollout.wishes import apply
from scripts.verbs_page import FORMS, WHO, page
from tests.rollout.make import T0, ask, cause, row, verdict
from tests.rollout.scene import ANA, BEN, EVA

PAGE = Path(__file__).parents[2] / "docs" / "verbs.md"
KINDS = (
    None, "person", "no_data", "no_gate", "drift", "blind", "alarm", "sick", "deadline", "approve", "reject", "cancel",
    "refused", "stable_sick", "foreign", "crash_loop", "wait", "aws",
)  # fmt: skip
PLANS = ("10%, approve, 100%", "0%, approve 2, 100% 3m", "100%", "10%, check smoke, 100%", "watch")


def test_every_verb_about_a_rollout_is_in_the_table():
    """A verb that changes a rollout has a row, and no row is for anything else."""
    assert set(ACCEPTS) == {name for name, verb in VERBS.items() if verb.takes == "rollout"}
    assert set(AFTER_END) <= set(ACCEPTS)
    assert set(WORDS) == set(Phase) == LIVE | TERMINAL
    assert not LIVE & TERMINAL


def test_no_verb_fits_an_ended_rollout_and_every_live_one_takes_some():
    """S3 and S4 read off the table: nothing is taken after the end, rollback always before it."""
    assert all(phases <= LIVE for phases in ACCEPTS.values())
    assert all(phases <= TERMINAL for phases in AFTER_END.values())
    assert ACCEPTS["rollback"] == LIVE
    assert not AFTER_END["retry"] & {Phase.ADOPTED}


def rows(phase):
    """Rows of that phase: every cause, several plans and each of their steps, with and without evidence and traffic."""
    for plan in PLANS:
        base = row(phase, plan)
        base = base.but(peak=0) if plan.startswith("0%") else base
        for step, kind in product(range(len(base.terms.plan.steps)), KINDS):
            said = verdict(kind) if kind in ("no_data", "no_gate", "blind") else base.verdict
            live = base.but(step=step, verdict=said, cause=cause(kind) if kind else None)
            yield at_a_wait(live) if plan == "watch" else live
        if plan != "watch" and base.proven is not None:
            sick, fine = SideHealth(state="sick"), SideHealth(state="healthy")
            yield base.but(step=0, seen=Seen(at=T0, percent=base.proven, stable=sick, candidate=fine))


def at_a_wait(live):
    """AWS waits: before it sends traffic, or with the removal of the old side."""
    wait = Wait(id="W", kind="shift" if live.phase is Phase.WAITING else "remove", text="waits")
    course = Course(id="d-1", state="waiting", wait=wait)
    return live.but(wait="W", seen=Seen(at=T0, percent=live.proven, course=course))


def told(live, wish, wisher):
    """The row after the wish, or the refusal; anything else is an error of the machine."""
    try:
        return apply(live, wish, wisher, T0)
    except (Refused, Denied) as no:
        return no


@pytest.mark.parametrize("phase", list(Phase))
def test_each_cell_takes_or_refuses(phase):
    """Any verb on any row of a phase, with a reason or not, pressed or said: a row, a refusal, a denial. No more."""
    seen = dict.fromkeys(ACCEPTS, 0)
    for live, verb in product(rows(phase), ACCEPTS):
        for wish, wisher in ((ask(verb, reason="", bound=live.bound), ANA), (ask(verb), EVA)):
            after = told(live, wish, wisher)
            if isinstance(after, Refused | Denied):
                assert after.hint
                assert after.fact[0].islower() or after.fact[0] == "#"
                continue
            assert phase in ACCEPTS[verb]
            assert (after.id, after.terms, after.wake_at) == (live.id, live.terms, T0)
            seen[verb] += 1
    assert {verb for verb, times in seen.items() if times} == {v for v in ACCEPTS if outcome(v, phase) == "does"}


@pytest.mark.parametrize("phase", sorted(LIVE))
def test_a_refusal_says_what_fits(phase):
    """A verb that does not fit is refused with the phase in words and every verb that fits, and no other."""
    for verb in ACCEPTS:
        if phase in ACCEPTS[verb]:
            require(row(phase), verb)
            continue
        with pytest.raises(Refused) as no:
            require(row(phase), verb)
        assert WORDS[phase] in no.value.fact
        named = no.value.hint.removeprefix("what fits now: ").split(", ")
        assert named == [name for name in ACCEPTS if phase in ACCEPTS[name]]


@pytest.mark.parametrize("phase", sorted(TERMINAL))
def test_the_end_is_said(phase):
    """After the end every verb is refused with how it ended and where to look."""
    with pytest.raises(Refused, match=f"#1 has ended: {WORDS[phase]}") as no:
        apply(row(phase), ask("pause"), BEN, T0)
    assert (no.value.rollout, no.value.hint) == (1, "/deploy status my-app/prod shows it")


def test_the_matrix_is_total():
    """One line per phase, one cell per verb, each of three marks; and it says what the table says."""
    head, rule, *lines = matrix().splitlines()
    verbs = [cell.strip() for cell in head.strip("|").split("|")][1:]
    assert verbs == list(ACCEPTS)
    assert rule == "|---" * (len(verbs) + 1) + "|"
    assert head.startswith("| phase | promote | ")
    assert [line.split("`")[1] for line in lines] == [phase.value for phase in Phase]
    marks = {"does": "yes", "begins anew": "new", "refused": "·"}
    for phase, line in zip(Phase, lines, strict=True):
        cells = [cell.strip() for cell in line.strip("|").split("|")][1:]
        assert cells == [marks[outcome(verb, phase)] for verb in verbs]
    assert outcome("rollback", Phase.STUCK) == "does"
    assert outcome("rollback", Phase.SUCCEEDED) == "begins anew"
    assert outcome("retry", Phase.ADOPTED) == outcome("start", Phase.STEPPING) == "refused"


def test_the_page_is_what_the_tables_say():
    """docs/verbs.md is generated: a changed verb or cell without a new page fails here."""
    assert PAGE.read_text(encoding="utf-8") == page()
    assert matrix() in page()


def test_the_page_tells_of_every_verb():
    """Each verb with its form, its meaning and who may; the generator knows every kind and right there is."""
    lines = page().splitlines()
    for name, verb in VERBS.items():
        told = [line for line in lines if line.startswith((f"| `{name} ", f"| `{name}` |", f"| `[{name}]"))]
        told = [line for line in told if "·" not in line]
        assert len(told) == 1
        assert verb.text in told[0] and told[0].endswith(f"| {WHO[verb.right]} |")
        assert ("--reason ...`" in told[0] and "[--reason" not in told[0]) == (verb.reason == "must")
        assert ("(Slack only)" in told[0]) != verb.cli
    assert {verb.takes for verb in VERBS.values()} == set(FORMS)
