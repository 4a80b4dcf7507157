"""views.*: modals (a stack of at most three per person) and the home tab."""

from __future__ import annotations

import json
from collections.abc import Callable

from demo.workspace.blocks import accepted_view
from demo.workspace.core import Core
from demo.workspace.ids import mint, secret
from demo.workspace.triggers import SlackError
from demo.workspace.view_state import initial_values
from demo.workspace.wire import Json, View

STACK = 3
MAX_BYTES = 250_000


def open_view(core: Core, args: Json) -> Json:
    body = _checked(core, args, "modal")
    user = core.triggers.exchange(_trigger(args), core.clock())
    view = new_view(core, user, body)
    core.board.set_stack(user, [view])
    return {"view": view.body}


def push_view(core: Core, args: Json) -> Json:
    body = _checked(core, args, "modal")
    user = core.triggers.exchange(_trigger(args), core.clock())
    return {"view": push(core, user, body).body}


def update_view(core: Core, args: Json) -> Json:
    body = _checked(core, args, "modal")
    with core.board.held():
        wanted_id, external = args.get("view_id"), args.get("external_id")
        old = core.board.view(lambda v: v.id == wanted_id or (bool(external) and v.body["external_id"] == external))
        if old is None:
            raise SlackError("not_found")
        if args.get("hash") and args["hash"] != old.body["hash"]:
            raise SlackError("hash_conflict")
        view = replace(core, old, body)
    return {"view": view.body}


def publish(core: Core, args: Json) -> Json:
    body = _checked(core, args, "home")
    user = str(args.get("user_id"))
    if user not in {p.id for p in core.people}:
        raise SlackError("user_not_found")
    with core.board.held():
        old = core.board.home(user)
        if args.get("hash") and old is not None and args["hash"] != old.body["hash"]:
            raise SlackError("hash_conflict")
        view = new_view(core, user, body)
        if old is not None:
            view = View(owner=user, body={**view.body, "id": old.id, "root_view_id": old.id})
        core.board.set_home(user, view)
    return {"view": view.body}


def new_view(core: Core, user: str, body: Json) -> View:
    """The view Slack would make of `body`: every key present, ids and hash filled in."""
    config, view_id = core.config, mint("V")
    return View(
        owner=user,
        body={
            "id": view_id,
            "team_id": config.team_id,
            "type": body["type"],
            "blocks": body["blocks"],
            "private_metadata": body.get("private_metadata", ""),
            "callback_id": body.get("callback_id", ""),
            "state": {"values": initial_values(body["blocks"])},
            "hash": _hash(core),
            "title": _text(body.get("title")),
            "clear_on_close": bool(body.get("clear_on_close", False)),
            "notify_on_close": bool(body.get("notify_on_close", False)),
            "close": _text(body.get("close")),
            "submit": _text(body.get("submit")),
            "previous_view_id": None,
            "root_view_id": view_id,
            "app_id": config.app_id,
            "external_id": body.get("external_id", ""),
            "app_installed_team_id": config.team_id,
            "bot_id": config.bot_id,
        },
    )


def push(core: Core, user: str, body: Json) -> View:
    """Lay a view on top of the person's stack."""
    with core.board.held():
        stack = core.board.stack(user)
        if not stack:
            raise SlackError("not_found")
        if len(stack) >= STACK:
            raise SlackError("push_limit_reached")
        view = new_view(core, user, body)
        links = {"previous_view_id": stack[-1].id, "root_view_id": stack[0].id}
        view = View(owner=user, body={**view.body, **links})
        core.board.set_stack(user, [*stack, view])
    return view


def replace(core: Core, old: View, body: Json) -> View:
    """Change a view in place. Values typed into inputs whose block_id and action_id stay are kept."""
    new = new_view(core, old.owner, body)
    kept = old.body["state"]["values"]
    values = {
        block: {action: kept.get(block, {}).get(action, value) for action, value in actions.items()}
        for block, actions in new.body["state"]["values"].items()
    }
    links = {key: old.body[key] for key in ("id", "previous_view_id", "root_view_id")}
    view = View(owner=old.owner, body={**new.body, **links, "state": {"values": values}})
    core.board.replace_view(view)
    return view


def _checked(core: Core, args: Json, kind: str) -> Json:
    body = accepted_view(core, args.get("view"))
    if body["type"] != kind:
        pointer = "[json-pointer:/view/type]"
        raise SlackError("invalid_arguments", (f"[ERROR] unsupported type: {body['type']} {pointer}",))
    if len(json.dumps(body)) > MAX_BYTES:
        raise SlackError("view_too_large")
    return body


def _trigger(args: Json) -> str:
    if not args.get("trigger_id"):
        raise SlackError("invalid_arguments", ("[ERROR] missing required field: trigger_id",))
    return str(args["trigger_id"])


def _text(text: Json | None) -> Json | None:
    """Slack adds `emoji` to plain text."""
    return None if text is None else {"emoji": True, **text}


def _hash(core: Core) -> str:
    return f"{int(core.clock())}.{secret(8)}"


METHODS: dict[str, Callable[[Core, Json], Json]] = {
    "views.open": open_view,
    "views.push": push_view,
    "views.update": update_view,
    "views.publish": publish,
}
