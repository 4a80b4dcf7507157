"""A picture to Slack in three calls: ask for an address, post the bytes, say that it is whole. Retries nothing.

Uploads run beside the outbox, with a budget of their own, so that none of them can delay a message. Both methods
are Tier 4 (100+ a minute); the pace here stays far below. The bytes go to the address that Slack named and nowhere
else: redirects are refused, and the bot's token is never sent there.
https://docs.slack.dev/messaging/working-with-files#uploading_files
"""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import Any, NamedTuple

from slack_sdk import WebClient

from bot.metrics import Metrics
from bot.pacing import Pace
from bot.wire import TIMEOUT, Came, came_of

LARGEST = 2 * 1024 * 1024
"""Bytes of a graph; ours have a tenth of that, and something larger is a mistake."""
ALT_MOST = 1000
"""Characters of a file's description that files.getUploadURLExternal takes."""
_FINISHED = frozenset({"file_not_found", "file_already_completed", "already_completed"})
OPEN, BYTES, DONE = "files.getUploadURLExternal", "upload_url", "files.completeUploadExternal"


class Thread(NamedTuple):
    """Where a file is shared: a channel, and the message under which it belongs."""

    channel: str
    ts: str


class Picked(NamedTuple):
    """What goes up."""

    name: str
    title: str
    alt: str
    content: bytes


class _Ticket(NamedTuple):
    file: str
    address: str


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect is an error here: it would carry the bytes to somebody Slack did not name."""

    def redirect_request(self, *_: Any) -> None:
        return None


class FileWire:
    """Uploads, paced. Used by one thread."""

    def __init__(self, web: WebClient, metrics: Metrics, monotonic: Callable[[], float]) -> None:
        self._web = web
        self._metrics = metrics
        self._monotonic = monotonic
        self._pace = Pace()
        self._open = urllib.request.build_opener(_NoRedirect).open

    def wait(self) -> float:
        """Seconds until an upload may begin."""
        now = self._monotonic()
        return max(self._pace.wait(method, "", now) for method in (OPEN, BYTES, DONE))

    def upload(self, one: Picked, thread: Thread) -> tuple[Came, str]:
        """Share a picture in a thread: what came of it, and the file's id when it is done."""
        if not 0 < len(one.content) <= LARGEST:
            return Came("refused", "too large"), ""
        came, ticket = self._ticket(one)
        if came.kind != "done":
            return came, ""
        came = self._bytes(ticket.address, one.content)
        if came.kind != "done":
            return came, ""
        came = self._completed(ticket.file, one.title, thread)
        if came.kind == "lost":
            # Once more tells: a file that is there cannot be finished again. The worst is that it stands there twice.
            came = self._completed(ticket.file, one.title, thread)
            if came.word in _FINISHED:
                came = Came("done")
        return came, ticket.file

    def _ticket(self, one: Picked) -> tuple[Came, _Ticket]:
        held: dict[str, Any] = {}

        def ask() -> Any:
            answer = self._web.files_getUploadURLExternal(
                filename=one.name, length=len(one.content), alt_txt=one.alt[:ALT_MOST]
            )
            held.update(file_id=answer.get("file_id"), upload_url=answer.get("upload_url"))
            return answer

        came = self._call(OPEN, ask)
        ticket = _Ticket(str(held.get("file_id") or ""), str(held.get("upload_url") or ""))
        if came.kind == "done" and not (ticket.file and self._named(ticket.address)):
            came = Came("refused", "bad upload address")
        return came, ticket

    def _named(self, address: str) -> bool:
        """Encrypted like the Web API itself; only a stand-in on this machine does without."""
        wanted = urllib.parse.urlsplit(self._web.base_url).scheme
        parts = urllib.parse.urlsplit(address)
        return bool(parts.hostname) and not parts.username and parts.scheme in ("https", wanted)

    def _bytes(self, address: str, content: bytes) -> Came:
        def send() -> Any:
            request = urllib.request.Request(  # noqa: S310 - its scheme was looked at
                address, data=content, method="POST", headers={"Content-Type": "application/octet-stream"}
            )
            try:
                with self._open(request, timeout=TIMEOUT) as answer:
                    return _Page(answer.status, {})
            except urllib.error.HTTPError as error:
                with error:
                    return _Page(error.code, dict(error.headers))

        return self._call(BYTES, send)

    def _completed(self, file: str, title: str, thread: Thread) -> Came:
        place = {"channel_id": thread.channel, "thread_ts": thread.ts}
        files = json.dumps([{"id": file, "title": title}])
        return self._call(DONE, lambda: self._web.api_call(DONE, params={"files": files, **place}))

    def _call(self, method: str, send: Callable[[], Any]) -> Came:
        self._pace.took(method, "", self._monotonic())
        came = came_of(send)
        self._metrics.count("tidegate_outbox_attempts_total", method=method, outcome=came.word or came.kind)
        if came.kind == "limited":
            self._pace.closed(method, "", self._monotonic() + came.after)
        return came


class _Page(NamedTuple):
    """An answer that is no JSON, as came_of sorts it."""

    status_code: int
    headers: dict[str, str]
