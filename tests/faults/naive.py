"""What one would write first, as switches of the harness: each is a known mistake, and its row must see it.

They wrap or replace our own parts from outside; the product has no such switch.
"""

import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rollout.actions import Action, Outcome
from rollout.ask import Ask
from rollout.desk import Desk
from rollout.errors import Stale, TidegateError
from rollout.model import Rollout
from rollout.people import Actor
from rollout.ports import Reply, World
from rollout.reports import CardView, Report
from rollout.seen import Observation, Verdict
from store import Store


class AckFirst:
    """A desk that answers at once and stores afterwards: what is acked may never have been stored."""

    def __init__(self, desk: Desk, later: Callable[[Callable[[], object]], None]) -> None:
        self._desk, self._later = desk, later

    def ask(self, ask: Ask, actor: Actor, *, dedupe: str, reply: str = "") -> Reply:
        """See rollout.desk.Desk."""
        self._later(lambda: self._desk.ask(ask, actor, dedupe=dedupe, reply=reply))
        return Reply(ok=True, text=f"looking at {ask.app}")

    def turned_away(self, words: str, actor: Actor, error: TidegateError) -> None:
        """See rollout.desk.Desk."""
        self._desk.turned_away(words, actor, error)

    def report(self, ask: Ask, actor: Actor) -> Report:
        """See rollout.desk.Desk."""
        return self._desk.report(ask, actor)

    def card(self, rollout: int) -> CardView:
        """See rollout.desk.Desk."""
        return self._desk.card(rollout)


class Forgetful(AckFirst):
    """A desk that knows no request again: what Slack sends twice is done twice."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, lambda do: None)

    def ask(self, ask: Ask, actor: Actor, *, dedupe: str, reply: str = "") -> Reply:
        """See rollout.desk.Desk."""
        return self._desk.ask(ask, actor, dedupe=f"{dedupe}{uuid.uuid4().hex}", reply=reply)


class Trusting(AckFirst):
    """A desk that reads a button as a verb about the app, whatever card it stood on."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, lambda do: None)

    def ask(self, ask: Ask, actor: Actor, *, dedupe: str, reply: str = "") -> Reply:
        """See rollout.desk.Desk."""
        free = ask.model_copy(update={"ref": None, "bound": None, "app": "my-app", "env": "prod"})
        return self._desk.ask(free, actor, dedupe=dedupe, reply=reply)


class Resending:
    """A world that sends again whatever got no answer, with whatever revision is there by now."""

    def __init__(self, world: World) -> None:
        self._world = world

    def observe(self, rollouts: Sequence[Rollout]) -> Mapping[int, Observation]:
        """See rollout.ports.World."""
        return self._world.observe(rollouts)

    def perform(self, rollout: Rollout, action: Action, key: str) -> Outcome:
        """See rollout.ports.World."""
        outcome = self._world.perform(rollout, action, key)
        return self._again(rollout, action, key) if outcome.state == "unknown" else outcome

    def _again(self, rollout: Rollout, action: Action, key: str) -> Outcome:
        """As if there were no revision: the newest one, whoever wrote it."""
        seen = self._world.observe([rollout])[rollout.id].seen
        return self._world.perform(rollout.but(seen=seen), action, key)


class Unguarded(Resending):
    """A world that writes over whatever is there."""

    def perform(self, rollout: Rollout, action: Action, key: str) -> Outcome:
        """See rollout.ports.World."""
        return self._again(rollout, action, key)


class Unlocked:
    """A ledger that reads first and writes later, and does not look whether somebody wrote in between."""

    def __init__(self, store: Store, meet: Callable[[], None]) -> None:
        self._store, self._meet = store, meet

    @contextmanager
    def reads(self) -> Iterator[Any]:
        """See rollout.ports.Ledger."""
        with self._store.reads() as reads:
            yield reads

    @contextmanager
    def work(self) -> Iterator[Any]:
        """See rollout.ports.Ledger: nothing is locked while the block runs."""
        view = _Lazy(self._store)
        yield view
        self._meet()
        with self._store.work() as work:
            for name, arguments in view.writes:
                _write(work, name, arguments)


class _Lazy:
    """Reads now, keeps the writes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.writes: list[tuple[str, tuple[Any, ...]]] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name in {"save", "audit", "tell", "remember"}:
            return lambda *arguments: self._later(name, arguments)

        def read(*arguments: Any, **more: Any) -> Any:
            with self._store.work() as work:
                return getattr(work, name)(*arguments, **more)

        return read

    def _later(self, name: str, arguments: tuple[Any, ...]) -> Any:
        self.writes.append((name, arguments))
        return arguments[0].but(version=arguments[0].version + 1) if name == "save" else None


def _write(work: Any, name: str, arguments: tuple[Any, ...]) -> None:
    if name == "save":
        blind_save(work, arguments[0])
    else:
        getattr(work, name)(*arguments)


def blind_save(work: Any, rollout: Rollout) -> bool:
    """Write a row over whatever version is there; the tables' own triggers still refuse an ended one."""
    now = work.rollout(rollout.id)
    try:
        work.save(rollout.but(version=now.version))
    except Stale:
        return False
    return True


def hopeful(rollout: Rollout, look: Observation, now: Any) -> Verdict:
    """A judge for whom no bad news is good news: `all()` of nothing is true."""
    read = {reading.name: reading for reading in look.alarms}
    fine = all(read[gate.name].state == "OK" for gate in rollout.terms.alarms if gate.name in read)
    return Verdict(outcome="PASS" if fine else "FAIL", at=look.alarms_at)


class Rendezvous:
    """Two threads wait for each other for a moment, so that a race is one."""

    def __init__(self) -> None:
        self._barrier = threading.Barrier(2)

    def __call__(self) -> None:
        """Meet, or go on alone."""
        try:
            self._barrier.wait(0.2)
        except threading.BrokenBarrierError:
            self._barrier.reset()
