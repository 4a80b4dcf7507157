"""A line between the bot and a workspace that can freeze: both ends stay open, and no byte passes. No FIN, no reset."""

import socket
import threading
from typing import Any, Self

from slack_sdk import WebClient

BLOCK = 65536


class Relay:
    """Passes bytes on to a port of this machine. `with Relay(port) as relay:`."""

    def __init__(self, to: int) -> None:
        self._to = to
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._frozen: set[socket.socket] = set()
        self._black = self._over = False
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self.accepted = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def freeze(self, *, new: bool = False) -> None:
        """What is connected now is heard no more; `new`: neither is whoever connects from now on."""
        with self._lock:
            self._frozen.update(self._open)
            self._black = new

    def thaw(self) -> None:
        """New lines pass again; what was frozen stays so, as a route that is gone does."""
        with self._lock:
            self._black = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown(socket.SHUT_RDWR)  # closing it alone does not wake who waits for a line
        self._server.close()
        with self._lock:
            self._over = True
            for each in self._open:
                each.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._to))
            with self._lock:
                if self._over:
                    near.close()
                    far.close()
                    return
                self.accepted += 1
                self._open += [near, far]
                if self._black:
                    self._frozen |= {near, far}
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._pass, args=[one, other], daemon=True).start()

    def _pass(self, one: socket.socket, other: socket.socket) -> None:
        try:
            while some := one.recv(BLOCK):
                with self._lock:
                    frozen = one in self._frozen
                if frozen:
                    continue  # read and thrown away: the sender's buffer never fills, so nothing tells it either
                other.sendall(some)
        except OSError:
            pass
        with self._lock:
            if one in self._frozen:
                return
        for each in (one, other):
            each.close()


class Rerouted(WebClient):
    """Slack's client whose sockets lead through the relay; its calls do not."""

    def __init__(self, relay: Relay, workspace: int, **options: Any) -> None:
        super().__init__(**options)
        self._relay, self._workspace = relay, workspace

    def apps_connections_open(self, **options: Any) -> Any:
        """See WebClient."""
        answer = super().apps_connections_open(**options)
        address = str(answer["url"]).replace(f":{self._workspace}/", f":{self._relay.port}/")
        answer.data["url"] = address  # type: ignore[index]  # a JSON answer is a dictionary
        return answer
