"""The outbox: the order of sending, no change lost before its card, secrets that do not linger."""

import contextlib
import sqlite3
from pathlib import Path

import pytest

from rollout.model import Phase
from rollout.notices import Answer, CardChanged, Event, NeedsHuman, Notice
from store import CardPlace, Outbox, Page, Store, open_store
from tests.store.make import ANA, NOW, SECRET, answered, entry, later, rollout, stored_ask


def event(rollout: int = 1, **fields: object) -> Event:
    """A reply in the thread."""
    return Event.model_validate({"rollout": rollout, "what": "raised", "at": NOW} | fields)


def answer(**fields: object) -> Answer:
    """A private answer."""
    return Answer.model_validate({"reply": SECRET, "text": "ok", "at": NOW} | fields)


def page(text: str = "#1 is stuck", **fields: object) -> NeedsHuman:
    """A page."""
    return NeedsHuman.model_validate({"rollout": 1, "text": text, "at": NOW} | fields)


def told(store: Store, *notices: Notice) -> Outbox:
    """Each notice in a block of its own; rollouts 1 to 3 exist."""
    with store.work() as work:
        for app in ("a", "b", "c"):
            if not work.live(app, "prod"):
                work.add(rollout(app))
    for notice in notices:
        with store.work() as work:
            work.tell(notice)
    return store.outbox


def kinds(outbox: Outbox, limit: int = 50) -> list[tuple[str, int | None]]:
    """What would be sent now, in order."""
    return [(q.notice.kind, q.notice.rollout) for q in outbox.pending(NOW, limit)]


def test_oldest_first_but_people_before(store: Store) -> None:
    """What a person waits for overtakes; otherwise the order of telling holds."""
    outbox = told(
        store,
        CardChanged(rollout=1),
        event(1),
        CardChanged(rollout=2, human=True),
        answer(),
        event(3, by=ANA),
    )
    assert kinds(outbox) == [("card", 2), ("answer", None), ("event", 3), ("card", 1), ("event", 1)]
    assert kinds(outbox, limit=2) == [("card", 2), ("answer", None)]
    assert outbox.waiting() == 5


def test_notice_comes_back_as_it_was_told(store: Store) -> None:
    """Kind, words, address and moment survive the queue; a card has no moment of its own."""
    outbox = told(store, event(text="<b> & Ä", loud=True), answer(rollout=1), CardChanged(rollout=1))
    queued = {q.notice.kind: q for q in outbox.pending(NOW)}
    assert queued["event"].notice == event(text="<b> & Ä", loud=True)
    assert queued["answer"].notice == answer(rollout=1)
    assert [queued[kind].created_at for kind in ("event", "card")] == [NOW, None]


def test_cards_of_one_rollout_coalesce(store: Store) -> None:
    """Ten changes are one card; once a person waits for it, it stays first, and it keeps its place."""
    outbox = told(store, CardChanged(rollout=1), event(2), *[CardChanged(rollout=1)] * 9)
    assert kinds(outbox) == [("card", 1), ("event", 2)]
    told(store, CardChanged(rollout=2), CardChanged(rollout=2, human=True), CardChanged(rollout=2))
    first = outbox.pending(NOW)[0]
    assert first.notice == CardChanged(rollout=2, human=True)
    assert first.human


def test_change_during_sending_is_not_swallowed(store: Store) -> None:
    """The race: a card is read, the rollout changes, then the old card is `done`: the new one still waits."""
    outbox = told(store, CardChanged(rollout=1))
    sending = outbox.pending(NOW)[0]
    told(store, CardChanged(rollout=1))
    outbox.done(sending.id)
    assert kinds(outbox) == [("card", 1)]
    outbox.done(outbox.pending(NOW)[0].id)
    assert kinds(outbox) == []


def test_ids_are_never_used_again(store: Store) -> None:
    """`done` of a notice that is gone cannot hit a later one: numbers only rise, also from an empty queue."""
    outbox = told(store, event())
    first = outbox.pending(NOW)[0].id
    outbox.done(first)
    told(store, event())
    outbox.done(first)
    assert outbox.pending(NOW)[0].id > first


def test_loud_reply_does_not_overtake_its_thread(store: Store) -> None:
    """Older quiet replies of the same rollout go first with it; other rollouts stay behind."""
    outbox = told(store, event(2), event(1, text="first"), event(1, text="second", loud=True))
    assert kinds(outbox) == [("event", 1), ("event", 1), ("event", 2)]
    assert [q.notice.text for q in outbox.pending(NOW) if isinstance(q.notice, Event)][:2] == [
        "first",
        "second",
    ]


def test_retry_waits_and_counts(store: Store) -> None:
    """A failed notice is left out until its time, then it is there again with one more attempt."""
    outbox = told(store, event(1), event(2))
    failed = outbox.pending(NOW)[0]
    outbox.retry(failed.id, later(30), "ratelimited")
    assert kinds(outbox) == [("event", 2)]
    again = outbox.pending(later(30))[0]
    assert (again.id, again.attempts, again.not_before) == (failed.id, 1, later(30))


def test_new_change_does_not_outrun_the_pause(store: Store) -> None:
    """A card that Slack asked us to hold back stays held back when it changes again."""
    outbox = told(store, CardChanged(rollout=1))
    outbox.retry(outbox.pending(NOW)[0].id, later(30), "ratelimited")
    told(store, CardChanged(rollout=1, human=True))
    assert kinds(outbox) == []
    assert outbox.pending(later(30))[0].attempts == 1


def test_dropped_notices_are_counted_by_reason(store: Store) -> None:
    """What is given up is gone, and how often for which reason can be asked."""
    outbox = told(store, event(1), event(2), event(3))
    for queued, why in zip(outbox.pending(NOW), ["no channel", "no channel", "too long"], strict=True):
        outbox.drop(queued.id, why)
    outbox.drop(999, "no channel")
    assert outbox.waiting() == 0
    assert outbox.given_up() == {"no channel": 2, "too long": 1}


def test_late_answers_are_left_out_and_erased(store: Store, path: Path) -> None:
    """25 minutes on an answer is not sent, and after pruning its address is nowhere in the file."""
    outbox = told(store, answer())
    with store.work() as work:
        work.remember(answered("start", 1, address=SECRET))
    assert [q.notice.kind for q in outbox.pending(later(minutes=25))] == ["answer"]
    assert outbox.pending(later(minutes=25, seconds=1)) == []
    assert SECRET.encode() in path.read_bytes()
    store.prune(later(minutes=25, seconds=1))
    assert outbox.given_up() == {"too late": 1}
    with store.reads() as reads:
        assert reads.reply_address(1) == ""
        kept = reads.stored_ask("start")
        assert kept
        assert (kept.address, kept.reply) == ("", answered(rollout=1).reply)
    assert SECRET.encode() not in path.read_bytes()


def test_pruning_keeps_what_is_young(store: Store) -> None:
    """Nothing is erased too early: addresses stay 25 minutes, wishes 7 days, the trail for ever."""
    with store.work() as work:
        began = work.add(rollout())
        work.remember(answered("start", began.id, address=SECRET))
        work.remember(stored_ask("waits"))
    store.prune(later(minutes=25))
    with store.reads() as reads:
        assert reads.reply_address(1) == SECRET
    assert store.retain(later(days=7)) == {}
    with store.reads() as reads:
        assert reads.stored_ask("start")
        assert reads.waiting_asks()
    assert store.retain(later(days=7, seconds=1)) == {"asks": 2}
    with store.reads() as reads:
        assert (reads.stored_ask("start"), reads.waiting_asks()) == (None, [])


def test_secret_is_in_no_repr(store: Store) -> None:
    """A queued answer that ends in a log line does not carry its address there."""
    queued = told(store, answer()).pending(NOW)[0]
    assert SECRET not in repr(queued)
    assert SECRET not in repr(stored_ask(address=SECRET))


def test_queue_survives_the_process(store: Store, path: Path) -> None:
    """What was told and not done is there when the store is opened again."""
    told(store, event(1), answer())
    store.close()
    again = open_store(path)
    assert kinds(again.outbox) == [("answer", None), ("event", 1)]
    again.close()


def test_card_place_is_remembered(store: Store) -> None:
    """Where a card stands, what it shows, a post in doubt and strays survive; unknown is None."""
    outbox = told(store)
    assert outbox.card(1) is None
    outbox.save_card(CardPlace(rollout=1, channel="C1", posting_since=NOW))
    place = CardPlace(rollout=1, channel="C1", ts="17.2", sent_version=4, strays=("17.1",))
    outbox.save_card(place)
    assert (outbox.card(1), outbox.card(2)) == (place, None)


def test_page_repeats_until_somebody_has_it(store: Store) -> None:
    """At once, then every 30 minutes, until it is taken; taking it twice is told apart."""
    outbox = told(store, page())
    assert outbox.waiting_pages(NOW) == [Page(notice=page(), sent=0)]
    outbox.page_sent(1, NOW)
    assert outbox.waiting_pages(later(minutes=29, seconds=59)) == []
    assert outbox.waiting_pages(later(minutes=30)) == [Page(notice=page(), sent=1)]
    assert outbox.page_taken(1, ANA, later(minutes=31))
    assert not outbox.page_taken(1, ANA, later(minutes=31))
    assert outbox.waiting_pages(later(days=1)) == []


def test_unsent_page_stays_due(store: Store) -> None:
    """A crash between reading a page and sending it loses nothing: it is due until it is marked sent."""
    outbox = told(store, page())
    assert outbox.waiting_pages(NOW) == outbox.waiting_pages(later(5)) == [Page(notice=page(), sent=0)]


@pytest.mark.parametrize(
    "again,due",
    [
        (page(at=later(60)), False),
        (page(at=later(minutes=40)), True),
        (page("#1 cannot be rolled back yet", at=later(60)), True),
    ],
    ids=["same text soon", "same text later", "other text"],
)
def test_another_trouble_pages_again(store: Store, again: NeedsHuman, due: bool) -> None:
    """After somebody took a page, the same one soon is known; a later or another one pages at once."""
    outbox = told(store, page())
    outbox.page_sent(1, NOW)
    outbox.page_taken(1, ANA, later(30))
    told(store, again)
    assert outbox.waiting_pages(again.at) == ([Page(notice=again, sent=0)] if due else [])


def test_ended_rollout_pages_once_at_most(store: Store) -> None:
    """A page told with the end goes out once; nobody is called for what is over."""
    outbox = told(store, page())
    with store.work() as work:
        ended = work.rollout(1)
        assert ended
        work.save(ended.but(phase=Phase.ADOPTED))
    assert len(outbox.waiting_pages(NOW)) == 1
    outbox.page_sent(1, NOW)
    assert outbox.waiting_pages(later(days=1)) == []


def test_taking_a_page_is_kept_with_its_record_or_not_at_all(store: Store) -> None:
    """[I have it] and its audit record commit together: a failed block leaves the page ringing."""
    outbox = told(store, page())

    def take(*, fails: bool) -> None:
        with store.work() as work:
            assert work.take_page(1, ANA, NOW)
            work.audit(entry(1))
            if fails:
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        take(fails=True)
    assert len(outbox.waiting_pages(NOW)) == 1
    take(fails=False)
    assert outbox.waiting_pages(NOW) == []


def test_page_can_be_called_off(store: Store) -> None:
    """When nothing needs a person any more the page goes."""
    outbox = told(store, page())
    outbox.page_over(1)
    assert outbox.waiting_pages(later(days=1)) == []


def spoil(path: Path, sql: str, *values: str) -> None:
    """What a bug or another release may have left in a row."""
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        assert db.execute(sql, values).rowcount > 0


@pytest.mark.parametrize("body", ["{", '{"kind": "poem"}', '{"kind": "event", "rollout": "x"}'])
def test_unreadable_notice_stops_no_other(
    store: Store, path: Path, caplog: pytest.LogCaptureFixture, body: str
) -> None:
    """It is dropped and counted, nothing of it is logged, and the next one is sent, however many there are."""
    outbox = told(store, answer(), answer(), answer(), event(2))
    spoil(path, "UPDATE notices SET body = ? WHERE kind = 'answer'", body)
    assert kinds(outbox, limit=2) == [("event", 2)]
    assert outbox.waiting() == 1
    assert outbox.given_up() == {"unreadable": 3}
    assert caplog.text.count("could not be read") == 3
    assert "poem" not in caplog.text


def test_pages_of_the_queue_meet(store: Store) -> None:
    """Page by page every notice comes once, in the order of the whole; held rollouts take no room."""
    outbox = told(store, CardChanged(rollout=1), event(1), event(2), event(3, by=ANA), answer(), event(2))
    whole, parts = outbox.pending(NOW), outbox.pending(NOW, 2)
    while more := outbox.pending(NOW, 2, after=parts[-1]):
        parts += more
    assert parts == whole
    rest = outbox.pending(NOW, 2, after=parts[1], held={1, 3})
    assert [(q.notice.kind, q.notice.rollout) for q in rest] == [("card", 1), ("event", 2)]


def test_replies_are_given_up_with_their_card(store: Store) -> None:
    """All of that rollout and of no other, counted by reason."""
    outbox = told(store, event(1), event(2), event(1), CardChanged(rollout=1))
    assert outbox.card_waits(1)
    assert not outbox.card_waits(2)
    assert outbox.drop_replies(1, "no channel") == 2
    assert kinds(outbox) == [("event", 2), ("card", 1)]
    assert outbox.given_up() == {"no channel": 2}


def test_unreadable_page_is_still_sent(store: Store, path: Path) -> None:
    """Somebody must be called: the row's text is enough; other pages are not held up."""
    outbox = told(store, page(hint="look"), page("#2 is stuck", rollout=2))
    spoil(path, "UPDATE pages SET body = '{' WHERE rollout = 1")
    assert outbox.waiting_pages(NOW) == [
        Page(notice=page(), sent=0),
        Page(notice=page("#2 is stuck", rollout=2), sent=0),
    ]
    spoil(path, "UPDATE pages SET body = '{' WHERE rollout = 1")
    outbox.page_sent(1, NOW)
    assert [each.notice.rollout for each in outbox.waiting_pages(NOW)] == [2]


def test_hopeless_page_is_dropped_alone(store: Store, path: Path) -> None:
    """A row in which nothing can be read: gone, and the other page is sent."""
    outbox = told(store, page(), page("#2 is stuck", rollout=2))
    spoil(path, "UPDATE pages SET body = '{', told_at = 9000000000000000000 WHERE rollout = 1")
    assert [each.notice.rollout for each in outbox.waiting_pages(NOW)] == [2]
    assert [each.notice.rollout for each in outbox.waiting_pages(NOW)] == [2]


def test_unreadable_wish_keeps_no_other_waiting(
    store: Store, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It takes no room among those that wait, and the next clearing drops it; nothing of it is logged."""
    with store.work() as work:
        for key in ("bad-1", "bad-2", "good-1", "good-2", "good-3"):
            work.remember(stored_ask(key))
        work.remember(answered("kept"))
    spoil(path, """UPDATE asks SET body = '{"poem"' WHERE dedupe LIKE 'bad%'""")
    with store.reads() as reads:
        assert [each.dedupe for each in reads.waiting_asks(limit=2)] == ["good-1", "good-2"]
    store.prune(NOW)
    with store.reads() as reads:
        assert reads.stored_ask("bad-1") is None
        assert [each.dedupe for each in reads.waiting_asks()] == ["good-1", "good-2", "good-3"]
        assert reads.stored_ask("kept")
    assert caplog.text.count("could not be read") == 2
    assert "poem" not in caplog.text


def test_who_has_a_page(store: Store) -> None:
    """By key and since when; nobody before, and nobody again once it rings anew."""
    outbox = told(store, page())
    assert outbox.page_taker(1) is None
    outbox.page_taken(1, ANA, later(30))
    assert outbox.page_taker(1) == (ANA.key, later(30))
    told(store, page("#1 cannot be rolled back yet", at=later(60)))
    assert outbox.page_taker(1) is None
