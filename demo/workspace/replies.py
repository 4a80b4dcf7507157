"""What the bot says back outside the Web API: message bodies in acks and posts to a response_url."""

from __future__ import annotations

import json
import time

from werkzeug.wrappers import Request, Response

from demo.workspace.blocks import MAX_TEXT, accepted
from demo.workspace.core import Core
from demo.workspace.triggers import Hook, NotYet, SlackError
from demo.workspace.webapi import Dropped
from demo.workspace.wire import Call, Json, Message


def post_reply(core: Core, hook: Hook, body: Json) -> Message:
    """Show a reply: only to the person who asked, unless `response_type` says `in_channel`."""
    text, blocks = body.get("text") or "", accepted(core, body.get("blocks"))
    if not text and not blocks and not body.get("attachments"):
        raise SlackError("no_text")
    if len(text) > MAX_TEXT:
        raise SlackError("msg_too_long")
    public = body.get("response_type") == "in_channel"
    thread = body.get("thread_ts") or (hook.thread_ts if hook.kind == "actions" else None)
    core.files.show(blocks, hook.channel)
    return core.board.put(
        Message(
            ts=core.stamps.next(core.clock()),
            channel=hook.channel,
            user=core.config.bot_user_id,
            text=text,
            blocks=blocks,
            thread_ts=thread,
            only_to=None if public else hook.user,
            metadata=body.get("metadata"),
            posted_at=core.clock(),
        )
    )


def take(core: Core, hook: Hook, body: Json) -> None:
    """Do what a response_url post asks. A slash command has no original of the bot's to replace."""
    source = core.board.message(hook.channel, hook.source_ts) if hook.source_ts else None
    if _flag(body, "delete_original"):
        if source is not None:
            core.board.remove(source.channel, source.ts)
    elif _flag(body, "replace_original") and source is not None:
        replaced = {"text": body.get("text") or "", "blocks": accepted(core, body.get("blocks"))}
        if not replaced["text"] and not replaced["blocks"]:
            raise SlackError("no_text")
        when = {"edited_at": core.clock(), "revision": source.revision + 1}
        core.board.put(source.model_copy(update=replaced | when))
    else:
        post_reply(core, hook, body)


def respond(core: Core, path: str, request: Request) -> Response:
    """The endpoint behind every response_url; logged like a Web API call under the method `response_url`."""
    started, received, fault = time.perf_counter(), core.clock(), core.faults.take("response_url")
    body: Json = {}
    answer: Json = {"ok": True}
    applied = None
    status = fault.status if fault else 0
    try:
        if status:
            raise SlackError(fault.error if fault else "internal_error")
        found = request.get_json(silent=True)
        if not isinstance(found, dict):
            raise SlackError("invalid_payload")
        body = found
        take(core, core.hooks.use(path, core.clock()), body)
        applied, status = core.clock(), 200
    except SlackError as error:
        status = status or (404 if error.error.endswith("_url") else 400)
        answer = {"ok": False, "error": error.error, "messages": list(error.messages)}
        if status == 400 and not isinstance(error, NotYet) and (fault is None or fault.kind != "refuse"):
            core.board.problem(f"response_url: {error.error} {' '.join(error.messages)}".strip())
    core.board.record_call(
        Call(number=core.stamps.serial(), method="response_url", args=body, answer=answer, status=status,
             received_at=received, applied_at=applied, fault=fault.kind if fault else None,
             ms=round((time.perf_counter() - started) * 1000, 2))
    )  # fmt: skip
    if fault and fault.kind in ("down", "lost_reply"):
        raise Dropped("response_url")
    if fault and fault.kind == "slow":
        core.board.wait_for(lambda: False, fault.seconds)
    return Response(json.dumps(answer), status, mimetype="application/json")


def _flag(body: Json, name: str) -> bool:
    return body.get(name) in (True, "true")
