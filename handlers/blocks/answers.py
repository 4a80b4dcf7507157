"""Private answers: what a request is told, at once in the ack or later through the outbox."""

from handlers.blocks.parts import Message, actions, mention, message, section
from handlers.buttons import ButtonValue, button
from handlers.escape import Mrkdwn, clip, join, md
from rollout.ask import Bound
from rollout.errors import Denied, Refused, TidegateError
from rollout.notices import Answer
from rollout.ports import Reply
from rollout.verbs import VERBS

_TEXT = 2000
_NAMED = 10
_LABELS = {
    "status": "Show it",
    "show": "Show it",
    "rollback": "Roll back",
    "unlock": "Release hold",
    "cancel": "Cancel",
    "pause": "Pause",
    "approve": "Approve",
    "retry": "Try again",
}


def reply(one: Reply, bound: Bound | None = None) -> Message:
    """The ack of a wish: a fact, what to do next, and where legal the button that does it."""
    return _said(one.text, one.hint, one.who, _offer(one.offer, one.rollout, bound))


def answer(one: Answer, bound: Bound | None = None) -> Message:
    """The same, later. The reply address is never part of it."""
    return _said(one.text, one.hint, one.who, _offer(one.offer, one.rollout, bound))


def refusal(error: TidegateError) -> Message:
    """What a person is told who asked for something that cannot be."""
    who = error.who if isinstance(error, Denied) else ()
    offer = _offer(error.offer or "", error.rollout, None) if isinstance(error, Refused) else []
    return _said(error.fact, error.hint, who, offer)


def _said(text: str, hint: str, who: tuple[str, ...], button: list[dict[str, object]]) -> Message:
    can = join(", ", map(mention, who[:_NAMED]))
    named = md("{}." if hint.endswith(":") else "These can: {}.", can) if can else can
    line = join(" ", [said(text, hint), named])
    return message(line, [section(line), *actions(button)])


def said(text: str, hint: str) -> Mrkdwn:
    """A fact and a hint as sentences; a command in the hint is copied, so no full stop is put behind it."""
    advice = clip(hint.strip(), 800) if "/deploy" in hint else _sentence(hint, 800)
    return join(" ", [_sentence(text, _TEXT), advice.capitalized()])


def _sentence(text: str, limit: int) -> Mrkdwn:
    whole = clip(text.strip(), limit)
    return md("{}", whole) if not whole or whole[-1] in ".?!…:" else md("{}.", whole)


def _offer(verb: str, rollout: int | None, bound: Bound | None) -> list[dict[str, object]]:
    """The button that resolves it; one that changes something needs what it is bound to (S9)."""
    if verb not in VERBS or rollout is None or rollout < 1:
        return []
    if not VERBS[verb].reads and bound is None:
        return []
    value = ButtonValue(
        verb=verb,
        rollout=rollout,
        step=bound.step if bound else 0,
        plan_hash=bound.plan_hash if bound else "",
    )
    label = _LABELS.get(verb, verb.replace("-", " ").capitalize())
    return [button(label, value, aloud=f"{label}: rollout {rollout}")]
