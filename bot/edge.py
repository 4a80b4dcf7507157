"""The HTTP side: health, numbers, and Slack's requests in HTTP mode. Decides nothing, and never calls Slack.

Of a request that is refused nothing is logged but the reason: its body and signature are somebody's secrets.
"""

import contextlib
import json
import logging
import threading
import traceback
from collections.abc import Callable, Iterable, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

import waitress
from slack_bolt import App, BoltRequest

from bot.bodies import is_command, misshapen
from bot.health import Health
from bot.metrics import Metrics
from bot.signature import objection

log = logging.getLogger(__name__)

MAX_BODY = 256 * 1024
THREADS = 16
BROKEN = "something broke here; see /deploy status before you ask again, and tell your admins: the log says what"

Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], object]


class Answer(NamedTuple):
    """What goes back."""

    status: int
    body: str
    kind: str = "text/plain; charset=utf-8"


class Slack(NamedTuple):
    """What HTTP mode needs: what takes requests, the signing secret, the wall clock in Unix seconds."""

    app: App
    secret: str
    clock: Callable[[], float]
    open: Callable[[], bool] = lambda: True
    """False before the bot knows who it is, and once it is ending: then Slack tells the person."""


class Edge:
    """A WSGI application. Without `slack` there is no /slack/events: Socket Mode needs none."""

    def __init__(self, health: Health, metrics: Metrics, slack: Slack | None = None) -> None:
        self._health = health
        self._metrics = metrics
        self._slack = slack
        self._routes: dict[str, tuple[str, Callable[[Environ], Answer]]] = {
            "/healthz": ("GET", self._healthz),
            "/readyz": ("GET", self._readyz),
            "/metrics": ("GET", self._numbers),
        }
        if slack is not None:
            self._routes["/slack/events"] = ("POST", lambda environ: self._events(environ, slack))

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request; a defect of ours is a 500 without a word about the request."""
        path = str(environ.get("PATH_INFO", ""))
        try:
            answer = self._answer(environ, path)
        except Exception:
            log.exception("a request to %s failed", path if path in self._routes else "an unknown path")
            answer = Answer(500, "something broke here; the log says what\n")
        known = path if path in self._routes else "other"
        self._metrics.count("tidegate_requests_total", path=known, status=str(answer.status))
        body = answer.body.encode()
        headers = [("Content-Type", answer.kind), ("Content-Length", str(len(body)))]
        if answer.status == HTTPStatus.METHOD_NOT_ALLOWED:
            headers.append(("Allow", self._routes[path][0]))
        start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", headers)
        return [] if environ.get("REQUEST_METHOD") == "HEAD" else [body]

    def _answer(self, environ: Environ, path: str) -> Answer:
        if path not in self._routes:
            return Answer(404, f"nothing here; there is {', '.join(self._routes)}\n")
        method, serve = self._routes[path]
        asked = environ.get("REQUEST_METHOD")
        if asked != method and not (method == "GET" and asked == "HEAD"):
            return Answer(405, f"use {method}\n")
        return serve(environ)

    def _healthz(self, environ: Environ) -> Answer:
        return Answer(200, '{"alive": true}\n', "application/json")

    def _readyz(self, environ: Environ) -> Answer:
        ready, report = self._health.report()
        return Answer(200 if ready else 503, json.dumps(report, sort_keys=True) + "\n", "application/json")

    def _numbers(self, environ: Environ) -> Answer:
        return Answer(200, self._metrics.text(), "text/plain; version=0.0.4; charset=utf-8")

    def _events(self, environ: Environ, slack: Slack) -> Answer:
        if int(environ.get("CONTENT_LENGTH") or 0) > MAX_BODY:
            return Answer(413, "too large\n")
        body = environ["wsgi.input"].read(MAX_BODY + 1)
        if len(body) > MAX_BODY:
            return Answer(413, "too large\n")
        stamp = str(environ.get("HTTP_X_SLACK_REQUEST_TIMESTAMP", ""))
        signature = str(environ.get("HTTP_X_SLACK_SIGNATURE", ""))
        if reason := objection(slack.secret, signature, stamp, body, slack.clock()):
            self._metrics.count("tidegate_forged_total", reason=reason)
            log.warning("a request to /slack/events was refused: %s", reason)
            return Answer(401, "not a request of Slack\n")
        if not slack.open():
            return Answer(503, "not ready\n")
        return self._dispatched(slack.app, environ, body)

    def _dispatched(self, app: App, environ: Environ, body: bytes) -> Answer:
        """Through Bolt. The request is signed; a body that Slack does not send is refused all the same."""
        try:
            text = body.decode()
        except UnicodeDecodeError:
            text = ""  # misshapen, like anything else that is no request
        if reason := misshapen(text, str(environ.get("CONTENT_TYPE", ""))):
            self._metrics.count("tidegate_forged_total", reason="malformed")
            log.warning("a request to /slack/events was refused: its body is %s", reason)
            return Answer(401, "not a request of Slack\n")
        try:
            answer = _through(app, environ, text)
        except Exception as error:  # noqa: BLE001 - Slack must get an answer; the text could quote the body
            where = "".join(traceback.format_tb(error.__traceback__))
            log.error("Bolt failed: %s\n%s", type(error).__name__, where)  # noqa: TRY400 - see above
            answer = Answer(500, "")
        if answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return answer
        return Answer(200, BROKEN) if is_command(text) else Answer(401, "not understood\n")


def _through(app: App, environ: Environ, text: str) -> Answer:
    headers: dict[str, str | Sequence[str]] = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_") or name == "CONTENT_TYPE"
    }
    reply = app.dispatch(BoltRequest(body=text, query=str(environ.get("QUERY_STRING", "")), headers=headers))
    return Answer(reply.status, reply.body or "", reply.first_headers().get("content-type", "text/plain"))


class Server:
    """The edge on a socket. `port` is the real one, also when 0 was asked for."""

    def __init__(self, edge: Edge, host: str, port: int) -> None:
        logging.getLogger("waitress").setLevel(logging.ERROR)
        self._sockets: dict[int, Any] = {}
        self._server = waitress.server.create_server(
            edge,
            map=self._sockets,
            host=host,
            port=port,
            threads=THREADS,
            max_request_body_size=MAX_BODY + 1,  # waitress refuses from here on
            max_request_header_size=32 * 1024,
            channel_timeout=30,
            ident="",
            clear_untrusted_proxy_headers=True,
        )
        self.port = int(self._server.effective_port)
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def stop(self) -> None:
        """Take no more connections, let running answers end."""
        self._server.close()
        self._thread.join(2)
        self._server.task_dispatcher.shutdown(cancel_pending=True, timeout=2)
        for left in list(self._sockets.values()):  # waitress leaves connections that wait for another request open
            with contextlib.suppress(OSError):
                left.close()

    def _run(self) -> None:
        try:
            self._server.run()
        except OSError as gone:
            # close() takes the sockets away under select(); that is how waitress is stopped from outside.
            log.info("the HTTP server ended: %s", gone)
