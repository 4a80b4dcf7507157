"""Is this Block Kit valid for Slack? The walk over blocks and views; the tables are in rules_table.py.

Stricter sources win: our own table first, then slack_sdk's models (which know lengths we did not copy).
Complaints look like Slack's: `[ERROR] must be less than 151 characters [json-pointer:/blocks/0/text/text]`.
"""

from __future__ import annotations

from demo.workspace.wire import Json


def complaints(blocks: list[Json], surface: str) -> list[str]:
    return []


def view_complaints(view: Json) -> list[str]:
    return []


def options_complaints(ack: Json) -> list[str]:
    return []
