"""The twelve mutants: known mistakes, planted one by one in a copy of the tree; each must be noticed, by a named test.

`python -m tests.faults.mutants` plays all of them and writes docs/mutants.md. The working tree is never touched.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
FOUND = HERE / "mutants_found.json"
PAGE = ROOT / "docs" / "mutants.md"
ROOMS = ("rollout", "handlers", "aws", "store", "bot", "demo", "tests", "scripts", "docs")
WORLD = "tests/rollout/test_world.py::TestWorld"
PATIENCE = 300


@dataclass(frozen=True)
class Mutant:
    """One mistake: the sound text, the unsound one, and the tests that run against it, the likeliest first."""

    name: str
    what: str
    path: str
    old: str
    new: str
    tests: tuple[str, ...]

    def planted(self, text: str) -> str:
        """The text with the mistake in it; ValueError when the sound text is not there exactly once."""
        if (times := text.count(self.old)) != 1:
            raise ValueError(f"mutant {self.name}: its old text stands {times} times in {self.path}, not once")
        return text.replace(self.old, self.new)


MUTANTS = (
    Mutant(
        "stale-approval", "an approval pressed on an old card counts for the present step", "rollout/wishes.py",
        "    if ask.bound is not None and ask.bound != rollout.bound:",
        '    if ask.bound is not None and ask.bound != rollout.bound and ask.verb != "approve":',
        ("tests/rollout/test_safety.py", WORLD),
    ),
    Mutant(
        "paused-is-deaf", "a red alarm is ignored while the rollout is paused", "rollout/machine.py",
        "    elif begin_fall(look) or (",
        "    elif (phase is not Phase.PAUSED and begin_fall(look)) or (",
        ("tests/rollout/test_safety.py", WORLD),
    ),
    Mutant(
        "no-data-is-fine", "INSUFFICIENT_DATA counts as OK", "rollout/health.py",
        'return says("no_data", f"{gate.name} has no data")',
        'return says("pass", f"{gate.name} has no data")',
        ("tests/rollout/test_safety.py", "tests/rollout/test_health.py", WORLD),
    ),
    Mutant(
        "nothing-is-fine", "no alarm at all counts as all alarms OK", "rollout/health.py",
        'return [Reason(voter="gates", vote="no_gate", text="no alarm watches this target")]',
        'return [Reason(voter="gates", vote="pass", text="no alarm watches this target")]',
        ("tests/rollout/test_health.py", "tests/rollout/test_safety.py", WORLD),
    ),
    Mutant(
        "ack-first", "Slack is answered before anything is stored", "handlers/guard.py",
        "        turn = Turn(body)\n        out: Out = {}\n",
        "        turn = Turn(body)\n        out: Out = {}\n        ack()\n",
        ("tests/handlers/test_listeners.py",),
    ),
    Mutant(
        "re-send", "a call that got no answer is sent again without a look", "rollout/rounds.py",
        '        self._hooks.hit("T5")\n',
        '        if outcome.state == "unknown":\n'
        "            outcome = self._world.perform(rollout, intent.action, intent.key)\n"
        '        self._hooks.hit("T5")\n',
        ("tests/rollout/test_rounds.py", "tests/rollout/test_races.py", WORLD),
    ),
    Mutant(
        "no-version", "a row is written whatever version is there", "store/rollouts.py",
        '" WHERE id = ? AND version = ? AND live = 1"',
        '" WHERE id = ? AND ? > 0 AND live = 1"',
        ("tests/store/test_races.py", "tests/store/test_ledger.py", "tests/rollout/test_rounds.py"),
    ),
    Mutant(
        "one-less", "rollback goes to the version before, not to the release that is recorded", "rollout/anew.py",
        "        return home.id\n",
        "        return str(int(ended.candidate.id if ended.candidate else 0) - 1)\n",
        ("tests/rollout/test_door.py", "tests/rollout/test_safety.py"),
    ),
    Mutant(
        "own-approval", "who asked for it approves it under another name", "rollout/policy.py",
        "    if approval is not None and actor.key == rollout.by.key:",
        "    if approval is not None and actor.key == rollout.by.key and actor.name == rollout.by.name:",
        ("tests/rollout/test_policy.py", "tests/rollout/test_safety.py", WORLD),
    ),
    Mutant(
        "weight-first", "weight is raised before the new side is known healthy", "rollout/looking/rising.py",
        "    if seen is None or not seen.candidate.bears(to) or r.verdict is None:",
        "    if seen is None or r.verdict is None:",
        ("tests/rollout/test_decide.py", "tests/rollout/test_looking.py", WORLD),
    ),
    Mutant(
        "audit-apart", "the audit record is written in a transaction of its own, after the row", "rollout/rounds.py",
        "            if entries.changed(before, after):\n"
        "                work.audit(entries.transition(before, after, now))\n"
        "            if after.away not in",
        "            pass\n"
        "        with self._ledger.work() as work:\n"
        "            if entries.changed(before, after):\n"
        "                work.audit(entries.transition(before, after, now))\n"
        "            if after.away not in",
        ("tests/rollout/test_world.py::test_any_transaction_may_be_the_last", "tests/rollout/test_races.py", WORLD),
    ),
    Mutant(
        "two-bots", "the lock of the store is not checked: two bots drive one file", "bot/app.py",
        "    if lock is None:\n        raise Refused(\n",
        '    lock = lock or hold_lock(f"{path}.other")\n    if lock is None:\n        raise Refused(\n',
        ("tests/bot/test_app.py", "tests/end_to_end/test_process.py"),
    ),
)
BY_NAME = {mutant.name: mutant for mutant in MUTANTS}


@dataclass(frozen=True)
class Found:
    """What came of one mutant: the test that noticed it, empty when none did."""

    name: str
    by: str
    seconds: float


@contextmanager
def copied(root: Path = ROOT) -> Iterator[Path]:
    """A copy of the tree in a folder of its own, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        tree = Path(folder) / "tree"
        tree.mkdir()
        for name in ROOMS:
            shutil.copytree(root / name, tree / name, ignore=shutil.ignore_patterns("__pycache__", "*.pyc", "images"))
        for file in root.iterdir():
            if file.is_file():
                shutil.copy2(file, tree / file.name)
        yield tree


def noticed(tree: Path, mutant: Mutant | None, tests: Sequence[str]) -> str:
    """The first test that fails in the tree; empty when all pass. With a mutant planted meanwhile."""
    if mutant is None:
        return _failing(tree, tests)
    place = tree / mutant.path
    sound = place.read_text(encoding="utf-8")
    place.write_text(mutant.planted(sound), encoding="utf-8")
    try:
        return _failing(tree, tests)
    finally:
        place.write_text(sound, encoding="utf-8")


_ARGUMENTS = (
    "-x", "-q", "--tb=no", "-rfE", "--color=no", "-p", "no:cacheprovider", "-p", "no:randomly",
    "--hypothesis-profile=ci",
)  # fmt: skip


def _failing(tree: Path, tests: Sequence[str]) -> str:
    command = [sys.executable, "-B", "-m", "pytest", *_ARGUMENTS, *tests]
    # The installed package would be the working tree's: the copy comes first on the path.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("COV_", "PYTEST_"))}
    try:
        done = subprocess.run(
            command, cwd=tree, env={**inherited, "PYTHONPATH": str(tree)}, capture_output=True, text=True,
            timeout=PATIENCE, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"{tests[0]} (no end within {PATIENCE} s)"
    if done.returncode == 0:
        return ""
    failed = re.search(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", done.stdout, re.MULTILINE)
    if done.returncode != 1 or failed is None:
        raise RuntimeError(f"the tests could not run: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return failed[1]


def hunt(mutants: Sequence[Mutant], tree: Path) -> Iterator[Found]:
    """Each mutant against its tests. A tree in which they fail without it proves nothing and is refused."""
    for mutant in mutants:
        begun = time.monotonic()
        by = next((by for test in mutant.tests if (by := noticed(tree, mutant, [test]))), "")
        if by and (sick := noticed(tree, None, [by])):
            raise RuntimeError(f"{sick} fails without any mutant")
        yield Found(mutant.name, by, round(time.monotonic() - begun, 1))


def table(found: dict[str, Found]) -> str:
    """The twelve, in Markdown."""
    lines = ["| mutant | where | noticed by |", "|---|---|---|"]
    for mutant in MUTANTS:
        told = found.get(mutant.name)
        by = "not played" if told is None else f"`{_short(told.by)}`" if told.by else "**nobody**"
        lines.append(f"| {mutant.what} | `{mutant.path}` | {by} |")
    return "\n".join(lines)


def _short(by: str) -> str:
    return by.removeprefix("tests/")


def remembered() -> dict[str, Found]:
    """What the last hunts found, by name."""
    if not FOUND.exists():
        return {}
    return {one["name"]: Found(**one) for one in json.loads(FOUND.read_text(encoding="utf-8"))}


def remember(found: dict[str, Found]) -> None:
    """Keep it, in the order of the mutants."""
    kept = [found[mutant.name].__dict__ for mutant in MUTANTS if mutant.name in found]
    FOUND.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def page() -> str:
    """docs/mutants.md: these, and what mutation testing found."""
    from tests.faults.mutation import section

    return f"""# Mutants

Tests that notice nothing prove nothing. So mistakes are planted on purpose, one at a time, in a copy of the tree, and
the tests have to fail. This page is written by `python -m tests.faults.mutants` and `python -m tests.faults.mutation`.

## Twelve known mistakes

What others got wrong before (`tests/faults/mutants.py` has the exact texts). Two of them are played in every run of
the tests; that each of their places still stands in the source is checked for all.

{table(remembered())}

A person with two accounts is two to Tidegate: it knows accounts of one Slack workspace and principals, and no list
that says which of them are one person. Whoever gives approval rights to both has given them to one.

{section()}
"""


def main() -> int:
    """How many were not noticed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help=f"which of {', '.join(BY_NAME)}; all without")
    parser.add_argument("--tree", type=Path, default=ROOT, help="copy this tree")
    chosen = parser.parse_args()
    if unknown := set(chosen.names) - BY_NAME.keys():
        parser.error(f"no mutant {', '.join(sorted(unknown))}; there are {', '.join(BY_NAME)}")
    found = remembered()
    with copied(chosen.tree) as tree:
        for one in hunt([BY_NAME[name] for name in chosen.names or BY_NAME], tree):
            found[one.name] = one
            print(f"{one.name:16} {one.seconds:6} s  {one.by or 'NOBODY NOTICED'}", flush=True)  # noqa: T201 - a command line
            remember(found)
    PAGE.write_text(page(), encoding="utf-8")
    return sum(not one.by for one in found.values())


if __name__ == "__main__":
    raise SystemExit(main())
