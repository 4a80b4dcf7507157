"""The stand-in workspace: puts the parts together and is the one object others hold. See `Workspace`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self, TypeVar

from werkzeug.wrappers import Request, Response

from demo.workspace import payloads, replies, uploads
from demo.workspace.config import WorkspaceConfig
from demo.workspace.core import Clock, Core, Keys
from demo.workspace.delivery import Delivery
from demo.workspace.driver import ChannelEyes, Hands
from demo.workspace.faults import Fault
from demo.workspace.files import StoredFile
from demo.workspace.forms import Forms
from demo.workspace.gestures import Gestures
from demo.workspace.journal import Deed
from demo.workspace.knobs import Knob, Status
from demo.workspace.page_server import PageServer
from demo.workspace.scheduled import ScheduledMessage
from demo.workspace.server import Line, Loopback, Upgraded
from demo.workspace.sockets import Sockets
from demo.workspace.webapi import WebApi
from demo.workspace.wire import Call, Envelope, Json

T = TypeVar("T")


class Workspace:
    """A Slack workspace on 127.0.0.1 that a real, unmodified bot can live in.

        with Workspace(WorkspaceConfig()) as ws:
            ...start the bot with ws.environment()...
            ws.wait_connected()
            ws.person("ana").slash("deploys", "/deploy my-app canary")
            card = ws.wait_for(lambda: ws.channel("deploys").find("baking"))

    `clock` gives epoch seconds for timestamps, trigger and response_url lifetimes, rate limits and retries.
    `knobs` are buttons of the page; `status` is asked once a second and shown on it (see knobs.py).
    """

    def __init__(
        self,
        config: WorkspaceConfig | None = None,
        *,
        clock: Clock = time.time,
        knobs: Sequence[Knob] = (),
        status: Callable[[], Status] | None = None,
    ) -> None:
        config = config or WorkspaceConfig()
        self._core = Core(config, clock, Keys.of(config))
        self._sockets = Sockets(self._core)
        self._delivery = Delivery(self._core, self._sockets)
        self._gestures = Gestures(self._core, self._delivery)
        self._forms = Forms(self._core, self._delivery)
        self._page = PageServer(self._core, self._gestures, self._forms, lambda: self._sockets.count)
        self._page.add_knobs(knobs)
        self._ask_status = status
        self._api = WebApi(self._core, self._sockets.ticket)
        self._server = Loopback(config.port, self._routes())
        self._core.port = self._server.port
        self._stopping = threading.Event()
        self._pulse = threading.Thread(target=self._beat, name="workspace-pulse", daemon=True)
        self._later = threading.Thread(target=self._core.later.watch, name="workspace-later", daemon=True)

    # -- life -----------------------------------------------------------------------------------

    def start(self) -> Self:
        self._server.start()
        self._pulse.start()
        self._later.start()
        return self

    def stop(self) -> None:
        """Close every connection and the port. A stopped workspace stays stopped."""
        self._stopping.set()
        self._core.later.stop()
        self._page.stop()
        self._sockets.drop_all()
        self._server.stop()
        self._pulse.join(5)
        self._later.join(5)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # -- addresses and keys ---------------------------------------------------------------------

    @property
    def port(self) -> int:
        return self._server.port

    @property
    def url(self) -> str:
        """The page, with its secret token."""
        return f"{self._core.origin}/{self._core.keys.page_token}/"

    @property
    def api_url(self) -> str:
        return f"{self._core.origin}/api/"

    @property
    def bot_token(self) -> str:
        return self._core.keys.bot_token

    @property
    def app_token(self) -> str:
        return self._core.keys.app_token

    @property
    def signing_secret(self) -> str:
        return self._core.keys.signing_secret

    @property
    def config(self) -> WorkspaceConfig:
        return self._core.config

    def environment(self) -> dict[str, str]:
        """The variables a bot needs to live here; SLACK_APP_TOKEN only where Socket Mode is on."""
        found = {
            "SLACK_API_URL": self.api_url,
            "SLACK_BOT_TOKEN": self.bot_token,
            "SLACK_SIGNING_SECRET": self.signing_secret,
        }
        return found | ({"SLACK_APP_TOKEN": self.app_token} if self.config.delivery == "socket" else {})

    def add_knobs(self, *knobs: Knob) -> None:
        """More buttons for the page; before it is opened."""
        self._page.add_knobs(knobs)

    # -- people and places ----------------------------------------------------------------------

    def person(self, who: str) -> Hands:
        return Hands(self._core, self._core.person(who), self._gestures, self._forms)

    def channel(self, which: str) -> ChannelEyes:
        return ChannelEyes(self._core, self._core.channel(which))

    def change_person(self, who: str, **flags: object) -> None:
        """Change flags of a person, e.g. `change_person("ana", is_restricted=True)`."""
        old = self._core.person(who)
        self._core.change_person(type(old).model_validate(old.model_dump() | flags))

    def change_channel(self, which: str, **flags: object) -> None:
        """Change a channel, e.g. `change_channel("deploys", archived=True)`."""
        old = self._core.channel(which)
        self._core.change_channel(type(old).model_validate(old.model_dump() | flags))

    def archive(self, which: str) -> None:
        """Archive a channel: every post, update and file of the bot's is refused with is_archived."""
        self.change_channel(which, archived=True)

    def unarchive(self, which: str) -> None:
        self.change_channel(which, archived=False)

    def remove_bot(self, which: str) -> None:
        """Take the bot out of a channel: not_in_channel from now on."""
        self.change_channel(which, bot_is_member=False)

    def invite_bot(self, which: str) -> None:
        self.change_channel(which, bot_is_member=True)

    def delete_message(self, channel: str, ts: str) -> None:
        """Remove a message, as an administrator would."""
        self._core.board.remove(self._core.channel(channel).id, ts)

    # -- watching -------------------------------------------------------------------------------

    def wait_for(self, predicate: Callable[[], T], timeout: float = 10.0) -> T:
        """The first true value of `predicate`; raises TimeoutError after `timeout` seconds. No polling."""
        found = self._core.board.wait_for(predicate, timeout)
        if not found:
            raise TimeoutError(f"nothing came within {timeout} s; problems: {list(self.problems) or 'none'}")
        return found

    def wait_connected(self, count: int = 1, timeout: float = 10.0) -> None:
        """Until the bot holds `count` sockets: a command sent earlier is lost, as with Slack."""
        self.wait_for(lambda: self._sockets.count >= count, timeout)

    @property
    def connections(self) -> int:
        return self._sockets.count

    @property
    def connections_opened(self) -> int:
        """Sockets ever accepted; one more after each reconnect."""
        return self._sockets.opened

    @property
    def envelopes(self) -> tuple[Envelope, ...]:
        """Every delivery to the bot, oldest first, retries included."""
        return self._core.board.envelopes

    @property
    def calls(self) -> tuple[Call, ...]:
        """Every Web API call and response_url post, oldest first."""
        return self._core.board.calls

    def deeds(self, channel: str | None = None, kind: str | None = None) -> tuple[Deed, ...]:
        """What became of the workspace, oldest first, lost replies or not: see journal.Deed for the kinds."""
        return self._core.journal.deeds(self._core.channel(channel).id if channel else None, kind)

    def count(self, kind: str, channel: str | None = None) -> int:
        """How often since the start: `count("posted", "ops")`, `count("updated")`, `count("uploaded", "ops")`."""
        return self._core.journal.count(kind, self._core.channel(channel).id if channel else None)

    @property
    def files(self) -> tuple[StoredFile, ...]:
        """The completed files, oldest first; `content` holds the bytes, `shares` the channels that may see it."""
        return self._core.files.every

    @property
    def scheduled(self) -> tuple[ScheduledMessage, ...]:
        """The messages that wait for their time, the next one first."""
        return self._core.scheduled.waiting

    @property
    def problems(self) -> tuple[str, ...]:
        """What Slack would refuse: bad blocks, unknown methods, bad acks. Best kept empty."""
        return self._core.board.problems

    # -- trouble --------------------------------------------------------------------------------

    def fault(self, kind: str, *methods: str, **options: object) -> None:
        """Switch a fault on: `fault("lost_reply", "chat.postMessage", times=1)`. See faults.Fault."""
        wanted = Fault.model_validate({"kind": kind, "methods": methods or ("*",), **options})
        self._core.faults.set(wanted)
        if self._core.faults.down():
            self._sockets.drop_all()

    def heal(self) -> None:
        self._core.faults.clear()

    def disconnect(self, reason: str = "refresh_requested") -> None:
        """Ask the bot to reconnect, as Slack does every few hours; `warning` only announces it."""
        self._sockets.disconnect(reason)

    def drop_connections(self) -> None:
        """Break every socket without a word."""
        self._sockets.drop_all()

    # -- raw deliveries -------------------------------------------------------------------------

    def send_event(self, body: Json) -> Envelope:
        """Deliver an event (`{"type": "app_mention", ...}`), redelivered until acknowledged."""
        return self._delivery.send_event(payloads.event(self._core, body))

    def replay(self, envelope: Envelope) -> Envelope:
        """Deliver the same payload once more under a new envelope, as a doubled click would arrive."""
        return self._delivery.send(envelope.kind, envelope.payload)

    def retry_due_events(self) -> int:
        """Send the events whose retry time has come; the pulse does it once a second too."""
        return self._delivery.retry_due()

    def run_due(self) -> int:
        """Do what waits for a time that has come (files that get ready, scheduled messages): how much that was.
        It happens by itself too, at most a second after a clock was moved.
        """
        return self._core.later.run()

    # -- inside ---------------------------------------------------------------------------------

    def _routes(self) -> dict[str, Callable[[Request, str], Response]]:
        return {
            "api": self._api_route,
            "hook": lambda request, rest: replies.respond(self._core, rest, request),
            "socket": self._socket_route,
            "upload": lambda request, rest: uploads.receive(self._core, rest, request),
            self._core.keys.page_token: self._page.route,
        }

    def _api_route(self, request: Request, rest: str) -> Response:
        return self._api.call(request, rest.strip("/"))

    def _socket_route(self, request: Request, rest: str) -> Response:
        if self._core.faults.down() or self._stopping.is_set():
            raise Upgraded("slack is down")
        self._sockets.serve(Line(request), request.args.get("ticket", ""))
        raise Upgraded("socket is over")

    def _beat(self) -> None:
        while not self._stopping.wait(1.0):
            self._delivery.retry_due()
            if self._ask_status is not None:
                self._page.show_status(self._status(self._ask_status))

    def _status(self, ask: Callable[[], Status]) -> Status:
        try:
            return ask()
        except Exception as error:  # noqa: BLE001 whoever runs the demo owns this code; a failure is shown
            return {"bot": "unknown", "apps": [], "note": f"no status: {error}"}
