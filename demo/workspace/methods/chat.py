"""chat.*: post, update, ephemeral, delete, permalink. Errors are Slack's words."""

from __future__ import annotations

from collections.abc import Callable

from demo.workspace import shapes
from demo.workspace.config import Channel
from demo.workspace.core import Core
from demo.workspace.methods.arguments import channel_of, content_of, flag, metadata_of, thread_of
from demo.workspace.triggers import SlackError
from demo.workspace.wire import Json, Message


def post_message(core: Core, args: Json) -> Json:
    where = channel_of(core, args, names=True)
    text, blocks = content_of(core, args)
    with core.board.held():
        message = core.board.put(
            Message(
                ts=core.stamps.next(core.clock()),
                channel=where.id,
                user=core.config.bot_user_id,
                text=text,
                blocks=blocks,
                thread_ts=thread_of(core, where, args),
                broadcast=flag(args, "reply_broadcast") and bool(args.get("thread_ts")),
                metadata=metadata_of(args),
                posted_at=core.clock(),
            )
        )
        core.files.show(blocks, where.id)
    return {"channel": where.id, "ts": message.ts, "message": shapes.message(core, message)}


def update(core: Core, args: Json) -> Json:
    where = channel_of(core, args)
    with core.board.held():
        old = _own(core, where, args, "cant_update_message")
        text, blocks = content_of(core, args)
        # Slack: text without blocks removes the blocks; metadata stays unless sent.
        message = core.board.put(
            old.model_copy(
                update={
                    "text": text if args.get("text") is not None else old.text,
                    "blocks": blocks,
                    "edited_at": core.clock(),
                    "revision": old.revision + 1,
                    "metadata": metadata_of(args) or old.metadata,
                    "broadcast": old.broadcast or flag(args, "reply_broadcast"),
                }
            )
        )
    for unseen in core.files.unseen(blocks, where.id):
        core.board.problem(f"chat.update: {unseen} was never shown in {where.name}: people see a broken picture")
    answer = {"channel": where.id, "ts": message.ts, "text": message.text}
    return answer | {"message": shapes.message(core, message)}


def post_ephemeral(core: Core, args: Json) -> Json:
    where = channel_of(core, args, names=True)
    text, blocks = content_of(core, args)
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
    core.files.show(blocks, where.id)
    return {"message_ts": message.ts}


def delete(core: Core, args: Json) -> Json:
    where = channel_of(core, args)
    with core.board.held():
        message = _own(core, where, args, "cant_delete_message")
        core.board.remove(where.id, message.ts)
    return {"channel": where.id, "ts": message.ts}


def permalink(core: Core, args: Json) -> Json:
    """Reads only: a channel that is archived or was left has links all the same."""
    channel, ts = str(args.get("channel") or ""), str(args.get("message_ts") or "")
    if channel not in {c.id for c in core.channels}:
        raise SlackError("channel_not_found")
    if core.board.message(channel, ts) is None:
        raise SlackError("message_not_found")
    link = f"{core.origin}/archives/{channel}/p{ts.replace('.', '')}"
    return {"channel": channel, "permalink": link}


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
