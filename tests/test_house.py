"""The house rules over our own tree, and each rule over a tree in which it is broken."""

from pathlib import Path

import pytest

from tests import house

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("rule", house.RULES, ids=lambda rule: rule.__name__)
def test_the_tree_keeps_the_rule(rule):
    """Our own tree breaks none of the house rules."""
    assert rule(ROOT) == []


BROKEN = [
    (house.file_sizes, "rollout/a.py", "x = 1\n" * 401, "401 lines"),
    (house.file_sizes, "demo/deep/a.py", "x = 1\n" * 121, "median file: 121"),
    (house.function_sizes, "aws/a.py", "def f():\n" + "    x = 1\n" * 50, "51 lines"),
    (house.function_sizes, "aws/a.py", ("def f():\n" + "    x = 1\n" * 26) * 4, "nine of ten functions: 27"),
    (house.parameters, "bot/a.py", "def f(a, b, /, c, d, *, e, f, g): ...", "7 parameters"),
    (house.parameters, "bot/a.py", "class A:\n  async def f(self, a, b, c, d, e, f, g): ...", "7 parameters"),
    (house.cycles, "bot/a.py", "import bot.b\n# bot/b.py\ndef f():\n  from bot import a", "bot.a -> bot.b"),
    (house.cycles, "bot/a.py", "from .b import x\n# bot/b.py\nfrom . import a", "bot.a -> bot.b"),
    (house.cycles, "aws/a.py", "import store\n# store/__init__.py\nfrom aws.a import x", "aws.a -> store"),
    (house.mocks, "tests/test_a.py", "def test_a(monkeypatch): monkeypatch.setenv('A', '1')", "1 mocks"),
    (house.mocks, "tests/test_a.py", "from unittest import mock\nx = mock.Mock()", "1 mocks"),
    (house.mocks, "tests/deep/test_a.py", "@patch.object(a, 'b')\ndef test_a(): ...", "1 mocks"),
    (house.undocumented_tests, "tests/test_a.py", "class TestA:\n  def test_a(self): ...", "test_a needs"),
    (house.undocumented_tests, "tests/test_a.py", 'def test_a():\n  """One.\n\n  Two."""', "of one line"),
    (house.silenced, "rollout/a.py", "x = f()  # type: ignore[attr-defined]", "without a reason"),
    (house.silenced, "tests/a.py", "x = f()  # noqa: E501, S101", "without a reason"),
    (house.silenced, "bot/a.py", "x = f()  # type: ignore  # noqa", "without a reason"),
    (house.postponed, "store/a.py", "x = 1  # TODO: later", "store/a.py:1"),
    (house.clocks, "bot/scheduler.py", "import datetime\nx = datetime.datetime.now(tz)", "reads the clock"),
    (house.clocks, "store/a.py", "import time\nx = time.time()", "reads the clock"),
    (house.clocks, "store/a.py", "from time import time", "reads the clock"),
    (house.transactions, "bot/a.py", "with db.atomic(): ...", ".atomic belongs"),
    (house.transactions, "handlers/a.py", "db.conn.execute('x')", ".conn belongs"),
    (house.evaluated, "demo/a.py", "eval('1')", "eval() runs text"),
    (house.names, "handlers/utils.py", "x = 1", "`utils` says nothing"),
    (house.names, "aws/a.py", "class DriverManager: ...", "`DriverManager` says nothing"),
]


@pytest.mark.parametrize(("rule", "name", "text", "words"), BROKEN)
def test_a_breach_is_seen(rule, name, text, words, tmp_path):
    """Each rule, broken in a tree made for it, is reported in words."""
    plant(tmp_path, f"# {name}\n{text}")
    assert any(words in breach for breach in rule(tmp_path)), rule(tmp_path)


def test_every_rule_is_broken_once_above():
    """A rule without a planted breach might see nothing at all."""
    assert {rule for rule, *_ in BROKEN} == set(house.RULES)


GOOD = '''# rollout/a.py
import time
def f(self, a, b, c, d, e, f): return time.monotonic()
x = g()  # type: ignore[arg-type]  # the stubs lack this overload (boto3 1.44)
y = g()  # noqa: BLE001 one bad row must not stop the others
# bot/clock.py
import datetime
import rollout.a
def now(): return datetime.datetime.now(datetime.UTC)
# store/a.py
with db.atomic(): db.conn.execute("x")
# tests/test_a.py
def test_a():
    """Proves something."""
'''


@pytest.mark.parametrize("rule", house.RULES, ids=lambda rule: rule.__name__)
def test_good_code_is_left_alone(rule, tmp_path):
    """Code that keeps the rules is not reported by any of them."""
    plant(tmp_path, GOOD)
    assert rule(tmp_path) == []


def plant(root, text):
    """Write files into a tree: each begins with a line `# folder/name.py`."""
    path = None
    for line in text.splitlines(keepends=True):
        if line.startswith("# ") and line.endswith(".py\n"):
            path = root / line[2:-1]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("")
        elif path:
            with path.open("a") as file:
                file.write(line)
