"""Forms: the reason for a move, a report behind a button, a refusal. Pure: opening them is done elsewhere."""

from typing import Any

from handlers.blocks.moves import effect
from handlers.blocks.parts import Block, Message, section
from handlers.blocks.state import heading
from handlers.buttons import HAVE_IT, ButtonValue
from handlers.escape import clip, join, md, plain
from rollout.reports import CardView

REASON = "tidegate:reason"
SHOWN = "tidegate:shown"
FIELD = "reason"
LONGEST = 1000
_TITLES = {
    "reject": "Reject",
    "go-on": "Go on",
    "ship": "Emergency ship",
    "adopt": "Adopt",
    "unlock": "Release hold",
    "rollback": "Roll back anyway",
}


def reason_view(value: ButtonValue, card: CardView | None) -> dict[str, Any]:
    """Asks why before a move counts, and says what it will do."""
    title = _TITLES.get(value.verb, value.verb.replace("-", " ").capitalize())
    blocks = [section(_about(value, card)), _field()]
    return _modal(title, REASON, blocks) | {
        "submit": _plain(title),
        "private_metadata": value.wire,
    }


def shown_view(message: Message) -> dict[str, Any]:
    """A report to read: the same blocks, without buttons."""
    blocks = [block for block in message.blocks if block["type"] != "actions"]
    return _modal("Tidegate", SHOWN, blocks or [section(message.text)])


def refused_view(message: Message) -> dict[str, Any]:
    """Why a press did nothing."""
    return _modal("Nothing was changed", SHOWN, [section(message.text)])


def typed(value: ButtonValue) -> str:
    """The same wish as it could be typed, for when the form came too late."""
    if value.verb == HAVE_IT:
        return f"/deploy status #{value.rollout}"
    flags = (" --full" if value.full else "") + (" --force" if value.force else "")
    reason = ' --reason "…"' if value.needs_reason else ""
    return f"/deploy {value.verb} #{value.rollout}{flags}{reason}"


def _about(value: ButtonValue, card: CardView | None) -> str:
    if card is None:
        return md("Rollout #{}.", value.rollout)
    says = effect(card.rollout, value.verb, force=value.force)
    return join("\n", [heading(card.rollout), clip(says, 600)])


def _field() -> Block:
    return {
        "type": "input",
        "block_id": FIELD,
        "label": _plain("Why?"),
        "hint": _plain("Kept in the audit trail and shown on the card."),
        "element": {
            "type": "plain_text_input",
            "action_id": FIELD,
            "max_length": LONGEST,
            "focus_on_load": True,
        },
    }


def _modal(title: str, callback_id: str, blocks: list[Block]) -> dict[str, Any]:
    return {
        "type": "modal",
        "callback_id": callback_id,
        "title": _plain(plain(title, 24)),
        "close": _plain("Close"),
        "blocks": blocks,
    }


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text}
