"""Takes blocks and views in: refuses bad ones, fills in the ids Slack would fill in."""

from __future__ import annotations

import copy
from collections.abc import Iterator

from demo.workspace import rules
from demo.workspace.core import Core
from demo.workspace.files import images
from demo.workspace.ids import mint
from demo.workspace.triggers import NotYet, SlackError
from demo.workspace.wire import Json

MAX_TEXT = 40_000
MAX_BLOCK_TEXT = 13_200


def accepted(core: Core, blocks: object, surface: str = "message") -> tuple[Json, ...]:
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
    _check_files(core, blocks, "/blocks", "invalid_blocks")
    return tuple(with_ids(blocks))


def accepted_view(core: Core, view: object) -> Json:
    """A copy of a view with ids filled in; views are refused with `invalid_arguments`, as Slack does."""
    if not isinstance(view, dict):
        raise SlackError("invalid_arguments", ("[ERROR] must provide an object [json-pointer:/view]",))
    found = rules.view_complaints(view)
    if found:
        raise SlackError("invalid_arguments", tuple(found))
    _check_files(core, view["blocks"], "/view/blocks", "invalid_arguments")
    return {**copy.deepcopy(view), "blocks": with_ids(view["blocks"])}


def _check_files(core: Core, blocks: list[Json], at: str, error: str) -> None:
    """Uploaded pictures must be there, be pictures, and be ready: github.com/slackapi/python-slack-sdk/issues/1658
    and 1521. What is only not ready yet is no fault of the bot's: nobody tells it when.
    """
    found, early = [], True
    for pointer, image in images(blocks, at):
        one = core.files.named(image.get("slack_file") or {})
        if "slack_file" not in image or (one and one.picture and one.ready(core.clock())):
            continue
        found.append(f"[ERROR] invalid slack file [json-pointer:{pointer}/slack_file]")
        early = early and bool(one and one.picture and one.ready_at is not None and not one.deleted)
    if found:
        raise (NotYet if early else SlackError)(error, tuple(found))


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
