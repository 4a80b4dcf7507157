"""Real servers on this machine that do on their line whatever a test says."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
Says = Callable[[socket.socket], None]


class Heard:
    """What a server was asked, and how many bytes it could get rid of."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.requests: list[str] = []
        self.sent = 0
        self.failed: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"


@contextmanager
def serving(says: Says | bytes, context: ssl.SSLContext | None = None) -> Iterator[Heard]:
    """A server that reads a request's head and then does what it was told."""
    listener = socket.create_server(("127.0.0.1", 0))
    heard = Heard(listener.getsockname()[1])
    lines: list[socket.socket] = []

    def serve() -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            line.settimeout(10)
            lines.append(line)
            try:
                with context.wrap_socket(line, server_side=True) if context else line as speaking:
                    heard.requests.append(_head(speaking))
                    if isinstance(says, bytes):
                        speaking.sendall(says)
                    else:
                        says(speaking)
            except OSError as error:
                heard.failed.append(type(error).__name__)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield heard
    finally:
        # Whoever still speaks is cut off: a test that fails in between does not hang.
        for one in (listener, *lines):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def _head(line: socket.socket) -> str:
    text = b""
    while b"\r\n\r\n" not in text and (more := line.recv(4096)):
        text += more
    return text.decode()
