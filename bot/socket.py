"""Socket Mode: envelopes in, acks out, over slack_sdk's own client. Knows nothing of what an envelope means.

A watchdog outside the SDK looks at the connection: the SDK's reader sleeps through `Retry-After`, needs four missed
pings to notice a dead line, and has stopped for good in the past (python-slack-sdk#1701, bolt-python#1529). It never
waits for the SDK: what connects has a thread of its own, and is given up with its client when it hangs.
"""

import json
import logging
import threading
from collections.abc import Callable
from typing import Any

from slack_bolt import App, BoltRequest
from slack_bolt.adapter.socket_mode.internals import build_headers
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
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
"""Seconds without any sign of life after which the client is thrown away and built anew, whatever it is busy with."""
TURN = 0.2
"""Seconds between two looks at the connection."""
CLOSING = 4.0
"""Seconds that closing may take: the SDK's reader notices within three."""
BACKOFF = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds between attempts to connect; the last one goes on for ever. apps.connections.open is Tier 3."""
LONGEST = 60.0
"""Seconds that Slack may ask us to wait before the next attempt; whoever asks for more is asked again after these."""


class Client(SocketModeClient):
    """The SDK's client, but for its way to an address, which sleeps as long as Slack says and hears nothing then."""

    def __init__(self, address: Callable[[], str], **options: Any) -> None:
        self._address = address
        super().__init__(**options)

    def issue_new_wss_url(self) -> str:
        """Where to connect; called by the SDK's own threads, too."""
        return self._address()


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
        self._lock = threading.Lock()
        self._client: Client | None = None
        self._trying: Client | None = None
        """The client that a thread of ours is connecting."""
        self._failures = 0
        self._next = self._not_before = 0.0
        """When the next attempt may begin; when Slack allows one."""
        self._heard = 0.0
        self._pong: object = None
        self._greeted = False
        self.after_ack: Callable[[], None] = lambda: None
        """Called after each ack; a failpoint, nothing else."""
        self._stopped = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="socket-watchdog", daemon=True)

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
        while not self._stopped.is_set():
            try:
                self._turn()
            except Exception as error:  # noqa: BLE001 - the SDK raises much; the next turn comes in any case
                log.warning("cannot look after the socket to Slack: %s", _brief(error))
            self._stopped.wait(TURN)
        client, connecting = self._let_go()
        if client is not None and not connecting:  # else its own thread ends it: closed now, it would open one more
            _end(client)

    def _turn(self) -> None:
        """Throw away what gives no sign of life, connect what is not connected. Waits for nothing."""
        client, now = self._client, self._monotonic()
        if client is not None and self._silence(client) > SILENCE:
            self._throw_away(client)
            client = None
        with self._lock:
            busy = self._trying is not None and self._trying is client
        if (client is not None and client.is_connected()) or busy or now < max(self._next, self._not_before):
            return
        log.info("the socket to Slack has closed: connecting" if self._greeted else "connecting to Slack")
        self._try(client or self._made())

    def _silence(self, client: Client) -> float:
        """Seconds since the last pong, envelope or greeting."""
        session = client.current_session
        pong = (session.session_id, session.last_ping_pong_time) if session else None
        if pong is not None and pong[1] is not None and pong != self._pong:
            self._pong, self._heard = pong, self._monotonic()
        return self._monotonic() - self._heard

    def _throw_away(self, client: Client) -> None:
        _, connecting = self._let_go()
        self._greeted = False
        if connecting or client.is_connected():  # else every attempt has said so already
            log.error("nothing heard from Slack for %.0f s: connecting anew", SILENCE)
        # Also while it connects: its threads must not connect it once more. What is opened yet is closed afterwards.
        threading.Thread(target=_end, args=[client], name="socket-end", daemon=True).start()

    def _let_go(self) -> tuple[Client | None, bool]:
        """The client that was used, and whether a thread of ours is still connecting it: that thread ends it then."""
        with self._lock:
            client, self._client = self._client, None
            return client, client is not None and self._trying is client

    def _made(self) -> Client:
        quiet = logging.getLogger("tidegate.slack_sdk")
        quiet.setLevel(logging.CRITICAL)  # it logs payloads, and the watchdog says what matters
        client = Client(
            self._address,
            app_token=self._app_token,
            web_client=self._web,
            logger=quiet,
            ping_interval=PING,
            auto_reconnect_enabled=True,
            concurrency=16,
        )
        client.message_listeners.append(self._hear)
        client.socket_mode_request_listeners.append(self._take)
        self._client, self._heard = client, self._monotonic()
        return client

    def _try(self, client: Client) -> None:
        with self._lock:
            self._trying = client
        threading.Thread(target=self._attempt, args=[client], name="socket-connect", daemon=True).start()

    def _attempt(self, client: Client) -> None:
        try:
            client.connect_to_new_endpoint()
        except Exception as error:  # noqa: BLE001 - as above
            log.warning("cannot connect to Slack: %s", _brief(error))
        fine = client.is_connected()
        with self._lock:
            wanted = self._client is client
            if self._trying is client:
                self._trying = None
            if wanted:
                self._came(fine=fine)
        if not wanted:
            _end(client)

    def _came(self, *, fine: bool) -> None:
        self._failures = 0 if fine else self._failures + 1
        now = self._monotonic()
        if fine:
            self._heard = now
            self._metrics.count("tidegate_socket_connects_total")
        else:
            self._next = now + BACKOFF[min(self._failures, len(BACKOFF)) - 1]

    def _address(self) -> str:
        """A new address, or an error; never before Slack allows to ask for one."""
        if self._monotonic() < self._not_before:
            raise SlackClientError("Slack asked to wait")
        try:
            return str(self._web.apps_connections_open(app_token=self._app_token)["url"])
        except SlackApiError as error:
            if error.response["error"] == "ratelimited":
                after = str(error.response.headers.get("Retry-After", ""))
                wait = float(after) if after.isdigit() else 30.0
                self._not_before = self._monotonic() + min(wait, LONGEST)
            raise

    # -- envelopes ------------------------------------------------------------------------------

    def _hear(self, client: BaseSocketModeClient, message: dict[str, Any], raw: str | None) -> None:
        if client is not self._client:
            return  # thrown away: that it speaks says nothing about the one that is used
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
        client.disconnect()  # what a thread of the SDK opened meanwhile
    except Exception as error:  # noqa: BLE001 - it is out of use; closing it twice or half-way is no harm
        log.info("the old socket did not close cleanly: %s", _brief(error))


def _brief(error: Exception) -> str:
    """The kind of error and Slack's word for it; never its text: it may hold a token or a secret address."""
    response = getattr(error, "response", None)
    word = response.get("error", "") if response is not None and hasattr(response, "get") else ""
    return f"{type(error).__name__} {word}".strip()
