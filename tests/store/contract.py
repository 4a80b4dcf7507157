"""What every implementation of rollout.ports.Ledger promises. Subclass it and give it a fixture `ledger`."""

from datetime import timedelta

import pytest

from rollout.actions import IntentState, Shift
from rollout.audit import GENESIS, verify
from rollout.errors import Refused, Stale
from rollout.model import TERMINAL, Phase
from rollout.ports import Hold, Ledger
from tests.store.make import NOW, SECRET, answered, entry, later, rollout, stored_ask


class LedgerContract:
    """The promises of the ports, one test each."""

    def test_added_rollout_gets_an_id_and_version_one(self, ledger: Ledger) -> None:
        """Ids count up from 1, the first version is 1, and what was added is what is read."""
        with ledger.work() as work:
            first = work.add(rollout())
            second = work.add(rollout("shop"))
        with ledger.reads() as reads:
            assert (first.id, first.version, second.id) == (1, 1, 2)
            assert reads.rollout(1) == first
            assert reads.rollout(3) is None

    def test_second_live_rollout_of_a_target_is_refused(self, ledger: Ledger) -> None:
        """S6: the insert is the lock; the refusal names the live rollout and offers it; the block goes on."""
        with ledger.work() as work:
            live = work.add(rollout())
            with pytest.raises(Refused, match=r"my-app/prod is busy: #1 is requested, started by Ana") as refused:
                work.add(rollout())
            assert (refused.value.offer, refused.value.rollout) == ("status", live.id)
            work.audit(entry(live.id))
        with ledger.reads() as reads:
            assert [r.id for r in reads.history()] == [1]
            assert reads.head() is not None

    def test_other_targets_are_free(self, ledger: Ledger) -> None:
        """One live rollout per (app, env): the same app elsewhere and another app here are not in the way."""
        with ledger.work() as work:
            for app, env in [("my-app", "prod"), ("my-app", "stage"), ("shop", "prod")]:
                work.add(rollout(app, env))
        with ledger.reads() as reads:
            assert [r.target for r in reads.all_live()] == ["my-app/prod", "my-app/stage", "shop/prod"]

    @pytest.mark.parametrize("phase", sorted(TERMINAL))
    def test_target_is_free_again_after_the_end(self, ledger: Ledger, phase: Phase) -> None:
        """Every terminal phase frees the target, and the ended rollout is the last one."""
        with ledger.work() as work:
            ended = work.save(work.add(rollout()).but(phase=phase))
            fresh = work.add(rollout())
        with ledger.reads() as reads:
            assert reads.live("my-app", "prod") == fresh
            assert reads.last("my-app", "prod") == ended

    def test_save_counts_versions_and_refuses_old_ones(self, ledger: Ledger) -> None:
        """Compare-and-set: who read version 1 cannot write after version 2 was, and nothing of it is kept."""
        with ledger.work() as work:
            read = work.add(rollout())
            assert work.save(read.but(step=1)).version == 2
        with ledger.work() as work, pytest.raises(Stale, match="#1 is at version 2, not 1"):
            work.save(read.but(reason="late"))
        with ledger.reads() as reads:
            stored = reads.rollout(1)
            assert stored
            assert (stored.step, stored.reason, stored.version) == (1, "", 2)

    def test_save_of_an_unknown_rollout_is_stale(self, ledger: Ledger) -> None:
        """What is not there cannot be written."""
        with ledger.work() as work, pytest.raises(Stale, match="no rollout #7"):
            work.save(rollout(id=7, version=1))

    @pytest.mark.parametrize("phase", sorted(TERMINAL))
    def test_ended_rollouts_never_change(self, ledger: Ledger, phase: Phase) -> None:
        """S3: even with the right version a terminal row is Stale, and stays."""
        with ledger.work() as work:
            ended = work.save(work.add(rollout()).but(phase=phase))
        with ledger.work() as work, pytest.raises(Stale, match="has ended"):
            work.save(ended.but(phase=Phase.STEPPING))
        with ledger.reads() as reads:
            assert reads.rollout(1) == ended

    def test_everything_of_a_block_is_kept_or_nothing(self, ledger: Ledger) -> None:
        """S10: an exception at the end of a block undoes rollout, intent, record, wish and hold."""

        def write_and_fail() -> None:
            with ledger.work() as work:
                added = work.add(rollout())
                work.plan(added, Shift(percent=10), NOW)
                work.audit(entry(added.id))
                work.remember(stored_ask())
                work.put_hold(Hold(app="my-app", env="prod", rollout=1, reason="x", at=NOW))
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            write_and_fail()
        with ledger.reads() as reads:
            assert reads.history() == []
            assert reads.intents(1) == []
            assert reads.head() is None
            assert reads.stored_ask("key-1") is None
            assert reads.hold("my-app", "prod") is None

    def test_history_pages_newest_first(self, ledger: Ledger) -> None:
        """Pages by id meet without overlap, for everything, for one app, one environment, one target."""
        with ledger.work() as work:
            for n in range(12):
                target = (("my-app", "shop")[n % 2], ("prod", "stage")[n // 2 % 2])
                work.save(work.add(rollout(*target)).but(phase=Phase.SUCCEEDED))
        with ledger.reads() as reads:
            first = reads.history(limit=5)
            assert [r.id for r in first] == [12, 11, 10, 9, 8]
            assert [r.id for r in reads.history(before=first[-1].id, limit=5)] == [7, 6, 5, 4, 3]
            assert [r.id for r in reads.history("shop")] == [12, 10, 8, 6, 4, 2]
            assert [r.id for r in reads.history("shop", "prod", before=10)] == [6, 2]
            assert [r.id for r in reads.history(env="stage", limit=2)] == [12, 11]

    def test_last_can_be_asked_for_one_outcome(self, ledger: Ledger) -> None:
        """The newest ended one, or the newest that ended so; live ones never count."""
        with ledger.work() as work:
            for phase in (Phase.SUCCEEDED, Phase.ROLLED_BACK, Phase.CANCELLED):
                work.save(work.add(rollout()).but(phase=phase))
            work.add(rollout())
        with ledger.reads() as reads:
            found = [reads.last("my-app", "prod", phase=p) for p in ("", "succeeded", "rolled_back", "adopted")]
            assert [r and r.id for r in found] == [3, 1, 2, None]

    def test_due_is_now_unset_or_absurdly_far(self, ledger: Ledger) -> None:
        """Live rows whose time has come, or that have none, or from before the clock was set back."""
        wakes = {
            "came": NOW, "past": later(-5), "unset": None, "next": later(0.000001), "soon": later(120),
            "absurd": later(120.000001),
        }  # fmt: skip
        with ledger.work() as work:
            for app, wake_at in wakes.items():
                work.add(rollout(app, wake_at=wake_at))
            work.save(work.add(rollout("ended", wake_at=NOW)).but(phase=Phase.CANCELLED))
        with ledger.reads() as reads:
            assert {r.app for r in reads.due(NOW)} == {"came", "past", "unset", "absurd"}
            assert len(reads.due(NOW, limit=2)) == 2

    def test_intents_are_keyed_counted_and_settled(self, ledger: Ledger) -> None:
        """The key is rollout/step/verb/arg, its second plan is attempt 2; done and failed are not open."""
        with ledger.work() as work:
            owner = work.add(rollout())
            first = work.plan(owner, Shift(percent=10), NOW)
            work.mark(first.id, "sent", "", NOW)
            work.mark(first.id, "unknown", "no reply", NOW)
            second = work.plan(owner, Shift(percent=10), NOW)
            other = work.plan(owner.but(step=1), Shift(percent=100), NOW)
            work.mark(second.id, "done", "ok", later(1))
        with ledger.reads() as reads:
            all_of = reads.intents(owner.id)
            assert [(i.key, i.attempt, i.state) for i in all_of] == [
                ("1/0/shift/10", 1, "unknown"), ("1/0/shift/10", 2, "done"), ("1/1/shift/100", 1, "planned"),
            ]  # fmt: skip
            assert [i.id for i in reads.intents(owner.id, open_only=True)] == [first.id, other.id]
            assert [i.settled_at for i in all_of] == [None, later(1), None]
            assert all_of[2] == other

    @pytest.mark.parametrize(
        "before,after",
        [("done", "sent"), ("done", "failed"), ("failed", "done"), ("unknown", "sent"), ("sent", "planned")],
    )
    def test_intents_never_go_back(self, ledger: Ledger, before: IntentState, after: IntentState) -> None:
        """Settled ones stay, and nothing is sent a second time under one intent."""
        with ledger.work() as work:
            intent = work.plan(work.add(rollout()), Shift(percent=10), NOW).id
            work.mark(intent, before, "", NOW)
        with ledger.work() as work, pytest.raises(Stale, match=f"is {before} and cannot become {after}"):
            work.mark(intent, after, "", NOW)

    def test_unknown_intents_can_still_be_settled(self, ledger: Ledger) -> None:
        """The next look says what became of a call whose reply was lost."""
        with ledger.work() as work:
            intent = work.plan(work.add(rollout()), Shift(percent=10), NOW).id
            work.mark(intent, "unknown", "no reply", NOW)
            work.mark(intent, "done", "seen", NOW)
            assert [i.outcome for i in work.intents(1)] == ["seen"]

    def test_replayed_request_gets_the_stored_answer(self, ledger: Ledger) -> None:
        """An answer is found by its key only once there is one, and never written a second time."""
        kept = answered(rollout=1)
        with ledger.work() as work:
            assert work.answered("key-1") is None
            work.remember(kept)
            assert work.answered("key-1") == kept.reply
            assert work.answered("key-2") is None
        with ledger.work() as work, pytest.raises(Stale):
            work.remember(answered(rollout=2))
        with ledger.work() as work:
            assert work.answered("key-1") == kept.reply

    def test_waiting_wish_becomes_the_answered_one(self, ledger: Ledger) -> None:
        """What a CLI twin stored waits, oldest first, by state, until it is answered."""
        with ledger.work() as work:
            work.remember(stored_ask("cli-1"))
            work.remember(stored_ask("cli-2"))
            work.remember(stored_ask("who", state="identity"))
            assert work.answered("cli-1") is None
        with ledger.work() as work:
            assert [a.dedupe for a in work.waiting_asks()] == ["cli-1", "cli-2"]
            assert [a.dedupe for a in work.waiting_asks("identity")] == ["who"]
            work.remember(answered("cli-1", address=SECRET))
        with ledger.reads() as reads:
            assert [a.dedupe for a in reads.waiting_asks()] == ["cli-2"]
            assert reads.stored_ask("cli-1") == answered("cli-1", address=SECRET)

    def test_reply_address_is_the_starters(self, ledger: Ledger) -> None:
        """Not that of whoever was refused because of it, nor of a later click on it."""
        with ledger.work() as work:
            work.remember(stored_ask("who", state="identity", at=later(-9)))
            began = work.add(rollout())
            work.remember(answered("start", began.id, address=SECRET))
            work.remember(answered("refused", began.id, ok=False, address="https://other"))
            work.remember(answered("who", began.id, ok=False, address="https://waited", at=later(-9)))
            work.remember(answered("click", began.id, address="https://click", at=later(9)))
            assert work.reply_address(began.id) == SECRET
            assert work.reply_address(99) == ""

    def test_later_click_is_never_taken_for_the_start(self, ledger: Ledger) -> None:
        """With the starting wish forgotten, nobody's address is better than the wrong one's."""
        with ledger.work() as work:
            began = work.add(rollout())
            work.remember(answered("click", began.id, address="https://click", at=later(9)))
            assert work.reply_address(began.id) == ""

    def test_audit_is_a_chain_read_by_pages(self, ledger: Ledger) -> None:
        """Records link to the one before across blocks; pages meet; records of one rollout are found."""
        for n in range(7):
            with ledger.work() as work:
                link = work.audit(entry(n % 2 or None, n=n))
                assert work.head() == link
        with ledger.reads() as reads:
            pages = [
                reads.audit_page(0, 3),
                reads.audit_page(3, 3),
                reads.audit_page(6, 3),
                reads.audit_page(7, 3),
            ]
            links = [link for page in pages for link in page]
            assert [link.seq for link in links] == list(range(1, 8))
            assert links[0].prev == GENESIS
            assert verify(links) is None
            assert [link.seq for link in reads.audit_of(1)] == [2, 4, 6]
            assert [link.seq for link in reads.audit_of(1, 2)] == [4, 6], "the newest"
            assert reads.head() == links[-1]

    def test_undone_record_leaves_no_gap(self, ledger: Ledger) -> None:
        """A rolled back block takes its record with it; the next one has its number."""

        def write_and_fail() -> None:
            with ledger.work() as work:
                work.audit(entry(lost=1))
                raise ZeroDivisionError

        with ledger.work() as work:
            work.audit(entry())
        with pytest.raises(ZeroDivisionError):
            write_and_fail()
        with ledger.work() as work:
            assert work.audit(entry()).seq == 2
            assert verify(work.audit_page()) is None

    def test_holds_are_put_replaced_and_dropped(self, ledger: Ledger) -> None:
        """One hold per target, the newest; releasing what is not held is nothing."""
        old = Hold(app="my-app", env="prod", rollout=1, reason="alarm", veto="3", at=NOW)
        new = old.model_copy(update={"rollout": 2, "at": NOW + timedelta(days=1)})
        with ledger.work() as work:
            work.put_hold(old)
            work.put_hold(new)
            assert work.hold("my-app", "prod") == new
            assert work.hold("my-app", "stage") is None
            work.drop_hold("my-app", "prod")
            work.drop_hold("my-app", "prod")
            assert work.hold("my-app", "prod") is None

    def test_read_block_sees_one_moment(self, ledger: Ledger) -> None:
        """Everything in one read is of the same snapshot; nobody is known before the directory was loaded."""
        with ledger.reads() as reads:
            assert (reads.person("T1", "U0ANA"), reads.directory_read_at()) == (None, None)
            assert (reads.head(), reads.all_live(), reads.due(NOW)) == (None, [], [])

    def test_ended_block_is_refused(self, ledger: Ledger) -> None:
        """A view that was carried out of its block cannot write outside a transaction."""
        with ledger.work() as work:
            pass
        with ledger.reads() as reads:
            pass
        with pytest.raises(RuntimeError, match="has ended"):
            work.audit(entry())
        with pytest.raises(RuntimeError, match="has ended"):
            reads.head()

    def test_blocks_do_not_nest(self, ledger: Ledger) -> None:
        """Any block inside another of the same thread is refused loudly, and the outer one still works."""
        with ledger.work() as work:
            for inner in (ledger.work, ledger.reads):
                with pytest.raises(RuntimeError, match="inside work"), inner():
                    pass
            work.audit(entry())
        with ledger.reads() as reads:
            for inner in (ledger.work, ledger.reads):
                with pytest.raises(RuntimeError, match="inside reads"), inner():
                    pass
            assert reads.head() is not None
