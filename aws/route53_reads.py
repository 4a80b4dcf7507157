"""Asks Route 53: the records of one name over all pages, a change, a health check. Keeps nothing, judges nothing."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError

from aws.calls import Calls
from aws.faults import clip
from aws.route53_facts import Changed, GotCheck, HealthCheck, Page, Records, Wanted, plain, records
from rollout.errors import TargetError

A_PAGE: Final = "10"
"""Two records are wanted; the rest of the zone follows them and is not."""
MOST_PAGES: Final = 50


def records_of(calls: Calls, wanted: Wanted) -> Records:
    """The records of that name and type; TargetError when there is none."""
    rows = _rows(calls, wanted, StartRecordName=wanted.name, StartRecordType=wanted.type)
    if not rows:
        fact = f"{wanted.name} has no {wanted.type} record in zone {wanted.zone}"
        raise TargetError("absent", fact, "correct the name in the configuration, or create it")
    return _looked_into(rows)


def every_type(calls: Calls, wanted: Wanted) -> tuple[Records, list[str]]:
    """The records of that name and type, perhaps none, and all types that the name has."""
    rows = _rows(calls, wanted, StartRecordName=wanted.name)
    types = list(dict.fromkeys(str(row["Type"]) for row in rows))
    return _looked_into([row for row in rows if row["Type"] == wanted.type]), types


def change_status(calls: Calls, change: str) -> str:
    """PENDING or INSYNC; empty when AWS does not tell. What it promises of every change stands in then: a rollout
    without this permission is slower, and neither blind nor stuck on its way back.
    """
    try:
        return calls.read("GetChange", Changed, Id=change).change_info.status
    except TargetError:
        return ""


def health_check(calls: Calls, name: str, check: str) -> HealthCheck | str:
    """The health check of the record of that name, or the words that it is not there."""
    try:
        return calls.read("GetHealthCheck", GotCheck, HealthCheckId=check).health_check
    except TargetError as error:
        if error.kind == "absent":
            return f"the health check of {name} does not exist: {clip(check, 64)}"
        raise


def _rows(calls: Calls, wanted: Wanted, **start: str) -> list[dict[str, Any]]:
    """Rows from there on, as long as they have that name (and type, where one is given)."""
    rows: list[dict[str, Any]] = []
    only = start.get("StartRecordType")
    for _ in range(MOST_PAGES):
        page = calls.read("ListResourceRecordSets", Page, HostedZoneId=wanted.zone, MaxItems=A_PAGE, **start)
        here = [row for row in page.resource_record_sets if _meant(row, wanted, only)]
        rows += here
        if len(here) < len(page.resource_record_sets) or not page.is_truncated:
            return rows
        start = {"StartRecordName": page.next_record_name, "StartRecordType": page.next_record_type}
        if page.next_record_identifier:
            start["StartRecordIdentifier"] = page.next_record_identifier
    raise TargetError("config", f"{wanted.name} has more than {MOST_PAGES} pages of records", "delete old ones")


def _meant(row: Mapping[str, Any], wanted: Wanted, only: str | None) -> bool:
    return plain(str(row.get("Name", ""))) == wanted.name and "Type" in row and only in (None, row["Type"])


def _looked_into(rows: Sequence[dict[str, Any]]) -> Records:
    try:
        return records(rows)
    except ValidationError as error:
        wrong = ", ".join(".".join(map(str, one["loc"])) for one in error.errors(include_input=False))
        fact = f"route53:ListResourceRecordSets was answered without a usable {wrong}"
        raise TargetError("transient", fact) from None
