"""What old messages say once they are old: calls that are over, and cards whose target has a newer rollout."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.workspace import Message, Workspace, WorkspaceConfig
from rollout.model import Cause, Phase, Rollout
from rollout.notices import CardChanged, NeedsHuman
from rollout.people import Actor
from store import open_store
from tests.bot.dial import Dial
from tests.bot.test_outbox import ANA, PIPELINE, Post

OSKAR = Actor(id="U0OSKAR", team="T0TIDE", name="oskar")


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    """A bot's outbox, its store, its workspace, its clock."""
    store, dial = open_store(tmp_path / "tidegate.db"), Dial()
    with Workspace(WorkspaceConfig(), clock=dial.epoch) as ws:
        yield Post(store, ws, dial)
        assert not ws.problems
    store.close()


def called(post: Post, channel: str = "C0DEPLOYS", by: Actor = ANA) -> Rollout:
    """A rollout that somebody is called for, twice by now."""
    cause = Cause(kind="stable_sick", text="v1 is not healthy", at=post.dial.now())
    rollout = post.begin(phase=Phase.STUCK, cause=cause, channel=channel, by=by)
    post.run(2)
    post.tell(NeedsHuman(rollout=rollout.id, text="AWS cannot be read", at=post.dial.now()))
    post.run(31 * 60, step=30)
    return rollout


def pages(post: Post) -> list[Message]:
    """Messages that called for a person."""
    found = [message for channel in ("deploys", "general") for message in post.ws.channel(channel).messages]
    return [one for one in found if "AWS cannot be read" in one.text]


def buttons(message: Message) -> list[str]:
    """What can be pressed on it."""
    rows = [block["elements"] for block in message.blocks if block["type"] == "actions"]
    return [str(one["text"]["text"]) for row in rows for one in row]


def end(post: Post, rollout: Rollout) -> None:
    """It went back after all."""
    by = Cause(kind="person", text="rolled back: p99 too high", by=OSKAR, at=post.dial.now())
    post.change(rollout, phase=Phase.ROLLED_BACK, phase_at=post.dial.now(), cause=by, peak=50)


@pytest.mark.parametrize("restarted", [False, True])
def test_a_call_ends_with_its_rollout(post: Post, *, restarted: bool):
    """Every message that called says when and how it ended, and has no button any more; also after a restart."""
    rollout = called(post)
    assert [buttons(page) for page in pages(post)] == [["I have it"]] * 2
    if restarted:
        post.restart()
    end(post, rollout)
    post.run(10)
    for page in pages(post):
        assert buttons(page) == [] and "S0ONCALL" not in page.text
        assert "my-app → prod needed a person: AWS cannot be read. It ended at <!date^" in page.text
        assert "rolled back from 50 %. Rolled back: p99 too high (<@U0OSKAR>," in page.text
    edits = len(post.calls("chat.update"))
    post.run(60)
    post.tell(CardChanged(rollout=rollout.id))
    post.run(60)
    assert len(post.calls("chat.update")) == edits, "said once"


def test_a_call_that_was_taken_says_by_whom_and_then_how_it_ended(post: Post):
    """The others who were called read that somebody has it; the button is gone for all of them."""
    rollout = called(post)
    assert post.store.outbox.page_taken(rollout.id, OSKAR, post.dial.now())
    post.tell(CardChanged(rollout=rollout.id))
    post.run(10)
    assert [buttons(page) for page in pages(post)] == [[]] * 2
    assert all("<@U0OSKAR> has had it since <!date^" in page.text for page in pages(post))
    end(post, rollout)
    post.run(10)
    assert all("It ended at" in page.text and "has had it" not in page.text for page in pages(post))


def test_a_call_whose_trouble_is_over_says_so(post: Post):
    """Nobody is called any more, though the rollout goes on; another trouble calls by another message."""
    rollout = called(post)
    post.change(rollout, phase=Phase.STEPPING, phase_at=post.dial.now(), cause=None)
    post.run(10)
    assert all("That was over at" in page.text and buttons(page) == [] for page in pages(post))
    told = [page.revision for page in pages(post)]
    post.change(rollout, proven=10)
    post.run(60)
    assert [page.revision for page in pages(post)] == told, "said once, with the time when it was over"
    post.change(rollout, phase=Phase.STUCK)
    post.tell(NeedsHuman(rollout=rollout.id, text="AWS cannot be read, again", at=post.dial.now()))
    post.run(30)
    assert [buttons(page) for page in pages(post)] == [[], [], ["I have it"]]


def test_a_call_in_a_phase_that_needs_nobody_by_itself_goes_on_calling(post: Post):
    """An alarm turns red while the old release bakes after a way back: that is not over with the next change."""
    rollout = post.begin(phase=Phase.FINAL_BAKE)
    post.run(2)
    post.tell(NeedsHuman(rollout=rollout.id, text="AWS cannot be read", at=post.dial.now()))
    post.run(5)
    post.change(rollout, proven=100)
    post.run(30)
    (page,) = pages(post)
    assert buttons(page) == ["I have it"] and "over" not in page.text


def test_a_call_without_a_card_ends_too(post: Post):
    """It went to the home channel, because there was nowhere else; one that was deleted stays deleted."""
    post.home = "C0GENERAL"
    post.restart()
    rollout = called(post, channel="", by=PIPELINE)
    first, second = pages(post)
    post.ws.delete_message(first.channel, first.ts)
    end(post, rollout)
    post.run(10)
    (left,) = pages(post)
    assert left.ts == second.ts and "It ended at" in left.text and buttons(left) == []
    assert post.store.outbox.waiting() == 0


def test_a_call_is_not_forgotten_when_its_card_moves(post: Post):
    """The channel was archived, the card goes to the person who asked: the call at home ends all the same."""
    post.home = "C0GENERAL"
    post.restart()
    rollout = post.begin(phase=Phase.STUCK)
    post.run(2)
    post.ws.change_channel("deploys", archived=True)
    post.tell(NeedsHuman(rollout=rollout.id, text="AWS cannot be read", at=post.dial.now()))
    post.run(60)
    post.change(rollout, proven=10)
    post.run(60)
    (page,) = pages(post)
    assert buttons(page) == ["I have it"]
    end(post, rollout)
    post.run(60)
    (page,) = pages(post)
    assert buttons(page) == [] and "It ended at" in page.text


def card(post: Post, rollout: Rollout) -> Message:
    """Its card."""
    place = post.store.outbox.card(rollout.id)
    assert place is not None
    return next(one for one in post.cards if one.ts == place.ts)


def test_an_old_card_loses_its_buttons_when_a_newer_rollout_begins(post: Post):
    """[Roll back] would be refused then; it comes back where the newer one ended without traffic, and only there."""
    old = post.begin(phase=Phase.SUCCEEDED)
    post.run(2)
    assert buttons(card(post, old)) == ["Roll back to version 1"]
    looked = post.begin(phase=Phase.REQUESTED)
    post.run(5)
    assert buttons(card(post, old)), "one that is only looked at has not begun"
    post.change(looked, phase=Phase.LAUNCHING)
    post.run(10)
    assert buttons(card(post, old)) == []
    edits = card(post, old).revision
    post.change(looked, elapsed=post.dial.now() - looked.created_at)
    post.run(10)
    assert card(post, old).revision == edits, "once"
    post.change(looked, phase=Phase.CANCELLED)
    post.run(10)
    assert len(buttons(card(post, old))) == 1
    newer = post.begin()
    post.run(10)
    post.change(newer, phase=Phase.SUCCEEDED)
    post.run(10)
    assert (buttons(card(post, old)), len(buttons(card(post, newer)))) == ([], 1)


def test_an_old_card_that_was_deleted_is_not_posted_anew(post: Post):
    """Somebody did not want it there; and nothing waits for it."""
    old = post.begin(phase=Phase.SUCCEEDED)
    post.run(2)
    gone = card(post, old)
    post.ws.delete_message(gone.channel, gone.ts)
    newer = post.begin()
    post.run(60)
    assert [one.ts for one in post.cards] == [card(post, newer).ts]
    assert post.store.outbox.waiting() == 0
