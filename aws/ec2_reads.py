"""Asks EC2 Auto Scaling: groups by fifty, what they did, versions of launch templates. Judges nothing."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from aws.alb_reads import batches
from aws.calls import Calls
from aws.ec2_replies import Activities, Activity, Pool, Pools, TemplateRef, TemplateVersion, TemplateVersions
from aws.faults import clip
from rollout.errors import NotFound, TargetError

A_CALL: Final = 50
MOST_PAGES: Final = 50
ALIKE: Final = 3
"""Instances that ended, or could not start, for the same reason: more of them will."""
SHOWN: Final = 10
NEWEST: Final = "$Latest"
_UNHEALTHY: Final = re.compile(r"health[ -]check", re.IGNORECASE)
_MOMENT: Final = re.compile(r"\bAt (\S+Z|this time),? ?")
_INSTANCE: Final = re.compile(r"\bi-[0-9a-f]{8,17}\b")


def read_pools(scaling: Calls, names: Iterable[str]) -> dict[str, Pool | TargetError]:
    """Groups by name; a failure is the value of each it is about."""
    found: dict[str, Pool | TargetError] = {}
    for batch in batches(sorted(set(names)), A_CALL):
        try:
            known = {one.name: one for one in _pools(scaling, batch)}
        except TargetError as error:
            found |= dict.fromkeys(batch, error)
            continue
        found |= {name: known.get(name) or _missing(name) for name in batch}
    return found


def versions_of(ec2: Calls, template: TemplateRef, *versions: str) -> list[TemplateVersion]:
    """These versions of a launch template, all of them where none is named; newest first."""
    rows: list[TemplateVersion] = []
    asked: dict[str, Any] = {"Versions": list(versions)} if versions else {}
    for _ in range(MOST_PAGES):
        page = ec2.read("DescribeLaunchTemplateVersions", TemplateVersions, **template.asked, **asked)
        rows += page.launch_template_versions
        if not page.next_token:
            return sorted(rows, key=lambda row: -row.version_number)
        asked["NextToken"] = page.next_token
    raise TargetError("config", f"{template.name} has more than {MOST_PAGES} pages of versions", "delete old ones")


def version_of(ec2: Calls, template: TemplateRef, wanted: str) -> TemplateVersion:
    """The version that is meant; NotFound with the newest ones where there is none."""
    try:
        found = versions_of(ec2, template, wanted) if wanted.isdecimal() or wanted == NEWEST else []
    except TargetError as error:
        if error.kind != "absent":
            raise
        found = []
    if found:
        return found[0]
    known = [str(row.version_number) for row in versions_of(ec2, template)]
    more = f" and {len(known) - SHOWN} older" if len(known) > SHOWN else ""
    raise NotFound(f"{template.name} has no version {clip(wanted, 40)}", f"it has {', '.join(known[:SHOWN])}{more}")


def crash_words(scaling: Calls, name: str, since: datetime) -> str:
    """Why instances of a group end or fail to start alike since then; empty where they do not."""
    try:
        page = scaling.read("DescribeScalingActivities", Activities, AutoScalingGroupName=name, MaxRecords=100)
    except TargetError:
        return ""  # it only says sooner what the missing targets say anyway
    return alike([one for one in page.activities if one.start_time and one.start_time >= since])


def alike(activities: Sequence[Activity]) -> str:
    """The reason that most of these activities have, where it is that of three at least."""
    reasons = Counter(filter(None, map(_reason, activities)))
    if not reasons or reasons.most_common(1)[0][1] < ALIKE:
        return ""
    reason, count = reasons.most_common(1)[0]
    return f"{count} instances failed alike: {reason}"


def _reason(activity: Activity) -> str:
    """What went wrong; empty where a size was changed, or all went well. Without the moment and the instance."""
    if activity.status_code == "Failed":
        return clip(_INSTANCE.sub("an instance", activity.status_message) or "it could not be started")
    if activity.description.startswith("Terminating") and _UNHEALTHY.search(activity.cause):
        return clip(_MOMENT.sub("", activity.cause).strip())
    return ""


def _pools(scaling: Calls, names: list[str]) -> list[Pool]:
    rows: list[Pool] = []
    more: dict[str, str] = {}
    for _ in range(MOST_PAGES):
        page = scaling.read("DescribeAutoScalingGroups", Pools, AutoScalingGroupNames=names, **more)
        rows += page.auto_scaling_groups
        if not page.next_token:
            return rows
        more = {"NextToken": page.next_token}
    raise TargetError("transient", f"autoscaling:DescribeAutoScalingGroups did not end after {MOST_PAGES} pages")


def _missing(name: str) -> TargetError:
    fact = f"there is no Auto Scaling group {name}"
    return TargetError("absent", fact, "correct the name in the configuration, or create it")
