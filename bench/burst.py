"""Figure 2: fifty people click at once, and again while the audit trail is walked and exported next to them.

The clicks come over HTTP, each on its own open connection, let go by one barrier. They are [Pause] and [Resume]
on fifty rollouts, so every one is accepted and writes its transaction.
"""

import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

from bench.bare import Bare, Unit
from bench.children import Child
from bench.ground import PLAN, STORE
from bench.requests import Caller, press
from bench.serve import BARE
from bench.stage import staged
from bench.table import Line, ms, percentile
from handlers.buttons import ButtonValue
from store.connect import journal_for

CLICKS, TIMES_BARE, LONGEST = 50, 2.0, 0.5


def figure(*, quick: bool) -> list[Line]:
    """Bursts and bare writes take turns: first alone, then beside readers."""
    clicks, bursts, past = (8, 2, 400) if quick else (CLICKS, 8, 5000)
    with tempfile.TemporaryDirectory(prefix="tidegate-bench-") as name, ExitStack() as running:
        folder = Path(name)
        bodies = [list(burst(clicks, number)) for number in range(2 * bursts)]
        units = staged(folder, [body for burst in bodies for body in burst], live=clicks, past=past)
        rows = [units[first : first + clicks] for first in range(0, len(units), clicks)]
        bare = Bare(folder / BARE, journal_for(sqlite3.sqlite_version_info))
        running.callback(bare.close)
        server = running.enter_context(Child("bench.serve", str(folder)))
        quiet = [_round(server.ready["ours"], *pair, bare) for pair in zip(bodies[:bursts], rows[:bursts], strict=True)]
        with Child("bench.readers", str(folder / STORE)) as readers:
            beside = [
                _round(server.ready["ours"], *pair, bare) for pair in zip(bodies[bursts:], rows[bursts:], strict=True)
            ]
            read = readers.end()
        lost = len(units) - _stored(folder / STORE)
    what = f"{clicks} clicks at once, last answer"
    return [
        *_lines(what, quiet),
        *_lines(f"{what}, beside verify and export ({read['verified']} walks, {read['pages']} pages)", beside),
        Line(f"clicks lost or refused of {len(units)} (SQLITE_BUSY or other)", str(lost), "", "", "0", lost == 0),
    ]


class _Round:
    """One burst, and as many bare transactions right after it."""

    def __init__(self, answers: list[float], last: float, bare: float) -> None:
        self.answers, self.last, self.bare = answers, last, bare


def _lines(what: str, rounds: list[_Round]) -> Iterator[Line]:
    last = percentile([each.last for each in rounds], 50)
    bare = percentile([each.bare for each in rounds], 50)
    clicks = len(rounds[0].answers)
    yield Line(what, f"p50 of {len(rounds)}: {ms(last)}", f"{clicks} bare: {ms(bare)}", f"{last / bare:.2f}",
               f"<= {TIMES_BARE:g}", last <= TIMES_BARE * bare)  # fmt: skip
    answers = [took for each in rounds for took in each.answers]
    longest = max(answers)
    yield Line(f"{what}: the longest of {len(answers)}", f"{ms(longest)}, p50 {ms(percentile(answers, 50))}", "", "",
               f"<= {ms(LONGEST)}", longest <= LONGEST)  # fmt: skip


def _round(port: int, bodies: list[bytes], units: list[Unit], bare: Bare) -> _Round:
    answers, last = _clicked(port, bodies)
    begun = time.perf_counter()
    for unit in units:
        bare.write(unit)
    return _Round(answers, last, time.perf_counter() - begun)


def _clicked(port: int, bodies: list[bytes]) -> tuple[list[float], float]:
    """Seconds each click waited, and from letting go to the last answer."""
    begun: list[float] = []
    answers: list[float] = []
    barrier = threading.Barrier(len(bodies), action=lambda: begun.append(time.perf_counter()))

    def click(caller: Caller, body: bytes) -> None:
        barrier.wait(30)
        caller.send(body)
        answers.append(time.perf_counter())

    callers = [Caller(port) for _ in bodies]
    threads = [threading.Thread(target=click, args=pair) for pair in zip(callers, bodies, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for caller in callers:
        caller.close()
    if len(answers) != len(bodies):
        raise RuntimeError(f"{len(bodies) - len(answers)} of {len(bodies)} clicks were not answered")
    return [at - begun[0] for at in answers], max(answers) - begun[0]


def burst(clicks: int, number: int) -> Iterator[bytes]:
    """Pause in even bursts, resume in odd ones."""
    verb = "resume" if number % 2 else "pause"
    for rollout in range(clicks):
        yield press(ButtonValue(verb=verb, rollout=rollout + 1, plan_hash=PLAN.hash))


def _stored(path: Path) -> int:
    """How many clicks the store has as accepted."""
    with closing(sqlite3.connect(path)) as link:
        return int(link.execute("SELECT count(*) FROM asks WHERE ok = 1").fetchone()[0])
