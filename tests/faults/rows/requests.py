"""K01 to K04, K13, K16: what reaches the bot from Slack, from a forger, from a person who clicks too often."""

import hashlib
import hmac
import http.client
import io
import json
import logging
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlencode

from slack_bolt import BoltRequest

from bot.edge import Edge, Server, Slack
from bot.health import Health
from bot.metrics import Metrics
from bot.signature import sign
from handlers.blocks.card import card
from handlers.buttons import ButtonValue
from rollout.model import Rollout
from tests.faults.naive import AckFirst, Forgetful, Trusting
from tests.faults.row import Judge, Played, Row
from tests.faults.stage import end
from tests.handlers.rig import HOME, SECRET, Rig, Routed, bolt

FORM = "application/x-www-form-urlencoded"
Headers = list[tuple[str, str]]


@contextmanager
def a_rig(desk: Callable[[Any], AckFirst] | None = None, mode: str = "http") -> Iterator[Rig]:
    """Bolt, our listeners, conductor and store; behind a naive desk if one is given."""
    with tempfile.TemporaryDirectory() as folder:
        rig = Rig(Path(folder), mode=mode)
        if desk is not None:
            rig.app = bolt(desk(Routed(rig.scene.bot, rig.alarms)), rig.lane, lambda: rig.identity)
        try:
            yield rig
        finally:
            rig.close()


def an_edge(rig: Rig, clock: Callable[[], float] = time.time) -> Edge:
    """The HTTP side of the bot before that rig."""
    return Edge(Health({}), Metrics(), Slack(rig.app, SECRET, clock))


def posted(edge: Any, body: bytes, headers: Headers) -> tuple[int, str]:
    """One request as a WSGI server hands it on: headers sent twice are joined."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST", "PATH_INFO": "/slack/events", "CONTENT_TYPE": FORM, "QUERY_STRING": "",
        "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body)),
    }  # fmt: skip
    for name, value in headers:
        key = "CONTENT_TYPE" if name == "Content-Type" else "HTTP_" + name.upper().replace("-", "_")
        environ[key] = f"{environ[key]},{value}" if key in environ and key != "CONTENT_TYPE" else value
    said: list[str] = []
    answer = b"".join(edge(environ, lambda status, _: said.append(status)))
    return int(said[0].split()[0]), answer.decode()


def signed(body: bytes, stamp: str = "") -> Headers:
    """The headers Slack would send."""
    stamp = stamp or str(int(time.time()))
    return [("X-Slack-Request-Timestamp", stamp), ("X-Slack-Signature", sign(SECRET, stamp, body))]


def command(number: int, words: str, who: str = "U0ANA") -> bytes:
    """The body of `/deploy WORDS`."""
    return urlencode({
        "team_id": HOME, "channel_id": "C0DEPLOYS", "user_id": who, "command": "/deploy", "text": words,
        "trigger_id": f"1.{number}.row", "response_url": "",
    }).encode()  # fmt: skip


def state(rig: Rig) -> tuple[int, int]:
    """What would have changed had anything run."""
    with rig.scene.store.reads() as reads:
        head = reads.head()
        return (head.seq if head else 0), len(reads.history(limit=500))


def executed(rig: Rig, reason: str) -> int:
    """How often a wish with that reason was taken or refused by the desk."""
    with rig.scene.store.reads() as reads:
        head = reads.head()
        links = reads.audit_page(after=max((head.seq if head else 0) - 80, 0))
    kinds = ('"kind":"ask"', '"kind":"refused"')
    return sum(f'"reason":"{reason}"' in link.body and any(kind in link.body for kind in kinds) for link in links)


# -- K01, K03: requests that are not Slack's -------------------------------------------------------------------------


def _forged(rng: Random, number: int) -> tuple[bytes, Headers]:
    body = command(number, "my-app")
    now = str(int(time.time()))
    good = sign(SECRET, now, body)
    junk = "".join(chr(rng.choice([*range(32, 127), 0xE9, 0x4E2D, 0x1F600])) for _ in range(rng.randint(1, 90)))
    far = str(int(now) + rng.choice([-1, 1]) * rng.randint(302, 10**6))
    wrong = "v0=" + hmac.new(rng.randbytes(16), body, hashlib.sha256).hexdigest()
    pairs = [
        (now, wrong), (now, sign(SECRET, now, body + b"&x=1")), (now, good.upper()), (now, good[: rng.randint(0, 66)]),
        (now, good + rng.choice(["0", " x", "\u00e9"])), (now, junk), (junk, sign(SECRET, junk, body)),
        (far, sign(SECRET, far, body)), ("9" * rng.randint(11, 400), good), (f"-{now}", good), ("1e9", good),
        (f"{now}.0", good), ("\u0661\u0662", good), ("abc", good), ("", good), (now, ""),
    ]  # fmt: skip
    stamp, signature = rng.choice(pairs)
    both = [("X-Slack-Request-Timestamp", stamp), ("X-Slack-Signature", signature)]
    twice = [*both, ("X-Slack-Signature", good)]
    headers = rng.choice([both] * 20 + [[], both[:1], both[1:], twice])
    if headers == both and (stamp, signature) == (now, good):
        headers = []
    kind = rng.choice([FORM, FORM, "application/json", "text/plain"])
    return body, [("Content-Type", kind), *headers]


class _Heard(logging.Handler):
    """Everything that was logged."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """See logging.Handler."""
        self.text.append(self.format(record))


@contextmanager
def heard() -> Iterator[_Heard]:
    """Listen to every log."""
    handler, root = _Heard(), logging.getLogger()
    root.addHandler(handler)
    try:
        yield handler
    finally:
        root.removeHandler(handler)


def forged(count: int, seed: int, naive: bool) -> Played:
    """Unsigned, stale, malformed, doubled, not ASCII; each twentieth over a real socket."""
    rng, judge = Random(seed), Judge()
    with a_rig() as rig, heard() as log:
        edge = an_edge(rig)
        before, server = state(rig), Server(edge, "127.0.0.1", 0)
        server.start()
        statuses: dict[int, int] = {}
        for number in range(count):
            body, headers = _forged(rng, number)
            if naive:
                status = _stock(rig, body, headers)
            elif number % 20 == 0:
                status = _raw(server.port, body, headers)
            else:
                status = posted(edge, body, headers)[0]
            statuses[status] = statuses.get(status, 0) + 1
            judge.holds(status < 500, f"{status} for {headers}")
            judge.holds(status != 200, f"200 for {headers}")
        server.stop()
        judge.same(state(rig), before, "what is stored")
        if not naive:
            text = "\n".join(log.text)
            judge.holds("v0=" not in text and "trigger_id" not in text, "a signature or a body stands in the log")
    return judge.played(count, ", ".join(f"{status}: {many}" for status, many in sorted(statuses.items())))


def _stock(rig: Rig, body: bytes, headers: Headers) -> int:
    """Bolt alone, as its own adapters call it."""
    sent: dict[str, Any] = {}
    for name, value in headers:
        sent.setdefault(name.lower(), []).append(value)
    try:
        return int(rig.app.dispatch(BoltRequest(body=body.decode(), headers=sent)).status)
    except Exception:  # noqa: BLE001 - the adapter's server makes a 500 of it
        return 500


def _raw(port: int, body: bytes, headers: Headers) -> int:
    lines = [b"POST /slack/events HTTP/1.1", b"Host: x", b"Connection: close", b"Content-Length: %d" % len(body)]
    lines += [f"{name}: {value}".encode() for name, value in headers]
    with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
        line.sendall(b"\r\n".join(lines) + b"\r\n\r\n" + body)
        return int(line.recv(4000).split(b" ")[1])


def smuggled(count: int, seed: int, naive: bool) -> Played:
    """Bodies that Bolt answers by itself (`ssl_check`, `url_verification`), with a command inside, unsigned."""
    rng, judge = Random(seed), Judge()
    with a_rig() as rig:
        edge, before = an_edge(rig), state(rig)
        for number in range(count):
            inner = command(number, "my-app")
            body = rng.choice([
                b"ssl_check=1&" + inner, inner + b"&ssl_check=1", b"ssl_check=1",
                b'{"type":"url_verification","challenge":"c","command":"/deploy","text":"my-app"}',
            ])  # fmt: skip
            kind = "application/json" if body.startswith(b"{") else FORM
            sign_it = body == b"ssl_check=1" and rng.random() < 0.5
            status, answer = posted(edge, body, [("Content-Type", kind), *(signed(body) if sign_it else [])])
            judge.holds(status < 500, f"{status} for {body!r}")
            judge.holds(sign_it or (status == 401 and answer != "c"), f"{status} {answer!r} for {body!r}")
        judge.same(state(rig), before, "what is stored")
    return judge.played(count)


# -- K02, K04: the same again, in any order --------------------------------------------------------------------------


def replayed(count: int, seed: int, naive: bool) -> Played:
    """The very same signed bytes come again one to three times; six minutes later they are too old."""
    rng, judge, fired = Random(seed), Judge(), 0
    late = [0.0]
    with a_rig(Forgetful if naive else None) as rig:
        edge = an_edge(rig, lambda: time.time() + late[0])
        rig.slash("my-app canary")
        number = 0
        while fired < count:
            number += 1
            body = command(number, f"{rng.choice(['pause', 'resume', 'promote'])} my-app --reason r{number}")
            headers = signed(body)
            first = posted(edge, body, headers)
            judge.same(first[0], 200, "the first")
            for _ in range(rng.randint(1, 3)):
                fired += 1
                judge.same(posted(edge, body, headers), first, "the answer to a replay")
            judge.same(executed(rig, f"r{number}"), 1, f"how often r{number} ran")
            late[0] = 360.0
            judge.same(posted(edge, body, headers)[0], 401, "six minutes later")
            late[0] = 0.0
    return judge.played(fired)


WISHES = ("my-app", "pause my-app", "resume my-app", "promote my-app", "approve my-app", "rollback my-app",
          "cancel my-app", "retry my-app", "unlock my-app")  # fmt: skip


def shuffled(count: int, seed: int, naive: bool) -> Played:
    """A story of commands arrives in any order, each one to four times, as redeliveries and reorderings do."""
    rng, judge, copies = Random(seed), Judge(), 0
    with a_rig(Forgetful if naive else None, mode="socket") as rig:
        for story in range(count):
            sent = []
            for number, words in enumerate(rng.sample(WISHES, 6)):
                reason = f"s{story}.{number}"
                more = {"trigger_id": f"1.{story}.{number}"}
                sent += [(f"{words} --reason {reason}", reason, more)] * rng.randint(1, 4)
            rng.shuffle(sent)
            answers: dict[str, list[str]] = {}
            for words, reason, more in sent:
                who = "U0EVA" if words.startswith("approve") else "U0ANA"
                answers.setdefault(reason, []).append(json.dumps(rig.slash(words, who, **more)))
                copies += 1
                if rng.random() < 0.2:
                    rig.scene.look()
            _each_once(rig, judge, answers)
            if story % 10 == 9:
                end(rig.scene)
                rig.meet()
    return judge.played(count, f"{copies} deliveries")


def _each_once(rig: Rig, judge: Judge, answers: dict[str, list[str]]) -> None:
    with rig.scene.store.reads() as reads:
        head = reads.head()
        links = [link.body for link in reads.audit_page(after=max((head.seq if head else 0) - 200, 0), limit=300)]
    kinds = ('"kind":"ask"', '"kind":"refused"', '"kind":"denied"')
    for reason, said in answers.items():
        texts = {json.loads(each)["text"] for each in said}
        judge.same(len(texts), 1, f"different answers to {reason}")
        times = sum(f'"reason":"{reason}"' in body and any(kind in body for kind in kinds) for body in links)
        judge.same(times, 1, f"how often {reason} was taken")


# -- K13: cards of yesterday -----------------------------------------------------------------------------------------


def old_cards(count: int, seed: int, naive: bool) -> Played:
    """Buttons of every card ever drawn are pressed while another rollout, step or plan is live."""
    rng, judge, fired = Random(seed), Judge(), 0
    drawn: dict[str, ButtonValue] = {}
    with a_rig(Trusting if naive else None, mode="socket") as rig:
        scene = rig.scene
        while fired < count:
            live = _next_state(rig, rng)
            drawn |= {value.wire: value for value in _buttons(rig, live)}
            for value in rng.sample(list(drawn.values()), min(8, len(drawn))):
                now = scene.live
                if now is None or not _stale(value, now):
                    continue
                live = now
                before, writes = state(rig)[1], len(scene.target.applied)
                rig.press(value, rng.choice(["U0ANA", "U0EVA"]))
                fired += 1
                judge.holds(scene.live == live, f"{value.verb} of #{value.rollout}, step {value.step}: #{live.id}")
                judge.same((state(rig)[1], len(scene.target.applied)), (before, writes), "rollouts and writes")
    return judge.played(fired, f"{len(drawn)} different buttons")


def _next_state(rig: Rig, rng: Random) -> Rollout:
    scene = rig.scene
    if scene.live is None:
        rig.meet()
        scene.target.extra.clear()
        rig.slash("unlock my-app --reason again")
        rig.slash(f"my-app@{'1' if scene.target.main == '2' else '2'} {rng.choice(['canary', 'careful'])}")
    for _ in range(rng.randint(1, 6)):
        scene.look()
    if scene.live is None:
        return _next_state(rig, rng)
    turn = rng.random()
    if turn < 0.2:
        rig.slash("pause my-app")
    elif turn < 0.4:
        rig.slash("resume my-app")
    elif turn < 0.7:
        rig.slash("promote my-app")
    elif turn < 0.8:
        rig.slash("approve my-app", "U0EVA")
    elif turn < 0.85:
        rig.slash("rollback my-app")
    after = rig.scene.live
    return after if after is not None else _next_state(rig, rng)


def _buttons(rig: Rig, live: Rollout) -> list[ButtonValue]:
    blocks = card(rig.scene.bot.card(live.id)).blocks
    drawn = [one for block in blocks if block["type"] == "actions" for one in block["elements"] if "value" in one]
    return [ButtonValue.read(one["value"]) for one in drawn]


def _stale(value: ButtonValue, live: Rollout) -> bool:
    """Not meant for what is live now; [Pause], [Roll back] and [Cancel] count from any card of their rollout (S9)."""
    if value.rollout != live.id:
        return True
    here = live.bound
    moved = (value.step, value.plan_hash) != (here.step, here.plan_hash)
    return moved and value.verb not in {"rollback", "pause", "cancel", "reject"}


# -- K16: one person floods ------------------------------------------------------------------------------------------


def flood(count: int, seed: int, naive: bool) -> Played:
    """One person sends a hundred commands a second over real HTTP; another's commands and a rollback are timed."""
    judge = Judge()
    with a_rig() as rig:
        server = Server(an_edge(rig), "127.0.0.1", 0)
        server.start()
        rig.slash("my-app canary")
        rig.scene.proven(10)
        rig.meet()
        sent, stop = [0], threading.Event()

        def ben() -> None:
            while sent[0] < count and not stop.is_set():
                sent[0] += 1
                _timed(server.port, command(10**6 + sent[0], f"status my-app --reason f{sent[0]}", "U0BEN"))
                stop.wait(0.03)

        threads = [threading.Thread(target=ben) for _ in range(4)]
        for thread in threads:
            thread.start()
        others: list[float] = []
        while any(thread.is_alive() for thread in threads) and len(others) < count:
            words = "pause my-app" if len(others) % 2 else "resume my-app"
            others.append(_timed(server.port, command(len(others), words)))
            stop.wait(0.05)
        back = _timed(server.port, command(10**7, "rollback my-app"))
        stop.set()
        for thread in threads:
            thread.join(30)
        server.stop()
        late = sorted(others)[int(len(others) * 0.99)]
        judge.holds(late <= 1.0, f"p99 of the others is {late:.2f} s")
        judge.holds(back <= 1.0, f"the rollback took {back:.2f} s")
        judge.same(rig.scene.newest.phase.value, "rolling_back", "after the rollback")
    return judge.played(sent[0], f"others p99 {late * 1000:.0f} ms, rollback {back * 1000:.0f} ms")


def _timed(port: int, body: bytes) -> float:
    began = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("POST", "/slack/events", body, {"Content-Type": FORM, **dict(signed(body))})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    assert answer.status == 200, answer.status
    return time.perf_counter() - began


AT_THE_EDGE = "in process: the HTTP side, Bolt, our listeners, conductor, SQLite"
ROWS = (
    Row("K01", "forged, stale, malformed, doubled requests", "401; none runs, none is a 5xx, nothing of them is logged",
        f"{AT_THE_EDGE}; each twentieth over a socket", forged, ci=600, soak=10_000, part=2500,
        naive="Bolt's own check alone", naive_ci=200),
    Row("K02", "the same signed bytes again", "one run, the first answer; after five minutes 401", AT_THE_EDGE,
        replayed, ci=60, soak=1000, part=500, naive="knows no request again", naive_ci=20),
    Row("K03", "`ssl_check` and `url_verification` with a command inside", "no listener runs", AT_THE_EDGE, smuggled,
        ci=200, soak=1000, part=1000),
    Row("K04", "redelivered one to four times and reordered", "each is taken once, in any order, copies get one answer",
        "in process: Bolt, our listeners, conductor, SQLite", shuffled, ci=20, soak=5000, part=500,
        naive="knows no request again", naive_ci=5),
    Row("K13", "buttons of old cards: another rollout, step or plan", "nothing changes",
        "in process: Bolt, our listeners, conductor, SQLite, simulated AWS", old_cards, ci=150, soak=5000, part=1250,
        naive="reads a button as a verb about the app", naive_ci=150),
    Row("K16", "one person sends 100 commands a second", "others' p99 ≤ 1 s, a rollback ≤ 1 s",
        f"{AT_THE_EDGE}, real HTTP", flood, ci=150, soak=5000, part=2500),
)  # fmt: skip
