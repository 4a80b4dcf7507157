"""Figure 5: what the audit trail and a unit of work cost over a bare loop that does the same."""

import hashlib
import json
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from bench.bare import Bare, recorded
from bench.ground import ACTOR, PLAN, STORE, app_name, begun, lay, past_entry, read_config, write_past
from bench.serve import BARE
from bench.table import Line, p50_p95, percentile
from bot.policy import ConfigPolicy
from rollout import entries
from rollout.ask import Ask
from rollout.audit import GENESIS, SCHEME, Entry, EntryKind, link
from rollout.model import Rollout
from rollout.ports import Reply, StoredAsk
from store import Store, open_store
from store.connect import journal_for
from store.trail import Trail, open_trail
from store.verify import raw_page

VERIFY = 0.6
"""Of the speed of the bare loop, at least."""


def figure(*, quick: bool) -> list[Line]:
    """Append, verify, work."""
    with tempfile.TemporaryDirectory(prefix="tidegate-bench-") as name:
        folder = Path(name)
        records, rounds = (400, 2) if quick else (5000, 5)
        return [_append(folder / "append", records // 5, rounds),
                *_verify(folder / "verify", records if quick else 100_000, rounds),
                _work(folder / "work", 6 if quick else 200)]  # fmt: skip


def _pairs(rounds: int, ours: Callable[[], object], theirs: Callable[[], object]) -> tuple[list[float], list[float]]:
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for run, into in ((ours, times[0]), (theirs, times[1])):
            begun = time.perf_counter()
            run()
            into.append(time.perf_counter() - begun)
    return times


def _rates(what: str, count: int, times: tuple[list[float], list[float]], yardstick: str) -> Line:
    ours, theirs = (percentile(each, 50) for each in times)
    return Line(what, f"{count / ours:,.0f}/s", f"{yardstick}: {count / theirs:,.0f}/s", f"{ours / theirs:.2f}")


def _append(folder: Path, count: int, rounds: int) -> Line:
    folder.mkdir()
    store = open_store(folder / STORE)
    open_store(folder / BARE).close()
    now = datetime.now(UTC)
    with closing(_link(folder / BARE)) as link:
        times = _pairs(rounds, lambda: write_past(store, count, now), lambda: _append_bare(link, count, now))
    store.close()
    return _rates("audit records appended, 200 a transaction", count, times, "json, sha256, insert")


def _link(path: Path) -> sqlite3.Connection:
    link = sqlite3.connect(path, isolation_level=None)
    link.execute(f"PRAGMA journal_mode = {journal_for(sqlite3.sqlite_version_info)}").fetchall()
    link.execute("PRAGMA synchronous = FULL").fetchall()
    return link


def _append_bare(link: sqlite3.Connection, count: int, now: datetime) -> None:
    head = link.execute("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
    seq, prev = head or (0, GENESIS)
    for first in range(0, count, 200):
        link.execute("BEGIN IMMEDIATE")
        for number in range(first, min(first + 200, count)):
            seq += 1
            body = json.dumps(past_entry(number, now).model_dump(mode="json"), sort_keys=True)
            own = hashlib.sha256(f"{SCHEME}\n{prev}\n{body}".encode()).hexdigest()
            link.execute("INSERT INTO audit VALUES (?, ?, ?, ?, ?)", (seq, body, prev, own, number + 1))
            prev = own
        link.execute("COMMIT")


def _verify(folder: Path, records: int, rounds: int) -> list[Line]:
    folder.mkdir()
    _write_long(folder / STORE, records)
    with open_trail(folder / STORE) as trail, closing(_link(folder / STORE)) as bare:
        times = _pairs(rounds, lambda: _holds(trail, records), lambda: _verify_bare(bare))
        reads = _page_reads(trail)
    share = percentile([theirs / ours for ours, theirs in zip(*times, strict=True)], 50)
    ours, theirs = (records / percentile(each, 50) for each in times)
    return [
        Line(f"audit records verified, {records} of them", f"{ours:,.0f}/s", f"select, sha256, json: {theirs:,.0f}/s",
             f"{share:.0%} of it", f">= {VERIFY:.0%}", share >= VERIFY),
        Line("one read of it: 500 records", p50_p95(reads), "", "", "<= 20 ms", percentile(reads, 95) <= 0.02),
    ]  # fmt: skip


def _holds(trail: Trail, records: int) -> None:
    found = trail.walk({})
    if found.broken or found.records != records:
        raise RuntimeError(f"{found.records} of {records} records hold: {found.broken}")


def _page_reads(trail: Trail) -> list[float]:
    """How long each page keeps the file."""
    times, after = [], 0
    while True:
        begun = time.perf_counter()
        page = raw_page(trail, after)
        times.append(time.perf_counter() - begun)
        if not page:
            return times
        after = page[-1].seq


def _write_long(path: Path, records: int) -> None:
    """A trail as rollouts leave it, kinds and sizes mixed, in one transaction."""
    open_store(path).close()
    now, prev = datetime.now(UTC), GENESIS
    with closing(_link(path)) as db:
        db.execute("BEGIN IMMEDIATE")
        for number in range(records):
            entry = _looked(number, now) if number % 3 else past_entry(number, now)
            made = link(entry, number + 1, prev)
            row = (made.seq, made.body, prev, made.hash, entry.rollout)
            db.execute("INSERT INTO audit VALUES (?, ?, ?, ?, ?)", row)
            prev = made.hash
        db.execute("COMMIT")


def _looked(number: int, now: datetime) -> Entry:
    """What a look leaves: a transition with all that was seen, or an outcome."""
    app = app_name(number)
    facts: dict[str, Any] = {"key": f"{number}-shift", "attempt": 1, "state": "done", "text": "", "request": "r" * 36}
    if number % 3 == 1:
        facts = {
            "from": "stepping", "to": "stepping", "step": [0, 1], "proven": 10, "cause": "", "cause_kind": "",
            "stable": "41", "candidate": "42", "plan": str(PLAN), "config": "c0ffee" * 4, "verdict": ["PASS", ""],
            "seen": {"at": now.isoformat(timespec="milliseconds"), "percent": 10, "foreign": "", "revision": "d" * 36,
                     "stable": "healthy", "candidate": "healthy"},
        }  # fmt: skip
    kind: EntryKind = "transition" if number % 3 == 1 else "outcome"
    return Entry(kind=kind, at=now, actor="tidegate", rollout=number // 9 + 1, target=f"{app}/prod", facts=facts)


def _verify_bare(link: sqlite3.Connection) -> None:
    prev = GENESIS
    rows = link.execute("SELECT seq, body, prev, hash FROM audit ORDER BY seq")
    for seq, (number, body, before, own) in enumerate(rows, 1):
        found = hashlib.sha256(f"{SCHEME}\n{prev}\n{body}".encode()).hexdigest()
        if number != seq or before != prev or found != own or json.loads(body)["seq"] != seq:
            raise RuntimeError(f"record {number} does not hold")
        prev = own


def _work(folder: Path, rounds: int) -> Line:
    """The rows of a `/deploy` through the ledger's own words, against the same rows bare."""
    lay(folder, apps=rounds, live=0, past=200)
    policy, paths = ConfigPolicy(read_config(folder)), [folder / name for name in (STORE, "model.db", BARE)]
    for path in paths[1:]:
        shutil.copy(paths[0], path)
    store, model = map(open_store, paths[:2])
    starts = [begun(policy, app_name(number), datetime.now(UTC)) for number in range(rounds)]
    units = recorded(paths[1], (partial(_start, model, rollout) for rollout in starts))
    bare = Bare(paths[2], journal_for(sqlite3.sqlite_version_info))
    ours, theirs = [], []
    for rollout, unit in zip(starts, units, strict=True):
        once = _pairs(1, partial(_start, store, rollout), partial(bare.write, unit))
        ours += once[0]
        theirs += once[1]
    for each in (store, model, bare):
        each.close()
    ratio = percentile(ours, 50) / percentile(theirs, 50)
    what = f"store.work() with the {len(units[0])} rows of a /deploy"
    return Line(what, p50_p95(ours), f"bare: {p50_p95(theirs)}", f"{ratio:.2f}")


def _start(store: Store, rollout: Rollout) -> None:
    ask = Ask(verb="start", app=rollout.app, env=rollout.env, plan="canary")
    now = rollout.created_at
    with store.work() as work:
        work.answered(rollout.app)
        work.live(rollout.app, rollout.env)
        work.hold(rollout.app, rollout.env)
        new = work.add(rollout)
        reply = Reply(ok=True, text=f"#{new.id}: looking at {rollout.app} in prod…", rollout=new.id)
        work.audit(entries.transition(None, new, now, ACTOR))
        work.audit(entries.asked("ask", ask, ACTOR, reply, now, rollout.target))
        work.remember(
            StoredAsk(dedupe=rollout.app, ask=ask, actor=ACTOR, state="answered", reply=reply,
                      address="http://127.0.0.1:9/hook/made-up", at=now)
        )  # fmt: skip
