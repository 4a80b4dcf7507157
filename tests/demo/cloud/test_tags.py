"""Tags of alarms, by CloudWatch's own operations and by the tagging service."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from demo.cloud import Cloud
from tests.demo.cloud.conftest import Clients

ARN = "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:"


@pytest.fixture
def tagging(clients: Clients, cloud: Cloud) -> Any:
    return clients("resourcegroupstaggingapi")


def tags(watch: Any, name: str) -> dict[str, str]:
    """The tags CloudWatch lists."""
    listed = watch.list_tags_for_resource(ResourceARN=ARN + name)["Tags"]
    return {tag["Key"]: tag["Value"] for tag in listed}


def found(tagging: Any, **asked: Any) -> list[str]:
    """Names of the alarms that GetResources finds, over all pages."""
    pages = tagging.get_paginator("get_resources").paginate(ResourceTypeFilters=["cloudwatch:alarm"], **asked)
    return [row["ResourceARN"].removeprefix(ARN) for page in pages for row in page["ResourceTagMappingList"]]


def code(call: Any, **asked: Any) -> str:
    """The code of a refused call."""
    with pytest.raises(ClientError) as refused:
        call(**asked)
    return str(refused.value.response["Error"]["Code"])


def test_tags_of_both_kinds(watch: Any) -> None:
    """Given at birth, changed, taken away; an update of the alarm leaves them alone, as AWS does."""
    watch.put_composite_alarm(AlarmName="c", AlarmRule="TRUE", Tags=[{"Key": "team", "Value": "shop"}])
    assert tags(watch, "c") == {"team": "shop"}
    watch.tag_resource(ResourceARN=f"{ARN}c", Tags=[{"Key": "team", "Value": "home"}, {"Key": "tier", "Value": "1"}])
    watch.untag_resource(ResourceARN=f"{ARN}c", TagKeys=["tier", "never"])
    watch.put_composite_alarm(AlarmName="c", AlarmRule="FALSE", Tags=[{"Key": "team", "Value": "other"}])
    assert tags(watch, "c") == {"team": "home"}
    assert tags(watch, "my-app-errors") == {"app": "my-app", "team": "payments"}
    assert "Tags" not in watch.describe_alarms(AlarmNames=["my-app-errors"])["MetricAlarms"][0]


def test_deleted_tags_do_not_come_back(watch: Any, tagging: Any) -> None:
    """A new alarm of an old name has no tags, and a deleted one is no resource any more."""
    watch.put_composite_alarm(AlarmName="c", AlarmRule="TRUE", Tags=[{"Key": "team", "Value": "shop"}])
    watch.delete_alarms(AlarmNames=["c"])
    assert code(watch.list_tags_for_resource, ResourceARN=f"{ARN}c") == "ResourceNotFoundException"
    assert found(tagging, TagFilters=[{"Key": "team", "Values": ["shop"]}]) == []
    watch.put_composite_alarm(AlarmName="c", AlarmRule="TRUE")
    assert tags(watch, "c") == {}


def test_every_filter_must_fit_and_one_value_is_enough(tagging: Any) -> None:
    """Keys are joined by AND, values by OR; a key without values asks for its presence only."""
    assert found(tagging, TagFilters=[{"Key": "app", "Values": ["radio", "lamp"]}]) == [
        "lamp-any", "lamp-errors", "lamp-v2-errors", "radio-errors"
    ]
    both = [{"Key": "app", "Values": ["radio", "lamp"]}, {"Key": "team", "Values": ["media"]}]
    assert found(tagging, TagFilters=both) == ["radio-errors"]
    assert len(found(tagging, TagFilters=[{"Key": "team"}])) == 7
    assert found(tagging, TagFilters=[{"Key": "team", "Values": ["nobody"]}]) == []


def test_resources_come_in_pages(tagging: Any, watch: Any) -> None:
    """Two a page, a token until the last; untagged alarms are none of them."""
    watch.put_composite_alarm(AlarmName="bare", AlarmRule="TRUE")
    sizes, token = [], ""
    while True:
        page = tagging.get_resources(ResourceTypeFilters=["cloudwatch"], ResourcesPerPage=2, PaginationToken=token)
        sizes.append(len(page["ResourceTagMappingList"]))
        token = page["PaginationToken"]
        if not token:
            break
    assert sizes == [2, 2, 2, 1]
    assert "bare" not in found(tagging)
    listed = tagging.get_resources(ResourceARNList=[f"{ARN}radio-errors"])["ResourceTagMappingList"]
    assert listed == [{"ResourceARN": f"{ARN}radio-errors",
                       "Tags": [{"Key": "app", "Value": "radio"}, {"Key": "team", "Value": "media"}]}]


def test_only_the_own_region(cloud: Cloud, tagging: Any) -> None:
    """Alarms of another region are not found from here."""
    cloud.knobs.crowd("there", 2, region="us-east-1")
    assert found(tagging, TagFilters=[{"Key": "crowd"}]) == []


def test_refused_tags(watch: Any) -> None:
    """Unknown alarms, foreign ARNs, reserved keys and more than fifty tags."""
    tag = [{"Key": "a", "Value": "b"}]
    assert code(watch.tag_resource, ResourceARN=f"{ARN}gone", Tags=tag) == "ResourceNotFoundException"
    elsewhere = ARN.replace("eu-central-1", "us-east-1")
    assert code(watch.tag_resource, ResourceARN=f"{elsewhere}lamp-errors", Tags=tag) == "ResourceNotFoundException"
    assert code(watch.tag_resource, ResourceARN="arn:aws:s3:::x", Tags=tag) == "InvalidParameterValue"
    lamp = f"{ARN}lamp-errors"
    for wrong in ([{"Key": "aws:x", "Value": "y"}], [{"Key": str(n), "Value": ""} for n in range(51)]):
        assert code(watch.tag_resource, ResourceARN=lamp, Tags=wrong) == "InvalidParameterValue"
    assert tags(watch, "lamp-errors") == {"app": "lamp", "team": "home"}


@pytest.mark.parametrize(
    "asked",
    [
        {"ResourceTypeFilters": ["s3:bucket"]}, {"TagsPerPage": 100}, {"PaginationToken": "?"},
        {"ResourcesPerPage": 101}, {"ResourceARNList": [f"{ARN}lamp-errors"], "TagFilters": [{"Key": "app"}]},
    ],
)
def test_refused_questions(tagging: Any, asked: dict[str, Any]) -> None:
    """What the tagging service or this cloud cannot answer is an InvalidParameterException."""
    assert code(tagging.get_resources, **asked) == "InvalidParameterException"


def test_its_faults_have_its_own_codes(cloud: Cloud, tagging: Any) -> None:
    """Throttled, denied with the IAM name of the action, and out of order as the tagging service says it."""
    name = "resourcegroupstaggingapi:GetResources"
    for knob, expected in ((cloud.knobs.throttle, "ThrottledException"), (cloud.knobs.deny, "AccessDeniedException"),
                           (cloud.knobs.outage, "InternalServiceException")):
        knob(name, times=1)
        assert code(tagging.get_resources) == expected
    cloud.knobs.deny(name, times=1)
    with pytest.raises(ClientError, match="not authorized to perform: tag:GetResources"):
        tagging.get_resources()
    assert cloud.log.count(name) == 4
    assert cloud.log.refused[name] == 4
