"""chat.*: post, update, ephemeral, delete, permalink. Errors are Slack's words."""

from __future__ import annotations

from collections.abc import Callable

from demo.workspace import shapes
from demo.workspace.blocks import MAX_TEXT, accepted
from demo.workspace.config import Channel
from demo.workspace.core import Core
from demo.workspace.triggers import SlackError
from demo.workspace.wire import Json, Message


def post_message(core: Core, args: Json) -> Json:
    where = _channel(core, args, names=True)
    text, blocks = _content(args)
    with core.board.held():
        message = core.board.put(
            Message(
                ts=core.stamps.next(core.clock()),
                channel=where.id,
                user=core.config.bot_user_id,
                text=text,
                blocks=blocks,
                thread_ts=_thread(core, where, args),
                broadcast=_flag(args, "reply_broadcast") and bool(args.get("thread_ts")),
                metadata=_metadata(args),
                posted_at=core.clock(),
            )
        )
    return {"channel": where.id, "ts": message.ts, "message": shapes.message(core, message)}


def update(core: Core, args: Json) -> Json:
    where = _channel(core, args)
    with core.board.held():
        old = _own(core, where, args, "cant_update_message")
        text, blocks = _content(args)
        # Slack: text without blocks removes the blocks; metadata stays unless sent.
        message = core.board.put(
            old.model_copy(
                update={
                    "text": text if args.get("text") is not None else old.text,
                    "blocks": blocks,
                    "edited_at": core.clock(),
                    "revision": old.revision + 1,
                    "metadata": _metadata(args) or old.metadata,
                    "broadcast": old.broadcast or _flag(args, "reply_broadcast"),
                }
            )
        )
    answer = {"channel": where.id, "ts": message.ts, "text": message.text}
    return answer | {"message": shapes.message(core, message)}


def post_ephemeral(core: Core, args: Json) -> Json:
    where = _channel(core, args, names=True)
    text, blocks = _content(args)
    known = {p.id for p in core.people}
    if args.get("user") not in known or (where.members and args["user"] not in where.members):
        raise SlackError("user_not_in_channel")
    message = core.board.put(
        Message(
            ts=core.stamps.next(core.clock()),
            channel=where.id,
            user=core.config.bot_user_id,
            text=text,
            blocks=blocks,
            thread_ts=args.get("thread_ts"),
            only_to=args["user"],
            posted_at=core.clock(),
        )
    )
    return {"message_ts": message.ts}


def delete(core: Core, args: Json) -> Json:
    where = _channel(core, args)
    with core.board.held():
        message = _own(core, where, args, "cant_delete_message")
        core.board.remove(where.id, message.ts)
    return {"channel": where.id, "ts": message.ts}


def permalink(core: Core, args: Json) -> Json:
    where = _channel(core, args)
    ts = str(args.get("message_ts", ""))
    if core.board.message(where.id, ts) is None:
        raise SlackError("message_not_found")
    link = f"{core.origin}/archives/{where.id}/p{ts.replace('.', '')}"
    return {"channel": where.id, "permalink": link}


def _channel(core: Core, args: Json, *, names: bool = False) -> Channel:
    """The channel of `channel`: an id; for posting also a name or a person's id. Archived: refused."""
    wanted = str(args.get("channel") or "")
    if names and wanted in {p.id for p in core.people}:
        return core.open_dm(wanted)
    for channel in core.channels:
        if wanted == channel.id or (names and wanted.removeprefix("#") == channel.name):
            if channel.archived:
                raise SlackError("is_archived")
            if not channel.bot_is_member and "chat:write.public" not in core.config.scopes:
                raise SlackError("not_in_channel")
            return channel
    raise SlackError("channel_not_found")


def _content(args: Json) -> tuple[str, tuple[Json, ...]]:
    """Checked text and blocks."""
    text = args.get("text")
    blocks = accepted(args.get("blocks"))
    if text is not None and not isinstance(text, str):
        raise SlackError("invalid_arguments")
    if not text and not blocks and not args.get("attachments"):
        raise SlackError("no_text")
    if len(text or "") > MAX_TEXT:
        raise SlackError("msg_too_long")
    return text or "", blocks


def _thread(core: Core, where: Channel, args: Json) -> str | None:
    """The root of the thread a reply belongs to; a reply to a reply lands at its root, as in Slack."""
    if not args.get("thread_ts"):
        return None
    root = core.board.message(where.id, str(args["thread_ts"]))
    if root is None or root.ephemeral:
        raise SlackError("thread_not_found")
    return root.thread_ts or root.ts


def _metadata(args: Json) -> Json | None:
    metadata = args.get("metadata")
    if metadata is None:
        return None
    if not isinstance(metadata, dict) or set(metadata) != {"event_type", "event_payload"}:
        raise SlackError("invalid_metadata_format")
    return metadata


def _flag(args: Json, name: str) -> bool:
    return args.get(name) in (True, "true", "True", "1", 1)


def _own(core: Core, where: Channel, args: Json, foreign: str) -> Message:
    message = core.board.message(where.id, str(args.get("ts") or ""))
    if message is None or message.ephemeral:
        raise SlackError("message_not_found")
    if message.user != core.config.bot_user_id:
        raise SlackError(foreign)
    return message


METHODS: dict[str, Callable[[Core, Json], Json]] = {
    "chat.postMessage": post_message,
    "chat.update": update,
    "chat.postEphemeral": post_ephemeral,
    "chat.delete": delete,
    "chat.getPermalink": permalink,
}
