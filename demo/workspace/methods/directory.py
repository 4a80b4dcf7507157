"""auth, team, users, groups, conversations: who and what is here. Reads only, but for opening a DM."""

from __future__ import annotations

from collections.abc import Callable

from demo.workspace import shapes
from demo.workspace.core import Core
from demo.workspace.methods.arguments import page_of
from demo.workspace.triggers import SlackError
from demo.workspace.wire import Json


def auth_test(core: Core, _args: Json) -> Json:
    config = core.config
    return {
        "url": f"{core.origin}/",
        "team": config.team_name,
        "user": config.bot_name,
        "team_id": config.team_id,
        "user_id": config.bot_user_id,
        "bot_id": config.bot_id,
        "is_enterprise_install": False,
    }


def the_team(core: Core, _args: Json) -> Json:
    config = core.config
    return {"team": {"id": config.team_id, "name": config.team_name, "domain": config.team_domain}}


def one_user(core: Core, args: Json) -> Json:
    everyone = {p.id: p for p in (*core.people, shapes.bot_user(core))}
    person = everyone.get(str(args.get("user")))
    if person is None:
        raise SlackError("user_not_found")
    return {"user": shapes.user(core, person)}


def one_bot(core: Core, args: Json) -> Json:
    """docs.slack.dev/reference/methods/bots.info."""
    config = core.config
    if args.get("bot") != config.bot_id:
        raise SlackError("bot_not_found")
    bot = {"id": config.bot_id, "deleted": False, "name": config.bot_name, "updated": 1700000000,
           "app_id": config.app_id, "user_id": config.bot_user_id, "icons": {}}  # fmt: skip
    return {"bot": bot}


def users_list(core: Core, args: Json) -> Json:
    everyone = [shapes.user(core, p) for p in (*core.people, shapes.bot_user(core))]
    page, rest = page_of(everyone, args)
    return {"members": page, "cache_ts": int(core.clock()), **rest}


def usergroups_list(core: Core, args: Json) -> Json:
    wanted = str(args.get("include_users", "")).lower() in ("true", "1")
    return {"usergroups": [shapes.group(core, g, include_users=wanted) for g in core.config.groups]}


def usergroups_users_list(core: Core, args: Json) -> Json:
    return {"users": list(core.group(str(args.get("usergroup"))).members)}


def one_conversation(core: Core, args: Json) -> Json:
    for channel in core.channels:
        if channel.id == args.get("channel"):
            return {"channel": shapes.channel(core, channel)}
    raise SlackError("channel_not_found")


def conversations_list(core: Core, args: Json) -> Json:
    skip_archived = str(args.get("exclude_archived", "")).lower() in ("true", "1")
    public = [c for c in core.channels if not c.id.startswith("D") and not (skip_archived and c.archived)]
    page, rest = page_of([shapes.channel(core, c) for c in public], args)
    return {"channels": page, **rest}


def conversations_open(core: Core, args: Json) -> Json:
    users = str(args.get("users") or "").split(",")
    if len(users) != 1 or users[0] not in {p.id for p in core.people}:
        raise SlackError("user_not_found" if users != [""] else "users_list_not_supplied")
    return {"channel": {"id": core.open_dm(users[0]).id}}


METHODS: dict[str, Callable[[Core, Json], Json]] = {
    "auth.test": auth_test,
    "bots.info": one_bot,
    "team.info": the_team,
    "users.info": one_user,
    "users.list": users_list,
    "usergroups.list": usergroups_list,
    "usergroups.users.list": usergroups_users_list,
    "conversations.info": one_conversation,
    "conversations.list": conversations_list,
    "conversations.open": conversations_open,
}
