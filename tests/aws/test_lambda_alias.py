import itertools
from typing import Any

import pytest
from pydantic import ValidationError

from aws.lambda_alias import LambdaTarget
from aws.lambda_facts import Alias, candidate_share, split_words
from rollout.actions import Shift
from rollout.errors import TargetError
from rollout.release import Release
from tests.aws.bench import SETTINGS, LambdaBench
from tests.aws.contract import DriverContract, WithoutCapacity
from tests.aws.hooks import answers


class TestLambdaAlias(DriverContract, WithoutCapacity):
    """The driver `lambda` keeps the contract."""


@pytest.mark.parametrize("percent", range(101))
def test_every_percent_is_read_as_what_was_asked(percent: int) -> None:
    """No whole percent is lost in the floats between: 29 / 100 * 100 is 28.999999999999996."""
    for main, other in (("1", "2"), ("2", "1")):
        weight = percent / 100 if other == "2" else (100 - percent) / 100
        alias = Alias.model_validate(
            {
                "Name": "live",
                "FunctionVersion": main,
                "RevisionId": "r",
                "RoutingConfig": {"AdditionalVersionWeights": {other: weight}},
            }
        )
        assert candidate_share(alias, "1", "2") == percent


def test_shift_to_100_is_one_call_without_weights(bench: LambdaBench) -> None:
    """The end of a rollout is one write that names the candidate alone, and leaves the description."""
    bench.driver.perform(bench.looked(), Shift(percent=10), "k")
    bench.driver.perform(bench.looked(), Shift(percent=100), "k")
    asked = [entry.parameters for entry in bench.written()]
    assert [(one["FunctionVersion"], one["RoutingConfig"]["AdditionalVersionWeights"]) for one in asked] == [
        ("1", {"2": 0.1}),
        ("2", {}),
    ]
    assert all("Description" not in one and one["RevisionId"] for one in asked)


def test_everything_on_the_additional_version_is_read_as_it(bench: LambdaBench, console: Any) -> None:
    """`1 with 2 at weight 1.0` is the same as `2`, and the next shift brings it to its plain form."""
    console("lambda").update_alias(
        FunctionName="my-app",
        Name="live",
        FunctionVersion="1",
        RoutingConfig={"AdditionalVersionWeights": {"2": 1.0}},
    )
    rollout = bench.looked()
    assert rollout.seen is not None and rollout.seen.percent == 100
    assert bench.driver.perform(rollout, Shift(percent=100), "k").state == "done"
    assert console("lambda").get_alias(FunctionName="my-app", Name="live").get("RoutingConfig") is None


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("Active", "healthy"),
        ("Failed", "sick"),
        ("Pending", "unknown"),
        ("Inactive", "unknown"),
    ],
)
def test_only_active_is_healthy(bench: LambdaBench, state: str, expected: str) -> None:
    """Up needs known healthy, down needs not known sick: everything in between is unknown, with its name."""
    bench.cloud.knobs.version_state("my-app", "2", state)
    seen = bench.looked().seen
    assert seen is not None and seen.candidate.state == expected
    assert state in seen.candidate.text


def test_a_deleted_version_is_sick(bench: LambdaBench) -> None:
    """A version that no longer exists cannot take traffic: that is knowledge."""
    rollout = bench.rollout().but(candidate=Release(id="99"))
    seen = bench.driver.observe([rollout])[1]
    assert (seen.candidate.state, seen.candidate.text) == ("sick", "version 99 does not exist")


def test_health_that_cannot_be_read_is_unknown_with_the_reason(bench: LambdaBench) -> None:
    """The alias was read, so the look counts; the sides say which permission is missing."""
    bench.cloud.knobs.deny("lambda:GetFunctionConfiguration")
    seen = bench.looked().seen
    assert seen is not None and seen.percent == 0
    assert seen.candidate.state == "unknown" and "lambda:GetFunctionConfiguration" in seen.candidate.text


def test_an_answer_about_something_else_is_unknown(bench: LambdaBench) -> None:
    """A reply that shows another split than was asked for is not success."""
    rollout = bench.looked()
    reply = {
        "Name": "live",
        "FunctionVersion": "1",
        "RevisionId": "r",
        "ResponseMetadata": {"RequestId": "q"},
    }
    with answers(bench.driver._sessions, "lambda", "UpdateAlias", reply):
        outcome = bench.driver.perform(rollout, Shift(percent=10), "k")
    assert (outcome.state, outcome.request_id) == ("unknown", "q")
    assert "asked for 10 % on 2" in outcome.text


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("function", ""),
        ("function", "a:b"),
        ("alias", "7"),
        ("alias", ""),
        ("region", "Frankfurt"),
        ("iam_role", "tidegate"),
        ("kind", "ecs"),
        ("colour", "blue"),
    ],
)
def test_a_target_that_cannot_be_is_refused(key: str, value: str) -> None:
    """Mistakes in the configuration are found when it is read, not when somebody deploys."""
    with pytest.raises(ValidationError, match=key):
        LambdaTarget.model_validate({**SETTINGS, key: value})


def test_a_look_is_three_calls_a_rollout(bench: LambdaBench) -> None:
    """Lambda allows 15 control calls a second for a whole region: nothing is asked twice."""
    bench.looked()
    assert dict(bench.cloud.log.reads) == {"lambda:GetAlias": 1, "lambda:GetFunctionConfiguration": 2}


def test_split_words_put_the_larger_share_first() -> None:
    """A foreign split always reads the same, whatever order AWS names it in."""
    for order in itertools.permutations([("2", 50.0), ("10", 50.0)]):
        assert split_words(dict(order)) == "10: 50 %, 2: 50 %"


def test_an_answer_about_another_version_is_no_answer(bench: LambdaBench) -> None:
    """Health of one version is never taken for that of another."""
    reply = {"Version": "7", "FunctionArn": "arn", "State": "Active"}
    with answers(bench.driver._sessions, "lambda", "GetFunctionConfiguration", reply):
        seen = bench.looked().seen
    assert seen is not None and (seen.stable.state, seen.candidate.state) == ("unknown", "unknown")
    assert "asked for version 2" in seen.candidate.text


def test_versions_without_end_are_a_fault(bench: LambdaBench) -> None:
    """A marker that always leads on is not followed for ever."""
    reply = {"Versions": [{"Version": "1"}], "NextMarker": "again"}
    with (
        answers(bench.driver._sessions, "lambda", "ListVersionsByFunction", reply) as asked,
        pytest.raises(TargetError, match="more than 400 pages"),
    ):
        bench.driver.prepare(bench.requested())
    assert len(asked) == 400
