"""Exactly once: the process is killed at every boundary around the time of a summary, 200 times over."""

import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from bot.digests import Digests
from demo.workspace import Workspace, WorkspaceConfig
from store import open_store
from tests.bot.dial import Dial
from tests.bot.digest_rig import DAILY, Dice, Naive, Rig

SEEDS = 200
DAYS = 2
"""Summaries per seed."""
KILLS = 2
"""At most so many around one summary: nobody can know any more what happened after its time has come unseen."""
TROUBLE = ("lost_reply", "down", "500", "503", "429", "")


class Outcome(NamedTuple):
    """What came of many seeds."""

    posts: Counter[int]
    """How often a summary was posted -> how many of them."""
    states: Counter[str]
    died: Counter[str]
    """Where the process was killed -> how often."""
    faults: Counter[str]


@pytest.fixture
def dial() -> Dial:
    return Dial()


@pytest.fixture
def ws(dial: Dial) -> Iterator[Workspace]:
    with Workspace(WorkspaceConfig(), clock=dial.epoch) as ws:
        yield ws


def around(rig: Rig, chance: random.Random, outcome: Outcome) -> None:
    """One summary: sometimes late by a restart, sometimes with Slack in trouble, always with kills."""
    today = datetime.combine(rig.dial.now().date(), time(9), UTC)
    due = today if rig.dial.now() < today - timedelta(minutes=5) else today + timedelta(days=1)
    late = chance.choice([0.0, 0.0, chance.uniform(0, 3300)])
    rig.until(due - timedelta(seconds=125) + timedelta(seconds=late + chance.uniform(0, 5)))
    rig.dice = Dice(chance.randrange(2**32), KILLS)
    rig.restart()
    fault = chance.choice(TROUBLE)
    if fault:
        rig.ws.fault(fault, "chat.scheduleMessage", "chat.postMessage", times=1, retry_after=3)
    before = len(rig.posts())
    rig.run(450, step=chance.uniform(3, 6))
    rig.ws.heal()
    outcome.posts[len(rig.posts()) - before] += 1
    outcome.died.update(rig.dice.died)
    outcome.faults[fault] += 1
    rig.dice = Dice(0, 0)
    rig.restart()


def many(folder: Path, ws: Workspace, dial: Dial, made: type[Digests], seeds: int) -> Outcome:
    """All seeds, each with a store of its own, one day after the other."""
    outcome = Outcome(Counter(), Counter(), Counter(), Counter())
    for seed in range(seeds):
        here = folder / f"{made.__name__}-{seed}"
        here.mkdir()
        store = open_store(here / "tidegate.db")
        rig = Rig(here, store, ws, dial, DAILY)
        rig.made = made
        rig.restart()
        rig.digests.turn()
        chance = random.Random(seed)
        for _ in range(DAYS):
            around(rig, chance, outcome)
        outcome.states.update(state for _, state in rig.states())
        store.close()
    return outcome


@pytest.mark.slow
def test_two_hundred_seeds_of_kills_post_every_summary_once(tmp_path: Path, ws: Workspace, dial: Dial) -> None:
    """Before and after each transaction and each call, replies lost or not: one post per summary, never none or two."""
    outcome = many(tmp_path, ws, dial, Digests, SEEDS)
    assert outcome.posts == {1: SEEDS * DAYS}, outcome
    assert outcome.states == {"sent": SEEDS * DAYS, "waiting": SEEDS}, outcome
    # and the kills were real, at every boundary that there is, and Slack was in every kind of trouble
    assert outcome.died.total() > SEEDS * DAYS, outcome
    assert {f"{where} {name}" for name in Dice.NAMES for where in ("before", "after")} <= outcome.died.keys(), outcome
    assert min(outcome.died[f"{where} schedule"] for where in ("before", "after")) > 20, outcome
    assert min(outcome.faults[fault] for fault in TROUBLE) > 20, outcome


@pytest.mark.slow
def test_the_obvious_way_posts_some_of_them_twice(tmp_path: Path, ws: Workspace, dial: Dial) -> None:
    """The same kills on a plain post that is repeated when its fate is unknown: the test above would notice."""
    outcome = many(tmp_path, ws, dial, Naive, SEEDS // 5)
    assert sum(number for count, number in outcome.posts.items() if count > 1) > SEEDS * DAYS // 5 // 10, outcome
