"""What every driver promises. A driver's tests subclass DriverContract and give a `bench` of that driver."""

import pytest

from rollout.actions import Finish, Launch, Retire, Shift
from rollout.errors import NotFound, Refused, TargetError
from tests.aws.bench import Bench


class DriverContract:
    """Absolute, idempotent, honest about what it does not know."""

    def test_a_look_changes_nothing(self, bench: Bench) -> None:
        """Two looks see the same and leave no write behind."""
        rollout = bench.rollout()
        first, second = (bench.driver.observe([rollout])[1] for _ in range(2))
        assert first.percent == 0 and first == second
        assert bench.cloud.log.applied == []

    def test_preparing_changes_nothing_and_pins(self, bench: Bench) -> None:
        """Resolving `latest` reads only, and names what it pinned."""
        prepared = bench.driver.prepare(bench.requested())
        assert (prepared.stable.id, prepared.candidate.id) == (bench.stable, bench.newest)
        assert prepared.candidate.pinned and all(prepared.candidate.pinned.values())
        assert prepared.snapshot and prepared.diff
        assert bench.cloud.log.applied == []

    def test_the_served_release_again_is_refused(self, bench: Bench) -> None:
        """Deploying what serves already is a refusal that names it."""
        with pytest.raises(Refused, match=f"already serves {bench.stable}"):
            bench.driver.prepare(bench.requested(bench.stable))

    def test_an_unknown_release_is_not_found(self, bench: Bench) -> None:
        """A release that does not exist is refused with those that do."""
        with pytest.raises(NotFound) as caught:
            bench.driver.prepare(bench.requested(bench.missing))
        assert bench.missing in caught.value.fact and bench.candidate in caught.value.hint

    def test_shifts_are_absolute(self, bench: Bench) -> None:
        """Whatever came before, Shift(p) ends at p, is done, and is read back as p."""
        for percent in (10, 50, 29, 100, 0, 100, 1, 99, 0):
            outcome = bench.driver.perform(bench.looked(), Shift(percent=percent), f"1/0/shift/{percent}")
            assert outcome.state == "done" and outcome.request_id
            truth = {bench.stable: 100.0 - percent, bench.candidate: float(percent)}
            assert bench.shares() == pytest.approx({side: share for side, share in truth.items() if share})
            assert bench.looked().seen.percent == percent  # type: ignore[union-attr]  # looked() has seen

    def test_twice_with_one_key_is_one_effect(self, bench: Bench) -> None:
        """The same call again, from the same look, changes nothing more."""
        rollout = bench.looked()
        first = bench.driver.perform(rollout, Shift(percent=10), "1/0/shift/10")
        second = bench.driver.perform(rollout, Shift(percent=10), "1/0/shift/10")
        assert first.state == "done" and second.state != "unknown"
        assert len(bench.written()) == 1
        assert bench.shares()[bench.candidate] == 10

    def test_somebody_elses_change_is_not_overwritten(self, bench: Bench) -> None:
        """What was written since the look stands, and the outcome says that nothing was done."""
        rollout = bench.looked()
        bench.edit({bench.stable: 70.0, bench.other: 30.0})
        outcome = bench.driver.perform(rollout, Shift(percent=10), "1/0/shift/10")
        assert outcome.state == "failed" and "somebody changed" in outcome.text
        assert bench.shares() == {bench.stable: 70.0, bench.other: 30.0}

    def test_without_a_look_nothing_is_written(self, bench: Bench) -> None:
        """A blind write is refused before it is sent."""
        outcome = bench.driver.perform(bench.rollout(), Shift(percent=10), "1/0/shift/10")
        assert outcome.state == "failed" and bench.called() == set()

    def test_equivalent_forms_read_the_same(self, bench: Bench) -> None:
        """All ways to write `candidate 0 %` are 0 %, none is drift."""
        for shares in bench.equivalent_zero:
            bench.edit(shares)
            seen = bench.looked().seen
            assert seen is not None and (seen.percent, seen.foreign) == (0, "")

    def test_other_releases_are_foreign(self, bench: Bench) -> None:
        """A split that names a third release has no percent and says who gets what."""
        bench.edit({bench.other: 60.0, bench.stable: 40.0})
        seen = bench.looked().seen
        assert seen is not None and seen.percent is None
        assert seen.foreign == f"{bench.other}: 60 %, {bench.stable}: 40 %"

    def test_a_share_between_percents_is_foreign(self, bench: Bench) -> None:
        """12.5 % was never asked by us; it is not rounded to something that was."""
        bench.edit({bench.stable: 87.5, bench.candidate: 12.5})
        seen = bench.looked().seen
        assert seen is not None and (seen.percent, seen.foreign) == (
            None, f"{bench.stable}: 87.5 %, {bench.candidate}: 12.5 %",
        )  # fmt: skip

    @pytest.mark.parametrize("fault", ["lost_reply", "truncate_reply"])
    def test_a_lost_reply_is_unknown_and_sent_once(self, bench: Bench, fault: str) -> None:
        """Applied, but the answer never came whole: unknown, one effect, and the next look shows it."""
        rollout = bench.looked()
        getattr(bench.cloud.knobs, fault)(bench.write)
        outcome = bench.driver.perform(rollout, Shift(percent=10), "1/0/shift/10")
        assert outcome.state == "unknown"
        assert len(bench.written()) == 1
        assert bench.looked().seen.percent == 10  # type: ignore[union-attr]  # looked() has seen

    def test_a_server_error_on_a_write_is_unknown_and_sent_once(self, bench: Bench) -> None:
        """A failing server may have done it: unknown, never sent again."""
        rollout = bench.looked()
        bench.cloud.knobs.outage(bench.write)
        assert bench.driver.perform(rollout, Shift(percent=10), "1/0/shift/10").state == "unknown"
        assert bench.cloud.log.refused[bench.write] == 1

    def test_a_throttled_write_failed_and_was_sent_once(self, bench: Bench) -> None:
        """Throttled means surely not done; trying again is for the next look."""
        rollout = bench.looked()
        bench.cloud.knobs.throttle(bench.write)
        assert bench.driver.perform(rollout, Shift(percent=10), "1/0/shift/10").state == "failed"
        assert bench.cloud.log.refused[bench.write] == 1

    def test_a_denied_write_names_the_permission(self, bench: Bench) -> None:
        """The hint can be pasted into a request to whoever writes the policies."""
        rollout = bench.looked()
        bench.cloud.knobs.deny(bench.write)
        outcome = bench.driver.perform(rollout, Shift(percent=10), "1/0/shift/10")
        assert outcome.state == "failed" and bench.permission in outcome.hint

    def test_reads_survive_two_hiccups(self, bench: Bench) -> None:
        """A read is tried three times."""
        rollout = bench.rollout()
        bench.cloud.knobs.throttle(bench.read, times=2)
        assert bench.looked(rollout).seen is not None
        assert bench.cloud.log.refused[bench.read] == 2

    def test_one_that_cannot_be_seen_does_not_hide_the_others(self, bench: Bench) -> None:
        """A target that is gone is missing from the look; the other one is in it."""
        gone, word = bench.gone(1)
        both = [gone, bench.rollout(2)]
        assert bench.driver.observe(both).keys() == {2}
        with pytest.raises(TargetError, match=word):
            bench.driver.observe(both[:1])

    def test_sick_sides_are_known_sick(self, bench: Bench) -> None:
        """Each side's health is its own."""
        bench.break_side(bench.candidate)
        seen = bench.looked().seen
        assert seen is not None
        assert (seen.stable.state, seen.candidate.state) == ("healthy", "sick")

    def test_every_call_stands_in_its_table(self, bench: Bench) -> None:
        """A policy made from `operations` allows all that is called, and nothing that is not."""
        bench.use_everything()
        assert bench.called() == bench.driver.operations.keys()


class WithoutCapacity:
    """What a driver promises whose sides cost nothing while they wait."""

    def test_actions_without_capacity_touch_nothing(self, bench: Bench) -> None:
        """Where nothing is launched, Launch, Retire and Finish are done without a call."""
        assert not bench.driver.capabilities.launches
        rollout = bench.looked()
        bench.cloud.log.clear()
        for action in (Launch(release=bench.candidate), Retire(side="stable"), Finish()):
            assert bench.driver.perform(rollout, action, f"1/0/{action.kind}/x").state == "done"
        assert bench.called() == set()
