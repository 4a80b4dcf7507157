"""The answer of a dry run, over real rows: what would be refused is never said to run."""

import pytest

from rollout.ask import Ask
from rollout.dry_run import dry_run
from rollout.plan import Plan
from rollout.ports import Hold, Reply
from rollout.terms import Terms
from tests.rollout.scene import BEN, Scene

TERMS = Terms(plan=Plan.parse("canary", "10% 5m, 50% 10m, 100%"))
PLAN = "canary: 10% 5m, 50% 10m, 100%; then bake 15m"


def asked(scene: Scene, release: str = "", terms: Terms = TERMS) -> Reply:
    """The answer now."""
    with scene.store.reads() as reads:
        return dry_run(reads, Ask(verb="start", app="my-app", env="prod", release=release), terms, scene.clock.now())


def held(scene: Scene) -> None:
    """Ben took version 2 back."""
    scene.wish("start")
    scene.proven(10)
    scene.wish("rollback", BEN, reason="slow")
    scene.until("rolled_back")


def test_where_nothing_stands_against_it_only_the_plan_is_said(scene: Scene) -> None:
    """And what nobody looked at: an answer without AWS must not sound as if it knew."""
    answer = asked(scene)
    assert (answer.ok, answer.text) == (True, f"my-app/prod would run {PLAN}")
    unseen = "nothing was started; AWS was not asked: whether a release can be deployed, what serves now, the alarms"
    assert answer.hint == unseen
    after = asked(scene, "2", TERMS.model_copy(update={"after": "staging"}))
    assert "whether 2 can be deployed, whether it has succeeded in staging, what" in after.hint


def test_a_busy_target_is_said_with_whose_it_is(scene: Scene) -> None:
    """What would be refused does not run, and by whom it is busy helps whoever asked."""
    scene.wish("start")
    scene.proven(10)
    text = asked(scene).text
    assert text.startswith("my-app/prod would be refused now: it is busy, #1 is rising, started by ana ")
    assert text.endswith(f" ago. Its plan would be {PLAN}")
    assert "would run" not in text


@pytest.mark.parametrize(("release", "veto"), [
    ("", "; and 2 was taken back, if that is the newest: unlock lets it be deployed again"),
    ("2", "; and 2 was taken back: unlock lets it be deployed again"), ("1", ""),
])  # fmt: skip
def test_a_held_target_and_a_vetoed_release_are_said(scene: Scene, release: str, veto: str) -> None:
    """Since when and why; the release that was taken back where it may be the one that is meant."""
    with scene.store.work() as work:
        work.put_hold(Hold(app="my-app", env="prod", rollout=1, reason="errors red", veto="2", at=scene.clock.now()))
    assert asked(scene, release).text == (
        f"my-app/prod would be refused now: it is held since #1: errors red{veto}. "
        f"Its plan would be {PLAN}"
    )


def test_a_persons_hold_says_whose_it_is(scene: Scene) -> None:
    """Somebody to ask."""
    held(scene)
    assert "it is held by ben since #1: rolled back: slow. Its plan" in asked(scene).text


def test_what_it_says_is_what_a_start_is_told(scene: Scene) -> None:
    """Refused by the door exactly where the dry run says so."""
    for prepare in (lambda _: None, held, lambda it: it.wish("unlock", reason="mended")):
        prepare(scene)
        refused = "would be refused" in asked(scene).text
        reply = scene.wish("start")
        assert reply.ok is not refused
        if reply.ok:
            assert "would be refused" in asked(scene).text
            scene.wish("rollback")
            scene.until("cancelled")
