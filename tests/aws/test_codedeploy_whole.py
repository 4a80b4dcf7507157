"""Whole rollouts in virtual time: machine, driver and CodeDeploy, on a function, a service, servers and a new fleet."""

from collections.abc import Callable
from datetime import timedelta
from math import ceil
from typing import Any

import pytest
from moto.elbv2.models import elbv2_backends

from aws.sessions import Sessions
from aws.world import AwsWorld
from demo.cloud import Cloud
from demo.cloud.calls import ACCOUNT, REGION
from rollout.actions import intent_key
from rollout.ask import Ask
from rollout.machine import apply, decide
from rollout.model import Phase, Rollout
from rollout.people import Actor
from rollout.terms import AlarmGate, Timing
from tests.aws.bench import CloudClock
from tests.aws.codedeploy_bench import CodeDeployBench, EcsBench, FleetBench, LambdaBench, ServerBench

ANA = Actor(id="U0ANA")
WRITES = ("CreateDeployment", "ContinueDeployment", "StopDeployment")


class Stage:
    """One rollout, looked at whenever it asks to be."""

    def __init__(self, bench: CodeDeployBench) -> None:
        self.bench, self.cloud, self.clock = bench, bench.cloud, bench.clock
        self.world = AwsWorld(bench.sessions, {"codedeploy": bench.driver}, bench.clock)
        self.begin(bench.candidate)

    def begin(self, wanted: str, schedule: str = "", *, bake: int = 20, back: bool = False) -> None:
        rollout = self.bench.requested(wanted, 1, schedule)
        terms = rollout.terms.model_copy(update={
            "bake": timedelta(seconds=bake), "alarms": (AlarmGate(name=self.bench.alarm),),
            "timing": Timing(look_moving=timedelta(seconds=10), look_waiting=timedelta(seconds=20)),
        })  # fmt: skip
        self.rollout = rollout.but(terms=terms, back=back)
        self.cloud.log.clear()

    def look(self) -> None:
        """One round of the conductor: observe, decide, perform."""
        now = self.clock.now()
        passed = now - self.rollout.last_look if self.rollout.last_look else None
        decision = decide(self.rollout, self.world.observe([self.rollout])[1], now, passed)
        self.rollout = decision.rollout
        for action in decision.actions:
            outcome = self.world.perform(self.rollout, action, intent_key(1, self.rollout.step, action))
            assert outcome.state == "done", (action, outcome)

    def until(self, reached: Callable[[Rollout], bool], minutes: int = 25) -> Rollout:
        """Look on, as often as the machine asks for, until it is so."""
        end = self.clock.now() + timedelta(minutes=minutes)
        while not reached(self.rollout) and self.rollout.live and self.clock.now() < end:
            self.look()
            if self.rollout.wake_at:
                self.cloud.step(max(1, ceil((self.rollout.wake_at - self.clock.now()).total_seconds())))
        assert reached(self.rollout), (self.rollout.phase, self.rollout.cause, self.rollout.seen)
        return self.rollout

    def press(self, verb: str) -> None:
        """What a person does on the card."""
        ask = Ask(verb=verb, ref=1, bound=None if verb == "rollback" else self.rollout.bound)
        self.rollout = apply(self.rollout, ask, ANA, self.clock.now())

    @property
    def written(self) -> list[str]:
        """What clients changed at CodeDeploy, in order."""
        return [entry.name.split(":")[1] for entry in self.cloud.log.applied if entry.name.split(":")[1] in WRITES]

    def state(self) -> str:
        seen = self.rollout.seen
        return seen.course.state if seen is not None and seen.course is not None else ""


def at(phase: Phase) -> Callable[[Rollout], bool]:
    return lambda rollout: rollout.phase is phase


def ended(rollout: Rollout) -> bool:
    return not rollout.live


@pytest.fixture
def function(served: Cloud, sessions: Sessions) -> Stage:
    return Stage(LambdaBench(served, sessions, CloudClock(served)))


@pytest.fixture
def service(served: Cloud, sessions: Sessions) -> Stage:
    return Stage(EcsBench(served, sessions, CloudClock(served)))


@pytest.fixture
def servers(served: Cloud, sessions: Sessions) -> Stage:
    return Stage(ServerBench(served, sessions, CloudClock(served)))


@pytest.fixture
def fleet(served: Cloud, sessions: Sessions) -> Stage:
    return Stage(FleetBench(served, sessions, CloudClock(served)))


def test_a_good_version_is_one_call(function: Stage) -> None:
    """Started, a tenth, everything, baked, succeeded: one deployment and nothing else."""
    function.begin("2", "10% 1m, 100%")
    assert function.until(ended).phase is Phase.SUCCEEDED
    assert function.written == ["CreateDeployment"] and function.rollout.peak == 100


def test_a_bad_version_goes_back_once_whoever_sees_it_first(function: Stage) -> None:
    """A red alarm is AWS's and ours: one way back, the old version has everything."""
    function.cloud.knobs.misbehave("my-app", "2", 0.9)
    function.begin("2", "50% 10m, 100%")
    rollout = function.until(ended)
    assert rollout.phase is Phase.ROLLED_BACK and rollout.fell_for is not None
    assert rollout.fell_for.kind in ("alarm", "aws")
    assert len(function.bench.group.deployments) == 2 and function.written.count("CreateDeployment") == 1
    assert function.bench.cloud.knobs.status()["apps"][0]["weights"] == {"1": 100}


def test_a_click_in_the_middle_is_a_stop(function: Stage) -> None:
    """[Roll back] at a tenth: AWS is told to stop and go back, and followed home."""
    function.begin("2", "10% 10m, 100%")
    function.until(lambda rollout: rollout.proven == 10)
    function.press("rollback")
    assert function.until(ended).phase is Phase.ROLLED_BACK
    assert function.written == ["CreateDeployment", "StopDeployment"]


def test_a_click_after_the_end_is_a_deployment_of_the_old_release(function: Stage) -> None:
    """While it bakes at 100 % AWS has ended: the old version comes by a deployment of ours."""
    function.begin("2", "100%", bake=600)
    function.until(lambda _: function.state() == "done")
    function.until(at(Phase.FINAL_BAKE))
    function.press("rollback")
    assert function.until(ended).phase is Phase.ROLLED_BACK
    assert function.written == ["CreateDeployment"] * 2 and function.state() == "back"


def test_a_rollout_back_after_success_ignores_what_is_red(function: Stage) -> None:
    """A rollout of its own, all at once, although the alarm that it answers is red still."""
    function.begin("2", "100%")
    function.until(ended)
    function.cloud.knobs.misbehave("my-app", "2", 0.9)
    function.cloud.step(240)
    function.begin("1", "100%", back=True)
    assert function.until(ended).phase is Phase.SUCCEEDED
    assert function.written == ["CreateDeployment"]


def test_both_waits_of_a_service_are_answered_by_people(service: Stage) -> None:
    """[Send traffic], then [Terminate blue now] while it bakes: started once, each wait answered once."""
    service.until(at(Phase.WAITING))
    assert service.rollout.proven == 0 and service.state() == "waiting"
    service.press("promote")
    service.until(at(Phase.FINAL_BAKE))
    assert service.rollout.proven == 100
    assert service.until(ended).phase is Phase.SUCCEEDED
    assert service.written[:2] == ["CreateDeployment", "ContinueDeployment"]
    assert service.bench.group.active is None


def test_a_rejected_wait_goes_back(service: Stage) -> None:
    """Before any traffic: stopped, nothing moved, so it was cancelled."""
    service.until(at(Phase.WAITING))
    service.press("rollback")
    assert service.until(ended).phase is Phase.CANCELLED
    assert service.written == ["CreateDeployment", "StopDeployment"]


def test_nobody_answers_a_services_wait(service: Stage) -> None:
    """After the group's hour AWS gives it up, and the rollout with it: home, by nobody's call."""
    service.bench.engine.minute = 2.0
    service.until(at(Phase.WAITING))
    rollout = service.until(ended)
    assert rollout.phase in (Phase.ROLLED_BACK, Phase.CANCELLED) and service.written == ["CreateDeployment"]


def test_a_service_goes_back_through_its_own_wait(service: Stage) -> None:
    """After the end the way back stands at the group's wait, too: the word comes by itself."""
    service.begin("v2", bake=900)
    service.until(at(Phase.WAITING))
    service.press("promote")
    service.until(lambda _: service.state() == "done")
    service.press("rollback")
    rollout = service.until(ended)
    assert rollout.phase is Phase.ROLLED_BACK and rollout.seen is not None and rollout.seen.percent == 0
    assert service.written == ["CreateDeployment", "ContinueDeployment"] * 2


def test_a_good_archive_reaches_all_servers(servers: Stage) -> None:
    """One at a time, baked, succeeded."""
    assert servers.until(ended).phase is Phase.SUCCEEDED
    assert servers.written == ["CreateDeployment"] and servers.rollout.peak == 100


def test_an_archive_that_does_not_come_up_goes_back(servers: Stage) -> None:
    """AWS fails it on the first server and goes back by itself; so does the rollout, with AWS's reason."""
    servers.begin("v4")
    rollout = servers.until(ended)
    assert rollout.phase is Phase.ROLLED_BACK and rollout.fell_for is not None
    assert "HEALTH_CONSTRAINTS" in rollout.fell_for.text and servers.written == ["CreateDeployment"]


def test_a_deployment_that_hangs_is_taken_back(function: Stage) -> None:
    """A14: no change for the longest interval and the limit beyond: stopped, and stuck when even that hangs."""
    function.begin("2", "10% 1m, 100%")
    terms, minute = function.rollout.terms, timedelta(minutes=1)
    short = terms.timing.model_copy(update={"watch": minute, "rolling_back": minute})
    function.rollout = function.rollout.but(terms=terms.model_copy(update={"timing": short}))
    function.until(lambda rollout: rollout.proven == 10)
    function.bench.engine.stuck.add("my-app")
    rollout = function.until(at(Phase.ROLLING_BACK))
    assert rollout.fell_for is not None and "no change for 2m" in rollout.fell_for.text
    function.until(at(Phase.STUCK))
    function.bench.engine.stuck.clear()
    assert function.until(ended).phase is Phase.ROLLED_BACK


# --- servers that are replaced


def shared() -> Callable[[Rollout], bool]:
    """Some of the traffic is on the new fleet, and not all of it."""
    return lambda rollout: rollout.seen is not None and 0 < (rollout.seen.percent or 0) < 100


def still_home(stage: Stage) -> bool:
    """All three old servers serve, and no request was ever without one."""
    bench = stage.bench
    assert isinstance(bench, FleetBench)
    return bench.serving() == {"v1": 3} and bench.unserved == 0


def test_both_waits_of_a_fleet_are_answered_by_people(fleet: Stage) -> None:
    """[Promote] sends the traffic, [Terminate blue now] ends the old servers: three calls in all, no request lost."""
    bench = fleet.bench
    assert isinstance(bench, FleetBench)
    fleet.begin("v2", bake=60)
    fleet.until(at(Phase.WAITING))
    assert fleet.rollout.proven == 0 and fleet.rollout.wait == "READY_WAIT" and still_home(fleet)
    fleet.press("promote")
    fleet.until(at(Phase.FINAL_BAKE))
    assert bench.serving() == {"v2": 3} and fleet.rollout.wait == "TERMINATION_WAIT"
    old = bench.run.blue.names
    begun = fleet.clock.now()
    fleet.press("promote")
    assert fleet.until(ended).phase is Phase.SUCCEEDED
    assert fleet.clock.now() - begun < timedelta(minutes=4), "the wait of five minutes was cut short"
    assert fleet.written == ["CreateDeployment", "ContinueDeployment", "ContinueDeployment"]
    assert not [key for key in fleet.cloud.world.servers.pools.pools if key[2] in old] and bench.unserved == 0


def test_a_fleet_whose_end_nobody_hurries(fleet: Stage) -> None:
    """AWS removes the old servers by its own clock, and only then it has succeeded."""
    fleet.until(at(Phase.WAITING))
    fleet.press("promote")
    fleet.until(at(Phase.RETIRING))
    assert fleet.state() == "waiting"
    assert fleet.until(ended).phase is Phase.SUCCEEDED
    assert fleet.written == ["CreateDeployment", "ContinueDeployment"]


def test_all_traffic_has_moved_when_the_last_old_server_is_out(fleet: Stage) -> None:
    """Draining takes minutes: until then nothing is baked, and nobody is offered to end the old servers."""
    group = fleet.bench.group.settings["loadBalancerInfo"]["targetGroupInfoList"][0]["name"]
    slow_drain(fleet.cloud, group, 100)
    fleet.until(at(Phase.WAITING))
    fleet.press("promote")
    fleet.until(lambda _: "BlockTraffic" in course_text(fleet))
    for _ in range(5):
        fleet.look()
        assert fleet.state() == "running" and fleet.rollout.phase is Phase.STEPPING and fleet.rollout.wait == ""
        fleet.cloud.step(10)
    assert fleet.until(at(Phase.FINAL_BAKE)).proven == 100


@pytest.mark.parametrize("moment", ["starting", "installing", "ready", "re-routing", "draining", "kept"])
def test_a_fleet_goes_back_from_everywhere(fleet: Stage, moment: str) -> None:
    """[Roll back] before any traffic, in the middle of it, and after it while the old servers are kept."""
    before = {"starting": "InProgress", "installing": "of 3 instances ready"}
    reached = {
        "re-routing": shared(), "draining": lambda _: "BlockTraffic" in course_text(fleet),
        "kept": at(Phase.FINAL_BAKE),
    }
    fleet.begin("v2", bake=240)
    if moment in before:
        fleet.until(lambda _: before[moment] in course_text(fleet))
    else:
        fleet.until(at(Phase.WAITING))
    if moment in reached:
        fleet.press("promote")
        fleet.until(reached[moment])
    fleet.press("rollback")
    rollout = fleet.until(ended)
    assert rollout.phase is (Phase.ROLLED_BACK if moment in reached else Phase.CANCELLED) and still_home(fleet)
    assert fleet.written[-1] == "StopDeployment" and fleet.written.count("StopDeployment") == 1
    assert len(fleet.bench.group.deployments) == 3, "the one of days ago, ours, AWS's way back"


def test_a_fleet_goes_back_after_its_old_one_is_gone(fleet: Stage) -> None:
    """A new fleet of the old release, through the group's own wait, which is answered without a person."""
    fleet.begin("v2", bake=600)
    fleet.until(at(Phase.WAITING))
    fleet.press("promote")
    fleet.until(lambda _: fleet.state() == "done")
    fleet.press("rollback")
    assert fleet.until(ended).phase is Phase.ROLLED_BACK and still_home(fleet)
    assert fleet.written == ["CreateDeployment", "ContinueDeployment"] * 2


def test_nobody_answers_a_fleets_wait(fleet: Stage) -> None:
    """After the group's hour AWS gives it up, and the rollout with it: home, by nobody's call."""
    fleet.bench.engine.minute = 2.0
    fleet.until(at(Phase.WAITING))
    assert fleet.until(ended).phase in (Phase.ROLLED_BACK, Phase.CANCELLED) and still_home(fleet)
    assert fleet.written == ["CreateDeployment"]


def test_a_bad_fleet_goes_back_on_its_alarm(fleet: Stage) -> None:
    """A twelfth of its answers fail: whoever sees the red alarm first, there is one way back."""
    fleet.begin("v3", bake=600)
    fleet.until(at(Phase.WAITING))
    fleet.press("promote")
    rollout = fleet.until(ended)
    assert rollout.phase is Phase.ROLLED_BACK and rollout.fell_for is not None and still_home(fleet)
    assert rollout.fell_for.kind in ("alarm", "aws") and len(fleet.bench.group.deployments) == 3


def test_an_archive_that_does_not_come_up_never_gets_traffic(fleet: Stage) -> None:
    """AWS fails it on the first new server; nothing has moved, so there is nothing to take back."""
    fleet.begin("v4")
    rollout = fleet.until(ended)
    assert rollout.phase in (Phase.ROLLED_BACK, Phase.CANCELLED) and rollout.fell_for is not None
    assert "HEALTH_CONSTRAINTS" in rollout.fell_for.text and still_home(fleet) and rollout.peak == 0


def course_text(stage: Stage) -> str:
    seen = stage.rollout.seen
    return seen.course.text if seen is not None and seen.course is not None else ""


def slow_drain(cloud: Cloud, group: str, seconds: int) -> None:
    """What somebody sets on the target group."""
    elb: Any = elbv2_backends[ACCOUNT][REGION]
    [arn] = [arn for arn, one in elb.target_groups.items() if one.name == group]
    elb.modify_target_group_attributes(arn, {"deregistration_delay.timeout_seconds": str(seconds)})
    cloud.world.servers.note()
