"""What the look at a requested rollout finds out about two Lambda versions."""

from typing import Any

import pytest

from aws.lambda_facts import Alias, DeadLetter, Version
from aws.lambda_preflight import prepared
from demo.cloud.knobs import archive
from rollout.errors import NotFound, Refused, TargetError
from rollout.release import Check
from tests.aws.bench import LambdaBench


def checks(bench: LambdaBench, wanted: str = "2") -> dict[str, Check]:
    return {check.name: check for check in bench.driver.prepare(bench.requested(wanted)).checks}


def publish(console: Any, **configuration: Any) -> str:
    """A version with another configuration."""
    console("lambda").update_function_configuration(FunctionName="my-app", **configuration)
    return str(console("lambda").publish_version(FunctionName="my-app")["Version"])


def test_latest_is_the_highest_number_not_the_last_word(bench: LambdaBench) -> None:
    """Version 10 is newer than 9, over all pages."""
    bench.cloud.world.functions.page_size = 3
    for _ in range(8):
        bench.cloud.knobs.publish_good()
    assert bench.driver.prepare(bench.requested()).candidate.id == "11"
    assert bench.driver.prepare(bench.requested("latest")).candidate.id == "11"
    assert bench.cloud.log.reads["lambda:ListVersionsByFunction"] == 8
    bench.cloud.world.functions.page_size = 50


def test_the_newest_ten_are_named_when_one_is_unknown(bench: LambdaBench) -> None:
    """The hint lists what could have been meant, and how much more there is."""
    for _ in range(9):
        bench.cloud.knobs.publish_good()
    with pytest.raises(NotFound) as caught:
        bench.driver.prepare(bench.requested("02"))
    assert str(caught.value) == "my-app has no version 02. it has 12, 11, 10, 9, 8, 7, 6, 5, 4, 3 and 2 older"


def test_a_function_never_published_is_refused(bench: LambdaBench, console: Any) -> None:
    """Nothing to ship: the hint is the command that publishes."""
    role = console("lambda").get_function_configuration(FunctionName="my-app")["Role"]
    console("lambda").create_function(
        FunctionName="fresh", Runtime="python3.12", Role=role, Handler="a.b", Code={"ZipFile": archive("x")}
    )
    console("lambda").create_alias(FunctionName="fresh", Name="live", FunctionVersion="$LATEST")
    rollout = bench.requested()
    settings = {**rollout.terms.settings, "function": "fresh"}
    rollout = rollout.but(terms=rollout.terms.model_copy(update={"settings": settings}))
    with pytest.raises(Refused, match="fresh has no published version"):
        bench.driver.prepare(rollout)


def test_a_missing_alias_names_operation_and_function(bench: LambdaBench) -> None:
    """A wrong name in the configuration is told apart from a missing permission."""
    rollout = bench.rollout(alias="gone")
    with pytest.raises(TargetError) as caught:
        bench.driver.prepare(rollout)
    assert caught.value.kind == "absent"
    assert "lambda:GetAlias on function:my-app" in caught.value.fact


def test_the_diff_says_what_ships_and_never_a_secret(bench: LambdaBench, console: Any) -> None:
    """Code, settings and the names of variables; their values appear nowhere."""
    console("lambda").update_function_configuration(
        FunctionName="my-app",
        Environment={"Variables": {"KEPT": "same-secret", "OLD": "old-secret", "X": "x-secret"}},
    )
    before = str(console("lambda").publish_version(FunctionName="my-app", Description="first")["Version"])
    console("lambda").update_alias(FunctionName="my-app", Name="live", FunctionVersion=before)
    after = publish(
        console,
        MemorySize=512,
        Timeout=30,
        Handler="app.main",
        Runtime="python3.13",
        Environment={"Variables": {"KEPT": "same-secret", "NEW": "new-secret", "X": "other-secret"}},
    )
    prepared = bench.driver.prepare(bench.requested(after))
    shown = prepared.diff
    assert shown[0].startswith(f"version {before} → {after}, published 20")
    assert set(shown[1:]) >= {
        "memory 256 MB → 512 MB",
        "timeout 3 s → 30 s",
        "handler app.handler → app.main",
        "runtime python3.12 → python3.13",
        "environment added: NEW",
        "environment removed: OLD",
        "environment changed: X",
    }
    assert any(line.startswith("code unchanged") for line in shown)
    assert "secret" not in prepared.model_dump_json()


def test_new_code_is_told_by_its_sha(bench: LambdaBench) -> None:
    """Old and new sha, shortened; what stays as it was is not mentioned."""
    version, described, code = bench.driver.prepare(bench.requested("2")).diff
    assert version.startswith("version 1 → 2, published ") and described == "description: good"
    old, new = code.removeprefix("code ").split(" → ")
    assert len(old) == len(new) == 8 and old != new


def test_an_alias_that_splits_already_fails(bench: LambdaBench) -> None:
    """Somebody else's rollout is not taken over; the split and the way out are named."""
    bench.edit({"1": 80.0, "3": 20.0})
    check = checks(bench)["alias"]
    assert check.state == "fail" and "1: 80 %, 3: 20 %" in check.text and "(1)" in check.hint


def test_a_zero_weight_is_no_split(bench: LambdaBench) -> None:
    """What CodeDeploy leaves behind, an additional version at 0, does not stop a rollout."""
    bench.edit({"1": 100.0, "3": 0.0})
    assert checks(bench) == {}


def test_an_alias_on_latest_fails(bench: LambdaBench, console: Any) -> None:
    """$LATEST cannot share traffic and changes under the rollout."""
    console("lambda").update_alias(FunctionName="my-app", Name="live", FunctionVersion="$LATEST")
    check = checks(bench)["alias"]
    assert check.state == "fail" and "$LATEST" in check.text


def test_versions_must_share_their_role(bench: LambdaBench, console: Any) -> None:
    """AWS refuses such a split later; both roles are named now."""
    after = publish(console, Role="arn:aws:iam::123456789012:role/other")
    check = checks(bench, after)["role"]
    assert check.state == "fail"
    assert "role/my-app and" in check.text and "role/other" in check.text


def test_versions_must_share_dead_letters() -> None:
    """Same for the queue of failed events; none is named too."""
    queue = "arn:aws:sqs:eu-central-1:123456789012:dead"
    arn = "arn:aws:lambda:eu-central-1:123456789012:function:my-app"
    old = Version(version="1", function_arn=arn, state="Active")
    new = Version(
        version="2", function_arn=arn, state="Active", dead_letter_config=DeadLetter(target_arn=queue)
    )
    alias = Alias(name="live", function_version="1", revision_id="r")
    (check,) = prepared("my-app", "live", alias, (old, new), []).checks
    assert (check.name, check.state) == ("dead-letter", "fail") and f"none and {queue}" in check.text


@pytest.mark.parametrize(
    ("state", "verdict"), [("Failed", "fail"), ("Pending", "warn"), ("Inactive", "warn")]
)
def test_a_candidate_that_is_not_active_is_told(bench: LambdaBench, state: str, verdict: str) -> None:
    """A failed version never starts; one that is still coming up is a warning."""
    bench.cloud.knobs.version_state("my-app", "2", state)
    assert checks(bench)["candidate"].state == verdict


def test_a_sick_stable_is_no_reason_to_stay(bench: LambdaBench) -> None:
    """Leaving a failed version must be possible: it only warns."""
    bench.cloud.knobs.version_state("my-app", "1", "Failed")
    assert checks(bench)["stable"].state == "warn"


def test_unpublished_code_is_noted(bench: LambdaBench, console: Any) -> None:
    """Uploaded but not published: people believe it ships. Only said where the newest version was meant."""
    console("lambda").update_function_code(FunctionName="my-app", ZipFile=archive("not yet"))
    assert checks(bench, "")["unpublished"].state == "warn"
    assert "unpublished" not in checks(bench, "2")


def test_the_snapshot_can_be_put_back(bench: LambdaBench, console: Any) -> None:
    """Everything UpdateAlias needs, as AWS spelt it."""
    alias = console("lambda").get_alias(FunctionName="my-app", Name="live")
    assert bench.driver.prepare(bench.requested()).snapshot == {
        "FunctionVersion": "1",
        "RoutingConfig": {"AdditionalVersionWeights": {}},
        "Description": alias.get("Description", ""),
        "RevisionId": alias["RevisionId"],
    }
