"""Who may talk to the loopback server: right Host, right Origin. Pure.

A web page anywhere can make a browser send requests to 127.0.0.1; these checks keep such pages out.
"""

from __future__ import annotations

from werkzeug.wrappers import Request

NAMES = ("127.0.0.1", "localhost")


def host_ok(request: Request, port: int) -> bool:
    """The Host header names this server, not a domain that happens to point here (DNS rebinding).

    slack_sdk's socket client leaves the port out, so a bare name will do.
    """
    allowed = {f"{name}:{port}" for name in NAMES} | set(NAMES)
    return request.headers.get("Host", "") in allowed


def origin_ok(request: Request, port: int, *, required: bool) -> bool:
    """A browser's Origin is our own page. Programs send none; the page's posts must have one."""
    origin = request.headers.get("Origin")
    if origin is None:
        return not required
    return origin in {f"http://{name}:{port}" for name in NAMES}
