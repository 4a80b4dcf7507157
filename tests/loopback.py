"""Keeps tests on this machine: any other address is refused before a packet leaves.

It stands in the calls of the `socket` module that name a peer, for as long as the process lives; it is never a way to
talk to anything. Not an audit hook, which would see more: Python code in the `sys.settrace` event lets a second thread
in between, and Python 3.11 then refuses that thread's tracer, kills it, and leaks its socket (PyEval_SetTrace's
`reentrant`, CPython gh-98257). Coverage sets a tracer in every thread, so about one run in ten failed of it.
"""

import functools
import ipaddress
import socket
from collections.abc import Callable
from typing import Any

refused: list[str] = []
"""What was tried since the last test, so that a library which swallows the error cannot hide it."""

_installed: list[bool] = []


class LeftTheMachine(RuntimeError):
    """A test tried to reach another machine. Not an OSError: libraries retry those."""


def install() -> None:
    """Guard this process from now on; once is enough, again is harmless."""
    if not _installed:
        _installed.append(True)
        for name in ("connect", "connect_ex", "sendto", "sendmsg"):
            _stand_in(socket.socket, name, _peer)
        for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
            _stand_in(socket, name, _name)


def is_local(host: object) -> bool:
    """Whether this host stays on the machine; an empty one or a wildcard listens, it does not leave."""
    if not host or host in ("localhost", b"localhost"):
        return True
    text = host.decode(errors="replace") if isinstance(host, bytes) else str(host)
    try:
        address = ipaddress.ip_address(text.split("%", 1)[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _stand_in(owner: Any, name: str, host_of: Callable[[tuple[object, ...]], object]) -> None:
    real = getattr(owner, name)

    @functools.wraps(real)
    def guarded(*arguments: Any, **named: Any) -> Any:
        host = host_of(arguments) if arguments else named.get("host")
        if not is_local(host):
            refused.append(f"socket.{name} {host!r}")
            raise LeftTheMachine(f"socket.{name} {host!r}: tests may talk to 127.0.0.1 only; use the stand-ins")
        return real(*arguments, **named)

    setattr(owner, name, guarded)


def _peer(arguments: tuple[object, ...]) -> object:
    address = arguments[-1]
    return address[0] if isinstance(address, tuple) else None  # a unix socket is a path


def _name(arguments: tuple[object, ...]) -> object:
    return arguments[0]
