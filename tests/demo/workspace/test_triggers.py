"""trigger_id: three seconds, one use."""

import pytest
from slack_sdk.errors import SlackApiError

from tests.demo.workspace.tiny_bot import FORM


def trigger(scene):
    return scene.ana().slash("deploys", "/deploy quiet").payload["trigger_id"]


def test_a_trigger_works_once(scene):
    """The second views.open with one trigger is exchanged_trigger_id."""
    trigger_id = trigger(scene)
    scene.client.views_open(trigger_id=trigger_id, view=FORM)
    with pytest.raises(SlackApiError, match="exchanged_trigger_id"):
        scene.client.views_open(trigger_id=trigger_id, view=FORM)


def test_a_trigger_lives_three_seconds(scene):
    """By the injected clock: expired 3.1 s later."""
    trigger_id = trigger(scene)
    scene.clock.advance(3.1)
    with pytest.raises(SlackApiError, match="expired_trigger_id"):
        scene.client.views_open(trigger_id=trigger_id, view=FORM)


def test_a_made_up_trigger_is_refused(scene):
    """A trigger nobody minted opens nothing."""
    with pytest.raises(SlackApiError, match="invalid_trigger_id"):
        scene.client.views_open(trigger_id="1.2.3", view=FORM)


def test_at_most_three_views_are_stacked(scene):
    """A fourth views.push is push_limit_reached."""
    scene.client.views_open(trigger_id=trigger(scene), view=FORM)
    for _ in range(2):
        scene.client.views_push(trigger_id=trigger(scene), view=FORM)
    with pytest.raises(SlackApiError, match="push_limit_reached"):
        scene.client.views_push(trigger_id=trigger(scene), view=FORM)
