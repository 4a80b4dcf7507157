"""The page's server: what it refuses, what it pushes, what its gestures and knobs do."""

import http.client
import json

import pytest
import simple_websocket

from demo.workspace import Knob, Workspace, slack_knobs
from tests.demo.workspace.graphs import graph, image
from tests.demo.workspace.raw import Socket
from tests.demo.workspace.tiny_bot import CARD


def fail():
    raise RuntimeError("no such cloud")


@pytest.fixture
def ws(clock):
    knobs = [
        Knob(id="v3", group="Releases", label="Publish v3", explain="Fails", run=lambda: "Version 3 is out."),
        Knob(id="bad", group="Releases", label="Break", explain="Raises", run=fail),
    ]
    with Workspace(clock=clock, knobs=knobs, status=lambda: {"bot": "running", "apps": []}) as workspace:
        yield workspace


def ask(ws, method, path, body=None, **headers):
    """Status and text of one request; the page's own headers unless others are given (None: left out)."""
    own = {
        "Host": f"127.0.0.1:{ws.port}",
        "Origin": f"http://127.0.0.1:{ws.port}",
        "Content-Type": "application/json",
    }
    sent = {k: v for k, v in (own | {k.replace("_", "-"): v for k, v in headers.items()}).items() if v}
    connection = http.client.HTTPConnection("127.0.0.1", ws.port, timeout=10)
    connection.request(method, path, None if body is None else json.dumps(body), sent)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def root(ws):
    return ws.url.split(f":{ws.port}", 1)[1]


LINE = {"person": "U0ANA", "channel": "C0GENERAL", "text": "hello"}


def test_the_page_and_its_modules_come_from_here(ws):
    """Every file index.html names is served, with a policy that allows nothing from elsewhere."""
    status, html = ask(ws, "GET", root(ws))
    assert status == 200
    assert "http://" not in html
    assert "https://" not in html
    for name in ("main.js", "live.js", "base.css", "gate.svg"):
        assert ask(ws, "GET", root(ws) + name)[0] == 200


@pytest.mark.parametrize("path", ["../config.py", "..%2fconfig.py", "page/../../core.py", "nothing.js"])
def test_no_other_file_is_served(ws, path):
    """Paths that leave the folder of the page are not found."""
    assert ask(ws, "GET", root(ws) + path)[0] == 404


def test_without_the_token_there_is_nothing(ws):
    """Neither the root nor a wrong token shows the page."""
    assert ask(ws, "GET", "/")[0] == 404
    assert ask(ws, "POST", "/0123456789abcdef/do/line", LINE)[0] == 404


FORGED = [
    ({"Host": "evil.example"}, 403),
    ({"Host": "evil.example:80"}, 403),
    ({"Origin": "https://evil.example"}, 403),
    ({"Origin": "null"}, 403),
    ({"Origin": None}, 403),
    ({"Content_Type": "text/plain"}, 415),
    ({"Content_Type": "application/x-www-form-urlencoded"}, 415),
]


@pytest.mark.parametrize(("headers", "status"), FORGED)
def test_forged_posts_are_refused(ws, headers, status):
    """A page elsewhere can make a browser post here; Host, Origin and content type keep it out."""
    assert ask(ws, "POST", root(ws) + "do/line", LINE, **headers)[0] == status
    assert ws.channel("general").messages == []


def test_the_web_api_refuses_foreign_pages_too(ws):
    """DNS rebinding and foreign origins do not reach the Web API either."""
    for headers in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}):
        assert ask(ws, "POST", "/api/auth.test", {}, **headers)[0] == 403


def test_a_gesture_of_the_page_is_done(ws):
    """The same post with the page's own headers works."""
    status, text = ask(ws, "POST", root(ws) + "do/line", LINE)
    assert (status, json.loads(text)["ok"]) == (200, True)
    assert [m.text for m in ws.channel("general").messages] == ["hello"]


@pytest.mark.parametrize(
    ("what", "body", "words"),
    [
        ("dance", {}, "is no gesture; known: line, press"),
        ("line", {"person": "U0NOBODY", "channel": "C0GENERAL", "text": "x"}, "known: ana, ben"),
        ("knob", {"id": "v9"}, "is no knob; known: v3, bad"),
    ],
)
def test_nonsense_is_refused_in_words(ws, what, body, words):
    """A bad post is a 400 that says what is known."""
    status, text = ask(ws, "POST", root(ws) + f"do/{what}", body)
    assert (status, words in text) == (400, True), text


def test_what_is_gone_is_said_to_be_gone(ws):
    """A press or a submission that comes too late is an answer, no failure."""
    press = {"person": "U0ANA", "channel": "C0GENERAL", "ts": "1.2", "action_id": "x"}
    for what, body, error in (("press", press, "message_not_found"), ("close", {"person": "U0ANA"}, "view_closed")):
        status, text = ask(ws, "POST", root(ws) + f"do/{what}", body)
        assert (status, json.loads(text)["error"]) == (200, error)


def test_knobs_answer_with_a_sentence(ws):
    """What run() returns is shown; what it raises is shown as a failure."""
    assert json.loads(ask(ws, "POST", root(ws) + "do/knob", {"id": "v3"})[1]) == {
        "ok": True, "sentence": "Version 3 is out.",
    }  # fmt: skip
    broken = json.loads(ask(ws, "POST", root(ws) + "do/knob", {"id": "bad"})[1])
    assert (broken["ok"], broken["sentence"]) == (False, "Break failed: no such cloud")


def test_slacks_own_knobs_work(ws):
    """Slack's troubles come as ready knobs; ids may not clash."""
    knobs = slack_knobs(ws)
    ws.add_knobs(*knobs)
    with pytest.raises(ValueError, match="slack-429"):
        ws.add_knobs(*knobs)
    for knob in knobs:
        assert knob.run().endswith(".")
    ws.heal()


class Page:
    """The live socket of a page."""

    def __init__(self, ws):
        url, origin = ws.url.replace("http", "ws", 1) + "live", f"http://127.0.0.1:{ws.port}"
        self.socket = Socket.connect(url, headers={"Origin": origin})
        self.hello = self.next()

    def next(self, kind=None):
        while True:
            body = json.loads(self.socket.receive(10))
            if kind in (None, body["type"]):
                return body


def test_the_live_socket_pushes_everything_then_changes(ws, client):
    """A page draws itself from hello and follows with single pieces; no secret is among them."""
    client.chat_postMessage(channel="C0DEPLOYS", text="before")
    page = Page(ws)
    assert [m["text"] for m in page.hello["messages"]] == ["before"]
    assert [k["id"] for k in page.hello["knobs"]] == ["v3", "bad"]
    answer = client.chat_postMessage(channel="C0DEPLOYS", text="card", blocks=CARD)
    assert page.next("message")["message"]["ts"] == answer["ts"]
    assert page.next("call")["call"]["method"] == "chat.postMessage"
    client.chat_delete(channel="C0DEPLOYS", ts=answer["ts"])
    assert page.next("removed")["ts"] == answer["ts"]
    assert not any(secret in json.dumps(page.hello) for secret in (ws.bot_token, ws.app_token, ws.signing_secret))
    page.socket.close()


def test_status_is_asked_once_a_second_and_pushed(ws):
    """What status() returns reaches the page without asking."""
    page = Page(ws)
    status = page.hello["status"] or page.next("status")["status"]
    assert status == {"bot": "running", "apps": []}
    page.socket.close()


def test_the_live_socket_is_for_our_page_only(ws):
    """Another page's script cannot listen in."""
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    for origin in ("https://evil.example", None):
        assert ask(ws, "GET", root(ws) + "live", Origin=origin, **upgrade)[0] == 403


def test_stopping_closes_the_page(clock):
    """A stopped workspace lets go of its pages and its port."""
    ws = Workspace(clock=clock).start()
    page = Page(ws)
    ws.stop()
    with pytest.raises(simple_websocket.ConnectionClosed):
        page.next("never")
    with pytest.raises(OSError, match="refused"):
        ask(ws, "GET", "/")


PAGE_IN_DISGUISE = b"<html><script>fetch('/')</script>"


def fetched(ws, path):
    """Status, content type and bytes of one file."""
    connection = http.client.HTTPConnection("127.0.0.1", ws.port, timeout=10)
    connection.request("GET", path)
    answer = connection.getresponse()
    found = answer.status, answer.headers.get_content_type(), answer.read()
    connection.close()
    return found


def test_uploaded_files_need_the_token_and_are_what_their_bytes_say(ws, client):
    """A picture is one by its bytes; anything else is plain text, whatever it is called. Deleted: not there."""
    picture = client.files_upload_v2(content=graph(), filename="x.txt")["file"]["id"]
    page = client.files_upload_v2(content=PAGE_IN_DISGUISE, filename="x.png")["file"]["id"]
    assert fetched(ws, root(ws) + f"file/{picture}") == (200, "image/png", graph())
    assert fetched(ws, root(ws) + f"file/{page}") == (200, "text/plain", PAGE_IN_DISGUISE)
    assert fetched(ws, f"/file/{picture}")[0] == 404
    client.files_delete(file=picture)
    for gone in (picture, "F0UNKNOWN0", "../config.py"):
        assert fetched(ws, root(ws) + f"file/{gone}")[0] == 404


def test_messages_carry_what_the_page_needs_for_their_pictures(ws, client, clock):
    """The size of each, and whether the channel was shown it; a changed channel is pushed as well."""
    first, second = (client.files_upload_v2(content=graph(), filename="x.png")["file"]["id"] for _ in range(2))
    clock.advance(1)
    ts = client.chat_postMessage(channel="C0DEPLOYS", text="x", blocks=[image(first)])["ts"]
    page = Page(ws)
    assert page.hello["messages"][0]["pictures"] == {first: {"w": 320, "h": 120, "seen": True}}
    client.chat_update(channel="C0DEPLOYS", ts=ts, text="x", blocks=[image(second)])
    assert page.next("message")["message"]["pictures"] == {second: {"w": 320, "h": 120, "seen": False}}
    ws.archive("ops")
    assert [c["name"] for c in page.next("channels")["channels"] if c["archived"]] == ["ops"]
    page.socket.close()
