"""[I have it] over a real store: taken with the answer or not at all, refused in words that fit."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.counter import Bells, Counter
from bot.metrics import Metrics
from bot.paging import Paging
from rollout.ask import Ask
from rollout.notices import Event, NeedsHuman
from rollout.people import Actor, Person
from rollout.ports import Reply
from tests.bot.dial import Dial
from tests.handlers.rig import HOME, Rig


class Called:
    """#1 bakes, and a page about it waits; the counter takes presses."""

    def __init__(self, folder: Path) -> None:
        self.rig = Rig(folder)
        self.store, self.dial = self.rig.scene.store, Dial()
        self.rig.slash("my-app canary")
        self.rig.scene.proven(10)
        self.rig.scene.look(2)
        self.woken = 0
        paging = Paging(self.store, self.dial, lambda: HOME, lambda: "U0OSKAR")
        bells = Bells(outbox=lambda: None, directory=self.wake)
        self.counter = Counter(self.rig.scene.bot, paging, Metrics(), bells)
        self.known()
        with self.store.work() as work:
            work.tell(NeedsHuman(rollout=1, text="AWS cannot be read", at=self.dial.now()))

    def wake(self) -> None:
        """The directory is asked to read."""
        self.woken += 1

    def known(self, *but: str) -> None:
        """The directory knows everybody, except these."""
        now = self.dial.now()
        names = {"U0ANA", "U0EVA", "U0OSKAR", "U0GUEST"} - set(but)
        people = [Person(team=HOME, id=one, name=one, guest=one == "U0GUEST", read_at=now) for one in sorted(names)]
        self.store.people.replace(people, {}, now)

    def press(self, who: str, dedupe: str = "press:1") -> Reply:
        """[I have it]."""
        ask = Ask(verb="have-it", ref=1)
        return self.counter.ask(ask, Actor(id=who, team=HOME), dedupe=dedupe, reply="https://hooks.slack.com/x")

    @property
    def calls(self) -> int:
        """Pages that would be sent some day."""
        return len(self.store.outbox.waiting_pages(self.dial.now() + timedelta(days=300)))


@pytest.fixture
def called(tmp_path: Path) -> Iterator[Called]:
    called = Called(tmp_path)
    yield called
    called.rig.close()


@pytest.mark.parametrize("who", ["U0ANA", "U0OSKAR"])
def test_a_page_is_taken_in_the_same_transaction_as_the_answer(called: Called, who: str):
    """Who may roll back and who is called may take it; there is no transaction of its own that could be lost."""
    called.store.outbox.page_taken = None  # type: ignore[assignment,method-assign] # the old second transaction
    assert called.calls == 1
    assert called.press(who).ok
    assert called.calls == 0
    assert called.press(who).ok


def test_who_is_not_recognised_yet_is_told_so_and_is_looked_up(called: Called):
    """Nothing follows later by itself, so nothing is promised; the calls go on, and the next press counts."""
    called.known("U0ANA")
    answer = called.press("U0ANA")
    assert not answer.ok
    assert answer.text == "Slack has not yet told who you are"
    assert "try again in a minute" in answer.hint
    assert "follows" not in answer.hint
    assert (called.woken, called.calls) == (1, 1)
    called.known()
    assert called.press("U0ANA", "press:2").ok
    assert called.calls == 0


def test_a_denial_speaks_of_the_page(called: Called):
    """Not of a rollback that nobody asked for."""
    answer = called.press("U0BEN2")
    assert answer.text.startswith("you cannot take this page: it needs a deployer")
    assert "roll back" not in answer.text
    assert called.calls == 1


def test_the_thread_says_who_took_the_page(called: Called):
    """Others were called as well: they read that somebody has it, once, however often that one presses."""
    assert called.press("U0OSKAR").ok
    assert called.press("U0OSKAR", "press:2").ok
    waiting = called.store.outbox.pending(called.dial.now(), 200)
    events = [one.notice for one in waiting if isinstance(one.notice, Event)]
    taken = [(one.by and one.by.id, one.text) for one in events if one.what == "page_taken"]
    assert taken == [("U0OSKAR", "nobody else is called")]
