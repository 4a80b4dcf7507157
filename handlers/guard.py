"""The outer guard of every listener: whatever happens inside, Slack gets an answer with status 200.

Before the commit an exception becomes a friendly text with a reference that the log has too. After it,
it becomes the reply that was already computed: the wish counts, so the person must hear that it does.
"""

import hashlib
import logging
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from slack_bolt import Ack

from handlers.blocks.answers import said
from rollout.errors import Refused, TidegateError
from rollout.ports import Reply

log = logging.getLogger(__name__)

Out = dict[str, Any]
"""The arguments of `ack`: what goes back to Slack in this very answer."""


class Turn:
    """One request on its way through a listener; remembers the reply as soon as there is one."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        self.body = body
        self.reply: Reply | None = None

    @property
    def reference(self) -> str:
        """Eight digits that stand in the answer and in the log; a replay has the same."""
        return hashlib.sha256(str(self.body.get("trigger_id")).encode("utf-8", "replace")).hexdigest()[:8]


Listen = Callable[[Turn], Out]
Tell = Callable[[Turn, TidegateError], Out]
"""How this kind of request is told something when its listener has no answer of its own."""


def guarded(listen: Listen, tell: Tell, told: Callable[[Reply], Out]) -> Callable[..., None]:
    """The listener as Bolt calls it: answers exactly once and never raises."""

    def listener(ack: Ack, body: Mapping[str, Any]) -> None:
        turn = Turn(body)
        out: Out = {}
        try:
            out = _out(turn, listen, tell, told)
        except Exception as error:  # noqa: BLE001 the last line of defence: an unanswered click looks lost
            note(turn, error)
        try:
            ack(**out)
        except Exception as error:  # noqa: BLE001 an answer that cannot be written down is still an answer
            note(turn, error)
            ack()

    return listener


def _out(turn: Turn, listen: Listen, tell: Tell, told: Callable[[Reply], Out]) -> Out:
    try:
        return listen(turn)
    except TidegateError as error:
        if turn.reply is None:
            return tell(turn, error)
        note(turn, error)
    except Exception as error:  # noqa: BLE001 see the module: after the commit the reply stands
        note(turn, error)
        if turn.reply is None:
            return tell(turn, _lost(turn))
    return told(turn.reply)


def _lost(turn: Turn) -> TidegateError:
    return Refused(
        "something went wrong before anything was stored; nothing was changed",
        f"try again; if it stays, give your admins the reference {turn.reference}",
    )


def bare(reply: Reply) -> Out:
    """A reply as nothing but text: for when drawing it failed."""
    return {"text": str(said(reply.text, reply.hint))}


def note(turn: Turn, error: Exception) -> None:
    """Log where it happened and of what kind; never its text, which may quote a payload and its secrets."""
    where = "".join(traceback.format_tb(error.__traceback__))
    log.error("listener failed, reference %s: %s\n%s", turn.reference, type(error).__name__, where)
