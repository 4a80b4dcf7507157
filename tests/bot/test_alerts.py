"""Notices against the stand-in workspace, a real store and watch, and a clock turned by hand."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from demo.workspace import Workspace
from rollout.model import Phase
from rollout.notices import CardChanged
from store.cards import CardPlace
from tests.bot.dial import Dial
from tests.bot.newsroom import Killed, Room, workspace


@pytest.fixture
def dial() -> Dial:
    return Dial()


@pytest.fixture
def ws(dial: Dial) -> Iterator[Workspace]:
    with workspace(dial) as ws:
        yield ws


@pytest.fixture
def room(tmp_path: Path, ws: Workspace, dial: Dial) -> Iterator[Room]:
    room = Room(tmp_path / "tidegate.db", ws, dial, home="C0HOME")
    yield room
    room.close()


def test_a_notice_is_posted_once_and_edited_in_place_when_it_is_ok(room: Room):
    """Red: one message. OK: the same message says how long it was red; nothing else was sent."""
    room.turn("errors", "ALARM")
    room.run(1)
    first = room.only()
    assert "errors is red" in first.text
    assert "8.2 over limit 1" in first.text
    room.dial.turn(600)
    room.turn("errors", "OK")
    room.run(6)
    now = room.only()
    assert now.ts == first.ts
    assert "OK again" in now.text and "10 min" in now.text
    assert len(room.calls("chat.postMessage")) == 1
    assert room.metrics.value("tidegate_alert_messages_total", kind="posted") == 1
    assert room.metrics.value("tidegate_alert_messages_total", kind="edited") == 1


def test_a_flapping_alarm_is_edited_every_few_seconds_at_most_and_ends_with_the_truth(room: Room):
    """Sixty changes in a minute: one message, no edit within five seconds of the last, and the last state shown."""
    room.turn("errors", "ALARM")
    room.run(1)
    for number in range(59):
        room.turn("errors", ("OK", "ALARM")[number % 2])
        room.run(1)
    room.turn("errors", "OK")
    room.run(10)
    edits = [call.received_at for call in room.calls("chat.update")]
    assert 3 <= len(edits) <= 14
    assert all(later - sooner >= 5 for sooner, later in pairwise(edits))
    assert "OK again" in room.only().text and "flaps" in room.only().text


def test_what_a_person_pressed_is_shown_at_once(room: Room):
    """An edit was made a second ago: [Acknowledge] waits for nothing all the same, and the press is answered."""
    room.turn("errors", "ALARM")
    room.run(1)
    room.turn("p99", "ALARM")
    room.run(1)
    edits = len(room.calls("chat.update"))
    assert room.press("ack").ok
    room.run()
    assert len(room.calls("chat.update")) == edits + 1
    assert "Acknowledged by @ana" in room.only().text or "Acknowledged by ana" in room.only().text
    assert room.metrics.value("tidegate_asks_total", verb="ack", outcome="ok") == 1


def test_unchanged_content_is_not_sent(room: Room):
    """A new version that reads the same costs no call, and does not stay due."""
    room.turn("errors", "ALARM")
    room.run(1)
    alert = room.alert()
    with room.store.work() as work:
        work.put_alert(alert)
    room.run(30)
    assert room.calls("chat.update") == []
    assert room.store.alerts.unsent() == []


def test_a_rollout_that_moves_on_beside_it_is_shown(room: Room):
    """The notice itself did not change: its message follows the live rollout, and loses its button with it."""
    rollout = room.begin(gate="other")
    room.turn("errors", "ALARM")
    room.run(1)
    assert f"#{rollout.id}" in room.only().text and "10 %" in room.only().text
    room.change(rollout, proven=50)
    room.run(12)
    assert "50 %" in room.only().text
    room.change(rollout, phase=Phase.SUCCEEDED)
    room.run(12)
    assert f"#{rollout.id}" not in room.only().text


def test_what_the_card_tells_gets_no_message_of_its_own(room: Room):
    """A gate turns red, the look takes the rollout back and claims it: nothing is posted, whatever follows."""
    rollout = room.begin()
    room.store.outbox.save_card(CardPlace(rollout=rollout.id, channel="C0DEPLOYS", ts="1.000100"))
    room.turn("errors", "ALARM")
    room.run(2)
    assert room.messages() == [], "it waits for the look"
    room.looked(rollout, red="errors")
    room.run(30)
    room.turn("errors", "OK")
    room.run(30)
    assert room.messages() == []
    assert room.store.alerts.unsent() == []


@pytest.mark.parametrize("place", [None, CardPlace(rollout=1, channel="U0ANA", ts="1.000100")])
def test_a_card_that_stands_in_no_channel_tells_nobody(room: Room, place: CardPlace | None):
    """Claimed by a rollout whose card never came, or went to one person: after a minute the notice comes itself."""
    rollout = room.begin()
    if place is not None:
        room.store.outbox.save_card(place)
    room.turn("errors", "ALARM")
    room.looked(rollout, red="errors")
    room.run(50)
    assert room.messages() == []
    room.run(30)
    assert "errors is red" in room.only().text


def test_a_look_that_does_not_come_delays_the_notice_by_ten_seconds_at_most(room: Room):
    """Nobody looked: told after ten seconds. A look that took nothing back: told right after it."""
    room.begin()
    room.turn("errors", "ALARM")
    room.run(9.5)
    assert room.messages() == []
    room.run(1)
    assert "errors" in room.only().text


def test_a_look_that_does_not_claim_it_lets_the_notice_go(room: Room):
    """Looked at since, and no card tells it: the notice goes out at once."""
    rollout = room.begin()
    room.turn("errors", "ALARM")
    room.run(1)
    assert room.messages() == []
    room.dial.turn(0.5)
    room.looked(rollout)
    room.run()
    assert "errors" in room.only().text


def test_another_alarm_of_a_told_notice_is_told(room: Room):
    """The card tells one; one that joins the same notice later is nobody else's to tell."""
    rollout = room.begin()
    room.turn("errors", "ALARM")
    room.looked(rollout, red="errors")
    room.run(5)
    room.turn("p99", "ALARM")
    room.run(12)
    assert "p99" in room.only().text


def muted(room: Room, verb: str = "mute-1h") -> None:
    """One was red, is muted, is OK and its notice closed: the mute outlasts it where it has an end."""
    room.turn("errors", "ALARM")
    room.run(1)
    assert room.press(verb).ok
    room.run(6)
    room.turn("errors", "OK")
    room.run(6)
    room.dial.turn(16 * 60)
    room.sweep()
    room.run(6)


def test_a_muted_alarm_is_told_when_the_mute_ends_and_it_is_still_red(room: Room):
    """While the mute holds nothing is posted; after it the notice comes, for it is news then."""
    muted(room)
    room.turn("errors", "ALARM")
    room.run(60, step=1)
    assert len(room.messages()) == 1, "only the first one"
    room.run(3600, step=10)
    assert len(room.messages()) == 2
    assert "errors is red" in room.messages()[1].text


def test_what_came_and_went_under_a_mute_is_never_told(room: Room):
    """Red and OK again while it was muted: no message, no leftovers, also after the mute."""
    muted(room)
    room.turn("errors", "ALARM")
    room.run(10)
    room.turn("errors", "OK")
    room.run(4000, step=10)
    assert len(room.messages()) == 1
    assert room.store.alerts.unsent() == []


def test_a_posted_notice_is_kept_up_to_date_under_a_mute(room: Room):
    """[Mute] silences new messages; the one that is there goes on saying what is so, and unmuting shows at once."""
    room.turn("errors", "ALARM")
    room.run(1)
    room.press("mute-1h")
    room.run(6)
    assert "silenced" in room.only().text
    room.turn("p99", "ALARM")
    room.run(6)
    assert "p99" in room.only().text
    room.press("unmute")
    room.run()
    assert "silenced" not in room.only().text


def test_slack_away_loses_nothing_and_tells_the_present(room: Room):
    """Red and OK again during twenty minutes without Slack: told once, as it is, when Slack is back."""
    room.ws.fault("down")
    room.turn("p99", "ALARM")
    room.run(120, step=2)
    room.turn("errors", "ALARM")  # a notice of its own, of which not even a post was tried
    room.run(120, step=2)
    room.turn("errors", "OK")
    room.run(18 * 60, step=5)
    room.sweep()
    room.ws.heal()
    room.run(10)
    told = [message.text for message in room.messages()]
    assert len(told) == 2
    assert any("p99 is red" in text for text in told)
    assert any("errors is OK again" in text for text in told)
    assert room.store.alerts.unsent() == []


def test_a_restart_neither_repeats_nor_loses(room: Room):
    """A new process edits the message that is there, and posts what the old one did not get to."""
    room.turn("errors", "ALARM")
    room.run(1)
    room.dial.turn(120)
    room.turn("p99", "ALARM")  # another notice: too late to join the first
    room.open()
    room.run(3)
    assert len(room.messages()) == 2
    room.open()
    room.run(20)
    assert len(room.messages()) == 2
    room.turn("errors", "OK")
    room.run(6)
    assert len(room.messages()) == 2
    assert "OK again" in room.messages()[0].text


@pytest.mark.parametrize(("point", "most"), [("N1", 1), ("N2", 2)])
def test_a_kill_around_the_post_leaves_one_stray_at_most(room: Room, point: str, most: int):
    """N1: never posted, posted later. N2: posted and not stored: after half a minute once more, and that one lives."""
    room.turn("errors", "ALARM")
    room.killed_at = point
    with pytest.raises(Killed):
        room.run(1)
    room.killed_at = ""
    room.open()
    room.run(20)
    assert len(room.messages()) == most - 1
    room.run(60)
    assert len(room.messages()) == most
    room.turn("errors", "OK")
    room.run(6)
    assert "OK again" in room.messages()[-1].text


def test_a_lost_reply_leaves_one_stray_and_its_button_still_works(room: Room):
    """Two messages of one notice: the newest is kept up to date, a press on either counts."""
    room.ws.fault("lost_reply", "chat.postMessage", times=1)
    room.turn("errors", "ALARM")
    room.run(40)
    stray, last = room.messages()
    value = next(
        element["value"] for block in stray.blocks for element in block.get("elements", ())
        if element.get("action_id") == "tidegate:ack"
    )  # fmt: skip
    assert '"alert":1' in value
    room.press("ack")
    room.run(1)
    assert "Acknowledged" in room.messages()[-1].text
    assert room.messages()[-1].ts == last.ts


def test_a_deleted_message_is_posted_anew_once(room: Room):
    """message_not_found: one new message, kept up to date from then on."""
    room.turn("errors", "ALARM")
    room.run(1)
    room.ws.delete_message("deploys", room.only().ts)
    room.turn("p99", "ALARM")
    room.run(12)
    assert "p99" in room.only().text


def test_an_archived_channel_moves_the_notice_home(room: Room):
    """Archived while it is red: the home channel gets it, and the next changes."""
    room.turn("errors", "ALARM")
    room.run(1)
    room.ws.change_channel("deploys", archived=True)
    room.turn("p99", "ALARM")
    room.run(12)
    assert "p99" in room.only("home").text
    room.turn("p99", "OK")
    room.turn("errors", "OK")
    room.run(12)
    assert "OK again" in room.only("home").text
    assert room.paged == []


def test_no_channel_at_all_pages_once_per_notice(room: Room, caplog: pytest.LogCaptureFixture):
    """Both archived: one page with what and where, an error in the log, counted; nothing again after a restart."""
    room.ws.change_channel("deploys", archived=True)
    room.ws.change_channel("home", archived=True)
    room.turn("errors", "ALARM")
    room.run(12)
    ((subject, text),) = room.paged
    assert "my-app" in subject
    assert "errors" in text and "8.2 over limit 1" in text
    assert "C0DEPLOYS, C0HOME" in text and "is_archived" in text
    assert "told in no channel" in caplog.text
    assert room.metrics.value("tidegate_outbox_dropped_total", kind="alert") >= 1
    room.open()
    room.turn("p99", "ALARM")
    room.run(12)
    assert len(room.paged) == 1
    assert room.store.alerts.unsent() == []
    room.dial.turn(3600)


def test_a_notice_that_cannot_be_drawn_stops_no_other(room: Room, caplog: pytest.LogCaptureFixture):
    """A defect in one is logged now and then; the next notice is told in the same turn."""
    view = room.desk.view

    def broken(number: int):
        if number == 1:
            raise ZeroDivisionError
        return view(number)

    room.alerts._view = broken
    room.turn("errors", "ALARM")
    room.run(1)
    room.dial.turn(120)
    room.turn("p99", "ALARM")
    room.run(60)
    assert "p99" in room.only().text
    assert 2 <= len([record for record in caplog.records if record.exc_info]) <= 14


def test_notices_and_cards_share_the_budget_of_the_workspace(room: Room):
    """Twenty notices that flap all the time: no 429, and neither starves the other."""
    rollout = room.begin(gate="other")
    room.scope = room.scope.model_copy(update={"gates": tuple(f"alarm-{number}" for number in range(20))})
    for name in room.scope.gates:
        room.cloud.turn(name, "OK")
    room.sweep()
    for name in room.scope.gates:
        room.dial.turn(61)
        room.turn(name, "ALARM")
    room.run(30)
    assert len(room.messages()) == 20
    for second in range(60):
        for name in room.scope.gates:
            room.cloud.turn(name, ("OK", "ALARM")[second % 2])
        room.sweep()
        room.change(rollout, proven=second % 100)
        with room.store.work() as work:
            work.tell(CardChanged(rollout=rollout.id))
        room.run(1)
    assert not [call for call in room.ws.calls if call.status == 429]
    card = room.store.outbox.card(rollout.id)
    assert card is not None
    edited = [call.args["ts"] for call in room.calls("chat.update")]
    assert edited.count(card.ts) >= 8
    assert len(set(edited)) >= 13
