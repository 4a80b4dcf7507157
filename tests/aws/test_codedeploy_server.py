from typing import Any

import pytest
from botocore.exceptions import ClientError

from aws.sessions import Sessions
from demo.cloud import Cloud
from rollout.errors import NotFound, Refused, TargetError
from rollout.model import Rollout
from tests.aws.bench import CloudClock
from tests.aws.codedeploy_bench import BUCKET, ServerBench
from tests.aws.hooks import answers

COMMIT = "0123456789abcdef0123456789abcdef01234567"
GITHUB: dict[str, Any] = {"bucket": "", "key": "", "kms": False, "repository": "example/billing"}


@pytest.fixture
def bench(served: Cloud, sessions: Sessions) -> ServerBench:
    return ServerBench(served, sessions, CloudClock(served))


def follow(bench: ServerBench, rollout: Rollout, *ends: str) -> list[tuple[str, int | None]]:
    """State and share at every look until one of these ends, each once."""
    seen: list[tuple[str, int | None]] = []
    while not seen or seen[-1][0] not in ends:
        bench.cloud.step(5)
        rollout = bench.looked(rollout)
        assert rollout.seen is not None and rollout.seen.course is not None and len(seen) < 200
        now = (rollout.seen.course.state, rollout.seen.percent)
        seen += [now] if not seen or seen[-1] != now else []
    return seen


def test_a_deployment_from_its_start_to_its_end(bench: ServerBench) -> None:
    """One server after the other: the share is that of the servers that have it."""
    rollout = bench.looked(bench.accepted())
    assert bench.launch(rollout).state == "done"
    shares = [percent for state, percent in follow(bench, rollout, "done")]
    assert list(dict.fromkeys(shares)) == [0, 25, 50, 75, 100]
    seen = bench.seen(rollout)
    assert bench.programs() == ["v2"] * 4 and seen.candidate.state == "healthy"
    [asked] = [entry.parameters for entry in bench.created()]
    assert asked["revision"] == bench.billing.revisions["v2"]
    assert "deploymentConfigName" not in asked


def test_a_program_that_does_not_come_up_goes_back(bench: ServerBench) -> None:
    """The first server fails, AWS takes it back by a deployment of its own, and the share ends at nothing."""
    rollout = bench.looked(bench.accepted("v4"))
    bench.launch(rollout, "v4")
    seen = follow(bench, rollout, "back", "failed", "done")
    assert seen[-1] == ("back", 0) and bench.programs() == ["v1"] * 4
    assert ("failed", 25) not in seen and "HEALTH_CONSTRAINTS" in bench.course(rollout).reason
    assert bench.seen(rollout).candidate.text == "0 of 4 instances have v4, 1 failed"


def test_a_stop_in_the_middle_goes_back(bench: ServerBench) -> None:
    """Two of four have it: the share falls only as the old one is put back."""
    rollout = bench.looked(bench.accepted())
    bench.launch(rollout)
    while bench.seen(rollout).percent != 50:
        bench.cloud.step(2)
    assert bench.stop(rollout).state == "done"
    seen = follow(bench, rollout, "back", "failed", "done")
    shares = [percent or 0 for _, percent in seen if percent is not None]
    assert seen[-1] == ("back", 0) and bench.programs() == ["v1"] * 4
    assert max(shares) <= 75 and all(share > 0 for (state, share) in seen[:-1] if share is not None)


def test_going_back_after_the_end_keeps_the_groups_pace(bench: ServerBench) -> None:
    """All servers at once would leave nobody to serve: no configuration is named, the group has one at a time."""
    rollout = bench.looked(bench.accepted())
    bench.launch(rollout)
    follow(bench, rollout, "done")
    rollout = bench.looked(rollout)
    assert bench.launch(rollout, "v1").state == "done"
    asked = bench.created()[-1].parameters
    assert "deploymentConfigName" not in asked and asked["revision"] == bench.billing.revisions["v1"]
    shares = [percent for _, percent in follow(bench, rollout, "back")]
    assert list(dict.fromkeys(shares)) == [100, 75, 50, 25, 0]


def test_a_named_configuration_is_asked_for(bench: ServerBench) -> None:
    """`configuration` in the target stands above the group's own."""
    rollout = bench.looked(bench.accepted(configuration="CodeDeployDefault.HalfAtATime"))
    bench.launch(rollout)
    assert bench.created()[0].parameters["deploymentConfigName"] == "CodeDeployDefault.HalfAtATime"
    shares = [percent for _, percent in follow(bench, rollout, "done")]
    assert list(dict.fromkeys(shares)) == [0, 50, 100] or 25 in shares


def test_a_look_is_one_call(bench: ServerBench) -> None:
    """However many servers there are: counts come with the deployment."""
    rollout = bench.launched(20)
    bench.cloud.log.clear()
    bench.looked(rollout)
    assert bench.reads() == {"codedeploy:BatchGetDeployments": 1}


# --- what is deployed


def test_the_newest_archive_is_latest_and_pinned(bench: ServerBench) -> None:
    """Found by its age, pinned by version and content, the same that serves told from the same group."""
    prepared = bench.driver.prepare(bench.requested())
    assert (prepared.stable.id, prepared.candidate.id) == ("v1", "v2")
    place = bench.billing.revisions["v2"]["s3Location"]
    assert prepared.candidate.pinned == {
        "bucket": BUCKET, "key": place["key"], "version": place["version"], "etag": place["eTag"], "bundle": "zip",
    }  # fmt: skip
    assert prepared.diff[0] == "release v1 → v2" and bench.cloud.log.applied == []
    assert not [check for check in prepared.checks if check.state == "fail"]


def test_an_unknown_archive_is_not_found(bench: ServerBench) -> None:
    """Refused with those that there are, newest first."""
    with pytest.raises(NotFound) as caught:
        bench.driver.prepare(bench.requested("v99"))
    assert "billing/v99.zip" in caught.value.fact and "it has v2, v3, v4, v1" in caught.value.hint


def test_what_serves_again_is_refused(bench: ServerBench) -> None:
    """The release that was deployed last with success."""
    with pytest.raises(Refused, match="already serves v1"):
        bench.driver.prepare(bench.requested("v1"))


def test_an_archive_in_the_open_is_refused_where_kms_is_wanted(bench: ServerBench, console: Any) -> None:
    """Named with what it has instead; the same archive passes where nobody asked for encryption."""
    console("s3").put_object(Bucket=BUCKET, Key="billing/v5.zip", Body=b"zip")
    prepared = bench.driver.prepare(bench.requested("v5"))
    [failed] = [check for check in prepared.checks if check.state == "fail"]
    assert failed.name == "kms" and "billing/v5.zip is not encrypted" in failed.text
    assert "--sse aws:kms" in failed.hint
    console("s3").put_object(Bucket=BUCKET, Key="billing/v6.zip", Body=b"zip", ServerSideEncryption="AES256")
    assert [check for check in bench.driver.prepare(bench.requested("v6")).checks if check.name == "kms"]
    plain = bench.driver.prepare(bench.requested("v5", kms=False))
    assert not [check for check in plain.checks if check.state == "fail"]


def test_versions_of_one_object_are_releases(bench: ServerBench, console: Any) -> None:
    """A key without {release}: the newest version is latest, an older one is named by its id."""
    s3 = console("s3")
    first, second = (
        s3.put_object(Bucket=BUCKET, Key="one.zip", Body=body, ServerSideEncryption="aws:kms")["VersionId"]
        for body in (b"1", b"2")
    )
    newest = bench.driver.prepare(bench.requested(key="one.zip"))
    assert newest.candidate.id == second and newest.stable.id == f"s3:{BUCKET}/billing/v1.zip"
    assert bench.driver.prepare(bench.requested(first, key="one.zip")).candidate.id == first
    with pytest.raises(NotFound) as caught:
        bench.driver.prepare(bench.requested("nonsense", key="one.zip"))
    assert second in caught.value.hint
    rollout = bench.looked(bench.accepted(first, key="one.zip"))
    bench.launch(rollout, first)
    assert bench.created()[0].parameters["revision"]["s3Location"]["version"] == first


def test_a_bucket_without_versions_cannot_pin_one_object(bench: ServerBench, console: Any) -> None:
    """What could change under its name is refused, with both ways out."""
    s3 = console("s3")
    s3.create_bucket(Bucket="plain", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    s3.put_object(Bucket="plain", Key="one.zip", Body=b"1")
    with pytest.raises(Refused, match="keeps no versions") as caught:
        bench.driver.prepare(bench.requested(bucket="plain", key="one.zip", kms=False))
    assert "{release}" in caught.value.hint
    with pytest.raises(Refused, match="has no object"):
        bench.driver.prepare(bench.requested(bucket="plain", key="x-{release}.zip"))
    s3.put_object(Bucket="plain", Key="x-1.zip", Body=b"1")
    pinned = bench.driver.prepare(bench.requested(bucket="plain", key="x-{release}.zip", kms=False)).candidate.pinned
    assert "version" not in pinned and pinned["etag"]


def test_a_commit_is_named_whole(bench: ServerBench) -> None:
    """Nobody here reads GitHub: `latest`, a branch and a short hash are refused, a full one is pinned."""
    for wanted in ("", "latest", "main", COMMIT[:12], COMMIT.upper()):
        with pytest.raises(Refused, match="not a commit by its full hash"):
            bench.driver.prepare(bench.requested(wanted, **GITHUB))
    rollout = bench.looked(bench.accepted(COMMIT, **GITHUB))
    bench.launch(rollout, COMMIT)
    assert bench.created()[0].parameters["revision"] == {
        "revisionType": "GitHub", "gitHubLocation": {"repository": "example/billing", "commitId": COMMIT},
    }  # fmt: skip
    follow(bench, rollout, "done")
    with pytest.raises(Refused, match=f"already serves {COMMIT}"):
        bench.driver.prepare(bench.requested(COMMIT, number=2, **GITHUB))


def test_a_group_that_never_deployed_has_nothing_to_go_back_to(bench: ServerBench) -> None:
    """The first deployment of all is somebody's by hand."""
    bench.group.deployments.clear()
    with pytest.raises(Refused, match="nothing to go back to"):
        bench.driver.prepare(bench.requested())


def test_a_denied_archive_names_iams_own_permissions(bench: ServerBench) -> None:
    """No permission is called HeadObject: the hint says what a policy can say."""
    refusal: Any = {"Error": {"Code": "403", "Message": "Forbidden"}, "ResponseMetadata": {"HTTPStatusCode": 403}}
    denied = ClientError(refusal, "HeadObject")
    with answers(bench.sessions, "s3", "HeadObject", denied), pytest.raises(TargetError) as caught:
        bench.driver.prepare(bench.requested("v2"))
    assert caught.value.kind == "auth" and f"allow s3:GetObject, s3:GetObjectVersion and s3:ListBucket on {BUCKET}" in (
        caught.value.hint
    )


def test_a_target_in_order_says_what_serves(bench: ServerBench) -> None:
    """For `tidegate check`: what is there, what would come, what AWS does by itself."""
    first, *others = bench.driver.examine(bench.driver.Target.model_validate(bench.settings))
    assert first.text == "group billing: v1 serves; v2 would come next"
    assert [check.state for check in others] == ["ok"] and "when it fails" in others[0].text
    assert "goes back by itself" in others[0].text and bench.cloud.log.applied == []
    commit = bench.driver.Target.model_validate({**bench.settings, **GITHUB})
    assert "a commit is named after @" in bench.driver.examine(commit)[0].text
