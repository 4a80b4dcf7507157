"""The test address on a card: a link for whoever has to say yes, and never one that leads, or ends, elsewhere."""

import pytest

from handlers.blocks.card import card
from rollout.model import Phase
from tests.handlers import plain
from tests.handlers.live import leaks
from tests.handlers.sample_cards import CARDS
from tests.handlers.samples import seen, view
from tests.handlers.tried_samples import URL, tried


def test_whoever_approves_sees_where_to_look_and_what_it_answers():
    """Address and answer stand on the card that asks for approval; without a check the address alone."""
    assert f"<{URL}|" in plain.read(card(CARDS["trial-approve"]))
    assert "test 200 in 41 ms" in plain.read(card(CARDS["trial-approve"]))
    text = plain.read(card(CARDS["trial-unasked"]))
    assert f"<{URL}|" in text and "· test " not in text


@pytest.mark.parametrize("name", ["trial-elsewhere", "trial-waiting"])
def test_no_link_to_another_release(name):
    """Where the rule leads elsewhere, or nothing is up yet, whoever clicked would judge the wrong thing."""
    assert f"<{URL}" not in plain.read(card(CARDS[name]))


@pytest.mark.parametrize("url", [
    "https://a.example.com/|b>", "https://a.example.com/<!channel>", "javascript:alert(1)", "https://a b/", "",
    "https://a.example.com/\n", "mailto:eva@example.com", "https://user@a.example.com/",
])  # fmt: skip
def test_what_is_no_plain_address_is_text(url):
    """Nothing foreign comes alive, whatever stands where an address should."""
    one = tried(Phase.WAITING, "passed", "200 in 41 ms", step=1)
    assert one.seen is not None and one.seen.trial is not None
    trial = one.seen.trial.model_copy(update={"url": url})
    payload = card(view(one.but(seen=seen(0, trial=trial)))).payload
    assert leaks(payload) == []
    assert "<http" not in str(payload) and "<mailto" not in str(payload) and "<java" not in str(payload)
