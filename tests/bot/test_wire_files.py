"""The three calls of an upload against the stand-in workspace: what goes where, and what never does."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bot.metrics import Metrics
from bot.wire import web_client
from bot.wire_files import LARGEST, FileWire, Picked, Thread
from demo.workspace import Message, Workspace
from tests.bot.dial import Dial
from tests.bot.newsroom import workspace
from tests.bot.pictures import PNG

ONE = Picked(name="graph.png", title="errors", alt="highest 8.2", content=PNG)


@pytest.fixture
def dial() -> Dial:
    return Dial()


@pytest.fixture
def ws(dial: Dial) -> Iterator[Workspace]:
    with workspace(dial) as ws:
        yield ws


@pytest.fixture
def wire(ws: Workspace, dial: Dial) -> FileWire:
    return FileWire(web_client(ws.bot_token, ws.api_url), Metrics(), dial.monotonic)


@pytest.fixture
def thread(ws: Workspace) -> Thread:
    reply = web_client(ws.bot_token, ws.api_url).chat_postMessage(channel="C0DEPLOYS", text="a card")
    return Thread(str(reply["channel"]), str(reply["ts"]))


def shared(ws: Workspace) -> Message:
    """The one reply in the card's thread, once the file is ready; the workspace's own thread may be at it."""
    ws.run_due()
    deploys = ws.channel("deploys")
    ws.wait_for(lambda: bool(deploys.replies(deploys.messages[0])))
    (reply,) = deploys.replies(deploys.messages[0])
    return reply


def test_a_picture_is_shared_in_its_thread_with_its_words(ws: Workspace, wire: FileWire, dial: Dial, thread: Thread):
    """Bytes, title and alt text arrive as they are, in the thread and in no channel."""
    came, file = wire.upload(ONE, thread)
    assert came.kind == "done"
    dial.turn(1)
    reply = shared(ws)
    (stored,) = ws.files
    assert (stored.id, stored.content, stored.title, stored.alt_txt) == (file, PNG, "errors", "highest 8.2")
    assert reply.thread_ts == thread.ts and not reply.broadcast


@pytest.mark.parametrize("size", [0, LARGEST + 1])
def test_what_is_empty_or_far_too_large_is_never_sent(ws: Workspace, wire: FileWire, thread: Thread, size: int):
    """Refused here, before Slack is asked for anything."""
    came, _ = wire.upload(ONE._replace(content=b"x" * size), thread)
    assert (came.kind, came.word) == ("refused", "too large")
    assert not [call for call in ws.calls if call.method.startswith("files.")]


def test_a_lost_answer_at_the_end_is_asked_for_once_more(
    ws: Workspace, wire: FileWire, dial: Dial, thread: Thread
):
    """The file was shared although nobody heard of it: that is found out, and it stands there once."""
    ws.fault("lost_reply", "files.completeUploadExternal", times=1)
    came, file = wire.upload(ONE, thread)
    assert came.kind == "done"
    dial.turn(1)
    assert shared(ws).files == (file,)


def test_slacks_limit_is_kept(ws: Workspace, wire: FileWire, dial: Dial, thread: Thread):
    """After a 429 the next upload waits as long as Slack says; other bursts never come near its limit."""
    ws.fault("429", "files.getUploadURLExternal", times=1, retry_after=20)
    assert wire.upload(ONE, thread)[0].kind == "limited"
    assert 19 < wire.wait() <= 20
    dial.turn(20)
    assert wire.wait() == 0
    sent = 0
    while wire.wait() == 0:
        wire.upload(ONE, thread)
        sent += 1
    assert 5 <= sent <= 15


class _Elsewhere(BaseHTTPRequestHandler):
    """Redirects everything to `target`, or keeps what it got."""

    target = ""
    status = 307
    got: list[dict[str, str]] = []

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append(dict(self.headers))
        self.send_response(self.status if self.target else 200)
        if self.target:
            self.send_header("Location", self.target)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST  # noqa: N815 - http.server's own name

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


@pytest.fixture
def elsewhere() -> Iterator[tuple[ThreadingHTTPServer, type[_Elsewhere]]]:
    handler = type("Handler", (_Elsewhere,), {"got": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server, handler
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_bytes_follow_no_redirect_and_carry_no_token(ws: Workspace, wire: FileWire, elsewhere, status: int):
    """An upload address that points on to somebody else: refused; and the bot's token is in no header."""
    server, handler = elsewhere
    address = f"http://127.0.0.1:{server.server_address[1]}/"
    handler.target, handler.status = f"{address}stolen", status
    came = wire._bytes(address, PNG)
    assert came.kind == "refused"
    assert len(handler.got) == 1, "the redirect was not followed"
    assert ws.bot_token not in str(handler.got)


@pytest.mark.parametrize(
    "address",
    [
        "http://files.slack.com/upload/v1/x",
        "ftp://files.slack.com/x",
        "https://user@files.slack.com/x",
        "file:///etc/x",
        "",
    ],
)
def test_an_address_that_is_none_of_slacks_is_not_used(dial: Dial, address: str):
    """Beside the real Slack only https will do; never another scheme, never a name and password."""
    wire = FileWire(web_client("xoxb-1", "https://slack.com/api/"), Metrics(), dial.monotonic)
    assert not wire._named(address)
    assert wire._named("https://files.slack.com/upload/v1/x")
