"""Tags of alarms: CloudWatch's own three operations, and the tagging service's GetResources over all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from demo.cloud.alarm import Alarm
from demo.cloud.alarms import Alarms
from demo.cloud.calls import Answer, Call, Failure, Operations
from demo.cloud.paging import BadToken, page

MOST_TAGS = 50
LONGEST_KEY, LONGEST_VALUE = 128, 256
MOST_RESOURCES = 100
USUAL_RESOURCES = 50
TYPES = ("cloudwatch", "cloudwatch:alarm")
UNKNOWN_FILTERS = ("TagsPerPage", "IncludeComplianceDetails", "ExcludeCompliantResources")


@dataclass
class TagApi:
    """The tags of one set of alarms."""

    alarms: Alarms
    page_size: int = USUAL_RESOURCES

    def operations(self) -> Operations:
        """CloudWatch's operations answered here."""
        return {
            "TagResource": self.tag,
            "UntagResource": self.untag,
            "ListTagsForResource": lambda call: Answer({"Tags": _listed(self._need(call))}),
        }

    def tagging(self) -> Operations:
        """The tagging service's operations answered here."""
        return {"GetResources": self.get_resources}

    def tag(self, call: Call) -> Answer:
        """Adds tags, or gives them new values."""
        alarm = self._need(call)
        alarm.tags = read_tags(call.parameters["Tags"], alarm.tags)
        return Answer()

    def untag(self, call: Call) -> Answer:
        """Takes tags away; keys it does not have are no error."""
        alarm = self._need(call)
        alarm.tags = {key: value for key, value in alarm.tags.items() if key not in call.parameters["TagKeys"]}
        return Answer()

    def get_resources(self, call: Call) -> Answer:
        """Alarms with tags: all filters must fit, one value of each is enough. Only of the call's own region."""
        asked = call.parameters
        _check(asked)
        wanted, arns = asked.get("TagFilters", []), asked.get("ResourceARNList")
        rows = [
            alarm for alarm in self.alarms.of(call.account, call.region)
            if alarm.tags and (arns is None or alarm.arn in arns) and all(_fits(alarm, one) for one in wanted)
        ]
        small = self.page_size < USUAL_RESOURCES
        size = min(asked.get("ResourcesPerPage", self.page_size), self.page_size if small else MOST_RESOURCES)
        try:
            shown, token = page(rows, lambda alarm: [alarm.name], asked.get("PaginationToken"), size)
        except BadToken as error:
            raise Failure("InvalidParameterException", "The PaginationToken is invalid.") from error
        return Answer({
            "PaginationToken": token or "",
            "ResourceTagMappingList": [{"ResourceARN": alarm.arn, "Tags": _listed(alarm)} for alarm in shown],
        })

    def _need(self, call: Call) -> Alarm:
        arn = call.parameters["ResourceARN"]
        head, _, name = arn.partition(":alarm:")
        alarm = self.alarms.get((call.account, call.region, name))
        if alarm is None or alarm.arn != arn:
            if not head.startswith("arn:aws:cloudwatch:"):
                raise Failure("InvalidParameterValue", f"{arn} is not an ARN of CloudWatch")
            raise Failure("ResourceNotFoundException", f"Resource {arn} does not exist", 404)
        return alarm


def read_tags(given: Sequence[Mapping[str, str]], present: Mapping[str, str]) -> dict[str, str]:
    """The present tags with the given ones over them. Refuses too many, too long, and AWS's own keys."""
    for one in given:
        if not 1 <= len(one["Key"]) <= LONGEST_KEY or len(one["Value"]) > LONGEST_VALUE:
            raise Failure("InvalidParameterValue", f"The tag {one['Key']} or its value is too long or empty")
        if one["Key"].lower().startswith("aws:"):
            raise Failure("InvalidParameterValue", "Tag keys that begin with aws: are reserved")
    tags = dict(present) | {one["Key"]: one["Value"] for one in given}
    if len(tags) > MOST_TAGS:
        raise Failure("InvalidParameterValue", f"{len(tags)} tags are more than {MOST_TAGS}")
    return tags


def _listed(alarm: Alarm) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(alarm.tags.items())]


def _fits(alarm: Alarm, wanted: Mapping[str, Any]) -> bool:
    return wanted["Key"] in alarm.tags and alarm.tags[wanted["Key"]] in (
        wanted.get("Values") or [alarm.tags[wanted["Key"]]]
    )


def _check(asked: Mapping[str, Any]) -> None:
    for name in UNKNOWN_FILTERS:
        if name in asked:
            raise Failure("InvalidParameterException", f"{name} is not known to the embedded cloud")
    for kind in asked.get("ResourceTypeFilters", []):
        if kind not in TYPES:
            raise Failure("InvalidParameterException", (
                f"the embedded cloud knows the tags of {' and '.join(TYPES)}, not of {kind}"
            ))
    if "ResourceARNList" in asked and ("ResourceTypeFilters" in asked or "TagFilters" in asked):
        raise Failure("InvalidParameterException", "ResourceARNList cannot be combined with filters")
    if not 1 <= asked.get("ResourcesPerPage", 1) <= MOST_RESOURCES:
        raise Failure("InvalidParameterException", f"ResourcesPerPage must be between 1 and {MOST_RESOURCES}")
