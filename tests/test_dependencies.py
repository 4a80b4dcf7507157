"""What we depend on: declared once, locked with hashes, explained, and nothing used that is not declared."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests import house

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PAGE = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
# Parts of a declared package that have a name of their own on the index.
PARTS = {"botocore": "boto3", "botocore-stubs": "boto3", "pydantic-core": "pydantic"}


def plain(name):
    """A package's name as the index spells it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def names(requirements):
    return {plain(re.split(r"[\s<>=!~\[;]", line, maxsplit=1)[0]) for line in requirements}


RUNTIME = names(PROJECT["dependencies"])
EXTRAS = {extra: names(lines) for extra, lines in PROJECT["optional-dependencies"].items()}
ALL = RUNTIME.union(*EXTRAS.values())
ROWS = re.findall(r"^\| (?!package)([a-z0-9-]+) \| ([^|]+) \| ([^|]{10,}) \| ([^|]+) \|$", PAGE, re.MULTILINE)


def test_every_dependency_is_explained():
    """Each direct dependency has one row: licence, why it, upkeep; and no row is left over."""
    assert sorted(name for name, *_ in ROWS) == sorted(ALL)


def test_everything_is_locked_with_hashes():
    """Each locked package has an exact version and hashes, and every direct dependency is among them."""
    entries = re.split(r"\n(?=[A-Za-z0-9])", re.sub(r"(?m)^\s*#.*\n", "", LOCK))
    found = {plain(entry.split("==")[0]): entry for entry in entries if entry.strip()}
    assert found.keys() >= ALL
    assert [name for name, entry in found.items() if "--hash=sha256:" not in entry or "==" not in entry] == []


def test_no_file_names_where_packages_come_from():
    """Neither the lock nor the set-up names an index or a folder: that is for each machine to say."""
    texts = [
        LOCK,
        *((ROOT / name).read_text() for name in ("Makefile", "pyproject.toml", "scripts/venv.sh", ".ci/run")),
    ]
    assert [
        hit for text in texts for hit in re.findall(r".*(?:(?<!no-emit-)index-url [^-]|://|file:/).*", text)
    ] == []


@pytest.mark.parametrize("folder", house.CODE)
def test_what_is_imported_is_declared(folder):
    """The rooms import what `dependencies` names, the demo also what its extra names; nothing by accident."""
    owners = packages_distributions()
    declared = RUNTIME | (EXTRAS["demo"] if folder == "demo" else set())
    ours = {*house.CODE, *sys.stdlib_module_names}
    undeclared = {
        name
        for name in imported(folder) - ours
        if not {PARTS.get(plain(owner), plain(owner)) for owner in owners.get(name, ["?"])} & declared
    }
    assert undeclared == set()


def imported(folder):
    """The top names of everything imported in a folder."""
    found = set()
    for _, node in house.nodes(ROOT, [folder]):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found
