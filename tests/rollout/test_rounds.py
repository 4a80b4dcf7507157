"""Rounds: intent before effect, outcome after; what a click, a crash or a neighbour may do in between."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

import pytest

from rollout.actions import Action, Outcome
from rollout.conductor import Conductor
from rollout.hooks import Hooks
from rollout.model import Phase, Rollout
from rollout.notices import Answer, CardChanged, Event
from rollout.seen import Observation, SideHealth
from rollout.simulated import SimulatedTarget
from tests.rollout.conftest import Open
from tests.rollout.make import ask, row
from tests.rollout.scene import ANA, BEN, EVA, Scene

ADDRESS = "https://hooks.example.test/secret"


def at_hook(scene: Scene, point: str, act: Callable[[], object]) -> Conductor:
    """A conductor in which something happens once, at that failpoint of a look."""
    left = [act]

    def hit(name: str) -> None:
        if name == point and left:
            left.pop()()

    return Conductor(scene.store, scene.world, scene.policy, scene.clock, Hooks(hit=hit))


def before_the_raise(scene: Scene) -> Scene:
    """A scene at 10 % whose next look asks for 50 %, whichever conductor looks: its bake is over."""
    scene.wish("start")
    scene.proven(10)
    while scene.newest.baked < timedelta(seconds=265):
        scene.look()
    scene.clock.advance(timedelta(seconds=30))
    with scene.store.work() as work:
        row = work.rollout(1)
        assert row is not None
        work.save(row.but(baked=timedelta(minutes=5)))
    return scene


def intents(scene: Scene) -> list[tuple[str, str]]:
    """Key and state of every intent of #1."""
    with scene.store.reads() as reads:
        return [(intent.key, intent.state) for intent in reads.intents(1)]


@pytest.mark.parametrize(("verb", "sent"), [("pause", False), ("rollback", False), ("promote", True)])
def test_a_click_between_commit_and_call_stops_a_raise(scene: Scene, verb: str, sent: bool) -> None:
    """A raise that a person has just stopped is never sent, and is written down as not sent; others go on."""
    before_the_raise(scene)
    bot = at_hook(scene, "T2", lambda: scene.wish(verb, EVA if verb == "rollback" else ANA))
    bot.look([1])
    assert intents(scene)[-1] == ("1/1/shift/50", "done" if sent else "failed")
    assert scene.target.share("2") == (50 if sent else 10)
    if not sent:
        with scene.store.reads() as reads:
            outcome = [body for row in reads.audit_of(1) if (body := json.loads(row.body))["kind"] == "outcome"][-1]
        assert outcome["facts"]["text"] == "overtaken by a person's wish; not sent"
        assert scene.newest.write_failures == 0, "not AWS's fault"
    scene.until("rolled_back" if verb == "rollback" else "paused" if verb == "pause" else "succeeded")


def test_a_click_never_stops_the_way_back(scene: Scene) -> None:
    """Down is sent whatever was clicked meanwhile."""
    before_the_raise(scene)
    scene.alarm.turn("ALARM", scene.clock.now())
    at_hook(scene, "T2", lambda: scene.wish("rollback", BEN)).look([1])
    assert intents(scene)[-1] == ("1/0/shift/0", "done")
    assert scene.target.share("2") == 0


def test_a_click_during_the_look_wins(scene: Scene) -> None:
    """The look's decision is thrown away whole: no intent, no notice, no record of it; the click's row stands."""
    before_the_raise(scene)
    calls = len(scene.world.calls)
    at_hook(scene, "T1", lambda: scene.wish("pause")).look([1])
    assert (scene.newest.phase, len(scene.world.calls)) == ("paused", calls)
    assert intents(scene)[-1][0] == "1/0/shift/10"
    assert scene.bot.due() == {"default/test": [1]}, "and is due at once"


class TwoApps:
    """The policy of a scene, with a second app of its own."""

    def __init__(self, inner) -> None:
        self.inner = inner

    def targets(self):
        """Both."""
        return [("my-app", "prod"), ("shop", "prod")]

    def find(self, app: str, env: str):
        """By name."""
        return (app, "prod")

    def terms(self, app: str, env: str, plan: str, *, back: bool = False):
        """The same terms."""
        return self.inner.terms(app, env, plan, back=back)

    def approval(self, app: str, env: str):
        """None."""
        return


def two(scene: Scene, hook: Callable[[str], None] = lambda _: None) -> Conductor:
    """A conductor of two targets in one lane."""
    scene.world.targets["shop/prod"] = SimulatedTarget()
    return Conductor(scene.store, scene.world, TwoApps(scene.policy), scene.clock, Hooks(hit=hook))


def test_one_rollouts_click_does_not_spoil_its_neighbours_look(scene: Scene) -> None:
    """Two in one lane: a click on the first during the look throws away the first's decision only."""
    bot = two(scene)
    bot.ask(ask("start"), ANA, dedupe="a")
    bot.ask(ask("start").model_copy(update={"app": "shop"}), ANA, dedupe="b")
    clicking = two(scene, lambda point: clicked() if point == "T1" else None)

    def clicked() -> None:
        bot.ask(ask("cancel"), ANA, dedupe="c")

    assert clicking.due() == {"default/test": [1, 2]}
    clicking.look([1, 2])
    with scene.store.reads() as reads:
        rows = [reads.rollout(1), reads.rollout(2)]
    assert [found.phase.value for found in rows if found] == ["cancelled", "launching"]


def test_unknown_and_ended_ids_are_passed_over(scene: Scene) -> None:
    """A lane may be given ids that ended meanwhile or never were: nothing happens, nothing is looked at."""
    scene.wish("start")
    scene.wish("cancel")
    before = scene.newest
    scene.bot.look([1, 7])
    scene.bot.look([])
    assert scene.newest == before


class Silent:
    """A world that leaves some rollouts out of its answer."""

    def __init__(self, inner) -> None:
        self.inner = inner

    def observe(self, rollouts: Sequence[Rollout]) -> Mapping[int, Observation]:
        """Nothing about anybody."""
        return {}

    def perform(self, rollout: Rollout, action: Action, key: str) -> Outcome:
        """As ever."""
        return self.inner.perform(rollout, action, key)


def test_what_was_not_looked_at_is_blind(scene: Scene) -> None:
    """A rollout missing from the batch counts as a failed look with a fault in words, never as nothing new."""
    scene.wish("start")
    scene.proven(10)
    bot = Conductor(scene.store, Silent(scene.world), scene.policy, scene.clock)
    bot.look([1])
    fault = scene.newest.fault
    assert (scene.newest.failures, fault and fault.text) == (1, "my-app/prod was not looked at")


def test_a_starter_is_told_privately_why_not(scene: Scene) -> None:
    """Refused by release, preflight or a red alarm: no card and no event, an answer to who asked, if there is one."""
    scene.alarm.turn("ALARM", scene.clock.now())
    scene.bot.ask(ask("start"), ANA, dedupe="k", reply=ADDRESS)
    scene.until("refused")
    (answer,) = scene.notices()
    assert isinstance(answer, Answer)
    assert answer.text == "my-app/prod was not started: my-app-errors is red: 8.2 over limit 1"
    assert (answer.reply, answer.good, answer.rollout, bool(answer.hint)) == (ADDRESS, False, 1, True)
    scene.wish("start")
    scene.until("refused")
    assert len(scene.notices()) == 1, "nobody left an address"


def test_a_way_back_that_has_nowhere_to_go_is_told_as_one(scene: Scene) -> None:
    """What was asked for was a way back, not a start; the person is told that it was not needed."""
    scene.wish("start")
    scene.until("succeeded")
    scene.target.main = "1"  # a colleague was faster
    scene.bot.ask(ask("rollback"), ANA, dedupe="late", reply=ADDRESS)
    scene.until("refused")
    [answer] = [one for one in scene.notices() if isinstance(one, Answer) and "already serves" in one.text]
    assert answer.text.startswith("my-app/prod was not rolled back: my-app already serves 1, as AWS shows it")


def test_no_card_before_the_look_is_over(scene: Scene) -> None:
    """While AWS does not answer a requested rollout, nobody is told; once it does, the card is."""
    scene.world.faults.targets_unreadable = 2
    scene.wish("start")
    scene.look(2)
    assert scene.newest.phase == "requested" and scene.notices() == []
    scene.look()
    assert scene.newest.phase != "requested"
    assert [notice.kind for notice in scene.notices() if isinstance(notice, CardChanged)] == ["card"]


def test_refused_after_the_card_is_said_on_the_card(opened: Open) -> None:
    """An alarm that turns red while it waits for its approval refuses it in the open: the card is there already."""
    scene = opened(approval={"by": 1, "before_start": True})
    scene.wish("start")
    scene.until("awaiting_approval")
    scene.alarm.turn("ALARM", scene.clock.now())
    scene.until("refused")
    assert [notice.what for notice in scene.notices() if isinstance(notice, Event)][-1] == "refused"


def test_failed_and_lost_writes_are_counted_until_one_is_done(scene: Scene) -> None:
    """Consecutive failures, with the last one's words for the card; the first done call forgets them."""
    before_the_raise(scene)
    scene.world.faults.writes_refused = 1
    scene.bot.look([1])
    kept = scene.newest
    assert (kept.write_failures, kept.write_fault and (kept.write_fault.kind, kept.write_fault.hint)) == (
        1, ("state", "allow it")
    )  # fmt: skip
    scene.world.faults.writes_dropped = 1
    scene.clock.advance(timedelta(seconds=31))
    scene.bot.look([1])
    kept = scene.newest
    assert (kept.write_failures, kept.write_fault and kept.write_fault.kind) == (2, "unknown")
    assert [state for _, state in intents(scene)] == ["done", "failed", "unknown"]
    scene.clock.advance(timedelta(seconds=61))
    scene.bot.look([1])
    assert (scene.newest.write_failures, scene.newest.write_fault) == (0, None)
    scene.until("succeeded")


class Telling(Silent):
    """A world whose calls tell the revision they left behind, and which cannot be read for a moment after each."""

    def observe(self, rollouts: Sequence[Rollout]) -> Mapping[int, Observation]:
        """As ever."""
        return self.inner.observe(rollouts)

    def perform(self, rollout: Rollout, action: Action, key: str) -> Outcome:
        """Done, with a revision."""
        self.inner.faults.targets_unreadable = 1
        return self.inner.perform(rollout, action, key).model_copy(update={"revision": "77"})


def test_the_newest_revision_is_kept_even_when_it_cannot_be_read_back(scene: Scene) -> None:
    """A write that tells its revision updates the one that guards the next write, which may have to go out unread."""
    before_the_raise(scene)
    Conductor(scene.store, Telling(scene.world), scene.policy, scene.clock).look([1])
    kept = scene.newest
    assert (kept.seen and kept.seen.revision, kept.seen and kept.seen.percent, kept.failures) == ("77", 10, 1)


def test_five_refused_writes_hold_and_page_and_never_roll_back(scene: Scene) -> None:
    """Our own error is no reason to go back: held, paged, and tried again when a person says so."""
    before_the_raise(scene)
    scene.world.faults.writes_refused = 99
    scene.until("paused")
    kept = scene.newest
    assert kept.cause is not None
    assert (kept.cause.kind, kept.cause.text) == ("blind", "not authorised to perform UpdateAlias")
    assert len(scene.store.outbox.waiting_pages(scene.clock.now())) == 1
    scene.world.faults.writes_refused = 0
    assert scene.wish("retry").ok
    scene.until("succeeded")


def test_an_answer_that_could_not_be_stored_is_settled_by_what_is_seen(scene: Scene) -> None:
    """The disk is full between the call and its record: it does not stay `sent` for ever, and is not sent twice."""
    before_the_raise(scene)

    def full() -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        at_hook(scene, "T5", full).look([1])
    assert intents(scene)[-1] == ("1/1/shift/50", "sent")
    scene.proven(50)
    assert intents(scene)[-1] == ("1/1/shift/50", "done")
    assert [write[2] for write in scene.target.applied] == [10, 50]


def test_a_call_under_way_is_nobody_elses_to_settle(scene: Scene) -> None:
    """Another thread's look that ends the rollout leaves the call to the thread that waits for its answer."""
    before_the_raise(scene)
    bots: list[Conductor] = []

    def ends() -> None:
        scene.wish("rollback")
        for _ in range(8):
            scene.clock.advance(timedelta(seconds=10))
            bots[0].look([1])
        assert scene.newest.phase == "rolled_back"
        assert intents(scene)[1] == ("1/1/shift/50", "sent")

    bots.append(at_hook(scene, "T3", ends))
    bots[0].look([1])
    assert intents(scene)[1][1] in ("done", "failed")


def test_an_end_during_the_call_is_left_alone(scene: Scene) -> None:
    """A rollout adopted while its call was under way keeps its end; the outcome is still written down."""
    before_the_raise(scene)
    scene.world.faults.writes_refused = 1

    def adopt() -> None:
        live = scene.newest
        with scene.store.work() as work:
            work.save(live.enter(Phase.ADOPTED, scene.clock.now()))

    at_hook(scene, "T3", adopt).look([1])
    assert (scene.newest.phase, scene.newest.write_failures) == ("adopted", 0)
    assert intents(scene)[-1] == ("1/1/shift/50", "failed")


@pytest.mark.parametrize(
    ("point", "state", "applied"), [("T2", "failed", False), ("T3", "unknown", False), ("T5", "unknown", True)]
)
def test_recovery_says_what_is_known_and_sends_nothing(scene: Scene, point: str, state: str, applied: bool) -> None:
    """Planned is failed, sent is unknown; nothing is sent again by recovery, the next look tells; then it goes on."""

    def dies() -> None:
        raise RuntimeError(point)

    before_the_raise(scene)
    with pytest.raises(RuntimeError):
        at_hook(scene, point, dies).look([1])
    calls = len(scene.world.calls)
    assert scene.bot.recover() == 1
    assert intents(scene)[-1] == ("1/1/shift/50", state)
    assert len(scene.world.calls) == calls
    assert (scene.target.share("2") == 50) is applied
    assert scene.bot.due() == {"default/test": [1]}
    assert scene.bot.recover() == 1, "twice is once"
    assert intents(scene)[-1] == ("1/1/shift/50", state)
    scene.until("succeeded")
    raised = [percent or 100 for _, _, percent, _ in scene.target.applied]
    assert raised == [10, 50, 100], "no effect came twice"


@pytest.mark.parametrize(("point", "applied"), [("T2", False), ("T3", False), ("T5", True)])
def test_recovery_never_knows_less_than_unknown_of_the_way_down(scene: Scene, point: str, applied: bool) -> None:
    """The way down counts as sent from its decision on: after a crash its outcome is unknown, and it is tried again."""

    def dies() -> None:
        raise RuntimeError(point)

    before_the_raise(scene)
    scene.alarm.turn("ALARM", scene.clock.now())
    with pytest.raises(RuntimeError):
        at_hook(scene, point, dies).look([1])
    assert (scene.target.share("2") == 0) is applied
    scene.restart()
    assert intents(scene)[-1] == ("1/0/shift/0", "unknown")
    scene.until("rolled_back")


def test_recovery_passes_over_what_has_ended(scene: Scene) -> None:
    """A rollout that ends while recovery runs is left alone; without live ones there is nothing to do."""
    assert scene.bot.recover() == 0
    bot = two(scene)
    bot.ask(ask("start"), ANA, dedupe="a")
    bot.ask(ask("start").model_copy(update={"app": "shop"}), ANA, dedupe="b")

    def ends(point: str) -> None:
        if point == "R1":
            bot.ask(ask("cancel").model_copy(update={"app": "shop"}), ANA, dedupe="c")

    assert two(scene, ends).recover() == 2
    with scene.store.reads() as reads:
        shop = reads.rollout(2)
    assert shop is not None and shop.phase == "cancelled"


def test_an_absolute_call_is_repeated_under_the_same_key(scene: Scene) -> None:
    """A lost write is asked for again as the next attempt of the same key; what is seen settles every attempt."""
    before_the_raise(scene)
    scene.world.faults.writes_dropped = 2
    scene.until("succeeded")
    with scene.store.reads() as reads:
        tried = [(intent.key, intent.attempt, intent.state) for intent in reads.intents(1)]
    assert tried[1:4] == [
        ("1/1/shift/50", 1, "done"), ("1/1/shift/50", 2, "done"), ("1/1/shift/50", 3, "done")
    ]  # fmt: skip


def test_a_moved_rollout_is_read_back_at_once(scene: Scene) -> None:
    """After a call the same round looks again: the first of the two readings that prove a weight."""
    before_the_raise(scene)
    scene.bot.look([1])
    assert (scene.newest.sighting, scene.newest.proven) == ("50", 10)
    scene.look()
    assert scene.newest.proven == 50


def test_lanes_are_apart(scene: Scene) -> None:
    """What is due is sorted by lane, so one region never waits for another."""
    bot = two(scene)
    bot.ask(ask("start"), ANA, dedupe="a")
    scene.policy.changes["lane"] = "other/region"
    bot.ask(ask("start").model_copy(update={"app": "shop"}), ANA, dedupe="b")
    assert bot.due() == {"default/test": [1], "other/region": [2]}
    scene.clock.advance(timedelta(seconds=-1))
    assert bot.due() == {}, "not yet"


def test_a_launch_is_asked_for_and_not_over_and_over(scene: Scene) -> None:
    """A candidate that is not up is launched, and launched again only after the first call had time to show."""
    scene.target.versions["2"] = SideHealth(state="unknown", text="Pending")
    scene.wish("start")
    scene.look(4)
    keys = [key for key, _ in intents(scene)]
    assert set(keys) == {"1/0/launch/2"}
    assert 1 <= len(keys) < 4
    assert row(Phase.LAUNCHING).candidate is not None


def test_a_bot_that_was_away_says_so_once(scene: Scene) -> None:
    """Fourteen minutes without a bot: told in the thread, written down, kept until the next step; none counted."""
    scene.wish("start")
    scene.proven(10)
    baked = scene.newest.baked
    scene.clock.advance(timedelta(minutes=14))
    scene.restart()
    away = scene.newest.away
    assert away is not None and (away.until - away.since) == timedelta(minutes=14)
    told = [notice for notice in scene.notices() if isinstance(notice, Event) and notice.what == "away"]
    assert [notice.text for notice in told] == ["nobody looked for 14m; nothing was decided meanwhile"]
    with scene.store.reads() as reads:
        bodies = [json.loads(row.body) for row in reads.audit_of(1)]
    assert [body["facts"]["did"] for body in bodies if body["kind"] == "bot"] == ["was away"]
    scene.look()
    assert scene.newest.baked == baked, "how long it was watched is not known"
    assert scene.newest.away == away
    assert away_of(scene.proven(50)) is None
    scene.clock.advance(timedelta(seconds=110))
    scene.restart()
    assert away_of(scene.newest) is None, "a short restart is nobody's business"


def test_starts_that_never_get_to_a_look_say_it_once(scene: Scene) -> None:
    """The bot dies again and again before its first look: one reply, one record; the card has the newest end."""
    scene.wish("start")
    scene.proven(10)
    for _ in range(3):
        scene.clock.advance(timedelta(minutes=10))
        scene.restart()
    assert away_of(scene.newest) == timedelta(minutes=30)
    assert sum(isinstance(notice, Event) and notice.what == "away" for notice in scene.notices()) == 1
    with scene.store.reads() as reads:
        bodies = [json.loads(row.body) for row in reads.audit_of(1)]
    assert sum(body["kind"] == "bot" for body in bodies) == 1


def away_of(rollout: Rollout) -> timedelta | None:
    """For how long nobody looked, as the row says."""
    return rollout.away.until - rollout.away.since if rollout.away else None


def test_a_machine_that_slept_says_so_too(scene: Scene) -> None:
    """The same process, suspended for an hour: told by the looks; a clock that was set ahead is not."""
    scene.wish("start")
    scene.proven(10)
    scene.clock.set(timedelta(hours=1))
    scene.look()
    assert away_of(scene.newest) is None
    scene.look(every=timedelta(hours=1))
    assert away_of(scene.newest) == timedelta(hours=1)
