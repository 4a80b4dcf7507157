"""What a person gets back from a gesture. A value."""

from __future__ import annotations

from pydantic import Field

from demo.workspace.config import Fixed
from demo.workspace.wire import Envelope, Json, Message

SENTENCES = {
    "operation_timeout": "the bot did not answer within 3 seconds",
    "dispatch_failed": "the bot is not connected",
    "http_client_error": "the bot refused the request",
    "http_service_fail": "the bot failed on the request",
    "invalid_blocks": "the bot answered with blocks Slack does not accept",
}


class Result(Fixed):
    """`error` is Slack's word or None. `message` is what the ack showed; `errors` stand under form fields."""

    error: str | None = None
    envelope: Envelope | None = None
    message: Message | None = None
    errors: dict[str, str] = Field(default_factory=dict)
    options: tuple[Json, ...] = ()
    option_groups: tuple[Json, ...] = ()

    @property
    def ok(self) -> bool:
        return self.error is None and not self.errors

    @property
    def text(self) -> str:
        """The text of the ack's message, empty when the ack showed nothing."""
        return self.message.text if self.message else ""

    @property
    def ack_ms(self) -> float | None:
        return self.envelope.ack_ms if self.envelope else None

    @property
    def payload(self) -> Json:
        """What was sent to the bot."""
        return self.envelope.payload if self.envelope else {}
