"""The driver `route53` against the demo's cloud: absolute shares, honest about what is under way or foreign."""

from collections.abc import Iterator

import pytest
from pydantic import ValidationError

from aws.route53 import MOST_PAGES, Route53Target
from aws.sessions import Sessions
from demo.cloud import Cloud
from rollout.actions import Finish, Launch, Retire, Shift
from rollout.errors import TargetError
from rollout.release import Release
from tests.aws.bench import CloudClock
from tests.aws.hooks import answers
from tests.aws.route53_bench import SETTINGS, WRITE, Route53Bench


@pytest.fixture
def edge(served: Cloud, sessions: Sessions) -> Iterator[Route53Bench]:
    """The app edge, blue on 100, green on 0, and nothing else in the cloud."""
    yield Route53Bench(served, sessions, CloudClock(served))
    served.world.route53.zones.page_size = 300


def test_a_look_changes_nothing(edge: Route53Bench) -> None:
    """Two looks see the same and leave no write behind: one read, and one per health check."""
    first, second = edge.seen(), edge.seen()
    assert first == second and (first.percent, first.settled) == (0, True)
    assert (first.stable.state, first.candidate.state) == ("healthy", "healthy")
    assert edge.cloud.log.applied == []
    assert dict(edge.cloud.log.reads) == {
        "route53:ListResourceRecordSets": 2, "route53:GetHealthCheckStatus": 4,
    }  # fmt: skip


def test_shifts_are_absolute_and_keep_the_rest_of_the_records(edge: Route53Bench) -> None:
    """Whatever came before, Shift(p) is one batch of weights p and 100-p, read back as p; nothing else changes."""
    before = [{**row, "Weight": None} for row in edge.rows()]
    for number, percent in enumerate((10, 50, 29, 100, 0, 100, 1, 99, 0), start=1):
        outcome = edge.driver.perform(edge.looked(), Shift(percent=percent), f"1/0/shift/{percent}")
        assert outcome.state == "done" and outcome.request_id and outcome.revision
        assert edge.weights() == {"blue": 100 - percent, "green": percent}
        assert edge.seen().percent == percent and edge.written() == number
    assert [{**row, "Weight": None} for row in edge.rows()] == before


def test_twice_with_one_key_is_one_effect(edge: Route53Bench) -> None:
    """The same call again, from the same look, changes nothing more."""
    rollout = edge.looked()
    first, second = (edge.driver.perform(rollout, Shift(percent=10), "1/0/shift/10") for _ in range(2))
    assert (first.state, second.state) == ("done", "failed")
    assert edge.written() == 1 and edge.weights()["green"] == 10


@pytest.mark.parametrize("fields", [{}, {"TTL": 5}])
def test_somebody_elses_change_is_not_overwritten(edge: Route53Bench, fields: dict[str, int]) -> None:
    """What was written since the look stands, be it a weight or only a TTL, and the outcome says so."""
    rollout = edge.looked()
    edge.edit({"blue": 70, "green": 30} if not fields else {"blue": 100}, **fields)
    before = edge.rows()
    outcome = edge.driver.perform(rollout, Shift(percent=10), "k")
    assert outcome.state == "failed" and "somebody changed" in outcome.text
    assert edge.rows() == before


def test_without_a_look_nothing_is_written(edge: Route53Bench) -> None:
    """A blind write is refused before anything is sent."""
    outcome = edge.driver.perform(edge.rollout(), Shift(percent=10), "k")
    assert outcome.state == "failed" and edge.called() == set()


@pytest.mark.parametrize(("blue", "green", "percent"), [
    (1, 0, 0), (255, 0, 0), (0, 1, 100), (0, 200, 100), (1, 1, 50), (3, 1, 25), (0, 0, 50), (127, 128, None),
])  # fmt: skip
def test_equivalent_weights_read_the_same(edge: Route53Bench, blue: int, green: int, percent: int | None) -> None:
    """Only the relation counts; all 0 means either; a share between percents is foreign, never rounded."""
    edge.edit({"blue": blue, "green": green})
    seen = edge.seen()
    assert seen.percent == percent and bool(seen.foreign) == (percent is None)


def test_a_third_record_set_is_foreign_while_it_has_weight(edge: Route53Bench) -> None:
    """Somebody else's side takes a share: no percent, and words for who gets what; at weight 0 it takes none."""
    edge.add("teal", 100)
    seen = edge.seen()
    assert (seen.percent, seen.foreign) == (None, "blue: 50 %, teal: 50 %")
    edge.add("teal", 0)
    assert edge.seen().percent == 0


def test_a_record_that_leads_somewhere_else_is_foreign(edge: Route53Bench) -> None:
    """The release is what the record led to when it was pinned; another value is another release."""
    prepared = edge.driver.prepare(edge.requested())
    rollout = edge.rollout().but(stable=prepared.stable, candidate=prepared.candidate)
    assert edge.seen(rollout).percent == 0
    edge.edit({"green": 0}, ResourceRecords=[{"Value": "elsewhere.example.test"}])
    seen = edge.seen(rollout)
    assert seen.percent is None and seen.foreign.startswith("green leads to elsewhere.example.test now, it was ")


def test_a_change_is_settled_when_aws_says_so(edge: Route53Bench) -> None:
    """PENDING is under way, INSYNC is not, and a change that is known done is not asked for again."""
    edge.cloud.knobs.insync(90)
    _, rollout = edge.shift(edge.looked(), 10)
    for passed, settled in ((0, False), (80, False), (20, True)):
        edge.cloud.step(passed)
        rollout = edge.looked(rollout)
        assert rollout.seen is not None and (rollout.seen.percent, rollout.seen.settled) == (10, settled)
    asked = edge.cloud.log.reads["route53:GetChange"]
    assert edge.seen(rollout).settled and edge.cloud.log.reads["route53:GetChange"] == asked == 3


def test_another_process_knows_what_is_under_way(edge: Route53Bench) -> None:
    """Nothing is remembered in the driver: after a restart the stored row alone tells that a change is PENDING."""
    edge.cloud.knobs.insync(90)
    _, rollout = edge.shift(edge.looked(), 10)
    fresh = Route53Bench.__new__(Route53Bench)
    fresh.driver = type(edge.driver)(edge.sessions, edge.clock)
    assert not fresh.seen(rollout).settled


@pytest.mark.parametrize("fault", ["lost_reply", "truncate_reply"])
def test_a_lost_reply_is_unknown_and_settles_by_the_clock(edge: Route53Bench, fault: str) -> None:
    """Applied once, the id lost: under way for AWS's own minute, then settled, whatever process looks."""
    getattr(edge.cloud.knobs, fault)(WRITE)
    outcome, rollout = edge.shift(edge.looked(), 10)
    assert outcome.state == "unknown" and edge.written() == 1
    rollout = edge.looked(rollout)
    assert rollout.seen is not None and (rollout.seen.percent, rollout.seen.settled) == (10, False)
    edge.cloud.step(59)
    assert not edge.seen(rollout).settled
    edge.cloud.step(1)
    assert edge.seen(rollout).settled
    assert edge.cloud.log.reads["route53:GetChange"] == 0


def test_an_edit_right_after_a_write_is_not_called_our_own_change(edge: Route53Bench) -> None:
    """A weight that we never asked for is settled at once, or drift would go unseen for a minute (S14)."""
    _, rollout = edge.shift(edge.looked(), 10)
    edge.edit({"blue": 60, "green": 40})
    seen = edge.seen(rollout)
    assert (seen.percent, seen.settled) == (40, True)


def test_a_change_that_cannot_be_asked_for_settles_by_the_clock(edge: Route53Bench) -> None:
    """Without GetChange a rollout is slow, never blind and never stuck."""
    edge.cloud.knobs.deny("route53:GetChange")
    _, rollout = edge.shift(edge.looked(), 10)
    assert not edge.seen(rollout).settled
    edge.cloud.step(60)
    assert edge.seen(rollout).settled


def test_a_server_error_on_a_write_is_unknown_and_sent_once(edge: Route53Bench) -> None:
    """A failing server may have done it: unknown, never sent again."""
    rollout = edge.looked()
    edge.cloud.knobs.outage(WRITE)
    assert edge.driver.perform(rollout, Shift(percent=10), "k").state == "unknown"
    assert edge.cloud.log.refused[WRITE] == 1


def test_a_throttled_write_failed_and_was_sent_once(edge: Route53Bench) -> None:
    """Throttled means surely not done; trying again is for the next look."""
    rollout = edge.looked()
    edge.cloud.knobs.throttle(WRITE)
    assert edge.driver.perform(rollout, Shift(percent=10), "k").state == "failed"
    assert edge.cloud.log.refused[WRITE] == 1


def test_a_denied_write_names_the_permission(edge: Route53Bench) -> None:
    """The hint can be pasted into a request to whoever writes the policies."""
    rollout = edge.looked()
    edge.cloud.knobs.deny(WRITE)
    outcome = edge.driver.perform(rollout, Shift(percent=10), "k")
    assert outcome.state == "failed" and f"{WRITE} on hostedzone/" in outcome.hint


def test_a_sick_check_is_known_sick_and_an_unreadable_one_unknown(edge: Route53Bench) -> None:
    """Each side's health is its own; what cannot be read is not known, so it raises nothing and holds nothing."""
    edge.cloud.knobs.sick_check("green")
    seen = edge.seen()
    assert (seen.stable.state, seen.candidate.state) == ("healthy", "sick")
    assert "0 of 3 checkers find green healthy: Failure" in seen.candidate.text
    edge.cloud.knobs.deny("route53:GetHealthCheckStatus")
    seen = edge.seen()
    assert (seen.stable.state, seen.candidate.state) == ("unknown", "unknown")


def test_a_record_set_that_is_gone_is_sick(edge: Route53Bench) -> None:
    """Nobody can be sent to it; a write that names it is refused before it would create one."""
    rollout = edge.rollout().but(candidate=Release(id="teal"))
    looked = edge.looked(rollout)
    assert looked.seen is not None and looked.seen.candidate.state == "sick"
    outcome = edge.driver.perform(looked, Shift(percent=10), "k")
    assert outcome.state == "failed" and "has no record set teal" in outcome.text and edge.written() == 0


@pytest.mark.parametrize("size", [1, 2])
def test_record_sets_are_read_over_pages(edge: Route53Bench, size: int) -> None:
    """The second record set may stand on the next page; other names behind it are not read."""
    edge.cloud.world.route53.zones.page_size = size
    assert edge.seen().percent == 0
    assert edge.cloud.log.reads["route53:ListResourceRecordSets"] == 2 // size


def test_pages_without_end_are_not_followed_for_ever(edge: Route53Bench) -> None:
    """A marker that comes again and again ends in an error, not in a look that never ends."""
    page = {
        "ResourceRecordSets": [], "IsTruncated": True, "NextRecordName": f"{SETTINGS['name']}.",
        "NextRecordType": "CNAME", "NextRecordIdentifier": "blue", "ResponseMetadata": {},
    }  # fmt: skip
    with answers(edge.sessions, "route53", "ListResourceRecordSets", page) as asked:
        with pytest.raises(TargetError, match="more than 100 pages"):
            edge.driver.observe([edge.rollout()])
        assert len(asked) == MOST_PAGES


def test_one_that_cannot_be_seen_does_not_hide_the_others(edge: Route53Bench) -> None:
    """A zone that is gone is missing from the look; the other target is in it."""
    both = [edge.rollout(zone="Z0GONE"), edge.rollout().but(id=2)]
    assert edge.driver.observe(both).keys() == {2}
    with pytest.raises(TargetError, match="ListResourceRecordSets on hostedzone/Z0GONE"):
        edge.driver.observe(both[:1])


def test_actions_without_capacity_touch_nothing(edge: Route53Bench) -> None:
    """Stacks are brought up and taken down by whoever owns them: Launch, Retire and Finish are no calls."""
    for action in (Launch(release="green"), Retire(side="stable"), Finish()):
        assert edge.driver.perform(edge.rollout(), action, "k").state == "done"
    assert edge.called() == set()


def test_every_call_stands_in_its_table(edge: Route53Bench) -> None:
    """A policy made from `operations` allows all that is called, and nothing that is not."""
    edge.driver.prepare(edge.requested())
    _, rollout = edge.shift(edge.looked(), 10)
    edge.looked(rollout)
    assert edge.called() == edge.driver.operations.keys()


@pytest.mark.parametrize("wrong", [
    {"blue": "green"}, {"zone": "/hostedzone/Z1"}, {"type": "TXT"}, {"name": "edge example"}, {"green": ""},
])  # fmt: skip
def test_settings_that_cannot_be_right_are_refused(wrong: dict[str, str]) -> None:
    """One record set for both sides, a path for an id, a type that no client follows: known at start."""
    with pytest.raises(ValidationError):
        Route53Target.model_validate({**SETTINGS, **wrong})
