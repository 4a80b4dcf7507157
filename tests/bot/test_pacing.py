"""The budget: 40 updates a minute, one post a second and channel, people first, Retry-After obeyed."""

from bot.pacing import Pace

UPDATE, POST = "chat.update", "chat.postMessage"


def sent_within(pace: Pace, method: str, seconds: float, *, human: bool = False, start: float = 0.0) -> int:
    """How many calls a sender makes that waits exactly as long as it is told."""
    now, count = start, 0
    while now <= start + seconds:
        wait = pace.wait(method, "C1", now, human=human)
        if wait > 0:
            now += wait
            continue
        pace.took(method, "C1", now)
        count += 1
    return count


def test_updates_stay_under_the_tier_of_slack():
    """In any minute fewer than the 50 Slack promises, also when people wait for all of them."""
    assert sent_within(Pace(), UPDATE, 60) <= 46
    assert sent_within(Pace(), UPDATE, 60, human=True) <= 50


def test_posts_are_one_a_second_and_channel_and_channels_are_apart():
    """A channel that is full does not hold another one up."""
    pace = Pace()
    assert sent_within(pace, POST, 10) <= 13
    assert pace.wait(POST, "C2", 10.0) == 0


def test_the_last_updates_are_for_people():
    """When the budget runs low, only what a person waits for goes at once."""
    pace = Pace()
    while pace.wait(UPDATE, "C1", 0.0) == 0:
        pace.took(UPDATE, "C1", 0.0)
    assert pace.wait(UPDATE, "C1", 0.0) > 0
    assert pace.wait(UPDATE, "C1", 0.0, human=True) == 0


def test_what_slack_closed_stays_closed_as_long_as_it_said():
    """429 closes posts of one channel, updates as a whole; a shorter answer later does not open earlier."""
    pace = Pace()
    pace.closed(POST, "C1", 30.0)
    pace.closed(POST, "C1", 5.0)
    pace.closed(UPDATE, "C1", 7.0)
    assert pace.wait(POST, "C1", 10.0) == 20.0
    assert pace.wait(POST, "C2", 10.0) == 0
    assert pace.wait(UPDATE, "C2", 0.0, human=True) == 7.0
    assert pace.wait(UPDATE, "C2", 7.0) == 0
