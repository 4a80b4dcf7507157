"""Deployments that AWS runs: begun on evidence, followed, their waits answered once, and back to the end."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from rollout.actions import Continue, Launch, Stop
from rollout.model import LIVE, Phase, Rollout
from rollout.moves import moves
from rollout.notices import Event
from rollout.plan import Plan
from rollout.seen import SideHealth
from rollout.simulated import SimulatedAlarm
from rollout.simulated_course import SimulatedAws, SimulatedStage
from rollout.terms import AlarmGate, Approval
from tests.rollout.scene import ANA, BEN, EVA, OneApp, Scene

P = Phase


def scene_of(path: Path, **terms: object) -> Scene:
    """my-app, whose traffic AWS moves."""
    scene = Scene(path, OneApp("watch", **terms))
    scene.target.aws = SimulatedAws()
    return scene


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """One with an alarm."""
    made = scene_of(tmp_path / "t.db")
    yield made
    made.close()


def aws(scene: Scene) -> SimulatedAws:
    """What AWS runs."""
    assert scene.target.aws is not None
    return scene.target.aws


def verbs(scene: Scene) -> list[str]:
    """What was asked of AWS, in order."""
    return [key.split("/", 2)[2] for key, _ in scene.world.calls]


def started(scene: Scene) -> Rollout:
    """Up to the first wait."""
    assert scene.wish("start").ok
    return scene.until("waiting")


def test_a_whole_one_is_begun_once_and_answered_by_people(scene: Scene) -> None:
    """Launch, two waits that people answer, AWS's weights on the way, a bake of ours, and AWS's own end."""
    started(scene)
    assert scene.wish("promote").ok
    scene.until("stepping")
    scene.proven(10)
    live = scene.until("waiting")
    assert (live.wait, live.proven) == ("Hook", 10)
    assert scene.wish("promote", BEN).ok
    scene.until("final_bake")
    assert scene.until("retiring").seen.course.wait.id == "Warm"  # type: ignore[union-attr]  # AWS still waits
    assert scene.until("succeeded").proven == 100
    assert verbs(scene) == ["launch/2", "continue/Ready", "continue/Hook"]
    assert aws(scene).continued == [("d-1", "Ready"), ("d-1", "Hook")]


def test_before_it_is_begun_nobody_asks_for_the_health_of_what_is_not_there(scene: Scene) -> None:
    """AWS brings the new side up itself: that it has no task yet is no missing evidence, after that it is."""
    scene.target.versions["2"] = SideHealth(state="unknown", text="no task of it is asked for")
    live = started(scene)
    assert live.wait == "Ready" and live.verdict is not None and live.verdict.cause == "no_data"
    assert not scene.wish("promote").ok


def test_a_button_of_one_wait_does_not_answer_the_next(scene: Scene) -> None:
    """S9: the card of the first wait, pressed again while AWS is at the second, changes nothing and says so."""
    old = started(scene).bound
    assert scene.wish("promote", bound=old).ok
    scene.until("stepping")
    scene.until("waiting")
    again = scene.wish("promote", bound=old)
    assert not again.ok and "no longer waits" in again.text
    scene.look(5)
    assert aws(scene).continued == [("d-1", "Ready")]


@pytest.mark.parametrize("verb", ["promote", "approve"])
def test_nothing_goes_on_from_a_wait_while_it_is_not_known_healthy(scene: Scene, verb: str) -> None:
    """Up needs known healthy: blind is no yes, and a yes given before is kept until it can be seen."""
    started(scene)
    scene.world.faults.alarms_unreadable = 1
    scene.look()
    assert not scene.wish(verb, EVA if verb == "approve" else ANA).ok
    scene.look()
    assert scene.wish("promote").ok
    scene.world.faults.alarms_unreadable = 3
    scene.look(3)
    assert aws(scene).continued == []
    scene.until("stepping")
    assert aws(scene).continued == [("d-1", "Ready")]


def test_four_eyes_hold_at_a_wait_of_aws(tmp_path: Path) -> None:
    """Where approvals are configured a promote is none, the requester does not count, and each wait asks anew."""
    scene = scene_of(tmp_path / "t.db", approval=Approval(by=1))
    started(scene)
    assert not scene.wish("promote").ok
    assert not scene.wish("approve", ANA).ok
    assert scene.wish("approve", EVA).ok
    scene.until("stepping")
    live = scene.until("waiting")
    assert live.signatures == () and aws(scene).continued == [("d-1", "Ready")]
    assert scene.wish("reject", EVA, reason="no").ok
    scene.until("rolled_back")
    scene.close()


def test_an_approve_step_of_the_schedule_is_kept_at_awss_wait(tmp_path: Path) -> None:
    """`0%, approve 2, 100%` asked of AWS: its one wait needs two persons here, and promote is no answer."""
    scene = scene_of(tmp_path / "t.db", schedule=Plan.parse("bluegreen", "0%, approve 2, 100%"))
    started(scene)
    assert not scene.wish("promote").ok
    assert scene.wish("approve", EVA).ok
    scene.look(3)
    assert aws(scene).continued == []
    assert scene.wish("approve", BEN).ok
    scene.until("stepping")
    assert aws(scene).continued == [("d-1", "Ready")]
    scene.close()


def test_without_any_gate_a_person_answers_for_the_start_and_for_each_wait(tmp_path: Path) -> None:
    """no_gate: nothing begins and nothing goes on without go-on and a reason; one waiver is for one place."""
    scene = scene_of(tmp_path / "t.db", alarms=())
    assert scene.wish("start").ok
    assert scene.until("waiting").cause.kind == "no_gate"  # type: ignore[union-attr]  # waiting has a cause
    scene.look(3)
    assert aws(scene).runs == []
    assert scene.wish("go-on", EVA, reason="checked by hand").ok
    for place in ("Ready", "Hook"):
        scene.until("stepping")
        assert scene.until("waiting").wait == place
        assert not scene.wish("promote").ok
        scene.look(4)
        assert ("d-1", place) not in aws(scene).continued
        assert scene.wish("go-on", EVA, reason="checked by hand").ok
    scene.until("stepping")
    assert aws(scene).continued == [("d-1", "Ready"), ("d-1", "Hook")]
    scene.close()


def test_one_waiver_is_for_one_place(scene: Scene) -> None:
    """Begun without data on a person's word; at AWS's wait data is missing again after the yes: it needs a new word."""
    scene.alarm.turn("INSUFFICIENT_DATA", scene.clock.now())
    assert scene.wish("start").ok
    scene.until("paused")
    assert scene.wish("go-on", EVA, reason="no traffic at night").ok
    scene.alarm.turn("OK", scene.clock.now() - timedelta(days=1))
    scene.alarm.past.clear()
    scene.until("waiting")
    scene.look()
    assert scene.wish("promote").ok
    scene.alarm.turn("INSUFFICIENT_DATA", scene.clock.now())
    scene.look(8)
    assert aws(scene).continued == []


def test_a_yes_for_one_wait_is_none_for_the_next(scene: Scene) -> None:
    """AWS goes on by itself, straight into another wait, before it was told of the yes: that one is asked anew."""
    aws(scene).schedule = (
        SimulatedStage("Install", 20, 0), SimulatedStage("First", 600, 0, "shift", "goes_on"),
        SimulatedStage("Second", 3600, 0, "shift", "goes_on"), SimulatedStage("All", 10, 100),
    )  # fmt: skip
    started(scene)
    assert scene.wish("promote").ok
    scene.clock.advance(timedelta(seconds=601))
    scene.look(8)
    assert scene.newest.wait == "Second"
    assert aws(scene).continued == []


def test_a_pause_is_refused_with_what_to_do_instead(scene: Scene) -> None:
    """AWS knows no pause in mid-shift; the refusal names the way back."""
    started(scene)
    answer = scene.wish("pause")
    assert not answer.ok and "knows no pause" in answer.text and "rollback" in answer.hint
    assert scene.newest.phase is P.WAITING


@pytest.mark.parametrize("stage", ["Install", "Ready", "Shift10", "Hook", "Shift100", "Warm"])
def test_a_red_alarm_brings_it_back_from_anywhere(scene: Scene, stage: str) -> None:
    """S12 under Watch: AWS is told to stop, its own way back is followed to the end, nothing is deployed twice."""
    to_stage(scene, stage)
    scene.alarm.turn("ALARM", scene.clock.now())
    scene.until("rolled_back")
    run = aws(scene).runs[-1]
    assert (run.state, run.percent, len(aws(scene).runs)) == ("back", 0, 1)
    assert verbs(scene).count("stop/back") == 1


def test_a_stop_that_aws_took_is_not_said_again_at_every_look(scene: Scene) -> None:
    """AWS needs half a minute to show it: one call, and the audit trail is not full of the same word."""
    to_stage(scene, "Shift10")
    aws(scene).shows_late = 40
    assert scene.wish("rollback").ok
    scene.until("rolled_back")
    assert aws(scene).stops == 1


def to_stage(scene: Scene, stage: str) -> None:
    """Until AWS is there, answering on the way."""
    assert scene.wish("start").ok
    for _ in range(400):
        if aws(scene).runs and aws(scene).runs[-1].stage.name == stage and scene.newest.phase is not P.LAUNCHING:
            return
        live = scene.newest
        if live.phase is P.WAITING and live.go != live.wait:
            scene.wish("promote")
        scene.look()
    raise AssertionError(f"never at {stage}: {scene.newest.phase}")


@pytest.mark.parametrize("stage", ["Install", "Ready", "Shift10", "Hook", "Shift100", "Warm"])
def test_a_click_brings_it_back_from_anywhere(scene: Scene, stage: str) -> None:
    """S4 under Watch, and without traffic it is a cancellation."""
    to_stage(scene, stage)
    had = aws(scene).runs[-1].percent
    assert scene.wish("rollback").ok
    scene.until("rolled_back" if had else "cancelled")
    assert aws(scene).runs[-1].percent == 0


def test_after_aws_has_ended_going_back_is_a_deployment_of_the_old_release(scene: Scene) -> None:
    """During our bake AWS is through: Stop means nothing any more, so the old release is deployed, once."""
    to_stage(scene, "Warm")
    aws(scene).schedule = ()
    aws(scene).runs[-1].state = "done"
    scene.until("final_bake")
    assert scene.wish("rollback").ok
    scene.until("rolled_back")
    assert [run.release for run in aws(scene).runs] == ["2", "1"]
    assert aws(scene).runs[-1].state == "back"


@pytest.mark.parametrize("back", [True, False])
def test_what_aws_ends_by_itself_is_followed(scene: Scene, back: bool) -> None:
    """AWS's own alarm, a person in the console, a failed hook: back to the old release, with AWS's reason."""
    to_stage(scene, "Shift10")
    aws(scene).break_down(scene.clock.now(), back=back)
    ended = scene.until("rolled_back")
    assert ended.cause is not None and ended.cause.kind == "aws"
    assert ("ALARM_ACTIVE" if back else "HEALTH_CONSTRAINTS") in ended.cause.text
    assert [run.release for run in aws(scene).runs] == (["2"] if back else ["2", "1"])
    assert "stop/back" not in verbs(scene)


def test_a_wait_that_runs_out_is_awss_to_end(scene: Scene) -> None:
    """Nobody answers: AWS does what it had said, and the card's rollout follows; reminders come before."""
    started(scene)
    scene.until("cancelled")
    reminders = [one for one in scene.notices() if isinstance(one, Event) and one.what == "reminder"]
    assert len(reminders) == 2 and all("AWS takes it back in" in one.text for one in reminders)


def test_a_status_that_never_moves_meets_the_deadline_and_pages(scene: Scene) -> None:
    """A14: no change beyond the longest interval: told to stop; when that never shows, stuck and paged."""
    to_stage(scene, "Shift10")
    aws(scene).stuck = True
    scene.until("rolling_back", 2000)
    assert scene.newest.cause is not None and scene.newest.cause.kind == "deadline"
    scene.until("stuck", 2000)
    assert "is stuck" in scene.store.outbox.waiting_pages(scene.clock.now())[0].notice.text
    aws(scene).stuck = False
    scene.until("rolled_back")


def test_a_way_back_that_fails_on_aws_is_tried_by_a_deployment(scene: Scene) -> None:
    """ROLLBACK_FAILED: the old release is deployed again, not at every look, until it serves."""
    to_stage(scene, "Shift10")
    aws(scene).way_back_fails = True
    assert scene.wish("rollback").ok
    scene.until("rolled_back")
    assert [run.state for run in aws(scene).runs] == ["failed", "back"]


def test_a_deployment_of_the_old_release_that_fails_is_tried_again(scene: Scene) -> None:
    """Down must arrive: after a minute another one is started, and not at every look before."""
    to_stage(scene, "Warm")
    aws(scene).runs[-1].state = "done"
    scene.until("final_bake")
    assert scene.wish("rollback").ok
    scene.look(3)
    assert [run.release for run in aws(scene).runs] == ["2", "1"]
    aws(scene).runs[-1].state = "failed"
    for _ in range(8):
        scene.look()
    assert len(aws(scene).runs) == 2
    scene.until("rolled_back")
    assert [run.state for run in aws(scene).runs] == ["done", "failed", "back"]


def test_a_rollback_is_sent_though_aws_cannot_be_read(scene: Scene) -> None:
    """Down needs no sight: what was last seen running is told to stop, and that is all that is done blindly."""
    to_stage(scene, "Shift10")
    scene.world.faults.targets_unreadable = 4
    assert scene.wish("rollback").ok
    scene.look(2)
    assert scene.world.faults.targets_unreadable > 0
    assert aws(scene).stops == 1
    scene.until("rolled_back")


def test_a_wish_to_end_the_bake_outlives_a_wait_that_comes_after_it(scene: Scene) -> None:
    """Pressed before AWS began to keep the old side warm: the wish was about the bake, and it still ends."""
    aws(scene).schedule = (
        SimulatedStage("Install", 20, 0), SimulatedStage("All", 60, 100),
        SimulatedStage("Warm", 1200, 100, "remove", "goes_on"), SimulatedStage("CleanUp", 5, 100),
    )  # fmt: skip
    assert scene.wish("start").ok
    live = scene.until("final_bake")
    assert live.wait == "" and scene.wish("promote").ok
    scene.clock.advance(timedelta(seconds=60))
    scene.look(1, every=timedelta(0))
    assert scene.newest.phase is P.RETIRING and scene.newest.wait == "Warm"


def test_a_lost_reply_begins_nothing_twice(scene: Scene) -> None:
    """A02: applied, not answered: what AWS shows settles it, and the intent is done, not unknown for ever."""
    scene.world.faults.replies_lost = 1
    newest = started(scene).id
    assert len(aws(scene).runs) == 1
    with scene.store.reads() as reads:
        states = [(intent.key.split("/", 2)[2], intent.state) for intent in reads.intents(newest)]
    assert states == [("launch/2", "done")]


def test_somebody_elses_deployment_is_told_once_and_pauses_nothing(scene: Scene) -> None:
    """S14 under Watch is a notice."""
    to_stage(scene, "Shift10")
    aws(scene).foreign = "d-OTHER, created by carl"
    scene.look(5)
    told = [one for one in scene.notices() if isinstance(one, Event) and one.what == "foreign"]
    assert [one.text for one in told] == ["d-OTHER, created by carl"]
    assert scene.newest.phase is P.STEPPING


def test_the_alarms_that_aws_watches_become_gates(scene: Scene, tmp_path: Path) -> None:
    """What the group's own configuration names is watched here, too: red before the start refuses it by name."""
    prepare = scene.world._prepare

    def with_alarms(rollout: Rollout) -> dict[str, object]:
        parts = prepare(rollout)
        parts["prepared"] = parts["prepared"].model_copy(update={"alarms": ("my-app-errors", "theirs")})  # type: ignore[attr-defined]  # always prepared here
        return parts

    scene.world._prepare = with_alarms  # type: ignore[method-assign]  # the double is told what AWS configures
    scene.world.alarms["theirs"] = SimulatedAlarm(state="ALARM")
    assert scene.wish("start").ok
    refused = scene.until("refused")
    assert refused.cause is not None and "theirs is red" in refused.cause.text
    scene.world.alarms["theirs"].turn("OK", scene.clock.now() - timedelta(hours=2))
    assert [gate.name for gate in started(scene).terms.alarms] == ["my-app-errors", "theirs"]


@pytest.mark.parametrize("phase", ["waiting", "stepping", "final_bake", "retiring", "rolling_back"])
def test_a_restart_in_any_phase_goes_on_and_the_button_counts_once(scene: Scene, phase: str) -> None:
    """Kill -9: the same row, the same wait, and the press that was drawn before still works exactly once."""
    old = started(scene).bound
    if phase != "waiting":
        scene.wish("promote")
    if phase == "rolling_back":
        scene.look(3)
        scene.wish("rollback")
    while scene.newest.phase != phase:
        if scene.newest.phase is P.WAITING:
            scene.wish("promote")
        scene.look()
    scene.restart()
    assert scene.newest.phase == phase
    if phase == "waiting":
        assert scene.wish("promote", bound=old).ok
        scene.look(2)
        scene.restart()
        scene.wish("promote", bound=old)
        scene.look(6)
        assert aws(scene).continued == [("d-1", "Ready")]
    for _ in range(400):
        if scene.live is None:
            break
        if scene.newest.phase is P.WAITING:
            scene.wish("promote")
        scene.look()
    assert scene.newest.phase == ("rolled_back" if phase == "rolling_back" else "succeeded") or (
        phase == "rolling_back" and scene.newest.phase is P.CANCELLED
    )
    assert [run.release for run in aws(scene).runs] == ["2"]


DISTURBANCES: tuple[Callable[[Scene, Random], object], ...] = (
    lambda scene, seed: scene.wish(seed.choice(["promote", "approve", "go-on", "retry"]), seed.choice([ANA, EVA, BEN])),
    lambda scene, seed: scene.wish("promote", seed.choice([ANA, BEN])),
    lambda scene, seed: scene.alarm.turn(seed.choice(["OK", "OK", "ALARM"]), scene.clock.now()),
    lambda scene, seed: setattr(scene.world.faults, seed.choice(
        ["targets_unreadable", "alarms_unreadable", "writes_refused", "replies_lost", "writes_dropped"]), 2),
    lambda scene, seed: scene.restart(),
    lambda scene, seed: scene.clock.advance(timedelta(seconds=seed.choice([1, 60, 600, 4000]))),
    lambda scene, seed: setattr(aws(scene), "stuck", seed.random() < 0.2),
    lambda scene, seed: aws(scene).break_down(scene.clock.now(), back=seed.random() < 0.5)
    if seed.random() < 0.1 else None,
    lambda scene, seed: scene.target.versions.update({"2": SideHealth.model_validate(
        {"state": seed.choice(["healthy", "healthy", "unknown", "sick"]), "text": "x"})}),
    lambda scene, seed: scene.wish("rollback") if seed.random() < 0.1 else None,
)  # fmt: skip


@pytest.mark.parametrize("number", range(12))
def test_whatever_happens_it_ends_where_it_should(tmp_path: Path, number: int) -> None:
    """People, alarms, faults, crashes: one deployment at most, waits left only on a yes, and the right end in calm."""
    seed = Random(number)
    scene = scene_of(tmp_path / "t.db", approval=Approval(by=1) if seed.random() < 0.3 else None,
                     alarms=(AlarmGate(name="my-app-errors"),) if seed.random() < 0.8 else ())  # fmt: skip
    assert scene.wish("start").ok
    for _ in range(60):
        if scene.newest.phase not in LIVE:
            break
        if seed.random() < 0.3:
            seed.choice(DISTURBANCES)(scene, seed)
        scene.look()
        hold(scene)
    calm(scene)
    assert sum(run.active for run in aws(scene).runs) == 0
    mine = aws(scene).mine(scene.newest.id)
    if scene.newest.phase is P.SUCCEEDED:
        assert (mine[-1].state, mine[-1].percent) == ("done", 100)
    else:
        assert all(run.percent == 0 or run.state == "done" for run in mine[-1:]), scene.newest.phase
        assert not mine or mine[-1].percent == 0
    assert scene.store.verify()[1] is None
    scene.close()


def hold(scene: Scene) -> None:
    """What must hold after every look."""
    runs = aws(scene).runs
    assert sum(run.active for run in runs) <= 1
    assert sum(run.release == "2" for run in runs) <= 1
    assert len(set(aws(scene).continued)) == len(aws(scene).continued)
    newest = scene.newest.id
    with scene.store.reads() as reads:
        intents = reads.intents(newest)
    said = {intent.action.wait for intent in intents if isinstance(intent.action, Continue)}
    assert {wait for _, wait in aws(scene).continued} <= said
    assert all(isinstance(intent.action, Launch | Continue | Stop) for intent in intents)


def calm(scene: Scene) -> None:
    """Nothing goes wrong any more; a person answers what is asked."""
    aws(scene).stuck = aws(scene).way_back_fails = False
    scene.alarm.turn("OK", scene.clock.now() - timedelta(days=1))
    scene.alarm.past.clear()
    for name in ("targets_unreadable", "alarms_unreadable", "writes_refused", "replies_lost", "writes_dropped"):
        setattr(scene.world.faults, name, 0)
    scene.target.versions["2"] = SideHealth(state="healthy")
    for _ in range(900):
        live = scene.live
        if live is None:
            return
        if live.phase is P.WAITING:
            for verb, who in (("promote", ANA), ("approve", EVA), ("go-on", EVA)):
                if scene.wish(verb, who, reason="on").ok:
                    break
        elif live.phase in (P.STUCK, P.PAUSED) and live.elapsed > timedelta(minutes=20):
            scene.wish("retry")
        scene.look()
    raise AssertionError(f"it never ends: {scene.newest.phase} {scene.newest.cause}")


# -- what a second pair of eyes found ------------------------------------------------------------------


def test_what_aws_refused_is_not_begun_later_without_evidence(scene: Scene) -> None:
    """Five refusals hold it; data that lacks meanwhile is no evidence when AWS takes calls again (S1)."""
    scene.world.faults.writes_refused = 5
    assert scene.wish("start").ok
    scene.until("paused")
    scene.alarm.turn("INSUFFICIENT_DATA", scene.clock.now())
    scene.look(20)
    assert aws(scene).runs == []
    scene.alarm.turn("OK", scene.clock.now() - timedelta(days=1))
    scene.alarm.past.clear()
    scene.until("waiting")


def test_going_on_without_evidence_is_no_approval(tmp_path: Path) -> None:
    """Four eyes without a gate: the waiver answers for the evidence, the persons for the rest."""
    scene = scene_of(tmp_path / "t.db", alarms=(), schedule=Plan.parse("bluegreen", "0%, approve 2, 100%"))
    assert scene.wish("start").ok
    scene.until("waiting")
    assert scene.wish("go-on", EVA, reason="by hand").ok
    scene.until("stepping")
    scene.until("waiting")
    assert not scene.wish("approve", EVA).ok
    assert scene.wish("go-on", BEN, reason="by hand").ok
    scene.look(4)
    assert aws(scene).continued == []
    assert scene.wish("approve", EVA).ok and scene.wish("approve", BEN).ok
    scene.until("stepping")
    scene.close()


def test_a_deployment_that_shows_late_is_not_left_alone(scene: Scene) -> None:
    """The start was asked for and its answer lost: a cancelled rollout does not end before it could have shown."""
    aws(scene).lists_late = 30
    assert scene.wish("start").ok
    scene.look(1)
    scene.world.faults.replies_lost = 1
    scene.look(1)
    assert len(aws(scene).runs) == 1
    assert scene.wish("cancel").ok
    scene.until("cancelled")
    assert aws(scene).runs[0].state == "back"


def test_going_back_asks_nobody_and_holds(scene: Scene) -> None:
    """After success: the group's own wait stands in no rollback's way, and the target is held when it has arrived."""
    started(scene)
    for _ in range(300):
        if scene.live is None:
            break
        if scene.newest.phase is P.WAITING and scene.newest.go != scene.newest.wait:
            scene.wish("promote")
        scene.look()
    assert scene.newest.phase is P.SUCCEEDED
    assert scene.wish("rollback").ok
    back = scene.until("succeeded")
    assert back.back and back.id == 2
    with scene.store.reads() as reads:
        hold = reads.hold("my-app", "prod")
    assert hold is not None and hold.veto == "2"


def test_a_removal_that_was_called_off_is_not_made_later(scene: Scene) -> None:
    """Pressed while it bakes, then data lacks, told as not promoted: the old side stays as long as AWS keeps it."""
    to_stage(scene, "Warm")
    scene.until("final_bake")
    scene.look(2)
    assert scene.newest.wait == "Warm"
    scene.alarm.turn("INSUFFICIENT_DATA", scene.clock.now())
    assert scene.wish("promote").ok
    scene.look()
    scene.alarm.turn("OK", scene.clock.now() - timedelta(days=1))
    scene.alarm.past.clear()
    scene.until("retiring")
    scene.look(3)
    assert ("d-1", "Warm") not in aws(scene).continued


def test_a_pause_after_all_traffic_has_moved_can_be_answered(scene: Scene) -> None:
    """ECS may wait at 100 %, too: it asks, and goes on on a word."""
    aws(scene).schedule = (
        SimulatedStage("Install", 20, 0), SimulatedStage("All", 30, 100),
        SimulatedStage("Post", 86_400, 100, "shift", "goes_back"), SimulatedStage("CleanUp", 5, 100),
    )  # fmt: skip
    assert scene.wish("start").ok
    assert scene.until("waiting").wait == "Post"
    assert scene.wish("promote").ok
    scene.until("succeeded")


def test_a_wait_that_aws_never_ends_calls_a_person(scene: Scene) -> None:
    """Told to go on and it does not, or its time is over and nothing happens: it goes back, then sticks and pages."""
    started(scene)
    aws(scene).stuck = True
    aws(scene).deaf = True
    assert scene.wish("promote").ok
    scene.until("rolling_back", 4000)
    assert scene.newest.cause is not None and "although it was told to" in scene.newest.cause.text
    scene.until("stuck", 4000)


def test_a_yes_is_taken_back_where_data_lacks_and_it_says_so(scene: Scene) -> None:
    """Nobody waits in silence for a go that cannot come: the button asks for go-on instead."""
    started(scene)
    assert scene.wish("promote").ok
    scene.alarm.turn("INSUFFICIENT_DATA", scene.clock.now())
    scene.look()
    assert scene.newest.go == ""
    assert [move.verb for move in moves(scene.newest)] == ["go-on", "rollback"]
    assert any(isinstance(one, Event) and one.what == "not_promoted" for one in scene.notices())


def test_awss_way_back_is_followed_out_of_any_pause(scene: Scene) -> None:
    """Paused for data at 100 %, and AWS takes it back: the cause is AWS's, at once."""
    to_stage(scene, "Warm")
    scene.until("final_bake")
    scene.alarm.turn("INSUFFICIENT_DATA", scene.clock.now())
    scene.until("paused")
    aws(scene).break_down(scene.clock.now(), back=True)
    scene.look()
    assert scene.newest.phase is P.ROLLING_BACK
    assert scene.newest.cause is not None and scene.newest.cause.kind == "aws"


def test_nothing_that_aws_still_moves_is_adopted(scene: Scene) -> None:
    """Adopt ends our watching: not while AWS goes on raising or falling."""
    to_stage(scene, "Shift10")
    scene.proven(10)
    scene.target.versions["1"] = SideHealth(state="sick", text="gone")
    scene.alarm.turn("ALARM", scene.clock.now())
    held = scene.until("stuck")
    assert "adopt" not in {move.verb for move in moves(held)}
    answer = scene.wish("adopt", reason="so be it")
    assert not answer.ok and "still under way" in answer.text


def test_a_clean_up_that_hangs_takes_no_baked_release_back(scene: Scene) -> None:
    """Retiring is stuck and pages, as for every other kind; the release that was proven keeps serving."""
    to_stage(scene, "Warm")
    scene.until("retiring")
    aws(scene).runs[-1].at += 1
    aws(scene).stuck = True
    scene.until("stuck", 4000)
    assert scene.newest.resume_to is P.RETIRING and aws(scene).runs[-1].percent == 100
