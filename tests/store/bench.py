"""How much a unit of work costs over the same rows in sqlite3: `python -m tests.store.bench [rounds]`."""

import contextlib
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles

from rollout.model import Phase
from rollout.notices import CardChanged, Event
from store import Store, open_store
from tests.store.make import ANA, NOW, SECRET, answered, entry, rollout

TABLES = ("rollouts", "asks", "audit", "notices")


def worked(store: Store, n: int) -> None:
    """One `/deploy`: a rollout, the wish with its answer, two records, two notices."""
    with store.work() as work:
        work.answered(f"key-{n}")
        work.live(f"app-{n}", "prod")
        work.hold(f"app-{n}", "prod")
        added = work.add(rollout(f"app-{n}"))
        work.audit(entry(added.id, words="start my-app canary"))
        work.audit(entry(added.id, words="requested"))
        work.tell(CardChanged(rollout=added.id, human=True))
        work.tell(Event(rollout=added.id, what="asked", by=ANA, at=NOW))
        work.remember(answered(f"key-{n}", added.id, address=SECRET))


def bare(link: sqlite3.Connection, rows: dict[str, list[tuple[object, ...]]]) -> None:
    """The same rows, known beforehand, in one transaction."""
    link.execute("BEGIN IMMEDIATE")
    for table, values in rows.items():
        for row in values:
            marks = ", ".join("?" * len(row))
            link.execute(f"INSERT INTO {table} VALUES ({marks})", row)  # noqa: S608 - constant names
    link.execute("COMMIT")


def made_rows(folder: Path, rounds: int) -> list[dict[str, list[tuple[object, ...]]]]:
    """What `worked` writes, read back round by round."""
    store = open_store(folder / "model.db")
    for n in range(rounds):
        worked(store, n)
    store.close()
    with contextlib.closing(sqlite3.connect(folder / "model.db")) as link:
        whole = {t: link.execute(f"SELECT * FROM {t} ORDER BY 1").fetchall() for t in TABLES}  # noqa: S608 - constant names
    return [
        {table: rows[n * len(rows) // rounds : (n + 1) * len(rows) // rounds] for table, rows in whole.items()}
        for n in range(rounds)
    ]


@contextlib.contextmanager
def timed(into: list[float]) -> Iterator[None]:
    """Milliseconds of the block."""
    start = time.perf_counter()
    yield
    into.append((time.perf_counter() - start) * 1000)


def main(rounds: int = 400) -> None:
    """Alternate the two on one disk, so that both meet the same weather."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = made_rows(folder, rounds)
        store = open_store(folder / "work.db")
        open_store(folder / "bare.db").close()
        link = sqlite3.connect(folder / "bare.db", isolation_level=None, cached_statements=256)
        for pragma in (
            "journal_mode = TRUNCATE",
            "synchronous = FULL",
            "foreign_keys = ON",
            "recursive_triggers = ON",
        ):
            link.execute(f"PRAGMA {pragma}").fetchall()
        ours: list[float] = []
        theirs: list[float] = []
        for n in range(rounds):
            with timed(ours):
                worked(store, n)
            with timed(theirs):
                bare(link, rows[n])
        with store.work() as work:
            work.save(work.all_live(1)[0].but(phase=Phase.CANCELLED))
        store.close()
        link.close()
    for label, times in (("work()", ours), ("bare sqlite3", theirs)):
        print(f"{label:13} p50 {median(times):.3f} ms  p95 {quantiles(times, n=20)[-1]:.3f} ms")  # noqa: T201 - a report
    print(f"ratio of p50: {median(ours) / median(theirs):.2f}")  # noqa: T201 - a report


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
