"""What goes into the audit, and what never does."""

import json
from datetime import timedelta

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings
from pydantic import ValidationError

from rollout import entries
from rollout.ask import Bound
from rollout.audit import GENESIS, link
from rollout.model import LIVE, Phase
from rollout.notices import Answer
from rollout.people import Actor
from rollout.ports import Hold, Reply, StoredAsk
from rollout.seen import Reason, Verdict
from rollout.table import ACCEPTS
from tests.rollout.make import T0, ask, look_at, row
from tests.rollout.scene import ANA, EVA, OSKAR, OneApp, Scene

SECRET = "https://hooks.example.test/commands/T0/"


def test_an_ask_is_written_with_its_words_reason_and_answer():
    """Who, what words, why, bound to what, and what the answer was."""
    bound = Bound(rollout=1, step=0, plan_hash="abc")
    yes, no = Reply(ok=True, text="yes", rollout=1), Reply(ok=False, text="no", hint="h")
    entry = entries.asked("ask", ask("promote", full=True, bound=bound, reason="demo"), ANA, yes, T0, "x")
    assert entry.facts == {
        "words": "promote my-app/prod --full", "reason": "demo", "answer": "yes", "name": "ana",
        "bound": bound.model_dump(),
    }  # fmt: skip
    assert (entry.actor, entry.rollout, entry.target) == ("cli:ana", 1, "x")
    nameless = entries.asked("denied", ask("pause"), Actor(id="U1", team="T1"), no, T0, "")
    assert "name" not in nameless.facts and "bound" not in nameless.facts
    assert (nameless.facts["hint"], nameless.actor) == ("h", "T1/U1")


def test_words_can_be_typed_again():
    """The wish as it could be typed: place or number, release, plan, flags."""
    assert ask("start", release="2", plan="canary").words == "start my-app/prod@2 canary"
    assert ask("rollback", ref=42, force=True).words == "rollback #42 --force"
    assert ask("status").model_copy(update={"app": "", "env": ""}).words == "status"
    assert ask("promote", ref=0, full=True).words == "promote #0 --full"


@pytest.mark.parametrize("phase", list(Phase))
def test_every_row_can_be_written_down(phase):
    """A transition into any phase, with and without sight, cause and verdict, has a canonical text."""
    bare = row(phase).but(cause=None, verdict=None, seen=None, stable=None, candidate=None)
    full = row(phase).but(seen=look_at(row(phase), foreign="7: 100 %").seen)
    for before, after in ((None, bare), (bare, full), (full, full)):
        body = json.loads(link(entries.transition(before, after, T0), 1, GENESIS).body)
        assert body["facts"]["to"] == phase.value
        assert ("seen" in body["facts"], "verdict" in body["facts"]) == (after is full, after is full)


def test_a_verdict_is_written_with_every_voter():
    """Each voter, its vote and its values; a row without a verdict has none to write."""
    said = Verdict(outcome="FAIL", reasons=(Reason(voter="a", vote="fail", text="8 over 1"),), at=T0)
    entry = entries.verdict(row(Phase.STEPPING).but(verdict=said), T0)
    assert entry.facts["reasons"] == [["a", "fail", "8 over 1"]]
    assert entry.facts["read"].startswith("2026-01-01T12:00:00")
    unread = said.model_copy(update={"at": None})
    assert entries.verdict(row(Phase.STEPPING).but(verdict=unread), T0).facts["read"] == ""
    assert entries.verdict(row(Phase.STEPPING).but(verdict=None), T0).facts == {}


def test_only_changes_are_worth_a_record():
    """Another phase, step or cause; another outcome, or other voters: not every look, not every new value."""
    here = row(Phase.STEPPING)
    assert not entries.changed(here, here.but(baked=timedelta(1), last_look=T0))
    assert entries.changed(here, here.but(step=1))
    assert entries.changed(here, here.enter(Phase.WAITING, T0))
    alarm = Reason(voter="a", vote="pass", text="1 under 5")
    good = here.but(verdict=Verdict(outcome="PASS", reasons=(alarm,)))
    other = here.but(verdict=Verdict(outcome="PASS", reasons=(alarm.model_copy(update={"text": "2 under 5"}),)))
    more = here.but(verdict=Verdict(outcome="PASS", reasons=(alarm, alarm)))
    assert not entries.verdict_changed(good, other)
    assert entries.verdict_changed(good, more)
    assert entries.verdict_changed(good, here.but(verdict=Verdict(outcome="UNKNOWN", cause="blind", reasons=(alarm,))))
    assert entries.verdict_changed(here.but(verdict=None), good)
    assert not entries.verdict_changed(good, here.but(verdict=None))


def test_a_hold_is_written_with_who_and_which_release():
    """The hold's reason, the vetoed release, and the person behind it, if there is one."""
    hold = Hold(app="my-app", env="prod", rollout=1, by=ANA, reason="bad", veto="2", at=T0)
    assert entries.held(hold, T0).facts == {"reason": "bad", "veto": "2", "by": "cli:ana"}
    assert entries.held(hold.model_copy(update={"by": None}), T0).facts["by"] == ""


def test_a_reply_address_is_not_shown_by_accident():
    """Neither a waiting wish nor an answer shows the address in its repr or in a refusal by pydantic."""
    stored = StoredAsk(dedupe="d", ask=ask("pause"), actor=ANA, state="new", address=SECRET, at=T0)
    answer = Answer(reply=SECRET, text="x", at=T0)
    assert SECRET not in repr(stored) + str(answer) + repr([stored, answer])
    with pytest.raises(ValidationError) as no:
        Answer(reply=SECRET, text=None, at=T0)  # type: ignore[arg-type]  # what must be refused
    assert SECRET not in str(no.value)


wishes = st.lists(
    st.tuples(
        st.sampled_from([*sorted(ACCEPTS), "start", "unlock", "nonsense"]), st.sampled_from([ANA, EVA, OSKAR]),
        st.booleans(), st.integers(0, 3),
    ),
    min_size=1, max_size=8,
)  # fmt: skip


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wishes)
def test_no_reply_address_is_ever_audited(tmp_path_factory, said):
    """Whatever is asked, by whom, refused or taken, typed or pressed: the address stands in no audit body."""
    scene = Scene(tmp_path_factory.mktemp("audit") / "t.db", OneApp("10%, approve, 100%"))
    try:
        scene.wish("start")
        for number, (verb, actor, pressed, looks) in enumerate(said):
            bound = scene.newest.bound if pressed else None
            wish = ask(verb, ref=scene.newest.id if pressed else None, bound=bound)
            scene.bot.ask(wish, actor, dedupe=f"d{number}", reply=f"{SECRET}{number}")
            scene.bot.ask(wish, actor, dedupe=f"d{number}", reply=f"{SECRET}{number}")
            scene.look(looks)
        with scene.store.reads() as reads:
            bodies = [link.body for link in reads.audit_page()]
        assert len(bodies) > len(said)
        assert not [body for body in bodies if "hooks.example.test" in body]
    finally:
        scene.close()


def test_every_live_phase_has_a_transition_record_of_its_own(scene):
    """The phases that a rollout went through stand in its audit, in order."""
    scene.wish("start")
    scene.until("succeeded")
    with scene.store.reads() as reads:
        facts = [json.loads(link.body) for link in reads.audit_of(1)]
    went = [body["facts"]["to"] for body in facts if body["kind"] == "transition"]
    assert list(dict.fromkeys(went)) == ["requested", "launching", "stepping", "final_bake", "succeeded"]
    assert set(went) - {"succeeded"} <= {phase.value for phase in LIVE}
