"""What travels between the edge and the operations: a call, its answer, its failure.

No HTTP and no moto here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

ACCOUNT = "123456789012"
REGION = "eu-central-1"

READ_VERBS = ("Get", "List", "Describe", "BatchGet", "Head", "Search", "Lookup", "AssumeRole", "Filter")


@dataclass(frozen=True)
class Call:
    """One AWS API call as it arrived: names as boto3 spells them, times aware, in UTC."""

    service: str
    operation: str
    parameters: dict[str, Any] = field(default_factory=dict)
    account: str = ACCOUNT
    region: str = REGION
    caller: str = f"arn:aws:iam::{ACCOUNT}:user/tidegate"
    protocol: str = "json"

    @property
    def name(self) -> str:
        """`lambda:UpdateAlias`, the way IAM writes it."""
        return f"{self.service}:{self.operation}"

    @property
    def is_read(self) -> bool:
        """Whether the call changes nothing; handing out credentials counts as reading."""
        return self.operation.startswith(READ_VERBS)


@dataclass(frozen=True)
class Answer:
    """What an operation returns; `before` and `after` go to the oracle log, not to the client."""

    result: dict[str, Any] = field(default_factory=dict)
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None


class Failure(Exception):
    """An error as AWS reports it: code, message and HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


Operation = Callable[[Call], Answer]
Operations = Mapping[str, Operation]
