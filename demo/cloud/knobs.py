"""The knobs: what a person or a test may do to the cloud by hand. Each says in a sentence what happened.

Every public method is a verb of the control endpoint, so its arguments are plain JSON. A change made here
goes through the same operations as a client's and stands in the oracle log under its own caller.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any

from moto.awslambda.models import lambda_backends

from demo.cloud.alarms import EVALUATION_STATES, Alarm, State
from demo.cloud.calls import ACCOUNT, REGION, Answer, Call, Failure
from demo.cloud.evaluation import ALARM, OK
from demo.cloud.faults import Kind, Rule
from demo.cloud.functions import shares_of
from demo.cloud.status import status_of
from demo.cloud.traffic import FAILING, GOOD, Profile, Route, leaking
from demo.cloud.world import World

BY_HAND = f"arn:aws:iam::{ACCOUNT}:user/by-hand"
APP = "my-app"


class Knobs:
    """All knobs over one world. `period` is the metric period the slow leak is measured in."""

    def __init__(self, world: World, period: int) -> None:
        self._world = world
        self.period = period

    # --- releases

    def publish_good(self, function: str = APP) -> str:
        """A new version without faults."""
        return self._publish(function, GOOD)

    def publish_v3(self, function: str = APP) -> str:
        """A new version of whose requests 8 % fail from the first second."""
        return self._publish(function, FAILING)

    def publish_v4(self, function: str = APP) -> str:
        """A new version that leaks: healthy at first, too slow within a few periods."""
        return self._publish(function, leaking(self.period))

    def misbehave(self, function: str, version: str, errors: float) -> str:
        """Gives a version another error share (0..1) from now on."""
        if not 0.0 <= errors <= 1.0:
            raise ValueError(f"errors is a share from 0 to 1, not {errors}")
        with self._world.lock:
            self._world.tick()
            self._world.traffic.profiles[function, version] = Profile(f"{errors * 100:g} % errors", errors)
        return f"Version {version} of {function} now fails {errors * 100:g} % of its requests."

    def version_state(self, function: str, version: str, state: str) -> str:
        """Makes a version Active, Pending, Inactive or Failed."""
        with self._world.lock:
            self._world.functions.set_state(self._backend().get_function(function, version), state)
        return f"Version {version} of {function} is {state}."

    def rps(self, rps: float, function: str = APP, alias: str = "live") -> str:
        """Requests per second of an alias; 0 stops them, and with them the metrics."""
        with self._world.lock:
            self._world.tick()
            self._world.traffic.begin(Route(ACCOUNT, REGION, function, alias), rps, self._world.now())
        return f"{function}:{alias} gets {rps:g} requests per second."

    def edit_weights(self, function: str, alias: str, weights: Mapping[str, float]) -> str:
        """What a colleague does in the console: other weights (percent, at most two versions)."""
        if not 1 <= len(weights) <= 2 or abs(sum(weights.values()) - 100) > 1e-6:
            raise ValueError(f"weights need one or two versions that make 100 %: {dict(weights)}")
        main, *rest = sorted(weights, key=lambda version: -weights[version])
        routing = {"AdditionalVersionWeights": {version: weights[version] / 100 for version in rest}}
        answer = self._perform("lambda", "UpdateAlias", {
            "FunctionName": function, "Name": alias, "FunctionVersion": main, "RoutingConfig": routing,
        })
        told = ", ".join(f"version {version} {weights[version]:g} %" for version in [main, *rest])
        return f"{function}:{alias} was edited by hand: {told}; revision {answer.result['RevisionId'][:8]}."

    # --- alarms

    def raise_alarm(self, name: str) -> str:
        """Turns an alarm red and keeps it so until it is cleared."""
        self._hold(name, State(ALARM, "Turned red by hand"))
        return f"Alarm {name} is red until you clear it."

    def clear_alarm(self, name: str) -> str:
        """Lets go of an alarm: OK now, and judged by its data again."""
        alarm = self._hold(name, State(OK, "Cleared by hand"))
        alarm.held = False
        return f"Alarm {name} is OK and follows its data again."

    def hold_alarm(self, name: str, on: bool = True) -> str:  # noqa: FBT001, FBT002 - an argument in JSON
        """Whether the alarm keeps its state, whatever the data say: so that SetAlarmState lasts."""
        with self._world.lock:
            self._world.tick()
            self._alarm(name).held = on
        return f"Alarm {name} {'keeps its state' if on else 'follows its data again'}."

    def evaluation_state(self, name: str, state: str | None = None) -> str:
        """What the alarm says about its own evaluation; null is a clean one."""
        if state is not None and state not in EVALUATION_STATES:
            raise ValueError(f"{state} is not one of {', '.join(EVALUATION_STATES)}")
        with self._world.lock:
            self._alarm(name).evaluation_state = state
        return f"Alarm {name} reports {state or 'a clean evaluation'}."

    # --- faults

    def throttle(self, operation: str | None = None, times: int | None = None) -> str:
        """Rate exceeded, for so many calls or until cleared."""
        return self._fault("throttle", operation, times)

    def outage(self, operation: str | None = None, times: int | None = None) -> str:
        """AWS answers nothing but server errors, for so many calls or until cleared."""
        return self._fault("outage", operation, times)

    def deny(self, operation: str, times: int | None = None) -> str:
        """The policy lacks one action."""
        return self._fault("deny", operation, times)

    def expired_token(self, times: int | None = None) -> str:
        """Every call but AssumeRole meets an expired token."""
        return self._fault("expired", None, times)

    def lost_reply(self, operation: str, times: int = 1) -> str:
        """The call is applied and the line drops before the answer."""
        return self._fault("lost_reply", operation, times)

    def truncate_reply(self, operation: str, times: int = 1) -> str:
        """The call is applied and half of the answer arrives."""
        return self._fault("truncate", operation, times)

    def latency(self, milliseconds: int, operation: str | None = None) -> str:
        """Every call waits so long before it is applied; 0 ends it."""
        return self._slow("latency", milliseconds, operation)

    def slow_reply(self, milliseconds: int, operation: str | None = None) -> str:
        """Every call is applied at once and answered so much later; 0 ends it."""
        return self._slow("slow_reply", milliseconds, operation)

    def stale_reads(self, reads: int) -> str:
        """After each alias change, so many reads still see the old one; 0 ends it."""
        with self._world.lock:
            self._world.functions.stale_reads = reads
        return f"After each change, {reads} reads still see the old alias."

    def clear_faults(self, kind: Kind | None = None) -> str:
        """Ends the faults of one kind, or all of them."""
        with self._world.lock:
            self._world.faults.clear(kind)
            if kind is None:
                self._world.functions.stale_reads = 0
        return f"No more {kind.replace('_', ' ')}." if kind else "AWS is well again."

    # --- looking

    def status(self) -> dict[str, Any]:
        """What the page shows: apps with weights, alarms, error shares and the standing faults."""
        with self._world.lock:
            self._world.tick()
            return status_of(self._world, self.period)

    def log(self) -> dict[str, Any]:
        """The oracle log."""
        with self._world.lock:
            return self._world.log.told()

    # --- inside

    def _publish(self, function: str, profile: Profile) -> str:
        with self._world.lock:
            self._world.tick()
            number = len(list(self._backend().list_versions_by_function(function)))
            code = {"FunctionName": function, "ZipFile": archive(f"release {number}: {profile.name}")}
            self._do("lambda", "UpdateFunctionCode", code)
            text = {"FunctionName": function, "Description": profile.name}
            version = str(self._do("lambda", "PublishVersion", text).result["Version"])
            self._world.traffic.profiles[function, version] = profile
        return f"Version {version} of {function} is published: {profile.name}."

    def _perform(self, service: str, operation: str, parameters: dict[str, Any]) -> Answer:
        with self._world.lock:
            self._world.tick()
            return self._do(service, operation, parameters)

    def _do(self, service: str, operation: str, parameters: dict[str, Any]) -> Answer:
        try:
            answer = self._world.perform(Call(service, operation, parameters, caller=BY_HAND))
        except Failure as failure:
            raise ValueError(f"{failure.code}: {failure.message}") from failure
        if answer is None:
            raise ValueError(f"{service}:{operation} is not answered here")
        return answer

    def _hold(self, name: str, state: State) -> Alarm:
        with self._world.lock:
            self._world.tick()
            alarm = self._alarm(name)
            alarm.held = True
            self._world.alarms.set_state(alarm, state, self._world.now())
            return alarm

    def _alarm(self, name: str) -> Alarm:
        alarm = self._world.alarms.get((ACCOUNT, REGION, name))
        if alarm is None:
            known = ", ".join(alarm.name for alarm in self._world.alarms.every())
            raise LookupError(f"no alarm {name}; known: {known or 'none'}")
        return alarm

    def _fault(self, kind: Kind, operation: str | None, times: int | None) -> str:
        with self._world.lock:
            self._world.faults.add(Rule(kind, operation, times))
        how = "until cleared" if times is None else f"{times} times"
        return f"{kind.replace('_', ' ').capitalize()} at {operation or 'every call'}, {how}."

    def _slow(self, kind: Kind, milliseconds: int, operation: str | None) -> str:
        with self._world.lock:
            self._world.faults.clear(kind)
            if milliseconds:
                self._world.faults.add(Rule(kind, operation, milliseconds=milliseconds))
        return f"{kind.replace('_', ' ').capitalize()} of {milliseconds} ms at {operation or 'every call'}."

    def _backend(self) -> Any:
        return lambda_backends[ACCOUNT][REGION]


def archive(text: str) -> bytes:
    """A small deployment package; another text is another CodeSha256."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as files:
        # A fixed date: the same release has the same checksum every time.
        files.writestr(zipfile.ZipInfo("app.py", (2026, 1, 1, 0, 0, 0)), f"# {text}\n")
    return packed.getvalue()


def weights_of_alias(function: str, alias: str) -> dict[str, float]:
    """Present shares of an alias in percent, for tests that look past the API."""
    return shares_of(lambda_backends[ACCOUNT][REGION].get_alias(alias, function))
