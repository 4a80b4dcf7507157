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
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

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
    "alarm_watch", "durations", "stages", "servers", "told", "rounds",
)  # fmt: skip
"""The tests that run against each: those that take seconds. With the others it would be more, never less."""
SEED = 1
SURVIVED, UNSEEN = 0, 33
"""mutmut's codes: every test passed; no test reaches it."""


WHY: tuple[tuple[str, str, str], ...] = (
    ("policy", r"\+ fresh = None", "equivalent: only asked whether it is true"),
    ("machine", r"\(r\.verdict\) or True", "equivalent: the look has just been judged, a verdict is there"),
    ("machine", r"isinstance\(here, SetWeight\)\) or True", "equivalent: a row that stands at an approve step waits"),
    ("looking/rising", r"Verdict\(", "equivalent: the look has just been judged, a verdict is there"),
    ("looking/rising", r"enter\(None\)", "equivalent: the next line enters the next step or the final bake"),
    ("looking/fold", r"gate_from >= ", "equivalent: it sets the same moment"),
    ("health", r'outcome=(None|"XXUNKNOWNXX"), cause="no_gate"', "unreachable: somebody always votes"),
    ("audit", r"allow_nan=None|UTF-8|utf-8", "equivalent: a spelling of the same; no body holds a surrogate"),
    ("policy", r"XXprincipalXX|PRINCIPAL", "equivalent: no principal is in the directory: there is no person"),
)
"""Module, what the change looks like (a regular expression over its two lines), why it may live."""


@dataclass(frozen=True)
class Score:
    """What came of one module; each survivor as the line before and after."""

    module: str
    killed: int
    total: int
    left: int
    """Changes that were drawn and not tried yet."""
    of: int
    """All changes there are."""
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


def run(mutmut: Path, folder: Path, minutes: float, names: Sequence[str]) -> bool:
    """Let mutmut try these for so long, one worker, out of everybody's way; whether it came to its end."""
    command = ["nice", "-n", "15", str(mutmut), "run", "--max-children", "1", *names]
    try:
        done = subprocess.run(
            command, cwd=folder / "tree", timeout=minutes * 60, stdout=subprocess.DEVNULL, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    if done.returncode:
        raise RuntimeError(f"mutmut ended with {done.returncode}: run it in {folder / 'tree'} and read what it says")
    return True


def codes(tree: Path, module: str) -> dict[str, int | None]:
    """What mutmut has found of each change of a module so far; None when it was not tried."""
    file = tree / "mutants" / "rollout" / f"{module}.py.meta"
    found: dict[str, int | None] = json.loads(file.read_text(encoding="utf-8"))["exit_code_by_key"]
    return found


def drawn(tree: Path, module: str, sample: int) -> list[str]:
    """So many of a module's changes, by lot, the same ones each time."""
    names = sorted(codes(tree, module))
    return names if len(names) <= sample else sorted(Random(SEED).sample(names, sample))


def scores(tree: Path, sample: int) -> Iterator[Score]:
    """What mutmut has found so far, module by module; what it has not tried yet is counted apart."""
    for module in MODULES:
        all_of_it, mine = codes(tree, module), drawn(tree, module, sample)
        tried = {name: all_of_it[name] for name in mine if all_of_it[name] is not None}
        alive = [name for name, code in tried.items() if code in (SURVIVED, UNSEEN)]
        changed = (tree / "mutants" / "rollout" / f"{module}.py").read_text(encoding="utf-8")
        yield Score(
            module, len(tried) - len(alive), len(tried), len(mine) - len(tried), len(all_of_it),
            tuple(_changes(changed, alive)),
        )  # fmt: skip


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
    lines = [
        f"| `rollout/{one.module}.py` | {one.killed} | {one.total} | {one.of} | {_percent(one)} |" for one in found
    ]
    listed = [
        f"- `rollout/{one.module}.py`, {_code(change)}: {why(one.module, change) or 'nobody has looked at it yet'}"
        for one in found for change in one.survivors
    ]  # fmt: skip
    left = sum(one.left for one in found)
    untried = f" {left:,} more were not tried yet." if left else ""
    return "\n".join([
        "## Every expression of what decides", "",
        f"mutmut changes one expression at a time: {sum(one.of for one in found):,} changes in these modules, of which",
        f"{total:,} were drawn (seed {SEED}) and tried; {killed:,} are noticed by the tests of `tests/rollout` that",
        "take seconds. Constants and tables of a module are not changed by it." + untried, "",
        "| module | noticed | tried | changes | % |", "|---|---|---|---|---|", *lines, "",
        "## What lives, and why", "", *listed,
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
    parser.add_argument("--sample", type=int, default=100, help="changes of each module, by lot")
    parser.add_argument("--tree", type=Path, default=ROOT, help="copy this tree")
    chosen = parser.parse_args()
    prepare(chosen.folder, chosen.tree)
    tree = chosen.folder / "tree"
    if not (tree / "mutants" / "rollout" / "table.py.meta").exists():
        run(chosen.mutmut, chosen.folder, chosen.minutes, ["rollout.table.x_outcome__mutmut_1"])  # makes all of them
    left = [name for module in MODULES for name in drawn(tree, module, chosen.sample) if not codes(tree, module)[name]]
    ended = bool(chosen.minutes and left) and run(chosen.mutmut, chosen.folder, chosen.minutes, left)
    found = list(scores(tree, chosen.sample))
    FOUND.write_text(json.dumps([asdict(one) for one in found], indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    PAGE.write_text(page(), encoding="utf-8")
    for one in found:
        print(f"{one.module:18} {one.killed:4} of {one.total:4}  {_percent(one)} %")  # noqa: T201 - a command line
    print("mutmut came to its end" if ended else "stopped; run it again to go on")  # noqa: T201 - a command line
    return sum(100 * one.killed < WANTED * one.total for one in found)


if __name__ == "__main__":
    raise SystemExit(main())
