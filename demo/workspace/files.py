"""Uploaded files: from ticket over bytes to what may be shown where. Never reads a clock; no HTTP.

Slack works on a file for a moment after it was completed; until then nothing may refer to it, which nobody is
told in advance: github.com/slackapi/python-slack-sdk/issues/1521, .../slack-github-action/issues/413.
"""

from __future__ import annotations

import mimetypes
import re
import threading
from collections.abc import Iterator

from demo.workspace.config import Fixed
from demo.workspace.ids import mint, secret
from demo.workspace.pictures import Picture, measure
from demo.workspace.triggers import SlackError
from demo.workspace.wire import Json

KEPT = 500
"""Files whose bytes are kept; a soak must not grow without end."""
_ID = re.compile(r"F[A-Z0-9]{8,}")


class StoredFile(Fixed):
    """One file as it stands now. `ready_at` is set by its completion; `shares` are the channels that may see it."""

    id: str
    name: str
    length: int
    key: str
    created: float
    title: str = ""
    alt_txt: str = ""
    content: bytes = b""
    received: bool = False
    ready_at: float | None = None
    picture: Picture | None = None
    shares: frozenset[str] = frozenset()
    deleted: bool = False

    @property
    def mimetype(self) -> str:
        if self.picture:
            return self.picture.mimetype
        guessed = mimetypes.guess_type(self.name)[0] or "application/octet-stream"
        # Called a picture, but its bytes are none.
        return "application/octet-stream" if guessed.startswith("image/") else guessed

    def ready(self, now: float) -> bool:
        return self.ready_at is not None and self.ready_at <= now and not self.deleted


def images(node: object, at: str = "/blocks") -> Iterator[tuple[str, Json]]:
    """Every image block and image element below `node`, with its JSON pointer."""
    if isinstance(node, dict):
        if node.get("type") == "image":
            yield at, node
        for key, value in node.items():
            yield from images(value, f"{at}/{key}")
    elif isinstance(node, list | tuple):
        for index, item in enumerate(node):
            yield from images(item, f"{at}/{index}")


class UploadRefused(Exception):
    """The upload address does not take these bytes; its text says why."""


class Files:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, StoredFile] = {}

    def open(self, name: str, length: int, alt_txt: str, now: float) -> StoredFile:
        """A ticket for `length` bytes to come."""
        ticket = StoredFile(
            id=mint("F"), name=name, length=length, key=secret(48), created=now, title=name, alt_txt=alt_txt
        )
        return self._keep(ticket)

    def receive(self, key: str, content: bytes) -> StoredFile:
        """Take the bytes of a ticket: all of them, and once."""
        with self._lock:
            ticket = next((f for f in self._known.values() if f.key == key), None)
        if ticket is None:
            raise UploadRefused("no such upload address")
        if ticket.received:
            raise UploadRefused("this upload address was used")
        if len(content) != ticket.length:
            raise UploadRefused(f"{len(content)} bytes came, {ticket.length} were announced")
        return self._keep(ticket.model_copy(update={"content": content, "received": True, "picture": measure(content)}))

    def complete(self, titles: dict[str, str], ready_at: float) -> list[StoredFile]:
        """Finish uploads, all or none; `titles` are by id. A ticket ends with it."""
        with self._lock:
            found = [self._known.get(one) for one in titles]
        tickets = [one for one in found if one is not None and one.received and one.ready_at is None]
        if len(tickets) != len(titles):
            raise SlackError("file_not_found")
        return [
            self._keep(one.model_copy(update={"ready_at": ready_at, "title": titles[one.id] or one.name}))
            for one in tickets
        ]

    def get(self, file_id: str) -> StoredFile:
        """A completed file, by id."""
        with self._lock:
            found = self._known.get(file_id)
        if found is None or found.ready_at is None:
            raise SlackError("file_not_found")
        if found.deleted:
            raise SlackError("file_deleted")
        return found

    def share(self, file_id: str, channel: str) -> None:
        """Let everybody of a channel see it."""
        one = self.get(file_id)
        self._keep(one.model_copy(update={"shares": one.shares | {channel}}))

    def show(self, blocks: tuple[Json, ...], channel: str) -> None:
        """A new message shows its pictures to everybody of the channel."""
        for one in self._shown(blocks):
            if not one.deleted:
                self.share(one.id, channel)

    def unseen(self, blocks: tuple[Json, ...], channel: str) -> list[str]:
        """The pictures of an edited message that were never shown in its channel. Slack takes the edit, but people
        see a broken picture: github.com/slackapi/java-slack-sdk/issues/1441, .../bolt-python/issues/1295.
        """
        return [one.id for one in self._shown(blocks) if channel not in one.shares]

    def _shown(self, blocks: tuple[Json, ...]) -> list[StoredFile]:
        found = [self.named(image["slack_file"]) for _, image in images(blocks) if "slack_file" in image]
        return [one for one in found if one is not None]

    def delete(self, file_id: str) -> None:
        self._keep(self.get(file_id).model_copy(update={"deleted": True, "content": b""}))

    def named(self, reference: Json) -> StoredFile | None:
        """The file of a `slack_file` object: by id, or by the id in its url_private or permalink."""
        file_id = _ID.search(str(reference.get("id") or reference.get("url") or ""))
        with self._lock:
            return self._known.get(file_id.group()) if file_id else None

    @property
    def every(self) -> tuple[StoredFile, ...]:
        """All that were completed, oldest first, deleted ones included."""
        with self._lock:
            return tuple(f for f in self._known.values() if f.ready_at is not None)

    def _keep(self, one: StoredFile) -> StoredFile:
        with self._lock:
            self._known[one.id] = one
            while len(self._known) > KEPT:
                del self._known[next(iter(self._known))]
        return one
