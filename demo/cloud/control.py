"""The control endpoint: knobs over HTTP, for a cloud that runs as a process of its own.

`POST /__tidegate/<verb>` with the token and a JSON object of arguments; answers JSON. Knows no knob by name:
whatever public method the knobs have is a verb.
"""

from __future__ import annotations

import hmac
import inspect
import json
from collections.abc import Callable
from typing import Any

from demo.cloud.oracle import plain
from demo.cloud.wire import Reply, read_body

TOKEN_HEADER = "X-Tidegate-Token"  # the header's name, not a token
MOST_BYTES = 64 * 1024


class ControlDesk:
    """Turns control requests into calls of the knobs' public methods."""

    def __init__(self, knobs: object, token: str) -> None:
        self._knobs = knobs
        self._token = token

    def __call__(self, environ: dict[str, Any]) -> Reply:
        """The answer to one request: 401 without the token, 404 with the known verbs, 400 with the reason."""
        given = environ.get("HTTP_" + TOKEN_HEADER.upper().replace("-", "_"), "")
        if not hmac.compare_digest(given.encode(), self._token.encode()):
            return _json(401, {"error": f"the {TOKEN_HEADER} header does not carry this cloud's token"})
        if environ["REQUEST_METHOD"] != "POST" or int(environ.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
            return _json(400, {"error": "write POST with a small JSON object"})
        verb = environ["PATH_INFO"].rsplit("/", 1)[1]
        verbs = verbs_of(self._knobs)
        if verb not in verbs:
            return _json(404, {"error": f"no knob {verb!r}", "known": sorted(verbs)})
        try:
            arguments = json.loads(read_body(environ) or b"{}")
            inspect.signature(verbs[verb]).bind(**arguments)
            return _json(200, {"result": plain(verbs[verb](**arguments))})
        except (TypeError, ValueError, LookupError) as error:
            return _json(400, {"error": str(error)})


def verbs_of(knobs: object) -> dict[str, Callable[..., Any]]:
    """The public methods, by name."""
    methods = inspect.getmembers(knobs, inspect.ismethod)
    return {name: method for name, method in methods if not name.startswith("_")}


def _json(status: int, body: dict[str, Any]) -> Reply:
    sent = json.dumps(body).encode()
    return Reply(status, (("Content-Type", "application/json"), ("Content-Length", str(len(sent)))), sent)
