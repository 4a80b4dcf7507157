"""Summaries against the stand-in workspace: when, where, how often, and what they cover."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.config.model import Config
from bot.wire import web_client
from bot.wire_schedule import ScheduleWire
from demo.workspace import Workspace, WorkspaceConfig
from rollout.alarms.model import State, Turn
from store import Store, open_store
from store.digests import Slot
from tests.bot.dial import Dial
from tests.bot.digest_rig import DAILY, HOME, Rig, at
from tests.store.make import alarm_state, key


@pytest.fixture
def dial() -> Dial:
    return Dial()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "tidegate.db")
    yield opened
    opened.close()


@pytest.fixture
def rig(tmp_path: Path, store: Store, dial: Dial) -> Iterator[Rig]:
    """A bot that has begun: the first summary waits for the 24th, 09:00."""
    with Workspace(WorkspaceConfig(), clock=dial.epoch) as ws:
        rig = Rig(tmp_path, store, ws, dial)
        rig.digests.turn()
        yield rig
        assert not ws.problems


def around(rig: Rig, day: int = 24, seconds: float = 240) -> None:
    """From a little before the lead until after the time."""
    rig.until(at(day, 8, 57, 50))
    rig.run(seconds)


def test_it_is_posted_at_its_time_by_slack_itself(rig: Rig) -> None:
    """Asked for two minutes before, posted on the second, once a day, and nothing in between."""
    rig.until(at(24, 8, 57, 50))
    rig.run(60)
    (waiting,) = rig.ws.scheduled
    assert (waiting.channel, waiting.post_at) == ("C0DEPLOYS", int(at(24).timestamp()))
    assert rig.posts() == []
    rig.run(180)
    around(rig, 25)
    first, second = rig.posts()
    assert (int(float(first.ts)), int(float(second.ts))) >= (int(at(24).timestamp()), int(at(25).timestamp()))
    assert "Summary, Tue 24 Nov 09:00" in first.text
    assert "Summary, Wed 25 Nov 09:00" in second.text
    assert rig.states() == [("11-24 09:00", "sent"), ("11-25 09:00", "sent"), ("11-26 09:00", "waiting")]
    assert not [call for call in rig.ws.calls if call.method == "chat.postMessage"]


def test_it_says_what_happened_since_the_last_one(rig: Rig) -> None:
    """A change between two summaries is counted in the second only, one during the lead in none twice."""
    around(rig)
    turned: tuple[tuple[int, State], ...] = ((60, "ALARM"), (90, "OK"))
    for minutes, state in turned:
        with rig.store.work() as work:
            lane = "default/eu-central-1"
            work.save_alarm(alarm_state("errors", state=state, lane=lane))
            moment = at(24) + timedelta(minutes=minutes)
            work.note_turn(Turn(key=key("errors", lane=lane), state=state, before=None, at=moment))
    around(rig, 25)
    around(rig, 26)
    texts = [message.text for message in rig.posts()]
    assert ["turned red" in text for text in texts] == [False, True, False]


@pytest.mark.parametrize(
    ("minutes", "state", "count"), [(0, "sent", 1), (58, "sent", 1), (61, "missed", 0), (60 * 30, "missed", 0)]
)
def test_after_downtime_it_comes_within_the_hour_or_not_at_all(
    rig: Rig, minutes: int, state: str, count: int
) -> None:
    """Up to an hour late it is posted at once; later it is marked, logged, counted, and the next one covers the gap."""
    around(rig)
    rig.until(at(25) + timedelta(minutes=minutes))
    rig.restart()
    rig.run(200)
    assert len(rig.posts()) == 1 + count
    assert ("11-25 09:00", state) in rig.states()
    assert rig.metrics.value("tidegate_outbox_dropped_total", kind="digest", why="missed") == 1 - count
    day = 27 if minutes > 24 * 60 else 26
    around(rig, day)
    *_, last = rig.posts()
    slots = [slot for slot in every(rig) if slot.state == "sent"]
    assert len(slots) == 2 + count
    assert f"{day} Nov" in last.text


def test_several_that_are_late_come_as_one(rig: Rig) -> None:
    """After an hour of downtime a summary for every five minutes comes once, not twelve times; then as always."""
    rig.configure('[[digests]]\nchannel = "C0DEPLOYS"\ncron = "*/5 * * * *"\n')
    rig.until(at(25, 9, 1))
    rig.run(300)
    before = len(rig.posts())
    rig.until(at(25, 10, 1))
    rig.restart()
    rig.run(170)
    assert len(rig.posts()) == before + 1
    rig.run(300)
    assert len(rig.posts()) == before + 2


def every(rig: Rig) -> list[Slot]:
    """All slots there may be."""
    due = [at(day) for day in range(20, 30)]
    (digest,) = {slot.digest for slot in rig.store.digests.open_slots()}
    return [slot for moment in due if (slot := rig.store.digests.slot(digest, moment)) is not None]


def test_missed_ones_are_covered_by_the_next(rig: Rig) -> None:
    """The summary after a missed one begins where the last one that was sent was made."""
    around(rig)
    rig.until(at(25, 12))
    rig.run(60)
    rig.until(at(26, 8, 57, 50))
    with rig.store.work() as work:
        lane = "default/eu-central-1"
        work.save_alarm(alarm_state("errors", lane=lane))
        moment = at(24, 10)
        work.note_turn(Turn(key=key("errors", lane=lane), state="ALARM", before=None, at=moment))
    rig.run(240)
    assert "turned red" in rig.posts()[-1].text


# -- Slack in trouble -------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["lost_reply", "down", "503", "500"])
def test_a_call_whose_fate_is_unknown_is_asked_about(rig: Rig, fault: str) -> None:
    """Applied or not: Slack is asked, and the summary is posted once, on time."""
    rig.until(at(24, 8, 57, 50))
    rig.ws.fault(fault, "chat.scheduleMessage", times=1)
    rig.run(240)
    (message,) = rig.posts()
    assert int(float(message.ts)) == int(at(24).timestamp()) or rig.dial.epoch() - float(message.ts) < 120
    called = [call.method for call in rig.ws.calls]
    assert "chat.scheduledMessages.list" in called
    assert called.count("chat.scheduleMessage") == (1 if fault == "lost_reply" else 2)


def test_it_is_not_asked_before_the_lost_call_can_have_arrived(rig: Rig) -> None:
    """What was on its way when its caller died may still arrive: `not there` means something only after that."""
    rig.until(at(24, 8, 58, 1))
    rig.ws.fault("lost_reply", "chat.scheduleMessage", times=1)
    rig.digests.turn()
    rig.restart()
    for _ in range(14):
        rig.dial.turn(1)
        rig.digests.turn()
    assert "chat.scheduledMessages.list" not in [call.method for call in rig.ws.calls]
    rig.run(200)
    assert len(rig.posts()) == 1


@pytest.mark.parametrize("fault", ["503", "down"])
def test_slack_away_is_waited_for_up_to_an_hour(rig: Rig, fault: str) -> None:
    """In an outage no call is made whose fate nobody could tell; back within the hour, it is posted."""
    rig.until(at(24, 8, 57, 50))
    rig.ws.fault(fault)
    rig.run(40 * 60, step=10)
    assert (rig.posts(), rig.states()) == ([], [("11-24 09:00", "waiting")])
    asked = Counter(call.method for call in rig.ws.calls)
    assert set(asked) == {"auth.test"}
    rig.ws.heal()
    rig.run(180)
    assert len(rig.posts()) == 1


def test_slack_away_for_longer_is_missed(rig: Rig) -> None:
    """After the hour it is left out, and the next day's comes."""
    rig.until(at(24, 8, 57))
    rig.ws.fault("503")
    rig.run(66 * 60, step=20)
    rig.ws.heal()
    assert (rig.posts(), rig.states()[0]) == ([], ("11-24 09:00", "missed"))
    around(rig, 25)
    assert len(rig.posts()) == 1


def test_a_limit_is_honoured(rig: Rig) -> None:
    """429 says surely not applied: nothing is sent before Retry-After, then it is, once, without a question."""
    rig.until(at(24, 8, 57, 50))
    rig.ws.fault("429", "chat.scheduleMessage", retry_after=50, times=1)
    rig.run(240)
    sent = [call for call in rig.ws.calls if call.method == "chat.scheduleMessage"]
    assert [call.status for call in sent] == [429, 200]
    assert sent[1].received_at - sent[0].received_at >= 50
    assert len(rig.posts()) == 1
    assert "chat.scheduledMessages.list" not in [call.method for call in rig.ws.calls]


@pytest.mark.parametrize("how", ["archive", "remove_bot"])
def test_a_closed_channel_is_replaced_by_the_home_channel(rig: Rig, how: str) -> None:
    """Archived, or the bot is out: home gets it, once; the next day its own channel is tried again."""
    rig.configure(HOME + DAILY)
    getattr(rig.ws, how)("deploys")
    around(rig)
    assert [len(rig.posts("deploys")), len(rig.posts("ops"))] == [0, 1]
    (rig.ws.unarchive if how == "archive" else rig.ws.invite_bot)("deploys")
    around(rig, 25)
    assert [len(rig.posts("deploys")), len(rig.posts("ops"))] == [1, 1]


def test_without_a_channel_that_takes_it_that_is_said(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    """No home, or home closed too: logged with what to do, counted, and the next one is tried."""
    rig.ws.archive("deploys")
    around(rig)
    assert rig.states()[0] == ("11-24 09:00", "refused")
    assert "has no channel that takes it: set [slack] home" in caplog.text
    assert rig.metrics.value("tidegate_outbox_dropped_total", kind="digest", why="refused") == 1
    assert rig.states()[-1] == ("11-25 09:00", "waiting")


def test_blocks_that_slack_refuses_leave_the_text(rig: Rig) -> None:
    """A bug of ours must not cost the summary: the text alone says it all."""
    rig.until(at(24, 8, 57, 50))
    rig.ws.fault("refuse", "chat.scheduleMessage", error="invalid_blocks", times=1)
    rig.run(240)
    (message,) = rig.posts()
    assert message.blocks == ()
    assert "Summary, Tue 24 Nov" in message.text


def test_a_clock_behind_slacks_gets_a_longer_lead(rig: Rig) -> None:
    """`time_in_past` for a late one: the next try names a second further away."""
    rig.until(at(24, 9, 20))
    rig.ws.fault("refuse", "chat.scheduleMessage", error="time_in_past", times=1)
    rig.run(20)
    (waiting,) = rig.ws.scheduled
    assert waiting.post_at - rig.dial.epoch() > 200
    rig.run(300)
    assert len(rig.posts()) == 1


def test_once_its_time_has_passed_unseen_it_is_never_sent_again(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    """Nobody can know any more: marked and logged, not twice, and the next one covers it."""
    rig.until(at(24, 8, 59, 30))
    rig.ws.fault("lost_reply", "chat.scheduleMessage", times=1)
    rig.digests.turn()
    rig.until(at(24, 9, 30))
    rig.restart()
    rig.run(120)
    assert len(rig.posts()) == 1
    assert rig.states() == [("11-24 09:00", "unknown"), ("11-25 09:00", "waiting")]
    assert "nobody knows whether the summary for C0DEPLOYS" in caplog.text


def test_not_there_says_nothing_once_the_time_is_near(rig: Rig) -> None:
    """Within the seconds that clocks may differ by, `not there` may mean `posted`: it is not asked for again."""
    rig.until(at(24, 8, 58, 5))
    rig.ws.fault("down", "chat.scheduleMessage", times=1)
    rig.digests.turn()
    rig.until(at(24, 8, 59, 52))
    rig.restart()
    rig.run(120, step=2)
    assert rig.posts() == []
    assert rig.states()[0] == ("11-24 09:00", "unknown")
    assert len([call for call in rig.ws.calls if call.method == "chat.scheduleMessage"]) == 1


# -- several, and changes of the configuration ----------------------------------------------------------


@pytest.mark.parametrize("fault", ["lost_reply", "down"])
@pytest.mark.parametrize("channel", ["C0DEPLOYS", "C0OPS"])
def test_one_is_never_taken_for_another(rig: Rig, fault: str, channel: str) -> None:
    """By channel and second a message is known: two of one channel never share one."""
    rig.configure(DAILY + f'[[digests]]\nchannel = "{channel}"\ncron = "0 9 * * *"\n')
    rig.digests.turn()
    rig.until(at(24, 8, 57, 50))
    rig.ws.fault(fault, "chat.scheduleMessage", times=1)
    rig.run(60)
    nine = int(at(24).timestamp())
    assert sorted(one.post_at - nine for one in rig.ws.scheduled) == [0, 1 if channel == "C0DEPLOYS" else 0]
    rig.run(180)
    assert len({id(post) for name in ("deploys", "ops") for post in rig.posts(name)}) == 2
    assert [state for _, state in rig.states()] == ["sent", "sent", "waiting", "waiting"]


def test_a_long_list_is_read_to_its_end(rig: Rig) -> None:
    """A message that waits behind sixty others is found, and one that does not is not; no page is no answer."""
    wire = ScheduleWire(web_client(rig.ws.bot_token, rig.ws.api_url), rig.metrics, rig.dial.monotonic)
    nine = int(at(24).timestamp())
    for number, channel in enumerate(["C0DEPLOYS"] * 30 + ["C0OPS"] * 30 + ["C0GENERAL"]):
        rig.dial.turn(2)
        assert wire.schedule(channel, nine, {"text": f"{number}"}).kind == "done"
    assert wire.listed("C0GENERAL", nine).known
    assert not wire.listed("C0GENERAL", nine + 1).known
    rig.ws.fault("500", "chat.scheduledMessages.list", times=1)
    assert wire.listed("C0GENERAL", nine).came.kind == "lost"


def test_a_summary_that_is_configured_no_more_is_not_sent(rig: Rig) -> None:
    """Its slot is dropped at the start; another time, zone, channel or choice of apps is another summary."""
    for text, due in (
        (DAILY.replace("09:00", "10:00"), "11-24 10:00"),
        (DAILY + 'timezone = "Asia/Kathmandu"\n', "11-24 03:15"),
        (DAILY + 'apps = ["my-app"]\n', "11-24 09:00"),
    ):
        rig.configure(text)
        rig.digests.turn()
        rig.digests.turn()
        assert rig.states() == [(due, "waiting")]
    rig.configure("")
    rig.digests.turn()
    assert rig.states() == []
    around(rig)
    assert rig.posts() == []


def test_a_summary_that_comes_back_is_not_posted_twice(rig: Rig) -> None:
    """Taken out and put in again around its time: a slot that was sent stays sent."""
    rig.until(at(24, 8, 57, 50))
    rig.run(30)
    rig.configure("")
    rig.run(10)
    rig.configure(DAILY)
    rig.run(240)
    assert len(rig.posts()) == 1


def test_it_speaks_in_its_own_zone_and_of_its_own_apps(rig: Rig) -> None:
    """Title in local time; an app that is not named is not told about."""
    other = '[apps.shop.env.prod]\nkind = "lambda"\nfunction = "s"\nalias = "l"\nregion = "eu-west-1"\n'
    rig.configure(other + DAILY + 'timezone = "Asia/Kathmandu"\napps = ["my-app"]\n')
    with rig.store.work() as work:
        for app in ("my-app", "shop"):
            work.save_alarm(alarm_state("errors", app=app, state="ALARM", lane="default/eu-west-1"))
    rig.digests.turn()
    rig.until(at(24, 3, 12, 50))
    rig.run(240)
    (message,) = rig.posts()
    assert "Summary, Tue 24 Nov 09:00" in message.text
    assert "shop" not in message.text


def test_the_thread_begins_and_ends(rig: Rig) -> None:
    """Started, it plans what is due; stopped, it ends at once; without summaries it has nothing to do."""
    rig.restart()
    rig.digests.start()
    assert rig.digests.stop(5.0)
    empty: Config = rig.config.model_copy(update={"digests": ()})
    rig.config = empty
    rig.restart()
    rig.digests.start()
    rig.ws.wait_for(lambda: rig.states() == [])
    assert rig.digests.stop(5.0)


def test_a_report_that_fails_is_tried_again(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    """A bug or a damaged row delays the summary and is logged; once it is mended the summary comes."""
    rig.until(at(24, 8, 57, 50))
    with rig.store.work() as work:
        work.note_turn(Turn(key=key(), state="OK", before=None, at=at(24, 1)))
        work._run("DROP TRIGGER alarm_turns_never_change")
        good = work._run("SELECT body FROM alarm_turns").fetchone()[0]
        work._run("UPDATE alarm_turns SET body = '{'")
    rig.run(30)
    assert "the summary for C0DEPLOYS failed" in caplog.text
    with rig.store.work() as work:
        work._run("UPDATE alarm_turns SET body = ?", good)
    rig.run(240)
    assert len(rig.posts()) == 1
