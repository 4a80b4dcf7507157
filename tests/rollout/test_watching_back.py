"""The way back of a deployment that AWS runs: what is home, what is not, and what is not ours to overwrite."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rollout.model import Phase
from rollout.notices import NeedsHuman
from tests.rollout.scene import ANA, Scene
from tests.rollout.test_watching import aws, scene_of, started, verbs


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """A deployment of version 2 that AWS has brought to a tenth."""
    made = scene_of(tmp_path / "t.db")
    started(made)
    made.wish("promote")
    made.proven(10)
    yield made
    made.close()


def test_a_failure_without_traffic_is_no_home(tmp_path: Path) -> None:
    """AWS gave up before any traffic moved and is still asked for the new release: the old one is deployed anew."""
    scene = scene_of(tmp_path / "t.db")
    try:
        scene.wish("start")
        scene.until("stepping")
        scene.look(2)
        aws(scene).break_down(scene.clock.now(), back=False)
        assert scene.until("rolled_back").proven == 0
        assert verbs(scene)[-1] == "launch/1"
    finally:
        scene.close()


def test_what_a_colleague_deployed_over_it_stays(scene: Scene) -> None:
    """S14: ours has failed, somebody's fix serves everything: nothing is sent, not even at the first sight of it."""
    aws(scene).break_down(scene.clock.now(), back=False)
    scene.until("rolling_back")
    aws(scene).split = "9: 100 %"
    stuck = scene.until("stuck")
    assert stuck.cause is not None and stuck.cause.text == "somebody else changed the traffic: 9: 100 %"
    scene.look(5)
    assert "launch/1" not in verbs(scene)
    pages = [one for one in scene.notices() if isinstance(one, NeedsHuman)]
    aws(scene).split = "9 by d-7 (Succeeded): 100 %"
    scene.look(3)
    now = scene.newest.cause
    assert now is not None and now.text == "somebody else changed the traffic: 9 by d-7 (Succeeded): 100 %"
    assert [one for one in scene.notices() if isinstance(one, NeedsHuman)] == pages, "nobody is called anew"


def test_a_second_word_overwrites_it(scene: Scene) -> None:
    """[Roll back] once more, by a person who was told what serves."""
    aws(scene).break_down(scene.clock.now(), back=False)
    aws(scene).split = "9: 100 %"
    scene.until("stuck")
    assert scene.wish("rollback", ANA).ok
    scene.until("rolled_back")
    assert verbs(scene)[-1] == "launch/1"


def test_a_way_back_that_does_not_arrive_vetoes_nothing(tmp_path: Path) -> None:
    """It led to a release that served before: what is held is the target, not that release."""
    scene = scene_of(tmp_path / "t.db")
    try:
        started(scene)
        scene.wish("promote")
        scene.until("waiting")
        scene.look()
        for _ in range(20):
            if scene.newest.phase is Phase.SUCCEEDED:
                break
            scene.wish("promote")
            scene.look(8)
        assert scene.wish("rollback").ok
        scene.until("stepping")
        scene.look(2)
        aws(scene).break_down(scene.clock.now(), back=True)
        back = scene.until("rolled_back")
        assert back.back and back.candidate is not None and back.candidate.id == "1"
        with scene.store.reads() as reads:
            hold = reads.hold("my-app", "prod")
        assert hold is not None and hold.veto == ""
    finally:
        scene.close()


def test_what_aws_took_and_never_lists_is_undone_all_the_same(tmp_path: Path) -> None:
    """No deployment is shown, and who gets what is unknown: the old release is asked for, nobody waits for a page."""
    scene = scene_of(tmp_path / "t.db")
    try:
        aws(scene).lists_late = 10**6
        scene.wish("start")
        scene.until("launching")
        scene.look(2)
        aws(scene).unknown = True
        assert scene.wish("rollback").ok
        scene.look(3)
        assert verbs(scene)[-1] == "launch/1"
    finally:
        scene.close()
