"""Whatever stands in a rollout, Slack takes what we send, and nothing that others wrote comes to life in it."""

import re
from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from handlers import views
from handlers.blocks.alert import alert, heading
from handlers.blocks.answers import answer, refusal, reply
from handlers.blocks.card import card
from handlers.blocks.events import event, page
from handlers.blocks.parts import Message
from handlers.blocks.reports import report
from handlers.blocks.state import words
from handlers.buttons import ButtonValue
from handlers.listeners import under_field
from rollout.errors import BadInput, Denied, Refused
from rollout.model import Rollout
from rollout.notices import Answer, Event, NeedsHuman
from rollout.ports import Reply
from rollout.verbs import VERBS
from tests.handlers.hostile import APP, Poison
from tests.handlers.live import CONSOLE, leaks, strings
from tests.handlers.messages import MESSAGES, VIEWS, WHATS
from tests.handlers.sample_cards import CARDS
from tests.rollout.make import T0
from tests.rollout.rows import rows
from tests.slack_rules import problems, view_problems

# A seed does not shrink; a failing one is printed.
SEEDED = [Phase.explicit, Phase.reuse, Phase.generate]
SOME = settings(max_examples=25, deadline=None, phases=SEEDED)
SEEDS = st.integers(0, 2**32).map(Random)


def _nodes(node: Any, kind: str) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if node.get("type") == kind:
            yield node
        for child in node.values():
            yield from _nodes(child, kind)
    elif isinstance(node, list | tuple):
        for child in node:
            yield from _nodes(child, kind)


def _sound(message: Message) -> None:
    """Valid for Slack, complete without blocks, its buttons ours, nothing foreign alive."""
    payload = message.payload
    assert problems(payload["blocks"], text=payload["text"]) == []
    assert 0 < len(payload["text"]) <= 3000
    assert leaks(payload) == []
    _buttons(payload)


def _buttons(payload: dict[str, Any]) -> None:
    buttons = list(_nodes(payload, "button"))
    ids = [one["action_id"] for one in buttons]
    assert len(ids) == len(set(ids))
    for one in buttons:
        assert len(one["action_id"]) <= 255
        assert 0 < len(one["text"]["text"]) <= 75
        assert 0 < len(one["accessibility_label"]) <= 75
        if "url" in one:
            assert one["action_id"] == "tidegate:open"
            assert re.fullmatch(CONSOLE, one["url"])
            assert len(one["url"]) <= 3000
        else:
            assert ButtonValue.read(one["value"]).verb
    assert all(text["verbatim"] for text in _nodes(payload, "mrkdwn"))


def _sound_view(view: dict[str, Any]) -> None:
    assert view_problems(view) == []
    assert leaks(view) == []
    assert len(view["title"]["text"]) <= 24
    assert len(view.get("private_metadata", "")) <= 3000


@pytest.mark.parametrize("name", MESSAGES)
def test_every_message_is_one_that_slack_takes(name):
    """Every sample of every message, by rules that are not ours."""
    _sound(MESSAGES[name])


@pytest.mark.parametrize("name", VIEWS)
def test_every_form_is_one_that_slack_takes(name):
    """Every form and window."""
    _sound_view(VIEWS[name])


@SOME
@given(rows(), SEEDS)
def test_any_row_in_hostile_words_is_a_sound_card(row: Rollout, seed: Random):
    """200 alarms, 101 steps, texts of 3,000 characters: within the limits, and app, environment and state stand."""
    view = Poison(seed).view(Poison(seed).row(row))
    message = card(view)
    _sound(message)
    assert len(message.blocks) <= 50
    for text in (message.blocks[0]["text"]["text"], message.text):
        assert f"{APP} → {APP}" in text
        assert words(view.rollout)[:20] in text or view.rollout.live
    for verb in ("reject", "rollback", "promote", "have-it"):
        asked = ButtonValue(verb=verb, rollout=1, plan_hash=view.rollout.terms.plan.hash)
        _sound_view(views.reason_view(asked, view))
        _sound_view(views.reason_view(asked.model_copy(update={"force": True}), None))
    _sound_view(views.shown_view(message))


@settings(max_examples=8, deadline=None, phases=SEEDED)
@given(rows(), SEEDS)
def test_every_report_in_hostile_words_is_sound(row: Rollout, seed: Random):
    """Lists of sixty, audits of two hundred lines: cut, counted, valid."""
    poison = Poison(seed)
    for one in poison.reports(poison.view(poison.row(row))):
        message = report(one)
        _sound(message)
        _sound_view(views.shown_view(message))


@settings(max_examples=60, deadline=None, phases=SEEDED)
@given(rows(), SEEDS)
def test_every_notice_about_alarms_in_hostile_words_is_sound(row: Rollout, seed: Random):
    """One alarm or 600 of any name, anywhere: within the limits, nothing alive, heading and text say the same."""
    poison = Poison(seed)
    live = [poison.row(row).but(id=number) for number in range(1, 1 + seed.choice((0, 1, 3, 9)))]
    view = poison.alert(live)
    message = alert(view)
    _sound(message)
    assert len(message.blocks) <= 50
    assert message.text.startswith(f"{APP} · ")
    assert len(message.blocks[0]["text"]["text"]) <= 150
    ids = [one["block_id"] for one in message.blocks if one["type"] == "actions"]
    assert ids in ([], ["tidegate-moves"], ["tidegate-mutes"], ["tidegate-moves", "tidegate-mutes"])
    assert {line.key for line in view.alert.bad} or "red" not in heading(view)


@settings(max_examples=60, deadline=None, phases=SEEDED)
@given(SEEDS)
def test_every_summary_of_alarms_in_hostile_words_is_sound(seed: Random):
    """Nothing, or 600 alarms with their mutes, faults and ended rollouts: cut, counted, valid, in a window too."""
    one = Poison(seed).summary()
    message = report(one)
    _sound(message)
    _sound_view(views.shown_view(message))


@SOME
@given(rows(), SEEDS, st.sampled_from(WHATS), st.booleans())
def test_every_reply_in_the_thread_is_sound(row: Rollout, seed: Random, what: str, loud: bool):
    """Events and pages mention the people they name by id, and nobody that a text names."""
    poison = Poison(seed)
    hostile = poison.row(row)
    mention = ("U0ANA", "S0ONCALL", poison.text())
    by, text, hint = poison.actor(), poison.text(), poison.text()
    one = Event.model_validate({
        "rollout": 1, "what": what, "text": text, "by": by, "percent": 5, "loud": loud, "mention": mention, "at": T0,
        "alarms": poison.texts(9),
    })  # fmt: skip
    region = seed.choice(("eu-west-1", "cn-north-1", poison.text(), None, 5))
    hostile = hostile.but(terms=hostile.terms.model_copy(update={"settings": {"region": region}}))
    _sound(event(one, hostile))
    called = page(NeedsHuman(rollout=1, text=text, hint=hint, at=T0, every=timedelta(minutes=1)), hostile, mention)
    _sound(called)
    assert called.text.startswith("<@U0ANA> <!subteam^S0ONCALL> ")
    assert event(one, hostile).text.startswith("<@U0ANA>") == loud


@SOME
@given(SEEDS, st.sampled_from([*VERBS, "", "identity", "<!channel>", "have-it"]), st.none() | st.integers(-1, 99))
def test_every_answer_is_sound(seed: Random, offer: str, number: int | None):
    """Acks, later answers and refusals: fact, hint and people in any words, with the button or without."""
    poison = Poison(seed)
    bound = seed.choice((None, CARDS["baking"].rollout.bound))
    fact, hint, who = poison.text() or "no", poison.text(), poison.texts(40)
    said = Reply(ok=seed.random() < 0.5, text=fact, hint=hint, offer=offer, rollout=number, who=who)
    secret = "https://hooks.slack.com/actions/T0HOME/1/s3cret"
    for message in (
        reply(said, bound),
        answer(Answer(reply=secret, text=fact, hint=hint, offer=offer, rollout=number, who=who, at=T0), bound),
        refusal(Refused(fact, hint, offer=offer, rollout=number)),
        refusal(Denied(fact, hint, who=who)),
        refusal(BadInput(fact, hint)),
    ):
        if message.text.strip():
            _sound(message)
        assert "s3cret" not in str(message.payload)
    _sound_view(views.refused_view(refusal(BadInput(fact or "no", hint))))
    field = under_field(said).get("errors", {}).get(views.FIELD, "")
    assert len(field) <= 500
    assert leaks([{"type": "plain_text", "text": field}]) == []


def test_the_walk_sees_what_it_should():
    """The judge of these tests is no blind one: each kind of breach is found."""
    bad = ("<!channel>", "<@U0EVIL>", "a & b", "<https://x|y>", "<!date^666^{time}|2026-01-01 00:00 UTC>", "\x00")
    for text in bad:
        assert leaks({"type": "mrkdwn", "text": text}), text
    assert leaks({"type": "mrkdwn", "text": "<@U0ANA> &lt; <!date^1^{time}|14:00 UTC>"}) == []
    assert [text for text, _ in strings(MESSAGES["page"].payload)]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("rolled back", "Rolled back."),
        ("Rolled back.", "Rolled back."),
        ("rolled back: rolled back.", "Rolled back."),
        ("rolled back: p99", "Rolled back: p99."),
        ("rolled backwards", "Rolled back: rolled backwards."),
        ("p99 is red.", "Rolled back: p99 is red."),
        ("", "Rolled back."),
    ],
)
def test_an_event_says_its_title_once(text: str, line: str):
    """What merely repeats the title is not said again; what goes on beyond it is."""
    one = Event(rollout=1, what="rolled_back", text=text, at=CARDS["baking"].rollout.created_at)
    assert str(event(one, CARDS["baking"].rollout).text).endswith(line)
    assert str(event(one, CARDS["baking"].rollout).text).lower().count("rolled back") == (2 if "wards" in text else 1)
