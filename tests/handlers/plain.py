"""What a person would read: blocks as plain text, dates as UTC, buttons in brackets. For transcripts and for eyes."""

import re
from html import unescape

from handlers.blocks.parts import Message

_NAMES = {"U0ANA": "@ana", "U0BEN": "@ben", "U0EVA": "@eva", "S0PAYMENTS": "@payments", "S0ONCALL": "@oncall"}


def read(message: Message) -> str:
    """A message as lines."""
    return "\n".join(filter(None, (block(one) for one in message.blocks))) or text(message.text)


def form(view: dict) -> str:
    """A form as lines: its title, what stands in it, its button."""
    lines = [f"( {view['title']['text']} )", *(block(one) for one in view["blocks"])]
    return "\n".join([*lines, f"[{view['submit']['text']}]" if "submit" in view else "[Close]"])


def block(one: dict) -> str:
    """One block."""
    kind = one["type"]
    if kind == "header":
        return one["text"]["text"]
    if kind == "section":
        return text(one["text"]["text"])
    if kind == "context":
        return "\n".join(text(element["text"]) for element in one["elements"])
    if kind == "actions":
        return "  ".join(_button(element) for element in one["elements"])
    if kind == "input":
        return f"{one['label']['text']} [________]"
    return f"({one['alt_text']})" if kind == "image" else f"<{kind}>"


def text(mrkdwn: str) -> str:
    """Mrkdwn as it shows."""
    shown = re.sub(r"<!date\^\d+\^[^|]*\|([^>]*)>", lambda found: found[1].replace(" UTC", ""), mrkdwn)
    shown = re.sub(r"<(?:@|!subteam\^)([A-Z0-9]+)>", lambda found: _NAMES.get(found[1], found[1]), shown)
    shown = re.sub(r"<(https:[^|>]*)\|([^>]*)>", lambda found: f"{found[2]} ({found[1]})", shown)
    return unescape(shown)


def _button(element: dict) -> str:
    mark = {"primary": "*", "danger": "!"}.get(element.get("style", ""), "")
    leads = f" ({element['url']})" if "url" in element else ""
    return f"[{mark}{element['text']['text']}{'…' if 'confirm' in element else ''}]{leads}"
