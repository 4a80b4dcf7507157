"""Answers that the cloud cannot give, put in front of botocore's wire; and a note of what was asked."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aws.sessions import Place, Sessions

HERE = Place("", "eu-central-1")


@contextmanager
def answers(
    sessions: Sessions, service: str, operation: str, *replies: Any, place: Place = HERE
) -> Iterator[list[dict[str, Any]]]:
    """Each call of this operation gets the next reply, the last one again and again; errors are raised."""
    asked: list[dict[str, Any]] = []
    events = [sessions.client(place, service, writes=writes).meta.events for writes in (False, True)]
    left = list(replies)

    def note(params: dict[str, Any], **_: Any) -> None:
        asked.append(params)

    def answer(**_: Any) -> tuple[Any, Any]:
        reply = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(reply, Exception):
            raise reply
        return type("Http", (), {"status_code": 200})(), reply

    for event in events:
        event.register(f"provide-client-params.{service}.{operation}", note)
        if replies:
            event.register(f"before-call.{service}.{operation}", answer)
    try:
        yield asked
    finally:
        for event in events:
            event.unregister(f"provide-client-params.{service}.{operation}", note)
            if replies:
                event.unregister(f"before-call.{service}.{operation}", answer)
