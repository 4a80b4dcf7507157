"""What Route 53 answers about weighted records, in our words: shares, where they lead, what stands in a revision.

No calls. Rows are kept as AWS sent them, and go back so: whatever else stands in a record, only its weight is ours.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, NamedTuple

from pydantic import Field

from aws.calls import Answer, Reply
from aws.faults import clip
from rollout.values import Moment

ALIAS_TTL: Final = 60
"""How long answers of an alias record are kept: those of AWS's own targets, which set it to a minute."""
PROPAGATION: Final = 60
"""Seconds until every name server has a change, as AWS promises it."""

Text = Annotated[str, Field(min_length=1)]
Row = Mapping[str, Any]


class Wanted(NamedTuple):
    """The two records of a target, by set identifier."""

    zone: str
    name: str
    type: str
    blue: str
    green: str

    @property
    def words(self) -> str:
        """`edge.example.test CNAME`."""
        return f"{self.name} {self.type}"


class Value(Reply):
    value: str


class AliasTarget(Reply):
    hosted_zone_id: str = ""
    dns_name: Annotated[str, Field(alias="DNSName")]
    evaluate_target_health: bool = False


class RecordSet(Reply):
    """One record, as far as something depends on it."""

    name: Text
    type: Text
    set_identifier: str = ""
    weight: int | None = None
    ttl: Annotated[int | None, Field(alias="TTL")] = None
    resource_records: tuple[Value, ...] = ()
    alias_target: AliasTarget | None = None
    health_check_id: str = ""
    region: str = ""
    failover: str = ""
    geo_location: dict[str, str] = {}
    multi_value_answer: bool | None = None
    traffic_policy_instance_id: str = ""

    @property
    def policy(self) -> str:
        """How Route 53 chooses it, in a word."""
        if self.traffic_policy_instance_id:
            return "made by a traffic policy"
        if self.weight is not None:
            return "weighted"
        words = {
            "latency": self.region, "failover": self.failover, "geolocation": self.geo_location,
            "multivalue": self.multi_value_answer,
        }  # fmt: skip
        return next((word for word, given in words.items() if given), "other" if self.set_identifier else "simple")

    @property
    def leads_to(self) -> str:
        """Its values, or its alias' target."""
        if self.alias_target is not None:
            return f"{self.alias_target.dns_name.rstrip('.')} (alias)"
        return ", ".join(one.value for one in self.resource_records)

    @property
    def kept_for(self) -> int:
        """Seconds for which resolvers keep an answer."""
        return ALIAS_TTL if self.ttl is None else self.ttl


class Page(Answer):
    """ListResourceRecordSets. The rows stay as they came: they are written back."""

    resource_record_sets: tuple[dict[str, Any], ...]
    is_truncated: bool
    next_record_name: str = ""
    next_record_type: str = ""
    next_record_identifier: str = ""


class ChangeInfo(Reply):
    id: Text
    status: Text
    submitted_at: Moment | None = None


class Changed(Answer):
    """ChangeResourceRecordSets and GetChange."""

    change_info: ChangeInfo


class CheckConfig(Reply):
    type: str = ""
    disabled: bool = False


class HealthCheck(Reply):
    id: Text
    health_check_config: CheckConfig


class GotCheck(Answer):
    """GetHealthCheck."""

    health_check: HealthCheck


class Records(NamedTuple):
    """All records of one name and type."""

    rows: tuple[Row, ...]
    sets: Mapping[str, RecordSet]

    @property
    def shares(self) -> dict[str, float]:
        """Every record that is answered and its share in percent; all alike where every weight is 0."""
        whole = sum(one.weight or 0 for one in self.sets.values())
        if not whole:
            return {name: 100 / len(self.sets) for name in self.sets}
        return {name: 100 * one.weight / whole for name, one in self.sets.items() if one.weight}

    @property
    def served(self) -> str:
        """The record that gets most."""
        shares = self.shares
        return max(shares, key=lambda name: (shares[name], name))

    @property
    def ttl(self) -> int:
        """Seconds after which no resolver still gives an older answer."""
        return max(one.kept_for for one in self.sets.values())

    @property
    def fingerprint(self) -> str:
        """The same for the same records, weights included, whatever order AWS names them in."""
        ordered = sorted(json.dumps(row, sort_keys=True, default=str) for row in self.rows)
        return hashlib.sha256("\n".join(ordered).encode()).hexdigest()[:16]

    def weighing(self, weights: Mapping[str, int]) -> "Records":
        """The same with other weights."""
        rows = [
            {**row, "Weight": weights[row["SetIdentifier"]]} if row.get("SetIdentifier") in weights else row
            for row in self.rows
        ]
        return records(rows)

    def rows_of(self, names: Sequence[str]) -> list[Row]:
        """The rows of these records, as AWS takes them."""
        return [row for row in self.rows if row.get("SetIdentifier") in names]


def plain(name: str) -> str:
    """A DNS name as people write it. AWS writes the star of a wildcard in octal."""
    return name.lower().rstrip(".").replace("\\052", "*")


def same_place(one: str, other: str) -> bool:
    """Whether two records lead to the same: capitals, final dots and the order of values mean nothing in DNS."""

    def meant(text: str) -> list[str]:
        return sorted(plain(value) for value in text.split(", "))

    return meant(one) == meant(other)


def records(rows: Sequence[Row]) -> Records:
    """Those rows, looked into; ValidationError where one is none."""
    sets = [RecordSet.model_validate(row) for row in rows]
    return Records(tuple(rows), {one.set_identifier: one for one in sets})


def candidate_share(found: Records, stable: str, candidate: str) -> int | None:
    """The candidate's percent when only our two sides are answered, in whole percents; else None."""
    weights = {name: one.weight or 0 for name, one in found.sets.items()}
    if not any(weights.values()):
        weights = dict.fromkeys(weights, 1)
    whole = sum(weights.values())
    if whole != weights.get(stable, 0) + weights.get(candidate, 0):
        return None
    percent, rest = divmod(100 * weights.get(candidate, 0), whole)
    return None if rest else percent


def split_words(shares: Mapping[str, float]) -> str:
    """`green: 60 %, blue: 40 %`: the larger share first."""
    ordered = sorted(shares.items(), key=lambda one: (-one[1], one[0]))
    return ", ".join(f"{clip(name, 40)}: {share:.6g} %" for name, share in ordered)


class Mark(NamedTuple):
    """`Seen.revision`: the records as they were, and what is still under way. All that a look needs of the one before.

    It lives in the rollout's row, not in the driver: after a restart the next look knows as much. A change whose
    answer came has its `change`, to be asked about; `until` (seconds since 1970) is when clients have followed.
    """

    fingerprint: str
    change: str = ""
    until: int = 0

    @classmethod
    def parse(cls, text: str) -> "Mark":
        """What `str` wrote."""
        fingerprint, _, rest = text.partition(" ")
        word, _, value = rest.partition(" ")
        return cls(fingerprint, value if word == "change" else "", int(value) if word == "until" else 0)

    def __str__(self) -> str:
        if self.change:
            return f"{self.fingerprint} change {self.change}"
        return f"{self.fingerprint} until {self.until}" if self.until else self.fingerprint

    @property
    def settled(self) -> bool:
        """Nothing is under way."""
        return not self.change and not self.until

    def waiting(self, at: datetime, seconds: int) -> "Mark":
        """The same, settled after so many seconds."""
        return Mark(self.fingerprint, until=int(at.timestamp()) + seconds if seconds else 0)

    def later(self, at: datetime, longest: int) -> "Mark":
        """The same at that moment. A clock that was set back begins the wait anew instead of making it endless."""
        left = self.until - int(at.timestamp())
        if left <= 0:
            return Mark(self.fingerprint)
        return self if left <= longest else self.waiting(at, longest)
