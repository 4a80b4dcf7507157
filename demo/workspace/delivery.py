"""Gets a payload to the bot, over sockets or signed HTTP, and keeps the record. Redelivers events only."""

from __future__ import annotations

import threading
import time
from typing import Literal

from demo.workspace import signed
from demo.workspace.core import Core
from demo.workspace.ids import envelope_id
from demo.workspace.sockets import NobodyListens, Sockets
from demo.workspace.wire import Envelope, Json

Kind = Literal["slash_commands", "interactive", "events_api"]
_WITH_ANSWER = ("view_submission", "block_suggestion")


class Delivery:
    def __init__(self, core: Core, sockets: Sockets) -> None:
        self._core = core
        self._sockets = sockets
        self._lock = threading.Lock()
        self._owed: list[tuple[float, Envelope]] = []

    def send(self, kind: Kind, payload: Json, attempt: int = 0) -> Envelope:
        """Deliver once and wait for the ack, at most Slack's 3 s. Commands, presses: never sent again."""
        pending = Envelope(id=envelope_id(), kind=kind, payload=payload, sent_at=self._core.clock(), attempt=attempt)
        self._core.board.record_envelope(pending)
        started = time.perf_counter()
        ack, outcome = self._attempt(pending)
        took = round((time.perf_counter() - started) * 1000, 2)
        done = pending.model_copy(
            update={"ack": ack, "outcome": outcome, "ack_ms": took if outcome == "acked" else None}
        )
        self._core.board.record_envelope(done)
        return done

    def send_event(self, payload: Json) -> Envelope:
        """Deliver an event; when it is not acknowledged it is owed: at once, after 1 min, after 5 min."""
        envelope = self.send("events_api", payload)
        self._owe(envelope)
        return envelope

    def retry_due(self) -> int:
        """Send the events whose time has come again; how many were sent."""
        now = self._core.clock()
        with self._lock:
            due = [e for at, e in self._owed if at <= now]
            self._owed = [(at, e) for at, e in self._owed if at > now]
        for envelope in due:
            self._owe(self.send("events_api", envelope.payload, envelope.attempt + 1))
        return len(due)

    def note(self, envelope: Envelope, *problems: str) -> Envelope:
        """Add what was wrong with the bot's answer to the record."""
        noted = envelope.model_copy(update={"problems": (*envelope.problems, *problems)})
        self._core.board.record_envelope(noted)
        for problem in problems:
            self._core.board.problem(f"{envelope.title}: {problem}")
        return noted

    def _owe(self, envelope: Envelope) -> None:
        delays = self._core.config.event_retry_seconds
        if envelope.acked or envelope.attempt >= len(delays):
            return
        with self._lock:
            self._owed.append((self._core.clock() + delays[envelope.attempt], envelope))

    def _attempt(self, envelope: Envelope) -> tuple[Json | None, str]:
        timeout = self._core.config.limits.ack_seconds
        if self._core.config.delivery == "http":
            return self._post(envelope, timeout)
        try:
            ack = self._sockets.deliver(envelope.id, _framed(envelope), timeout)
        except NobodyListens:
            return None, "dispatch_failed"
        return (ack, "acked") if ack is not None else (None, "operation_timeout")

    def _post(self, envelope: Envelope, timeout: float) -> tuple[Json | None, str]:
        try:
            reply = signed.post(self._core, self._core.config.bot_events_url or "", envelope, timeout)
        except TimeoutError:
            return None, "operation_timeout"
        except OSError:
            return None, "dispatch_failed"
        if reply.status == 200:
            return reply.ack, "acked"
        return None, "http_client_error" if reply.status < 500 else "http_service_fail"


def _framed(envelope: Envelope) -> Json:
    """The envelope as it goes over the socket."""
    frame: Json = {
        "envelope_id": envelope.id,
        "payload": envelope.payload,
        "type": envelope.kind,
        "accepts_response_payload": envelope.kind == "slash_commands" or envelope.payload.get("type") in _WITH_ANSWER,
    }
    if envelope.kind == "events_api":
        frame |= {"retry_attempt": envelope.attempt, "retry_reason": "timeout" if envelope.attempt else ""}
    return frame
