"""The listeners: parse, ask the desk, answer. Local work only; no call to Slack or AWS ever leaves from here.

Three ways out: the ack (slash text, errors in a form), the now lane (forms), the desk's outbox (the rest).
"""

from collections.abc import Callable
from typing import Any

from slack_bolt import App

from handlers import payloads, views
from handlers.blocks.answers import refusal
from handlers.blocks.answers import reply as reply_message
from handlers.blocks.parts import Message, message
from handlers.blocks.reports import report as report_message
from handlers.buttons import ACTION_ID, OPEN
from handlers.escape import code, md, plain
from handlers.guard import Out, Turn, bare, guarded, note
from handlers.ports import Identity, NowLane
from handlers.spelling import refuse
from handlers.words import parse, usage
from rollout.ask import Ask, Bound
from rollout.desk import Desk
from rollout.errors import BadInput, TidegateError
from rollout.ports import Reply
from rollout.reports import CardView
from rollout.verbs import VERBS

COMMAND = "/deploy"
_ASKED = (
    "Slack is being asked now. If it answers within two minutes, this counts and the card shows it. "
    "If the card shows nothing, try again in a minute."
)


def register(app: App, desk: Desk, now_lane: NowLane, identity: Callable[[], Identity | None]) -> None:
    """Put every listener on the app. Bolt must run with `process_before_response=True`."""
    room = Listeners(desk, now_lane, identity)
    app.command(COMMAND)(guarded(room.slash, room.tell_slash, bare))
    # Before the other buttons: Bolt asks the listeners in this order, and a link carries nothing that they could read.
    app.action(OPEN)(guarded(opened, lambda *_: {}, lambda _: {}))
    app.action(ACTION_ID)(guarded(room.press, room.tell_press, lambda _: {}))
    app.view(views.REASON)(guarded(room.submit, room.tell_form, under_field))


class Listeners:
    """What each kind of request does; the guard around it is elsewhere."""

    def __init__(self, desk: Desk, now_lane: NowLane, identity: Callable[[], Identity | None]) -> None:
        self._desk = desk
        self._now = now_lane
        self._identity = identity

    def slash(self, turn: Turn) -> Out:
        """`/deploy …`: the ack is the answer."""
        body = turn.body
        actor = payloads.actor_of(body, self._identity())
        key = payloads.slash_key(body)
        ask = parse(payloads.slash_text(body), channel=payloads.channel_of(body))
        if VERBS[ask.verb].reads:
            return _ephemeral(report_message(self._desk.report(ask, actor)))
        _needs_reason(ask)
        turn.reply = self._desk.ask(ask, actor, dedupe=key, reply=payloads.address(body))
        return _ephemeral(reply_message(turn.reply, self._bound(turn.reply)))

    def press(self, turn: Turn) -> Out:
        """A button. Slack shows no text of this ack: forms go to the now lane, answers to the outbox."""
        pressed = payloads.press(turn.body, self._identity())
        value = pressed.value
        if value.needs_reason:
            self._open(pressed, views.reason_view(value, self._card(value.rollout)))
        elif value.reads:
            report = self._desk.report(value.ask(channel=pressed.channel), pressed.actor)
            self._open(pressed, views.shown_view(report_message(report)))
        else:
            ask = value.ask(channel=pressed.channel)
            turn.reply = self._desk.ask(ask, pressed.actor, dedupe=pressed.dedupe, reply=pressed.reply)
        return {}

    def submit(self, turn: Turn) -> Out:
        """The form with the reason: refusals stand under the field, and what was typed stays."""
        body = turn.body
        actor = payloads.actor_of(body, self._identity())
        value = payloads.view_value(body)
        why = payloads.reason(body)
        if not why:
            raise BadInput("write why: it is kept in the audit trail")
        refuse(why, 1, free=True)
        turn.reply = self._desk.ask(value.ask(reason=why), actor, dedupe=payloads.view_key(body, actor))
        return under_field(turn.reply)

    def tell_slash(self, turn: Turn, error: TidegateError) -> Out:
        """Answer a command in its ack."""
        words = turn.body.get("text")
        self._turned_away(turn, words if isinstance(words, str) else "", error)
        return _ephemeral(refusal(error))

    def _turned_away(self, turn: Turn, words: str, error: TidegateError) -> None:
        """Every refusal is written down, those of the grammar too. One that names nobody, or that a full disk
        cannot take, is still answered.
        """
        try:
            self._desk.turned_away(words, payloads.actor_of(turn.body, self._identity()), error)
        except TidegateError:
            return
        except Exception as failed:  # noqa: BLE001 what cannot be written down must not silence the answer
            note(turn, failed)

    def tell_press(self, turn: Turn, error: TidegateError) -> Out:
        """Answer a press that reached no desk: in a small window, because this ack shows nothing."""
        self._turned_away(turn, "a button", error)
        trigger = turn.body.get("trigger_id")
        if isinstance(trigger, str) and trigger:
            said = refusal(error)
            view = views.refused_view(said)
            self._now.open_view(trigger, view, reply=payloads.address(turn.body), instead=str(said.text))
        return {}

    def tell_form(self, turn: Turn, error: TidegateError) -> Out:
        """Answer a form under its field."""
        self._turned_away(turn, "a form", error)
        return _errors(str(error))

    def _open(self, pressed: payloads.Press, view: dict[str, Any]) -> None:
        instead = md("This took too long to open. Type it instead: {}", code(views.typed(pressed.value)))
        self._now.open_view(pressed.trigger, view, reply=pressed.reply, instead=str(instead))

    def _card(self, rollout: int) -> CardView | None:
        """The card for the words of a form; a form without them is better than none."""
        try:
            return self._desk.card(rollout)
        except TidegateError:
            return None

    def _bound(self, reply: Reply) -> Bound | None:
        """What an offered button is bound to."""
        if reply.offer not in VERBS or VERBS[reply.offer].reads or reply.rollout is None:
            return None
        return self._desk.card(reply.rollout).rollout.bound


def opened(turn: Turn) -> Out:
    """A link was followed: the browser has it already, Slack only wants to know that it was heard."""
    return {}


def under_field(reply: Reply) -> Out:
    """The answer to a form: closed when it counted, else the refusal under the field. A form has no address for an
    answer that comes later, so who is not recognised yet reads in its place how it goes on.
    """
    if reply.offer == "identity":
        said = message(md("{}. {}", reply.text, _ASKED), [])
        return {"response_action": "update", "view": views.shown_view(said)}
    return {} if reply.ok else _errors(f"{reply.text}. {reply.hint}" if reply.hint else reply.text)


def _errors(text: str) -> Out:
    return {"response_action": "errors", "errors": {views.FIELD: plain(text, 500)}}


def _ephemeral(message: Message) -> Out:
    out: Out = {"response_type": "ephemeral", "text": str(message.text)}
    return out | {"blocks": [*message.blocks]} if message.blocks else out


def _needs_reason(ask: Ask) -> None:
    verb = VERBS[ask.verb]
    if not ask.reason and (verb.reason == "must" or ask.force):
        raise BadInput(
            f"{ask.verb} needs a reason", f'{usage(verb).removesuffix(" --reason …")} --reason "…"'
        )
