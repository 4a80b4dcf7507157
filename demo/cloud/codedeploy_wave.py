"""Hosts that go through the same lifecycle events, as many at a time as may be unhealthy. Carries no event out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from demo.cloud.codedeploy_deployment import Fault, Target
from demo.cloud.codedeploy_hand import Hand
from demo.cloud.codedeploy_hosts import Host
from demo.cloud.codedeploy_words import FAILED, IN_PROGRESS, SUCCEEDED

Row = tuple[Target, Host]


class Wave:
    """`least` must stay healthy; `then` is the status of a target that has come through."""

    def __init__(
        self, hand: Hand, rows: Sequence[Row], events: Sequence[str], least: int, then: str = SUCCEEDED
    ) -> None:
        self._hand, self._rows, self._events, self._least, self._then = hand, rows, events, least, then
        self._waiting = list(rows)
        self._lives: dict[str, Iterator[None]] = {}

    def step(self) -> bool:
        """One second of every host that is at work, and the next ones begin where that is allowed; True at its end."""
        for name, life in list(self._lives.items()):
            if next(life, self) is self:
                del self._lives[name]
        while self._waiting and self._may_begin():
            target, host = self._waiting.pop(0)
            target.turn(IN_PROGRESS, self._hand.second)
            self._lives[target.id] = self._life(target, host)
        if self._lives:
            return False
        good = any(target.status == self._then for target, _ in self._rows)
        if self._waiting or not good:
            raise Fault("HEALTH_CONSTRAINTS")
        return True

    def _may_begin(self) -> bool:
        """Hosts that no attempt has failed on, those at work included, may fall to the least."""
        healthy = sum(target.status != FAILED for target, _ in self._rows)
        return healthy - len(self._lives) > self._least

    def _life(self, target: Target, host: Host) -> Iterator[None]:
        for event in target.events:
            if event.name not in self._events:
                continue
            event.begin(self._hand.second)
            yield
            wrong = yield from self._hand.do(event.name, host)
            if wrong:
                event.diagnosis = wrong
                event.end(self._hand.second, FAILED)
                target.skip_rest(self._hand.second)
                target.turn(FAILED, self._hand.second)
                return
            event.end(self._hand.second)
        target.turn(self._then, self._hand.second)
