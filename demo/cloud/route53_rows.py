"""Rows of hosted zones as Route 53 writes them, and what a change batch makes of them. Changes nothing by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from moto.route53.models import RecordSet

from demo.cloud.calls import Failure

MOST_WEIGHT = 255
Row = dict[str, Any]
Key = tuple[tuple[str, ...], str, str]

_KEPT = {
    "Weight": "weight", "Region": "region", "GeoLocation": "geo_location", "Failover": "failover",
    "MultiValueAnswer": "multi_value_answer", "TTL": "ttl", "AliasTarget": "alias_target",
    "HealthCheckId": "health_check_id",
}


def key_of(row: Row) -> Key:
    """Where a row stands in its zone: by name from the right, then type, then identifier."""
    return name_key(row["Name"]), row["Type"], row.get("SetIdentifier") or ""


def name_key(name: str) -> tuple[str, ...]:
    """A name in the order of Route 53."""
    return tuple(reversed(dotted(name).rstrip(".").split(".")))


def dotted(name: str) -> str:
    """A name as Route 53 gives it back."""
    return name.lower().rstrip(".").replace("*", "\\052") + "."


def row_of(record: Any) -> Row:
    """A record of moto as the API shows it."""
    row: Row = {"Name": dotted(record.name), "Type": record.type}
    if record.set_identifier is not None:
        row["SetIdentifier"] = record.set_identifier
    row |= {shown: getattr(record, kept) for shown, kept in _KEPT.items() if getattr(record, kept) is not None}
    if "TTL" in row:
        row["TTL"] = int(row["TTL"])
    if record.records:
        # moto keeps the values of a new zone's SOA record as pairs, all others as text.
        row["ResourceRecords"] = [one if isinstance(one, dict) else {"Value": one} for one in record.records]
    return row


def record_of(row: Row) -> Any:
    """The same back, as moto keeps it."""
    values = [one["Value"] for one in row.get("ResourceRecords", [])]
    made: Any = RecordSet  # mypy takes it for abstract
    return made({**row, "Name": dotted(row["Name"]), "ResourceRecords": values})


def check_input(changes: Sequence[dict[str, Any]]) -> None:
    """Refuses what Route 53 refuses before it looks at the zone."""
    for change in changes:
        row, where = change["ResourceRecordSet"], _where(change)
        weight = row.get("Weight")
        if weight is not None and not 0 <= weight <= MOST_WEIGHT:
            side = f"less than or equal to {MOST_WEIGHT}" if weight > 0 else "greater than or equal to 0"
            raise Failure("InvalidInput", (
                f"Invalid request: Value {weight} at 'changeBatch.changes.1.member.resourceRecordSet.weight' failed "
                f"to satisfy constraint: Member must have value {side}"
            ))
        if weight is not None and not row.get("SetIdentifier"):
            raise Failure("InvalidInput", f"Invalid request: Missing field 'SetIdentifier' in {where}")
        plain, alias = "TTL" in row or "ResourceRecords" in row, "AliasTarget" in row
        if plain == alias or (plain and not ("TTL" in row and "ResourceRecords" in row)):
            found = "more than one" if plain and alias else "none"
            raise Failure("InvalidInput", (
                "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or "
                f"TrafficPolicyInstanceId], but found {found} in {where}"
            ))


def changed(zone: str, rows: Sequence[Row], changes: Sequence[dict[str, Any]]) -> list[Row]:
    """The rows after a batch. InvalidChangeBatch with every reason, and then nothing of it is done."""
    kept = {key_of(row): row for row in rows}
    wrong: list[str] = []
    for change in changes:
        row = {**change["ResourceRecordSet"], "Name": dotted(change["ResourceRecordSet"]["Name"])}
        refusal = _refusal(zone, kept, change["Action"], row)
        if refusal:
            wrong.append(refusal)
        elif change["Action"] == "DELETE":
            del kept[key_of(row)]
        else:
            kept[key_of(row)] = row
    if wrong:
        raise Failure("InvalidChangeBatch", f"[{', '.join(wrong)}]")
    return [kept[key] for key in sorted(kept)]


def _refusal(zone: str, kept: dict[Key, Row], action: str, row: Row) -> str:
    name, kind, key = row["Name"], row["Type"], key_of(row)
    if key[0][: len(name_key(zone))] != name_key(zone):
        return f"RRSet with DNS name {name} is not permitted in zone {dotted(zone)}"
    told = f"[name='{name}', type='{kind}'" + (f", set identifier='{key[2]}'" if key[2] else "") + "]"
    if action == "DELETE":
        if key not in kept:
            return f"Tried to delete resource record set {told} but it was not found"
        if kept[key] != row:
            return f"Tried to delete resource record set {told} but the values provided do not match the current values"
        return ""
    if action == "CREATE" and key in kept:
        return f"Tried to create resource record set {told} but it already exists"
    return _conflict(zone, [one for where, one in kept.items() if where != key and where[0] == key[0]], row)


def _conflict(zone: str, others: Sequence[Row], row: Row) -> str:
    """What else stands under that name and does not go together with the row."""
    name, kind = row["Name"], row["Type"]
    if kind == "CNAME" and name_key(name) == name_key(zone):
        return f"RRSet of type CNAME with DNS name {name} is not permitted at apex in zone {dotted(zone)}"
    if any((one["Type"] == "CNAME") != (kind == "CNAME") for one in others):
        return (
            f"RRSet of type {kind} with DNS name {name} is not permitted as it conflicts with other records with the "
            f"same DNS name in zone {dotted(zone)}"
        )
    if any(one["Type"] == kind and ("Weight" in one) != ("Weight" in row) for one in others):
        return (
            f"RRSet with DNS name {name}, type {kind}, SetIdentifier {row.get('SetIdentifier')} cannot be created as "
            "a set of another routing policy exists with the same name and type"
        )
    return ""


def _where(change: dict[str, Any]) -> str:
    row = change["ResourceRecordSet"]
    return (
        f"Change with [Action={change['Action']}, Name={row['Name']}, Type={row['Type']}, "
        f"SetIdentifier={row.get('SetIdentifier', 'null')}]"
    )
