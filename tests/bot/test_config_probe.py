"""`test` of a target in the file: refused at its place with the fix, and never with a password in the message."""

import pytest

from demo.settings import toml
from tests.bot.test_config_broken import mistakes

GIVEN = 'test     = { url = "http://127.0.0.1:1/__test/shop/", latency = "2s" }'
PLACE = "apps.shop.env.prod.test"


def with_test(tmp_path, line):
    """The demo's file with another `test` of shop; its mistakes as text."""
    text = toml(speed=10, port=0, mode="http", topic_arn="", cloud="http://127.0.0.1:1")
    assert text.count(GIVEN) == 1
    return [f"{one.place}: {one.fact}" for one in mistakes(text.replace(GIVEN, line), tmp_path)]


@pytest.mark.parametrize(
    ("line", "place", "fact"),
    [
        ('test = { pth = "/x" }', f"{PLACE}.pth", "pth is not a key here"),
        ("test = {}", PLACE, "neither a path nor a url"),
        ('test = { path = "x" }', f"{PLACE}.path", "path is none of an address"),
        ('test = { path = "/x", latency = 3 }', f"{PLACE}.latency", "latency is not a duration"),
        ('test = { url = "https://eva:hidden-1@a.example.com/" }', f"{PLACE}.url", "user name or a password"),
    ],
)
def test_a_check_that_cannot_be_is_refused_where_it_stands(tmp_path, line, place, fact):
    """Each mistake at its own key."""
    told = with_test(tmp_path, line)
    assert any(one.startswith(f"{place}: ") and fact in one for one in told)
    assert "hidden" not in str(told)


def test_the_demos_own_checks_are_good(tmp_path):
    """What shop and search are given is taken as it stands."""
    assert not [one for one in with_test(tmp_path, GIVEN) if one.startswith("apps.")]
