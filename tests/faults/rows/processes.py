"""D01, D02, D03, D11, S03, K05: the whole bot as a process, between a real workspace and a real cloud."""

import contextlib
import signal
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from bot.config import load
from bot.policy import ConfigPolicy
from demo.cloud import Cloud
from rollout.actions import Shift
from rollout.model import LIVE, Phase, Rollout
from store import open_store
from tests.end_to_end.rig import Rig, new_cloud, one_more, toml, until
from tests.end_to_end.test_failpoints import CASES, EXTRA, ended_right
from tests.faults.flight import Hangar, QuickBot
from tests.faults.row import Judge, Played, Row
from tests.faults.siege import CLEAR, Siege, a_siege, busy_for, sieges
from tests.rollout.make import row

# -- D01, D11: killed and stopped ------------------------------------------------------------------------------------


def killed(count: int, seed: int, naive: bool) -> Played:
    """`kill -9` after 0.05 to 3 s of a life in which people never stop; started again, and so on."""
    def life(siege: Siege) -> None:
        busy_for(siege, siege.rng.uniform(0.05, 3.0), siege.bot.kill)

    return _lives(count, seed, life, "ack_first" if naive else "")


def stopped(count: int, seed: int, naive: bool) -> Played:
    """SIGTERM in the middle of it: exit 0 within ten seconds."""
    def life(siege: Siege) -> None:
        busy_for(siege, siege.rng.uniform(0.05, 2.0), partial(siege.bot.signal, signal.SIGTERM))
        began = time.monotonic()
        siege.judge.same(siege.bot.died(20), 0, "the exit code")
        siege.judge.holds(time.monotonic() - began <= 10, "it took more than ten seconds to end")

    return _lives(count, seed, life)


AT_ONCE = 3
"""Bots that live and die beside each other: they mostly wait."""


def _lives(count: int, seed: int, life: Callable[[Siege], None], naive: str = "") -> Played:
    """So many lives, each begun by a start and judged after its end."""
    shares = [len(range(first, count, AT_ONCE)) for first in range(min(AT_ONCE, count))]

    def play(siege: Siege, lives: int) -> None:
        for _ in range(lives):
            siege.start()
            life(siege)
            siege.after_a_life()

    with sieges(len(shares), Random(seed), naive) as made:
        with ThreadPoolExecutor(len(made)) as pool:
            list(pool.map(play, made, shares))
        for siege in made:
            siege.bot.naive = ""
            siege.at_last()
        found = tuple(each for siege in made for each in siege.judge.found)
        said, doubt, writes = (sum(getattr(s, name) for s in made) for name in ("commands", "in_doubt", "writes"))
        rollouts = sum(siege.rollout().id for siege in made if siege.rollouts())
    told = f"{said} commands ({doubt} never answered), {rollouts} rollouts, {writes} writes"
    return Played(count, found, told)


# -- S03: suspended --------------------------------------------------------------------------------------------------


def suspended(count: int, seed: int, naive: bool) -> Played:
    """SIGSTOP for one to three seconds (five to fifteen looks) in mid-rollout; an alarm turns red; SIGCONT."""
    rng, fired = Random(seed), 0
    with a_siege(rng) as siege:
        siege.start()
        while fired < count:
            siege.calm()
            siege.slash("ana", "my-app canary")
            until(siege.applied, siege.where)
            time.sleep(rng.uniform(0, 2.0))
            if siege.live() is None:
                continue
            # Asleep it may hold the file's lock, so nothing is read from there before it wakes.
            siege.bot.signal(signal.SIGSTOP)
            time.sleep(0.1)
            siege.cloud.knobs.raise_alarm(rng.choice(CLEAR))
            red, before = datetime.now(UTC), len(siege.applied())
            time.sleep(rng.uniform(1.0, 3.0))
            siege.bot.signal(signal.SIGCONT)
            until(lambda: siege.live() is None, siege.where)
            row = siege.rollout()
            if row.phase_at < red or row.candidate is None:
                continue  # it had ended already
            fired += 1
            new = row.candidate.id
            ups = [split for split in siege.applied()[before:] if split.get(new, 0) > 0]
            siege.judge.same(ups, [], f"raised after red at {red}")
            siege.judge.same(row.phase, Phase.ROLLED_BACK, "how it ended")
        siege.at_last()
        return siege.judge.played(fired)


# -- D02: at every failpoint -----------------------------------------------------------------------------------------

SLOW = ("B1", "B2", "N1", "N2")
"""A lost post waits half a minute before it is posted again."""


def at_failpoints(count: int, seed: int, naive: bool) -> Played:
    """The bot dies at a named place, is started again, and all is as if it had never happened."""
    rng, judge = Random(seed), Judge()
    points = sorted(CASES) if count >= len(CASES) else sorted(set(CASES) - set(SLOW))
    rng.shuffle(points)
    cloud = new_cloud()
    try:
        with Hangar() as hangar, tempfile.TemporaryDirectory() as folder:
            for number in range(count):
                point = points[number % len(points)]
                try:
                    _dies_at(hangar, cloud, Path(folder) / f"{number}", point)
                except (AssertionError, TimeoutError) as wrong:
                    judge.found.append(f"{point}: {str(wrong)[:300]}")
    finally:
        cloud.stop()
    return judge.played(count, " ".join(sorted(points[:count])))


def _dies_at(hangar: Hangar, cloud: Cloud, folder: Path, point: str) -> None:
    armed, story = CASES[point]
    function = f"my-app-{folder.name}"
    one_more(cloud, function)
    rig = Rig(folder, cloud, function=function)
    rig.bot = QuickBot(hangar, folder, rig.bot.environment)  # type: ignore[assignment]  # a quicker one
    try:
        rig.start(armed, wait=point != "M1")
        story(rig)
        ended_right(rig, strays=EXTRA.get(point, 0))
    finally:
        rig.close()


# -- D03: a restart with rollouts in every state ---------------------------------------------------------------------

WITHIN = 5.0
SHARES = {Phase.REQUESTED: 0, Phase.AWAITING_APPROVAL: 0, Phase.LAUNCHING: 0, Phase.FINAL_BAKE: 100,
          Phase.RETIRING: 100}  # fmt: skip
ENDS = {Phase.REQUESTED: "succeeded", Phase.LAUNCHING: "succeeded", Phase.STEPPING: "succeeded",
        Phase.FINAL_BAKE: "succeeded", Phase.RETIRING: "succeeded", Phase.ROLLING_BACK: "rolled_back"}  # fmt: skip


def restarted(count: int, seed: int, naive: bool) -> Played:
    """A start finds so many rollouts, some in every live phase, half of them with a call under way."""
    rng, judge = Random(seed), Judge()
    cloud, phases = new_cloud(), sorted(LIVE)
    try:
        with Hangar() as hangar, tempfile.TemporaryDirectory() as folder:
            rig = Rig(Path(folder) / "bot", cloud)
            rig.bot = QuickBot(hangar, rig.folder, rig.bot.environment)  # type: ignore[assignment]  # a quicker one
            functions = [f"fn-{number}" for number in range(count)]
            _configure(rig, functions)
            rows = _seed(rig, cloud, [(name, phases[n % len(phases)]) for n, name in enumerate(functions)], rng)
            began = time.monotonic()
            try:
                rig.start()
                ready = time.monotonic() - began
                took = _all_looked_at(rig, rows, judge)
                _all_end(rig, rows, judge)
            finally:
                rig.close()
    finally:
        cloud.stop()
    return judge.played(count, f"ready after {ready:.1f} s, all looked at {took:.1f} s later")


def _configure(rig: Rig, functions: list[str]) -> None:
    head, _, rest = toml(port=rig.port).partition("[apps.my-app]")
    one = "[apps.my-app]" + rest
    apps = [one.replace("apps.my-app", f"apps.{name}").replace('"my-app"', f'"{name}"') for name in functions]
    (rig.folder / "tidegate.toml").write_text(head + "\n".join(apps))


def _seed(rig: Rig, cloud: Cloud, wanted: list[tuple[str, Phase]], rng: Random) -> dict[int, Rollout]:
    policy = ConfigPolicy(load(rig.folder / "tidegate.toml", {}))
    store, now, found = open_store(rig.folder / "tidegate.db"), datetime.now(UTC), {}
    for name, phase in wanted:
        one_more(cloud, name)
        share = SHARES.get(phase, 10)
        split = {"2": 100.0} if share == 100 else {"1": 100.0 - share, "2": float(share)} if share else {"1": 100.0}
        cloud.knobs.edit_weights(name, "live", split)
        _, terms = policy.terms(name, "prod", "short" if phase is Phase.REQUESTED else "canary")
        step = 2 if share == 100 else 0
        one = row(phase, "10% 1s, 50% 1s, 100%").but(
            id=0, version=0, app=name, terms=terms, proven=share, step=step, created_at=now, phase_at=now,
            gate_from=now, proven_at=now, last_look=now, verdict=None, wake_at=now + timedelta(seconds=60), peak=share,
        )  # fmt: skip
        if phase is Phase.REQUESTED:
            one = one.but(stable=None, candidate=None, proven=None)
        with store.work() as work:
            added = work.add(one)
            if rng.random() < 0.5 and phase is not Phase.REQUESTED:
                work.mark(work.plan(added, Shift(percent=share), now).id, "sent", "", now)
        found[added.id] = added
    store.close()
    return found


def _all_looked_at(rig: Rig, rows: dict[int, Rollout], judge: Judge) -> float:
    began = time.monotonic()

    def done() -> bool:
        with rig.store.reads() as reads:
            now = [reads.rollout(number) for number in rows]
        return all(one is not None and (not one.live or one.last_look != rows[one.id].last_look) for one in now)

    with contextlib.suppress(TimeoutError):
        until(done, "all looked at", patience=30)
    took = time.monotonic() - began
    judge.holds(took <= WITHIN, f"looked at only after {took:.1f} s")
    return took


def _all_end(rig: Rig, rows: dict[int, Rollout], judge: Judge) -> None:
    def one(number: int) -> tuple[Rollout, list[str]]:
        with rig.store.reads() as reads:
            now, made = reads.rollout(number), reads.intents(number)
        assert now
        return now, [each.key for each in made if each.state in ("planned", "sent")]

    def right(number: int) -> bool:
        was, now = rows[number], one(number)[0]
        return now.phase.value == ENDS.get(was.phase, now.phase.value) and (was.phase in ENDS or now.live)

    with contextlib.suppress(TimeoutError):
        until(lambda: all(right(number) for number in rows), "all end", patience=60)
    for number, was in rows.items():
        now, left = one(number)
        judge.holds(right(number), f"from {was.phase}: {now.phase} {now.cause}")
        judge.same(left if was.phase in ENDS else [], [], f"open intents, from {was.phase}")


# -- K05: Slack is ill, Slack is away --------------------------------------------------------------------------------

ILLS: tuple[tuple[str, tuple[str, ...], dict[str, Any]], ...] = (
    ("429", ("chat.*",), {"retry_after": 1, "times": 3}), ("500", ("*",), {"times": 6}), ("503", ("*",), {}),
    ("down", ("*",), {}), ("lost_reply", ("chat.update",), {"times": 2}), ("slow", ("chat.*",), {"seconds": 1.5}),
    ("lost_reply", ("chat.postMessage",), {"times": 1}), ("429", ("*",), {"retry_after": 2, "times": 8}),
)  # fmt: skip


def slack_is_ill(count: int, seed: int, naive: bool) -> Played:
    """429, 5xx, broken lines, lost and slow answers while a rollout runs; then Slack is well again."""
    rng, fired, late = Random(seed), 0, 0.0
    ills = list(ILLS)
    rng.shuffle(ills)
    with a_siege(rng) as siege:
        siege.start()
        alone = _one_rollout(siege, None)
        while fired < count:
            kind, methods, options = ills[fired % len(ills)]
            took = _one_rollout(siege, (kind, methods, options))
            siege.judge.holds(took <= alone + 3.0, f"{kind}: {took:.1f} s, {alone:.1f} s without")
            siege.ws.heal()
            healed = time.monotonic()
            lost = kind == "lost_reply" and "chat.postMessage" in methods
            try:
                until(lambda: bool(siege.card("succeeded")), siege.where, patience=50 if lost else 20)
            except TimeoutError:
                siege.judge.found.append(f"{kind}: the card does not say succeeded")
            took = time.monotonic() - healed
            late = max(late, 0.0 if lost else took)
            siege.judge.holds(lost or took <= 10, f"{kind}: the card is right only after {took:.1f} s")
            mark = f"#{siege.rollout().id} "
            cards = [card for card in siege.cards() if mark in f"{card.text} {card.blocks}"]
            siege.judge.holds(len(cards) <= 1 + lost, f"{kind} {methods}: {len(cards)} cards")
            fired += 1
        siege.at_last()
        return siege.judge.played(fired, f"cards right at most {late:.1f} s after")


def _one_rollout(siege: Siege, ill: Any) -> float:
    siege.calm()
    began = time.monotonic()
    siege.slash("ana", "my-app canary")
    if ill is not None:
        siege.ws.fault(ill[0], *ill[1], **ill[2])
    siege.phase("succeeded")
    siege.judge.same(len(siege.applied()), 3, "writes")
    return time.monotonic() - began


def slack_is_away(count: int, seed: int, naive: bool) -> Played:
    """Slack takes no connection for so many seconds; rollouts are started from a shell and run through meanwhile."""
    rng = Random(seed)
    with a_siege(rng) as siege:
        siege.start()
        alone = _one_rollout(siege, None)
        siege.ws.fault("down")
        began, done, worst = time.monotonic(), 0, 0.0
        while time.monotonic() - began < count:
            version = "1" if "1" not in siege.shares() else "2"
            told = siege.tell("start", f"my-app@{version}", "canary", "--no-wait")
            siege.judge.same(told.returncode, 0, f"the shell: {told.stderr[-200:]}")
            started = time.monotonic()
            until(lambda: siege.live() is not None, siege.where)
            until(lambda: siege.live() is None, siege.where)
            worst, done = max(worst, time.monotonic() - started), done + 1
        away = time.monotonic() - began
        siege.ws.heal()
        healed = time.monotonic()
        until(lambda: bool(siege.card("succeeded")), siege.where, patience=60)
        late = time.monotonic() - healed
        siege.judge.holds(late <= 10, f"the newest card is right only {late:.1f} s after the return")
        siege.judge.holds(worst <= alone + 3, f"a rollout took {worst:.1f} s, {alone:.1f} s without")
        with siege.store.reads() as reads:
            phases = {row.phase for row in reads.history(limit=500)}
        siege.judge.same(phases, {Phase.SUCCEEDED}, "how they ended")
        siege.at_last()
        return siege.judge.played(int(away), f"{done} rollouts meanwhile; newest card right {late:.1f} s after")


WHOLE = "the whole bot as a process (forked from one that has imported everything), cloud and workspace outside it"
ROWS = (
    Row("D01", "`kill -9` after 0.05 to 3 s, commands, alarms, lost replies, throttles and a third hand meanwhile",
        "0 acked commands lost, 0 done twice, 0 torn; each write is one intent's", WHOLE, killed, ci=6, soak=1000,
        part=100, naive="answers first, stores 150 ms later", naive_ci=5, slow=True,
        missing="one process: a second replica cannot run on SQLite"),
    Row("D02", "`kill -9` at every failpoint", "as if it had never happened", WHOLE, at_failpoints, ci=1,
        soak=3 * len(CASES), part=len(CASES), slow=True,
        missing="in CI all of them are played by tests/end_to_end/test_failpoints.py"),
    Row("D03", "a start with rollouts in every phase, half of them with a call under way",
        "all looked at within 5 s, all end right", WHOLE, restarted, ci=10, soak=200, part=50, slow=True),
    Row("D11", "SIGTERM in the middle of it", "exit 0 within 10 s, as D01", WHOLE, stopped, ci=2, soak=200, part=50,
        slow=True),
    Row("S03", "the process is suspended for 1 to 3 s (5 to 15 looks), an alarm turns red meanwhile",
        "no step up after it wakes", WHOLE, suspended, ci=1, soak=100, part=50, slow=True,
        missing="ten minutes would be the same code: a gap counts as three looks at most"),
    Row("K05", "Slack: 429, 5xx, broken lines, answers lost or slow",
        "rollouts are not delayed; cards right 10 s after; "
        "at most one stray card per lost answer to a post", WHOLE, slack_is_ill, ci=1, soak=48, part=16, slow=True),
    Row("K05a", "Slack takes no connection (counted in seconds)",
        "rollouts run through; the newest card is right 10 s after", WHOLE, slack_is_away, ci=2,
        soak=1800, part=900, slow=True),
)  # fmt: skip
