"""How Slack writes a user, a channel, a message, a team in JSON. Pure."""

from __future__ import annotations

from demo.workspace.config import Channel, Person, UserGroup
from demo.workspace.core import Core
from demo.workspace.wire import Json, Message


def team(core: Core) -> Json:
    return {"id": core.config.team_id, "domain": core.config.team_domain}


def payload_user(core: Core, person: Person) -> Json:
    """`user` in an interactive payload."""
    return {
        "id": person.id,
        "username": person.name,
        "name": person.name,
        "team_id": person.team_id or core.config.team_id,
    }


def user(core: Core, person: Person) -> Json:
    """A user of `users.info`. Deleted users lose the guest flags, as in Slack."""
    team_id = person.team_id or core.config.team_id
    body: Json = {
        "id": person.id,
        "team_id": team_id,
        "name": person.name,
        "deleted": person.deleted,
        "real_name": person.real_name,
        "tz": "Europe/Berlin",
        "tz_offset": 3600,
        "profile": {
            "real_name": person.real_name,
            "display_name": person.name,
            "real_name_normalized": person.real_name,
            "display_name_normalized": person.name,
            "team": team_id,
        },
        "is_bot": person.is_bot,
        "is_app_user": False,
        "updated": 1700000000,
    }
    if not person.deleted:
        body |= {
            "is_admin": False,
            "is_owner": False,
            "is_primary_owner": False,
            "is_restricted": person.is_restricted,
            "is_ultra_restricted": person.is_ultra_restricted,
        }
    if person.is_stranger:
        body["is_stranger"] = True
    return body


def bot_user(core: Core) -> Person:
    config = core.config
    return Person(id=config.bot_user_id, name=config.bot_name, real_name=config.bot_name, is_bot=True)


def channel(core: Core, one: Channel) -> Json:
    if one.id.startswith("D"):
        return {
            "id": one.id,
            "created": 1700000000,
            "is_im": True,
            "user": one.members[0],
            "is_archived": False,
        }
    return {
        "id": one.id,
        "name": one.name,
        "name_normalized": one.name,
        "is_channel": True,
        "is_group": False,
        "is_im": False,
        "is_mpim": False,
        "is_private": False,
        "created": 1700000000,
        "is_archived": one.archived,
        "is_general": one.name == "general",
        "is_shared": one.shared,
        "is_ext_shared": one.shared,
        "is_org_shared": False,
        "is_pending_ext_shared": False,
        "is_member": one.bot_is_member,
        "context_team_id": core.config.team_id,
        "topic": {"value": one.topic, "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
        "num_members": len(one.members) or len(core.people),
    }


def group(core: Core, one: UserGroup, *, include_users: bool) -> Json:
    body: Json = {
        "id": one.id,
        "team_id": core.config.team_id,
        "is_usergroup": True,
        "is_subteam": True,
        "name": one.name,
        "description": "",
        "handle": one.handle,
        "is_external": False,
        "date_delete": 0,
        "user_count": len(one.members),
    }
    if include_users:
        body["users"] = list(one.members)
    return body


def message(core: Core, one: Message) -> Json:
    """A message as Web API answers and payloads show it."""
    body: Json = {"user": one.user, "type": "message", "ts": one.ts}
    if one.from_bot:
        body |= {"bot_id": core.config.bot_id, "app_id": core.config.app_id}
    body |= {"text": one.text, "team": core.config.team_id}
    if one.blocks:
        body["blocks"] = [dict(b) for b in one.blocks]
    if one.thread_ts:
        body["thread_ts"] = one.thread_ts
    if one.in_thread:
        body["parent_user_id"] = core.config.bot_user_id
    if one.broadcast:
        body["subtype"] = "thread_broadcast"
    if one.edited_at is not None:
        body["edited"] = {"user": core.config.bot_user_id, "ts": f"{one.edited_at:.6f}"}
    if one.metadata:
        body["metadata"] = one.metadata
    return body
