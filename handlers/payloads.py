"""What Slack sends, taken apart: who, where, what, and the key under which the same request is known again.

Everything here is untrusted: Slack signs what it sends, but people write what is in it. Nothing is guessed:
a payload that lacks what it must have is refused with BadInput.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from handlers.buttons import ButtonValue, verb_of
from handlers.escape import plain
from handlers.ports import Identity
from handlers.views import FIELD, LONGEST
from rollout.errors import BadInput
from rollout.people import Actor

Body = Mapping[str, Any]
_PERSON = re.compile(r"[UW][A-Z0-9]{1,30}")
_TEAM = re.compile(r"[TE][A-Z0-9]{1,30}")
_CHANNEL = re.compile(r"[CDG][A-Z0-9]{1,30}")
_TOKEN = re.compile(r"[!-~]{1,200}")


@dataclass(frozen=True, slots=True)
class Press:
    """A pressed button."""

    value: ButtonValue
    actor: Actor
    dedupe: str
    trigger: str
    reply: str
    channel: str


def actor_of(body: Body, identity: Identity | None) -> Actor:
    """The person behind a payload, by team and user id. The name is only for reading.

    A person's own team counts, not the one where it was pressed: in a shared channel strangers press too.
    Where the bot is installed for an organisation, all its workspaces are one.
    """
    user = body.get("user")
    person = user if isinstance(user, Mapping) else {}
    who = person.get("id") or body.get("user_id")
    here = _inner(body, "team") or body.get("team_id")
    team = person.get("team_id") or here or _inner(body, "enterprise") or body.get("enterprise_id")
    if not isinstance(who, str) or not _PERSON.fullmatch(who):
        raise BadInput("the request names no person", "try again from Slack itself")
    if not isinstance(team, str) or not _TEAM.fullmatch(team):
        raise BadInput("the request names no workspace", "try again from Slack itself")
    enterprise = _inner(body, "enterprise") or body.get("enterprise_id")
    if identity and identity.enterprise and enterprise == identity.enterprise and team == here:
        team = identity.team
    name = person.get("name") or person.get("username") or body.get("user_name") or ""
    return Actor(id=who, team=team, name=plain(name, 80) if isinstance(name, str) else "")


def slash_text(body: Body) -> str:
    """What stood after the command."""
    text = body.get("text") or ""
    if not isinstance(text, str):
        raise BadInput("the command carries no text", "type it again")
    return text


def channel_of(body: Body) -> str:
    """Where it was asked; empty where a payload names no channel."""
    channel = (
        _inner(body, "channel") or body.get("channel_id") or _inner(body, "container", "channel_id") or ""
    )
    return channel if isinstance(channel, str) and _CHANNEL.fullmatch(channel) else ""


def slash_key(body: Body) -> str:
    """The same command again has the same trigger."""
    return f"slash:{_token(body.get('trigger_id'), 'a trigger')}"


def address(body: Body) -> str:
    """Where a private answer goes: a secret. Empty where there is none."""
    url = body.get("response_url") or ""
    return url if isinstance(url, str) and re.match(r"https?://[!-~]{1,2000}\Z", url) else ""


def press(body: Body, identity: Identity | None) -> Press:
    """A button pressed in a message or a form."""
    pressed = body.get("actions")
    if not isinstance(pressed, list) or not pressed or not isinstance(pressed[0], Mapping):
        raise BadInput("the press names no button", "press it again")
    action = pressed[0]
    actor = actor_of(body, identity)
    value = ButtonValue.read(action.get("value"))
    if verb_of(action.get("action_id")) != value.verb:
        raise BadInput("the button says one thing and carries another", "use the buttons of the present card")
    where = (
        _inner(body, "container", "message_ts")
        or _inner(body, "message", "ts")
        or _inner(body, "container", "view_id")
    )
    parts = (_token(where, "a message"), _token(action.get("action_ts"), "a time"), actor.team, actor.id)
    return Press(
        value=value,
        actor=actor,
        dedupe=":".join(("press", *parts, str(action.get("action_id")))),
        trigger=_token(body.get("trigger_id"), "a trigger"),
        reply=address(body),
        channel=channel_of(body),
    )


def view_key(body: Body, actor: Actor) -> str:
    """The same submission again has the same view, hash and words. The hash alone stays as it is when a form that was
    refused is corrected: that one is a new wish.
    """
    view = _token(_inner(body, "view"), "a form")
    state = _token(_inner(body, "view", "hash"), "a state")
    said = hashlib.sha256(reason(body).encode("utf-8", "replace")).hexdigest()[:12]
    return f"view:{view}:{state}:{said}:{actor.team}:{actor.id}"


def view_value(body: Body) -> ButtonValue:
    """The button whose press opened the form."""
    return ButtonValue.read(_inner(body, "view", "private_metadata"))


def reason(body: Body) -> str:
    """What stands in the field; empty when nothing does."""
    text = _inner(body, "view", "state", "values", FIELD, FIELD, "value")
    text = text.strip() if isinstance(text, str) else ""
    if len(text) > LONGEST:
        raise BadInput(f"the reason has {len(text)} characters", f"at most {LONGEST} are kept")
    return text


def _inner(body: Body, *path: str) -> Any:
    """A value inside, None where the path ends early; a single name means its id."""
    found: Any = body
    for name in path if len(path) > 1 else (*path, "id"):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _token(value: object, what: str) -> str:
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise BadInput(f"the request names not {what}", "try again from Slack itself")
    return value
