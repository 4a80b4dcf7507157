"""The whole inside against a model: wishes, old cards, looks, alarms, foreign hands, lost replies, clocks, crashes.

After every step the global invariants are checked against the simulated world, which is the oracle: what it applied is
what happened, whatever the bot believes. Hypothesis plays few worlds and looks for odd ones; seeds play many.
"""

import os
import subprocess
import sys
from pathlib import Path
from random import Random

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from rollout import wishes
from tests.rollout.soak import Kept, soak
from tests.rollout.world import BEGINNINGS, STEPS, Broken, Step, World, draw, history, play, play_seeds, shorter

ROOT = Path(__file__).parents[2]
LENGTH = 50
PARTS = 8
WORLDS = int(os.environ.get("TIDEGATE_SOAK", "2000"))
"""Worlds that are played from seeds: 2,000 of 50 steps are the 100,000 steps of every run."""


def any_of(table):
    """Words as Hypothesis draws them."""
    return st.fixed_dictionaries({name: st.sampled_from(some) for name, some in table.items()})


class Machine(RuleBasedStateMachine):
    """Hypothesis draws from the same table as seeds do, and makes what breaks shorter."""

    @initialize(words=any_of(BEGINNINGS))
    def begin(self, words):
        """A fresh bot and a fresh world."""
        self.world = World(**words)

    @rule(step=st.one_of([st.builds(Step, st.just(name), any_of(table)) for name, table in STEPS.items()]))
    def step(self, step):
        """Anything happens."""
        self.world.do(step)

    def teardown(self):
        """Everything ends, or waits for a person."""
        if hasattr(self, "world"):
            try:
                self.world.end()
            finally:
                self.world.close()


TestWorld = Machine.TestCase
TestWorld.settings = settings(
    max_examples=40, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_worlds_from_seeds(part, tmp_path):
    """In 2,000 worlds of 50 steps no rule of the inside is broken; a seed that breaks one is said, made short."""
    worlds, kept = max(WORLDS // PARTS, 1), tmp_path / "kept.json"
    numbers = {"first": part * worlds, "part": worlds, "steps": worlds * LENGTH, "length": LENGTH}
    words = [word for name, number in numbers.items() for word in (f"--{name}", str(number))]
    # A child of its own: counting covered lines would cost it half as much again, and TestWorld has covered them.
    child = [sys.executable, "-m", "tests.rollout.soak", "--kept", str(kept), *words]
    done = subprocess.run(child, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert Kept.model_validate_json(kept.read_text()).steps == worlds * LENGTH


def test_every_kind_of_step_is_played():
    """Few seeds are enough for every rule of the table with every word it has."""
    steps = [step for seed in range(400) for step in history(seed, LENGTH)]
    played = [(step.rule, *word) for step in steps for word in step.words.items()]
    table = {"begin": BEGINNINGS, **STEPS}
    assert set(played) == {(name, word, one) for name, words in table.items() for word in words for one in words[word]}


def test_a_seed_is_a_world():
    """The same seed is the same history; another is another."""
    assert history(7, LENGTH) == history(7, LENGTH) != history(8, LENGTH)
    assert draw(Random(1), "wish").rule == "wish"


@pytest.mark.parametrize("nth", range(1, 40))
def test_any_transaction_may_be_the_last(nth):
    """S10: a rollout is cut off before its nth transaction: row, trail and effects agree, and it goes on to its end."""
    look, cut = Step("look", {"times": 2}), Step("power_cut", {"nth": 1})
    play([Step("begin", {"plan": "100%", "gated": True, "four_eyes": False}), *[look] * (nth // 8),
          cut._replace(words={"nth": nth % 8 + 1}), *[look] * 20])  # fmt: skip


def stale_approval(rollout, ask):
    """The planted bug: a card of another step counts."""


def test_a_planted_bug_is_found_and_said_shortly(monkeypatch):
    """With stale approvals accepted some seed of the first hundred breaks, and its history is a handful of steps."""
    monkeypatch.setattr(wishes, "_current", stale_approval)
    with pytest.raises(Broken, match="S9: a stale upward click was obeyed") as broken:
        play_seeds(range(100), LENGTH)
    assert str(broken.value).count("\n") < 14


def test_what_is_not_needed_is_left_out():
    """Shortening keeps the beginning and what breaks, and nothing else."""
    assert shorter([*"b123456789"], lambda some: {"3", "8"} <= set(some)) == [*"b38"]


def test_a_soak_goes_on_where_it_stopped(tmp_path):
    """Parts are kept as they end: a second call plays what is missing, and a broken world is counted and said."""
    kept = tmp_path / "kept.json"
    first = soak(steps=4 * LENGTH, length=LENGTH, part=2, most_parts=1, kept=kept)
    assert (first.steps, first.next, first.broken) == (2 * LENGTH, 2, [])
    again = soak(steps=4 * LENGTH, length=LENGTH, part=2, kept=kept)
    assert (again.steps, again.next) == (4 * LENGTH, 4)
    assert Kept.model_validate_json(kept.read_text()) == again
    assert soak(steps=4 * LENGTH, length=LENGTH, part=2, kept=kept) == again


def test_nothing_stays_open(tmp_path):
    """A world that was played leaves no folder behind."""
    world = World(**draw(Random(3), "begin").words)
    folder = world.folder
    world.close()
    assert not folder.exists()
    play(history(1, 3))
