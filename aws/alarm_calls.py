"""Asks CloudWatch about alarms: every page, metric alarms and composite ones. Keeps nothing, judges nothing."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from aws.alarm_facts import AlarmRow, History, HistoryItem, Sweep, TaggedPage, name_of
from aws.calls import Calls
from rollout.errors import TargetError

OPERATIONS: Final[Mapping[str, str]] = {
    # Composite alarms are only shown to callers who may describe all of them.
    "cloudwatch:DescribeAlarms": "*",
    "cloudwatch:DescribeAlarmHistory": "alarm:{alarm}",
}
TAGGING: Final[Mapping[str, str]] = {"tag:GetResources": "*"}
"""Only to find alarms by tag."""

A_PAGE: Final = 100
"""DescribeAlarms gives 50 unless told."""
TYPES: Final = ("MetricAlarm", "CompositeAlarm")
"""Without it AWS shows metric alarms only, and a composite one would seem deleted."""
MOST_PAGES: Final = 20
LONGEST_NAME: Final = 255


def possible(name: str) -> bool:
    """CloudWatch could have an alarm of that name; it refuses a call that asks for any other."""
    return 1 <= len(name) <= LONGEST_NAME and name.isprintable()


def described(calls: Calls, **which: str | Sequence[str]) -> list[AlarmRow]:
    """Alarms by `AlarmNames` (at most a hundred) or by `AlarmNamePrefix`; names nobody has are left out."""
    rows: list[AlarmRow] = []
    more: dict[str, Any] = {}
    for _ in range(MOST_PAGES):
        reply = calls.read("DescribeAlarms", Sweep, **which, AlarmTypes=list(TYPES), MaxRecords=A_PAGE, **more)
        rows += reply.rows
        if not reply.next_token:
            return rows
        more = {"NextToken": reply.next_token}
    raise endless("cloudwatch:DescribeAlarms")


def history(calls: Calls, name: str, since: datetime) -> list[HistoryItem]:
    """Changes of state since then, newest first."""
    items: list[HistoryItem] = []
    more: dict[str, Any] = {}
    for _ in range(MOST_PAGES):
        reply = calls.read(
            "DescribeAlarmHistory", History, AlarmName=name, AlarmTypes=list(TYPES), StartDate=since,
            HistoryItemType="StateUpdate", ScanBy="TimestampDescending", MaxRecords=A_PAGE, **more,
        )  # fmt: skip
        items += reply.alarm_history_items
        if not reply.next_token:
            return items
        more = {"NextToken": reply.next_token}
    raise endless("cloudwatch:DescribeAlarmHistory")


def tagged(calls: Calls, tag: str) -> list[str]:
    """Names of alarms with this tag: `key=value`, or `key` for any value."""
    key, equals, value = tag.partition("=")
    wanted = {"Key": key, "Values": [value]} if equals else {"Key": key}
    names: list[str] = []
    more: dict[str, Any] = {}
    for _ in range(MOST_PAGES):
        reply = calls.read(
            "GetResources", TaggedPage, ResourceTypeFilters=["cloudwatch:alarm"], TagFilters=[wanted],
            ResourcesPerPage=A_PAGE, **more,
        )  # fmt: skip
        names += [name for one in reply.resource_tag_mapping_list if (name := name_of(one.resource_arn))]
        if not reply.pagination_token:
            return names
        more = {"PaginationToken": reply.pagination_token}
    raise endless("tag:GetResources")


def endless(operation: str) -> TargetError:
    """A token that always leads on is not followed for ever."""
    return TargetError("transient", f"{operation} did not end after {MOST_PAGES} pages")
