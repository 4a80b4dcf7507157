"""What is read is what was written, for everything the models allow."""

import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rollout.actions import Finish, Launch, Retire, Shift
from rollout.alarms.model import AlarmState, Alert, Turn
from rollout.ask import Ask, Bound
from rollout.audit import Entry, canonical, verify
from rollout.model import LIVE, TERMINAL, Phase, Rollout
from rollout.ports import Hold, Reply, StoredAsk
from store import AlertPlace, Store, open_store
from store.moments import moment, stored
from tests.store.make import NOW, alert, rollout
from tests.store.strategies import ACTORS, ALARM_STATES, ALERTS, FACTS, MOMENTS, ROLLOUTS, TEXT, TURNS

FEW = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def shared() -> Iterator[Store]:
    """One file for all examples: each looks only at its own rows."""
    with tempfile.TemporaryDirectory() as folder:
        opened = open_store(Path(folder) / "tidegate.db")
        yield opened
        opened.close()


@FEW
@given(fresh=ROLLOUTS, changed=ROLLOUTS)
def test_any_rollout_comes_back_equal(shared: Store, fresh: Rollout, changed: Rollout) -> None:
    """Every field survives, durations and moments to the microsecond, after an insert and after an update."""
    with shared.work() as work:
        added = work.add(fresh.but(phase=Phase.STEPPING))
    target = {
        "id": added.id,
        "version": 1,
        "app": added.app,
        "env": added.env,
        "created_at": added.created_at,
    }
    with shared.work() as work:
        saved = work.save(changed.but(**target))
    with shared.reads() as reads:
        assert reads.rollout(added.id) == saved
        assert saved.version == 2
        assert (reads.live(saved.app, saved.env) == saved) == (saved.phase in LIVE)
    if saved.live:
        with shared.work() as work:
            work.save(saved.but(phase=min(TERMINAL)))


@given(at=MOMENTS)
def test_moments_are_exact_and_sort(at: datetime) -> None:
    """A moment comes back to the microsecond, and an older one is a smaller number."""
    assert moment(stored(at)) == at
    assert (stored(at) < stored(NOW)) == (at < NOW)


ASKS = st.builds(
    Ask, verb=TEXT, app=TEXT, ref=st.none() | st.integers(0, 2**40), reason=TEXT, dry_run=st.booleans(),
    bound=st.none() | st.builds(Bound, rollout=st.integers(0, 99), step=st.integers(0, 9), plan_hash=TEXT),
)  # fmt: skip
REPLIES = st.builds(Reply, ok=st.booleans(), text=TEXT, hint=TEXT, who=st.lists(TEXT, max_size=2).map(tuple))
STORED = st.builds(
    StoredAsk, dedupe=TEXT, ask=ASKS, actor=ACTORS, state=st.just("answered"), reply=REPLIES,
    address=TEXT, at=MOMENTS,
)  # fmt: skip


@FEW
@given(kept=STORED)
def test_any_wish_comes_back_equal(shared: Store, kept: StoredAsk) -> None:
    """Wish, person, answer and address survive; the replay gets exactly the first answer."""
    kept = kept.model_copy(update={"dedupe": f"{uuid4()} {kept.dedupe}"})
    with shared.work() as work:
        work.remember(kept)
    with shared.work() as work:
        assert work.stored_ask(kept.dedupe) == kept
        assert work.answered(kept.dedupe) == kept.reply


@FEW
@given(at=MOMENTS, actor=TEXT, about=st.none() | st.integers(1, 2**40), facts=FACTS)
def test_any_record_links_and_holds(shared: Store, at: datetime, actor: str, about: int | None, facts: object) -> None:
    """Whatever a record says, it is stored byte for byte, and the chain holds."""
    record = Entry.model_validate({"kind": "ask", "at": at, "actor": actor, "rollout": about, "facts": facts})
    with shared.work() as work:
        before = work.head()
        link = work.audit(record)
        assert canonical(record.facts) in link.body
    with shared.reads() as reads:
        page = reads.audit_page(link.seq - 1)
        assert page == [link]
        assert verify(page, after=before) is None
        assert about is None or link in reads.audit_of(about)
    assert shared.verify() == (link.seq, None)


@pytest.mark.parametrize("action", [Launch(release="3"), Shift(percent=10), Retire(side="stable"), Finish()])
def test_every_action_comes_back_equal(store: Store, action: Launch | Shift | Retire | Finish) -> None:
    """The stored intent names the same action with the same argument."""
    with store.work() as work:
        planned = work.plan(work.add(rollout()), action, NOW)
    with store.reads() as reads:
        assert reads.intents(1) == [planned]


@FEW
@given(by=st.none() | ACTORS, reason=TEXT, veto=TEXT, at=MOMENTS)
def test_any_hold_comes_back_equal(shared: Store, by: object, reason: str, veto: str, at: datetime) -> None:
    """Who holds, why, and which release is vetoed survive."""
    hold = Hold.model_validate(
        {"app": "a", "env": "e", "rollout": 1, "by": by, "reason": reason, "veto": veto, "at": at}
    )
    with shared.work() as work:
        work.put_hold(hold)
        assert work.hold("a", "e") == hold


@FEW
@given(state=ALARM_STATES, again=ALARM_STATES)
def test_any_alarm_state_comes_back_equal(shared: Store, state: AlarmState, again: AlarmState) -> None:
    """Key, values, mute and fault survive, after the first write and after the next."""
    again = again.model_copy(update={"key": state.key})
    with shared.work() as work:
        for written in (state, again):
            work.save_alarm(written)
            assert work.alarm_state(state.key) == written
            assert work.alarm_states(state.key.app, state.key.lane, limit=10**6).count(written) == 1
        work.forget_alarm(state.key)


@FEW
@given(turn=TURNS)
def test_any_change_comes_back_equal(shared: Store, turn: Turn) -> None:
    """An alarm's change survives, whatever its time, and is found in exactly the span that ends with it."""
    turn = turn.model_copy(update={"key": turn.key.model_copy(update={"name": f"{uuid4()}"})})
    with shared.work() as work:
        work.note_turn(turn)
        found = [one for _, one in work.turns(turn.at - timedelta(microseconds=1), turn.at, limit=10**6)]
        assert found.count(turn) == 1
        assert turn not in [one for _, one in work.turns(turn.at, turn.at + timedelta(days=1), limit=10**6)]


@FEW
@given(fresh=ALERTS, changed=ALERTS)
def test_any_alert_comes_back_equal(shared: Store, fresh: Alert, changed: Alert) -> None:
    """Lines, counters, who has it and the image survive an insert and an update; only the open one is found as such."""
    with shared.work() as work:
        added = work.put_alert(fresh.model_copy(update={"open": True}))
        kept = {"id": added.id, "version": 1, "app": added.app, "noted_at": added.noted_at}
        saved = work.put_alert(changed.model_copy(update=kept))
    with shared.reads() as reads:
        assert reads.alert(added.id) == saved
        assert saved.version == 2
        assert (saved in reads.open_alerts(saved.app)) == saved.open
    if saved.open:
        with shared.work() as work:
            work.put_alert(saved.model_copy(update={"open": False}))


@FEW
@given(
    channel=TEXT, ts=TEXT, shown=st.integers(0, 9), since=st.none() | MOMENTS,
    strays=st.lists(TEXT, max_size=3).map(tuple), drawn=TEXT,
)  # fmt: skip
def test_any_place_of_an_alert_comes_back_equal(
    shared: Store, channel: str, ts: str, shown: int, since: datetime | None, strays: tuple[str, ...], drawn: str
) -> None:
    """Where the message stands, what it shows and what was drawn survive."""
    with shared.work() as work:
        number = work.put_alert(alert(str(uuid4()))).id
    place = AlertPlace(
        alert=number, channel=channel, ts=f"{ts}{uuid4()}", shown_version=shown, posting_since=since,
        strays=strays, drawn=drawn, closed_channels=strays,
    )  # fmt: skip
    shared.alerts.save(place)
    assert shared.alerts.place(number) == place
    assert shared.alerts.by_message(channel, place.ts) == number
