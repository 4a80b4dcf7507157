"""Pages: one SNS publish. When to page, and whom, is decided elsewhere."""

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import Field

from aws.calls import Answer, Calls
from aws.driver import failed
from aws.faults import CallError
from aws.sessions import Place, Sessions
from rollout.actions import Outcome

OPERATIONS: Final[Mapping[str, str]] = {"sns:Publish": "{topic}"}


class Published(Answer):
    """Publish."""

    message_id: Annotated[str, Field(min_length=1)]


class Topic:
    """Publishes with Tidegate's own credentials, in the topic's region. Never raises."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def publish(self, topic_arn: str, subject: str, text: str) -> Outcome:
        """Sent exactly once; `unknown` when it may or may not have gone out."""
        parts = topic_arn.split(":")
        if len(parts) != 6 or parts[2] != "sns" or not parts[3]:
            hint = "write it like arn:aws:sns:eu-central-1:123456789012:oncall"
            return Outcome(state="failed", text=f"{topic_arn!r} is no SNS topic ARN", hint=hint)
        calls = Calls(self._sessions, Place("", parts[3]), "sns", OPERATIONS, topic=topic_arn)
        try:
            reply = calls.write(
                "Publish", Published, TopicArn=topic_arn, Subject=plain_subject(subject), Message=text,
            )  # fmt: skip
        except CallError as error:
            return failed(error)
        return Outcome(state="done", text=reply.message_id, request_id=reply.response_metadata.request_id)


def plain_subject(text: str) -> str:
    """What SNS takes as a subject: at most 99 printable ASCII characters, not beginning with a space."""
    ascii_only = text.replace("→", "->").replace("·", "-").encode("ascii", "replace").decode()
    line = " ".join("".join(c if c.isprintable() else " " for c in ascii_only).split())
    return line[:99] or "Tidegate"
