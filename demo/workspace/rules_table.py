"""Block Kit as tables: what each block and element may hold, and how much. Data; the walk is in rules.py.

Sources: docs.slack.dev/reference/block-kit, the types of @slack/types, slack_sdk's models.
"""

from __future__ import annotations

import re

from demo.workspace.rules_kit import (
    Check,
    Report,
    Shape,
    anything,
    boolean,
    by_type,
    list_of,
    matching,
    one_of,
    plain,
    string,
    text,
    whole,
)

ID = string(255, 1)
_PUBLIC = re.compile(r"https?://(?!localhost\b|127\.|0\.0\.0\.0|\[::1\])[^/\s]", re.IGNORECASE)
CONFIRM = Shape(
    {"title": plain(100), "text": text(300), "confirm": plain(30), "deny": plain(30),
     "style": one_of("primary", "danger")},
    required=("title", "text", "confirm", "deny"),
)  # fmt: skip
_OPTION_KEYS: dict[str, Check] = {"text": plain(75), "value": string(150, 1), "description": plain(75)}
OPTION = Shape(_OPTION_KEYS, required=("text", "value"))
LINK_OPTION = Shape({**_OPTION_KEYS, "url": string(3000)}, required=("text", "value"))
RICH_OPTION = Shape({**_OPTION_KEYS, "text": text(75), "description": text(75)}, required=("text", "value"))
GROUP = Shape({"label": plain(75), "options": list_of(OPTION, 1, 100)}, required=("label", "options"))
OPTIONS_ANSWER = Shape({"options": list_of(OPTION, 0, 100), "option_groups": list_of(GROUP, 0, 100)})


def _choices(value: object, at: str, report: Report) -> None:
    """Static menus: options or groups, not both; what is chosen first must be among them."""
    if not isinstance(value, dict):
        return
    if ("options" in value) == ("option_groups" in value):
        report(at, "must provide either options or option_groups")
    _initial(value, at, report)


def _initial(value: object, at: str, report: Report) -> None:
    if not isinstance(value, dict):
        return
    known = list(value.get("options") or [])
    for group in value.get("option_groups") or []:
        known += group.get("options", []) if isinstance(group, dict) else []
    values = [o.get("value") for o in known if isinstance(o, dict)]
    if len(set(map(str, values))) != len(values):
        report(f"{at}/options", "option values must be unique")
    chosen = value.get("initial_options") or [value.get("initial_option")]
    for option in chosen:
        if isinstance(option, dict) and option not in known:
            report(at, "initial option must exactly match one of the options")


def _picture(value: object, at: str, report: Report) -> None:
    if isinstance(value, dict) and ("image_url" in value) == ("slack_file" in value):
        report(at, "must provide either image_url or slack_file")


def _one_name(value: object, at: str, report: Report) -> None:
    if isinstance(value, dict) and ("id" in value) == ("url" in value):
        report(at, "must provide either id or url")


def _reachable(value: object, at: str, report: Report) -> None:
    """Slack fetches the picture from where it is: github.com/otiai10/amesh-bot/issues/24."""
    string(3000, 1)(value, at, report)
    if isinstance(value, str) and not _PUBLIC.match(value):
        report(at, "downloading image failed")


def _section(value: object, at: str, report: Report) -> None:
    if isinstance(value, dict) and not value.get("text") and not value.get("fields"):
        report(at, "missing required field: text")


_COMMON: dict[str, Check] = {"type": anything, "action_id": ID}
_FOCUS: dict[str, Check] = {"focus_on_load": boolean}
_MENU: dict[str, Check] = {**_FOCUS, "placeholder": plain(150), "confirm": CONFIRM}
_STATIC: dict[str, Check] = {
    **_MENU,
    "options": list_of(OPTION, 1, 100),
    "option_groups": list_of(GROUP, 1, 100),
}
_MULTI: dict[str, Check] = {"max_selected_items": whole(1, 100)}
_TYPED: dict[str, Check] = {**_FOCUS, "placeholder": plain(150), "dispatch_action_config": anything}
_NAMES = list_of(string(255), 0, 100)
_CONVERSATION: dict[str, Check] = {"default_to_current_conversation": boolean, "filter": anything}


def _element(keys: dict[str, Check], required: tuple[str, ...] = (), also: Check | None = None) -> Shape:
    return Shape(keys, required, also, common=_COMMON)


SLACK_FILE = Shape({"id": matching(r"^[F][A-Z0-9]{8,}$"), "url": string(3000, 1)}, also=_one_name)
PICTURE: dict[str, Check] = {"image_url": _reachable, "slack_file": SLACK_FILE, "alt_text": string(2000, 1)}
IMAGE = Shape({"type": anything, **PICTURE}, required=("alt_text",), also=_picture)
BUTTON = _element(
    {"text": plain(75), "url": string(3000), "value": string(2000), "style": one_of("primary", "danger"),
     "confirm": CONFIRM, "accessibility_label": string(75)},
    required=("text",),
)  # fmt: skip
MENUS: dict[str, Check] = {
    "static_select": _element({**_STATIC, "initial_option": OPTION}, also=_choices),
    "external_select": _element({**_MENU, "initial_option": OPTION, "min_query_length": whole(0, 100)}),
    "users_select": _element({**_MENU, "initial_user": string(255)}),
    "conversations_select": _element(
        {**_MENU, **_CONVERSATION, "initial_conversation": string(255), "response_url_enabled": boolean}
    ),
    "channels_select": _element({**_MENU, "initial_channel": string(255), "response_url_enabled": boolean}),
    "multi_static_select": _element({**_STATIC, **_MULTI, "initial_options": list_of(OPTION, 0, 100)}, also=_choices),
    "multi_external_select": _element(
        {**_MENU, **_MULTI, "initial_options": list_of(OPTION, 0, 100), "min_query_length": whole(0, 100)}
    ),
    "multi_users_select": _element({**_MENU, **_MULTI, "initial_users": _NAMES}),
    "multi_conversations_select": _element({**_MENU, **_MULTI, **_CONVERSATION, "initial_conversations": _NAMES}),
    "multi_channels_select": _element({**_MENU, **_MULTI, "initial_channels": _NAMES}),
}
PICKS: dict[str, Check] = {
    "checkboxes": _element(
        {**_FOCUS, "confirm": CONFIRM, "options": list_of(RICH_OPTION, 1, 10),
         "initial_options": list_of(RICH_OPTION, 1, 10)},
        required=("options",), also=_initial,
    ),
    "radio_buttons": _element(
        {**_FOCUS, "confirm": CONFIRM, "options": list_of(RICH_OPTION, 1, 10), "initial_option": RICH_OPTION},
        required=("options",), also=_initial,
    ),
    "datepicker": _element({**_MENU, "initial_date": string(10)}),
    "timepicker": _element({**_MENU, "initial_time": string(5), "timezone": string(255)}),
}  # fmt: skip
DATETIME: dict[str, Check] = {
    "datetimepicker": _element({**_FOCUS, "confirm": CONFIRM, "initial_date_time": whole(0, 9_999_999_999)})
}
OVERFLOW = _element({"options": list_of(LINK_OPTION, 1, 5), "confirm": CONFIRM}, required=("options",))
LENGTHS: dict[str, Check] = {"min_length": whole(0, 3000), "max_length": whole(1, 3000)}
INPUTS: dict[str, Check] = {
    **MENUS, **PICKS, **DATETIME,
    "plain_text_input": _element({**_TYPED, **LENGTHS, "initial_value": string(3000), "multiline": boolean}),
    "email_text_input": _element({**_TYPED, "initial_value": string(3000)}),
    "url_text_input": _element({**_TYPED, "initial_value": string(3000)}),
    "number_input": _element(
        {**_TYPED, "is_decimal_allowed": boolean, "initial_value": string(255), "min_value": string(255),
         "max_value": string(255)},
        required=("is_decimal_allowed",),
    ),
    "rich_text_input": _element({**_TYPED, "initial_value": anything}, required=("action_id",)),
    "file_input": _element({"filetypes": anything, "max_files": whole(1, 10)}),
}  # fmt: skip
PRESSED: dict[str, Check] = {"button": BUTTON, "overflow": OVERFLOW, "workflow_button": anything}
ACTIONS: dict[str, Check] = {**MENUS, **PICKS, **DATETIME, **PRESSED, "rich_text_input": anything}
ACCESSORIES: dict[str, Check] = {**MENUS, **PICKS, **PRESSED, "image": IMAGE}
CONTEXT: dict[str, Check] = {"image": IMAGE, "mrkdwn": text(3000), "plain_text": text(3000)}

_BLOCK: dict[str, Check] = {"type": anything, "block_id": ID}


def _block(keys: dict[str, Check], required: tuple[str, ...] = (), also: Check | None = None) -> Shape:
    return Shape(keys, required, also, common=_BLOCK)


def _known(*names: str) -> Shape:
    """A block we let slack_sdk's models judge."""
    return Shape({}, names, open=True, common=_BLOCK)


BLOCKS: dict[str, Check] = {
    "section": _block(
        {"text": text(3000), "fields": list_of(text(2000), 1, 10), "expand": boolean,
         "accessory": by_type(ACCESSORIES, "as an accessory")},
        also=_section,
    ),
    "header": _block({"text": plain(150)}, required=("text",)),
    "divider": _block({}),
    "image": _block(
        {**PICTURE, "title": plain(2000)},
        required=("alt_text",), also=_picture,
    ),
    "context": _block(
        {"elements": list_of(by_type(CONTEXT, "in a context"), 1, 10)}, required=("elements",)
    ),
    "actions": _block(
        {"elements": list_of(by_type(ACTIONS, "in actions"), 1, 25)}, required=("elements",)
    ),
    "input": _block(
        {"label": plain(2000), "element": by_type(INPUTS, "in an input"), "hint": plain(2000),
         "optional": boolean, "dispatch_action": boolean},
        required=("label", "element"),
    ),
    "rich_text": _block({"elements": list_of(anything, 1, 1000)}, required=("elements",)),
    "markdown": _block({"text": string(12_000, 1)}, required=("text",)),
    "table": _block(
        {"rows": list_of(list_of(anything, 1, 20), 1, 100), "column_settings": list_of(anything, 0, 20)},
        required=("rows",),
    ),
    "video": _known("alt_text", "title", "thumbnail_url", "video_url"),
    "file": _known("external_id", "source"),
    "context_actions": _known("elements"),
    "alert": _known("text"),
    "plan": _known("title"),
    "task_card": _known("task_id", "title"),
    "card": _known(),
    "carousel": _known("elements"),
    "container": _known("child_blocks"),
    "data_table": _known("rows", "caption"),
    "data_visualization": _known("title"),
}  # fmt: skip

ONLY = {
    "message": {"alert"},
    "modal": {"table", "data_table", "markdown", "file", "plan", "task_card", "card", "carousel", "container",
              "data_visualization", "context_actions"},
    "home": {"markdown", "alert", "file", "plan", "task_card", "context_actions"},
}  # fmt: skip
"""Blocks that may not stand on a surface."""
MOST = {"message": 50, "modal": 100, "home": 100}
ONE_ONLY = ("table", "data_table")
UNMODELLED = ("data_table", "data_visualization")
"""Known to Slack, unknown to slack_sdk 3.47: its parser is not asked."""

VIEW_KEYS: dict[str, Check] = {
    "type": one_of("modal", "home"),
    "blocks": anything,
    "callback_id": string(255),
    "external_id": string(255),
    "private_metadata": string(3000),
}
MODAL = Shape(
    {**VIEW_KEYS, "title": plain(24), "submit": plain(24), "close": plain(24), "clear_on_close": boolean,
     "notify_on_close": boolean, "submit_disabled": boolean},
    required=("type", "title", "blocks"),
)  # fmt: skip
HOME = Shape(VIEW_KEYS, required=("type", "blocks"))
