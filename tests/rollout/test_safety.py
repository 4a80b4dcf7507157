"""S1 to S14, each with tests that name it. The sentences stand in docs/safety.md."""

from datetime import timedelta

import pytest

from rollout.ask import Bound
from rollout.model import LIVE, TERMINAL, Phase
from rollout.notices import Event
from rollout.seen import SideHealth
from rollout.table import ACCEPTS
from tests.rollout.conftest import Open
from tests.rollout.scene import ANA, BEN, EVA, OSKAR, Scene

SICK = SideHealth(state="sick", text="State Failed")
MINUTE = timedelta(minutes=1)


def at_ten(scene: Scene) -> Scene:
    """Bring a rollout to a proven 10 %."""
    scene.wish("start")
    scene.proven(10)
    return scene


def raises(scene: Scene) -> list[int]:
    """The candidate's shares that the bot wrote, in order."""
    return [
        percent or (100 if main == "2" else 0)
        for _, main, percent, by in scene.target.applied
        if by != "hand"
    ]


def paged(scene: Scene) -> list[str]:
    """The pages in the outbox."""
    return [page.notice.text for page in scene.store.outbox.waiting_pages(scene.clock.now())]


@pytest.mark.parametrize("state", ["ALARM", "INSUFFICIENT_DATA"])
def test_s1_no_raise_without_pass(scene: Scene, state: str) -> None:
    """S1: at 10 % with the bake complete, a verdict other than PASS never lets the weight rise."""
    at_ten(scene)
    scene.alarm.turn(state, scene.clock.now())  # type: ignore[arg-type]  # parametrized literals
    for _ in range(100):
        if scene.live is None:
            break
        scene.look()
    assert max(raises(scene)) == 10


def test_s1_verdict_must_be_read_after_the_weight_was_seen(scene: Scene) -> None:
    """S1: alarms read before the present weight was proven say nothing about it."""
    from rollout.health import judge
    from rollout.seen import Observation

    row = at_ten(scene).newest
    look = scene.world.observe([row])[row.id]
    stale = Observation.model_validate(look.model_dump() | {"alarms_at": row.proven_at - MINUTE})  # type: ignore[operator]  # proven above
    assert judge(row, look, scene.clock.now()).outcome == "PASS"
    assert judge(row, stale, scene.clock.now()).cause == "blind"
    assert judge(row, look, scene.clock.now() + timedelta(minutes=5)).cause == "blind"


def test_s1_go_on_waives_one_step_with_a_reason(scene: Scene) -> None:
    """S1: go-on needs the right and a reason, counts for one step, and is written down."""
    at_ten(scene)
    scene.alarm.turn("INSUFFICIENT_DATA", scene.clock.now())
    scene.until("paused")
    assert not scene.wish("go-on", EVA).ok, "without a reason"
    assert not scene.wish("go-on", OSKAR, reason="x").ok, "an outsider"
    assert scene.wish("go-on", EVA, reason="no traffic at night").ok
    scene.proven(50)
    scene.look(3)
    assert scene.newest.phase == "paused", "the waiver was for one step"
    assert max(raises(scene)) == 50


@pytest.mark.parametrize("spoil", ["fail", "blind"])
def test_s1_go_on_never_on_fail_or_blind(scene: Scene, spoil: str) -> None:
    """S1: go-on never overrides a red alarm, and never acts blind."""
    at_ten(scene)
    if spoil == "fail":
        scene.alarm.turn("ALARM", scene.clock.now())
    else:
        scene.world.faults.targets_unreadable = 99
    scene.look(7)
    assert not scene.wish("go-on", EVA, reason="I want it").ok
    assert max(raises(scene)) == 10


def test_s2_blind_holds_and_pages(scene: Scene) -> None:
    """S2: an alarm API that fails holds the weight, pages, and no deadline acts however long it lasts."""
    at_ten(scene)
    scene.world.faults.alarms_unreadable = 10_000
    scene.look(300)
    row = scene.newest
    assert (row.phase, row.cause and row.cause.kind) == (Phase.PAUSED, "blind")
    assert raises(scene) == [10]
    assert len(paged(scene)) == 1
    scene.world.faults.alarms_unreadable = 0
    scene.until("stepping")
    scene.until("succeeded")


def test_s2_absent_alarm_is_blind_not_fine(scene: Scene) -> None:
    """S2: an alarm that was deleted holds the rollout; `all()` of nothing is not PASS."""
    at_ten(scene)
    del scene.world.alarms["my-app-errors"]
    scene.look(30)
    assert scene.newest.phase == "paused"
    assert raises(scene) == [10]


def test_s2_no_data_waits_asks_then_rolls_back(scene: Scene) -> None:
    """S2: no data never advances: it waits, asks, and the policy takes it back."""
    at_ten(scene)
    scene.alarm.turn("INSUFFICIENT_DATA", scene.clock.now())
    scene.until("paused")
    scene.until("rolled_back")
    assert paged(scene)
    assert raises(scene) == [10, 0]


def test_s2_no_data_policy_hold_and_return(opened: Open) -> None:
    """S2: with policy hold it waits for ever, and goes on by itself when data come back."""
    scene = at_ten(opened(no_data_policy="hold"))
    scene.alarm.turn("INSUFFICIENT_DATA", scene.clock.now())
    scene.look(200)
    assert scene.newest.phase == "paused"
    scene.alarm.turn("OK", scene.clock.now())
    scene.until("succeeded")


def test_s2_alarm_may_ask_at_once_or_pass(opened: Open) -> None:
    """S2: per alarm, no data may ask at once (a page) or count as fine."""
    asks = at_ten(opened(alarms=({"name": "my-app-errors", "no_data": "ask"},)))
    asks.alarm.turn("INSUFFICIENT_DATA", asks.clock.now())
    asks.look(2)
    assert paged(asks)
    passes = at_ten(opened(alarms=({"name": "my-app-errors", "no_data": "pass"},)))
    passes.alarm.turn("INSUFFICIENT_DATA", passes.clock.now())
    passes.until("succeeded")


@pytest.mark.parametrize("phase", sorted(TERMINAL))
def test_s3_terminal_is_absorbing(scene: Scene, phase: Phase) -> None:
    """S3: an ended row takes no wish, no look, and no write."""
    from rollout.errors import Refused, Stale
    from rollout.machine import decide
    from rollout.wishes import apply
    from tests.rollout.make import ask, row

    ended = row(phase)
    for verb in ACCEPTS:
        with pytest.raises(Refused):
            apply(ended, ask(verb), ANA, ended.created_at)
    look = scene.world.observe([at_ten(scene).newest])[1]
    assert decide(ended, look, scene.clock.now()).rollout == ended
    done = scene.newest
    with scene.store.work() as work:
        kept = work.save(done.enter(Phase.CANCELLED, scene.clock.now()))
    with pytest.raises(Stale), scene.store.work() as work:
        work.save(kept.but(proven=50))


@pytest.mark.parametrize("phase", sorted(LIVE))
def test_s4_rollback_from_every_live_phase(phase: Phase) -> None:
    """S4: every live phase takes rollback, from the newest card and from any older one."""
    from rollout.wishes import apply
    from tests.rollout.make import ask, row

    live = row(phase)
    old = Bound(rollout=live.id, step=7, plan_hash="other")
    for bound in (None, live.bound, old):
        after = apply(live, ask("rollback", bound=bound), ANA, live.created_at)
        assert after.phase in (Phase.ROLLING_BACK, Phase.CANCELLED)


@pytest.mark.parametrize("percent", [10, 50, 100])
def test_s4_rollback_ends_at_zero_seen(scene: Scene, percent: int) -> None:
    """S4: after a rollback the row says rolled_back only when AWS showed 0 % twice; the target is held."""
    scene.wish("start")
    scene.proven(percent)
    assert scene.wish("rollback", BEN).ok
    row = scene.until("rolled_back")
    assert scene.target.share("1") == 100
    assert row.proven == 0
    with scene.store.reads() as reads:
        hold = reads.hold("my-app", "prod")
    assert hold is not None and hold.by == BEN and hold.veto == ""


def test_s4_rollback_outranks_a_lost_raise(scene: Scene) -> None:
    """S4: a raise whose reply was lost does not keep a rollback from ending at 0 %."""
    at_ten(scene)
    scene.world.faults.replies_lost = 1
    while raises(scene)[-1] == 10:
        scene.look()
    scene.wish("rollback")
    scene.until("rolled_back")
    assert scene.target.share("1") == 100


def test_s4_rollback_goes_on_while_aws_is_away(scene: Scene) -> None:
    """S4: a rollback asked for during an outage runs when AWS is back, paged meanwhile, and is never given up."""
    at_ten(scene)
    scene.world.faults.targets_unreadable = scene.world.faults.writes_refused = 10_000
    scene.wish("rollback")
    scene.look(120)
    assert scene.newest.phase in (Phase.ROLLING_BACK, Phase.STUCK)
    assert paged(scene)
    scene.world.faults.targets_unreadable = scene.world.faults.writes_refused = 0
    scene.until("rolled_back")


def test_s5_succeeded_only_after_a_seen_and_baked_hundred(scene: Scene) -> None:
    """S5: success comes after 100 % was seen twice and watched for the final bake."""
    scene.wish("start")
    scene.proven(100)
    begun = scene.clock.now()
    row = scene.until("succeeded")
    assert scene.clock.now() - begun >= row.terms.bake
    assert row.baked >= row.terms.bake


def test_s5_a_final_bake_that_is_never_good_does_not_succeed(scene: Scene) -> None:
    """S5: without good looks at 100 % the final bake ends in a pause and a page, never in success."""
    scene.wish("start")
    scene.proven(100)
    for _ in range(200):
        scene.world.faults.alarms_unreadable = 1 if scene.world.faults.alarms_unreadable == 0 else 0
        scene.look()
        if scene.newest.phase == "paused":
            break
    assert scene.newest.phase in ("paused", "final_bake")


def test_s6_one_live_rollout_per_target(scene: Scene) -> None:
    """S6: a second start is refused with who, where and how far, and offers the way to it."""
    at_ten(scene)
    reply = scene.wish("start", BEN)
    assert not reply.ok
    assert reply.offer == "status"
    assert "#1" in reply.text and "10 %" in reply.text and "ana" in reply.text


def test_s7_a_raise_needs_the_candidate_known_healthy(scene: Scene) -> None:
    """S7: an unknown receiving side gets no traffic; a sick one is taken back."""
    scene.target.versions["2"] = SideHealth(state="unknown", text="Pending")
    scene.wish("start")
    scene.look(20)
    assert raises(scene) == []
    scene.target.versions["2"] = SideHealth(state="healthy")
    scene.proven(10)
    scene.target.versions["2"] = SICK
    scene.until("rolled_back")
    assert "not healthy" in (scene.newest.cause.text if scene.newest.cause else "")


def test_s7_launch_deadline_goes_back(scene: Scene) -> None:
    """S7: a candidate that never becomes healthy ends the rollout without traffic."""
    scene.target.versions["2"] = SideHealth(state="unknown", text="Pending")
    scene.wish("start")
    scene.until("cancelled")
    assert raises(scene) == []


def test_s7_rollback_is_held_only_while_stable_is_known_sick(scene: Scene) -> None:
    """S7: stable known sick holds the rollback and pages; it goes on by itself when stable is well again."""
    at_ten(scene)
    scene.target.versions["1"] = SICK
    scene.wish("rollback")
    scene.until("stuck")
    scene.look(5)
    assert raises(scene) == [10]
    assert paged(scene)
    scene.target.versions["1"] = SideHealth(state="unknown")
    scene.until("rolled_back")


def test_s7_roll_back_anyway_needs_a_reason(scene: Scene) -> None:
    """S7: [Roll back anyway] goes onto a sick stable side, with a reason."""
    at_ten(scene)
    scene.target.versions["1"] = SICK
    scene.wish("rollback")
    scene.until("stuck")
    assert not scene.wish("rollback", force=True).ok
    assert scene.wish("rollback", force=True, reason="both are sick, 1 less so").ok
    scene.until("rolled_back")


def test_s8_every_effect_has_an_earlier_intent(scene: Scene) -> None:
    """S8: each write carries the key of an intent that was planned before it."""
    scene.wish("start")
    scene.until("succeeded")
    with scene.store.reads() as reads:
        planned = {intent.key: intent for intent in reads.intents(1)}
    for at, _, _, key in scene.target.applied:
        assert planned[key].planned_at <= at
        assert planned[key].state == "done"


@pytest.mark.parametrize("verb", ["promote", "approve", "resume", "retry", "go-on", "adopt", "restore"])
def test_s9_stale_upward_clicks_change_nothing(verb: str) -> None:
    """S9: an upward button of another step or another plan is refused and says so."""
    from rollout.errors import Refused
    from rollout.wishes import apply
    from tests.rollout.make import ask, row

    for phase in ACCEPTS[verb]:
        live = row(phase)
        for bound in (
            live.bound.model_copy(update={"step": 1}),
            live.bound.model_copy(update={"plan_hash": "x"}),
        ):
            with pytest.raises(Refused, match="this button is from step"):
                apply(live, ask(verb, bound=bound), EVA, live.created_at)


def test_s10_a_transaction_that_fails_leaves_nothing(scene: Scene) -> None:
    """S10: when the commit of a wish fails, neither row, answer, audit nor notice of it remain."""

    def hit(name: str) -> None:
        if name == "L1":
            raise RuntimeError("power cut")

    at_ten(scene)
    before, told, (count, _) = scene.newest, len(scene.notices()), scene.store.verify()
    scene.failpoint = hit
    with pytest.raises(RuntimeError):
        scene.wish("pause")
    assert (scene.newest, len(scene.notices()), scene.store.verify()[0]) == (before, told, count)


def test_s11_the_old_side_goes_only_after_a_proven_hundred(scene: Scene) -> None:
    """S11: Retire(stable) is asked for only at 100 % seen; Retire(candidate) only at 0 % seen, after settle."""
    from rollout.machine import decide
    from tests.rollout.make import look_at, row

    for percent in (50, 100):
        live = row(Phase.RETIRING).but(proven=percent)
        seen = look_at(live, percent=percent, retired=())
        wanted = decide(live, seen, seen.at).actions
        assert [action.kind for action in wanted] == (["retire"] if percent == 100 else [])
    falling = row(Phase.ROLLING_BACK).but(proven=0)
    assert [
        a.kind for a in decide(falling, look_at(falling, percent=0, retired=()), falling.created_at).actions
    ] == ["retire"]
    assert scene.live is None


@pytest.mark.parametrize("phase", sorted(LIVE - {Phase.REQUESTED, Phase.ROLLING_BACK, Phase.STUCK}))
def test_s12_fail_goes_back_from_every_phase(phase: Phase) -> None:
    """S12: a red alarm takes every phase after Launch back at once, and refuses the ones before."""
    from rollout.machine import decide
    from tests.rollout.make import look_at, row

    live = row(phase)
    after = decide(live, look_at(live, alarm="ALARM"), live.created_at)
    if phase is Phase.AWAITING_APPROVAL:
        assert after.rollout.phase is Phase.REFUSED
        return
    if phase is Phase.LAUNCHING:
        assert after.rollout.phase is Phase.ROLLED_BACK, "nothing moved, so it is back at once"
        return
    assert after.rollout.phase is Phase.ROLLING_BACK
    assert [getattr(action, "percent", None) for action in after.actions] == [0]


def test_s12_a_flicker_between_looks_is_seen(scene: Scene) -> None:
    """S12: an alarm that was red and is OK again by the next look still takes the rollout back."""
    at_ten(scene)
    scene.alarm.turn("ALARM", scene.clock.now())
    scene.alarm.turn("OK", scene.clock.now() + timedelta(seconds=1))
    scene.clock.advance(timedelta(seconds=2))
    scene.until("rolled_back")


def test_s12_automatic_rollback_vetoes_the_release(scene: Scene) -> None:
    """S12: after an automatic rollback the target is held and the release vetoed until somebody releases it."""
    at_ten(scene)
    scene.alarm.turn("ALARM", scene.clock.now())
    scene.until("rolled_back")
    scene.alarm.turn("OK", scene.clock.now())
    with scene.store.reads() as reads:
        hold = reads.hold("my-app", "prod")
    assert hold is not None and hold.veto == "2"
    assert not scene.wish("start").ok
    assert not scene.wish("unlock").ok, "a reason is needed"
    assert scene.wish("unlock", reason="found it").ok
    assert scene.wish("start").ok


def test_s13_red_before_the_start_refuses_by_name(scene: Scene) -> None:
    """S13: an alarm that is red before the start refuses it, by name, before anything changes."""
    scene.alarm.turn("ALARM", scene.clock.now())
    scene.wish("start")
    row = scene.until("refused")
    assert row.cause is not None and "my-app-errors" in row.cause.text
    assert scene.target.applied == []


def test_s13_going_back_is_not_refused_by_the_alarm_it_answers(scene: Scene) -> None:
    """S13: a red alarm neither refuses, holds nor turns round a way back; one that turns red after it pages."""
    scene.wish("start")
    scene.until("succeeded")
    scene.alarm.turn("ALARM", scene.clock.now())
    assert scene.wish("rollback").ok
    scene.proven(100)
    assert scene.target.main == "1"
    scene.alarm.turn("OK", scene.clock.now())
    scene.look(2)
    scene.clock.advance(timedelta(seconds=1))
    scene.alarm.turn("ALARM", scene.clock.now())
    scene.look(2)
    assert "turned red after that" in paged(scene)[0]
    scene.until("succeeded")
    assert scene.target.main == "1"


@pytest.mark.parametrize(
    ("main", "extra"), [("1", {"2": 30}), ("1", {}), ("2", {}), ("7", {}), ("1", {"7": 20})]
)
def test_s14_foreign_edits_are_noticed_within_two_looks(
    scene: Scene, main: str, extra: dict[str, int]
) -> None:
    """S14: a foreign split pauses the rollout within two looks, shows old and new, and is not overwritten."""
    at_ten(scene)
    scene.look()
    scene.target.write(scene.clock.now(), main, extra, "hand")
    scene.look(2)
    row = scene.newest
    assert (row.phase, row.cause and row.cause.kind) == (Phase.PAUSED, "drift")
    assert row.cause is not None and "10 % →" in row.cause.text
    scene.look(20)
    assert (scene.target.main, scene.target.extra) == (main, extra)


def test_s14_equivalent_forms_are_not_drift(scene: Scene) -> None:
    """S14: a rewrite that means the same split is no drift."""
    at_ten(scene)
    for _ in range(5):
        scene.target.write(scene.clock.now(), "1", {"2": 10, "9": 0}, "hand")
        scene.look()
    assert scene.newest.phase == "stepping"
    scene.until("succeeded")


@pytest.mark.parametrize("verb", ["restore", "adopt", "rollback"])
def test_s14_the_three_answers_to_drift(scene: Scene, verb: str) -> None:
    """S14: restore puts it back and goes on, adopt accepts and ends, rollback goes to 0 %."""
    at_ten(scene)
    scene.target.write(scene.clock.now(), "1", {"2": 30}, "hand")
    scene.until("paused")
    assert scene.wish(verb, reason="known").ok
    ends = {"restore": "succeeded", "adopt": "adopted", "rollback": "rolled_back"}
    scene.until(ends[verb])
    shares = {"restore": 100, "adopt": 30, "rollback": 0}
    assert scene.target.share("2") == shares[verb]


def test_s14_drift_that_is_undone_ends_the_pause(scene: Scene) -> None:
    """S14: when whoever changed it puts it back, the rollout goes on by itself."""
    at_ten(scene)
    scene.target.write(scene.clock.now(), "7", {}, "hand")
    scene.until("paused")
    scene.target.write(scene.clock.now(), "1", {"2": 10}, "hand")
    scene.until("succeeded")


def test_s14_rolling_back_overwrites_our_sides_only(scene: Scene) -> None:
    """S14: while rolling back, a third version in the split is stuck until a person says rollback once more."""
    at_ten(scene)
    scene.target.write(scene.clock.now(), "7", {"2": 10}, "hand")
    scene.wish("rollback")
    scene.until("stuck")
    assert scene.target.main == "7"
    assert scene.wish("rollback").ok
    scene.until("rolled_back")
    assert scene.target.main == "1"


def test_s14_a_persons_pause_survives_a_drift_on_top(scene: Scene) -> None:
    """S14: a drift that comes and goes during a person's pause ends in that pause, not in a raise."""
    at_ten(scene)
    scene.wish("pause")
    scene.look()
    scene.target.write(scene.clock.now(), "1", {"2": 30}, "hand")
    scene.look(3)
    assert scene.newest.cause and scene.newest.cause.kind == "drift"
    scene.target.write(scene.clock.now(), "1", {"2": 10}, "hand")
    scene.look(20)
    row = scene.newest
    assert (row.phase, row.cause and row.cause.kind) == (Phase.PAUSED, "person")
    assert scene.wish("resume").ok
    scene.until("succeeded")


@pytest.mark.parametrize("hours", [-24, -1, 1, 24])
def test_bake_is_watched_time(scene: Scene, hours: int) -> None:
    """A clock that is set, either way, gains at most three look intervals of bake and never stalls it."""
    at_ten(scene)
    scene.look(2)
    before = scene.newest.baked
    scene.clock.advance(timedelta(hours=hours))
    scene.look()
    assert before <= scene.newest.baked <= before + 3 * timedelta(seconds=30)
    assert scene.newest.step == 0
    scene.until("succeeded")


def test_outsiders_and_self_approval_are_refused(opened: Open) -> None:
    """Four eyes: the requester never counts, nobody counts twice, an outsider not at all; all of it is audited."""
    scene = opened("10%, approve 2, 100%", approval={"by": 2})
    scene.wish("start", BEN)
    scene.until("waiting")
    assert not scene.wish("approve", BEN).ok
    assert not scene.wish("approve", OSKAR).ok
    assert scene.wish("approve", EVA).ok
    assert not scene.wish("approve", EVA).ok
    scene.look(2)
    assert scene.newest.phase == "waiting"
    kinds = [line for line in _kinds(scene) if line in ("denied", "refused")]
    assert len(kinds) == 3


def _kinds(scene: Scene) -> list[str]:
    import json

    with scene.store.reads() as reads:
        return [json.loads(row.body)["kind"] for row in reads.audit_page()]


def test_events_mention_who_asked_when_it_ends(scene: Scene) -> None:
    """What ends a rollout or needs a human is loud; what rises quietly is not."""
    scene.wish("start")
    scene.until("succeeded")
    events = [notice for notice in scene.notices() if isinstance(notice, Event)]
    assert [event.what for event in events if event.loud] == ["succeeded"]
    assert [event.percent for event in events if event.what == "raised"] == [10, 50, 100]


@pytest.mark.parametrize("fault", ["alarms_unreadable", "targets_unreadable"])
def test_s2_no_first_raise_while_blind(scene: Scene, fault: str) -> None:
    """S2: the first raise, out of launching, needs sight like any other."""
    scene.wish("start")
    scene.look()
    scene.target.versions["2"] = SideHealth(state="healthy")
    setattr(scene.world.faults, fault, 4)
    scene.look(4)
    assert raises(scene) == []
    scene.look(3)
    assert raises(scene) == [10]


def test_s1_after_an_approval_the_raise_still_needs_pass(opened: Open) -> None:
    """S1: a signature is no evidence: after the approve step a blind or silent alarm still holds the raise."""
    scene = opened("10%, approve, 50% 1m, 100%")
    scene.wish("start")
    scene.until("waiting")
    scene.world.faults.alarms_unreadable = 3
    assert scene.wish("approve", EVA).ok
    scene.look(2)
    assert raises(scene) == [10]
    scene.proven(50)


def test_a_request_outside_the_grammar_is_audited(scene: Scene) -> None:
    """Every refusal is audited: also the one that never became a wish, its foreign words clipped and printable."""
    import json

    from rollout.errors import BadInput

    scene.bot.turned_away("\x00\u202e" + "x" * 40_000, OSKAR, BadInput("a control character at 1", "type it again"))
    with scene.store.reads() as reads:
        body = json.loads(reads.audit_page()[-1].body)
    assert (body["kind"], body["actor"]) == ("refused", "cli:oskar")
    assert len(body["facts"]["words"]) == 200
    assert body["facts"]["words"].isprintable()
