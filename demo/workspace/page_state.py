"""The workspace as JSON for the page: everything at the start, then one piece per change. Only reads."""

from __future__ import annotations

from collections.abc import Sequence

from demo.workspace.core import Core
from demo.workspace.files import StoredFile, images
from demo.workspace.knobs import Knob, Status
from demo.workspace.results import SENTENCES, Result
from demo.workspace.wire import Call, Change, Envelope, Json, Message, View

SHOWN_RECORDS = 200


def everything(core: Core, knobs: Sequence[Knob], status: Status | None, connections: int) -> Json:
    """What a page needs to draw itself from nothing."""
    config, board = core.config, core.board
    with board.held():
        return {
            "type": "hello",
            "team": config.team_name,
            "bot": {"user": config.bot_user_id, "name": config.bot_name},
            "people": [_person(core, p.id) for p in core.people],
            "groups": [g.model_dump(include={"id", "handle", "name"}) for g in config.groups],
            "channels": _channels(core),
            "commands": [c.model_dump() for c in config.commands],
            "chips": config.chips,
            "install": config.install.model_dump(),
            "delivery": config.delivery,
            "knobs": [k.model_dump(exclude={"run"}) for k in knobs],
            "messages": [message(core, m) for m in board.messages()],
            "stacks": {p.id: [v.body for v in board.stack(p.id)] for p in core.people},
            "homes": {p.id: _view(board.home(p.id)) for p in core.people},
            "envelopes": [envelope(e) for e in board.envelopes[-SHOWN_RECORDS:]],
            "calls": [call(c) for c in board.calls[-SHOWN_RECORDS:]],
            "problems": board.problems,
            "status": status,
            "connections": connections,
        }


def piece(core: Core, change: Change) -> Json | None:
    """The news of one change; None when it is already outdated."""
    board, body = core.board, change.body
    if change.kind == "message":
        found = board.message(body["channel"], body["ts"])
        return None if found is None else {"type": "message", "message": message(core, found)}
    if change.kind == "views":
        return {"type": "views", "user": body["user"], "stack": [v.body for v in board.stack(body["user"])]}
    if change.kind == "home":
        return {"type": "home", "user": body["user"], "view": _view(board.home(body["user"]))}
    if change.kind == "envelope":
        newest = [e for e in board.envelopes[-SHOWN_RECORDS:] if e.id == body["id"]]
        return {"type": "envelope", "envelope": envelope(newest[-1])} if newest else None
    if change.kind == "channels":
        return {"type": "channels", "channels": _channels(core)}
    if change.kind == "call":
        newest_calls = [c for c in board.calls if c.number == body["number"]]
        return {"type": "call", "call": call(newest_calls[-1])} if newest_calls else None
    return {"type": change.kind, **body}


def message(core: Core, one: Message) -> Json:
    body: Json = {
        "channel": one.channel,
        "ts": one.ts,
        "user": one.user,
        "text": one.text,
        "blocks": list(one.blocks),
        "bot": one.from_bot,
        "revision": one.revision,
        "at": one.posted_at,
    }
    optional = {
        "thread_ts": one.thread_ts,
        "only_to": one.only_to,
        "edited_at": one.edited_at,
        "note": one.note,
        "files": [_file(f) for f in core.files.every if f.id in one.files],
        "pictures": _pictures(core, one),
    }
    return body | {"broadcast": one.broadcast} | {k: v for k, v in optional.items() if v}


def envelope(one: Envelope) -> Json:
    return {**one.model_dump(exclude={"attempt"}), "attempt": one.attempt, "title": one.title}


def call(one: Call) -> Json:
    return {**one.model_dump(), "ok": one.ok}


def result(one: Result) -> Json:
    """The answer to a gesture; `sentence` explains the error."""
    return {
        "ok": one.ok,
        "error": one.error,
        "sentence": SENTENCES.get(one.error or "", one.error),
        "errors": one.errors,
        "options": list(one.options),
        "option_groups": list(one.option_groups),
        "ack_ms": one.ack_ms,
    }


def _channels(core: Core) -> list[Json]:
    shown = {"id", "name", "topic", "archived", "shared", "members", "bot_is_member"}
    return [c.model_dump(include=shown) for c in core.channels if not c.id.startswith("D")]


def _file(one: StoredFile) -> Json:
    body = {"id": one.id, "name": one.name, "title": one.title, "alt": one.alt_txt, "size": one.length}
    return body | {"gone": one.deleted, "picture": _size(one)}


def _pictures(core: Core, one: Message) -> Json:
    """The uploaded pictures of its blocks: their size, and whether people in the channel may see them."""
    found = [core.files.named(image.get("slack_file") or {}) for _, image in images(one.blocks)]
    return {f.id: {**(_size(f) or {}), "seen": one.channel in f.shares} for f in found if f is not None}


def _size(one: StoredFile) -> Json | None:
    return {"w": one.picture.width, "h": one.picture.height} if one.picture else None


def _person(core: Core, person_id: str) -> Json:
    person = core.person(person_id)
    body = person.model_dump(include={"id", "name", "real_name", "role"})
    return body | {"dm": "D" + person.id.removeprefix("U")}


def _view(view: View | None) -> Json | None:
    return None if view is None else view.body
