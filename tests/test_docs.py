"""The documents against the code: what they name exists, what they list is complete, what they show can be loaded."""

import ast
import contextlib
import json
import re
import shlex
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from aws import alarm_calls, graphs, topic
from aws.registry import DRIVERS
from bot.cli.table import COMMANDS
from bot.config import load, load_to_run
from bot.health import Health
from bot.metrics import COUNTERS, GAUGES
from handlers.listeners import COMMAND
from handlers.words import parse
from rollout.errors import BadInput
from rollout.plan import BUILT_IN, BUILT_IN_NAMES
from rollout.verbs import VERBS
from store import open_store
from store.retention import RULES

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").glob("*.md"))]
ENVIRON = {"SLACK_APP_TOKEN": "xapp-1-dummy", "SLACK_BOT_TOKEN": "xoxb-1-dummy", "SLACK_SIGNING_SECRET": "dummy-secret"}
MANIFEST = yaml.safe_load((ROOT / "manifest.yml").read_text(encoding="utf-8"))
SAFETY = (ROOT / "docs" / "safety.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(\w+)` \| (\S+) \|$", re.MULTILINE)
PER_PAGE = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def blocks(text, language):
    """The fenced blocks of one language; an empty one means blocks without a language."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [body for its, body in fenced if its == language]


def prose(text):
    """The text without fenced blocks."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def typed(text, word):
    """Everything that begins with this word where code stands: in backticks, or as a line of a plain block."""
    spans = re.findall(r"`([^`\n]+)`", prose(text))
    lines = [line.strip() for block in blocks(text, "") for line in block.splitlines()]
    # A path before it (.venv/bin/tidegate, sudo -u x) is part of how it is started, not of what is asked.
    found = (re.search(rf"^(?:.*[\s/])?{re.escape(word)}\s+(.*)$", code) for code in [*spans, *lines])
    return [match[1] for match in found if match]


def anchors(text):
    """The headings of a page as GitHub links to them."""
    heads = re.findall(r"^#+ (.+)$", prose(text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


def table(text, heading):
    """The first cells, in backticks, of the first table after a heading."""
    section = text.split(f"\n{heading}\n", 1)[1]
    rows = re.search(r"(?:^\|.*\n)+", section, re.MULTILINE)
    assert rows, f"no table after {heading}"
    return [name for row in rows[0].splitlines()[2:] for name in re.findall(r"`([^`]+)`", row.split("|")[1])]


# -- links and names --------------------------------------------------------------------------------


def broken_links(page, text):
    """Every link of a page that leads nowhere."""
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(text)):
        path, _, anchor = link.partition("#")
        if re.match(r"https?://", path):
            continue
        target = (page.parent / path).resolve() if path else page
        if not target.is_file():
            yield f"{link}: there is no {target}"
        elif anchor and anchor not in anchors(target.read_text(encoding="utf-8")):
            yield f"{link}: {target.name} has no such heading"


@PER_PAGE
def test_links_resolve(page):
    """Every link between documents leads to a file that exists, and to a heading it has."""
    assert list(broken_links(page, page.read_text(encoding="utf-8"))) == []


def test_a_broken_link_is_seen():
    """A file that is not there, and a heading that is not there."""
    assert len(list(broken_links(README, "[a](docs/nothing.md) [b](LICENSE) [c](#no-such)"))) == 2


@PER_PAGE
def test_every_page_is_linked_from_somewhere(page):
    """Nobody has to guess that a page exists."""
    others = [other.read_text(encoding="utf-8") for other in PAGES if other != page]
    assert page == README or any(f"{page.name})" in text or f"{page.name}#" in text for text in others)


@PER_PAGE
def test_commands_of_the_shell_exist(page):
    """Every `tidegate <verb>` that a page names is one that `tidegate --help` lists."""
    for words in typed(page.read_text(encoding="utf-8"), "tidegate"):
        first = words.split()[0]
        if first in ("is", "<verb>") or first.startswith("--"):
            continue
        assert first in COMMANDS or " ".join(words.split()[:2]) in COMMANDS, f"{page.name}: tidegate {words}"


@PER_PAGE
def test_commands_of_slack_are_understood(page):
    """Every `/deploy …` that a page shows is read by the grammar, unless it is a pattern with <…> in it."""
    for words in typed(page.read_text(encoding="utf-8"), COMMAND):
        if "<" in words or words.strip() == "…":
            continue
        parse(words.replace("…", "reason"))


def test_a_command_that_is_none_would_be_seen():
    """The pages are really read: a mistyped verb does not pass as an app."""
    page = "type `/deploy rolback my-app` now\n\n```ini\n/deploy no\n```\n\n```\n/deploy pause\n```\n"
    assert typed(page, COMMAND) == ["rolback my-app", "pause"]
    for words in typed(page, COMMAND):
        with pytest.raises(BadInput):
            parse(words)


def test_slack_commands_agree():
    """The command that the bot listens to is the one of the manifest and of README."""
    assert [one["command"] for one in MANIFEST["features"]["slash_commands"]] == [COMMAND]
    assert f"`{COMMAND} my-app canary`" in README.read_text(encoding="utf-8")


def test_readme_lists_every_verb():
    """README's table of commands is the table of the code, no verb more and none less."""
    assert sorted(table(README.read_text(encoding="utf-8"), "## Commands")) == sorted(VERBS)


def test_readme_names_who_may():
    """The last cell of a verb's row names the right that the code asks for."""
    section = README.read_text(encoding="utf-8").split("\n## Commands\n")[1].split("\n## ")[0]
    for row in re.findall(r"^\| `.*$", section, re.MULTILINE):
        _, names, _, who, _ = row.split("|")
        for name in re.findall(r"`([^`]+)`", names):
            right = VERBS[name].right
            assert all(word in who for word in ([right] if right == "anyone" else right.split(" or "))), row


def test_readme_shows_the_built_in_plans():
    """Names of all, and the steps where README shows steps."""
    text = README.read_text(encoding="utf-8")
    assert all(f"`{name}`" in text for name in BUILT_IN_NAMES)
    assert all(f"`{BUILT_IN[name]}`" in text for name in ("canary", "bluegreen"))


@PER_PAGE
def test_make_targets_exist(page):
    """Every `make …` that a page names is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {words.split()[0] for words in typed(page.read_text(encoding="utf-8"), "make")}
    assert named <= targets


@PER_PAGE
def test_files_that_are_named_exist(page):
    """Every path into the tree that stands in backticks is there."""
    folders = "rollout|handlers|aws|store|bot|demo|tests|docs|scripts"
    for path in re.findall(rf"`((?:{folders})/[\w./-]+)`", prose(page.read_text(encoding="utf-8"))):
        assert (ROOT / path).exists(), f"{page.name}: {path}"


# -- what is shown can be loaded ----------------------------------------------------------------------


@PER_PAGE
def test_configurations_load(page, tmp_path):
    """Every toml block is a whole configuration that the bot would start with."""
    for number, text in enumerate(blocks(page.read_text(encoding="utf-8"), "toml")):
        path = tmp_path / f"{number}.toml"
        path.write_text(text, encoding="utf-8")
        assert load(path, {}).apps
        load_to_run(path, ENVIRON)


@PER_PAGE
def test_policies_are_json(page):
    """Every json block can be pasted."""
    for text in blocks(page.read_text(encoding="utf-8"), "json"):
        json.loads(text)


def granted(page):
    """Permission -> resources, over all policies of a page that grant something to a resource."""
    found: dict[str, set[str]] = {}
    for text in blocks(page.read_text(encoding="utf-8"), "json"):
        for statement in json.loads(text)["Statement"]:
            actions, resources = statement["Action"], statement.get("Resource", [])
            for action in [actions] if isinstance(actions, str) else actions:
                found.setdefault(action, set()).update([resources] if isinstance(resources, str) else resources)
    return found


@pytest.mark.parametrize(
    ("page", "kinds", "beside"),
    [("README.md", ["lambda"], set()), ("docs/aws.md", DRIVERS, {"sts:AssumeRole", *topic.OPERATIONS})],
    ids=["README.md", "aws.md"],
)
def test_policies_grant_what_is_called_and_nothing_more(page, kinds, beside):
    """The permissions shown are those of the operation tables, on resources of the kind that they name."""
    tables = [DRIVERS[kind].operations for kind in kinds] + [
        alarm_calls.OPERATIONS, alarm_calls.TAGGING, graphs.OPERATIONS,
    ]
    called = {permission: resource for one in tables for permission, resource in one.items()}
    shown = granted(ROOT / page)
    assert shown.keys() == called.keys() | beside
    for permission, resource in called.items():
        kind = resource.split("{")[0]
        assert shown[permission] and all(kind in each for each in shown[permission]), permission
        assert resource == "*" or "*" not in shown[permission]


def test_the_backup_line_backs_up(tmp_path):
    """The Python in docs/operations.md, run as it stands, makes a whole copy and replaces nothing."""
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    line = next(line for block in blocks(text, "") for line in block.splitlines() if "open_store" in line)
    code = next(word for word in shlex.split(line) if "open_store" in word)
    live, copy = tmp_path / "live.db", tmp_path / "copy.db"
    open_store(live).close()
    command = [sys.executable, "-c", code, str(live), str(copy)]
    subprocess.run(command, cwd=ROOT, check=True)
    whole = open_store(copy, create=False)
    assert whole.verify() == (0, None)
    whole.close()
    again = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert again.returncode != 0
    assert "exists already" in again.stderr


# -- lists that must be complete ----------------------------------------------------------------------


def test_scopes_are_explained():
    """Each scope of the manifest has its row in docs/slack.md, and no row is left over."""
    rows = table((ROOT / "docs" / "slack.md").read_text(encoding="utf-8"), "## Scopes, and why")
    assert sorted(rows) == sorted(MANIFEST["oauth_config"]["scopes"]["bot"])


def test_metrics_are_listed():
    """docs/operations.md lists every metric that there is, and none that is not."""
    rows = table((ROOT / "docs" / "operations.md").read_text(encoding="utf-8"), "## Metrics")
    assert sorted(rows) == sorted([*COUNTERS, *GAUGES])


def test_reasons_of_readyz_are_listed():
    """Every reason the bot may give for not being ready stands in docs/operations.md; so does the answer's form."""
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    rows = table(text, "### Why it is not ready")
    tree = ast.parse((ROOT / "bot" / "app.py").read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    watched = [ast.literal_eval(call.args[0]) for call in calls if getattr(call.func, "id", "") == "watch"]
    assert sorted(rows) == sorted(watched) != []
    assert all(f"`{key}`" in text for key in Health({}).report()[1])


def test_how_long_each_table_is_kept_is_said(tmp_path):
    """docs/operations.md speaks of every table of a fresh store, of no other, and names each age that counts."""
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    rows = table(text, "## What is kept how long")
    open_store(tmp_path / "t.db").close()
    with contextlib.closing(sqlite3.connect(tmp_path / "t.db")) as db:
        real = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert set(rows) == {name for name in real if not name.startswith(("sqlite_", "_sqlite"))}
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    for name, rule in RULES.items():
        (line,) = [line for line in lines if f"`{name}`" in line.split("|")[1]]
        assert f"{rule.age.days} days" in line


def test_changelog_has_an_unreleased_section():
    """What changes next has a place to be written down."""
    assert re.search(r"^## \[Unreleased\]$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)


def test_readme_is_short():
    """A newcomer reads it in one go."""
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 250


# -- safety -------------------------------------------------------------------------------------------


def written_tests():
    """Test name -> the files that define it."""
    found: dict[str, set[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                found.setdefault(node.name, set()).add(str(path.relative_to(ROOT)))
    return found


def claims(text):
    """Property number -> the (test, file) rows under its heading."""
    parts = re.split(r"^## S(\d+): ", text, flags=re.MULTILINE)[1:]
    sections = dict(zip(map(int, parts[::2]), (part.split("\n## ")[0] for part in parts[1::2]), strict=True))
    return {number: ROW.findall(section) for number, section in sections.items()}


def test_safety_names_tests_that_exist():
    """Every row of docs/safety.md is a test in the file it names."""
    found = written_tests()
    rows = ROW.findall(SAFETY)
    assert len(rows) == len(re.findall(r"`test_", SAFETY))
    assert [(name, path) for name, path in rows if path not in found.get(name, ())] == []


def test_every_property_has_a_test_named_after_it():
    """S1 to S14, each with a heading and at least one test that carries its number."""
    claimed = claims(SAFETY)
    assert list(claimed) == list(range(1, 15))
    for number, rows in claimed.items():
        assert any(name.startswith(f"test_s{number}_") for name, _ in rows), f"S{number}"


def test_no_test_of_a_property_is_left_out():
    """A test named test_s<n>_ anywhere in the tree stands under its property."""
    claimed = claims(SAFETY)
    for name in written_tests():
        if match := re.match(r"test_s(\d+)_", name):
            named = [each for each, _ in claimed[int(match[1])]]
            assert name in named, f"{name} is not under S{match[1]} in docs/safety.md"
