"""The knobs: what a person or a test may do to the cloud by hand. Each says in a sentence what happened.

Every public method is a verb of the control endpoint, so its arguments are plain JSON. A change made here
goes through the same operations as a client's and stands in the oracle log under its own caller.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.awslambda.models import lambda_backends

from demo.cloud.alarm_knobs import AlarmKnobs
from demo.cloud.archives import archive
from demo.cloud.calls import ACCOUNT, REGION
from demo.cloud.codedeploy_knobs import CodeDeployKnobs
from demo.cloud.fault_knobs import FaultKnobs
from demo.cloud.functions import shares_of
from demo.cloud.native_knobs import NativeKnobs
from demo.cloud.route53_knobs import Route53Knobs
from demo.cloud.status import status_of
from demo.cloud.traffic import FAILING, GOOD, Profile, Route, leaking
from demo.cloud.turning import BY_HAND

__all__ = ["APP", "BY_HAND", "Knobs", "archive", "weights_of_alias"]

APP = "my-app"
SICK = 0.08


class Knobs(AlarmKnobs, FaultKnobs, NativeKnobs, Route53Knobs, CodeDeployKnobs):
    """All knobs over one world: those of releases and traffic, of alarms, of servers, and of AWS's troubles."""

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

    def silence(self, function: str) -> str:
        """Nobody calls a function any more; its metrics fall silent, and its alarms learn it in a while."""
        self._silence(function, on=True)
        return f"{function} gets no requests: its metrics are silent."

    def speak(self, function: str) -> str:
        """The requests come back, as many as before."""
        self._silence(function, on=False)
        return f"{function} gets its requests again."

    def flap(self, function: str) -> str:
        """The function fails and recovers in turn, every few periods, whichever version serves."""
        with self._world.lock:
            self._world.tick()
            self._known(function)
            self._world.traffic.flap(function, SICK, self.period, self._world.now())
        return f"{function} flaps: {SICK * 100:g} % errors that come and go every few periods."

    def calm(self, function: str) -> str:
        """An end of the flapping: every version is again as it was."""
        with self._world.lock:
            self._world.tick()
            self._known(function)
            self._world.traffic.flaps.pop(function, None)
        return f"{function} is calm."

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

    def asked(self, operation: str) -> list[dict[str, Any]]:
        """The last calls of one operation, oldest first, with parameters and region: reads too."""
        with self._world.lock:
            return [{**one.__dict__} for one in self._world.log.asked(operation)]

    # --- inside

    def _silence(self, function: str, *, on: bool) -> None:
        with self._world.lock:
            self._world.tick()
            self._known(function)
            self._world.traffic.silence(function, on=on)

    def _known(self, function: str) -> None:
        known = [route.function for route in self._world.traffic.routes()]
        if function not in known:
            raise LookupError(f"no traffic goes to {function}; known: {', '.join(known) or 'none'}")

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


def weights_of_alias(function: str, alias: str) -> dict[str, float]:
    """Present shares of an alias in percent, for tests that look past the API."""
    return shares_of(lambda_backends[ACCOUNT][REGION].get_alias(alias, function))
