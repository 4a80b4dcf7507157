"""Socket Mode: the bot's connections, envelopes out, acks in. Knows nothing of what an envelope means.

A payload goes to any one connection (Slack picks at random; here in turn). See
docs.slack.dev/apis/events-api/using-socket-mode.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from typing import Protocol

from demo.workspace.core import Core
from demo.workspace.ids import secret
from demo.workspace.triggers import SlackError
from demo.workspace.wire import Json

MAX_CONNECTIONS = 10
CLOSE_AFTER = 0.2
"""Seconds between `disconnect` and closing: slack_sdk reads the old socket until it closes (measured)."""


class Line(Protocol):
    """A websocket, server side."""

    def send(self, text: str) -> None: ...
    def receive(self) -> str | None: ...
    def close(self) -> None: ...


@dataclass(eq=False)
class Connection:
    line: Line
    going: bool = False
    warned: bool = False


@dataclass
class Waiting:
    """An envelope that has not been acknowledged yet."""

    arrived: threading.Event = field(default_factory=threading.Event)
    ack: Json | None = None


class NobodyListens(Exception):
    """No bot is connected."""


class Sockets:
    def __init__(self, core: Core) -> None:
        self._core = core
        self._lock = threading.Lock()
        self._tickets: set[str] = set()
        self._connections: list[Connection] = []
        self._waiting: dict[str, Waiting] = {}
        self._turn = 0
        self._opened = 0

    @property
    def count(self) -> int:
        """Connections that take payloads."""
        with self._lock:
            return sum(not c.going for c in self._connections)

    @property
    def opened(self) -> int:
        """Connections ever accepted; a reconnect raises it."""
        return self._opened

    def ticket(self) -> str:
        """A one-time address, for apps.connections.open."""
        if self._core.config.delivery != "socket":
            raise SlackError("socket_mode_not_enabled")
        with self._lock:
            ticket = secret()
            self._tickets.add(ticket)
        return self._core.origin.replace("http", "ws", 1) + f"/socket?ticket={ticket}"

    def serve(self, line: Line, ticket: str) -> None:
        """Run one connection to its end: hello, then acks, until either side closes."""
        with self._lock:
            known = ticket in self._tickets
            self._tickets.discard(ticket)
            full = len(self._connections) >= MAX_CONNECTIONS
        if not known or full:
            line.close()
            return
        connection = Connection(line)
        line.send(json.dumps(self._hello()))
        with self._lock:
            warned = [c for c in self._connections if c.warned and not c.going]
            self._connections.append(connection)
            self._opened += 1
        self._leave(warned)
        try:
            while (text := line.receive()) is not None:
                self._take(text)
        finally:
            with self._lock:
                if connection in self._connections:
                    self._connections.remove(connection)
            self._tell()

    def deliver(self, envelope_id: str, envelope: Json, timeout: float) -> Json | None:
        """Send over one connection; the ack (its payload or {}), None when none came in time.

        Raises NobodyListens when there is no connection to send on.
        """
        waiting = Waiting()
        with self._lock:
            self._waiting[envelope_id] = waiting
        try:
            self._send_to_any(json.dumps(envelope))
            waiting.arrived.wait(timeout)
            return waiting.ack
        finally:
            with self._lock:
                del self._waiting[envelope_id]

    def disconnect(self, reason: str = "refresh_requested") -> None:
        """Tell every connection to go, then close it. A `warning` serves on until the next opens."""
        with self._lock:
            leaving = [c for c in self._connections if not c.going]
            for connection in leaving:
                connection.warned = True
        notice = {"type": "disconnect", "reason": reason, "debug_info": {"host": "demo"}}
        for connection in leaving:
            _quietly_send(connection.line, json.dumps(notice))
        if reason != "warning":
            self._leave(leaving)

    def _leave(self, leaving: list[Connection]) -> None:
        """No payload for these any more, and close them in a moment."""
        with self._lock:
            for connection in leaving:
                connection.going = True
        self._tell()
        if leaving:
            timer = threading.Timer(CLOSE_AFTER, self._close, [leaving])
            timer.daemon = True
            timer.start()

    def drop_all(self) -> None:
        """Close every connection without a word, as a broken network does."""
        with self._lock:
            self._tickets.clear()
            leaving = list(self._connections)
        self._close(leaving)

    def _close(self, leaving: list[Connection]) -> None:
        for connection in leaving:
            connection.going = True
            connection.line.close()

    def _send_to_any(self, text: str) -> None:
        with self._lock:
            able = [c for c in self._connections if not c.going]
            self._turn += 1
            turn = self._turn
        for offset in range(len(able)):
            if _quietly_send(able[(turn + offset) % len(able)].line, text):
                return
        raise NobodyListens

    def _take(self, text: str) -> None:
        try:
            ack = json.loads(text)
        except ValueError:
            return
        with self._lock:
            waiting = self._waiting.get(ack.get("envelope_id", "")) if isinstance(ack, dict) else None
        if waiting is not None:
            payload = ack.get("payload")
            waiting.ack = payload if isinstance(payload, dict) else {}
            waiting.arrived.set()

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": self.count + 1,
            "debug_info": {"host": "demo", "build_number": 1, "approximate_connection_time": 18060},
            "connection_info": {"app_id": self._core.config.app_id},
        }

    def _tell(self) -> None:
        self._core.board.tell("connections", {"count": self.count})


def _quietly_send(line: Line, text: str) -> bool:
    """False when the other side is gone."""
    try:
        line.send(text)
    except OSError:
        return False
    return True
