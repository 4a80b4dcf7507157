"""The page's side of the server: its files, its live websocket, and the gestures it posts.

Nothing here decides: a post becomes a call of gestures, forms or a knob. Guarded by guard.py.
"""

from __future__ import annotations

import json
import mimetypes
import queue
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from werkzeug.wrappers import Request, Response

from demo.workspace import guard, page_state
from demo.workspace.config import Channel
from demo.workspace.core import Core
from demo.workspace.forms import Forms
from demo.workspace.gestures import Gestures, find_element
from demo.workspace.knobs import Knob, Status
from demo.workspace.results import Result
from demo.workspace.server import Line, Upgraded
from demo.workspace.triggers import SlackError
from demo.workspace.wire import Change, Json, Message, View

FILES = Path(__file__).parent / "page"
PULSE_SECONDS = 10.0
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self' ws://127.0.0.1:* ws://localhost:*; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


class BadRequest(Exception):
    """The post is malformed; its text says how."""


class Gone(Exception):
    """What was pressed or closed is not there any more: two hands were quicker than one page."""


def _guarded(content: bytes, kind: str) -> Response:
    response = Response(content, mimetype=kind)
    response.headers["Content-Security-Policy"] = CONTENT_POLICY
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


class PageServer:
    def __init__(self, core: Core, gestures: Gestures, forms: Forms, connections: Callable[[], int]) -> None:
        self._core = core
        self._gestures = gestures
        self._forms = forms
        self._connections = connections
        self._lock = threading.Lock()
        self._queues: set[queue.SimpleQueue[Change | None]] = set()
        self.knobs: list[Knob] = []
        self.status: Status | None = None
        self._does: dict[str, Callable[[Json], Result]] = {
            "line": self._line,
            "press": self._press,
            "press_in_view": self._press_in_view,
            "submit": self._submit,
            "close": self._close,
            "suggest": self._suggest,
            "home": lambda body: self._gestures.open_home(self._core.person(body["person"])),
        }

    def add_knobs(self, knobs: Sequence[Knob]) -> None:
        """More buttons; an id used twice is refused."""
        ids = [k.id for k in (*self.knobs, *knobs)]
        twice = sorted({i for i in ids if ids.count(i) > 1})
        if twice:
            raise ValueError(f"knob {', '.join(twice)} is there twice; give each its own id")
        self.knobs.extend(knobs)

    def show_status(self, status: Status) -> None:
        """Push a new status, if it differs from the last."""
        if status != self.status:
            self.status = status
            self._core.board.tell("status", {"status": status})

    def stop(self) -> None:
        with self._lock:
            for waiting in self._queues:
                waiting.put(None)

    # -- routes ---------------------------------------------------------------------------------

    def route(self, request: Request, rest: str) -> Response:
        """Everything below the secret token of the page's address."""
        if rest == "live":
            return self._live(request)
        if rest.startswith("do/"):
            return self._do(request, rest.removeprefix("do/"))
        if rest.startswith("file/"):
            return self._uploaded(rest.removeprefix("file/"))
        return self._file(rest or "index.html")

    def _file(self, name: str) -> Response:
        path = FILES / name
        if not path.is_file() or path.parent != FILES:
            return Response("no such file\n", 404)
        return _guarded(path.read_bytes(), mimetypes.guess_type(name)[0] or "application/octet-stream")

    def _uploaded(self, file_id: str) -> Response:
        """A file of the bot's. Only what its bytes say is a picture goes out as one, anything else as plain text:
        an uploaded page or drawing must not run in this origin.
        """
        try:
            one = self._core.files.get(file_id)
        except SlackError:
            return Response("no such file\n", 404)
        return _guarded(one.content, one.picture.mimetype if one.picture else "text/plain")

    def _live(self, request: Request) -> Response:
        if not guard.origin_ok(request, self._core.port, required=True):
            return Response("this socket is for the demo's own page\n", 403)
        line, changes = Line(request), queue.SimpleQueue[Change | None]()
        stop = self._core.board.listen(changes.put)
        with self._lock:
            self._queues.add(changes)
        try:
            everything = page_state.everything(self._core, self.knobs, self.status, self._connections())
            line.send(json.dumps(everything))
            self._push(line, changes)
        except OSError:
            pass  # the tab was closed
        finally:
            stop()
            with self._lock:
                self._queues.discard(changes)
            line.close()
        raise Upgraded("page is gone")

    def _push(self, line: Line, changes: queue.SimpleQueue[Change | None]) -> None:
        while True:
            try:
                change = changes.get(timeout=PULSE_SECONDS)
            except queue.Empty:
                line.send('{"type": "pulse"}')
                continue
            if change is None:
                return
            news = page_state.piece(self._core, change)
            if news is not None:
                line.send(json.dumps(news))

    def _do(self, request: Request, what: str) -> Response:
        if not guard.origin_ok(request, self._core.port, required=True):
            return Response("only the demo's own page may do this\n", 403)
        if request.method != "POST" or request.mimetype != "application/json":
            return Response("post JSON with content type application/json\n", 415)
        body = request.get_json(silent=True)
        if not isinstance(body, dict):
            return Response("post a JSON object\n", 400)
        try:
            answer = self._turn(body) if what == "knob" else page_state.result(self._gesture(what, body))
        except Gone as gone:
            answer = page_state.result(Result(error=str(gone)))
        except (BadRequest, KeyError) as error:
            return Response(json.dumps({"ok": False, "error": "bad_request", "sentence": str(error)}), 400)
        return Response(json.dumps(answer), mimetype="application/json")

    # -- gestures -------------------------------------------------------------------------------

    def _gesture(self, what: str, body: Json) -> Result:
        if what not in self._does:
            raise BadRequest(f"{what} is no gesture; known: {', '.join(self._does)}, knob")
        return self._does[what](body)

    def _turn(self, body: Json) -> Json:
        for knob in self.knobs:
            if knob.id == body.get("id"):
                try:
                    return {"ok": True, "sentence": knob.run()}
                except Exception as error:  # noqa: BLE001 a knob is foreign code; its failure is shown, not fatal
                    return {"ok": False, "sentence": f"{knob.label} failed: {error}"}
        raise BadRequest(f"{body.get('id')} is no knob; known: {', '.join(k.id for k in self.knobs)}")

    def _line(self, body: Json) -> Result:
        person = self._core.person(body["person"])
        channel = self._channel(body["channel"], person.id)
        return self._gestures.type_line(person, channel, str(body["text"]), body.get("thread_ts"))

    def _press(self, body: Json) -> Result:
        message = self._message(body)
        found = find_element(list(message.blocks), body["action_id"], body.get("block_id"))
        if found is None:
            return Result(error="action_not_found")
        return self._gestures.press(self._core.person(body["person"]), message, found, body.get("choice") or {})

    def _press_in_view(self, body: Json) -> Result:
        person, choice = self._core.person(body["person"]), body.get("choice") or {}
        return self._forms.press(person, self._view(body), body["action_id"], choice, body.get("values") or {})

    def _submit(self, body: Json) -> Result:
        person = self._core.person(body["person"])
        return self._forms.submit(person, self._view(body), body.get("values") or {})

    def _close(self, body: Json) -> Result:
        person = self._core.person(body["person"])
        return self._forms.close(person, self._view(body), everything=bool(body.get("everything")))

    def _suggest(self, body: Json) -> Result:
        where: View | Message = self._view(body) if body.get("view_id") else self._message(body)
        ids = (str(body["block_id"]), str(body["action_id"]))
        return self._forms.suggest(self._core.person(body["person"]), where, ids, str(body.get("value", "")))

    def _channel(self, which: str, person: str) -> Channel:
        return self._core.open_dm(person) if which.startswith("D") else self._core.channel(which)

    def _message(self, body: Json) -> Message:
        message = self._core.board.message(str(body.get("channel")), str(body.get("ts")))
        if message is None:
            raise Gone("message_not_found")
        return message

    def _view(self, body: Json) -> View:
        view = self._core.board.view(lambda v: v.id == body.get("view_id") and v.owner == body.get("person"))
        if view is None:
            raise Gone("view_closed")
        return view
