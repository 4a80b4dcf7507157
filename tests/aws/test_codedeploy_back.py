"""A way back to what served on servers before the bot knew them: another key, another bucket, another repository."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from aws.sessions import Sessions
from demo.cloud import Cloud
from rollout.errors import Refused, Serves
from rollout.model import Phase, Rollout
from rollout.release import Release
from tests.aws.bench import CloudClock
from tests.aws.codedeploy_bench import BUCKET, ServerBench
from tests.aws.hooks import answers
from tests.aws.test_codedeploy_server import COMMIT, GITHUB
from tests.aws.test_codedeploy_whole import Stage, ended

PIPELINE = "pipeline/4711.zip"


@pytest.fixture
def bench(served: Cloud, sessions: Sessions) -> ServerBench:
    return ServerBench(served, sessions, CloudClock(served))


def laid(bench: ServerBench, s3: Any, bucket: str = BUCKET, **revision: str) -> Release:
    """What serves was deployed by a pipeline that lays its bundles elsewhere; the release as a row has it."""
    good = bench.group.last_good
    assert good is not None
    body = s3.get_object(Bucket=BUCKET, Key="billing/v1.zip")["Body"].read()
    if bucket != BUCKET:
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    put = s3.put_object(Bucket=bucket, Key=PIPELINE, Body=body)
    tag = put["ETag"].strip('"')
    place = {"bucket": bucket, "key": PIPELINE, "bundleType": "zip", "eTag": tag, **revision}
    if "VersionId" in put:
        place["version"] = put["VersionId"]
    good.asked["revision"] = {"revisionType": "S3", "s3Location": place}
    home = bench.driver.prepare(bench.requested("v2")).stable
    assert home.id == f"s3:{bucket}/{PIPELINE}"
    return home


def deployed(bench: ServerBench, wanted: str = "v2", **settings: Any) -> None:
    """A rollout went to that release, and is over."""
    asked = bench.requested(wanted, **settings)
    prepared = bench.driver.prepare(asked)
    rollout = bench.looked(asked.but(stable=prepared.stable, candidate=prepared.candidate))
    assert bench.launch(rollout, wanted).state == "done"
    bench.cloud.step(600)
    assert bench.course(rollout).state == "done"


def back(bench: ServerBench, home: Release, **settings: Any) -> Rollout:
    return bench.requested(home.id, 2, **settings).but(back=True, home=home)


def test_the_first_release_is_gone_back_to_where_it_lay(bench: ServerBench, console: Any) -> None:
    """A whole rollout: its own key, although the target lays its bundles elsewhere; each server has it again."""
    home = laid(bench, console("s3"))
    deployed(bench)
    stage = Stage(bench)
    stage.begin(home.id, back=True)
    stage.rollout = stage.rollout.but(home=home)
    assert stage.until(ended).phase is Phase.SUCCEEDED
    place = bench.created()[0].parameters["revision"]["s3Location"]
    assert (place["key"], place["eTag"]) == (PIPELINE, home.pinned["etag"])


def test_the_same_without_a_version(bench: ServerBench, console: Any) -> None:
    """A key without {release}, and what served was deployed without naming a version: known by its hash."""
    s3 = console("s3")
    s3.put_object(Bucket=BUCKET, Key=PIPELINE, Body=b"2", ServerSideEncryption="aws:kms")
    home = laid(bench, s3).model_copy(update={"id": f"s3:{BUCKET}/{PIPELINE}"})
    pins = {name: value for name, value in home.pinned.items() if name != "version"}
    home = home.model_copy(update={"pinned": pins})
    deployed(bench)
    prepared = bench.driver.prepare(back(bench, home, key=PIPELINE))
    assert prepared.candidate == home
    assert {one.name: one.state for one in prepared.checks}["kms"] == "warn"  # it served, encrypted or not


@pytest.mark.parametrize("what", ["gone", "written anew"])
def test_a_bundle_that_is_not_there_any_more_is_refused(bench: ServerBench, console: Any, what: str) -> None:
    """In a bucket without versions: nothing else of that name is shipped instead."""
    s3 = console("s3")
    home = laid(bench, s3, "pipeline")
    deployed(bench)
    if what == "gone":
        s3.delete_object(Bucket="pipeline", Key=PIPELINE)
    else:
        s3.put_object(Bucket="pipeline", Key=PIPELINE, Body=b"another")
    with pytest.raises(Refused, match="is gone" if what == "gone" else "it was written since"):
        bench.driver.prepare(back(bench, home))


def test_another_bucket_that_nobody_here_may_read_is_told(bench: ServerBench, console: Any) -> None:
    """The servers read it by their own role: that it was not checked is said, and no reason to stay."""
    home = laid(bench, console("s3"), "pipeline")
    deployed(bench)
    refusal: Any = {"Error": {"Code": "403", "Message": "Forbidden"}, "ResponseMetadata": {"HTTPStatusCode": 403}}
    with answers(bench.sessions, "s3", "HeadObject", ClientError(refusal, "HeadObject")):
        prepared = bench.driver.prepare(back(bench, home))
    [check] = [one for one in prepared.checks if one.name == "bundle"]
    assert check.state == "warn" and "pipeline/pipeline/4711.zip" in check.text and "on pipeline" in check.hint
    assert prepared.candidate == home


def test_a_commit_of_another_repository(bench: ServerBench) -> None:
    """What was recorded names its repository; the target's own is that of new releases."""
    deployed(bench, COMMIT, **GITHUB)
    home = Release(id="f" * 40, pinned={"repository": "example/billing-old", "commit": "f" * 40})
    assert bench.driver.prepare(back(bench, home, **GITHUB)).candidate == home
    same = Release(id=COMMIT, pinned={"repository": "example/billing", "commit": COMMIT})
    with pytest.raises(Serves, match=f"already serves {COMMIT}"):
        bench.driver.prepare(back(bench, same, **GITHUB))
    fork = Release(id=COMMIT, pinned={"repository": "example/fork", "commit": COMMIT})
    with pytest.raises(Refused, match="repository example/billing, not example/fork"):
        bench.driver.prepare(back(bench, fork, **GITHUB))


def test_a_row_of_another_driver_is_resolved_by_its_name(bench: ServerBench) -> None:
    """Pins of another kind say nothing of a bundle."""
    deployed(bench)
    home = Release(id="v1", pinned={"version": "1", "sha256": "0"})
    assert bench.driver.prepare(back(bench, home)).candidate.pinned["key"] == "billing/v1.zip"
