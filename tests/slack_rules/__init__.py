"""Whether Slack would take what we send, and whether a stand-in sends what Slack sends: by rules not ours.

Three judges: the JSON Schemas generated from Slack's own types (scripts/slack_schema), Slack's Python models,
and a few rules of Slack's reference that neither knows. Functions return problems in words, [] for none.
Nothing here is about what Tidegate wants to say.
"""

import json
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import cache, partial
from pathlib import Path
from typing import Any, Literal

from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError, best_match
from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

Surface = Literal["message", "modal", "home"]

BLOCKS_AT_MOST = {"message": 50, "modal": 100, "home": 100}
# Slack's block reference, "Available in surfaces".
NOT_ON = {
    "message": set[str](),
    "modal": {"container", "context_actions", "data_table", "file", "markdown", "plan", "table", "task_card"},
    "home": {"alert", "context_actions", "file", "markdown", "plan", "task_card"},
}
# Near 13,200 characters in all blocks together Slack answers msg_blocks_too_long: slackapi/bolt-js#2509.
CHARACTERS_AT_MOST = 13_000
# Longer fallback text is cut (chat.postMessage, "Truncating content").
TEXT_AT_MOST = 40_000
# Of an image; the types say so of the block, not of the element.
ALT_AT_MOST = 2_000
# In Slack's types, not in slack_sdk 3.47: parse() knows nothing of them.
NOT_MODELLED = {"data_table"}

_DATA = Path(__file__).resolve().parent.parent / "data"
_ROOTS = {
    "message": ("slack-blockkit", "SlackMessage"),
    "modal": ("slack-blockkit", "SlackModal"),
    "home": ("slack-blockkit", "SlackHome"),
    "slash_command": ("slack-payloads", "SlashCommand"),
    "block_actions": ("slack-payloads", "BlockAction"),
    "block_suggestion": ("slack-payloads", "BlockSuggestion"),
    "view_submission": ("slack-payloads", "ViewSubmitAction"),
    "view_closed": ("slack-payloads", "ViewClosedAction"),
    "manifest": ("slack-manifest", "SlackManifest"),
}
PAYLOADS = ("slash_command", "block_actions", "block_suggestion", "view_submission", "view_closed")


def problems(blocks: list[Any], *, text: str | None = None, surface: Surface = "message") -> list[str]:
    """What Slack would refuse in these blocks; beside those of a message it wants `text` as well."""
    found = _schema_problems("message", {"blocks": blocks})
    found += [*_model_problems(blocks), *_own_rules(blocks, surface)]
    if surface == "message":
        found += _text_problems(text, blocks)
    return found


def view_problems(view: dict[str, Any]) -> list[str]:
    """What Slack would refuse in this modal or Home tab, its blocks included."""
    kind = view.get("type")
    if kind not in ("modal", "home"):
        return [f"type: {kind!r} is neither 'modal' nor 'home'"]
    blocks = view.get("blocks")
    if not isinstance(blocks, list):
        return ["blocks: missing"]
    found = [*_schema_problems(kind, view), *_model_problems(blocks), *_own_rules(blocks, kind)]
    if kind == "modal" and "submit" not in view and "input" in _types(blocks):
        found.append("submit: required when there is an input block")
    if not found:
        found = [f"slack_sdk: {error}" for error in _refusal(lambda: View(**deepcopy(view)).to_dict())]
    return found


def payload_problems(kind: str, payload: dict[str, Any]) -> list[str]:
    """How a payload differs from what Slack sends; `kind` is its type, or "slash_command"."""
    if kind not in PAYLOADS:
        raise ValueError(f"unknown kind of payload {kind!r}; known: {', '.join(PAYLOADS)}")
    return _schema_problems(kind, payload)


def manifest_problems(manifest: dict[str, Any]) -> list[str]:
    """What Slack would refuse in this app manifest."""
    return _schema_problems("manifest", manifest)


def assert_valid(blocks: list[Any], *, text: str | None = None, surface: Surface = "message") -> None:
    """Fail with every problem, and the blocks it is about."""
    found = problems(blocks, text=text, surface=surface)
    assert not found, _report(found, blocks)


def assert_view_valid(view: dict[str, Any]) -> None:
    """Fail with every problem, and the view it is about."""
    found = view_problems(view)
    assert not found, _report(found, view)


def assert_payload(kind: str, payload: dict[str, Any]) -> None:
    """Fail with every difference from what Slack sends, and the payload."""
    found = payload_problems(kind, payload)
    assert not found, _report(found, payload)


def _report(found: list[str], subject: Any) -> str:
    listed = "\n- ".join(["Slack would refuse this:", *found])
    return f"{listed}\n{json.dumps(subject, indent=1, default=str)}"


@cache
def _validator(root: str) -> Draft7Validator:
    """Compiled once: that takes longer than a message."""
    file, definition = _ROOTS[root]
    schema = json.loads((_DATA / f"{file}.schema.json").read_text(encoding="utf-8"))
    return Draft7Validator({**schema, "allOf": [{"$ref": f"#/definitions/{definition}"}]})


def _schema_problems(root: str, subject: Any) -> list[str]:
    found = []
    for error in _validator(root).iter_errors(subject):
        deepest = best_match(iter([error])) or error
        found.append(f"{_path(deepest)}: {_shortened(deepest.message)}")
    return list(dict.fromkeys(found))


def _path(error: ValidationError) -> str:
    steps = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.absolute_path]
    return "".join(steps).removeprefix(".") or "payload"


def _shortened(message: str) -> str:
    return message if len(message) <= 300 else f"{message[:140]} … {message[-140:]}"


def _model_problems(blocks: list[Any]) -> Iterator[str]:
    """What slack_sdk's models say; they change the dicts they are given, hence the copies."""
    for index, block in enumerate(blocks):
        if not isinstance(block, dict) or block.get("type") in NOT_MODELLED:
            continue
        refusals = _refusal(partial(_modelled, block))
        yield from (f"blocks[{index}]: slack_sdk: {refusal}" for refusal in refusals)


def _modelled(block: dict[str, Any]) -> None:
    model = Block.parse(deepcopy(block))
    if model is None:  # slack_sdk only logs this
        raise ValueError(f"unknown block {block.get('type')!r}")
    model.to_dict()


def _refusal(build: Callable[[], object]) -> list[str]:
    try:
        build()
    except (SlackObjectFormationError, AttributeError, TypeError, ValueError) as refusal:
        # Anything but the first comes from a shape so wrong that the models trip over it.
        return [str(refusal)]
    return []


def _own_rules(blocks: list[Any], surface: Surface) -> Iterator[str]:
    """Rules of Slack's reference that neither the types nor the models know."""
    if len(blocks) > BLOCKS_AT_MOST[surface]:
        yield f"blocks: {len(blocks)} blocks, at most {BLOCKS_AT_MOST[surface]}"
    block_ids = (block.get("block_id") for block in _dicts(blocks))
    yield from (f"blocks: block_id {name!r} used twice" for name in _twice(block_ids))
    if _types(blocks).count("table") > 1:
        yield "blocks: only one table is allowed"
    for index, block in enumerate(blocks):
        if not isinstance(block, dict):
            yield f"blocks[{index}]: not an object"
            continue
        if block.get("type") in NOT_ON[surface]:
            yield f"blocks[{index}]: a {block['type']} block cannot stand in a {surface}"
        yield from (f"blocks[{index}]: action_id {name!r} used twice" for name in _twice(_action_ids(block)))
        yield from (f"blocks[{index}]: {problem}" for problem in _content_problems(block))


def _content_problems(block: dict[str, Any]) -> Iterator[str]:
    if block.get("type") == "section" and not block.get("text") and not block.get("fields"):
        yield "a section needs text or fields"
    for node in _objects(block):
        if node.get("type") in ("plain_text", "mrkdwn") and not str(node.get("text", "")).strip():
            yield "text without anything to read"
        if node.get("type") == "image":
            yield from _picture_problems(node)
        groups = [node, *(node.get("option_groups") or ())]
        options = [option for group in groups for option in group.get("options") or ()]
        initial = [*(node.get("initial_options") or ()), node.get("initial_option")]
        if options and any(option and option not in options for option in initial):
            yield "an initial option is not among the options"


def _picture_problems(node: dict[str, Any]) -> Iterator[str]:
    """Of images, what the types leave open; words and rules as Slack answered them in these threads."""
    if not str(node.get("alt_text", "")).strip():
        yield "alt_text: nothing to read"
    elif len(str(node["alt_text"])) > ALT_AT_MOST:
        yield f"alt_text: {len(str(node['alt_text']))} characters, at most {ALT_AT_MOST}"
    file, url = node.get("slack_file"), node.get("image_url")
    # github.com/slackapi/python-slack-sdk/issues/1521
    if isinstance(file, dict) and "id" in file and not re.match(r"F[A-Z0-9]{8,}$", str(file["id"])):
        yield f"slack_file: {file['id']!r} is no id of a file"
    if isinstance(file, dict) and len(file) > 1:
        yield "slack_file: id or url, not both"
    # github.com/otiai10/amesh-bot/issues/24: Slack fetches it, so it must be able to.
    if url is not None and not re.match(r"https?://(?!localhost\b|127\.)[^/\s]", str(url)):
        yield f"image_url: Slack cannot fetch {str(url)[:60]!r}"


def _text_problems(text: str | None, blocks: list[Any]) -> Iterator[str]:
    if not (text or "").strip():
        yield "text: missing; phones show it in notifications, screen readers read it"
    elif len(text or "") > TEXT_AT_MOST:
        yield f"text: {len(text or '')} characters, at most {TEXT_AT_MOST}"
    characters = sum(len(node["text"]) for node in _objects(blocks) if isinstance(node.get("text"), str))
    if characters > CHARACTERS_AT_MOST:
        yield f"blocks: {characters} characters of text in all, at most {CHARACTERS_AT_MOST}"


def _objects(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _objects(child)


def _action_ids(block: dict[str, Any]) -> Iterator[Any]:
    return (node.get("action_id") for node in _objects(block))


def _dicts(blocks: list[Any]) -> list[dict[str, Any]]:
    return [block for block in blocks if isinstance(block, dict)]


def _types(blocks: list[Any]) -> list[Any]:
    return [block.get("type") for block in _dicts(blocks)]


def _twice(names: Iterator[Any]) -> list[str]:
    seen: set[str] = set()
    found: list[str] = []
    for name in names:
        if isinstance(name, str):
            (found.append if name in seen else seen.add)(name)
    return found
