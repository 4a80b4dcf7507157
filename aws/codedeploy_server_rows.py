"""Instances of a blue/green deployment by their lifecycle events: who gets ready, who gets traffic, who loses it.

By events and not by labels: a way back sends traffic to the old instances, and AWS does not say what it calls them
there. No calls.
"""

from collections.abc import Sequence
from typing import NamedTuple

from aws.codedeploy_reads import MOST_TARGETS
from aws.codedeploy_replies import TargetRow

BEFORE, ALLOW, BLOCK = "BeforeAllowTraffic", "AllowTraffic", "BlockTraffic"
TRAFFIC = frozenset({BEFORE, ALLOW, "AfterAllowTraffic", "BeforeBlockTraffic", BLOCK, "AfterBlockTraffic"})
_NOT_BEGUN = ("", "Pending", "Skipped")


class Fleets(NamedTuple):
    """How many instances come and how many leave. `ready`: the release is installed on it and it may get traffic."""

    coming: int = 0
    ready: int = 0
    reached: int = 0
    """Traffic was begun to be sent to it, however that went."""
    serving: int = 0
    """It was sent there, for certain."""
    leaving: int = 0
    left: int = 0
    again: bool = False
    """What comes has the release already: they are the old ones of a way back."""
    partly: bool = False
    """There are more than were read: nothing is certain of all."""

    @property
    def moved(self) -> bool:
        """All traffic is where it shall be."""
        return not self.partly and self.coming > 0 and self.serving == self.coming and self.left == self.leaving

    @property
    def words(self) -> str:
        """`3 of 3 instances ready, 2 get traffic`, of a way back `2 of 3 instances get traffic again`."""
        told = f"{self.ready} of {self.coming} instances ready"
        told += f", {self.serving} get traffic" if self.reached else ""
        if self.again:
            told = f"{self.serving} of {self.coming} instances get traffic again"
        told += f", {self.left} of {self.leaving} old ones out" if self.left else ""
        return f"{told}, of the first {self.coming + self.leaving}" if self.partly else told


def fleets_of(targets: Sequence[TargetRow]) -> Fleets | None:
    """The instances of a blue/green deployment; None where these are others, or none are told."""
    rows = [row for row in targets if row.instance_label]
    coming = [row for row in rows if _event(row, ALLOW)]
    leaving = [row for row in rows if _event(row, BLOCK) and not _event(row, ALLOW)]
    if not coming and not leaving:
        return None
    return Fleets(
        coming=len(coming),
        ready=sum(row.status in ("Ready", "Succeeded") or _begun(row, BEFORE) or _begun(row, ALLOW) for row in coming),
        reached=sum(_begun(row, ALLOW) for row in coming),
        serving=sum(_event(row, ALLOW) == "Succeeded" for row in coming),
        leaving=len(leaving),
        left=sum(_event(row, BLOCK) == "Succeeded" for row in leaving),
        again=all(event.lifecycle_event_name in TRAFFIC for row in rows for event in row.lifecycle_events),
        partly=len(targets) >= MOST_TARGETS,
    )  # fmt: skip


def in_order(targets: Sequence[TargetRow]) -> list[TargetRow]:
    """Those that get traffic first: their events come before those of the ones that lose it."""
    return sorted(targets, key=lambda row: not _event(row, ALLOW))


def shifted(targets: Sequence[TargetRow]) -> bool:
    """Whether traffic was begun to be sent to what comes, of any target."""
    return any(_begun(row, ALLOW) for row in targets)


def _begun(row: TargetRow, name: str) -> bool:
    return _event(row, name) not in _NOT_BEGUN


def _event(row: TargetRow, name: str) -> str:
    """The status of that event; empty where the instance has none such."""
    return next((one.status for one in row.lifecycle_events if one.lifecycle_event_name == name), "")
