"""Socket Mode: envelopes in, acks out, over slack_sdk's own client. Knows nothing of what an envelope means.

A keeper outside the SDK looks at the connection every second: the SDK's reader sleeps through `Retry-After`,
needs four missed pings to notice a dead line, and has stopped for good in the past (python-slack-sdk#1701,
bolt-python#1529).
"""

import json
import logging
import threading
from collections.abc import Callable
from typing import Any

from slack_bolt import App, BoltRequest
from slack_bolt.adapter.socket_mode.internals import build_headers
from slack_sdk import WebClient
from slack_sdk.socket_mode.builtin import SocketModeClient
from slack_sdk.socket_mode.client import BaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse

from bot.metrics import Metrics

log = logging.getLogger(__name__)

PING = 2.5
"""Seconds between pings; a pong is a sign of life. Under three, because slack_sdk 3.47.0 forgets a ping that has no
payload unless another frame follows within three seconds, is then taken for dead, and loses its connection."""
SILENCE = 25.0
"""Seconds without any sign of life after which the client is thrown away and built anew."""
CLOSING = 4.0
"""Seconds that closing may take: the SDK's reader notices within three."""
BACKOFF = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds between attempts to connect; the last one goes on for ever. apps.connections.open is Tier 3."""


class Ear:
    """Listens to Slack. `connect()` returns at once; `deaf()` says whether, and why, nothing is heard."""

    def __init__(
        self, app: App, web: WebClient, app_token: str, metrics: Metrics, monotonic: Callable[[], float]
    ) -> None:
        self._app = app
        self._web = web
        self._app_token = app_token
        self._metrics = metrics
        self._connections = 0
        self._monotonic = monotonic
        self._client: SocketModeClient | None = None
        self._heard = 0.0
        self._pong: object = None
        self._greeted = False
        self.after_ack: Callable[[], None] = lambda: None
        """Called after each ack; a failpoint, nothing else."""
        self._stopped = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="socket-keeper", daemon=True)

    def connect(self) -> None:
        """Begin to connect, and to keep connected."""
        self._keeper.start()

    def close(self) -> None:
        """Take no more envelopes. Acks of running listeners may be lost; their work is committed."""
        self._stopped.set()
        if self._keeper.is_alive():
            self._keeper.join(CLOSING)

    def connections(self) -> int:
        """How many sockets this app had when Slack greeted ours; 0 before."""
        return self._connections

    def deaf(self) -> str:
        """Empty while connected, greeted, and alive within the last 25 s."""
        client = self._client
        if client is None or not client.is_connected() or not self._greeted:
            return "the socket to Slack is not connected"
        silence = self._monotonic() - self._heard
        return f"nothing heard from Slack for {silence:.0f} s" if silence > SILENCE else ""

    # -- keeping connected ----------------------------------------------------------------------

    def _keep(self) -> None:
        failures = 0
        while not self._stopped.is_set():
            try:
                failures = 0 if self._connected() else failures + 1
            except Exception as error:  # noqa: BLE001 - the SDK raises much; the next attempt comes in any case
                failures += 1
                log.warning("cannot connect to Slack: %s", _brief(error))
            self._stopped.wait(BACKOFF[min(failures, len(BACKOFF)) - 1] if failures else 1.0)
        # Here and not in close(): a client that is closed while it connects opens a socket that nobody ends.
        client, self._client = self._client, None
        if client is not None:
            _end(client)

    def _connected(self) -> bool:
        client = self._client
        if client is None or self._stale(client):
            client = self._anew()
        if not client.is_connected():
            log.info("the socket to Slack has closed: connecting" if self._greeted else "connecting to Slack")
            self._greeted = False
            client.connect_to_new_endpoint()
            self._metrics.count("tidegate_socket_connects_total")
            self._heard = self._monotonic()
        return client.is_connected()

    def _stale(self, client: SocketModeClient) -> bool:
        session = client.current_session
        pong = (session.session_id, session.last_ping_pong_time) if session else None
        if pong != self._pong:
            self._pong, self._heard = pong, self._monotonic()
        return client.is_connected() and self._monotonic() - self._heard > SILENCE

    def _anew(self) -> SocketModeClient:
        old, self._greeted, self._heard = self._client, False, self._monotonic()
        if old is not None:
            log.error("nothing heard from Slack for %.0f s: connecting anew", SILENCE)
            threading.Thread(target=_end, args=[old], name="socket-end", daemon=True).start()
        quiet = logging.getLogger("tidegate.slack_sdk")
        quiet.setLevel(logging.CRITICAL)  # it logs payloads, and the keeper says what matters
        client = SocketModeClient(
            app_token=self._app_token,
            web_client=self._web,
            logger=quiet,
            ping_interval=PING,
            auto_reconnect_enabled=True,
            concurrency=16,
        )
        client.message_listeners.append(self._hear)
        client.socket_mode_request_listeners.append(self._take)
        self._client = client
        return client

    # -- envelopes ------------------------------------------------------------------------------

    def _hear(self, client: BaseSocketModeClient, message: dict[str, Any], raw: str | None) -> None:
        self._heard = self._monotonic()
        if message.get("type") == "hello":
            self._connections = int(message.get("num_connections") or 0)
            self._greeted = True

    def _take(self, client: BaseSocketModeClient, request: SocketModeRequest) -> None:
        """One envelope through Bolt, its answer back as the ack. What Bolt refuses stays unanswered."""
        if self._stopped.is_set():
            return
        reply = self._app.dispatch(
            BoltRequest(mode="socket_mode", body=request.payload, headers=build_headers(request))
        )
        outcome = "ok" if reply.status == 200 else str(reply.status)
        self._metrics.count("tidegate_envelopes_total", type=request.type, outcome=outcome)
        if reply.status == 200:
            kind = reply.first_headers().get("content-type", "")
            payload = _payload(reply.body, kind)
            client.send_socket_mode_response(SocketModeResponse(request.envelope_id, payload))
            self.after_ack()


def _payload(body: str | None, kind: str) -> dict[str, Any] | None:
    if not body:
        return None
    if kind.startswith("application/json"):
        answer = json.loads(body)
        return answer if isinstance(answer, dict) else None
    return {"text": body}


def _end(client: SocketModeClient) -> None:
    try:
        client.close()
    except Exception as error:  # noqa: BLE001 - it is out of use; closing it twice or half-way is no harm
        log.info("the old socket did not close cleanly: %s", _brief(error))


def _brief(error: Exception) -> str:
    """The kind of error and Slack's word for it; never its text: it may hold a token or a secret address."""
    response = getattr(error, "response", None)
    word = response.get("error", "") if response is not None and hasattr(response, "get") else ""
    return f"{type(error).__name__} {word}".strip()
