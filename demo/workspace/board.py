"""What everyone can see: messages, modals, home tabs, and the records. The single lock of the stand-in.

Everything that waits for the workspace waits on this lock's condition; nothing polls.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from demo.workspace.journal import DeedKind, Journal
from demo.workspace.wire import Call, Change, Envelope, Json, Message, View

T = TypeVar("T")
KEPT_MESSAGES = 4000
KEPT_RECORDS = 5000
Listener = Callable[[Change], None]


class Board:
    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._changed = threading.Condition(threading.RLock())
        self._messages: dict[tuple[str, str], Message] = {}
        self._stacks: dict[str, list[View]] = {}
        self._homes: dict[str, View] = {}
        self._envelopes: dict[str, Envelope] = {}
        self._calls: deque[Call] = deque(maxlen=KEPT_RECORDS)
        self._problems: list[str] = []
        self._listeners: list[Listener] = []

    # -- waiting and telling --------------------------------------------------------------------

    @contextmanager
    def held(self) -> Iterator[None]:
        """Several changes as one: nobody sees the workspace between them."""
        with self._changed:
            yield

    def wait_for(self, predicate: Callable[[], T], timeout: float) -> T | None:
        """The first true value of `predicate`, asked after every change; None after `timeout` seconds."""
        limit = time.monotonic() + timeout
        with self._changed:
            while True:
                found = predicate()
                if found:
                    return found
                left = limit - time.monotonic()
                if left <= 0:
                    return None
                self._changed.wait(left)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with every change from now on; the returned function stops it."""
        with self._changed:
            self._listeners.append(listener)

        def stop() -> None:
            with self._changed:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        return stop

    def tell(self, kind: str, body: Json) -> None:
        change = Change.model_validate({"kind": kind, "body": body})
        with self._changed:
            for listener in self._listeners:
                listener(change)
            self._changed.notify_all()

    def stir(self) -> None:
        """Wake whoever waits: something they look at changed with the time alone."""
        with self._changed:
            self._changed.notify_all()

    def problem(self, sentence: str) -> None:
        """Record something the bot did that real Slack would not have accepted."""
        with self._changed:
            self._problems.append(sentence)
            self._changed.notify_all()

    @property
    def problems(self) -> tuple[str, ...]:
        with self._changed:
            return tuple(self._problems)

    # -- messages -------------------------------------------------------------------------------

    def put(self, message: Message) -> Message:
        """Show a message, new or edited."""
        kind: DeedKind = "private" if message.ephemeral else "posted" if message.revision == 1 else "updated"
        with self._changed:
            self._note(kind, message)
            self._messages[message.channel, message.ts] = message
            while len(self._messages) > KEPT_MESSAGES:
                del self._messages[next(iter(self._messages))]
            self.tell("message", {"channel": message.channel, "ts": message.ts})
        return message

    def remove(self, channel: str, ts: str) -> None:
        with self._changed:
            self._note("deleted", self._messages.pop((channel, ts)))
            self.tell("removed", {"channel": channel, "ts": ts})

    def _note(self, kind: DeedKind, message: Message) -> None:
        self._journal.note(kind, message.channel, ts=message.ts, by=message.user, text=message.text,
                           thread_ts=message.thread_ts, revision=message.revision)  # fmt: skip

    def message(self, channel: str, ts: str) -> Message | None:
        with self._changed:
            return self._messages.get((channel, ts))

    def messages(self, channel: str | None = None) -> list[Message]:
        """Every message of a channel (or of all), oldest first, private ones included."""
        with self._changed:
            found = [m for m in self._messages.values() if channel in (None, m.channel)]
        return sorted(found, key=lambda m: m.ts)

    # -- views ----------------------------------------------------------------------------------

    def stack(self, user: str) -> list[View]:
        with self._changed:
            return list(self._stacks.get(user, []))

    def set_stack(self, user: str, views: list[View]) -> None:
        with self._changed:
            self._stacks[user] = list(views)
            self.tell("views", {"user": user})

    def view(self, wanted: Callable[[View], bool]) -> View | None:
        with self._changed:
            every = [v for stack in self._stacks.values() for v in stack] + list(self._homes.values())
            return next((v for v in every if wanted(v)), None)

    def replace_view(self, new: View) -> None:
        """Put `new` where the view with its id is now."""
        with self._changed:
            for user, stack in self._stacks.items():
                if any(v.id == new.id for v in stack):
                    self.set_stack(user, [new if v.id == new.id else v for v in stack])
            if any(h.id == new.id for h in self._homes.values()):
                self.set_home(new.owner, new)

    def home(self, user: str) -> View | None:
        with self._changed:
            return self._homes.get(user)

    def set_home(self, user: str, view: View) -> None:
        with self._changed:
            self._homes[user] = view
            self.tell("home", {"user": user})

    # -- records --------------------------------------------------------------------------------

    def record_envelope(self, envelope: Envelope) -> None:
        with self._changed:
            self._envelopes[envelope.id + f"/{envelope.attempt}"] = envelope
            while len(self._envelopes) > KEPT_RECORDS:
                del self._envelopes[next(iter(self._envelopes))]
            self.tell("envelope", {"id": envelope.id})

    def record_call(self, call: Call) -> None:
        with self._changed:
            self._calls.append(call)
            self.tell("call", {"number": call.number})

    @property
    def envelopes(self) -> tuple[Envelope, ...]:
        with self._changed:
            return tuple(self._envelopes.values())

    @property
    def calls(self) -> tuple[Call, ...]:
        with self._changed:
            return tuple(self._calls)
