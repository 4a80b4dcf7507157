"""The outbox against the stand-in workspace, a real store, and a clock turned by hand."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bot.cards import Office
from bot.metrics import Metrics
from bot.outbox import Beside, Outbox
from bot.policy import ConfigPolicy
from bot.wire import Wire, web_client
from demo.workspace import Message, Workspace, WorkspaceConfig
from rollout.answers import Answers
from rollout.hooks import Hooks
from rollout.model import Cause, Phase, Rollout
from rollout.notices import Answer, CardChanged, Event, NeedsHuman
from rollout.people import Actor
from rollout.plan import Plan
from rollout.release import Release
from rollout.reports import CardView
from rollout.terms import Terms
from store import Store, open_store
from tests.bot.dial import Dial

ANA = Actor(id="U0ANA", team="T0TIDE", name="ana")
PIPELINE = Actor(kind="principal", id="pipeline", name="pipeline")


class Killed(BaseException):
    """What SIGKILL is, as far as one process can do it to itself: nothing after it runs."""


class Bug(Exception):
    """A mistake in our own code."""


class Shaky(Answers):
    """A desk that raises for one rollout."""

    broken = 0

    def card(self, rollout: int) -> CardView:
        if rollout == self.broken:
            raise Bug
        return super().card(rollout)


class Post:
    """One bot's outbox: its store, its workspace, its clock."""

    home = ""

    def __init__(self, store: Store, ws: Workspace, dial: Dial) -> None:
        self.store, self.ws, self.dial = store, ws, dial
        self.metrics = Metrics()
        self.called: list[tuple[int, int]] = []
        self.killed_at = ""
        self.restart()

    def restart(self) -> None:
        """A new process: what was only in memory is gone."""
        wire = Wire(web_client(self.ws.bot_token, self.ws.api_url), self.metrics, self.dial.monotonic)
        self.desk = Shaky(self.store, ConfigPolicy.__new__(ConfigPolicy), self.dial, Hooks())
        desk: Any = self.desk
        office = Office(self.store.outbox, desk, wire, self.dial, self.metrics, self.hit)
        self.outbox = Outbox(office, mention=lambda: "S0ONCALL", pager=self.call, beside=Beside(home=lambda: self.home))

    def hit(self, name: str) -> None:
        if name == self.killed_at:
            raise Killed

    def call(self, notice: NeedsHuman, rollout: Rollout, number: int) -> None:
        self.called.append((notice.rollout, number))

    def begin(
        self, app: str = "my-app", channel: str = "C0DEPLOYS", by: Actor = ANA, **fields: object
    ) -> Rollout:
        """A rollout at its first step, and the notice of it."""
        now = self.dial.now()
        new = Rollout(
            app=app, env="prod", kind="lambda", by=by, created_at=now, phase_at=now, gate_from=now,
            terms=Terms(plan=Plan.parse("canary", "10% 5m, 50% 10m, 100%"), channel=channel),
        )  # fmt: skip
        with self.store.work() as work:
            new = work.add(new)
        release = {"stable": Release(id="1"), "candidate": Release(id="2")}
        values: dict[str, Any] = {"phase": Phase.STEPPING, "proven": 0} | release | fields
        return self.change(new, **values)

    def change(self, rollout: Rollout, *, human: bool = False, **fields: object) -> Rollout:
        """Another state of it, told in the same transaction."""
        with self.store.work() as work:
            current = work.rollout(rollout.id)
            assert current is not None
            changed = work.save(current.but(**fields))
            work.tell(CardChanged(rollout=rollout.id, human=human))
        return changed

    def tell(self, *notices: Any) -> None:
        with self.store.work() as work:
            for notice in notices:
                work.tell(notice)

    def event(self, rollout: Rollout, text: str, **fields: Any) -> None:
        at = self.dial.now()
        self.tell(Event(rollout=rollout.id, what=fields.pop("what", "raised"), text=text, at=at, **fields))

    def run(self, seconds: float = 0, step: float = 0.5) -> None:
        """Turns, as its thread makes them, for so long."""
        self.outbox.turn()
        for _ in range(round(seconds / step)):
            self.dial.turn(step)
            self.outbox.turn()

    def calls(self, method: str) -> list[Any]:
        return [call for call in self.ws.calls if call.method == method]

    @property
    def cards(self) -> list[Message]:
        return self.ws.channel("deploys").messages

    def only_card(self) -> Message:
        (card,) = [each for each in self.cards if each.thread_ts is None]
        return card


@pytest.fixture
def dial() -> Dial:
    return Dial()


@pytest.fixture
def ws(dial: Dial) -> Iterator[Workspace]:
    with Workspace(WorkspaceConfig(), clock=dial.epoch) as ws:
        yield ws


@pytest.fixture
def post(tmp_path: Path, ws: Workspace, dial: Dial) -> Iterator[Post]:
    store = open_store(tmp_path / "tidegate.db")
    yield Post(store, ws, dial)
    store.close()
    assert not ws.problems


def test_a_card_is_posted_once_and_then_updated_in_place(post: Post):
    """The first change is a post, the next ones are updates of the same message."""
    rollout = post.begin()
    post.run()
    first = post.only_card()
    post.change(rollout, proven=10)
    post.run(2)
    card = post.only_card()
    assert card.ts == first.ts
    assert card.blocks != first.blocks
    assert post.store.outbox.waiting() == 0
    assert len(post.calls("chat.postMessage")) == 1


def test_no_card_while_a_rollout_is_only_looked_at(post: Post):
    """A requested rollout has no card, and neither has one that was refused before anything was known."""
    looked = post.begin(phase=Phase.REQUESTED, candidate=None, stable=None)
    post.run()
    post.change(looked, phase=Phase.REFUSED)
    post.run()
    assert post.cards == []
    assert post.store.outbox.waiting() == 0


def test_many_changes_at_once_are_one_update(post: Post):
    """Fifty changes between two turns: the card shows the last one, with one call."""
    rollout = post.begin()
    post.run()
    for percent in range(1, 51):
        post.change(rollout, proven=percent)
    post.run(1)
    assert len(post.calls("chat.update")) == 1
    assert "50 %" in str(post.only_card().blocks)


def test_an_unchanged_card_is_not_sent_again(post: Post):
    """A notice whose card reads the same costs no call of the workspace's budget."""
    rollout = post.begin()
    post.run()
    post.tell(CardChanged(rollout=rollout.id))
    post.run(1)
    assert post.calls("chat.update") == []
    assert post.store.outbox.waiting() == 0


def test_the_budget_of_the_workspace_is_kept_and_people_go_first(post: Post):
    """Twelve cards that change all the time stay under Slack's limit; a click is shown within a second."""
    channels = ("C0GENERAL", "C0DEPLOYS")
    rollouts = [post.begin(f"app-{number}", channel=channels[number % 2]) for number in range(12)]
    post.run(40)
    for second in range(100):
        for rollout in rollouts:
            post.change(rollout, proven=second % 100)
        if second == 80:
            cause = Cause(kind="person", text="paused by ana", at=post.dial.now(), by=ANA)
            post.change(rollouts[7], phase=Phase.PAUSED, human=True, cause=cause)
        post.run(1, step=1)
        if second == 81:
            card = next(card for card in post.cards if "app-7 " in str(card.blocks))  # in #deploys: odd
            assert "paused" in str(card.blocks)
    updates = post.calls("chat.update")
    assert not [call for call in post.ws.calls if call.status == 429]
    assert 60 <= len(updates) <= 100
    first_minute = [call for call in updates if call.received_at < updates[0].received_at + 60]
    assert len(first_minute) <= 50


def test_a_lost_reply_leaves_one_stray_at_most(post: Post):
    """The post arrived, its answer did not: half a minute later one more post, and that is the card."""
    rollout = post.begin()
    post.ws.fault("lost_reply", "chat.postMessage", times=1)
    post.run(25)
    assert len(post.cards) == 1
    post.run(10)
    stray, card = sorted(post.cards, key=lambda message: message.ts)
    post.change(rollout, proven=10)
    post.run(60)
    assert len(post.cards) == 2
    now = {message.ts: message for message in post.cards}
    assert now[card.ts].blocks != card.blocks, "the newest is the card"
    assert now[stray.ts].blocks == stray.blocks


def test_a_kill_between_post_and_its_answer_leaves_one_stray_at_most(post: Post):
    """B2: posted, the place not stored. The new process waits as after a lost reply, then posts once more."""
    post.begin()
    post.killed_at = "B2"
    with pytest.raises(Killed):
        post.run()
    post.killed_at = ""
    post.restart()
    post.run(20)
    assert len(post.cards) == 1
    post.run(60)
    assert len(post.cards) == 2
    assert post.store.outbox.waiting() == 0


def test_posts_that_always_get_lost_end_with_the_rollout(post: Post):
    """A proxy that swallows every answer must not fill the channel: the gaps grow, and it ends after the rollout."""
    rollout = post.begin()
    post.event(rollout, "never seen")
    post.ws.fault("lost_reply", "chat.postMessage")
    post.run(3600, step=5)
    times = sorted(float(message.ts) for message in post.cards)
    gaps = [later - sooner for sooner, later in pairwise(times)]
    assert gaps[0] >= 30
    assert all(gap >= 300 for gap in gaps[4:])
    assert 10 <= len(times) <= 15
    assert post.metrics.value("tidegate_outbox_dropped_total", why="posts get lost") == 0
    post.change(rollout, phase=Phase.ADOPTED)
    post.run(600, step=5)
    assert len(post.cards) <= len(times) + 1
    assert post.metrics.value("tidegate_outbox_dropped_total", kind="card", why="posts get lost") == 1
    assert post.store.outbox.waiting() == 0, "its replies went with it"


def test_a_card_comes_after_an_hour_in_which_every_post_failed(post: Post):
    """Only posts fail, Slack is there: a live rollout gets its card five minutes after that ended, at the latest."""
    rollout = post.begin()
    post.event(rollout, "raised to 10 %")
    post.ws.fault("500", "chat.postMessage")
    post.run(3600, step=5)
    assert post.cards == []
    post.ws.heal()
    post.run(310, step=5)
    card = post.only_card()
    assert post.ws.channel("deploys").replies(card)
    post.change(rollout, proven=33)
    post.run(5)
    assert "33 %" in str(post.only_card().blocks)
    assert post.store.outbox.waiting() == 0


@pytest.mark.parametrize("nowhere", ["dropped", "held"])
def test_rollouts_without_a_card_starve_no_other(post: Post, nowhere: str):
    """Thirty rollouts, three hundred replies, no card: the healthy one after them is told at once."""
    held = nowhere == "held"
    if held:  # their channel takes nothing for ten minutes
        post.ws.fault("429", "chat.postMessage", times=1, retry_after=600)
    for number in range(30):
        silent = post.begin(f"silent-{number}", channel="C0DEPLOYS" if held else "", by=PIPELINE)
        for word in range(10):
            post.event(silent, f"number {word}")
    post.run(1)
    healthy = post.begin("healthy", channel="C0GENERAL")
    post.event(healthy, "raised to 10 %")
    post.run(5)
    (card,) = [message for message in post.ws.channel("general").messages if message.thread_ts is None]
    assert "healthy" in card.text
    assert len(post.ws.channel("general").replies(card)) == 1
    if not held:
        assert post.store.outbox.waiting() == 0
        assert post.metrics.value("tidegate_outbox_dropped_total", kind="event", why="no channel") == 300


def test_a_reply_to_what_ended_without_a_card_does_not_wait_for_ever(post: Post):
    """The card was given up before: nothing will ever bring one, so the reply goes as well."""
    rollout = post.begin(channel="", by=PIPELINE)
    post.run(1)
    post.event(rollout, "late")
    post.run(1)
    assert post.store.outbox.waiting() == 0


def test_a_card_that_cannot_be_drawn_is_tried_less_and_less(post: Post, caplog: pytest.LogCaptureFixture):
    """A bug in drawing is one traceback now and then, not two a second; and it stops nobody else."""
    broken = post.begin("broken")
    post.desk.broken = broken.id
    for second in range(60):
        post.change(broken, proven=second % 10)
        post.run(1)
    assert 2 <= len([record for record in caplog.records if record.exc_info]) <= 12
    post.desk.broken = 0
    post.run(60)
    assert "broken" in post.only_card().text


@pytest.mark.parametrize("kind", ["down", "503", "500"])
def test_slack_away_for_half_an_hour_loses_nothing(post: Post, kind: str):
    """Updates, replies and new cards wait; within ten seconds of Slack's return everything is right."""
    old = post.begin("shop")
    post.run(2)
    post.ws.fault(kind)
    new = post.begin("my-app", channel="C0GENERAL")
    for minute in range(30):
        post.change(old, proven=minute)
        post.event(old, f"minute {minute}")
        post.run(60, step=2)
    during = len(post.ws.calls)
    post.ws.heal()
    post.change(new, proven=77)
    post.run(10)
    assert "29 %" in str(next(card for card in post.cards if "shop" in card.text).blocks)
    assert "77 %" in str(post.ws.channel("general").messages[-1].blocks)
    post.run(60)
    replies = [reply.text for reply in post.ws.channel("deploys").replies(post.only_card())]
    assert [text.rsplit(" ", 1)[1] for text in replies] == [f"{minute}." for minute in range(30)]
    assert post.store.outbox.waiting() == 0
    assert during < 700, "asked every few seconds, not in a loop"


def test_429_waits_as_long_as_slack_says(post: Post):
    """No call of that kind before Retry-After is over; other channels and kinds go on."""
    rollout = post.begin()
    post.run()
    post.ws.fault("429", "chat.update", times=1, retry_after=20)
    post.change(rollout, proven=10)
    post.run(15)
    assert len(post.calls("chat.update")) == 1
    post.event(rollout, "still here")
    post.run(1)
    assert post.ws.channel("deploys").replies(post.only_card())
    post.run(6)
    assert "10 %" in str(post.only_card().blocks)
    assert len(post.calls("chat.update")) == 2


def test_replies_wait_for_the_card_and_keep_their_order(post: Post):
    """Events told before the card is up, loud and quiet mixed, come into its thread in the order told."""
    rollout = post.begin()
    post.ws.fault("429", "chat.postMessage", times=1, retry_after=3)
    for number in range(8):
        loud = number == 5
        post.event(rollout, f"number {number}", loud=loud, mention=("U0ANA",) if loud else ())
    post.run(30)
    replies = post.ws.channel("deploys").replies(post.only_card())
    assert [f"number {number}" in reply.text for number, reply in enumerate(replies)] == [True] * 8
    assert [reply.broadcast for reply in replies] == [number == 5 for number in range(8)]
    assert "<@U0ANA>" in replies[5].text


def test_order_is_kept_when_one_reply_fails(post: Post):
    """A reply that Slack refuses for a while holds back the later ones of its thread, not those of others."""
    one, two = post.begin("my-app"), post.begin("shop", channel="C0GENERAL")
    post.run(2)
    post.ws.fault("lost_reply", "chat.postMessage", times=1)
    post.event(one, "first")
    post.event(one, "second")
    post.event(two, "other")
    post.run(20)
    texts = [reply.text for reply in post.ws.channel("deploys").replies(post.only_card())]
    assert "first" in texts[0]
    assert "second" in texts[-1]
    assert len(post.ws.channel("general").replies(post.ws.channel("general").messages[0])) == 1


def test_a_deleted_card_is_posted_anew_once(post: Post):
    """message_not_found: one new card, and the next changes are updates of that one."""
    rollout = post.begin()
    post.run()
    post.ws.delete_message("deploys", post.only_card().ts)
    post.change(rollout, proven=10)
    post.run(5)
    card = post.only_card()
    post.change(rollout, proven=20)
    post.run(5)
    assert post.only_card().ts == card.ts
    assert "20 %" in str(post.only_card().blocks)


@pytest.mark.parametrize("trouble", ["unknown", "archived"])
def test_a_channel_that_takes_nothing_sends_the_card_to_the_person(post: Post, trouble: str):
    """Unknown or archived: whoever asked gets the card, with its buttons."""
    if trouble == "archived":
        post.ws.change_channel("deploys", archived=True)
    rollout = post.begin(channel="C0NOWHERE" if trouble == "unknown" else "C0DEPLOYS")
    post.run(5)
    post.change(rollout, proven=10)
    post.run(5)
    seen = [message for message in post.ws.person("ana").sees() if "my-app" in message.text]
    assert len(seen) == 1
    assert seen[0].channel.startswith("D")
    assert "10 %" in str(seen[0].blocks)


def test_an_archived_channel_moves_the_card(post: Post):
    """Archived while the rollout runs: the card goes on with the person who asked."""
    rollout = post.begin()
    post.run(2)
    post.ws.change_channel("deploys", archived=True)
    post.change(rollout, proven=10)
    post.run(5)
    assert any("10 %" in str(message.blocks) for message in post.ws.person("ana").sees()
               if message.channel.startswith("D"))  # fmt: skip


def address(post: Post) -> str:
    """A response_url, as a click or command brings it."""
    post.ws.person("ana").slash("deploys", "/deploy status")
    return str(post.ws.envelopes[-1].payload["response_url"])


def test_answers_are_private_and_their_address_stays_secret(post: Post, caplog: pytest.LogCaptureFixture):
    """Told at the response_url, seen by that person only, no address in log or metrics."""
    caplog.set_level("DEBUG")
    where = address(post)
    post.tell(Answer(reply=where, text="you cannot promote my-app", at=post.dial.now(), good=False))
    post.ws.fault("500", "hooks", times=1)
    post.run(5)
    assert any("you cannot promote" in message.text for message in post.ws.person("ana").private)
    assert not any("you cannot promote" in message.text for message in post.ws.person("ben").sees())
    assert where not in caplog.text
    assert where not in post.metrics.text()


def test_an_answer_is_given_up_after_25_minutes(post: Post):
    """Slack away for too long: the address is no use any more, and goes."""
    where = address(post)
    post.tell(Answer(reply=where, text="too late", at=post.dial.now()))
    post.ws.fault("down")
    post.run(26 * 60, step=5)
    post.ws.heal()
    post.run(10)
    post.store.outbox.drop_late_answers(post.dial.now())
    assert not any("too late" in message.text for message in post.ws.person("ana").private)
    assert post.store.outbox.waiting() == 0


def test_an_answer_nobody_can_get_is_dropped(post: Post):
    """An address that is used up is not tried again."""
    post.tell(Answer(reply=post.ws.api_url.replace("/api/", "/hook/none"), text="hello", at=post.dial.now()))
    post.run(10)
    assert len(post.calls("response_url")) <= 1
    assert post.store.outbox.waiting() == 0
    assert post.metrics.value("tidegate_outbox_dropped_total", kind="answer") == 1


def stuck(post: Post) -> Rollout:
    cause = Cause(kind="blind", text="AWS cannot be read", at=post.dial.now())
    rollout = post.begin(phase=Phase.STUCK, cause=cause)
    post.tell(NeedsHuman(rollout=rollout.id, text="AWS cannot be read", at=post.dial.now()))
    return rollout


def pages(post: Post) -> list[Message]:
    replies = post.ws.channel("deploys").replies(post.only_card())
    return [reply for reply in replies if "S0ONCALL" in reply.text]


def test_a_page_is_loud_and_comes_again_until_somebody_has_it(post: Post):
    """Thread broadcast with the on-call mention and one SNS publish, every half hour, until it is taken."""
    rollout = stuck(post)
    post.run(3)
    post.run(61 * 60, step=10)
    assert len(pages(post)) >= 2
    assert all(reply.broadcast for reply in pages(post))
    assert post.called == [(rollout.id, 0), (rollout.id, 1), (rollout.id, 2)]
    assert post.store.outbox.page_taken(rollout.id, ANA, post.dial.now())
    post.run(61 * 60, step=10)
    assert len(post.called) == 3


def test_a_page_reaches_sns_while_slack_is_away(post: Post):
    """The call does not wait for Slack, is made once, and the reply follows when Slack is back."""
    post.ws.fault("down")
    rollout = stuck(post)
    post.run(300, step=5)
    assert post.called == [(rollout.id, 0)]
    post.ws.heal()
    post.run(60)
    said = [message for message in post.cards if "S0ONCALL" in message.text]
    assert len(said) == 1


def test_sns_repeats_while_slack_is_away(post: Post):
    """On its own time: every half hour, whether or not Slack was told in between; and it ends with the trouble."""
    post.ws.fault("down")
    rollout = stuck(post)
    post.run(95 * 60, step=10)
    assert post.called == [(rollout.id, 0), (rollout.id, 1), (rollout.id, 2), (rollout.id, 3)]
    post.change(rollout, phase=Phase.STEPPING, cause=None)
    post.run(65 * 60, step=10)
    assert len(post.called) == 4


def test_a_restart_goes_on_counting_the_calls(post: Post):
    """Slack away, three calls made, a new process: it calls at once as the fourth, and then every half hour."""
    post.ws.fault("down")
    rollout = stuck(post)
    post.run(65 * 60, step=10)
    assert post.called == [(rollout.id, number) for number in range(3)]
    post.dial.turn(20 * 60)
    post.restart()
    post.run(20 * 60, step=10)
    assert post.called[3:] == [(rollout.id, 2)], "one at once, as the third: its time had not come for a fourth"
    post.run(15 * 60, step=10)
    assert post.called[4:] == [(rollout.id, 3)]


def test_a_restart_calls_nobody_before_the_time_when_slack_was_told(post: Post):
    """The page stands in its thread: a new process neither repeats it nor calls, until half an hour is over."""
    rollout = stuck(post)
    post.run(60)
    post.restart()
    post.run(20 * 60, step=10)
    assert post.called == [(rollout.id, 0)] and len(pages(post)) == 1
    post.run(15 * 60, step=10)
    assert post.called == [(rollout.id, 0), (rollout.id, 1)] and len(pages(post)) == 2


@pytest.mark.parametrize("trouble", ["archived before", "archived after", "no channel", "goes to a person"])
def test_a_page_that_no_thread_takes_goes_home(post: Post, trouble: str):
    """The card's channel is closed, or the card is in somebody's own messages: the home channel is called, loudly."""
    post.home = "C0GENERAL"
    post.restart()
    if trouble == "archived before":
        post.ws.change_channel("deploys", archived=True)
    person = trouble == "goes to a person"
    channel = "C0DEPLOYS" if "archived" in trouble else ""
    rollout = post.begin(channel=channel, by=ANA if person or trouble == "archived before" else PIPELINE)
    post.run(3)
    if trouble == "archived after":
        post.ws.change_channel("deploys", archived=True)
    post.change(rollout, phase=Phase.STUCK)
    post.tell(NeedsHuman(rollout=rollout.id, text="AWS cannot be read", at=post.dial.now()))
    post.run(30)
    (page,) = post.ws.channel("general").messages
    assert "S0ONCALL" in page.text and "AWS cannot be read" in page.text
    assert page.thread_ts is None
    assert post.called == [(rollout.id, 0)]
    post.run(31 * 60, step=10)
    assert len(post.ws.channel("general").messages) == 2


def test_another_page_of_one_rollout_calls_at_once(post: Post):
    """Five minutes after the first page another trouble: SNS is not left out because it was called before."""
    rollout = stuck(post)
    post.run(300, step=5)
    post.tell(NeedsHuman(rollout=rollout.id, text="the rollback fails", at=post.dial.now()))
    post.run(5)
    assert post.called == [(rollout.id, 0), (rollout.id, 0)]


def test_a_page_without_a_channel_still_calls(post: Post):
    """No channel and no card: SNS at once and every half hour, and the page is in nobody's way."""
    rollout = post.begin(channel="", by=PIPELINE, phase=Phase.STUCK)
    post.tell(NeedsHuman(rollout=rollout.id, text="AWS cannot be read", at=post.dial.now()))
    post.run(31 * 60, step=10)
    assert post.called == [(rollout.id, 0), (rollout.id, 1)]
    assert post.store.outbox.waiting_pages(post.dial.now()) == []


def test_a_page_ends_when_the_trouble_has(post: Post):
    """Sight is back and the rollout goes on: nobody is woken again."""
    rollout = stuck(post)
    post.run(5)
    post.change(rollout, phase=Phase.STEPPING, cause=None)
    post.run(timedelta(minutes=61).total_seconds(), step=10)
    assert len(post.called) == 1


def test_one_notice_that_cannot_be_drawn_holds_up_no_other(post: Post):
    """A card about nothing is dropped, and the next notice goes out in the same turn."""
    post.tell(CardChanged(rollout=4711))
    post.begin()
    post.run()
    assert "my-app" in post.only_card().text
    assert post.store.outbox.waiting() == 0


def test_the_thread_sends_by_itself_and_flushes_at_the_end(post: Post):
    """Started, it sends; stopped, it sends what can be sent at once and ends."""
    post.outbox.start()
    post.begin("shop", channel="C0GENERAL")
    post.outbox.nudge()
    post.ws.wait_for(lambda: post.ws.channel("general").messages)
    post.begin("my-app")
    assert post.outbox.stop(30)
    assert "my-app" in post.only_card().text
