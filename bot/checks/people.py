"""Whether the channels, people and groups that the configuration names are there and fit for it."""

from collections.abc import Iterator, Mapping
from typing import Any

from bot.checks.model import Ground, Verdict, fail, ok, skip, warn
from bot.checks.named import MENTION, channel_places, member_places
from bot.checks.slack import SCOPES
from bot.checks.slack_calls import Said
from bot.config.names import CHANNEL_HINT
from bot.directory import described

PAID = frozenset({"paid_teams_only", "plan_upgrade_required", "paid_only"})
"""Slack's words for what a free workspace does not have."""
_NOBODY = frozenset({"user_not_found", "users_not_found", "user_not_visible"})
_NO_GROUP = frozenset({"no_such_subteam", "subteam_not_found"})


def channel(ground: Ground, number: str) -> Iterator[Verdict]:
    """There, open, the bot is in it, and nobody of another company."""
    keys = ", ".join(channel_places(ground.config)[number])
    try:
        found = ground.slack.channel(number)
    except Said as said:
        yield _unread(said.word, number, keys)
        return
    if found.get("is_im"):
        yield ok(f"a direct message ({keys})")
        return
    name = f"#{found.get('name')}"
    troubles = list(_troubles(found, name, keys))
    yield from troubles
    if not troubles:
        yield ok(f"{name}: the bot is in it ({keys})")


def person(ground: Ground, number: str) -> Iterator[Verdict]:
    """There, and one whom the bot listens to."""
    keys = member_places(ground.config)[number]
    try:
        user = ground.slack.person(number)
    except Said as said:
        if said.word in _NOBODY:
            yield fail(f"Slack knows nobody of that id ({', '.join(keys)})", _correct(keys))
        else:
            yield fail(f"Slack did not tell who it is ({said.word})", SCOPES)
        return
    found = described({"id": number, **user}, ground.slack.home(), (), ground.clock.now())
    name = f"{found.name} ({', '.join(keys)})"
    kind = (
        "is deactivated" if found.deleted else "is a bot" if found.bot else "is a guest" if found.guest
        else "belongs to another workspace" if found.stranger else ""
    )  # fmt: skip
    if not kind:
        yield ok(name)
    elif found.deleted and MENTION in keys:
        yield fail(f"{name} {kind}: a page would call nobody", "name somebody else in [page] mention")
    else:
        yield warn(f"{name} {kind}, and may do nothing", "take it out of the configuration, or name somebody else")


def group(ground: Ground, number: str) -> Iterator[Verdict]:
    """Slack tells who is in it."""
    keys = member_places(ground.config)[number]
    said_in = ", ".join(keys)
    try:
        members = ground.slack.group(number)
    except Said as said:
        if said.word in PAID:
            yield fail(f"groups need a paid plan of Slack ({said.word}): nobody has rights by it ({said_in})",
                       "name persons instead")  # fmt: skip
        elif said.word in _NO_GROUP:
            yield fail(f"Slack knows no group of that id ({said_in})", _correct(keys))
        else:
            yield fail(f"Slack did not tell who is in it ({said.word})", SCOPES)
        return
    if members:
        yield ok(f"{len(members)} {'person' if len(members) == 1 else 'people'} ({said_in})")
    else:
        yield warn(f"nobody is in it ({said_in})", "add people to the group in Slack")


def _troubles(found: Mapping[str, Any], name: str, keys: str) -> Iterator[Verdict]:
    if found.get("is_archived"):
        yield fail(f"{name} is archived ({keys})", "unarchive it, or name another channel")
    elif not found.get("is_member"):
        yield fail(f"the bot is not in {name} ({keys})", f"in {name}: /invite @tidegate")
    if found.get("is_ext_shared") or found.get("is_pending_ext_shared"):
        text = f"{name} is shared with another company: its people see the cards, and may press nothing ({keys})"
        yield warn(text, "announce in a channel of your own, if they should not")


def _unread(word: str, number: str, keys: str) -> Verdict:
    if word == "missing_scope":
        return skip(f"whether it exists was not proven: the scope channels:read is missing ({keys})", SCOPES)
    if word == "channel_not_found":
        text = f"it does not exist, or it is private and the bot is not in it ({keys})"
        return fail(text, f"/invite @tidegate there, or correct {number}: {CHANNEL_HINT}")
    return fail(f"Slack did not tell of it ({word}; {keys})", "see whether it is still there")


def _correct(keys: list[str]) -> str:
    where = "people U…/W… (profile, ⋮, Copy member ID), groups S… (the group, ⋮, Copy group ID)"
    return f"correct {', '.join(keys)}: {where}"
