"""The shapes that cross module borders: messages, views, records of what was sent. Frozen; no behaviour."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from demo.workspace.config import Fixed

Json = dict[str, Any]


class Message(Fixed):
    """One message as it stands now. An edit makes a new value with a higher `revision`."""

    ts: str
    channel: str
    user: str
    text: str
    blocks: tuple[Json, ...] = ()
    from_bot: bool = True
    thread_ts: str | None = None
    broadcast: bool = False
    only_to: str | None = None
    edited_at: float | None = None
    revision: int = 1
    metadata: Json | None = None
    posted_at: float = 0.0
    note: Literal["", "slackbot"] = ""
    files: tuple[str, ...] = ()

    @property
    def ephemeral(self) -> bool:
        return self.only_to is not None

    @property
    def in_thread(self) -> bool:
        return self.thread_ts is not None and self.thread_ts != self.ts


class View(Fixed):
    """One modal or home tab as Slack would return it in `view`, and whose screen it is on."""

    owner: str
    body: Json

    @property
    def id(self) -> str:
        return str(self.body["id"])

    @property
    def callback_id(self) -> str:
        return str(self.body["callback_id"])

    @property
    def blocks(self) -> list[Json]:
        return list(self.body["blocks"])


class Envelope(Fixed):
    """One delivery to the bot: what was sent, what came back, how long it took.

    `outcome` is `acked`, or why not: `operation_timeout`, `dispatch_failed` (nobody listens), an HTTP one.
    """

    id: str
    kind: Literal["slash_commands", "interactive", "events_api"]
    payload: Json
    sent_at: float
    ack: Json | None = None
    ack_ms: float | None = None
    outcome: str = "pending"
    attempt: int = 0
    problems: tuple[str, ...] = ()

    @property
    def acked(self) -> bool:
        return self.outcome == "acked"

    @property
    def title(self) -> str:
        """What a person would call it: `/deploy my-app`, `press pause`, `submit start`."""
        body = self.payload
        if self.kind == "slash_commands":
            return f"{body['command']} {body['text']}".strip()
        if self.kind == "events_api":
            return str(body["event"]["type"])
        if body["type"] == "block_actions":
            return "press " + ", ".join(a["action_id"] for a in body["actions"])
        if body["type"] == "block_suggestion":
            return f"options {body['action_id']}"
        return f"{body['type']} {body['view']['callback_id']}"


class Call(Fixed):
    """One Web API call or response_url post. `applied_at` is set only if it changed the workspace."""

    number: int
    method: str
    args: Json
    answer: Json
    status: int
    received_at: float
    applied_at: float | None = None
    fault: str | None = None
    ms: float = 0.0

    @property
    def ok(self) -> bool:
        return bool(self.answer.get("ok"))


class Change(Fixed):
    """Something the page should redraw. `kind` names which."""

    kind: Literal[
        "message", "removed", "views", "home", "envelope", "call", "status", "connections", "button", "channels"
    ]
    body: Json = Field(default_factory=dict)
