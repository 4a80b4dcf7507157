"""Lambda over boto3: what a deployment rests on behaves as AWS does."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from demo.cloud import Cloud

LIVE = {"FunctionName": "my-app", "Name": "live"}
EXTRA = {"AdditionalVersionWeights": {"2": 0.1}}


def code_of(refusal: pytest.ExceptionInfo[ClientError]) -> tuple[str, int]:
    """Error code and HTTP status of a refused call."""
    answer: Any = refusal.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


def test_every_update_gives_a_new_revision(functions: Any) -> None:
    """RevisionId changes on each update, even one that changes nothing."""
    seen = {functions.get_alias(**LIVE)["RevisionId"]}
    for _ in range(3):
        seen.add(functions.update_alias(**LIVE)["RevisionId"])
    assert len(seen) == 4
    assert functions.get_alias(**LIVE)["RevisionId"] in seen


def test_a_stale_revision_is_refused(functions: Any, cloud: Cloud) -> None:
    """An UpdateAlias with an old RevisionId is 412 and changes nothing."""
    old = functions.get_alias(**LIVE)["RevisionId"]
    new = functions.update_alias(**LIVE, RoutingConfig=EXTRA, RevisionId=old)
    with pytest.raises(ClientError) as refusal:
        functions.update_alias(**LIVE, FunctionVersion="2", RoutingConfig={}, RevisionId=old)
    assert code_of(refusal) == ("PreconditionFailedException", 412)
    assert functions.get_alias(**LIVE)["RevisionId"] == new["RevisionId"]
    assert len(cloud.log.of("lambda:UpdateAlias")) == 1


def test_one_of_many_at_once_wins(functions: Any, cloud: Cloud) -> None:
    """Eight updates with the same RevisionId at the same time: one is applied, seven are 412."""
    old = functions.get_alias(**LIVE)["RevisionId"]

    def update(percent: int) -> int:
        routing = {"AdditionalVersionWeights": {"2": percent / 100}}
        try:
            answer = functions.update_alias(**LIVE, RoutingConfig=routing, RevisionId=old)
        except ClientError as refused:
            return int(refused.response["ResponseMetadata"]["HTTPStatusCode"])
        return int(answer["ResponseMetadata"]["HTTPStatusCode"])

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(update, range(1, 9)))
    assert statuses == [200] + [412] * 7
    assert len(cloud.log.of("lambda:UpdateAlias")) == 1


def test_an_update_keeps_what_it_does_not_name(functions: Any) -> None:
    """Description and weights survive an update of something else."""
    functions.update_alias(**LIVE, RoutingConfig=EXTRA, Description="by #42")
    kept = functions.update_alias(**LIVE, Description="by #43")
    assert (kept["FunctionVersion"], kept["RoutingConfig"], kept["Description"]) == ("1", EXTRA, "by #43")


@pytest.mark.parametrize("nothing", [{}, {"AdditionalVersionWeights": {}}])
def test_an_empty_routing_clears_the_weights(functions: Any, nothing: dict[str, Any]) -> None:
    """One call moves the alias to the new version and takes the weights away."""
    functions.update_alias(**LIVE, RoutingConfig=EXTRA)
    moved = functions.update_alias(**LIVE, FunctionVersion="2", RoutingConfig=nothing)
    assert moved["FunctionVersion"] == "2"
    assert "RoutingConfig" not in moved
    assert "RoutingConfig" not in functions.get_alias(**LIVE)


@pytest.mark.parametrize(
    ("version", "weights", "expected"),
    [
        ("1", {"9": 0.1}, ("ResourceNotFoundException", 404)),
        ("9", {}, ("ResourceNotFoundException", 404)),
        ("1", {"2": 0.1, "1": 0.1}, ("InvalidParameterValueException", 400)),
        ("1", {"1": 0.1}, ("InvalidParameterValueException", 400)),
        ("$LATEST", {"2": 0.1}, ("InvalidParameterValueException", 400)),
        ("1", {"2": 1.5}, ("ValidationException", 400)),
        ("1", {"$LATEST": 0.1}, ("ValidationException", 400)),
    ],
)
def test_weights_aws_refuses(functions: Any, version: str, weights: Any, expected: tuple[str, int]) -> None:
    """Each impossible weight is refused with AWS's code, and the alias stays as it was."""
    before = functions.get_alias(**LIVE)["RevisionId"]
    with pytest.raises(ClientError) as refusal:
        functions.update_alias(
            **LIVE, FunctionVersion=version, RoutingConfig={"AdditionalVersionWeights": weights}
        )
    assert code_of(refusal) == expected
    assert functions.get_alias(**LIVE)["RevisionId"] == before


def test_moving_onto_the_weighted_version_needs_the_weights_cleared(functions: Any) -> None:
    """FunctionVersion 2 alone is refused while version 2 is in the routing."""
    functions.update_alias(**LIVE, RoutingConfig=EXTRA)
    with pytest.raises(ClientError) as refusal:
        functions.update_alias(**LIVE, FunctionVersion="2")
    assert code_of(refusal)[0] == "InvalidParameterValueException"


def test_unknown_names_are_not_found(functions: Any) -> None:
    """An alias or function nobody has is ResourceNotFoundException on every reading call."""
    with pytest.raises(ClientError) as refusal:
        functions.get_alias(FunctionName="my-app", Name="dead")
    assert code_of(refusal) == ("ResourceNotFoundException", 404)
    for call in (functions.list_versions_by_function, functions.get_function, functions.list_aliases):
        with pytest.raises(ClientError) as refusal:
            call(FunctionName="your-app")
        assert code_of(refusal) == ("ResourceNotFoundException", 404)


def test_publishing_twice_without_a_change_is_one_version(functions: Any, cloud: Cloud) -> None:
    """PublishVersion gives the last version back unless code or configuration changed."""
    assert functions.publish_version(FunctionName="my-app")["Version"] == "2"
    functions.update_function_configuration(FunctionName="my-app", MemorySize=512)
    assert functions.publish_version(FunctionName="my-app")["Version"] == "3"
    assert functions.publish_version(FunctionName="my-app")["Version"] == "3"
    assert cloud.knobs.publish_good() == "Version 4 of my-app is published: good."


def test_a_stale_revision_publishes_nothing(functions: Any) -> None:
    """PublishVersion and UpdateFunctionCode honour RevisionId as well."""
    old = functions.get_function_configuration(FunctionName="my-app")["RevisionId"]
    functions.update_function_configuration(FunctionName="my-app", Timeout=9)
    for call, more in ((functions.publish_version, {}), (functions.update_function_code, {"ZipFile": b"x"})):
        with pytest.raises(ClientError) as refusal:
            call(FunctionName="my-app", RevisionId=old, **more)
        assert code_of(refusal) == ("PreconditionFailedException", 412)


def test_versions_come_in_pages(functions: Any, cloud: Cloud) -> None:
    """Three rows a page here; following the markers gives every version once, $LATEST first."""
    for _ in range(4):
        cloud.knobs.publish_good()
    first = functions.list_versions_by_function(FunctionName="my-app")
    assert len(first["Versions"]) == 3
    assert first["NextMarker"]
    pages = functions.get_paginator("list_versions_by_function").paginate(FunctionName="my-app")
    found = [version["Version"] for page in pages for version in page["Versions"]]
    assert found == ["$LATEST", "1", "2", "3", "4", "5", "6"]
    assert "State" not in first["Versions"][1]
    with pytest.raises(ClientError) as refusal:
        functions.list_versions_by_function(FunctionName="my-app", Marker="!")
    assert code_of(refusal)[0] == "InvalidParameterValueException"


def test_every_version_has_a_state_of_its_own(functions: Any, cloud: Cloud) -> None:
    """A version can be Pending, Inactive or Failed while its sister is Active."""
    for state in ("Pending", "Inactive", "Failed"):
        cloud.knobs.version_state("my-app", "2", state)
        found = functions.get_function_configuration(FunctionName="my-app", Qualifier="2")
        assert found["State"] == state
        assert found["StateReasonCode"]
    active = functions.get_function_configuration(FunctionName="my-app", Qualifier="1")
    assert active["State"] == "Active"
    with pytest.raises(ValueError, match="known: Active, Pending"):
        cloud.knobs.version_state("my-app", "2", "Tired")


def test_a_qualifier_finds_versions_and_aliases(functions: Any) -> None:
    """GetFunction and its configuration follow an alias; the ARN shows what was asked for."""
    by_alias = functions.get_function(FunctionName="my-app", Qualifier="live")["Configuration"]
    assert by_alias["Version"] == "1"
    assert by_alias["FunctionArn"].endswith(":my-app:live")
    whole = functions.get_function(FunctionName=by_alias["FunctionArn"].removesuffix(":live"))
    assert whole["Configuration"]["Version"] == "$LATEST"
    assert whole["Configuration"]["LastModified"].endswith("+0000")


def test_aliases_are_made_listed_and_deleted(functions: Any, cloud: Cloud) -> None:
    """CreateAlias, ListAliases and DeleteAlias work; a second alias of one name is refused."""
    made = functions.create_alias(
        FunctionName="my-app", Name="next", FunctionVersion="1", RoutingConfig=EXTRA, Description="d"
    )
    assert made["RoutingConfig"] == EXTRA
    with pytest.raises(ClientError) as refusal:
        functions.create_alias(FunctionName="my-app", Name="next", FunctionVersion="1")
    assert code_of(refusal)[1] == 409
    listed = functions.list_aliases(FunctionName="my-app")["Aliases"]
    assert [alias["Name"] for alias in listed] == ["live", "next"]
    assert functions.list_aliases(FunctionName="my-app", FunctionVersion="2")["Aliases"] == []
    functions.delete_alias(FunctionName="my-app", Name="next")
    assert len(functions.list_aliases(FunctionName="my-app")["Aliases"]) == 1
    assert len(cloud.log.of("lambda:DeleteAlias")) == 1


def test_reads_can_be_stale_for_a_while(functions: Any, cloud: Cloud) -> None:
    """With two stale reads, GetAlias shows the old alias twice after a write, then the new one."""
    old = functions.get_alias(**LIVE)
    cloud.knobs.stale_reads(2)
    new = functions.update_alias(**LIVE, RoutingConfig=EXTRA)
    seen = [functions.get_alias(**LIVE)["RevisionId"] for _ in range(3)]
    assert seen == [old["RevisionId"], old["RevisionId"], new["RevisionId"]]


def test_the_log_tells_both_sides_of_a_change(functions: Any, cloud: Cloud) -> None:
    """The oracle log holds caller, parameters, revision and shares before and after; reads are counted."""
    old = functions.get_alias(**LIVE)["RevisionId"]
    new = functions.update_alias(**LIVE, RoutingConfig=EXTRA)["RevisionId"]
    (entry,) = cloud.log.of("lambda:UpdateAlias")
    assert entry.before == {"revision": old, "shares": {"1": 100.0}}
    assert entry.after == {"revision": new, "shares": {"1": 90.0, "2": 10.0}}
    assert entry.caller == "arn:aws:iam::123456789012:user/tidegate"
    assert entry.parameters["RoutingConfig"] == EXTRA
    assert cloud.log.reads["lambda:GetAlias"] == 1
