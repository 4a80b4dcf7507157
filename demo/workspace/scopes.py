"""Which scope a Web API method needs; any one of those listed will do. Data, from each method's reference page.

docs.slack.dev/reference/methods. Methods that are not listed need none.
"""

from __future__ import annotations

from collections.abc import Collection

from demo.workspace.triggers import SlackError

_CHAT = ("chat:write",)
_READ = ("channels:read", "groups:read", "im:read", "mpim:read")

NEEDED: dict[str, tuple[str, ...]] = {
    "bots.info": ("users:read",),
    "chat.postMessage": _CHAT,
    "chat.update": _CHAT,
    "chat.postEphemeral": _CHAT,
    "chat.delete": _CHAT,
    "chat.scheduleMessage": _CHAT,
    "chat.deleteScheduledMessage": _CHAT,
    "conversations.info": _READ,
    "conversations.list": _READ,
    "conversations.open": ("channels:manage", "groups:write", "im:write", "mpim:write"),
    "files.completeUploadExternal": ("files:write",),
    "files.delete": ("files:write",),
    "files.getUploadURLExternal": ("files:write",),
    "files.info": ("files:read",),
    "team.info": ("team:read",),
    "usergroups.list": ("usergroups:read",),
    "usergroups.users.list": ("usergroups:read",),
    "users.info": ("users:read",),
    "users.list": ("users:read",),
}


class MissingScope(SlackError):
    """`missing_scope`, with what is needed beside what there is."""

    def __init__(self, needed: str, provided: str) -> None:
        super().__init__("missing_scope")
        self.needed = needed
        self.provided = provided


def check(method: str, granted: Collection[str]) -> None:
    """Refuse a method the app has no scope for."""
    needed = NEEDED.get(method, ())
    if needed and not set(needed) & set(granted):
        raise MissingScope(",".join(needed), ",".join(granted))
