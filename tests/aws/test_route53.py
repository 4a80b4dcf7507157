"""The driver `route53` against the demo's cloud: absolute shares, honest about what is under way or foreign."""

from collections.abc import Iterator

import pytest
from pydantic import ValidationError

from aws.route53 import Route53Target
from aws.route53_reads import MOST_PAGES
from aws.sessions import Sessions
from demo.cloud import Cloud
from rollout.actions import Finish, Launch, Retire, Shift
from rollout.errors import TargetError
from rollout.model import Phase
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
    """Two looks see the same and leave no write behind: one read, and one for all health checks."""
    first, second = edge.seen(), edge.seen()
    assert first == second and (first.percent, first.settled) == (0, True)
    assert (first.stable.state, first.candidate.state) == ("healthy", "healthy")
    assert edge.cloud.log.applied == []
    assert dict(edge.cloud.log.reads) == {
        "route53:ListResourceRecordSets": 2, "cloudwatch:GetMetricData": 2,
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
    """The same call again, from the same look, changes nothing more and says that it stands already."""
    rollout = edge.looked()
    first, second = (edge.driver.perform(rollout, Shift(percent=10), "1/0/shift/10") for _ in range(2))
    assert (first.state, second.state) == ("done", "done") and "stands already" in second.text
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


def test_a_record_that_leads_somewhere_else_is_not_known_healthy(edge: Route53Bench) -> None:
    """The release is what the record led to: another value gets no raise, and the way back from it stays open."""
    prepared = edge.driver.prepare(edge.requested())
    rollout = edge.rollout().but(stable=prepared.stable, candidate=prepared.candidate)
    assert edge.seen(rollout).candidate.state == "healthy"
    edge.edit({"green": 0}, ResourceRecords=[{"Value": "elsewhere.example.test"}])
    seen = edge.seen(rollout)
    assert (seen.percent, seen.candidate.state) == (0, "unknown")
    assert seen.candidate.text.startswith("green leads to elsewhere.example.test now, it was green-edge")


def test_a_value_in_another_form_leads_to_the_same(edge: Route53Bench) -> None:
    """Capitals and a final dot mean nothing in DNS, whoever writes them: nothing is held for them."""
    prepared = edge.driver.prepare(edge.requested())
    rollout = edge.rollout().but(stable=prepared.stable, candidate=prepared.candidate)
    value = prepared.candidate.pinned["value"]
    for form in (f"{value}.", value.upper(), value.title()):
        edge.edit({"green": 0}, ResourceRecords=[{"Value": form}])
        assert edge.seen(rollout).candidate.state == "healthy", form


def test_a_change_is_settled_when_clients_have_followed(edge: Route53Bench) -> None:
    """PENDING is under way, and so is a TTL after INSYNC; a change that is known in sync is not asked for again."""
    edge.cloud.knobs.insync(90)
    _, rollout = edge.shift(edge.looked(), 10)
    for passed, settled in ((0, False), (80, False), (20, False), (59, False), (1, True)):
        edge.cloud.step(passed)
        rollout = edge.looked(rollout)
        assert rollout.seen is not None and (rollout.seen.percent, rollout.seen.settled) == (10, settled), passed
    assert edge.cloud.log.reads["route53:GetChange"] == 3


def test_another_process_knows_what_is_under_way(edge: Route53Bench) -> None:
    """Nothing is remembered in the driver: after a restart the stored row alone tells what to ask for."""
    edge.cloud.knobs.insync(90)
    _, rollout = edge.shift(edge.looked(), 10)
    edge.driver = type(edge.driver)(edge.sessions, edge.clock)
    assert not edge.seen(rollout).settled
    assert edge.cloud.log.reads["route53:GetChange"] == 1


def test_a_rollback_does_not_wait_for_the_raise_that_it_undoes(edge: Route53Bench) -> None:
    """Going back, a pending raise counts as settled; the way home itself is settled only when clients are home."""
    _, rollout = edge.shift(edge.looked(), 10)
    back = rollout.but(phase=Phase.ROLLING_BACK)
    assert edge.seen(back).settled and not edge.seen(rollout).settled
    outcome, back = edge.shift(edge.looked(back), 0)
    assert outcome.state == "done" and not edge.seen(back).settled


@pytest.mark.parametrize("fault", ["lost_reply", "truncate_reply"])
def test_a_lost_reply_is_unknown_and_settles_by_the_clock(edge: Route53Bench, fault: str) -> None:
    """Applied once, the id lost: under way for AWS's own minute and a TTL, then settled."""
    getattr(edge.cloud.knobs, fault)(WRITE)
    outcome, rollout = edge.shift(edge.looked(), 10)
    assert outcome.state == "unknown" and edge.written() == 1
    for passed, settled in ((0, False), (119, False), (1, True)):
        edge.cloud.step(passed)
        rollout = edge.looked(rollout)
        assert rollout.seen is not None and (rollout.seen.percent, rollout.seen.settled) == (10, settled)
    assert edge.cloud.log.reads["route53:GetChange"] == 0


def test_an_edit_right_after_a_write_is_not_called_our_own_change(edge: Route53Bench) -> None:
    """A weight that we never asked for is settled at once, or drift would go unseen for a minute (S14)."""
    _, rollout = edge.shift(edge.looked(), 10)
    edge.edit({"blue": 60, "green": 40})
    seen = edge.seen(rollout)
    assert (seen.percent, seen.settled) == (40, True)


@pytest.mark.parametrize("trouble", ["denied", "forgotten"])
def test_a_change_that_aws_does_not_tell_of_settles_by_the_clock(edge: Route53Bench, trouble: str) -> None:
    """Without GetChange, or after NoSuchChange, a rollout is slow and never blind: as for a change without an id."""
    _, rollout = edge.shift(edge.looked(), 10)
    if trouble == "denied":
        edge.cloud.knobs.deny("route53:GetChange")
    else:
        edge.cloud.world.route53.zones.changes.clear()
    for passed, settled in ((0, False), (119, False), (1, True)):
        edge.cloud.step(passed)
        rollout = edge.looked(rollout)
        assert rollout.seen is not None and rollout.seen.settled == settled


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
    edge.cloud.step(120)  # three failures, and a whole minute of the metric that tells nothing else
    seen = edge.seen()
    assert (seen.stable.state, seen.candidate.state) == ("healthy", "sick")
    assert seen.candidate.text.startswith("green: health check ")
    edge.cloud.knobs.deny("cloudwatch:GetMetricData")
    seen = edge.seen()
    assert (seen.stable.state, seen.candidate.state) == ("unknown", "unknown")


def test_a_record_set_that_is_gone_is_sick(edge: Route53Bench) -> None:
    """Nobody can be sent to it; a write that names it is refused before it would create one."""
    rollout = edge.rollout().but(candidate=Release(id="teal"))
    looked = edge.looked(rollout)
    assert looked.seen is not None and looked.seen.candidate.state == "sick"
    outcome = edge.driver.perform(looked, Shift(percent=10), "k")
    assert outcome.state == "failed" and "has no record teal" in outcome.text and edge.written() == 0


@pytest.mark.parametrize(("size", "pages"), [(1, 3), (2, 2), (3, 1)])
def test_record_sets_are_read_over_pages(edge: Route53Bench, size: int, pages: int) -> None:
    """The second record may stand on the next page; reading ends with the first row of another name."""
    edge.cloud.world.route53.zones.page_size = size
    seen = edge.seen()
    assert (seen.percent, seen.stable.state, seen.candidate.state) == (0, "healthy", "healthy")
    assert edge.cloud.log.reads["route53:ListResourceRecordSets"] == pages


def test_pages_without_end_are_not_followed_for_ever(edge: Route53Bench) -> None:
    """A marker that comes again and again ends in an error, not in a look that never ends."""
    page = {
        "ResourceRecordSets": [{"Name": SETTINGS["name"], "Type": "CNAME"}],
        "IsTruncated": True, "NextRecordName": f"{SETTINGS['name']}.",
        "NextRecordType": "CNAME", "NextRecordIdentifier": "blue", "ResponseMetadata": {},
    }  # fmt: skip
    with answers(edge.sessions, "route53", "ListResourceRecordSets", page) as asked:
        with pytest.raises(TargetError, match=f"more than {MOST_PAGES} pages"):
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
