"""Builds what Slack sends: commands, presses, submissions, option requests, events. Pure but for minting ids.

Key sets follow the payloads captured in bolt-python's tests/scenario_tests and Slack's reference
(docs.slack.dev/reference/interaction-payloads): `enterprise` is null outside an enterprise.
"""

from __future__ import annotations

from demo.workspace import shapes
from demo.workspace.config import Channel, Person
from demo.workspace.core import Core
from demo.workspace.ids import mint
from demo.workspace.triggers import Hook
from demo.workspace.view_state import initial_values, with_typed
from demo.workspace.wire import Json, Message, View


def slash(core: Core, person: Person, channel: Channel, command: str, text: str) -> Json:
    """A slash command. All values are strings, as in the form Slack posts."""
    hook = Hook(kind="commands", user=person.id, channel=channel.id, source_ts=None, thread_ts=None,
                made_at=core.clock())  # fmt: skip
    return {
        "token": core.keys.verification_token,
        "team_id": core.config.team_id,
        "team_domain": core.config.team_domain,
        "channel_id": channel.id,
        "channel_name": channel.name,
        "user_id": person.id,
        "user_name": person.name,
        "command": command,
        "text": text,
        "api_app_id": core.config.app_id,
        "is_enterprise_install": "false",
        "response_url": response_url(core, hook),
        "trigger_id": core.triggers.mint(person.id, core.clock()),
    }


def message_action(core: Core, person: Person, message: Message, action: Json, typed: Json) -> Json:
    """A press in a message. An ephemeral one carries no `message`, as Slack keeps none."""
    channel = core.channel(message.channel)
    container: Json = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": channel.id,
        "is_ephemeral": message.ephemeral,
    }
    if message.thread_ts:
        container["thread_ts"] = message.thread_ts
    hook = Hook(kind="actions", user=person.id, channel=channel.id, source_ts=message.ts,
                thread_ts=message.thread_ts, made_at=core.clock())  # fmt: skip
    body = _interactive(core, person, "block_actions") | {
        "container": container,
        "trigger_id": core.triggers.mint(person.id, core.clock()),
        "channel": {"id": channel.id, "name": channel.name},
    }
    if not message.ephemeral:
        body["message"] = shapes.message(core, message)
    values = with_typed(initial_values(list(message.blocks)), typed)
    return body | {
        "state": {"values": values},
        "response_url": response_url(core, hook),
        "actions": [{**action, "action_ts": core.stamps.next(core.clock())}],
    }


def view_action(core: Core, person: Person, view: View, action: Json) -> Json:
    return _interactive(core, person, "block_actions") | {
        "container": {"type": "view", "view_id": view.id},
        "trigger_id": core.triggers.mint(person.id, core.clock()),
        "view": view.body,
        "actions": [{**action, "action_ts": core.stamps.next(core.clock())}],
    }


def view_submission(core: Core, person: Person, view: View) -> Json:
    return _interactive(core, person, "view_submission") | {
        "trigger_id": core.triggers.mint(person.id, core.clock()),
        "view": view.body,
        "response_urls": [],
    }


def view_closed(core: Core, person: Person, view: View, *, cleared: bool) -> Json:
    return _interactive(core, person, "view_closed") | {"view": view.body, "is_cleared": cleared}


def suggestion(core: Core, person: Person, where: View | Message, ids: tuple[str, str], value: str) -> Json:
    """A request for options; `ids` are block_id and action_id. It has no trigger and no response_url."""
    body = _interactive(core, person, "block_suggestion")
    body |= {"block_id": ids[0], "action_id": ids[1], "value": value}
    if isinstance(where, View):
        return body | {"container": {"type": "view", "view_id": where.id}, "view": where.body}
    channel = core.channel(where.channel)
    return body | {
        "container": {
            "type": "message",
            "message_ts": where.ts,
            "channel_id": channel.id,
            "is_ephemeral": where.ephemeral,
        },
        "channel": {"id": channel.id, "name": channel.name},
        "message": shapes.message(core, where),
    }


def event(core: Core, body: Json) -> Json:
    """The outer part of an event."""
    config = core.config
    return {
        "token": core.keys.verification_token,
        "team_id": config.team_id,
        "api_app_id": config.app_id,
        "event": body,
        "type": "event_callback",
        "event_id": mint("Ev"),
        "event_time": int(core.clock()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": config.team_id,
                "user_id": config.bot_user_id,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": mint("4-"),
    }


def response_url(core: Core, hook: Hook) -> str:
    return f"{core.origin}/hook/{core.hooks.mint(hook)}"


def _interactive(core: Core, person: Person, kind: str) -> Json:
    return {
        "type": kind,
        "user": shapes.payload_user(core, person),
        "api_app_id": core.config.app_id,
        "token": core.keys.verification_token,
        "team": shapes.team(core),
        "enterprise": None,
        "is_enterprise_install": False,
    }
