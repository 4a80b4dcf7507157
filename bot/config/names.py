"""What names and ids may look like, and why names of people are refused. Nothing here asks Slack or AWS."""

import re

from bot.config.flaws import shown
from rollout.plan import BUILT_IN_NAMES
from rollout.verbs import FILLERS, VERBS

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")
NAME_HINT = "names are 1 to 31 of a-z, 0-9 and -, not beginning with -"

LATER_VERBS = (
    "diff", "alarms", "apps", "audit", "stats", "lock", "freeze", "unfreeze", "queue", "overrides",
)  # fmt: skip
"""Verbs that will come: reserved now, so that no later release breaks a configuration."""

RESERVED = frozenset({*VERBS, *LATER_VERBS, *FILLERS})

_PERSON = re.compile(r"[UW][A-Z0-9]{2,20}")
_GROUP = re.compile(r"S[A-Z0-9]{2,20}")
_CLI = re.compile(r"cli:[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}\$?")
_AWS = re.compile(r"aws:[\w+=,.@-]{2,64}", re.ASCII)
_CHANNEL = re.compile(r"[CGD][A-Z0-9]{2,20}")

MEMBER_HINT = (
    "write ids: people U…/W… (profile, ⋮, Copy member ID), groups S…, cli:<os user>, aws:<role session>;"
    " names can be changed by anyone"
)
CHANNEL_HINT = "write its id, C… or G… (channel name, About, at the bottom); names can be changed by anyone"

Problem = tuple[str, str]
"""Fact and hint."""


def name_problem(what: str, name: str, *, envs: frozenset[str] = frozenset()) -> Problem | None:
    """Why `name` cannot name that; `envs` are the environment names, which no plan may have."""
    if not NAME.fullmatch(name):
        return f"{shown(name)} cannot name {what}", NAME_HINT
    if name in RESERVED:
        return f"{name!r} is a word of /deploy and cannot name {what}", "choose another name"
    if what.endswith("environment") and name in BUILT_IN_NAMES:
        return f"{name!r} is a built-in plan and cannot name {what}", "choose another name"
    if what.endswith("plan") and name in envs:
        return f"{name!r} is the name of an environment and cannot name {what}", "choose another name"
    return None


def member_problem(value: object) -> Problem | None:
    """Why this cannot stand in a role: only ids may, whoever they belong to."""
    if not isinstance(value, str):
        return f"{shown(value)} is not an id", MEMBER_HINT
    if any(pattern.fullmatch(value) for pattern in (_PERSON, _GROUP, _CLI, _AWS)):
        return None
    if value.upper() != value and (_PERSON.fullmatch(value.upper()) or _GROUP.fullmatch(value.upper())):
        return f"{shown(value)} is a name or a misspelt id, not an id", MEMBER_HINT
    if _CHANNEL.fullmatch(value):
        return f"{shown(value)} is the id of a channel, not of a person or group", MEMBER_HINT
    return f"{shown(value)} is a name, not an id", MEMBER_HINT


def channel_problem(value: str) -> Problem | None:
    """Why this is not a channel's id."""
    if _CHANNEL.fullmatch(value):
        return None
    return f"{shown(value)} is not the id of a channel", CHANNEL_HINT


def is_group(member: str) -> bool:
    """True for a Slack user group: how many people it has is not written in the file."""
    return _GROUP.fullmatch(member) is not None


def mention_problem(value: str) -> Problem | None:
    """Why this cannot be mentioned in a page: one person or one group can."""
    if _PERSON.fullmatch(value) or _GROUP.fullmatch(value):
        return None
    if value.lstrip("@!<>").lower() in {"here", "channel", "everyone"}:
        return f"{shown(value)} would wake everybody", "name the group on call (S…) or one person (U…)"
    return f"{shown(value)} is not the id of a person or group", MEMBER_HINT
