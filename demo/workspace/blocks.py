"""Takes blocks and views in: refuses bad ones, fills in the ids Slack would fill in."""

from __future__ import annotations

import copy
from collections.abc import Iterator

from demo.workspace import rules
from demo.workspace.ids import mint
from demo.workspace.triggers import SlackError
from demo.workspace.wire import Json

MAX_TEXT = 40_000
MAX_BLOCK_TEXT = 13_200


def accepted(blocks: object, surface: str = "message") -> tuple[Json, ...]:
    """A copy with ids filled in; `invalid_blocks` with JSON pointers when Slack would refuse it."""
    if blocks in (None, [], ()):
        return ()
    if not isinstance(blocks, list) or not all(isinstance(b, dict) for b in blocks):
        raise SlackError("invalid_blocks_format")
    found = rules.complaints(blocks, surface)
    if found:
        raise SlackError("invalid_blocks", tuple(found))
    if surface == "message" and sum(len(t) for t in texts(blocks)) > MAX_BLOCK_TEXT:
        raise SlackError("msg_blocks_too_long")
    return tuple(with_ids(blocks))


def accepted_view(view: object) -> Json:
    """A copy of a view with ids filled in; views are refused with `invalid_arguments`, as Slack does."""
    if not isinstance(view, dict):
        raise SlackError("invalid_arguments", ("[ERROR] must provide an object [json-pointer:/view]",))
    found = rules.view_complaints(view)
    if found:
        raise SlackError("invalid_arguments", tuple(found))
    return {**copy.deepcopy(view), "blocks": with_ids(view["blocks"])}


def texts(node: object) -> Iterator[str]:
    """Every `text` string below `node`."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "text" and isinstance(value, str):
                yield value
            else:
                yield from texts(value)
    elif isinstance(node, list):
        for item in node:
            yield from texts(item)


def with_ids(blocks: list[Json]) -> list[Json]:
    """A deep copy in which every block has a block_id and every interactive element an action_id."""
    filled = copy.deepcopy(blocks)
    for block in filled:
        block.setdefault("block_id", mint("", 5))
        for element in elements(block):
            if element.get("type") not in ("image", "mrkdwn", "plain_text", None):
                element.setdefault("action_id", mint("", 5))
    return filled


def elements(block: Json) -> list[Json]:
    """The elements of a block that a person can touch (and a context's texts)."""
    found: list[Json] = []
    if block.get("type") in ("actions", "context", "context_actions"):
        found += block.get("elements", [])
    for key in ("accessory", "element"):
        if isinstance(block.get(key), dict):
            found.append(block[key])
    return found
