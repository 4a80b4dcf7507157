"""How many targets are healthy by CloudWatch's count: a minute or two late, hundreds in one call. Judges nothing.

Why it is the second choice: DescribeTargetHealth shows a dead target within a health check, this one after its minute
has ended and was gathered. But the first is one call a group, out of a bucket that the whole account shares.
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from aws.alb_facts import Targets
from aws.calls import Calls
from aws.graphs import ResultPage
from rollout.errors import TargetError

OPERATIONS: Final[Mapping[str, str]] = {"cloudwatch:GetMetricData": "*"}
MINUTE: Final = timedelta(minutes=1)
WINDOW: Final = 3 * MINUTE
"""An older count is none: there is one every minute, and CloudWatch may be two late."""
MOST_QUERIES: Final = 500
MOST_PAGES: Final = 20

Group = tuple[str, str]
"""ARNs of a target group and of its load balancer."""


def late_counts(calls: Calls, groups: Sequence[Group], at: datetime) -> dict[str, Targets]:
    """By target group: the least number of healthy targets in the newest full minute; absent where nobody counted.

    TargetError when CloudWatch cannot be read.
    """
    found: dict[str, Targets] = {}
    for start in range(0, len(groups), MOST_QUERIES):
        found |= _some(calls, groups[start : start + MOST_QUERIES], at)
    return found


def _some(calls: Calls, groups: Sequence[Group], at: datetime) -> dict[str, Targets]:
    end = at.replace(second=0, microsecond=0)  # the minute that is going on is not whole yet
    by_id = {f"h{number}": group for number, (group, _) in enumerate(groups)}
    newest: dict[str, tuple[datetime, float]] = {}
    more: dict[str, Any] = {}
    for _ in range(MOST_PAGES):
        page = calls.read(
            "GetMetricData", ResultPage, MetricDataQueries=[_query(key, *groups[int(key[1:])]) for key in by_id],
            StartTime=end - WINDOW, EndTime=end, ScanBy="TimestampDescending", **more,
        )  # fmt: skip
        for result in page.metric_data_results:
            points = list(zip(result.timestamps, result.values, strict=True))
            if result.id in by_id and points:
                group = by_id[result.id]
                newest[group] = max([*points, *([newest[group]] if group in newest else [])])
        if not page.next_token:
            return {group: Targets(int(value), 0, 0, began + MINUTE) for group, (began, value) in newest.items()}
        more = {"NextToken": page.next_token}
    raise TargetError("transient", f"cloudwatch:GetMetricData did not end after {MOST_PAGES} pages")


def _query(key: str, group: str, balancer: str) -> dict[str, Any]:
    dimensions = {
        "TargetGroup": group.split(":", 5)[5], "LoadBalancer": balancer.split(":loadbalancer/", 1)[-1],
    }  # fmt: skip
    metric = {
        "Namespace": "AWS/ApplicationELB", "MetricName": "HealthyHostCount",
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
    }  # fmt: skip
    # The least: each node of the load balancer counts for itself.
    return {"Id": key, "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Minimum"}}
