"""What is read is what was written, for everything the models allow."""

import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rollout.actions import Finish, Launch, Retire, Shift
from rollout.ask import Ask, Bound
from rollout.audit import Entry, canonical, verify
from rollout.model import LIVE, TERMINAL, Phase, Rollout
from rollout.ports import Hold, Reply, StoredAsk
from store import Store, open_store
from store.moments import moment, stored
from tests.store.make import NOW, rollout
from tests.store.strategies import ACTORS, FACTS, MOMENTS, ROLLOUTS, TEXT

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
