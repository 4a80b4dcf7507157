"""Pages through SNS, and the registry of drivers."""

from typing import Any

import pytest

from aws.registry import DRIVERS, driver_class
from aws.sessions import Sessions
from aws.topic import OPERATIONS, Topic, plain_subject
from demo.cloud import Cloud
from rollout.errors import NotFound
from tests.aws.hooks import answers

ARN = "arn:aws:sns:eu-central-1:123456789012:oncall"


@pytest.fixture
def topic(cloud: Cloud, sessions: Sessions) -> Topic:
    return Topic(sessions)


def test_a_page_is_published_once(cloud: Cloud, topic: Topic) -> None:
    """Done means that SNS gave it a number."""
    outcome = topic.publish(ARN, "my-app → prod is stuck", "text with ümlauts and → arrows")
    assert outcome.state == "done" and outcome.text
    (sent,) = cloud.log.of("sns:Publish")
    assert sent.parameters["Subject"] == "my-app -> prod is stuck"
    assert sent.parameters["Message"] == "text with ümlauts and → arrows"
    assert {"sns:Publish"} == OPERATIONS.keys()


@pytest.mark.parametrize(
    "arn", ["", "oncall", "arn:aws:sqs:eu-central-1:1:q", "arn:aws:sns::1:q", ARN + ":sub"]
)
def test_an_address_that_is_none_is_refused(cloud: Cloud, topic: Topic, arn: str) -> None:
    """Not sent anywhere else by mistake."""
    outcome = topic.publish(arn, "s", "t")
    assert outcome.state == "failed" and "arn:aws:sns" in outcome.hint
    assert cloud.log.applied == []


def test_a_missing_topic_and_a_missing_permission_are_told(cloud: Cloud, topic: Topic) -> None:
    """Failed surely: another way to page can be tried."""
    assert topic.publish(ARN + "x", "s", "t").state == "failed"
    cloud.knobs.deny("sns:Publish")
    outcome = topic.publish(ARN, "s", "t")
    assert outcome.state == "failed" and f"sns:Publish on {ARN}" in outcome.hint


def test_a_lost_answer_is_unknown_and_not_sent_again(cloud: Cloud, topic: Topic) -> None:
    """One effect, honest about not knowing."""
    cloud.knobs.lost_reply("sns:Publish")
    assert topic.publish(ARN, "s", "t").state == "unknown"
    assert len(cloud.log.of("sns:Publish")) == 1


def test_an_answer_without_a_number_is_unknown(topic: Topic, sessions: Sessions) -> None:
    """An empty 200 is not success."""
    with answers(sessions, "sns", "Publish", {"MessageId": ""}):
        assert topic.publish(ARN, "s", "t").state == "unknown"


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("a\nb\tc", "a b c"),
        ("x" * 200, "x" * 99),
        ("", "Tidegate"),
        (" →·é", "->-?"),
    ],
)
def test_subjects_are_what_sns_takes(text: str, subject: str) -> None:
    """ASCII, one line, under 100 characters, never empty: otherwise SNS refuses the page."""
    assert plain_subject(text) == subject


def test_unknown_drivers_are_refused_with_the_known(cloud: Cloud) -> None:
    """No default that hides a typo."""
    assert driver_class("lambda").kind == "lambda"
    with pytest.raises(NotFound) as caught:
        driver_class("lamda")
    assert caught.value.hint == f"known: {', '.join(sorted(DRIVERS))}"


def test_every_driver_is_under_its_own_name() -> None:
    """Kind, target model and table belong together."""
    for kind, driver in DRIVERS.items():
        model: Any = driver.Target
        assert kind == driver.kind == model.model_fields["kind"].default
        assert driver.operations
