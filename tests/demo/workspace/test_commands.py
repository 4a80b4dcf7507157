"""Slash commands, plain words and the home tab, with a real Bolt app behind signed HTTP."""

import pytest
from slack_sdk.errors import SlackApiError

from demo.workspace import Limits, Workspace, WorkspaceConfig


def test_the_ack_is_shown_to_the_asker_only(scene):
    """A plain ack text becomes a message that one person sees and nobody else."""
    result = scene.ana().slash("deploys", "/deploy my-app canary")
    assert (result.ok, result.text) == (True, "looking at my-app canary")
    assert [m.text for m in scene.ana().sees("deploys")] == ["looking at my-app canary"]
    assert scene.ws.person("ben").sees("deploys") == []
    assert scene.ws.channel("deploys").messages == []
    assert result.ack_ms < 5000


def test_an_empty_ack_shows_nothing(scene):
    """A bare ack is no message."""
    assert scene.ana().slash("deploys", "/deploy quiet").message is None


def test_an_ack_can_be_for_everyone(scene):
    """response_type in_channel makes the ack's message public."""
    scene.ana().slash("deploys", "/deploy public")
    assert scene.ws.channel("deploys").messages[0].text == "for everyone"


def test_the_command_arrives_with_every_field_of_slack(scene):
    """The form carries exactly Slack's keys, text without the command, names and ids apart."""
    scene.ana().slash("#deploys", "/deploy   my-app  canary")
    body = scene.seen.bodies[0]
    assert (body["command"], body["text"]) == ("/deploy", "my-app  canary")
    assert (body["user_id"], body["user_name"], body["channel_name"]) == ("U0ANA", "ana", "deploys")
    assert set(body) == {
        "token", "team_id", "team_domain", "channel_id", "channel_name", "user_id", "user_name", "command",
        "text", "api_app_id", "is_enterprise_install", "response_url", "trigger_id",
    }  # fmt: skip


@pytest.mark.parametrize(("line", "error"), [("/nope", "invalid_command"), ("/deploying x", "invalid_command")])
def test_an_unknown_command_never_reaches_the_bot(scene, line, error):
    """Slackbot answers for commands no app has."""
    result = scene.ana().slash("deploys", line)
    assert (result.error, scene.seen.bodies) == (error, [])
    assert result.text == f"{line.split()[0]} is not a valid command"


def test_no_command_runs_in_a_thread(scene):
    """Slack offers no slash commands in threads."""
    scene.ana().slash("deploys", "/deploy card")
    root = scene.ws.channel("deploys").messages[0]
    assert scene.ana().slash("deploys", "/deploy x", thread_ts=root.ts).error == "in_thread"


def test_a_listener_that_does_not_ack_is_a_failure_the_person_sees(scene):
    """Bolt answers 404 to a missing ack over HTTP; Slack calls that http_client_error."""
    result = scene.ana().slash("deploys", "/deploy silent")
    assert result.error == "http_client_error"
    assert 'failed with the error "http_client_error"' in scene.ana().private[-1].text


def test_a_listener_that_crashes_is_a_failure_too(scene):
    """A 500 of the bot is http_service_fail."""
    assert scene.ana().slash("deploys", "/deploy crash").error == "http_service_fail"


def test_an_ack_with_bad_blocks_is_refused_and_noted(scene):
    """A wrong ack shows an error to the person and stands among the problems."""
    assert scene.ana().slash("deploys", "/deploy badack").error == "invalid_blocks"
    assert "json-pointer:/blocks/0/text/type" in scene.ws.problems[0]


def test_with_no_bot_the_person_reads_dispatch_failed(ws):
    """Socket Mode without a socket fails at once."""
    result = ws.person("ana").slash("deploys", "/deploy my-app")
    assert result.error == "dispatch_failed"
    assert "the bot is not connected" in result.text


def test_a_dead_http_bot_is_dispatch_failed():
    """Nothing listening at the bot's address fails at once as well."""
    config = WorkspaceConfig(delivery="http", bot_events_url="http://127.0.0.1:9/x", limits=Limits(ack_seconds=2))
    with Workspace(config) as workspace:
        assert workspace.person("ana").slash("deploys", "/deploy x").error == "dispatch_failed"


def test_a_mention_is_an_event_and_its_answer_a_thread(scene):
    """Plain words that name the bot arrive as app_mention; say() with thread_ts answers in the thread."""
    result = scene.ana().say("general", "@tidegate status my-app")
    assert result.envelope.acked
    assert scene.seen.events[0]["text"] == "<@U0TIDE> status my-app"
    scene.ws.wait_for(lambda: scene.ws.channel("general").replies(result.message))
    assert [m.text for m in scene.ws.channel("general").messages] == ["<@U0TIDE> status my-app"]


def test_the_home_tab_is_published_when_opened(scene):
    """Opening the home tab sends the event; the published view is that person's."""
    scene.ana().open_home()
    scene.ws.wait_for(lambda: scene.ana().home)
    assert scene.ana().home.blocks[0]["text"]["text"] == "nothing runs"
    assert scene.ws.person("ben").home is None


def test_nobody_speaks_in_an_archived_channel(scene):
    """The client refuses before anything is sent, and the bot's posts fail with is_archived."""
    scene.ws.change_channel("general", archived=True)
    assert scene.ana().slash("general", "/deploy x").error == "not_in_channel"
    with pytest.raises(SlackApiError, match="is_archived"):
        scene.client.chat_postMessage(channel="C0GENERAL", text="x")
