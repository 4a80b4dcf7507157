"""kill -9 in a tight loop of commits: what was acknowledged is there, nothing is torn, the chain holds."""

import multiprocessing
import random
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from store import Store, open_store
from store.ledger import Looking
from tests.store.crash_child import main
from tests.store.make import NOW, key, later

KILLS = 30
# Forked from one that has imported everything: to import it again for each kill is a second, and proves nothing.
FORKING = multiprocessing.get_context("forkserver")
FORKING.set_forkserver_preload(["tests.store.crash_child"])


def killed_after(path: Path, commits: int, delay: float) -> int:
    """Let a child commit so often and a little longer, kill it in the middle, return what it said last."""
    ours, theirs = FORKING.Pipe(duplex=False)
    child = FORKING.Process(target=main, args=(path, theirs))
    child.start()
    theirs.close()
    said = [ours.recv() for _ in range(commits)]
    killer = threading.Timer(delay, child.kill)
    killer.start()
    with ours, suppress(EOFError):
        while True:
            said.append(ours.recv())
    killer.join()
    child.join()
    child.close()
    return said[-1]


def whole(store: Store) -> int:
    """Every unit is there with all of its parts; how many units."""
    with store.reads() as reads:
        live = reads.live("my-app", "prod")
        head = reads.head()
        assert live
        assert head
        count = live.reminded
        assert live.version == count + 1
        assert len(reads.intents(1)) == count
        assert head.seq == count
        assert reads.stored_ask(f"key-{count}")
        assert reads.stored_ask(f"key-{count + 1}") is None
        watched(reads, count)
    assert store.verify() == (count, None)
    assert len(store.outbox.pending(live.created_at)) == 1
    assert store.alerts.unsent(999) == list(range(1, -(-count // 10) + 1))
    return count


def watched(reads: Looking, count: int) -> None:
    """State, change and alert of every unit are of one mind, and what was closed stays closed."""
    state = reads.alarm_state(key())
    assert state
    assert state.text == str(count)
    assert len(reads.turns(NOW, later(count), limit=count + 9)) == count
    number = -(-count // 10)
    alert = reads.alert(number)
    assert alert
    assert alert.lines[0].times == count
    assert alert.open == (count % 10 != 0)
    assert alert.version == (11 if count % 10 == 0 else count % 10)
    assert reads.alert(number + 1) is None
    assert [one.id for one in reads.open_alerts()] == ([number] if alert.open else [])


@pytest.mark.slow
def test_thirty_kills_lose_nothing_that_was_acknowledged(path: Path) -> None:
    """30 kills at random instants: what was said is kept, at most one unit per kill is kept and unsaid."""
    chance = random.Random(30)
    kept = 0
    for _ in range(KILLS):
        acknowledged = killed_after(path, chance.randint(1, 6), chance.uniform(0, 0.02))
        store = open_store(path)
        kept = whole(store)
        store.close()
        assert acknowledged <= kept <= acknowledged + 1
    assert kept > KILLS  # the children did get somewhere: a test that kills nothing proves nothing
