"""Is this Block Kit valid for Slack? The walk over blocks and views; the tables are in rules_table.py.

Our table first, then slack_sdk's models (which know lengths we did not copy). Complaints look like Slack's:
`[ERROR] must be less than 151 characters [json-pointer:/blocks/0/text/text]`.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View as ViewModel

from demo.workspace.rules_kit import by_type, list_of
from demo.workspace.rules_table import (
    BLOCKS,
    HOME,
    MODAL,
    MOST,
    ONE_ONLY,
    ONLY,
    OPTIONS_ANSWER,
    UNMODELLED,
)
from demo.workspace.wire import Json


class Complaints:
    """Collects sentences in Slack's form."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def __call__(self, at: str, sentence: str) -> None:
        self.found.append(f"[ERROR] {sentence} [json-pointer:{at}]")


def complaints(blocks: list[Json], surface: str, at: str = "/blocks") -> list[str]:
    """What Slack would say against these blocks on `message`, `modal` or `home`; empty when nothing."""
    report = Complaints()
    allowed = {kind: rule for kind, rule in BLOCKS.items() if kind not in ONLY[surface]}
    list_of(by_type(allowed, f"in a {surface}"), 0, MOST[surface])(blocks, at, report)
    if report.found:
        return report.found
    _unique(blocks, at, report)
    for index, block in enumerate(blocks):
        if block["type"] not in UNMODELLED:
            _model(block, f"{at}/{index}", report)
    return report.found


def view_complaints(view: Json) -> list[str]:
    """The same for a modal or home tab."""
    report = Complaints()
    kind = view.get("type")
    if kind not in ("modal", "home"):
        return [f"[ERROR] unsupported type: {kind} [json-pointer:/view/type]"]
    (MODAL if kind == "modal" else HOME)(view, "/view", report)
    blocks = view.get("blocks")
    if not isinstance(blocks, list):
        return report.found or ["[ERROR] must provide a list [json-pointer:/view/blocks]"]
    report.found += complaints(blocks, kind, "/view/blocks")
    if report.found:
        return report.found
    if kind == "modal" and any(b["type"] == "input" for b in blocks) and "submit" not in view:
        report("/view", "missing required field: submit (the view has input blocks)")
    try:
        ViewModel(**copy.deepcopy(view)).to_dict()
    except SlackObjectFormationError as error:
        report("/view", str(error))
    return report.found


def options_complaints(ack: Json) -> list[str]:
    """The same for the answer to a block_suggestion."""
    report = Complaints()
    OPTIONS_ANSWER(ack, "", report)
    if ("options" in ack) == ("option_groups" in ack):
        report("", "must provide either options or option_groups")
    return report.found


def _unique(blocks: list[Json], at: str, report: Complaints) -> None:
    """block_ids once per message, action_ids once per block, one table, 12,000 characters of markdown."""
    for ids, where, what in _id_sets(blocks, at):
        for twice in sorted({i for i in ids if ids.count(i) > 1}):
            report(where, f"{what} already exists: {twice}")
    kinds = [b["type"] for b in blocks]
    for kind in ONE_ONLY:
        if kinds.count(kind) > 1:
            report(at, f"only one {kind} allowed")
    if sum(len(b["text"]) for b in blocks if b["type"] == "markdown") > 12_000:
        report(at, "markdown blocks must be less than 12001 characters together")


def _id_sets(blocks: list[Json], at: str) -> Iterator[tuple[list[str], str, str]]:
    yield [b["block_id"] for b in blocks if "block_id" in b], at, "block_id"
    for index, block in enumerate(blocks):
        elements = block.get("elements", []) if block["type"] == "actions" else []
        yield [e["action_id"] for e in elements if "action_id" in e], f"{at}/{index}", "action_id"


def _model(block: Json, at: str, report: Complaints) -> None:
    """slack_sdk's own opinion. Its models change what they are given, hence the copy."""
    try:
        parsed = Block.parse(copy.deepcopy(block))
        if parsed is None:
            report(at, f"unsupported type: {block['type']}")
        else:
            parsed.to_dict()
    except (SlackObjectFormationError, TypeError, AttributeError, ValueError, KeyError) as error:
        report(at, str(error))
