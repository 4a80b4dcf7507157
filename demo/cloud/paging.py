"""Pages that stay whole while rows come and go: a token says after which row to go on, not how many to skip."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

Row = TypeVar("Row")
Position = Callable[[Row], list[Any]]


class BadToken(ValueError):
    """The token was not made here, or for another list."""


def page(
    rows: Sequence[Row], position: Position[Row], token: str | None, size: int, *, descending: bool = False
) -> tuple[Sequence[Row], str | None]:
    """The rows after the token's, at most `size`, and the token of the next page. Rows are in order of position."""
    if token:
        last = unpacked(token)
        try:
            rows = [row for row in rows if (position(row) < last if descending else position(row) > last)]
        except TypeError as error:
            raise BadToken(token) from error
    if len(rows) <= size:
        return rows, None
    return rows[:size], packed(position(rows[size - 1]))


def packed(value: list[Any]) -> str:
    """The value as a token."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


def unpacked(token: str) -> list[Any]:
    """The value in a token."""
    try:
        value = json.loads(base64.urlsafe_b64decode(token))
    except ValueError as error:
        raise BadToken(token) from error
    if not isinstance(value, list):
        raise BadToken(token)
    return value
