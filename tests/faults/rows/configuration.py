"""C01 to C04: the file is broken, hostile, or read again while rollouts live. The real loader and the real reload."""

import tempfile
import time
import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from bot.clock import SystemClock
from bot.config import BadConfigs, Config, load, load_to_run
from bot.live_policy import LivePolicy
from bot.reloading import Ground, Reloading
from rollout.ask import Ask
from rollout.conductor import Conductor
from rollout.simulated import ManualClock, SimulatedAlarm, SimulatedTarget, SimulatedWorld
from store import open_store
from tests.bot.test_config_broken import BROKEN, GOOD
from tests.faults.row import Judge, Played, Row
from tests.rollout.scene import ANA

TOKENS = {"SLACK_BOT_TOKEN": "xoxb-made-up-1", "SLACK_APP_TOKEN": "xapp-made-up-1", "SLACK_SIGNING_SECRET": "0" * 32}
NOISE = ("\x00", "\ufeff", "=", "[", "]", '"', "'''", "\n", "0", "-", "1e999", "nan", "true", "{", "}", "#", "é",
         "9" * 30)  # fmt: skip


def _read(path: Path, text: bytes, judge: Judge, what: str) -> Config | None:
    """Read it: a configuration or BadConfigs that names the file, and nothing else ever."""
    path.write_bytes(text)
    try:
        return load(path, {})
    except BadConfigs as wrong:
        judge.holds(str(path) in str(wrong) and wrong.flaws, f"{what}: refused without a place: {wrong}")
    except Exception as error:  # noqa: BLE001 - whatever else comes is what this row looks for
        judge.found.append(f"{what}: {type(error).__name__}: {error}")
    return None


# -- C01: any damage -------------------------------------------------------------------------------------------------


def damaged(count: int, seed: int, naive: bool) -> Played:
    """A right file with one to six places cut, doubled, swapped or overwritten, by character and by line."""
    rng, judge, taken = Random(seed), Judge(), 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tidegate.toml"
        good = load_good(path)
        for number in range(count):
            text = GOOD
            for _ in range(rng.randint(1, 6)):
                text = rng.choice(_DAMAGES)(text, rng)
            config = _read(path, text.encode("utf-8", "surrogatepass"), judge, f"damage {number} of seed {seed}")
            taken += config is not None
            if config is not None:
                judge.holds(config.apps and all(app.env for app in config.apps.values()), f"half a load: {number}")
        judge.same(load_good(path), good, "the right file after all that")
    return judge.played(count, f"{taken} of them were still right")


def load_good(path: Path) -> Config:
    """The file as it should be."""
    path.write_text(GOOD)
    return load(path, {})


def _cut(text: str, rng: Random) -> str:
    at = rng.randrange(len(text) + 1)
    return text[:at] + text[at + rng.randint(1, 40) :]


def _put(text: str, rng: Random) -> str:
    at = rng.randrange(len(text) + 1)
    return text[:at] + rng.choice(NOISE) + text[at:]


def _lines(text: str, rng: Random) -> str:
    lines = text.split("\n")
    one, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    if rng.random() < 0.5:
        lines.insert(one, lines[other])
    else:
        lines[one], lines[other] = lines[other], lines[one]
    return "\n".join(lines)


_DAMAGES: tuple[Callable[[str, Random], str], ...] = (_cut, _put, _lines)


# -- C02: known mistakes ---------------------------------------------------------------------------------------------


def known_mistakes(count: int, seed: int, naive: bool) -> Played:
    """Every mistake of the corpus, two or three of them in one file: each is named at its place, all at once."""
    rng, judge, fired = Random(seed), Judge(), 0
    corpus = {name: one for name, one in BROKEN.items() if one[0] in GOOD and one[0] != GOOD}
    names = sorted(corpus)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tidegate.toml"
        for number in range(count):
            chosen = names[number % len(names)]
            old, new, place, fact, _fix = corpus[chosen]
            text = GOOD.replace(old, new, 1)
            if rng.random() < 0.5:
                text += "\n[apps.my-app.env.staging]\nkind = 'no-such-kind'\n"
            fired += 1
            path.write_text(text)
            try:
                load(path, {})
            except BadConfigs as wrong:
                said = str(wrong)
                judge.holds(place in said or fact in said, f"{chosen}: not named in {said!r}")
            else:
                judge.found.append(f"{chosen}: it was taken")
    return judge.played(fired, f"{len(names)} kinds")


# -- C03: files made to hurt -----------------------------------------------------------------------------------------

LONGEST, MOST = 1.0, 100 * 1024 * 1024
"""Seconds and bytes that one file may cost."""


def hostile(count: int, seed: int, naive: bool) -> Played:
    """Deep, wide and long files: refused in a second and 100 MB, whatever they hold."""
    rng, judge, worst, most = Random(seed), Judge(), 0.0, 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tidegate.toml"
        tracemalloc.start()
        try:
            for number in range(count):
                text = rng.choice(_BOMBS)(rng)
                tracemalloc.reset_peak()
                begun = time.process_time()
                _read(path, text.encode(), judge, f"bomb {number} of seed {seed}")
                spent, peak = time.process_time() - begun, tracemalloc.get_traced_memory()[1]
                worst, most = max(worst, spent), max(most, peak)
                # Tracing makes it about four times as slow as it is.
                judge.holds(spent < 4 * LONGEST, f"{spent:.1f} s for {text[:40]!r} ({len(text)})")
                judge.holds(peak < MOST, f"{peak >> 20} MB for {text[:40]!r} ({len(text)})")
        finally:
            tracemalloc.stop()
    return judge.played(count, f"at most {worst:.2f} s under a tracer, {most >> 20} MB")


_BOMBS: tuple[Callable[[Random], str], ...] = (
    lambda rng: "x = " + "[" * rng.randint(100, 20_000),
    lambda rng: "a" + ".a" * rng.randint(100, 200_000) + " = 1",
    lambda rng: "[" + ".".join(rng.choice(('"a"', "b", "'c'")) for _ in range(rng.randint(100, 100_000))) + "]",
    lambda rng: "".join(f"[t{number}]\n" for number in range(rng.randint(100, 5000))),
    lambda rng: GOOD + "".join(f'[apps.a{n}.env.prod]\nkind = "lambda"\n' for n in range(rng.randint(10, 400))),
    lambda rng: "n = " + "9" * rng.randint(5000, 200_000),
    lambda rng: 's = "' + "a" * rng.randint(10_000, 2_000_000) + '"',
    lambda rng: "\n" * rng.randint(10_000, 1_000_000),
)


# -- C04: read again while rollouts live -----------------------------------------------------------------------------


def read_again(count: int, seed: int, naive: bool) -> Played:
    """Right and broken files by turns, read again under a live rollout that goes on: what counts is the last right one
    as a whole, what lives keeps its terms.
    """
    rng, judge, taken = Random(seed), Judge(), 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tidegate.toml"
        path.write_text(GOOD)
        config, _ = load_to_run(path, TOKENS)
        clock, policy = ManualClock(), LivePolicy(config)
        world = SimulatedWorld(clock)
        world.targets["my-app/prod"] = SimulatedTarget()
        world.alarms |= {name: SimulatedAlarm() for name in ("my-app-errors", "my-app-p99")}
        store = open_store(Path(folder) / "t.db")
        bot = Conductor(store, world, policy, clock)
        reloading = Reloading(Ground(policy, store, SystemClock(), TOKENS, "socket", lambda: None))
        last, terms = config, None
        for number in range(count):
            text, right = _next_file(rng, number)
            path.write_text(text)
            if naive:
                _half(policy, path)
            else:
                reloading.turn()
            if right:
                last = load(path, TOKENS)
            judge.same(policy.config.hash, last.hash, f"after file {number} of seed {seed}, which counts")
            taken += right
            with store.reads() as reads:
                live = reads.live("my-app", "prod")
            if live is None:
                terms = None
                reply = bot.ask(Ask(verb="start", app="my-app"), _admin(), dedupe=f"{number}")
                judge.holds(reply.ok or "held" in reply.text, reply.text)
                bot.ask(Ask(verb="unlock", app="my-app", reason="x"), _admin(), dedupe=f"u{number}")
            else:
                judge.holds(terms in (None, live.terms), f"#{live.id} changed its terms")
                terms = live.terms
                clock.advance(timedelta(minutes=2))
                for ids in bot.due().values():
                    bot.look(ids)
        judge.same(store.verify()[1], None, "the audit trail")
        store.close()
    return judge.played(count, f"{taken} were right")


def _admin() -> Any:
    return ANA


def _next_file(rng: Random, number: int) -> tuple[str, bool]:
    """A right file that differs each time, or a broken one."""
    if rng.random() < 0.5:
        return GOOD.replace("1% 10m", f"1% {10 + number % 40}m").replace('"10m"', f'"{5 + number % 30}m"'), True
    old, new, *_ = rng.choice([one for one in BROKEN.values() if one[0] in GOOD])
    return GOOD.replace(old, new, 1), False


def _half(policy: LivePolicy, path: Path) -> None:
    """The naive way: whatever can be read of the file counts, defaults for the rest."""
    try:
        found = load(path, TOKENS)
    except BadConfigs:
        found = policy.config.model_copy(update={"plans": {}, "roles": {}})
    policy.swap(policy.prepared(found))


IN_PROCESS = "in process: the loader, the reload, conductor and SQLite"
ROWS = (
    Row("C01", "a right file with one to six damages", "a whole configuration or a refusal with file and place",
        IN_PROCESS, damaged, ci=400, soak=10_000, part=2500),
    Row("C02", "known mistakes, one or two in a file", "refused, each named", IN_PROCESS, known_mistakes, ci=150,
        soak=1000, part=1000),
    Row("C03", "files made deep, wide or long", "refused or taken within 1 s and 100 MB", IN_PROCESS, hostile, ci=10,
        soak=200, part=100),
    Row("C04", "right and broken files are read again under a live rollout", "the last right one counts as a whole, "
        "what lives keeps its terms", IN_PROCESS, read_again, ci=40, soak=2000, part=500,
        naive="what can be read counts", naive_ci=20),
)  # fmt: skip
