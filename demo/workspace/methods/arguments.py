"""Reads the arguments that methods share: the channel, the content, the thread. Refuses with Slack's words."""

from __future__ import annotations

from typing import TypeVar

from demo.workspace.blocks import MAX_TEXT, accepted
from demo.workspace.config import Channel
from demo.workspace.core import Core
from demo.workspace.triggers import SlackError
from demo.workspace.wire import Json

T = TypeVar("T")


def channel_of(core: Core, args: Json, *, names: bool = False) -> Channel:
    """The channel of `channel`: an id; for posting also a name or a person's id. Archived: refused."""
    wanted = str(args.get("channel") or "")
    if names and wanted in {p.id for p in core.people}:
        return core.open_dm(wanted)
    for channel in core.channels:
        if wanted == channel.id or (names and wanted.removeprefix("#") == channel.name):
            return may_post(core, channel)
    raise SlackError("channel_not_found")


def may_post(core: Core, channel: Channel, *, public: bool = True) -> Channel:
    """The channel itself, if the bot may post there now; `public`: chat:write.public counts."""
    if channel.archived:
        raise SlackError("is_archived")
    if not channel.bot_is_member and not (public and "chat:write.public" in core.config.scopes):
        raise SlackError("not_in_channel")
    return channel


def content_of(core: Core, args: Json) -> tuple[str, tuple[Json, ...]]:
    """Checked text and blocks."""
    text = args.get("text")
    blocks = accepted(core, args.get("blocks"))
    if text is not None and not isinstance(text, str):
        raise SlackError("invalid_arguments")
    if not text and not blocks and not args.get("attachments"):
        raise SlackError("no_text")
    if len(text or "") > MAX_TEXT:
        raise SlackError("msg_too_long")
    return text or "", blocks


def thread_of(core: Core, where: Channel, args: Json) -> str | None:
    """The root of the thread a reply belongs to; a reply to a reply lands at its root, as in Slack."""
    if not args.get("thread_ts"):
        return None
    root = core.board.message(where.id, str(args["thread_ts"]))
    if root is None or root.ephemeral:
        raise SlackError("thread_not_found")
    return root.thread_ts or root.ts


def metadata_of(args: Json) -> Json | None:
    metadata = args.get("metadata")
    if metadata is None:
        return None
    if not isinstance(metadata, dict) or set(metadata) != {"event_type", "event_payload"}:
        raise SlackError("invalid_metadata_format")
    return metadata


def flag(args: Json, name: str) -> bool:
    return args.get(name) in (True, "true", "True", "1", 1)


def wrong(sentence: str, at: str) -> SlackError:
    """`invalid_arguments`, as Slack's own check of arguments says it."""
    return SlackError("invalid_arguments", (f"[ERROR] {sentence} [json-pointer:/{at}]",))


def page_of(items: list[T], args: Json) -> tuple[list[T], Json]:
    """One page by Slack's cursor; a cursor we did not give is refused."""
    cursor, limit = str(args.get("cursor") or "0"), int(args.get("limit") or 100)
    if not cursor.isdigit():
        raise SlackError("invalid_cursor")
    start, end = int(cursor), int(cursor) + limit
    following = str(end) if end < len(items) else ""
    return items[start:end], {"response_metadata": {"next_cursor": following}}
