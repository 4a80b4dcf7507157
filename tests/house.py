"""The house rules as functions over a source tree: every one returns the breaches it sees, in words.

They take the root as an argument, so that tests/test_house.py can plant each breach in a tree of its own.
They read text and syntax trees only; nothing of what they judge is imported or run.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from statistics import median, quantiles

ROOMS = ("rollout", "handlers", "aws", "store", "bot")
CODE = (*ROOMS, "demo")
MOCKS = {
    "Mock",
    "MagicMock",
    "AsyncMock",
    "NonCallableMock",
    "create_autospec",
    "patch",
    "monkeypatch",
    "mocker",
}
CLOCKS = {
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
    ("time", "time"),
    ("time", "time_ns"),
}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def files(root: Path, folders: Iterable[str]) -> list[Path]:
    """All Python files of these folders."""
    return sorted(path for folder in folders for path in (root / folder).rglob("*.py"))


@cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def nodes(root: Path, folders: Iterable[str]) -> Iterator[tuple[Path, ast.AST]]:
    """Every node of every file, with the file."""
    for path in files(root, folders):
        for node in ast.walk(tree(path)):
            yield path, node


def functions(root: Path, folders: Iterable[str]) -> list[tuple[Path, Function]]:
    """Every function and method, nested ones too."""
    return [(path, node) for path, node in nodes(root, folders) if isinstance(node, Function)]


def at(root: Path, path: Path, node: ast.AST | int) -> str:
    """Where something stands: file:line."""
    line = node if isinstance(node, int) else getattr(node, "lineno", 0)
    return f"{path.relative_to(root)}:{line}"


def file_sizes(root: Path) -> list[str]:
    """Files of at most 400 lines, half of them at most 120."""
    sizes = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in files(root, CODE)}
    found = [
        f"{path.relative_to(root)}: {size} lines, at most 400" for path, size in sizes.items() if size > 400
    ]
    filled = [size for size in sizes.values() if size]
    if filled and median(filled) > 120:
        found.append(f"median file: {median(filled)} lines, at most 120")
    return found


def function_sizes(root: Path) -> list[str]:
    """Functions of at most 50 lines, nine of ten at most 25."""
    sizes = [
        (at(root, path, node), (node.end_lineno or 0) - node.lineno + 1)
        for path, node in functions(root, CODE)
    ]
    found = [f"{place}: {size} lines, at most 50" for place, size in sizes if size > 50]
    if len(sizes) > 1 and (ninth := quantiles([size for _, size in sizes], n=10)[-1]) > 25:
        found.append(f"nine of ten functions: {ninth:.0f} lines, at most 25")
    return found


def parameters(root: Path) -> list[str]:
    """At most six parameters, not counting self."""
    found = []
    for path, node in functions(root, CODE):
        names = [a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
        if names[:1] in (["self"], ["cls"]):
            names.pop(0)
        if len(names) > 6:
            found.append(f"{at(root, path, node)}: {len(names)} parameters, at most 6")
    return found


def cycles(root: Path) -> list[str]:
    """No import cycle between modules; imports inside functions count."""
    modules = {module_name(root, path): path for path in files(root, CODE)}
    graph = {name: imported(name, path, modules.keys()) - {name} for name, path in modules.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as cycle:
        return ["import cycle: " + " -> ".join(reversed(cycle.args[1]))]
    return []


def module_name(root: Path, path: Path) -> str:
    """The dotted name a file is imported by."""
    return ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")


def imported(name: str, path: Path, known: Iterable[str]) -> set[str]:
    """Which of the known modules this one imports."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*parents, *([node.module] if node.module else [])])
            found.update(full if (full := f"{base}.{alias.name}") in known else base for alias in node.names)
    return found & set(known)


def tests_of(root: Path) -> list[tuple[Path, Function]]:
    """Every test function."""
    return [(path, node) for path, node in functions(root, ["tests"]) if node.name.startswith("test")]


def mocks(root: Path) -> list[str]:
    """At most five uses of a mock in a hundred tests."""
    uses = [at(root, path, node) for path, node in nodes(root, ["tests"]) if mock_word(node) in MOCKS]
    allowed = len(tests_of(root)) * 5 / 100
    return [] if len(uses) <= allowed else [f"{len(uses)} mocks, at most {allowed:g}: {', '.join(uses)}"]


def mock_word(node: ast.AST) -> str | None:
    """The word by which a mock comes in: a call of its class, a decorator, a fixture asked for."""
    if isinstance(node, ast.Call):
        called = node.func
        if isinstance(called, ast.Attribute) and word(called.value) in MOCKS:  # patch.object(...)
            called = called.value
        return None if word(called) == "monkeypatch" else word(called)
    return node.arg if isinstance(node, ast.arg) else None


def word(node: ast.AST) -> str | None:
    """The last word of a dotted name."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else None


def undocumented_tests(root: Path) -> list[str]:
    """Every test says in one line what it proves."""
    found = []
    for path, node in tests_of(root):
        said = ast.get_docstring(node) or ""
        if not said or "\n" in said:
            found.append(f"{at(root, path, node)}: {node.name} needs a docstring of one line")
    return found


def comments(root: Path) -> Iterator[tuple[Path, int, str]]:
    """Every comment of the code and the tests."""
    for path in files(root, (*CODE, "tests", "bench", "scripts")):
        for token in tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline):
            if token.type == tokenize.COMMENT:
                yield path, token.start[0], token.string


def silenced(root: Path) -> list[str]:
    """No rule is silenced without a reason of at least two words beside it."""
    code = r"[A-Z]+[0-9]+"
    pragma = re.compile(rf"type:\s*ignore(\[[^\]]*\])?|noqa(:\s*{code}(\s*,\s*{code})*)?|pragma: no \w+")
    return [
        f"{at(root, path, line)}: silenced without a reason: {text}"
        for path, line, text in comments(root)
        if pragma.search(text) and len(re.findall(r"\w+", pragma.sub("", text))) < 2
    ]


def postponed(root: Path) -> list[str]:
    """Nothing is left for later in a comment."""
    later = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    return [f"{at(root, path, line)}: {text}" for path, line, text in comments(root) if later.search(text)]


def clocks(root: Path) -> list[str]:
    """The rooms read the clock in bot/clock.py only."""
    found = []
    for path, node in nodes(root, ROOMS):
        direct = isinstance(node, ast.Attribute) and (word(node.value), node.attr) in CLOCKS
        hidden = isinstance(node, ast.ImportFrom) and any((node.module, a.name) in CLOCKS for a in node.names)
        if (direct or hidden) and path != root / "bot" / "clock.py":
            found.append(f"{at(root, path, node)}: reads the clock; take `now` as an argument")
    return found


def transactions(root: Path) -> list[str]:
    """Only the store opens a transaction or touches a connection."""
    return [
        f"{at(root, path, node)}: .{node.attr} belongs to store/"
        for path, node in nodes(root, [room for room in ROOMS if room != "store"])
        if isinstance(node, ast.Attribute) and node.attr in {"atomic", "conn"}
    ]


def evaluated(root: Path) -> list[str]:
    """No text is run as code."""
    return [
        f"{at(root, path, node)}: {node.func.id}() runs text as code"
        for path, node in nodes(root, CODE)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"eval", "exec"}
    ]


def names(root: Path) -> list[str]:
    """No class or module is called by a word that says nothing."""
    empty = re.compile(r"(Manager|Helper|Utils?|Service)$|^(manager|helpers?|utils?|service|common|types)$")
    named = [(path, path.stem, 1) for path in files(root, CODE)]
    named += [
        (path, node.name, node.lineno) for path, node in nodes(root, CODE) if isinstance(node, ast.ClassDef)
    ]
    return [
        f"{at(root, path, line)}: `{name}` says nothing" for path, name, line in named if empty.search(name)
    ]


RULES = (
    file_sizes,
    function_sizes,
    parameters,
    cycles,
    mocks,
    undocumented_tests,
    silenced,
    postponed,
    clocks,
    transactions,
    evaluated,
    names,
)
