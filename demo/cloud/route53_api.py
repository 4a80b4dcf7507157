"""Route 53's operations on records: batches that happen whole or not at all, changes that are in sync a while later.

Hosted zones and health checks are moto's, and so is the keeping of records. What clients are answered is decided
in route53_resolvers.py.
"""

from __future__ import annotations

import random
import string
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from moto.route53.models import route53_backends

from demo.cloud.calls import Answer, Call, Failure, Operations
from demo.cloud.clock import Now
from demo.cloud.moto_words import in_aws_words
from demo.cloud.route53_rows import Row, changed, check_input, dotted, key_of, name_key, record_of, row_of

INSYNC_SECONDS = 10
PAGE = 300
_LETTERS = string.ascii_uppercase + string.digits


@dataclass(frozen=True)
class Change:
    """One accepted batch and when every name server has it."""

    id: str
    at: datetime
    insync: datetime
    comment: str = ""

    def told(self, now: datetime) -> dict[str, Any]:
        """ChangeInfo at that moment."""
        status = "INSYNC" if now >= self.insync else "PENDING"
        told = {"Id": f"/change/{self.id}", "Status": status, "SubmittedAt": self.at}
        return told | ({"Comment": self.comment} if self.comment else {})


@dataclass
class ZoneApi:
    """The records of all zones. `delay`: seconds until a change is in sync; a longer one does not slow older ones."""

    now: Now
    page_size: int = PAGE
    seed: int = 1
    delay: int = INSYNC_SECONDS
    changes: dict[str, Change] = field(default_factory=dict)

    def operations(self) -> Operations:
        """The operations answered here."""
        table = {
            "ChangeResourceRecordSets": self.change, "ListResourceRecordSets": self.list_records,
            "GetChange": self.get_change,
        }
        return {name: in_aws_words(operation) for name, operation in table.items()}

    def change(self, call: Call) -> Answer:
        """A batch, whole or not at all."""
        zone, batch = zone_of(call), call.parameters["ChangeBatch"]
        check_input(batch["Changes"])
        for change in batch["Changes"]:
            _check_health(call, change)
        before = [row_of(record) for record in zone.rrsets]
        after = changed(zone.name, before, batch["Changes"])
        zone.rrsets = [record_of(row) for row in after]
        made = self._made(batch.get("Comment", ""))
        names = {dotted(change["ResourceRecordSet"]["Name"]) for change in batch["Changes"]}
        return Answer({"ChangeInfo": made.told(self.now())}, _essence(before, names), _essence(after, names))

    def list_records(self, call: Call) -> Answer:
        """Records from a name, type and identifier on, page by page."""
        asked = call.parameters
        rows = sorted((row_of(record) for record in zone_of(call).rrsets), key=key_of)
        start = (asked.get("StartRecordName"), asked.get("StartRecordType"), asked.get("StartRecordIdentifier"))
        if (start[1] and not start[0]) or (start[2] and not start[1]):
            raise Failure("InvalidInput", "The input is not valid")
        if start[0]:
            first = (name_key(start[0]), start[1] or "", start[2] or "")
            rows = [row for row in rows if key_of(row) >= first]
        size = min(int(asked.get("MaxItems", PAGE)), PAGE, self.page_size)
        result: dict[str, Any] = {
            "ResourceRecordSets": rows[:size], "IsTruncated": len(rows) > size, "MaxItems": str(size),
        }
        if len(rows) > size:
            following = rows[size]
            result |= {"NextRecordName": following["Name"], "NextRecordType": following["Type"]}
            result |= {"NextRecordIdentifier": following["SetIdentifier"]} if "SetIdentifier" in following else {}
        return Answer(result)

    def get_change(self, call: Call) -> Answer:
        """How far a change has come."""
        change = self.changes.get(call.parameters["Id"].rsplit("/", 1)[-1])
        if change is None:
            raise Failure("NoSuchChange", "A change with the specified change ID does not exist.", 404)
        return Answer({"ChangeInfo": change.told(self.now())})

    def clear(self) -> None:
        """Forgets every change."""
        self.changes.clear()
        self.delay = INSYNC_SECONDS

    def _made(self, comment: str) -> Change:
        now, dice = self.now(), random.Random(f"{self.seed} change {len(self.changes)}")
        number = "C" + "".join(dice.choices(_LETTERS, k=20))
        change = Change(number, now, now + timedelta(seconds=self.delay), comment)
        self.changes[number] = change
        return change


def zone_of(call: Call) -> Any:
    """The hosted zone of a call. Route 53 is global: the region of the call means nothing."""
    number = call.parameters["HostedZoneId"].rsplit("/", 1)[-1]
    zone = route53_backends[call.account]["aws"].zones.get(number)
    if zone is None:
        raise Failure("NoSuchHostedZone", f"No hosted zone found with ID: {number}", 404)
    return zone


def _check_health(call: Call, change: dict[str, Any]) -> None:
    check = change["ResourceRecordSet"].get("HealthCheckId")
    if check and change["Action"] != "DELETE" and check not in route53_backends[call.account]["aws"].health_checks:
        raise Failure("NoSuchHealthCheck", f"No health check exists with the specified ID: {check}", 404)


def _essence(rows: list[Row], names: set[str]) -> dict[str, Any]:
    """The rows of some names, for the oracle log."""
    return {"records": [row for row in rows if row["Name"] in names]}
