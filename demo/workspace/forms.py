"""What people do in modals and home tabs: press, submit, close, search. Applies the bot's answer."""

from __future__ import annotations

from demo.workspace import payloads, rules
from demo.workspace.blocks import accepted_view
from demo.workspace.config import Person
from demo.workspace.core import Core
from demo.workspace.delivery import Delivery
from demo.workspace.gestures import action_of, find_element
from demo.workspace.methods.views import push, replace
from demo.workspace.results import Result
from demo.workspace.triggers import SlackError
from demo.workspace.view_state import Values, missing, with_typed
from demo.workspace.wire import Json, Message, View


class Forms:
    def __init__(self, core: Core, delivery: Delivery) -> None:
        self._core = core
        self._delivery = delivery

    def press(self, person: Person, view: View, action_id: str, choice: Json, typed: Values) -> Result:
        """Press a button or change a dispatching input of a view."""
        found = find_element(view.blocks, action_id)
        if found is None:
            return Result(error="action_not_found")
        typed = {**typed, found[0]["block_id"]: {**typed.get(found[0]["block_id"], {}), action_id: choice}}
        view = self._hold(view, typed)
        payload = payloads.view_action(self._core, person, view, action_of(*found, choice))
        envelope = self._delivery.send("interactive", payload)
        return Result(envelope=envelope, error=None if envelope.acked else envelope.outcome)

    def submit(self, person: Person, view: View, typed: Values) -> Result:
        """Send the form, unless Slack's own client would ask for more first; then do what the ack says."""
        view = self._hold(view, typed)
        errors = missing(view.blocks, view.body["state"]["values"])
        if errors:
            return Result(errors=errors)
        payload = payloads.view_submission(self._core, person, view)
        envelope = self._delivery.send("interactive", payload)
        if not envelope.acked:
            return Result(envelope=envelope, error=envelope.outcome)
        try:
            return Result(envelope=envelope, errors=self._follow(view, envelope.ack or {}))
        except SlackError as error:
            noted = self._delivery.note(envelope, " ".join((f"ack refused: {error.error}", *error.messages)))
            return Result(envelope=noted, error=error.error)

    def close(self, person: Person, view: View, *, everything: bool = False) -> Result:
        """Close one view or the whole stack; the bot hears of it only where it asked for that."""
        board = self._core.board
        with board.held():
            stack = board.stack(person.id)
            board.set_stack(person.id, [] if everything else [v for v in stack if v.id != view.id])
        if not view.body["notify_on_close"]:
            return Result()
        payload = payloads.view_closed(self._core, person, view, cleared=everything)
        envelope = self._delivery.send("interactive", payload)
        return Result(envelope=envelope, error=None if envelope.acked else envelope.outcome)

    def suggest(self, person: Person, where: View | Message, ids: tuple[str, str], typed: str) -> Result:
        """Options of an external_select; `ids` are block_id and action_id."""
        payload = payloads.suggestion(self._core, person, where, ids, typed)
        envelope = self._delivery.send("interactive", payload)
        if not envelope.acked:
            return Result(envelope=envelope, error=envelope.outcome)
        ack = envelope.ack or {}
        found = rules.options_complaints(ack)
        if found:
            noted = self._delivery.note(envelope, *found)
            return Result(envelope=noted, error="invalid_options")
        groups = tuple(ack.get("option_groups", ()))
        return Result(envelope=envelope, options=tuple(ack.get("options", ())), option_groups=groups)

    def _hold(self, view: View, typed: Values) -> View:
        """The view with what was typed in its state; kept, so that views.update does not lose it."""
        now = self._core.board.view(lambda v: v.id == view.id) or view
        values = with_typed(now.body["state"]["values"], typed)
        held = View(owner=now.owner, body={**now.body, "state": {"values": values}})
        self._core.board.replace_view(held)
        return held

    def _follow(self, view: View, ack: Json) -> dict[str, str]:
        """Apply `response_action`; the errors to show under fields."""
        action = ack.get("response_action")
        board, owner = self._core.board, view.owner
        if action is None:
            if ack:
                raise SlackError("invalid_ack", (f"unknown keys {', '.join(sorted(ack))}",))
            board.set_stack(owner, [v for v in board.stack(owner) if v.id != view.id])
        elif action == "clear":
            board.set_stack(owner, [])
        elif action == "update":
            replace(self._core, view, accepted_view(self._core, ack.get("view")))
        elif action == "push":
            push(self._core, owner, accepted_view(self._core, ack.get("view")))
        elif action == "errors":
            return _field_errors(view, ack)
        else:
            raise SlackError("invalid_ack", (f"unknown response_action {action!r}",))
        return {}


def _field_errors(view: View, ack: Json) -> dict[str, str]:
    errors = ack.get("errors")
    inputs = {b["block_id"] for b in view.blocks if b.get("type") == "input"}
    if not isinstance(errors, dict) or not errors:
        raise SlackError("invalid_ack", ("errors must be an object of block_id and sentence",))
    strange = sorted(set(errors) - inputs)
    if strange:
        raise SlackError("invalid_ack", (f"errors name {', '.join(strange)}, no input block here",))
    return {str(k): str(v) for k, v in errors.items()}
