"""How much time a graph shows: enough to see it coming, in the alarm's own measure."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.graph_wish import _start

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("red_for", "window", "shown"),
    [
        (timedelta(seconds=5), timedelta(minutes=3), timedelta(hours=1)),
        (timedelta(minutes=40), timedelta(minutes=3), timedelta(minutes=85)),
        (timedelta(seconds=5), timedelta(0), timedelta(hours=1)),
        (timedelta(seconds=5), timedelta(seconds=20), timedelta(seconds=400)),
        (timedelta(seconds=5), timedelta(minutes=1), timedelta(minutes=20)),
        (timedelta(days=3), timedelta(minutes=3), timedelta(hours=6)),
    ],
)
def test_the_time_shown_follows_the_alarm(red_for, window, shown):
    """Minutes before it turned red for a quick alarm, three quarters of an hour for a slow one, six hours at most."""
    assert NOW - _start(NOW - red_for, window, NOW) == shown
