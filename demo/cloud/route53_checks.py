"""Route 53's health checks: what they find, when that counts, and the metric that tells it.

A check turns when its endpoint was the other way for `RequestInterval x FailureThreshold` seconds. The metric
`HealthCheckStatus` is written every few seconds; the real one comes once a minute, and only in us-east-1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from moto.route53.models import route53_backends

from demo.cloud.calls import ACCOUNT, Answer, Call, Failure, Operations
from demo.cloud.metrics import Metric, MetricStore, counted, moment

NAMESPACE, METRIC, REGION = "AWS/Route53", "HealthCheckStatus", "us-east-1"
EVERY_SECONDS = 5
CHECKERS = ("eu-west-1", "us-east-1", "ap-southeast-1")


@dataclass
class _Verdict:
    healthy: bool = True
    against: int = 0
    """Seconds in a row in which the endpoint was the other way."""


@dataclass
class HealthChecks:
    """All health checks of the account. `sick` has the ids of those whose endpoints do not answer well."""

    store: MetricStore
    sick: set[str] = field(default_factory=set)
    second: int = 0
    _verdicts: dict[str, _Verdict] = field(default_factory=dict)

    def operations(self) -> Operations:
        """The operations answered here."""
        return {"GetHealthCheckStatus": self.status}

    def healthy(self, check: str | None) -> bool:
        """What Route 53 holds of it; a record without a check is always well."""
        if check is None or check not in self._verdicts:
            return True
        return self._verdicts[check].healthy

    def step(self, second: int) -> None:
        """One second of checking."""
        self.second = second
        known = route53_backends[ACCOUNT]["aws"].health_checks
        for gone in self._verdicts.keys() - known.keys():
            del self._verdicts[gone]
        for number, check in known.items():
            self._check(number, check, second)

    def status(self, call: Call) -> Answer:
        """What each checker found last."""
        number = call.parameters["HealthCheckId"]
        check = route53_backends[call.account]["aws"].health_checks.get(number)
        if check is None:
            raise Failure("NoSuchHealthCheck", f"No health check exists with the specified ID: {number}", 404)
        if check.type_ in ("CALCULATED", "RECOVERY_CONTROL"):
            raise Failure("InvalidInput", f"The health check {number} has no checkers of its own")
        found = ("Failure: HTTP Status Code 503, Service Unavailable" if number in self.sick
                 else "Success: HTTP Status Code 200, OK")
        report = {"Status": found, "CheckedTime": moment(self.second)}
        return Answer({"HealthCheckObservations": [
            {"Region": region, "IPAddress": f"192.0.2.{number + 1}", "StatusReport": report}
            for number, region in enumerate(CHECKERS)
        ]})

    def clear(self) -> None:
        """Forgets everything."""
        self.sick.clear()
        self._verdicts.clear()

    def _check(self, number: str, check: Any, second: int) -> None:
        verdict = self._verdicts.setdefault(number, _Verdict())
        if check.disabled:  # it counts as healthy, and measures nothing
            self._verdicts[number] = _Verdict()
            return
        if (number not in self.sick) == verdict.healthy:
            verdict.against = 0
        else:
            verdict.against += 1
            if verdict.against >= int(check.request_interval) * int(check.failure_threshold):
                verdict.healthy, verdict.against = not verdict.healthy, 0
        if second % EVERY_SECONDS == 0:
            metric = Metric(ACCOUNT, REGION, NAMESPACE, METRIC, (("HealthCheckId", number),))
            self.store.put(metric, second, counted(1, 1 if verdict.healthy else 0))
