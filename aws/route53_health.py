"""What Route 53 holds of health checks: its own verdict, as it stands in the metric HealthCheckStatus. Judges nothing.

Why not GetHealthCheckStatus: it knows no calculated checks, tells what single checkers saw and not what follows from
it, is meant for diagnosis by AWS's own word, and every call of it comes out of Route 53's five a second for the whole
account. The metric is what DNS answers follow, for every kind of check, hundreds in one call; a minute late at most.
https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/monitoring-health-checks.html
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from aws.calls import Calls
from aws.graphs import ResultPage
from aws.sessions import Place, Sessions
from rollout.errors import TargetError

OPERATIONS: Final[Mapping[str, str]] = {"cloudwatch:GetMetricData": "*"}
HOMES: Final = {"cn-": "cn-northwest-1", "us-gov-": "us-gov-west-1"}
"""Where the metrics of a global service lie, by partition; else in us-east-1."""
WINDOW: Final = timedelta(minutes=5)
"""An older word of a check is none: it comes every minute, and CloudWatch may be two late."""
MOST_QUERIES: Final = 500
MOST_PAGES: Final = 20


def home(place: Place) -> Place:
    """Where the metrics of Route 53 are, for a target at that place."""
    region = next((there for start, there in HOMES.items() if place.region.startswith(start)), "us-east-1")
    return Place(place.role, region)


def verdicts(sessions: Sessions, place: Place, checks: Iterable[str], at: datetime) -> dict[str, bool]:
    """Whether each check is healthy, newest word first; one that said nothing lately is left out."""
    calls = Calls(sessions, home(place), "cloudwatch", OPERATIONS)
    names, found = sorted(set(checks)), {}
    for start in range(0, len(names), MOST_QUERIES):
        found.update(_some(calls, names[start : start + MOST_QUERIES], at))
    return found


def _some(calls: Calls, names: Sequence[str], at: datetime) -> dict[str, bool]:
    by_id = {f"h{number}": name for number, name in enumerate(names)}
    newest: dict[str, tuple[datetime, float]] = {}
    more: dict[str, Any] = {}
    for _ in range(MOST_PAGES):
        page = calls.read(
            "GetMetricData", ResultPage, MetricDataQueries=[_query(key, name) for key, name in by_id.items()],
            StartTime=at - WINDOW, EndTime=at, ScanBy="TimestampDescending", **more,
        )  # fmt: skip
        for result in page.metric_data_results:
            points = list(zip(result.timestamps, result.values, strict=True))
            if result.id in by_id and points:
                name = by_id[result.id]
                newest[name] = max([*points, *([newest[name]] if name in newest else [])])
        if not page.next_token:
            return {name: value >= 1 for name, (_, value) in newest.items()}
        more = {"NextToken": page.next_token}
    raise TargetError("transient", f"cloudwatch:GetMetricData did not end after {MOST_PAGES} pages")


def _query(key: str, check: str) -> dict[str, Any]:
    metric = {
        "Namespace": "AWS/Route53", "MetricName": "HealthCheckStatus",
        "Dimensions": [{"Name": "HealthCheckId", "Value": check}],
    }  # fmt: skip
    return {"Id": key, "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Minimum"}}
