"""Modals: opened by trigger, validated, answered, pushed, closed."""

import pytest
from slack_sdk.errors import SlackApiError

from tests.demo.workspace.tiny_bot import FORM


@pytest.fixture
def ana(scene):
    """Ana with the form open."""
    scene.ana().slash("deploys", "/deploy form")
    return scene.ana()


def test_a_form_opens_for_the_one_who_asked(scene, ana):
    """views.open puts the modal on one person's screen, with every key Slack returns."""
    assert ana.view.callback_id == "start"
    assert scene.ws.person("ben").view is None
    assert ana.view.body["private_metadata"] == "kept"
    assert ana.view.body["root_view_id"] == ana.view.id


def test_required_fields_are_asked_for_before_anything_is_sent(scene, ana):
    """Slack's client checks required inputs itself."""
    before = len(scene.ws.envelopes)
    assert set(ana.submit_view({"reason": "fix"}).errors) == {"app"}
    assert len(scene.ws.envelopes) == before


def test_options_are_asked_from_the_bot(scene, ana):
    """block_suggestion carries the typed text and no trigger; the ack's options come back."""
    result = ana.suggest("pick_app", "my")
    assert [o["value"] for o in result.options] == ["my-app"]
    assert not {"trigger_id", "response_url"} & set(result.payload)


def test_the_submission_holds_every_input(scene, ana):
    """state.values has typed, chosen and untouched inputs, the last with their first value."""
    assert ana.submit_view({"app": "shop", "reason": "fix"}).ok
    values = scene.seen.bodies[-1]["view"]["state"]["values"]
    assert values["why"]["reason"] == {"type": "plain_text_input", "value": "fix"}
    assert values["app"]["pick_app"]["selected_option"]["value"] == "shop"
    assert values["plan"]["pick_plan"]["selected_option"]["value"] == "canary"
    assert ana.view is None


def test_errors_of_the_bot_stand_under_the_field_and_keep_what_was_typed(ana):
    """response_action errors leaves the form open with its values."""
    assert ana.submit_view({"app": "shop", "reason": "no"}).errors == {"why": "say more"}
    assert ana.view.body["state"]["values"]["why"]["reason"]["value"] == "no"


def test_errors_for_no_input_are_a_problem(scene, ana):
    """Error keys must be block_ids of inputs."""
    assert ana.submit_view({"app": "shop", "reason": "strange"}).error == "invalid_ack"
    assert "nowhere" in scene.ws.problems[0]


def test_push_update_and_clear_change_the_stack(ana):
    """Push lays a second view on top, update changes in place, clear closes all."""
    ana.submit_view({"app": "shop", "reason": "more"})
    assert [v.callback_id for v in ana.views] == ["start", "second"]
    assert ana.view.body["previous_view_id"] == ana.views[0].id
    ana.close_view()
    ana.submit_view({"reason": "change"})
    assert ana.view.body["title"]["text"] == "Deploy again"
    ana.submit_view({"reason": "clear"})
    assert ana.views == []


def test_closing_tells_the_bot_that_asked_for_it(scene, ana):
    """notify_on_close sends view_closed with the state of the view."""
    ana.close_view(everything=True)
    scene.ws.wait_for(lambda: scene.seen.closed)
    assert scene.seen.closed[0]["is_cleared"] is True
    assert "trigger_id" not in scene.seen.closed[0]


def test_views_update_knows_hashes(scene, ana):
    """A stale hash is a conflict; a fresh one changes the view and keeps typed values."""
    view = ana.view.body
    ana.submit_view({"app": "shop", "reason": "no"})
    changed = scene.client.views_update(view_id=view["id"], hash=view["hash"], view=FORM)
    assert changed["view"]["state"]["values"]["why"]["reason"]["value"] == "no"
    with pytest.raises(SlackApiError, match="hash_conflict"):
        scene.client.views_update(view_id=view["id"], hash=view["hash"], view=FORM)


def test_an_unknown_input_is_refused(ana):
    """The driver cannot type into a field that is not there."""
    with pytest.raises(LookupError, match="no input colour"):
        ana.submit_view({"colour": "red"})
