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

from bench.bare import Bare, recorded
from bench.ground import ACTOR, STORE, app_name, begun, lay, past_entry, read_config, write_past
from bench.serve import BARE
from bench.table import Line, p50_p95, percentile
from bot.policy import ConfigPolicy
from rollout import entries
from rollout.ask import Ask
from rollout.audit import GENESIS, SCHEME
from rollout.model import Rollout
from rollout.ports import Reply, StoredAsk
from store import Store, open_store
from store.connect import journal_for


def figure(*, quick: bool) -> list[Line]:
    """Append, verify, work."""
    with tempfile.TemporaryDirectory(prefix="tidegate-bench-") as name:
        folder = Path(name)
        records, rounds = (400, 2) if quick else (5000, 5)
        return [_append(folder / "append", records // 5, rounds), _verify(folder / "verify", records, rounds),
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


def _verify(folder: Path, records: int, rounds: int) -> Line:
    folder.mkdir()
    store = open_store(folder / STORE)
    write_past(store, records, datetime.now(UTC))
    with closing(_link(folder / STORE)) as link:
        times = _pairs(rounds, lambda: _holds(store, records), lambda: _verify_bare(link))
    store.close()
    return _rates(f"audit records verified, {records} of them", records, times, "select, sha256, json")


def _holds(store: Store, records: int) -> None:
    count, broken = store.verify()
    if broken or count != records:
        raise RuntimeError(f"{count} of {records} records hold: {broken}")


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
