"""The `state.values` of a view or message: what each input holds, in Slack's shape. Pure."""

from __future__ import annotations

from demo.workspace.blocks import elements
from demo.workspace.wire import Json

_SELECTED = {
    "static_select": ("selected_option", "initial_option"),
    "external_select": ("selected_option", "initial_option"),
    "radio_buttons": ("selected_option", "initial_option"),
    "users_select": ("selected_user", "initial_user"),
    "channels_select": ("selected_channel", "initial_channel"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "checkboxes": ("selected_options", "initial_options"),
    "multi_static_select": ("selected_options", "initial_options"),
    "multi_external_select": ("selected_options", "initial_options"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
    "plain_text_input": ("value", "initial_value"),
    "number_input": ("value", "initial_value"),
    "email_text_input": ("value", "initial_value"),
    "url_text_input": ("value", "initial_value"),
}
"""Element type -> the key of its value in payloads, the key of its first value in blocks."""
_LISTS = ("checkboxes", "multi_static_select", "multi_external_select")

Values = dict[str, dict[str, Json]]


def value_key(element_type: str) -> str | None:
    """The payload key an element keeps its value under; None for buttons and menus without a value."""
    found = _SELECTED.get(element_type)
    return found[0] if found else None


def initial_values(blocks: list[Json]) -> Values:
    """Every input of the blocks with its first value, null (or []) where there is none."""
    values: Values = {}
    for block in blocks:
        for element in elements(block):
            kind = element.get("type", "")
            if kind in _SELECTED:
                key, first = _SELECTED[kind]
                empty: list[Json] | None = [] if kind in _LISTS else None
                held = {"type": kind, key: element.get(first, empty)}
                values.setdefault(block["block_id"], {})[element["action_id"]] = held
    return values


def with_typed(values: Values, typed: Values) -> Values:
    """`values` with what a person typed or chose; unknown inputs are ignored."""
    return {
        block: {
            action: {**held, **{k: v for k, v in typed.get(block, {}).get(action, {}).items() if k != "type"}}
            for action, held in actions.items()
        }
        for block, actions in values.items()
    }


def missing(blocks: list[Json], values: Values) -> dict[str, str]:
    """What Slack's own client says before it sends a form: block_id -> sentence."""
    errors: dict[str, str] = {}
    for block in blocks:
        if block.get("type") != "input":
            continue
        element = block["element"]
        held = values.get(block["block_id"], {}).get(element["action_id"], {})
        key = value_key(element["type"])
        value = held.get(key) if key else None
        if value in (None, "", []):
            if not block.get("optional", False):
                errors[block["block_id"]] = "Please complete this required field."
        elif isinstance(value, str) and element["type"] == "plain_text_input":
            low, high = element.get("min_length", 0), element.get("max_length", 3000)
            if not low <= len(value) <= high:
                errors[block["block_id"]] = f"Please enter {low} to {high} characters."
    return errors
