"""The world as the conductor sees it: everything is a value, and targets are read before alarms."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pytest

from aws.lambda_alias import LambdaAlias
from aws.registry import DRIVERS, open_drivers
from aws.sessions import Sessions
from aws.world import AwsWorld
from demo.cloud import Cloud
from rollout.actions import Action, Outcome, Shift
from rollout.model import Phase, Rollout
from rollout.ports import World
from rollout.release import Prepared, Release
from rollout.seen import Fault, Observation
from tests.aws.bench import CloudClock, make_rollout
from tests.aws.hooks import HERE

ALARMS = ("my-app-errors", "my-app-p99")


def requested(cloud: Cloud, *alarms: str, number: int = 1, wanted: str = "", **settings: Any) -> Rollout:
    return make_rollout(cloud.config.now(), *alarms, number=number, **settings).but(wanted=wanted)


def live(cloud: Cloud, *alarms: str, number: int = 1, **settings: Any) -> Rollout:
    sides = {"stable": Release(id="1"), "candidate": Release(id="2")}
    return requested(cloud, *alarms, number=number, **settings).but(phase=Phase.STEPPING, **sides)


def test_it_is_the_port(world: AwsWorld) -> None:
    """The conductor's port is what is implemented; mypy holds the signatures."""
    port: World = world
    assert port.observe([]) == {}


def test_a_requested_rollout_is_prepared_and_seen(cloud: Cloud, world: AwsWorld) -> None:
    """Resolve, diff, preflight, the weights and the alarms, in one look."""
    look = world.observe([requested(cloud, *ALARMS)])[1]
    assert look.prepared is not None and look.refusal is None and look.fault is None
    assert look.prepared.candidate.id == "2"
    assert look.seen is not None and look.seen.percent == 0
    assert [reading.state for reading in look.alarms] == ["OK", "OK"]


@pytest.mark.parametrize(
    ("wanted", "text"), [("1", "my-app already serves 1"), ("9", "my-app has no version 9")]
)
def test_what_cannot_be_deployed_is_a_refusal(cloud: Cloud, world: AwsWorld, wanted: str, text: str) -> None:
    """With a hint, and nothing else is read for it."""
    look = world.observe([requested(cloud, *ALARMS, wanted=wanted)])[1]
    assert look.refusal is not None and look.refusal.text == text and look.refusal.hint
    assert (look.prepared, look.seen, look.alarms) == (None, None, ())
    assert "cloudwatch:DescribeAlarms" not in cloud.log.reads


def test_a_failed_check_is_a_refusal(cloud: Cloud, world: AwsWorld) -> None:
    """Nobody can start on a `fail` by overlooking it: there is nothing prepared to start from."""
    cloud.knobs.version_state("my-app", "2", "Failed")
    look = world.observe([requested(cloud)])[1]
    assert look.prepared is None and look.refusal is not None and "version 2 is Failed" in look.refusal.text


def test_a_warning_lets_it_through(cloud: Cloud, world: AwsWorld) -> None:
    """`warn` stands on the card."""
    cloud.knobs.version_state("my-app", "2", "Pending")
    look = world.observe([requested(cloud)])[1]
    assert look.prepared is not None and [check.state for check in look.prepared.checks] == ["warn"]


@pytest.mark.parametrize(("knob", "refused"), [("deny", True), ("throttle", False), ("outage", False)])
def test_only_what_stays_is_refused(cloud: Cloud, world: AwsWorld, knob: str, refused: bool) -> None:
    """A missing permission is told at once; a throttle is asked again until the deadline."""
    getattr(cloud.knobs, knob)("lambda:ListVersionsByFunction")
    look = world.observe([requested(cloud)])[1]
    assert (look.refusal is not None, look.fault is not None) == (refused, not refused)
    assert "lambda:ListVersionsByFunction" in (look.refusal or look.fault or Fault(kind="busy", text="")).text


def test_one_rollouts_fault_never_spoils_anothers(cloud: Cloud, world: AwsWorld) -> None:
    """Gone, misconfigured, of an unknown kind, requested: each has its own answer beside the good one."""
    looks = world.observe(
        [
            live(cloud, *ALARMS, number=1, alias="gone"),
            live(cloud, *ALARMS, number=2),
            live(cloud, number=3, colour="blue"),
            live(cloud, number=4).but(kind="no-such"),
            live(cloud, number=5).but(stable=None),
            requested(cloud, number=6, wanted="9"),
        ]
    )
    faults = {number: look.fault.kind for number, look in looks.items() if look.fault}
    assert faults == {1: "absent", 3: "config", 4: "config", 5: "config"}
    assert looks[2].seen is not None and looks[6].refusal is not None
    assert f"known: {', '.join(sorted(DRIVERS))}" in (looks[4].fault or Fault(kind="busy", text="")).hint
    assert "colour" in (looks[3].fault or Fault(kind="busy", text="")).text
    # A target that cannot be read still has alarms, and they can be red.
    assert len(looks[1].alarms) == 2 and looks[1].alarms_fault is None


def test_targets_are_read_before_alarms(cloud: Cloud, world: AwsWorld, sessions: Sessions) -> None:
    """S1: a verdict counts only if its alarms were read after the weight was seen."""
    order: list[str] = []

    def note(model: Any, **_: Any) -> None:
        order.append(model.name)

    clients = [sessions.client(HERE, service, writes=False) for service in ("lambda", "cloudwatch")]
    for client in clients:
        client.meta.events.register("before-call", note)
    looks = world.observe([live(cloud, *ALARMS, number=number) for number in (1, 2)])
    for client in clients:
        client.meta.events.unregister("before-call", note)
    assert (
        order[-1] == "DescribeAlarms" and order.count("DescribeAlarms") == 1 and order.count("GetAlias") == 2
    )
    for look in looks.values():
        assert look.seen is not None and look.alarms_at is not None and look.alarms_at >= look.seen.at


def test_alarms_that_cannot_be_read_are_a_fault_of_the_alarms(cloud: Cloud, world: AwsWorld) -> None:
    """The target was seen; only the alarms are blind."""
    cloud.knobs.deny("cloudwatch:DescribeAlarms")
    look = world.observe([live(cloud, *ALARMS)])[1]
    assert look.seen is not None and look.alarms_fault is not None
    assert "cloudwatch:DescribeAlarms" in look.alarms_fault.hint


def test_a_broken_driver_is_blindness_not_a_crash(
    cloud: Cloud, sessions: Sessions, clock: CloudClock
) -> None:
    """A bug of ours raises nothing, quotes nothing, and after a write nobody knows."""

    class Broken(LambdaAlias):
        kind: ClassVar[str] = "broken"

        def prepare(self, rollout: Rollout) -> Prepared:
            raise KeyError("hunter2")

        def look(self, rollouts: Sequence[Rollout]) -> Mapping[int, Any]:
            raise KeyError("hunter2")

        def perform(self, rollout: Rollout, action: Action, key: str) -> Outcome:
            raise KeyError("hunter2")

    world = AwsWorld(sessions, {**open_drivers(sessions, clock), "broken": Broken(sessions, clock)}, clock)
    rollouts = [
        live(cloud, number=1).but(kind="broken"),
        requested(cloud, number=2).but(kind="broken"),
        live(cloud, number=3),
    ]
    looks: Mapping[int, Observation] = world.observe(rollouts)
    assert looks[3].seen is not None
    for number in (1, 2):
        fault = looks[number].fault
        assert fault is not None and fault.kind == "transient" and "hunter2" not in fault.text
    assert world.perform(rollouts[0], Shift(percent=10), "k").state == "unknown"


def test_perform_acts_and_says_what_came_of_it(cloud: Cloud, world: AwsWorld) -> None:
    """One write through the driver of that kind; an unknown kind surely changed nothing."""
    rollout = live(cloud)
    rollout = rollout.but(seen=world.observe([rollout])[1].seen)
    assert world.perform(rollout, Shift(percent=10), "1/0/shift/10").state == "done"
    assert [entry.after["shares"] for entry in cloud.log.applied if entry.after] == [{"1": 90.0, "2": 10.0}]
    assert world.perform(rollout.but(kind="no-such"), Shift(percent=10), "k").state == "failed"
