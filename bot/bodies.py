"""Is the body of a genuine request one that Slack sends? Looked at before Bolt, which raises on whatever is not.

Only the outer shape: what people wrote inside is judged by the listeners. Nothing is logged here.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

_NEEDS: Mapping[str, tuple[str, type]] = {
    "block_actions": ("actions", list),
    "view_submission": ("view", dict),
    "view_closed": ("view", dict),
    "block_suggestion": ("action_id", str),
    "shortcut": ("callback_id", str),
    "message_action": ("callback_id", str),
    "url_verification": ("challenge", str),
    "event_callback": ("event", dict),
}
"""What an object must carry to be of its type: https://docs.slack.dev/reference/interaction-payloads"""


def is_command(text: str) -> bool:
    """True for a slash command: its answer is shown to the person as text."""
    return not text.startswith("{") and "payload" not in _fields(text) and bool(_fields(text).get("command"))


def misshapen(text: str, kind: str) -> str:
    """Why Slack cannot have meant this body, empty when it can; `kind` is the content type."""
    if kind.partition(";")[0].strip().lower() == "application/json" or text.startswith("{"):
        return _object(text)
    fields = _fields(text)
    if "payload" in fields:
        return _object(fields["payload"])
    return "" if fields.get("command") or fields.get("ssl_check") else "a form without a command"


def _fields(text: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(text, keep_blank_values=True))
    except ValueError:  # more fields than anybody sends
        return {}


def _object(text: str) -> str:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):  # nested too deep for the parser, too
        return "no JSON"
    if not isinstance(found, dict):
        return "no object"
    kind = found.get("type")
    name, wanted = _NEEDS.get(kind, ("", str)) if isinstance(kind, str) else ("", str)
    if not name:
        return "an unknown type"
    inner = found.get(name)
    if not isinstance(inner, wanted):
        return f"no {name}"
    return "" if _named(name, inner) else f"{name} without an id"


def _named(name: str, inner: Any) -> bool:
    """Bolt finds the listener by these ids."""
    if name == "actions":
        return bool(inner) and all(isinstance(one, dict) and isinstance(one.get("action_id"), str) for one in inner)
    return name != "view" or isinstance(inner.get("callback_id"), str)
