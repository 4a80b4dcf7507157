"""DescribeTargetHealth is throttled: a look goes on by CloudWatch's count, up waits, down goes. Both kinds."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from aws import pair_late
from aws.calls import Calls
from aws.pair_late import MOST_QUERIES, late_counts
from aws.sessions import Place, Sessions
from demo.cloud import Cloud
from demo.cloud.building import add_group
from demo.cloud.seed_shop import GREEN, TASKS
from rollout.actions import Launch, Shift
from rollout.ask import Ask
from rollout.errors import TargetError
from rollout.machine import apply
from rollout.model import Phase, Rollout
from tests.aws.bench import CloudClock
from tests.aws.ec2_bench import Ec2Bench
from tests.aws.ecs_bench import RULE, EcsBench
from tests.aws.hooks import answers
from tests.aws.pair_bench import THROTTLED, PairBench
from tests.aws.stage import ANA, PairStage, ended

BENCHES = {"ecs": EcsBench, "ec2": Ec2Bench}
HEALTH, DATA = "elbv2:DescribeTargetHealth", "cloudwatch:GetMetricData"


@pytest.fixture(params=sorted(BENCHES))
def bench(request: pytest.FixtureRequest, served: Cloud, sessions: Sessions) -> PairBench:
    """Each of the two kinds."""
    return BENCHES[request.param](served, sessions, CloudClock(served))


@pytest.fixture
def shop(served: Cloud, sessions: Sessions) -> EcsBench:
    return EcsBench(served, sessions, CloudClock(served))


@contextmanager
def throttled(bench: PairBench) -> Iterator[list[dict[str, Any]]]:
    """Every question about the health of targets is one too many."""
    with answers(bench.sessions, "elbv2", "DescribeTargetHealth", THROTTLED) as asked:
        yield asked


def settled(bench: PairBench) -> Rollout:
    """Both sides up for so long that every full minute of CloudWatch's says so."""
    rollout = bench.launched()
    bench.cloud.step(130)
    return rollout


def test_a_look_goes_on_by_a_count_that_says_that_it_is_late(bench: PairBench) -> None:
    """Both sides as the newest full minute had them, marked; of one call, whatever the number of groups."""
    rollout = settled(bench)
    exact = bench.seen(rollout)
    bench.cloud.log.clear()
    seen = bench.late(rollout)
    for side, was in ((seen.stable, exact.stable), (seen.candidate, exact.candidate)):
        assert (side.state, side.ready, side.needed, side.late) == ("healthy", was.ready, was.needed, True)
        assert ", as counted at 1" in side.text and "nothing rises by that" in side.text
        assert not was.late and not side.bears(1) and side.holds(100)
    assert bench.cloud.log.reads[DATA] == 1 and seen.percent == 0


def test_a_real_throttle_is_met_once_a_look(shop: EcsBench) -> None:
    """The cloud's own fault: the first group is tried three times, and no other is asked for in that look."""
    rollout = settled(shop)
    shop.cloud.knobs.throttle(HEALTH, times=3)
    shop.cloud.log.clear()
    assert [side.late for side in (shop.seen(rollout).stable, shop.seen(rollout).stable)] == [True, False]
    assert shop.cloud.log.refused[HEALTH] == 3


def test_those_that_were_not_read_come_first_in_the_next_look(shop: EcsBench) -> None:
    """Else the same ones would be late for ever where AWS answers a few of many."""
    rollout = settled(shop)
    groups = sorted(shop.groups.values())
    whole: dict[str, Any] = {"TargetHealthDescriptions": [], "ResponseMetadata": {}}
    with answers(shop.sessions, "elbv2", "DescribeTargetHealth", whole, THROTTLED) as asked:
        shop.seen(rollout)
        assert [one["TargetGroupArn"] for one in asked] == groups
    with answers(shop.sessions, "elbv2", "DescribeTargetHealth", whole, THROTTLED) as asked:
        shop.seen(rollout)
        assert [one["TargetGroupArn"] for one in asked] == groups[::-1]


def test_a_count_below_the_need_is_no_sickness(shop: EcsBench) -> None:
    """Nobody was healthy, by CloudWatch's word, while both have traffic: unknown, for it says nothing of now."""
    rollout = settled(shop)
    assert shop.do(shop.looked(rollout), Shift(percent=50)).state == "done"
    rows = [{"Id": f"h{n}", "Timestamps": [shop.clock.now()], "Values": [0.0]} for n in range(2)]
    with answers(shop.sessions, "cloudwatch", "GetMetricData", {"MetricDataResults": rows, "ResponseMetadata": {}}):
        seen = shop.late(rollout)
    for side in (seen.stable, seen.candidate):
        assert (side.state, side.ready, side.late) == ("unknown", 0, True)
    assert shop.seen(rollout).candidate.state == "healthy"


def test_what_was_counted_before_a_launch_is_another_releases(shop: EcsBench) -> None:
    """The minute that is counted has to be later than the last launch: else the old servers vouch for the new ones."""
    rollout = settled(shop)
    asked = rollout.but(asked_what=f"launch {shop.candidate}", asked_at=shop.clock.now() - timedelta(seconds=30))
    side = shop.late(asked).candidate
    assert (side.state, side.ready, side.late) == ("unknown", None, False) and "Throttling" in side.text
    long_ago = asked.but(asked_at=shop.clock.now() - timedelta(minutes=5))
    assert shop.late(long_ago).candidate.late
    assert shop.late(asked.but(asked_what="shift 10")).candidate.late


def test_without_any_count_it_is_as_unknown_as_before(shop: EcsBench) -> None:
    """CloudWatch throttles too, or has counted nothing lately: unknown, with what AWS said of the first question."""
    rollout = settled(shop)
    with throttled(shop), answers(shop.sessions, "cloudwatch", "GetMetricData", THROTTLED):
        side = shop.seen(rollout).candidate
    assert (side.state, side.ready, side.late) == ("unknown", None, False) and "DescribeTargetHealth" in side.text
    empty = {"MetricDataResults": [{"Id": "h0", "Timestamps": [], "Values": []}], "ResponseMetadata": {}}
    with throttled(shop), answers(shop.sessions, "cloudwatch", "GetMetricData", empty):
        assert not shop.seen(rollout).stable.late and shop.seen(rollout).stable.state == "unknown"


def test_a_side_that_is_asked_for_nothing_has_nothing(shop: EcsBench) -> None:
    """Known without any target: else a way back under throttling would go onto an empty side at once."""
    rollout = settled(shop)
    shop.scale(shop.sides[0], 0)
    side = shop.late(rollout).stable
    assert (side.ready, side.late, side.most) == (0, False, 0)


@pytest.mark.parametrize("second", [0, 59])
def test_only_whole_minutes_count(shop: EcsBench, second: int) -> None:
    """The minute that is going on may lack a node of the load balancer; the window is three minutes before it."""
    settled(shop)
    at = shop.clock.now().replace(second=second)
    calls = asking(shop)
    with answers(shop.sessions, "cloudwatch", "GetMetricData") as asked:
        found = late_counts(calls, [(shop.shop.blue, shop.balancer)], at)
    minute = at.replace(second=0)
    assert (asked[0]["StartTime"], asked[0]["EndTime"]) == (minute - timedelta(minutes=3), minute)
    assert found[shop.shop.blue].counted == minute and found[shop.shop.blue].healthy == TASKS


def test_many_groups_are_five_hundred_a_call_and_pages_are_followed(shop: EcsBench) -> None:
    """The newest value wins, on whatever page it stands; a list without an end is given up."""
    calls = asking(shop)
    many = [(f"{shop.shop.blue[:-4]}{number:04}", shop.balancer) for number in range(MOST_QUERIES + 1)]
    at = datetime.fromisoformat("2026-01-05T12:10:30Z")

    def page(minute: int, value: float, more: str = "") -> dict[str, Any]:
        result = {"Id": "h0", "Timestamps": [at.replace(minute=minute, second=0)], "Values": [value]}
        return {"MetricDataResults": [result], "NextToken": more, "ResponseMetadata": {}}

    with answers(shop.sessions, "cloudwatch", "GetMetricData", page(8, 3, "a"), page(9, 2), page(9, 1)) as asked:
        found = late_counts(calls, many, at)
    assert [len(one["MetricDataQueries"]) for one in asked] == [MOST_QUERIES, MOST_QUERIES, 1]
    assert found[many[0][0]].healthy == 2 and found[many[-1][0]].healthy == 1
    with answers(shop.sessions, "cloudwatch", "GetMetricData", page(9, 2, "again")), pytest.raises(TargetError):
        late_counts(calls, many[:1], at)


def asking(shop: EcsBench) -> Calls:
    """Where the driver asks CloudWatch."""
    return Calls(shop.sessions, Place("", "eu-central-1"), "cloudwatch", pair_late.OPERATIONS)


def test_many_rollouts_share_one_question(shop: EcsBench) -> None:
    """A throttled lane of a dozen asks CloudWatch once."""
    one = settled(shop)
    for name in ("shop-x", "shop-y"):
        add_group(shop.cloud.world, name)
    with throttled(shop) as asked:
        shop.cloud.log.clear()
        shop.driver.observe([one.but(id=number) for number in range(1, 13)])
    assert len(asked) == 1 and shop.cloud.log.reads[DATA] == 1


def test_up_waits_and_goes_on_with_the_first_exact_count(shop: EcsBench) -> None:
    """Throttled all through a bake: watched and counted, nothing paused, nothing raised; then raised at once."""
    stage = PairStage(shop)
    stage.start("v2", "10% 2m, 50% 1m, 100%")
    stage.until(lambda r: r.proven == 10)
    with throttled(shop):
        stage.until(lambda r: r.step == 1)
        for _ in range(4):
            stage.look()
            stage.cloud.step(10)
    assert stage.rollout.phase is Phase.STEPPING and shop.shares() == {"v1": 90, "v2": 10}
    assert len(stage.cloud.log.of(RULE)) == 1
    stage.look()
    assert shop.shares() == {"v1": 50, "v2": 50} and stage.lost() == (0, 0)


def test_down_goes(shop: EcsBench) -> None:
    """A person's rollback while everything is late: one look, one write, no request lost."""
    stage = PairStage(shop)
    stage.start("v2", "50% 10m, 100%")
    stage.until(lambda r: r.proven == 50)
    stage.cloud.step(130)
    with throttled(shop):
        stage.rollout = apply(stage.rollout, Ask(verb="rollback", ref=1), ANA, stage.clock.now())
        stage.look()
        assert shop.shares() == {"v1": 100}
        assert stage.until(ended).phase is Phase.ROLLED_BACK
    stage.rest()
    assert stage.lost() == (0, 0) and shop.desired()[GREEN] == 0


def test_a_launch_under_throttling_waits_for_what_vouches_for_it(shop: EcsBench) -> None:
    """Nobody asks twice for what is coming; it is known healthy by a minute that began after it was asked for."""
    rollout = shop.looked(shop.accepted())
    assert shop.do(rollout, Launch(release="v2")).state == "done"
    rollout = rollout.but(asked_what="launch v2", asked_at=shop.clock.now())
    shop.cloud.step(40)
    assert shop.late(rollout).candidate.state == "unknown"
    shop.cloud.step(180)
    late = shop.late(rollout).candidate
    assert (late.state, late.late) == ("healthy", True)


def test_the_place_of_the_question_is_the_targets(shop: EcsBench, sessions: Sessions) -> None:
    """The metric lies where the load balancer does."""
    rollout = settled(shop)
    with throttled(shop), answers(sessions, "cloudwatch", "GetMetricData", place=Place("", "eu-central-1")) as asked:
        shop.seen(rollout)
    dimensions = asked[0]["MetricDataQueries"][0]["MetricStat"]["Metric"]["Dimensions"]
    assert {one["Name"]: one["Value"].split("/")[0] for one in dimensions} == {
        "TargetGroup": "targetgroup", "LoadBalancer": "app",
    }  # fmt: skip
