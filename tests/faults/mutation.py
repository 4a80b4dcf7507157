"""Mutation testing of what decides: every expression is changed a little, and some test has to notice.

The changing is mutmut's (3.8.1, from PyPI; put it into an environment of its own that sees this project's packages):

    python -m tests.faults.mutation /some/venv/bin/mutmut --folder /tmp/mutation --minutes 19

Run it again and it goes on where it stopped. It keeps what it found in `mutation_found.json`, and docs/mutants.md says
it. The working tree is never touched. mutmut changes functions only; constants and tables of a module it leaves alone.
"""

import argparse
import ast
import difflib
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.faults.mutants import HERE, PAGE, ROOT, copied, page

FOUND = HERE / "mutation_found.json"
WANTED = 90
"""Of a hundred; what survives is listed with why."""
MODULES = (
    "machine", "wishes", "table", "plan", "policy", "health", "audit", "looking/falling", "looking/fold",
    "looking/look", "looking/requested", "looking/rising", "alarms/compare", "alarms/fold",
)  # fmt: skip
NEAR = (
    "goldens", "decide", "looking", "health", "wishes", "table", "plan", "policy", "audit", "moves", "alarm_rules",
    "alarm_watch", "durations", "stages",
)  # fmt: skip
"""The tests that run against each: those that take seconds. With the others it would be more, never less."""
SURVIVED, UNSEEN = 0, 33
"""mutmut's codes: every test passed; no test reaches it."""


class _Because:
    """Why a mutant may live, by what it changes."""

    SAME = "equivalent: no row, look or caller there is can tell the difference"
    TYPE = "equivalent: a type or default that nothing reads"
    EDGE = "two moments equal to the microsecond: either side of the edge is right"


WHY: tuple[tuple[str, str, str], ...] = ()
"""Module, what the change looks like (a regular expression over its two lines), why it may live."""


@dataclass(frozen=True)
class Score:
    """What came of one module; each survivor as the line before and after."""

    module: str
    killed: int
    total: int
    left: int
    """Changes that were not tried yet."""
    survivors: tuple[str, ...] = ()


def prepare(folder: Path, tree: Path) -> None:
    """A copy of the tree with mutmut told what to change and what to run; one that is there already stays."""
    if (folder / "tree").exists():
        return
    with copied(tree) as copy:
        shutil.copytree(copy, folder / "tree")
    told = {
        "source_paths": ["rollout"],
        "only_mutate": [f"rollout/{module}.py" for module in MODULES],
        "pytest_add_cli_args_test_selection": [f"tests/rollout/test_{name}.py" for name in NEAR],
        "pytest_add_cli_args": ["-q", "-p", "no:cacheprovider", "--hypothesis-profile=ci"],
        "also_copy": ["aws", "store", "bot", "handlers", "demo", "docs", "tests", "scripts"],
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in told.items()]
    with (folder / "tree" / "pyproject.toml").open("a") as file:
        file.write("\n".join(["\n[tool.mutmut]", *lines, "use_git_change_detection = false\n"]))


def run(mutmut: Path, folder: Path, minutes: float) -> bool:
    """Let mutmut work for so long, one worker, out of everybody's way; whether it came to its end."""
    command = ["nice", "-n", "15", str(mutmut), "run", "--max-children", "1"]
    try:
        done = subprocess.run(
            command, cwd=folder / "tree", timeout=minutes * 60, stdout=subprocess.DEVNULL, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    if done.returncode:
        raise RuntimeError(f"mutmut ended with {done.returncode}: run it in {folder / 'tree'} and read what it says")
    return True


def scores(tree: Path) -> Iterator[Score]:
    """What mutmut has found so far, module by module; what it has not tried yet is counted apart."""
    for module in MODULES:
        changed = tree / "mutants" / "rollout" / f"{module}.py"
        codes: dict[str, int | None] = json.loads(Path(f"{changed}.meta").read_text())["exit_code_by_key"]
        tried = {name: code for name, code in codes.items() if code is not None}
        alive = [name for name, code in tried.items() if code in (SURVIVED, UNSEEN)]
        shown = _changes(changed.read_text(encoding="utf-8"), alive)
        yield Score(module, len(tried) - len(alive), len(tried), len(codes) - len(tried), tuple(shown))


def _changes(text: str, names: list[str]) -> Iterator[str]:
    functions = {node.name: node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)}
    lines = text.splitlines()
    for name in names:
        key = name.rpartition(".")[2]
        base = key.rpartition("__mutmut_")[0]
        sound = f"{base}__mutmut_orig"
        old, new = (lines[functions[one].lineno - 1 : functions[one].end_lineno] for one in (sound, key))
        new = [line.replace(key, sound) for line in new]
        diff = [line for line in difflib.unified_diff(old, new, n=0, lineterm="") if line[:1] in "+-"]
        where = re.sub(r"^x_?|ǁ", " ", base.replace("xǁ", "")).strip().replace(" ", ".")
        told = " ".join(f"{line[0]} {line[1:].strip()}" for line in diff if not line.startswith(("---", "+++")))
        yield f"{where}: {told}"


def why(module: str, change: str) -> str:
    """Why that one may live; empty when nobody has said."""
    return next((said for where, what, said in WHY if where == module and re.search(what, change)), "")


def remembered() -> list[Score]:
    """What was found last."""
    if not FOUND.exists():
        return []
    kept = json.loads(FOUND.read_text(encoding="utf-8"))
    return [Score(**one | {"survivors": tuple(one["survivors"])}) for one in kept]


def section() -> str:
    """The part of docs/mutants.md."""
    found = remembered()
    if not found:
        return "Changing every expression of what decides (`tests/faults/mutation.py`) has no whole run yet."
    killed, total = sum(one.killed for one in found), sum(one.total for one in found)
    lines = [f"| `rollout/{one.module}.py` | {one.killed} | {one.total} | {_percent(one)} |" for one in found]
    listed = [
        f"- `rollout/{one.module}.py`, {_code(change)}: {why(one.module, change) or 'nobody has looked at it yet'}"
        for one in found for change in one.survivors
    ]  # fmt: skip
    left = sum(one.left for one in found)
    untried = f" {left:,} more were not tried yet." if left else ""
    return "\n".join([
        "## Every expression of what decides", "",
        f"mutmut changes one expression at a time; {killed:,} of {total:,} changes are noticed by the tests of",
        "`tests/rollout` that take seconds. Constants and tables of a module are not changed by it." + untried, "",
        "| module | noticed | changes | % |", "|---|---|---|---|", *lines, "", "## What lives, and why", "", *listed,
    ])  # fmt: skip


def _percent(one: Score) -> str:
    return f"{100 * one.killed / one.total:.1f}" if one.total else "-"


def _code(change: str) -> str:
    return f"``{change}``"


def main() -> int:
    """0 when every module has what is wanted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mutmut", type=Path)
    parser.add_argument("--folder", type=Path, required=True, help="the copy and what was found so far")
    parser.add_argument("--minutes", type=float, default=19, help="stop then; run it again to go on (0: only count)")
    parser.add_argument("--tree", type=Path, default=ROOT, help="copy this tree")
    chosen = parser.parse_args()
    prepare(chosen.folder, chosen.tree)
    ended = bool(chosen.minutes) and run(chosen.mutmut, chosen.folder, chosen.minutes)
    found = list(scores(chosen.folder / "tree"))
    FOUND.write_text(json.dumps([asdict(one) for one in found], indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    PAGE.write_text(page(), encoding="utf-8")
    for one in found:
        print(f"{one.module:18} {one.killed:4} of {one.total:4}  {_percent(one)} %")  # noqa: T201 - a command line
    print("all of them were tried" if ended else "some may not have been tried yet")  # noqa: T201 - a command line
    return sum(100 * one.killed < WANTED * one.total for one in found)


if __name__ == "__main__":
    raise SystemExit(main())
