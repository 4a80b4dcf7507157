"""What people read, word by word, and that the machine does what it says.

`pytest tests/handlers --update-goldens` writes goldens anew; each has its plain text beside it: read that.
"""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings

from handlers.blocks.card import card
from handlers.blocks.events import event
from handlers.blocks.moves import effect, label
from handlers.blocks.outlook import sentence
from handlers.blocks.reports import report
from handlers.blocks.state import heading
from rollout.ask import Ask
from rollout.looking.look import Look
from rollout.looking.requested import signed, wanted
from rollout.machine import Decision, apply, decide
from rollout.model import CauseKind, Phase, Rollout
from rollout.moves import approved, moves, stages
from rollout.notices import Event, NeedsHuman
from rollout.plan import Approve, SetWeight
from rollout.reports import CardView, Show
from rollout.seen import Observation
from rollout.terms import AlarmGate
from tests.handlers import plain
from tests.handlers.messages import MESSAGES, VIEWS, WHATS
from tests.handlers.sample_cards import CARDS
from tests.handlers.samples import ANA, EVA, NOW, alarm, seen, terms, view
from tests.rollout.make import T0
from tests.rollout.rows import rows

GOLDENS = Path(__file__).parent / "goldens"
P = Phase


def _shown() -> dict[str, tuple[dict[str, Any], str]]:
    """Name -> what Slack gets, and what a person reads."""
    messages = {name: (one.payload, plain.read(one)) for name, one in MESSAGES.items()}
    return messages | {name: (one, plain.form(one)) for name, one in VIEWS.items()}


SHOWN = _shown()


@pytest.mark.parametrize("name", SHOWN)
def test_it_is_what_was_read_and_approved(name, update_goldens):
    """Every message and form equals its golden, and the golden's plain text is the golden's."""
    payload, text = SHOWN[name]
    stored, read = GOLDENS / f"{name}.json", GOLDENS / f"{name}.txt"
    if update_goldens:
        stored.write_text(json.dumps(payload, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        read.write_text(text + "\n", encoding="utf-8")
    assert payload == json.loads(stored.read_text(encoding="utf-8"))
    assert text + "\n" == read.read_text(encoding="utf-8")


def test_no_golden_is_left_over():
    """A golden of a message that no longer exists proves nothing."""
    assert {path.stem for path in GOLDENS.iterdir()} == set(SHOWN)


def test_every_phase_cause_and_event_is_among_them():
    """Nothing that a card can be in is left unread."""
    rollouts = [one.rollout for one in CARDS.values()]
    assert {one.phase for one in rollouts} == set(Phase)
    assert {one.cause.kind for one in rollouts if one.cause} == set(get_args(CauseKind))
    assert {f"event-{what}" for what in WHATS} <= set(MESSAGES)


# -- what was not read is neither good nor bad ------------------------------------------------------

def _unread(row: Rollout) -> bool:
    """By the row, not by the code under test."""
    return bool(row.fault or row.failures or (row.verdict and row.verdict.cause == "blind"))


CLAIMS = r"Healthy| OK|serves everything|The weight holds|AWS shows \d|RED|succeeded"


def _says(view: CardView) -> str:
    return plain.read(card(view))


@pytest.mark.parametrize("name", [name for name, one in CARDS.items() if _unread(one.rollout) and one.rollout.live])
def test_a_look_that_could_not_be_read_shows_neither_success_nor_failure(name):
    """The card says what was seen last and when, and that nothing rises meanwhile."""
    text = _says(CARDS[name])
    assert not re.findall(CLAIMS, text)
    assert "could not be read" in text


@settings(max_examples=400, deadline=None)
@given(rows())
def test_no_row_shows_health_that_nobody_has_seen(row: Rollout):
    """Whatever stands in a row: unread, unjudged or not PASS is never `Healthy`, and no time to rise is promised."""
    shown = CardView(rollout=row, moves=moves(row), stages=stages(row, T0), now=T0)
    text = plain.text(sentence(shown))
    passed = row.verdict is not None and row.verdict.outcome == "PASS"
    good = passed and not _unread(row)
    assert ("Healthy so far" in text) <= good
    assert ("oes to " in text and " at 1" in text) <= good
    if row.live and _unread(row):
        assert not re.findall(CLAIMS, text)
        assert not re.search(r"(?<!seen) at \d+ %$", heading(row)) or row.phase not in (P.PAUSED, P.STUCK, P.WAITING)


def test_a_split_of_somebody_else_is_shown_as_it_is():
    """Old -> new, and no share of ours where the split names a third release."""
    text = _says(CARDS["paused-drift"])
    assert "10 % → 3: 100 %" in text
    assert "AWS shows 3: 100 %." in text
    assert "░░░░ ? %" in text
    assert "paused: somebody else changed it" in text
    assert "at 10 %" not in text


def test_a_refused_write_is_shown_with_its_reason_and_count():
    """At 3 a.m. the permission that is missing stands on the card; a lost answer is not called a refusal."""
    refused, unknown = _says(CARDS["moving-refused"]), _says(CARDS["moving-unknown"])
    why = "UpdateAlias was denied: lambda:UpdateAlias is missing"
    assert f"AWS did not take the last change (2 times): {why}" in refused
    assert "AWS did not answer the last change: no answer to UpdateAlias within 10 s" in unknown
    assert "Goes to" not in refused + unknown


def test_warnings_waivers_holds_and_vetoes_are_shown_with_who():
    """Whatever makes a rollout worth less than it looks."""
    assert "Note: my-app-errors cannot fire within a bake of 5m; needs 16m" in _says(CARDS["baking-slow-alarms"])
    assert "my-app-errors OK (sees both sides mixed)" in _says(CARDS["baking-slow-alarms"])
    assert "Went on to 50 % without evidence, by @eva: “metrics are late" in _says(CARDS["succeeded"])
    assert "Held for @ana: nothing is deployed to my-app/prod, version 2 least" in _says(CARDS["rolled-back-alarm"])
    assert "Held for @eva: nothing is deployed to my-app/prod until" in _says(CARDS["rolled-back-person"])


def test_a_hold_of_another_rollout_names_it():
    """An old card does not claim the hold that a later rollout left; many notes are counted."""
    held = CARDS["rolled-back-person"].hold
    assert held
    later = held.model_copy(update={"rollout": 43})
    assert "Held since #43: nothing" in _says(view(CARDS["rolled-back-alarm"].rollout, later))
    assert "Held since #43: nothing" in _says(view(CARDS["baking"].rollout, later))
    noted = CARDS["baking"].rollout.but(warnings=tuple(f"w{n}" for n in range(6)))
    assert "and 2 more notes: /deploy show #42" in _says(view(noted))


def test_a_hold_that_was_released_is_not_forgotten():
    """Its dialog promises that it is shown: who, when, why, on whatever kind of end had left it."""
    says = "The hold was released by @eva, 15:02: “version 3 fixes it”."
    one = CARDS["rolled-back-released"]
    assert says in _says(one)
    went_back = CARDS["succeeded"].model_copy(update={"released": one.released})
    assert says in _says(went_back)
    assert "released" not in _says(CARDS["rolled-back-person"]).replace("someone releases", "")


def test_a_waiver_at_the_end_says_so():
    """The last step may be waived too: there is no step after it."""
    waiver = CARDS["succeeded"].rollout.waiver
    assert waiver
    row = CARDS["succeeded"].rollout.but(waiver=waiver.model_copy(update={"step": 3}))
    assert "Went on to the end without evidence" in _says(view(row))
    careful = CARDS["waiting-approve"].rollout.but(waiver=waiver.model_copy(update={"step": 2}))
    assert "Went on to approve without evidence" in _says(view(careful))


def test_watched_time_is_counted_out_of_the_bake():
    """`watched 3 of 5 min`, never more than there is to watch."""
    assert "watched 3 of 5 min" in _says(CARDS["baking"])
    assert "watched 4 of 15 min" in _says(CARDS["final-bake"])
    assert "watched 20 of 60 s" in _says(CARDS["linear"])
    long = CARDS["baking"].rollout.but(baked=timedelta(hours=2))
    assert "watched 5 of 5 min" in _says(view(long))
    assert "watched" not in _says(CARDS["moving"])


ALARMS = [
    ({"state": "OK"}, "OK"),
    ({"state": "ALARM"}, "RED"),
    ({"state": "ALARM", "text": "8.2 over limit 1"}, "RED: 8.2 over limit 1"),
    ({"state": "INSUFFICIENT_DATA"}, "no data"),
    ({"state": "OK", "clean": False}, "could not be evaluated"),
    ({"state": "OK", "found": False}, "does not exist in CloudWatch"),
    ({"state": "OK", "history": "red"}, "OK now, was red during this step"),
    ({"state": "OK", "history": "unreadable"}, "OK now, its history could not be read"),
    ({"state": "OK", "mixed": True}, "OK (sees both sides mixed)"),
]


@pytest.mark.parametrize(("reading", "says"), ALARMS, ids=[says for _, says in ALARMS])
def test_an_alarm_says_what_is_known_of_it(reading, says):
    """Only OK is OK: what was not returned, not evaluated, quiet or red in between has its own words."""
    row = CARDS["baking"].rollout.but(alarms=(alarm("my-app-p99", **reading),))
    line = _says(view(row)).splitlines()[4]
    assert f"my-app-p99 {says} ·" in line
    assert "my-app-errors not read yet" in line
    if reading["state"] == "ALARM":
        assert line.startswith("my-app-p99 RED")


def test_what_does_not_fit_of_many_alarms_is_counted():
    """Two hundred alarms: the red one is shown, the rest counted, those that are OK said to be."""
    names = [f"a{n}" for n in range(200)]
    gates = tuple(AlarmGate(name=name) for name in names)
    readings = tuple(alarm(name, "ALARM" if name == "a150" else "OK") for name in names)
    row = CARDS["baking"].rollout
    shown = _says(view(row.but(terms=row.terms.model_copy(update={"alarms": gates}), alarms=readings)))
    assert "\na150 RED · a0 OK" in shown
    assert "and 194 more, 194 of them OK" in shown
    blind = row.but(terms=row.terms.model_copy(update={"alarms": gates}), verdict=None)
    assert "not read yet: a0, a1, a2, a3, a4, a5, and 194 more" in _says(view(blind))


def test_a_way_back_that_gets_on_is_not_called_cut_short():
    """What rose and was stopped has failed; what AWS puts back is under way, and is named as the way back."""
    stopped, back = _says(CARDS["watched-back-stopping"]), _says(CARDS["watched-back-followed"])
    assert "✓\u00a0AfterInstall  ✕\u00a0AllowTraffic" in stopped
    assert "✓\u00a0back:\u00a0BeforeInstall  ●\u00a0back:\u00a0Install" in back
    assert "✕" not in back


def test_a_long_reason_of_aws_is_cut_on_the_card_and_whole_in_show_and_thread():
    """A screen of it hides the button; what is cut off must be somewhere."""
    each = " and ".join(f"instance i-{n:017} failed at AllowTraffic" for n in range(12))
    long = f"taken back by AWS itself: {each}"
    row = CARDS["watched-back-by-aws"].rollout
    one = view(row.but(cause=row.cause and row.cause.model_copy(update={"text": long})))
    assert "Taken back by AWS itself: instance i-00000000000000000 failed" in sentence(one)
    assert re.search(r"(AllowTraffic|and|failed|at|instance)…", sentence(one)) and long[-30:] not in sentence(one)
    assert long in plain.read(report(Show(card=one, intents=(), lines=())))
    assert long in event(Event(rollout=42, what="going_back", text=long, at=NOW), row).text


def test_a_way_back_of_aws_is_told_in_its_time():
    """Under way, seen once, over: each is said as it is."""
    assert "Taken back by AWS itself: ALARM_ACTIVE" in sentence(CARDS["watched-back-by-aws"])
    once = sentence(CARDS["watched-back-put"])
    assert "AWS has put v1 back" in once and once.endswith("It counts as done once that is seen a second time.")
    row = CARDS["watched-back-put"].rollout
    unread = sentence(view(row.but(failures=1)))
    assert "a second time" not in unread and unread.endswith("Its deadline stands still until AWS can be read.")
    over = sentence(CARDS["watched-rolled-back-by-aws"])
    assert over.startswith("Taken back by AWS itself: ALARM_ACTIVE: one or more alarms are in ALARM, at ")


# -- what is promised is what happens -----------------------------------------------------------------


def _look(row: Rollout) -> Observation:
    """A look that sees once more what the row says."""
    look = row.seen.model_copy(update={"at": NOW}) if row.seen else seen(0)
    return Observation(at=NOW, seen=look, alarms=row.alarms, alarms_at=NOW)


def _later(row: Rollout, by: timedelta) -> Decision:
    return decide(row.but(elapsed=row.elapsed + by), _look(row), NOW)


DEADLINES = [
    ("awaiting-approval", P.CANCELLED),
    ("launching-cold", P.ROLLING_BACK),
    ("moving-refused", P.PAUSED),
    ("waiting-approve", P.ROLLING_BACK),
    ("waiting-approve-two", P.ROLLING_BACK),
    ("waiting-no-gate", P.ROLLING_BACK),
    ("waiting-no-gate-at-0", P.ROLLING_BACK),
    ("paused-person", P.ROLLING_BACK),
    ("paused-no-data", P.ROLLING_BACK),
    ("retiring", P.STUCK),
    ("rolling-back-alarm", P.STUCK),
]


@pytest.mark.parametrize(("name", "then"), DEADLINES)
def test_the_deadline_on_the_card_is_the_machines(name, then):
    """At the time the card names it happens, a minute and a half before it does not."""
    row = CARDS[name].rollout.but(reminded=1)
    (last,) = re.findall(r"<!date\^(\d+)\^[^>]*>[^<]*\Z", sentence(CARDS[name]))
    left = datetime.fromtimestamp(int(last), UTC) - NOW
    assert _later(row, left - timedelta(seconds=90)).rollout.phase is row.phase
    after = _later(row, left)
    assert after.rollout.phase is then
    assert any(isinstance(notice, NeedsHuman) for notice in after.notices) == (then in (P.PAUSED, P.STUCK))


@pytest.mark.parametrize("name", ["paused-blind", "paused-no-data"])
def test_a_persons_pause_outlasts_the_one_above_it(name):
    """When sight or data return the machine goes on, or stays paused by that person: each card says which."""
    alone, both = CARDS[name], CARDS[f"{name}-and-by-a-person"]
    assert "Goes on by itself when" in sentence(alone)
    assert "Goes on" not in sentence(both)
    assert "<@U0EVA>" in sentence(both)
    assert "until a person resumes it" in sentence(both)
    fine = CARDS["baking"].rollout.alarms
    rows = [_later(one.rollout.but(alarms=fine), timedelta(seconds=30)).rollout for one in (alone, both)]
    assert [(row.phase, row.cause and row.cause.kind) for row in rows] == [(P.STEPPING, None), (P.PAUSED, "person")]


def test_what_is_cancelled_is_not_called_a_rollback():
    """Without traffic the end is `cancelled`, with traffic `rolls back`: as the card says."""
    fell = _later(CARDS["waiting-no-gate-at-0"].rollout, timedelta(hours=1)).rollout
    assert decide(fell, _look(fell), NOW).rollout.phase is P.CANCELLED
    assert "it is cancelled at 15:21" in _says(CARDS["waiting-no-gate-at-0"])
    assert "it rolls back at 15:21" in _says(CARDS["waiting-no-gate"])


def test_no_deadline_runs_while_aws_cannot_be_read():
    """The card says that it stands still, and it does; before the start nothing was touched, and its time runs on."""
    for name, still in (("awaiting-blind", False), ("paused-person-blind", True), ("moving-blind", True)):
        row = CARDS[name].rollout
        blind = Observation(at=NOW, fault=row.fault)
        assert (decide(row, blind, NOW + timedelta(minutes=1)).rollout.elapsed == row.elapsed) is still
        if name != "moving-blind":
            assert ("Its deadline stands still until AWS can be read." in _says(CARDS[name])) is still


@pytest.mark.parametrize("name", [name for name, one in CARDS.items() if one.rollout.phase is P.STUCK])
def test_stuck_says_what_keeps_trying(name):
    """By itself or not at all: as the next look does once the obstacle is gone."""
    row = CARDS[name].rollout
    free = row.but(verdict=None, fault=None)
    shown = seen(50 if row.step == 1 else 100, retired=(), course=row.seen.course if row.seen else None)
    free_look = Observation(at=NOW, seen=shown, alarms_at=NOW)
    decision = decide(free, free_look, NOW)
    by_itself = decision.rollout.phase is not P.STUCK or bool(decision.actions)
    text = _says(CARDS[name])
    assert by_itself == any(words in text for words in ("It goes back by itself", "It keeps trying to put"))
    assert by_itself != ("Nothing is tried until a person chooses." in text)


def test_a_pause_for_refused_writes_says_that_it_asks_again():
    """AWS readable again is not enough: it asks for what is there, stays until AWS takes that, and the card says so."""
    row = CARDS["paused-refused"].rollout
    held = decide(row, _look(row), NOW)
    assert (held.rollout.phase, [action.arg for action in held.actions]) == (P.PAUSED, ["10"])
    taken = row.but(write_failures=0, write_fault=None)
    assert decide(taken, _look(taken), NOW).rollout.phase is P.STEPPING
    text = _says(CARDS["paused-refused"])
    assert "Goes on by itself when AWS takes what is asked of it" in text
    assert "it is asked about every minute, and at once by [Try again]" in text
    blind = CARDS["paused-blind"].rollout
    assert decide(blind, _look(blind), NOW).rollout.phase is P.STEPPING
    assert "Goes on by itself when AWS can be read again." in _says(CARDS["paused-blind"])


def test_an_old_side_that_is_too_small_is_said():
    """How much it bears now, from which count, and that more of it comes; a person who forces it is not told that."""
    cold = CARDS["rolling-back-cold"]
    assert "web:41 bears 50 % now (2 of 4 targets healthy), more of it is brought up for the rest" in _says(cold)
    actions = decide(cold.rollout.but(asked=(), asked_at=None), _look(cold.rollout), NOW).actions
    assert [(action.kind, action.arg) for action in actions] == [("shift", "50"), ("launch", "web:41")]


def test_an_adoption_that_is_not_over_yet_is_said():
    """Who accepted it, and what it still waits for."""
    text = _says(CARDS["paused-adopting"])
    assert "It ends when the limits that keep both sides from shrinking are what they were before." in text
    assert "Adopted as AWS shows it: known" in text


def test_approvals_are_counted_as_the_machine_counts_them():
    """Four eyes need as many as configured, whatever the plan's step says, and never those who cannot."""
    text = _says(CARDS["waiting-approve-two"])
    assert "Needs 2 approvals. These can: @eva, @ben; @ana asked for it and cannot." in text
    row = CARDS["waiting-approve-two"].rollout
    ben = ANA.model_copy(update={"id": "U0BEN", "name": "ben"})
    once = apply(row, Ask(verb="approve", ref=42), EVA, NOW)
    assert decide(once, _look(once), NOW).rollout.phase is P.WAITING
    assert "Needs 2 approvals (1 so far: @eva). These can: @ben;" in _says(view(once))
    twice = apply(once, Ask(verb="approve", ref=42), ben, NOW)
    assert decide(twice, _look(twice), NOW).rollout.phase is P.STEPPING


@pytest.mark.parametrize("name", ["awaiting-approved", "waiting-approved", "watched-ready-approved"])
def test_a_card_asks_nobody_for_what_was_given(name):
    """From the press to the look that acts on it the card says who approved, and has no button for it."""
    one = CARDS[name]
    text = _says(one)
    assert "Approved by @eva: " in text
    assert "approved, about to" in heading(one.rollout)
    assert not any(word in text for word in ("Needs", "These can", "waiting for approval", "Without an answer"))
    assert next(move.verb for move in one.moves) == "reject"
    after = decide(one.rollout, _look(one.rollout), NOW)
    acts = [action.kind for action in after.actions]
    assert acts == ["continue"] if one.rollout.watched else after.rollout.phase in (P.LAUNCHING, P.STEPPING)


def test_one_person_is_one_approval():
    """However often the same one signs, a card that wants two still asks for another."""
    row = CARDS["waiting-approve-two"].rollout
    once = CARDS["waiting-approved"].rollout.signatures[0]
    twice = (once, once.model_copy(update={"at": NOW + timedelta(seconds=1)}))
    assert not approved(row.but(signatures=twice))
    other = once.model_copy(update={"by": ANA.model_copy(update={"id": "U0BEN"})})
    assert approved(row.but(signatures=(once, other)))


@given(rows())
def test_what_counts_as_approved_is_what_the_machine_goes_on_from(row):
    """As many as the machine wants, each person once: a card that says so must not wait for another one."""
    if row.phase in (P.AWAITING_APPROVAL, P.WAITING):
        look = Look(r=row, obs=_look(row), now=NOW)
        assert approved(row) == (signed(look) >= wanted(look))
    else:
        assert not approved(row)


def test_what_aws_shows_already_is_not_still_moved_to():
    """One reading is none yet, which is said; on a way back the release is called by its name, as nothing is new."""
    once, back = CARDS["moving-seen-once"], CARDS["moving-back"]
    assert "AWS shows 10 % on the new release; that counts once it is seen a second time." in _says(once)
    assert "AWS shows 100 % on version 1; that counts once it is seen a second time." in _says(back)
    assert not any(words in sentence(one) for one in (once, back) for words in ("Moving to", "100 % on the new"))
    assert "new release" not in _says(back)
    after = decide(once.rollout.but(sighting="10"), _look(once.rollout), NOW).rollout
    assert after.proven == 10, "the second time it counts"
    late = CARDS["moving-not-settled"]
    assert "AWS shows 10 % on the new release; that counts once it has taken effect everywhere." in _says(late)
    look = _look(late.rollout)
    still = decide(decide(late.rollout, look, NOW).rollout, look, NOW).rollout
    assert still.proven == 0, "however often it is seen"
    home = CARDS["rolling-back-arrived"].rollout
    assert "It counts as done once it is seen a second time and" in sentence(view(home))
    home = home.but(seen=seen(0, settled=False))
    assert "It counts as done once it has taken effect everywhere and" in sentence(view(home))


def test_a_share_and_a_lack_are_said_once():
    """What AWS's own words said of the share is not said again, nor that something is not known healthy."""
    row = CARDS["watched-moving"].rollout
    course = row.seen and row.seen.course
    assert row.seen and course
    text = "IN_PROGRESS, PRODUCTION_TRAFFIC_SHIFT, 10 % of production traffic"
    told = view(row.but(seen=row.seen.model_copy(update={"course": course.model_copy(update={"text": text})})))
    assert sentence(told).count("10 %") == 1
    old = told.rollout.but(seen=seen(20, course=course.model_copy(update={"text": text})))
    assert "10 % of production traffic; AWS shows 20 % on the new release." in sentence(view(old))
    for name in ("watched-launching", "watched-ready"):
        at_rest = sentence(CARDS[name])
        assert "no traffic has moved" in at_rest and "0 %" not in at_rest
        blind = CARDS[name].rollout.but(failures=1)
        assert "0 % on the new release" in sentence(view(blind)), "not known now: what was seen last"
    cold = sentence(view(CARDS["launching-cold"].rollout.but(phase=P.STEPPING, terms=terms("linear"))))
    assert cold.count("not known healthy") == 1
    going = CARDS["launching-cold"].rollout.but(phase=P.STEPPING, terms=terms("linear"))
    assert _says(view(going)).count("1 of 3 targets healthy") == 1
    assert _says(CARDS["launching-cold"]).count("1 of 3 targets healthy") == 1, "the sentence does not say it there"
    falls = going.but(phase=P.ROLLING_BACK, cause=CARDS["rolling-back-alarm"].rollout.cause)
    assert "not known healthy" not in _says(view(falls)), "nobody waits for what goes"


def test_nobody_who_can_approve_is_said():
    """An empty role is a fact the card tells, and a long one is counted."""
    row = CARDS["waiting-approve"].rollout
    nobody = row.terms.roles.model_copy(update={"approve": (), "admin": ()})
    assert "These can: nobody." in _says(view(row.but(terms=row.terms.model_copy(update={"roles": nobody}))))
    many = row.terms.roles.model_copy(update={"approve": tuple(f"U0{n}" for n in range(9))})
    assert "U04 and 5 more." in _says(view(row.but(terms=row.terms.model_copy(update={"roles": many}))))


def _pressed() -> Iterator[tuple[str, str]]:
    for name in ("baking", "baking-before-approval", "linear", "final-bake"):
        one = CARDS[name]
        yield name, label(one.rollout, one.moves[0])


def test_promote_leads_where_its_label_says():
    """A percent is the next weight, not one behind an approval; at the end it ends the bake."""
    said = dict(_pressed())
    assert said == {
        "baking": "Promote to 50 %",
        "baking-before-approval": "Go on to approval",
        "linear": "Promote to 50 %",
        "final-bake": "End the bake now",
    }
    for name, words in said.items():
        row = CARDS[name].rollout
        on = apply(row.but(last_good=NOW), Ask(verb="promote", ref=42), ANA, NOW)
        after = decide(on, _look(on), NOW).rollout
        here = after.here
        led = f"Promote to {here.percent} %" if isinstance(here, SetWeight) else "Go on to approval"
        assert words == ("End the bake now" if after.phase in (P.RETIRING, P.SUCCEEDED) else led)
        assert isinstance(here, Approve) == (after.phase is P.WAITING)


def test_effects_tell_target_and_consequence():
    """What stands in a question is what the press does."""
    drift, stuck = CARDS["paused-drift"].rollout, CARDS["stuck-foreign"].rollout
    assert "AWS shows 3: 100 %, which is not ours: overwriting that takes a second press." in effect(drift, "rollback")
    assert "second press" not in effect(stuck, "rollback")
    fell = apply(drift, Ask(verb="rollback", ref=42), ANA, NOW).but(sighting="foreign 3: 100 %")
    once = decide(fell, _look(fell), NOW).rollout
    assert once.phase is P.STUCK
    again = apply(once, Ask(verb="rollback", ref=42), ANA, NOW)
    assert [action.arg for action in decide(again, _look(again), NOW).actions] == ["0"]
    assert effect(CARDS["succeeded"].rollout, "rollback").startswith("my-app in prod (#42): starts a new rollout")
    assert effect(drift, "nonsense").endswith("(#42): nonsense.")


def test_both_first_block_and_text_say_it_all():
    """App, environment and state stand in the header, and the text begins with it."""
    for name, one in CARDS.items():
        message = card(one)
        head = heading(one.rollout)
        assert message.blocks[0]["text"]["text"] == head, name
        assert message.text.startswith(head), name
        assert head.startswith("my-app → prod · "), name


def test_red_is_never_called_healthy():
    """What passes although it rings, because it rang before or the way back answers it, is said as that."""
    calm = [one for one in CARDS.values() if "Healthy so far" in json.dumps(card(one).payload) and one.rollout.alarms]
    assert calm
    for one in calm:
        red = tuple(alarm.model_copy(update={"state": "ALARM"}) for alarm in one.rollout.alarms)
        said = json.dumps(card(one.model_copy(update={"rollout": one.rollout.but(alarms=red)})).payload)
        assert "Healthy so far" not in said and "is red, which does not stop this one" in said


def test_an_ended_card_offers_nothing_that_moves_it():
    """Terminal is absorbing; what is offered begins anew or releases the hold."""
    for name, one in CARDS.items():
        if not one.rollout.live:
            assert {move.verb for move in one.moves} <= {"rollback", "retry", "unlock", "override"}, name
