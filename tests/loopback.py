"""Keeps tests on this machine: any other address is refused before a packet leaves.

An audit hook sees what every library does, whatever object it calls through, and needs no patching.
It lasts as long as the process; it is never a way to talk to anything.
"""

import ipaddress
import sys
from collections.abc import Callable

refused: list[str] = []
"""What was tried since the last test, so that a library which swallows the error cannot hide it."""

_installed: list[bool] = []


class LeftTheMachine(RuntimeError):
    """A test tried to reach another machine. Not an OSError: libraries retry those."""


def install() -> None:
    """Guard this process from now on; once is enough, again is harmless."""
    if not _installed:
        _installed.append(True)
        sys.addaudithook(_guard)


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


def _guard(event: str, arguments: tuple[object, ...]) -> None:
    host_of = _HOSTS.get(event)
    if host_of is None:
        return
    host = host_of(arguments)
    if not is_local(host):
        refused.append(f"{event} {host!r}")
        raise LeftTheMachine(f"{event} {host!r}: tests may talk to 127.0.0.1 only; use the stand-ins")


def _peer(arguments: tuple[object, ...]) -> object:
    address = arguments[-1]
    return address[0] if isinstance(address, tuple) else None  # a unix socket is a path


def _name(arguments: tuple[object, ...]) -> object:
    return arguments[0]


_HOSTS: dict[str, Callable[[tuple[object, ...]], object]] = {
    "socket.connect": _peer,
    "socket.sendto": _peer,
    "socket.sendmsg": _peer,
    "socket.getaddrinfo": _name,
    "socket.gethostbyname": _name,
}
