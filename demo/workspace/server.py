"""The loopback HTTP server: routes to the Web API, response_urls, sockets and the page. No meaning."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any

from simple_websocket import ConnectionClosed, Server
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from demo.workspace import guard

Route = Callable[[Request, str], Response]
MAX_BODY = 1_000_000
WSGI = Callable[..., Iterable[bytes]]


class Silent(WSGIRequestHandler):
    """No line per request on the terminal: the inspector shows them."""

    def log(self, type: str, message: str, *args: Any) -> None:
        return


class Upgraded(ConnectionError):
    """The connection was a websocket and is over: nothing more may be written to it."""


class Line:
    """A websocket with sends that do not mix. Closing twice is fine; a gone peer is an OSError."""

    def __init__(self, request: Request) -> None:
        self._socket = Server.accept(request.environ, ping_interval=10)
        self._lock = threading.Lock()

    def send(self, text: str) -> None:
        with self._lock:
            try:
                self._socket.send(text)
            except ConnectionClosed as gone:
                raise ConnectionError("websocket closed") from gone

    def receive(self, timeout: float | None = None) -> str | None:
        """The next text; None when the peer is gone."""
        try:
            found = self._socket.receive(timeout)
        except ConnectionClosed:
            return None
        return None if found is None else str(found)

    def close(self) -> None:
        with self._lock:
            try:
                self._socket.close()
            except (ConnectionClosed, OSError):
                return
            _shut(self._socket.sock)


class Loopback:
    """`routes` are tried by their first path segment: {"api": ..., "hook": ...}."""

    def __init__(self, port: int, routes: dict[str, Route]) -> None:
        self._routes = routes
        self._server: BaseWSGIServer = make_server("127.0.0.1", port, self._app, threaded=True, request_handler=Silent)
        self.port: int = self._server.server_port
        self._thread = threading.Thread(target=self._serve, name="workspace", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join(5)
        self._server.server_close()

    def _serve(self) -> None:
        self._server.serve_forever(poll_interval=0.05)

    def _app(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        request.max_content_length = MAX_BODY
        return self._route(request)(environ, start_response)

    def _route(self, request: Request) -> Response:
        if not guard.host_ok(request, self.port) or not guard.origin_ok(request, self.port, required=False):
            return Response("this server answers its own page and its own bot only\n", 403)
        first, _, rest = request.path.lstrip("/").partition("/")
        route = self._routes.get(first)
        if route is None:
            return Response("nothing here; open the address the demo printed\n", 404)
        return route(request, rest)


def _shut(raw: socket.socket) -> None:
    try:
        raw.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
