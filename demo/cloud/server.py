"""One WSGI application on a loopback port, in a thread. Refuses any other address."""

from __future__ import annotations

import ipaddress
import socket
from threading import Thread
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import BaseWSGIServer, make_server

POLL_SECONDS = 0.05


class NotLoopback(ValueError):
    """The cloud would be open to others: it believes every caller."""


def check_loopback(host: str) -> None:
    """Refuses a host that others could reach."""
    if host == "localhost":
        return
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = None
    if address is None or not address.is_loopback:
        raise NotLoopback(f"{host} is not a loopback address; the embedded cloud believes every caller: "
                          "use 127.0.0.1")


class _Quiet(MotoRequestHandler):
    def setup(self) -> None:
        # Header and body leave in two writes; without this the second waits for the client's delayed ACK.
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().setup()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """One line per AWS call helps nobody; the oracle log has them."""


class Server:
    """Serves from `start` to `stop`."""

    def __init__(self, host: str, port: int, application: Any) -> None:
        check_loopback(host)
        self._server: BaseWSGIServer = make_server(
            host, port, application, threaded=True, request_handler=_Quiet
        )
        self._thread = Thread(
            target=self._server.serve_forever, args=(POLL_SECONDS,), name="cloud", daemon=True
        )

    @property
    def url(self) -> str:
        """Where it listens; true from the moment of creation."""
        host = f"[{self._server.host}]" if ":" in self._server.host else self._server.host
        return f"http://{host}:{self._server.server_port}"

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Takes no more calls; open ones are not waited for."""
        self._server.shutdown()
        self._thread.join(timeout=10)
        self._server.server_close()
