"""chat.scheduleMessage and its list and removal; what is scheduled posts itself at its time."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from demo.workspace import shapes
from demo.workspace.core import Core
from demo.workspace.methods.arguments import (
    channel_of,
    content_of,
    flag,
    may_post,
    metadata_of,
    page_of,
    thread_of,
)
from demo.workspace.scheduled import ScheduledMessage
from demo.workspace.triggers import SlackError
from demo.workspace.wire import Json, Message


def schedule(core: Core, args: Json) -> Json:
    """docs.slack.dev/reference/methods/chat.scheduleMessage."""
    where = channel_of(core, args, names=True)
    text, blocks = content_of(core, args)
    post_at = _seconds(args.get("post_at"))
    if post_at is None:
        raise SlackError("invalid_time")
    draft = ScheduledMessage(
        id="",
        channel=where.id,
        post_at=int(post_at),
        created=core.clock(),
        text=text,
        blocks=blocks,
        thread_ts=thread_of(core, where, args),
        broadcast=flag(args, "reply_broadcast") and bool(args.get("thread_ts")),
        metadata=metadata_of(args),
    )
    with core.board.held():
        one = core.scheduled.add(draft)
        core.journal.note("scheduled", where.id, scheduled=one.id, text=text, by=core.config.bot_user_id)
    if one.metadata:
        # "Messages scheduled with chat.scheduleMessage will not post if the metadata parameter is used": same page.
        core.board.problem("chat.scheduleMessage: metadata: Slack will not post this message")
    core.later.add(one.post_at, partial(_post, core, one.id))
    message = {"bot_id": core.config.bot_id, "type": "delayed_message", "text": text, "user": core.config.bot_user_id,
               "team": core.config.team_id} | ({"blocks": shapes.blocks(core, blocks)} if blocks else {})  # fmt: skip
    return {"channel": where.id, "scheduled_message_id": one.id, "post_at": one.post_at, "message": message}


def listed(core: Core, args: Json) -> Json:
    """docs.slack.dev/reference/methods/chat.scheduledMessages.list; ids begin with Q, as those of the other calls:
    github.com/slackapi/bolt-js/issues/1881.
    """
    channel = args.get("channel")
    if channel and channel not in {c.id for c in core.channels}:
        raise SlackError("invalid_channel")
    oldest, latest = _bound(args, "oldest", 0.0), _bound(args, "latest", math.inf)
    found = [
        {"id": one.id, "channel_id": one.channel, "post_at": one.post_at, "date_created": int(one.created),
         "text": one.text}
        for one in core.scheduled.waiting
        if channel in (None, "", one.channel) and oldest <= one.post_at <= latest
    ]  # fmt: skip
    page, rest = page_of(found, args)
    return {"scheduled_messages": page, **rest}


def unschedule(core: Core, args: Json) -> Json:
    """docs.slack.dev/reference/methods/chat.deleteScheduledMessage; an archived channel is no hindrance."""
    channel = str(args.get("channel") or "")
    if channel not in {c.id for c in core.channels}:
        raise SlackError("channel_not_found")
    with core.board.held():
        gone = core.scheduled.cancel(str(args.get("scheduled_message_id")), channel, core.clock())
        core.journal.note("unscheduled", channel, scheduled=gone.id, text=gone.text, by=core.config.bot_user_id)
    return {}


def _post(core: Core, message_id: str) -> None:
    """Its time has come: it is posted, or dropped where nothing can be posted any more."""
    with core.board.held():
        one = core.scheduled.take(message_id)
        if one is None:
            return
        if one.metadata or not _postable(core, one):
            core.journal.note("dropped", one.channel, scheduled=one.id, text=one.text, by=core.config.bot_user_id)
            return
        core.board.put(
            Message(
                ts=core.stamps.next(core.clock()),
                channel=one.channel,
                user=core.config.bot_user_id,
                text=one.text,
                blocks=one.blocks,
                thread_ts=one.thread_ts,
                broadcast=one.broadcast,
                posted_at=core.clock(),
            )
        )
        core.files.show(one.blocks, one.channel)


def _postable(core: Core, one: ScheduledMessage) -> bool:
    try:
        may_post(core, core.channel(one.channel))
    except SlackError:
        return False
    return one.thread_ts is None or core.board.message(one.channel, one.thread_ts) is not None


def _seconds(value: object) -> float | None:
    try:
        seconds = float(str(value))
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) else None


def _bound(args: Json, name: str, without: float) -> float:
    found = _seconds(args[name]) if args.get(name) else without
    return without if found is None else found


METHODS: dict[str, Callable[[Core, Json], Json]] = {
    "chat.scheduleMessage": schedule,
    "chat.scheduledMessages.list": listed,
    "chat.deleteScheduledMessage": unschedule,
}
