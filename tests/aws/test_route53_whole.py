"""Whole rollouts of the demo's `edge`, in virtual time: machine, driver and a cloud whose clients follow late."""

from datetime import timedelta
from typing import Any

import pytest

from aws.sessions import Sessions
from demo.cloud import Cloud
from demo.cloud.seed_edge import BLUE, EDGE_ERRORS, GREEN, SITE, ZONE
from rollout.model import Cause, Phase, Rollout
from tests.aws.bench import CloudClock
from tests.aws.route53_bench import WRITE, Route53Bench
from tests.aws.stage import Stage, ended

LIST, CHANGE = (f"route53:{name}" for name in ("ListResourceRecordSets", "GetChange"))
HEALTH = "cloudwatch:GetMetricData"


class EdgeStage(Stage[Route53Bench]):
    """One rollout of edge, green over blue."""

    def __init__(self, bench: Route53Bench) -> None:
        super().__init__(bench)
        self.begin("", "10% 3m, 50% 3m, 100%", (EDGE_ERRORS,), bake=timedelta(minutes=2))

    def at(self, percent: int) -> Rollout:
        """Until that share is proven."""
        return self.until(lambda r: r.proven == percent and r.phase is Phase.STEPPING)

    def site(self) -> dict[str, Any]:
        """The truth about the site."""
        told: dict[str, Any] = self.cloud.knobs.records()[SITE]
        return told


@pytest.fixture
def stage(served: Cloud, sessions: Sessions) -> EdgeStage:
    return EdgeStage(Route53Bench(served, sessions, CloudClock(served)))


def test_a_good_stack_ends_with_every_client(stage: EdgeStage) -> None:
    """Three batches, one a step; when it has succeeded no client is left behind, and nobody met an error more."""
    assert stage.until(ended).phase is Phase.SUCCEEDED
    site = stage.site()
    assert site["written"] == {BLUE: 0, GREEN: 100} and site["followed"] == {GREEN: 1.0}
    batches = [entry.parameters["ChangeBatch"]["Changes"] for entry in stage.cloud.log.of(WRITE)]
    asked = [{one["ResourceRecordSet"]["SetIdentifier"]: one["ResourceRecordSet"]["Weight"] for one in batch}
             for batch in batches]  # fmt: skip
    assert asked == [{BLUE: 90, GREEN: 10}, {BLUE: 50, GREEN: 50}, {BLUE: 0, GREEN: 100}]
    failed, requests = (sum(one[key] for one in site["requests"].values()) for key in ("failed", "requests"))
    assert failed < requests * 0.001


def test_calls_are_the_least_there_are(stage: EdgeStage) -> None:
    """A look is one list and one question to CloudWatch for both checks; a step adds a list, a write, few GetChange."""
    stage.until(ended)
    log, steps = stage.cloud.log, 3
    assert log.count(WRITE) == steps
    # One look is the preparing one: it lists with every type of the name before the two records are looked at.
    assert log.count(LIST) == stage.looks + 1 + steps
    assert log.count(HEALTH) == stage.looks + 1
    assert log.count("route53:GetHealthCheck") == 2
    # In sync after ten seconds, asked every five: never again once it is known.
    assert log.count(CHANGE) == steps * 2
    assert stage.cost().over <= 1.06, stage.cost()


def test_a_weight_counts_only_when_clients_have_followed(stage: EdgeStage) -> None:
    """Proven is what clients do, not what AWS wrote: no bake is watched over old answers of resolvers."""
    for percent in (10, 50):
        stage.at(percent)
        assert stage.site()["followed"][GREEN] == pytest.approx(percent / 100, abs=0.001)
        assert stage.rollout.baked == timedelta()


def test_a_bad_stack_goes_back_by_its_alarm(stage: EdgeStage) -> None:
    """8 % errors on green: red at ten or fifty percent, and it ends when the last client is home."""
    stage.cloud.knobs.deploy_stack(GREEN, "errors")
    rollout = stage.until(ended)
    assert rollout.phase is Phase.ROLLED_BACK and rollout.cause is not None and rollout.cause.kind == "alarm"
    assert stage.site()["written"] == {BLUE: 100, GREEN: 0} and stage.site()["followed"] == {BLUE: 1.0}


def test_a_sick_new_side_goes_back_and_a_sick_old_one_holds(stage: EdgeStage) -> None:
    """A health check that fails is FAIL for the new side; for the old one it is no place to go back to (S7)."""
    stage.at(10)
    stage.cloud.knobs.sick_check(BLUE)
    stage.cloud.knobs.sick_check(GREEN)
    rollout = stage.until(lambda r: r.phase is Phase.STUCK)
    assert rollout.cause is not None and rollout.cause.kind == "stable_sick"
    stage.cloud.knobs.sick_check(BLUE, on=False)
    assert stage.until(ended).phase is Phase.ROLLED_BACK


@pytest.mark.parametrize("fault", ["lost_reply", "truncate_reply"])
def test_a_lost_reply_is_found_out_by_looking(stage: EdgeStage, fault: str) -> None:
    """Applied, the id lost: never sent again, settled by AWS's own minute and the TTL, and the rollout goes on."""
    getattr(stage.cloud.knobs, fault)(WRITE)
    begun = stage.clock.now()
    stage.at(10)
    assert stage.clock.now() - begun >= timedelta(seconds=120)
    assert stage.cloud.log.count(WRITE) == 1 and stage.cloud.log.count(CHANGE) == 0
    assert stage.until(ended).phase is Phase.SUCCEEDED


def test_going_back_does_not_wait_for_the_raise(stage: EdgeStage) -> None:
    """A change still PENDING is undone by the very next look; the way back itself counts when clients followed."""
    stage.cloud.knobs.insync(60)
    stage.until(lambda r: 10 in r.asked)
    stage.look()
    assert stage.rollout.seen is not None and not stage.rollout.seen.settled
    now = stage.clock.now()
    stage.rollout = stage.rollout.enter(Phase.ROLLING_BACK, now, Cause(kind="person", text="back", at=now))
    stage.look()
    assert stage.site()["written"] == {BLUE: 100, GREEN: 0}
    stage.until(ended)
    assert stage.clock.now() - now >= timedelta(seconds=120) and stage.site()["followed"] == {BLUE: 1.0}


@pytest.mark.parametrize("pending", [False, True])
def test_an_edit_is_noticed_within_two_looks(stage: EdgeStage, pending: bool) -> None:
    """Somebody else's weights pause the rollout (S14), also while a change of ours is under way."""
    stage.cloud.knobs.insync(60)
    if pending:
        stage.until(lambda r: 10 in r.asked)
    else:
        stage.at(10)
    stage.cloud.knobs.edit_records({BLUE: 60, GREEN: 40})
    for _ in range(2):
        stage.cloud.step(5)
        stage.look()
    assert stage.rollout.phase is Phase.PAUSED and stage.rollout.cause is not None
    assert stage.rollout.cause.kind == "drift" and "40 %" in stage.rollout.cause.text
    assert stage.site()["written"] == {BLUE: 60, GREEN: 40}


def test_a_record_that_leads_elsewhere_raises_nothing_and_can_go_back(stage: EdgeStage) -> None:
    """What was approved is not what the record leads to any more: held in words; an alarm still brings it home."""
    stage.at(10)
    stage.cloud.knobs.edit_records({GREEN: 10}, ResourceRecords=[{"Value": "elsewhere.example.test"}])
    rollout = stage.until(lambda r: r.phase is Phase.PAUSED)
    assert rollout.cause is not None and "green leads to elsewhere.example.test now" in rollout.cause.text
    stage.cloud.knobs.deploy_stack(GREEN, "errors")
    assert stage.until(ended).phase is Phase.ROLLED_BACK
    assert stage.site()["written"] == {BLUE: 100, GREEN: 0}


def test_without_health_checks_it_runs_and_says_so(stage: EdgeStage, console: Any) -> None:
    """Nobody vouches for the new side: a warning on the card, no hold."""
    client = console("route53")
    rows = client.list_resource_record_sets(HostedZoneId=ZONE, StartRecordName=SITE)["ResourceRecordSets"][:2]
    bare = [{key: value for key, value in row.items() if key != "HealthCheckId"} for row in rows]
    changes = [{"Action": "UPSERT", "ResourceRecordSet": row} for row in bare]
    client.change_resource_record_sets(HostedZoneId=ZONE, ChangeBatch={"Changes": changes})
    rollout = stage.until(ended)
    assert rollout.phase is Phase.SUCCEEDED
    assert any("nothing vouches for green" in warning for warning in rollout.warnings)
    assert stage.cloud.log.count(HEALTH) == 0
