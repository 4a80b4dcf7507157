"""What Route 53 answers, in our words: shares of weighted record sets, who is well, what identifies a state. No calls.

Route 53 sends each query to a record set by weight / sum of weights. Where every weight is 0 all are equally likely.
https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/routing-policy-weighted.html
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, Field

from aws.calls import Answer, Reply
from aws.faults import clip
from rollout.seen import SideHealth
from rollout.values import Moment

NEAR: Final = 1e-6
HEALTHY_SHARE: Final = 0.18
"""Route 53 takes an endpoint for healthy when more than 18 % of its checkers do.
https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html
"""

Text = Annotated[str, Field(min_length=1)]


class Record(Reply):
    """One record set, whole: what we do not know of it is written back as it was read."""

    model_config = ConfigDict(extra="allow")

    name: Text
    type: Text
    set_identifier: str = ""
    weight: int | None = None
    ttl: int | None = Field(default=None, alias="TTL")
    resource_records: tuple[Mapping[str, str], ...] = ()
    alias_target: Mapping[str, Any] | None = None
    health_check_id: str = ""

    @property
    def value(self) -> str:
        """Where it leads."""
        if self.alias_target is not None:
            return f"alias {self.alias_target.get('DNSName', '')}"
        return ", ".join(sorted(one.get("Value", "") for one in self.resource_records))

    @property
    def watches_target(self) -> bool:
        """An alias that follows the health of what it leads to; Route 53 does not tell that health."""
        return bool(self.alias_target and self.alias_target.get("EvaluateTargetHealth"))

    @property
    def raw(self) -> dict[str, Any]:
        """As AWS wrote it."""
        return self.model_dump(by_alias=True, exclude_unset=True)

    def weighing(self, weight: int) -> dict[str, Any]:
        """The same with another weight and nothing else changed."""
        return {**self.raw, "Weight": weight}


class Page(Answer):
    """One page of ListResourceRecordSets."""

    resource_record_sets: tuple[Record, ...]
    is_truncated: bool
    next_record_name: str = ""
    next_record_type: str = ""
    next_record_identifier: str = ""


class Change(Reply):
    id: Text
    status: Literal["PENDING", "INSYNC"]


class Changed(Answer):
    """ChangeResourceRecordSets and GetChange."""

    change_info: Change


class Status(Reply):
    status: str = ""
    checked_time: Moment | None = None


class Observation(Reply):
    """What one checker saw last."""

    status_report: Status = Status()


class Observations(Answer):
    """GetHealthCheckStatus."""

    health_check_observations: tuple[Observation, ...]


class CheckConfig(Reply):
    type: Text
    inverted: bool = False
    disabled: bool = False


class CheckKept(Reply):
    health_check_config: CheckConfig


class CheckAnswer(Answer):
    """GetHealthCheck."""

    health_check: CheckKept


def aws_name(name: str) -> str:
    """A DNS name as Route 53 gives it back."""
    return name.lower().rstrip(".").replace("*", "\\052") + "."


def shares(records: Sequence[Record]) -> dict[str, float]:
    """Every record set that is answered with, and its share in percent: one form for all equivalent ones."""
    total = sum(record.weight or 0 for record in records)
    if not total:
        return {record.set_identifier: 100 / len(records) for record in records}
    return {record.set_identifier: 100 * record.weight / total for record in records if record.weight}


def candidate_share(records: Sequence[Record], stable: str, candidate: str) -> int | None:
    """The candidate's percent when only our two sides are answered with, in whole percents; else None."""
    found = shares(records)
    if not found or found.keys() - {stable, candidate}:
        return None
    share = found.get(candidate, 0.0)
    return round(share) if abs(share - round(share)) <= NEAR else None


def split_words(found: Mapping[str, float]) -> str:
    """`blue: 90 %, green: 10 %`: the larger share first."""
    ordered = sorted(found.items(), key=lambda one: (-one[1], one[0]))
    return ", ".join(f"{clip(name, 40)}: {share:.6g} %" for name, share in ordered) or "no record set"


def fingerprint(records: Sequence[Record | Mapping[str, Any]]) -> str:
    """The same for the same record sets in any order; differs as soon as anything in one of them does."""
    rows = [record.raw if isinstance(record, Record) else record for record in records]
    lines = sorted(json.dumps(row, sort_keys=True, default=str) for row in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:24]


def health(name: str, answer: Observations) -> SideHealth:
    """Well when more than 18 % of the checkers say so; nobody has looked yet is not known."""
    reports = [one.status_report.status for one in answer.health_check_observations]
    told = [report for report in reports if report.startswith(("Success", "Failure"))]
    if not told:
        return SideHealth(text=f"no checker has reported on {name} yet")
    well = sum(report.startswith("Success") for report in told)
    words = f"{well} of {len(told)} checkers find {name} healthy"
    if well > HEALTHY_SHARE * len(told):
        return SideHealth(state="healthy", text=words)
    return SideHealth(state="sick", text=f"{words}: {clip(told[0])}")


def unwatched(record: Record) -> SideHealth:
    """Without a health check nothing can ever be known: `healthy` here means *not known sick* (S7), and says so."""
    name = record.set_identifier
    if record.watches_target:
        return SideHealth(state="healthy", text=f"{name} follows its target's health, which Route 53 does not tell")
    return SideHealth(state="healthy", text=f"{name} has no health check: not known sick")
