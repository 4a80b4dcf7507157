"""The door: one transaction per wish, refusals that are answers, and what verbs mean after the end."""

import json
from datetime import timedelta

import pytest

from rollout.ask import Ask
from rollout.conductor import Conductor
from rollout.door import _length, _taken
from rollout.errors import BadInput, Denied, NotFound
from rollout.hooks import Hooks
from rollout.model import Phase, Rollout
from rollout.notices import Answer, CardChanged, Event
from rollout.people import Roles
from rollout.ports import StoredAsk
from rollout.release import Release
from rollout.table import ACCEPTS, WORDS
from tests.rollout.conftest import Open
from tests.rollout.make import ask, row
from tests.rollout.scene import ANA, BEN, EVA, OSKAR, Scene

ADDRESS = "https://hooks.example.test/secret"
SECONDS = [(0, "0s"), (1, "1s"), (119, "1m59s"), (120, "2m"), (3725, "1h2m"), (-5, "0s")]


def audited(scene: Scene) -> list[tuple[str, dict]]:
    """Kinds and facts of the whole trail."""
    with scene.store.reads() as reads:
        bodies = [json.loads(link.body) for link in reads.audit_page()]
    return [(body["kind"], body["facts"]) for body in bodies]


def kinds(scene: Scene) -> list[str]:
    """Kinds of the whole trail."""
    return [kind for kind, _ in audited(scene)]


def ended(scene: Scene, phase: str) -> Scene:
    """A scene whose first rollout has ended that way, its hold released."""
    scene.wish("start")
    if phase == "refused":
        scene.target.versions = {"1": scene.target.versions["1"]}
    elif phase == "cancelled":
        scene.wish("cancel")
    elif phase == "adopted":
        scene.proven(10)
        scene.target.write(scene.clock.now(), "1", {"2": 30}, "hand")
        scene.until("paused")
        scene.wish("adopt", reason="known")
    elif phase == "rolled_back":
        scene.proven(10)
        scene.wish("rollback")
    scene.until(phase)
    scene.wish("unlock", reason="go on")
    return scene


def test_a_replay_gets_the_first_answer_and_runs_nothing(scene: Scene) -> None:
    """The same key again, however often and whatever it says now: the stored answer, one `replayed` record."""
    first = scene.bot.ask(ask("start"), ANA, dedupe="k")
    before = scene.newest
    for verb in ("start", "pause", "rollback"):
        assert scene.bot.ask(ask(verb), OSKAR, dedupe="k", reply=ADDRESS) == first
    assert scene.newest == before
    assert kinds(scene) == ["transition", "ask", "replayed"]
    assert not [notice for notice in scene.notices() if isinstance(notice, Answer)]


def test_a_replayed_refusal_stays_a_refusal(scene: Scene) -> None:
    """What was refused once under a key is not tried again under it, even if it would fit now."""
    first = scene.bot.ask(ask("pause"), ANA, dedupe="k")
    scene.wish("start")
    scene.proven(10)
    assert scene.bot.ask(ask("pause"), ANA, dedupe="k") == first
    assert scene.newest.phase == "stepping"
    assert scene.bot.ask(ask("pause"), ANA, dedupe="k2").ok


@pytest.mark.parametrize(
    ("wish", "fact", "hint"),
    [
        (Ask(verb="pause", ref=9), "there is no rollout #9", "/deploy history lists them"),
        (Ask(verb="start", app="my-ap"), "'my-ap' is not an app here", "apps: my-app"),
        (Ask(verb="start", app="my-app", env="qa"), "'my-app' is not an app here", "apps: my-app"),
        (Ask(verb="status", app="my-app"), "'status' changes nothing", "/deploy help lists what does"),
        (Ask(verb="frobnicate" * 9, app="my-app"), f"{('frobnicate' * 9)[:40]!r} changes nothing", "/deploy help"),
        (Ask(verb="pause", app="my-app"), "nothing is running on my-app/prod", "/deploy my-app/prod starts a rollout"),
        (Ask(verb="unlock", app="my-app", reason="x"), "my-app/prod is not held", "/deploy my-app/prod starts"),
        (Ask(verb="unlock", app="my-app"), "unlock needs a reason", '--reason "..."'),
        (Ask(verb="unlock", app="my-app", reason=" \t"), "unlock needs a reason", '--reason "..."'),
        (Ask(verb="rollback", app="my-app"), "nothing is running on my-app/prod", "starts a rollout"),
    ],
)
def test_a_refusal_is_an_answer_with_a_hint_and_a_record(scene: Scene, wish: Ask, fact: str, hint: str) -> None:
    """Refused: fact and hint in the reply, a record in the trail, nothing stored of a rollout."""
    reply = scene.bot.ask(wish, ANA, dedupe="k")
    assert (reply.ok, reply.text) == (False, fact)
    assert hint in reply.hint
    ((kind, facts),) = audited(scene)
    assert (kind, facts["answer"]) == ("refused", fact)
    assert scene.live is None


@pytest.mark.parametrize("verb", ["reject", "go-on", "adopt"])
def test_some_answers_need_a_reason(scene: Scene, verb: str) -> None:
    """Verbs that overrule something are refused without a reason, before anything else about the rollout counts."""
    scene.wish("start")
    reply = scene.wish(verb, EVA, reason="  ")
    assert (reply.ok, reply.text) == (False, f"{verb} needs a reason")
    assert scene.newest.phase == "requested"


def test_a_denial_names_who_could_and_is_a_denial(scene: Scene) -> None:
    """Denied: who could, and another kind of record than a refusal."""
    reply = scene.wish("start", OSKAR)
    assert (reply.ok, reply.who) == (False, ("cli:ana", "cli:ben", "cli:eva"))
    assert kinds(scene) == ["denied"]
    assert scene.live is None


def test_dry_run_says_what_would_happen(scene: Scene) -> None:
    """Plan and bake in words, nothing started, nothing looked at; rights still count."""
    reply = scene.wish("start", dry_run=True)
    assert reply.ok
    assert reply.text == "my-app/prod would run canary: 10% 5m, 50% 10m, 100%; then bake 15m"
    assert reply.hint.startswith("nothing was started; AWS was not asked: whether a release can be deployed")
    assert scene.live is None
    assert not scene.wish("start", OSKAR, dry_run=True).ok


def test_a_hold_stops_starts_and_retries_and_says_whose_it_is(scene: Scene) -> None:
    """A held target refuses start and retry with who holds it and why, offers unlock, and lets a way back through."""
    scene.wish("start")
    scene.until("succeeded")
    scene.wish("start", release="1")
    scene.proven(10)
    scene.wish("rollback", BEN, reason="slow")
    scene.until("rolled_back")
    for verb in ("start", "retry"):
        reply = scene.wish(verb)
        assert (reply.ok, reply.offer, reply.rollout) == (False, "unlock", 2)
        assert reply.text == "my-app/prod is held by ben since #2: rolled back: slow"
        assert "unlock my-app/prod" in reply.hint
    dry = scene.wish("start", dry_run=True)
    assert dry.text.startswith("my-app/prod would be refused now: it is held by ben since #2: rolled back: slow")
    assert scene.wish("rollback", dry_run=True).text == "my-app/prod would run rollback: 100%; then bake 15m"
    assert scene.wish("rollback").ok, "past the hold: AWS is asked what serves"
    scene.until("refused")
    assert scene.target.main == "2", "a second rollback moves nothing further"
    assert scene.wish("rollback", release="1").ok, "to what served, by name, past the hold"


def test_an_automatic_hold_names_the_alarm(scene: Scene) -> None:
    """Nobody holds it but the alarm; the veto is named when it is released, and card and thread learn of it."""
    scene.wish("start")
    scene.proven(10)
    scene.alarm.turn("ALARM", scene.clock.now())
    scene.until("rolled_back")
    reply = scene.wish("start")
    assert reply.text == "my-app/prod is held since #1: my-app-errors is red: 8.2 over limit 1"
    before = len(scene.notices())
    reply = scene.wish("unlock", reason="mended")
    assert (reply.text, reply.rollout) == ("my-app/prod is released; 2 may be deployed again", 1)
    event = next(notice for notice in scene.notices() if isinstance(notice, Event) and notice.what == "unlocked")
    assert (event.text, event.by, event.rollout) == ("mended", ANA, 1)
    assert len(scene.notices()) == before + 1, "and the card, which waited already"
    assert not scene.wish("unlock", reason="again").ok


def test_a_persons_hold_vetoes_nothing(scene: Scene) -> None:
    """After a person's rollback there is a hold and no veto to lift."""
    scene.wish("start")
    scene.proven(10)
    scene.wish("rollback")
    scene.until("rolled_back")
    assert scene.wish("unlock", reason="x").text == "my-app/prod is released"


def test_busy_says_who_where_and_since_when(scene: Scene) -> None:
    """A busy target names the live rollout, its state, its weight once there is one, and how long it runs."""
    scene.wish("start")
    assert scene.wish("start").text == "my-app/prod is busy: #1 is being looked at, started by ana 0s ago"
    scene.proven(10)
    scene.clock.advance(timedelta(minutes=90))
    reply = scene.wish("start", BEN)
    assert reply.text.startswith("my-app/prod is busy: #1 is rising at 10 %, started by ana 1h30m")
    assert (reply.offer, reply.rollout) == ("status", 1)


@pytest.mark.parametrize(("seconds", "text"), SECONDS)
def test_lengths_are_short(seconds: int, text: str) -> None:
    """Under two minutes to the second, above to the minute, never negative after a clock was set back."""
    assert _length(timedelta(seconds=seconds)) == text


def test_a_button_of_an_ended_card_is_busy_while_another_runs(scene: Scene) -> None:
    """Rollback and retry on an ended card would begin anew; while another rollout is live they are refused as busy."""
    ended(scene, "succeeded").wish("start", release="1")
    scene.proven(10)
    for verb in ("rollback", "retry"):
        reply = scene.wish(verb, ref=1)
        assert (reply.ok, reply.rollout) == (False, 2)
        assert "busy" in reply.text
    assert scene.newest.phase == "stepping"
    assert "has ended" in scene.wish("pause", ref=1).text, "a card's button means that card's rollout"


@pytest.mark.parametrize("phase", ["succeeded", "rolled_back", "cancelled", "refused"])
def test_retry_after_the_end_is_a_new_rollout_of_the_same(scene: Scene, phase: str) -> None:
    """S3: the ended row stays as it is; the same release and plan begin anew under a new number."""
    old = ended(scene, phase).newest
    scene.target.versions["9"] = scene.target.versions["1"]
    reply = scene.wish("retry", BEN)
    assert (reply.ok, reply.rollout) == (True, 2)
    new = scene.newest
    assert (new.id, new.wanted, new.terms.plan, new.by, new.back) == (
        2, old.candidate.id if old.candidate else "", old.terms.plan, BEN, False
    )  # fmt: skip
    with scene.store.reads() as reads:
        assert reads.rollout(1) == old


def test_nothing_begins_anew_after_adoption(scene: Scene) -> None:
    """Adopted: AWS stands as somebody else left it; nobody guesses what to do again."""
    ended(scene, "adopted")
    reply = scene.wish("retry")
    assert reply.text == "nothing is running on my-app/prod: #1 has ended, adopted as it was"
    assert (reply.offer, reply.rollout) == ("status", 1)


@pytest.mark.parametrize("phase", ["cancelled", "refused"])
def test_there_is_no_way_back_from_what_never_had_traffic(scene: Scene, phase: str) -> None:
    """Rollback after an end before any traffic is refused with how it ended, when nothing else is recorded."""
    ended(scene, phase)
    reply = scene.wish("rollback")
    assert not reply.ok
    assert reply.text.startswith(f"#1 has {WORDS[Phase(phase)]} already")
    assert reply.text.endswith("nothing was changed")


def test_going_back_goes_to_what_served_before_the_last_success(scene: Scene) -> None:
    """After a success: to its stable release, in one step, exempt from the plan; also past later failures."""
    ended(scene, "succeeded")
    scene.wish("start", release="1")
    scene.wish("cancel")
    reply = scene.wish("rollback", BEN)
    assert (reply.ok, reply.hint) == (True, "going back to 1 in one step")
    new = scene.newest
    assert (new.wanted, new.back, str(new.terms.plan)) == ("1", True, "100%")
    assert new.home == Release(id="1")
    scene.until("succeeded")
    assert scene.target.main == "1"


def colleague(scene: Scene, release: str) -> None:
    """Somebody ships a release past the bot."""
    scene.target.versions[release] = scene.target.versions["1"]
    scene.target.main, scene.target.extra = release, {}


@pytest.mark.parametrize("phase", ["rolled_back", "adopted"])
def test_a_typed_rollback_asks_aws_what_serves(scene: Scene, phase: str) -> None:
    """After an end that was no success a colleague's release may serve: the look tells, and it is gone back from."""
    ended(scene, phase)
    colleague(scene, "9")
    reply = scene.wish("rollback", BEN)
    assert (reply.ok, reply.text) == (True, "#2: looking at my-app in prod…")
    done = scene.until("succeeded")
    assert (done.back, done.stable and done.stable.id, scene.target.main) == (True, "9", "1")


def test_a_typed_rollback_finds_nothing_to_go_back_from(scene: Scene) -> None:
    """Where AWS shows that the old release serves, the look says so and moves nothing, however often it is asked."""
    ended(scene, "rolled_back")
    for _ in range(3):
        assert scene.wish("rollback", BEN).ok
        refused = scene.until("refused")
        assert refused.cause is not None
        assert refused.cause.text == "my-app already serves 1, as AWS shows it: there is nothing to go back from"
        assert "to @<release> goes back further" in refused.cause.hint
    assert scene.target.main == "1"


def test_what_a_rollout_came_from_is_known_to_have_served(scene: Scene) -> None:
    """A release from which a rollout set out may be named, although that rollout never arrived."""
    ended(scene, "rolled_back")
    colleague(scene, "9")
    assert scene.wish("rollback", release="1").ok
    scene.until("succeeded")
    assert scene.target.main == "1"


def test_no_way_back_leads_to_a_vetoed_release(scene: Scene) -> None:
    """What an alarm took back is not deployed again before it is released, not even by name after `rollback`."""
    scene.wish("start", release="2")
    scene.until("succeeded")
    assert scene.wish("rollback").ok
    scene.look()
    scene.until("succeeded")
    scene.wish("unlock", reason="looked at")
    assert scene.wish("start", release="2").ok
    scene.proven(10)
    scene.alarm.turn("ALARM", scene.clock.now())
    scene.until("rolled_back")
    reply = scene.wish("rollback", release="2")
    assert (reply.ok, reply.offer, reply.rollout) == (False, "unlock", 3)
    assert reply.text.endswith("2 was taken back and is not deployed again before somebody releases the hold of #3")


def test_a_second_hold_keeps_the_veto_of_the_first(scene: Scene) -> None:
    """An alarm took 3 back, then a person goes back from 2 to 1: both are vetoed until somebody releases them."""
    scene.target.versions["3"] = scene.target.versions["1"]
    scene.wish("start", release="2")
    scene.until("succeeded")
    scene.wish("start", release="3")
    scene.proven(10)
    scene.alarm.turn("ALARM", scene.clock.now())
    scene.until("rolled_back")
    assert scene.wish("rollback", release="1").ok
    scene.until("succeeded")
    assert scene.wish("rollback", release="3").text.startswith("3 was taken back and is not")
    dry = scene.wish("start", release="3", dry_run=True)
    assert "and 3 was taken back: unlock lets it be deployed again" in dry.text
    reply = scene.wish("unlock", reason="looked at both")
    assert reply.text == "my-app/prod is released; 2 and 3 may be deployed again"


def test_an_old_cards_button_releases_no_other_hold(scene: Scene) -> None:
    """The hold that it was drawn for has been replaced: it says whose is on now, and changes nothing."""
    scene.wish("start")
    scene.proven(10)
    scene.wish("rollback", BEN, reason="slow")
    old = scene.until("rolled_back")
    colleague(scene, "9")
    scene.wish("rollback", BEN, reason="not that")
    new = scene.until("succeeded")
    late = scene.wish("unlock", bound=old.bound, reason="fine now")
    assert (late.ok, late.rollout) == (False, new.id)
    assert late.text == "the hold of #1 is over: #2 holds my-app/prod now: not that"
    assert scene.wish("unlock", bound=new.bound, reason="fine now").ok


def test_going_back_never_ships_what_did_not_serve(scene: Scene) -> None:
    """A way back skips approval and holds: a release that never succeeded here is refused, those that did are named."""
    scene.target.versions = dict.fromkeys(("1", "2", "7"), scene.target.versions["1"])
    scene.wish("start", release="2")
    scene.until("succeeded")
    reply = scene.wish("rollback", release="7")
    assert not reply.ok
    assert "@1" in reply.hint and "@2" in reply.hint


def test_a_late_press_moves_nothing_further(scene: Scene) -> None:
    """Two people press [Roll back] on one card: the second press, after its end, is refused and says what serves."""
    scene.target.versions["3"] = scene.target.versions["1"]
    scene.wish("start", release="2")
    first = scene.until("succeeded")
    scene.wish("start", release="3")
    bound = scene.proven(10).bound
    assert scene.wish("rollback", BEN, bound=bound).ok
    scene.until("rolled_back")
    late = scene.wish("rollback", ANA, bound=bound)
    assert (late.ok, late.rollout) == (False, 2)
    assert "2 served then" in late.text and "looks at AWS" in late.hint
    old = scene.wish("rollback", ANA, bound=first.bound)
    assert not old.ok, "a card that is no longer the newest"
    assert scene.live is None


def test_rolling_back_goes_to_what_is_recorded_not_to_the_number_before(scene: Scene) -> None:
    """After a success the way back leads to the release that served, however many were published in between."""
    scene.target.versions |= {str(number): scene.target.versions["1"] for number in (3, 7, 8)}
    scene.wish("start", release="7")
    scene.until("succeeded")
    assert scene.wish("rollback", reason="7 is bad").ok
    assert scene.newest.wanted == "1"
    scene.until("succeeded")
    assert (scene.target.main, scene.target.extra) == ("1", {})


def test_rolling_back_twice_does_not_bring_the_bad_one_back(scene: Scene) -> None:
    """After a way back, rollback without a name leads to the same release: it never ships again what was left."""
    scene.wish("start")
    scene.until("succeeded")
    assert scene.wish("rollback").ok
    scene.until("succeeded")
    assert scene.wish("rollback").ok
    assert scene.newest.wanted == "1"
    scene.until("refused")
    assert scene.target.main == "1"


def test_a_target_that_left_the_file_can_still_be_steered(scene: Scene) -> None:
    """S4: the live rollout keeps its terms; renamed in the file, its buttons and words still work."""
    scene.wish("start")
    bound = scene.proven(10).bound
    scene.policy.find = scene.policy.terms = _gone  # type: ignore[method-assign, assignment]  # the file was edited
    assert scene.wish("pause", app="my-app").ok
    assert scene.wish("rollback", bound=bound).ok
    scene.until("rolled_back")


def _gone(*_: object, **__: object) -> tuple[str, str]:
    raise NotFound("my-app is not an app here", "apps: other")


def test_one_bad_wish_stops_no_other(scene: Scene) -> None:
    """A CLI wish that cannot be taken is answered so, and the next one, a rollback perhaps, is taken."""
    scene.wish("start")
    scene.proven(10)

    def hit(point: str) -> None:
        if point == "L1" and not seen:
            seen.append(point)
            raise RuntimeError("unreadable")

    seen: list[str] = []
    with scene.store.work() as work:
        for key, verb in (("a", "pause"), ("b", "rollback")):
            wish = Ask(verb=verb, app="my-app")
            work.remember(StoredAsk(dedupe=key, ask=wish, actor=ANA, state="new", at=scene.clock.now()))
    scene.failpoint = hit
    assert scene.bot.answer_waiting() == 2
    with scene.store.reads() as reads:
        first, second = reads.stored_ask("a"), reads.stored_ask("b")
    assert first is not None and first.reply is not None and not first.reply.ok
    assert second is not None and second.reply is not None and second.reply.ok


def test_without_configured_approval_a_deployer_answers(opened: Open) -> None:
    """DESIGN §7: where no approval is configured, any deployer may answer an approve step, the requester included."""
    scene = opened("10%, approve, 100%", roles=Roles(deploy=("cli:ana",)))
    scene.wish("start")
    scene.until("waiting")
    assert scene.wish("approve", ANA).ok
    scene.proven(100)


@pytest.mark.parametrize(("release", "wanted"), [("1", "1"), ("#1", "2"), ("#2", "3")])
def test_going_back_may_name_another_release(scene: Scene, release: str, wanted: str) -> None:
    """`to @1` is that release, `to #1` is what #1 brought."""
    scene.target.versions = dict.fromkeys(("1", "2", "3", "7"), scene.target.versions["1"])
    scene.wish("start", release="2")
    scene.until("succeeded")
    scene.wish("start", release="3")
    scene.until("succeeded")
    assert scene.wish("rollback", release=release).ok
    assert scene.newest.wanted == wanted


@pytest.mark.parametrize("release", ["#9", "#2"])
def test_going_back_to_nothing_is_refused(scene: Scene, release: str) -> None:
    """A number that does not exist, or whose rollout never knew its release, is refused by name."""
    ended(scene, "succeeded")
    scene.wish("start", release="1")
    scene.wish("cancel")
    reply = scene.wish("rollback", release=release)
    assert (reply.ok, reply.text) == (False, f"{release} is no rollout of my-app/prod")
    assert "history" in reply.hint


def test_a_success_without_an_earlier_release_says_so(scene: Scene) -> None:
    """Where nothing served before there is nothing to go back to, unless somebody names it."""
    scene.wish("start")
    live = scene.newest
    with scene.store.work() as work:
        work.save(live.enter(Phase.SUCCEEDED, scene.clock.now()))
    reply = scene.wish("rollback")
    assert not reply.ok
    assert "nothing was changed" in reply.text


@pytest.mark.parametrize("verb", ["rollback", "pause"])
def test_a_live_rollout_goes_back_to_where_it_came_from_only(scene: Scene, verb: str) -> None:
    """While it is live no other release can be named: nothing is guessed, nothing changes, the way is said."""
    scene.wish("start")
    scene.proven(10)
    before = scene.newest
    reply = scene.wish(verb, release="7")
    assert (reply.ok, reply.rollout) == (False, 1)
    assert "not to 7" in reply.text and f"/deploy {verb} #1" in reply.hint
    assert scene.newest == before


def test_full_is_for_admins(scene: Scene) -> None:
    """`promote --full` needs an admin; health and approve steps still count, and it ends the whole plan."""
    scene.wish("start")
    scene.proven(10)
    reply = scene.wish("promote", full=True)
    assert (reply.ok, reply.who) == (False, ("cli:eva",))
    assert scene.wish("promote", EVA, full=True).ok
    scene.proven(100)
    assert [percent or 100 for _, _, percent, _ in scene.target.applied] == [10, 100]


def test_full_does_not_skip_an_approve_step(opened: Open) -> None:
    """An approve step ahead refuses --full; a plain promote is fine."""
    scene = opened("10% 5m, approve, 100%")
    scene.wish("start")
    scene.proven(10)
    scene.look()
    assert "approve step ahead" in scene.wish("promote", EVA, full=True).text
    assert scene.wish("promote").ok


def test_a_wish_before_the_card_tells_nobody(scene: Scene) -> None:
    """While it is looked at there is no card: a cancel is answered in the ack and audited, and posts nothing."""
    scene.wish("start")
    reply = scene.wish("rollback")
    assert reply.text == "#1 my-app/prod: stopped before any traffic moved"
    assert scene.notices() == []
    assert kinds(scene) == ["transition", "ask", "transition", "ask"]


def test_a_wish_tells_the_thread_and_the_card(scene: Scene) -> None:
    """Who did what and why stands in the thread; the card is marked as waited for by a person."""
    scene.wish("start")
    scene.proven(10)
    scene.wish("pause", BEN, reason="lunch")
    event = [notice for notice in scene.notices() if isinstance(notice, Event)][-1]
    assert (event.what, event.text, event.by, event.percent) == ("paused", "lunch", BEN, 10)
    waiting = scene.store.outbox.pending(scene.clock.now(), 500)
    assert [queued.human for queued in waiting if isinstance(queued.notice, CardChanged)] == [True]


def test_promote_and_approve_are_told_when_they_count(opened: Open) -> None:
    """A promote and an approval are said in the thread when the next look acts on them, not when they are wished."""
    scene = opened("10% 5m, approve, 100%")
    scene.wish("start")
    scene.proven(10)
    scene.look()
    scene.wish("promote")
    assert "promoted" not in said(scene)
    scene.until("waiting")
    assert "promoted" in said(scene)
    scene.wish("approve", EVA)
    assert "approved" not in said(scene)
    scene.look()
    assert said(scene).count("approved") == 1


def said(scene: Scene) -> list[str]:
    """What the thread was told."""
    return [notice.what for notice in scene.notices() if isinstance(notice, Event)]


@pytest.mark.parametrize("pressed", [True, False])
def test_a_press_is_answered_privately_and_words_are_not(scene: Scene, pressed: bool) -> None:
    """A button has no ack to show, so its answer goes to the reply address; typed words have theirs in the ack."""
    scene.wish("start")
    scene.proven(10)
    wish = ask("resume", bound=scene.newest.bound if pressed else None)
    reply = scene.bot.ask(wish, ANA, dedupe="k", reply=ADDRESS)
    answers = [notice for notice in scene.notices() if isinstance(notice, Answer)]
    assert len(answers) == pressed
    for answer in answers:
        assert (answer.reply, answer.text, answer.hint, answer.good) == (ADDRESS, reply.text, reply.hint, False)
        assert answer.rollout == reply.rollout == 1


def test_a_press_without_an_address_is_answered_in_the_reply_only(scene: Scene) -> None:
    """No address, no private answer; the reply is still stored."""
    scene.wish("start")
    scene.wish("cancel", bound=scene.newest.bound)
    assert not [notice for notice in scene.notices() if isinstance(notice, Answer)]


def test_the_card_goes_where_it_was_asked(opened: Open) -> None:
    """An app without a channel of its own gets its card where the wish was made; one with keeps its own."""
    scene = opened()
    scene.wish("start", channel="C0HERE")
    assert scene.newest.terms.channel == "C0HERE"
    other = opened(channel="C0DEPLOYS")
    other.wish("start", channel="C0HERE")
    assert other.newest.terms.channel == "C0DEPLOYS"


def test_waking_comes_after_the_commit(scene: Scene) -> None:
    """The shell is woken with the row as stored, when others can read it already, and never for a refusal."""
    woken = []

    def wake(rollout) -> None:
        with scene.store.reads() as reads:
            woken.append((rollout, reads.rollout(rollout.id)))

    bot = Conductor(scene.store, scene.world, scene.policy, scene.clock, Hooks(wake=wake))
    bot.ask(ask("start"), ANA, dedupe="a")
    bot.ask(ask("start"), ANA, dedupe="b")
    bot.ask(ask("pause"), OSKAR, dedupe="c")
    bot.ask(ask("cancel"), ANA, dedupe="d")
    bot.ask(ask("cancel"), ANA, dedupe="d")
    assert [rollout.phase.value for rollout, _ in woken] == ["requested", "cancelled"]
    assert all(given == stored for given, stored in woken)


def test_a_crash_before_the_commit_wakes_nobody(scene: Scene) -> None:
    """At L1 nothing is stored and nobody woken; at L2 all is stored, and the next start looks by itself."""
    woken: list[Rollout] = []

    def bot(dies_at: str) -> Conductor:
        def hit(point: str) -> None:
            if point == dies_at:
                raise RuntimeError(point)

        return Conductor(scene.store, scene.world, scene.policy, scene.clock, Hooks(hit=hit, wake=woken.append))

    for point, stored in (("L1", 0), ("L2", 1)):
        with pytest.raises(RuntimeError):
            bot(point).ask(ask("start"), ANA, dedupe=point)
        with scene.store.reads() as reads:
            assert len(reads.history()) == stored
        assert woken == []
    assert bot("").due() == {"default/test": [1]}


def test_a_twins_wish_is_taken_from_the_ledger(scene: Scene) -> None:
    """What a CLI twin wrote is asked once, in order, and its reply is where the twin looks for it."""
    wishes = [("t1", ask("start"), ANA), ("t2", ask("start"), BEN), ("t3", ask("pause"), OSKAR)]
    for dedupe, wish, actor in wishes:
        with scene.store.work() as work:
            work.remember(StoredAsk(dedupe=dedupe, ask=wish, actor=actor, state="new", at=scene.clock.now()))
    assert scene.bot.answer_waiting() == 3
    assert scene.bot.answer_waiting() == 0
    with scene.store.reads() as reads:
        replies = [found.reply for dedupe, _, _ in wishes if (found := reads.stored_ask(dedupe)) is not None]
    assert [reply.ok for reply in replies if reply] == [True, False, False]


def test_every_verb_has_words_for_having_been_taken() -> None:
    """Whatever the table takes is acknowledged in words of its own."""
    texts = {_taken(ask(verb), row(Phase.PAUSED, proven=None)) for verb, phases in ACCEPTS.items() if phases}
    assert len(texts) == sum(1 for phases in ACCEPTS.values() if phases)
    assert "#1 my-app/prod: paused at 0 %" in texts
    assert _taken(ask("rollback"), row(Phase.ROLLING_BACK)) == "#1 my-app/prod: rolling back now"


def test_what_never_became_a_wish_is_written_down(scene: Scene) -> None:
    """Text outside the grammar is kept clipped and printable; a denied question is a denial."""
    scene.bot.turned_away("a\x00b\u202e" + "x" * 900, ANA, BadInput("no " * 900, "h" * 900))
    scene.bot.turned_away("/deploy whoami", OSKAR, Denied("no"))
    (first, facts), (second, _) = audited(scene)
    assert (first, second) == ("refused", "denied")
    assert facts["words"].startswith("a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}x")
    assert (len(facts["words"]), facts["length"], len(facts["answer"]), len(facts["hint"])) == (200, 904, 500, 500)
