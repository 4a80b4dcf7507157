"""Foreign text reaches Slack through one function, and nothing in it is live."""

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.blocks.parts import SECTION, bar, join_mentions, length, mention, message, paragraphs, section
from handlers.escape import Mrkdwn, clean, clip, code, escape, fit, join, md, plain
from tests.handlers.corpus import HOSTILE
from tests.handlers.live import leaks
from tests.handlers.samples import minutes

ROOM = Path(__file__).resolve().parents[2] / "handlers"


@pytest.mark.parametrize("text", HOSTILE, ids=[ascii(text)[:30] for text in HOSTILE])
def test_nothing_hostile_is_live(text):
    """Mentions, links and dates of others stay words, in every place that foreign text can take."""
    said = md("by {}: “{}” {} {}", text, clip(text, 40), code(text), mention(text))
    assert leaks(message(said, [section(said)]).payload) == []
    assert leaks({"type": "plain_text", "text": plain(text, 75)}) == []


@given(st.text())
def test_escaped_text_reads_the_same(text):
    """Escaping changes what Slack does with a text, not what a person reads."""
    shown = escape(text)
    assert shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") == clean(text)
    assert leaks({"text": shown}) == []


@given(st.text() | st.sampled_from(HOSTILE), st.integers(1, 120))
def test_a_cut_never_leaves_half_an_entity(text, limit):
    """Lengths count after escaping, and no cut makes something new."""
    for cut in (clip(text, limit), fit(md("{} {}", text, mention("U0ANA")), limit)):
        assert len(cut) <= limit
        assert leaks({"text": cut}) == []


def test_a_date_or_mention_is_cut_whole():
    """What is live of our own is kept whole or left out."""
    said = md("{} {}", "x" * 10, mention("U0ANA"))
    assert fit(said, 15) == "xxxxxxxxxx…"
    assert fit(said, len(said)) == said


def test_a_sentence_is_cut_between_words():
    """Half a word at the end is read as another one; a name longer than a word is cut where it has to be."""
    said = "the deployment failed because too many individual instances failed deployment: too few healthy ones"
    assert clip(said, 70) == "the deployment failed because too many individual instances failed…"
    assert clip("arn:aws:" + "x" * 90, 70) == "arn:aws:" + "x" * 61 + "…"
    linked = md("{} <https://example.com|some words in a label> and more behind it", "x" * 40)
    for limit in range(61, len(linked)):
        assert fit(linked, limit).count("<") == fit(linked, limit).count(">")


def test_escaping_happens_once():
    """Safe text is recognised: an ampersand never becomes two."""
    inner = md("{}", "a & b")
    assert md("({})", join(", ", [inner, clip(inner, 99)])) == "(a &amp; b, a &amp; b)"
    assert message(inner, [section(inner)]).payload["text"] == "a &amp; b"
    assert section(message(inner, []).text)["text"]["text"] == "a &amp; b"


def test_only_ids_become_mentions():
    """A mention is built from an id or not at all."""
    assert mention("U0ANA") == "<@U0ANA>"
    assert mention("S0ONCALL") == "<!subteam^S0ONCALL>"
    assert mention("U0ANA> <!channel") == "U0ANA&gt; &lt;!channel"
    assert mention("channel") == "channel"
    assert join_mentions(["U0ANA", "here", "S0X", "<!here>", "C0X"]) == "<@U0ANA> <!subteam^S0X>"


def test_long_lists_become_several_paragraphs():
    """No paragraph is longer than Slack takes; a line that is itself too long is cut between two entities."""
    texts = [block["text"]["text"] for block in paragraphs(["<" * 900] * 7)]
    assert texts == ["&lt;" * 724 + "…"] * 7
    assert len(texts[0]) <= SECTION < 3000
    assert len(paragraphs(["short"] * 100)) == 1


def test_lines_are_never_torn():
    """A list over several paragraphs is the same list: every line whole, once and in order."""
    lines = [f"line {number} {'&' * (number % 200)}" for number in range(300)]
    blocks = paragraphs(lines)
    assert len(blocks) > 2
    assert all(len(block["text"]["text"]) <= SECTION for block in blocks)
    assert [line for block in blocks for line in block["text"]["text"].split("\n")] == [escape(line) for line in lines]


def test_a_bar_shows_a_trickle_and_fills_only_at_the_end():
    """1 % is seen, 99 % is not all."""
    cells = [bar(percent).count("█") for percent in (0, 1, 2, 10, 50, 97, 99, 100)]
    assert cells == [0, 1, 1, 2, 10, 19, 19, 20]
    assert {len(bar(percent)) for percent in range(101)} == {20}


def test_spans_are_said_as_people_say_them():
    """Units fit the size."""
    assert [length(minutes(m)) for m in (-1, 0.5, 1.9, 2, 59, 120, 150)] == [
        "0 s", "30 s", "114 s", "2 min", "59 min", "2 h", "2 h 30 min",
    ]  # fmt: skip


def _calls(name: str):
    for path in sorted(ROOM.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
                yield path.relative_to(ROOM).as_posix(), node


def test_only_the_escaper_makes_safe_text():
    """`Mrkdwn(…)` elsewhere would wave foreign text through: constants and times of parts.py are the exception."""
    assert {path for path, _ in _calls("Mrkdwn")} == {"escape.py", "blocks/parts.py"}
    assert issubclass(Mrkdwn, str)


def test_templates_are_our_own():
    """The template of `md` and the separator of `join` are written in the code, never put together."""
    constant = (ast.Constant, ast.IfExp)
    for name in ("md", "join"):
        calls = list(_calls(name))
        assert calls
        for path, node in calls:
            first = node.args[0]
            parts = [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]
            assert isinstance(first, constant), f"{path}:{node.lineno}"
            assert all(isinstance(part, ast.Constant) for part in parts), f"{path}:{node.lineno}"


def test_mrkdwn_is_built_in_one_place():
    """No other module writes a mrkdwn object by hand."""
    found = {
        path.relative_to(ROOM).as_posix()
        for path in ROOM.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value == "mrkdwn"
    }
    assert found == {"blocks/parts.py"}
