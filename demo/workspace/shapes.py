"""How Slack writes a user, a channel, a message, a team in JSON. Pure."""

from __future__ import annotations

import copy

from demo.workspace.config import Channel, Person, UserGroup
from demo.workspace.core import Core
from demo.workspace.files import StoredFile, images
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
        body["blocks"] = blocks(core, one.blocks)
    if one.files:
        body["files"] = [file(core, f) for f in core.files.every if f.id in one.files]
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


def blocks(core: Core, held: tuple[Json, ...]) -> list[Json]:
    """Blocks as Slack gives them back: pictures carry their size, which Slack refuses when it is sent to it again:
    github.com/slackapi/bolt-js/issues/1841.
    """
    found = copy.deepcopy(list(held))
    for _, image in images(found):
        one = core.files.named(image.get("slack_file") or {})
        width, height = (one.picture.width, one.picture.height) if one and one.picture else (0, 0)
        image |= {"image_width": width, "image_height": height, "image_bytes": one.length if one else 0,
                  "is_animated": False, "fallback": f"{width}x{height}px image"}  # fmt: skip
    return found


def file(core: Core, one: StoredFile) -> Json:
    """A file of the Web API. Until it is ready its types are empty: github.com/slackapi/java-slack-sdk/issues/1349."""
    config, ready = core.config, one.ready(core.clock())
    path = f"{config.team_id}-{one.id}"
    kind = one.picture.kind if one.picture else one.name.rpartition(".")[2] or "text"
    body: Json = {
        "id": one.id,
        "created": int(one.created),
        "timestamp": int(one.created),
        "name": one.name,
        "title": one.title,
        "mimetype": one.mimetype if ready else "",
        "filetype": kind if ready else "",
        "pretty_type": kind.upper() if ready else "",
        "user": config.bot_user_id,
        "user_team": config.team_id,
        "mode": "hosted",
        "editable": False,
        "is_external": False,
        "external_type": "",
        "size": one.length,
        "url_private": f"https://files.slack.com/files-pri/{path}/{one.name}",
        "url_private_download": f"https://files.slack.com/files-pri/{path}/download/{one.name}",
        "permalink": f"https://{config.team_domain}.slack.com/files/{config.bot_user_id}/{one.id}/{one.name}",
        "is_public": bool(one.shares),
        "public_url_shared": False,
        "channels": sorted(c for c in one.shares if c.startswith("C")),
        "groups": [],
        "ims": sorted(c for c in one.shares if c.startswith("D")),
        "alt_txt": one.alt_txt,
    }
    if ready and one.picture:
        body |= {"original_w": one.picture.width, "original_h": one.picture.height}
    return body
