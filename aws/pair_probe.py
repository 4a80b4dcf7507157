"""Tries the new release at its test address, once a look, while it has no traffic. rollout/health.py judges.

All addresses of a look are asked at once, each in a thread that nobody waits for longer than its limit. One that hangs
in a name server is left behind, and is not asked again before it ends: there is never more than one of it.
"""

import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from aws.alb_facts import WHOLE
from aws.pair_look import Want
from aws.pair_seen import Sight
from aws.probe import Answered, Unanswered, get
from aws.probe_target import Probe
from rollout.durations import print_duration
from rollout.errors import TargetError
from rollout.model import Phase, Rollout
from rollout.seen import Seen, Trial

SHORTEST: Final = 3.0
"""Seconds to wait at least: a limit on latency must be seen to be broken, not cut the answer off."""
SLACK: Final = 0.5
MOST_AT_ONCE: Final = 32
RISING: Final = (Phase.LAUNCHING, Phase.STEPPING, Phase.WAITING, Phase.PAUSED)


class Question(NamedTuple):
    """What to ask, of whom, and how many seconds to wait."""

    url: str
    via: str
    seconds: float


class Probes:
    """Asks test addresses. Thread-safe; remembers nothing but what it still waits for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: set[tuple[int, Question]] = set()

    def tried(self, looks: Sequence[tuple[Want[Any], Sight, Seen]]) -> dict[int, Seen]:
        """The same looks, each with its trial where it has a test address and nothing else yet."""
        trials: dict[int, tuple[Want[Any], Seen, Trial]] = {}
        questions: dict[int, Question] = {}
        for one, sight, seen in looks:
            trial = offered(one, sight, seen)
            if trial is not None:
                trials[one.rollout.id] = (one, seen, trial)
                if question := _question(one, sight, seen, trial):
                    questions[one.rollout.id] = question
        answers = self.ask(questions)
        found = {}
        for number, (one, seen, trial) in trials.items():
            answer = answers.get(number)
            after = came(trial, one.target.test, answer, one.rollout) if answer and one.target.test else trial
            found[number] = seen.model_copy(update={"trial": after})
        return found

    def ask(self, questions: Mapping[int, Question]) -> dict[int, Answered | Unanswered]:
        """All of them at once, by number; none is waited for longer than it says."""
        found: dict[int, Answered | Unanswered] = {}
        threads: dict[int, tuple[threading.Thread, float]] = {}
        for number, one in questions.items():
            if len(threads) == MOST_AT_ONCE:
                found[number] = Unanswered(f"a look asks at most {MOST_AT_ONCE} addresses, and others came first")
                continue
            if not self._begins(number, one):
                found[number] = Unanswered("an earlier look still waits for one")
                continue
            thread = threading.Thread(target=self._ask, args=(number, one, found), name="test-address", daemon=True)
            thread.start()
            threads[number] = thread, time.monotonic() + one.seconds + SLACK
        for thread, until in threads.values():
            thread.join(max(0.0, until - time.monotonic()))
        late = {number: Unanswered(f"no whole answer within {questions[number].seconds:g} s") for number in threads}
        return late | found

    def _begins(self, number: int, question: Question) -> bool:
        """Not while one of the same rollout hangs; others of that address are none of its business."""
        with self._lock:
            if (number, question) in self._under_way:
                return False
            self._under_way.add((number, question))
            return True

    def _ask(self, number: int, question: Question, found: dict[int, Answered | Unanswered]) -> None:
        try:
            found[number] = get(question.url, question.via, question.seconds)
        finally:
            with self._lock:
                self._under_way.discard((number, question))


def came(trial: Trial, test: Probe, answer: Answered | Unanswered, rollout: Rollout) -> Trial:
    """What an answer comes to; looks in a row are counted on from what the look before saw."""
    if isinstance(answer, Unanswered):
        return trial.model_copy(update={"state": "unreachable", "text": answer.why})
    took = f"{answer.seconds * 1000:.0f} ms"
    if answer.status != test.status:
        wrong = f"{answer.status} instead of {test.status}"
    elif test.latency and answer.seconds > test.latency.total_seconds():
        wrong = f"{answer.status} in {took}, limit {print_duration(test.latency)}"
    else:
        return trial.model_copy(update={"state": "passed", "text": f"{answer.status} in {took}"})
    before = rollout.seen.trial if rollout.seen else None
    so_far = before.misses if before is not None and before.asked == trial.asked else 0
    return trial.model_copy(update={"state": "failed", "text": wrong, "misses": 1 + so_far})


def offered(one: Want[Any], sight: Sight, seen: Seen) -> Trial | None:
    """The address, as long as the new release has nothing and is on its way up."""
    rollout, test, address = one.rollout, one.target.test, sight.snapshot.test
    url = test.url if test and test.url else address.url if address else ""
    going_up = rollout.phase in RISING and not rollout.back and rollout.adopting is None
    if not url or not going_up or seen.percent != 0:
        return None
    asked = "" if test is None else test.url or (address.of(test.path) if address else "")
    trial = Trial(url=url, asked=asked, state="waiting")
    if astray := _astray(sight):
        return trial.model_copy(update={"state": "elsewhere", "text": astray})
    return trial if asked or not seen.candidate.ready else trial.model_copy(update={"state": "unasked"})


def _question(one: Want[Any], sight: Sight, seen: Seen, trial: Trial) -> Question | None:
    """What to ask, once something healthy is there to answer."""
    test, address = one.target.test, sight.snapshot.test
    if test is None or trial.state != "waiting" or not seen.candidate.ready:
        return None
    via = address.via if address and test.path else ""
    latency = test.latency.total_seconds() if test.latency else 0.0
    # Twice the limit, so that "too slow" is seen as such.
    return Question(trial.asked, via, max(SHORTEST, 2 * latency))


def _astray(sight: Sight) -> str:
    """Where the test rule leads, if not to the new release; a rule that could not be read is not believed either."""
    rule, coming = sight.tried, sight.sides.candidate
    if isinstance(rule, TargetError):
        return f"the test rule could not be read: {rule.fact}"
    if rule is None or rule.shares == {coming: WHOLE}:
        return ""
    others = ", ".join(sight.sides.name(group) for group in rule.shares if group != coming)
    return f"the test rule sends to {others or 'nobody'}"
