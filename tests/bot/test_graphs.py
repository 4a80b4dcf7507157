"""Graphs from alarm to message, with a real store and workspace; where the numbers come from is made up."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.graphs import PAUSE, Graphs, Studio
from bot.wire import web_client
from bot.wire_files import FileWire, Thread
from demo.workspace import Message, Workspace
from rollout.actions import Shift
from rollout.alarms.model import Place
from rollout.alarms.plot import Picture, Plot, PlotWish, Series
from rollout.errors import NotFound, TargetError
from rollout.model import Phase
from tests.bot.dial import Dial
from tests.bot.newsroom import LANE, PLACE, Room, workspace
from tests.bot.pictures import PNG

WAIT = 10.0


class Numbers:
    """A GraphSource: `metrics` have numbers of their own, `draws` tells whether CloudWatch draws them, too."""

    def __init__(self) -> None:
        self.metrics = {"errors", "p99"}
        self.draws = False
        self.fault = ""
        self.wishes: list[tuple[str, PlotWish]] = []
        self.hangs: threading.Event | None = None

    def plot(self, place: Place, name: str, wish: PlotWish) -> Plot:
        assert place == PLACE
        self.wishes.append((name, wish))
        if self.hangs is not None:
            assert self.hangs.wait(60)
        if self.fault:
            raise TargetError("transient", self.fault)
        if name not in self.metrics:
            raise NotFound(f"{name} has no metric of its own")
        line = Series(name=name, points=((wish.start, 1.0), (wish.end, 8.2)))
        return Plot(title=name, series=(line,), threshold=1.0, comparison="over", start=wish.start, end=wish.end)

    def picture(self, place: Place, plot: Plot) -> Picture:
        if not self.draws:
            raise TargetError("auth", "cloudwatch:GetMetricWidgetImage is not allowed")
        return Picture(png=PNG, alt="drawn by CloudWatch", by="cloudwatch")


def place(app: str, lane: str) -> Place | None:
    """The one place of the one app."""
    return PLACE if (app, lane) == ("my-app", LANE) else None


class Gallery(Room):
    """A room with graphs; they are made when a test says so."""

    def __init__(self, path: Path, ws: Workspace, dial: Dial) -> None:
        self.numbers = Numbers()
        self.drawn: list[Plot] = []
        super().__init__(path, ws, dial)

    def wire_up(self) -> None:
        super().wire_up()
        wire = FileWire(web_client(self.ws.bot_token, self.ws.api_url), self.metrics, self.dial.monotonic)
        studio = Studio(self.store, self.numbers, self.draw, wire, place, self.dial, self.metrics)
        self.gallery = Graphs(studio, made=lambda: None)
        self.alerts._graphs = self.gallery

    def draw(self, plot: Plot) -> bytes:
        self.drawn.append(plot)
        return PNG

    def spend(self, seconds: float) -> None:
        """Turns of the outbox, graphs between them, files that Slack gets ready."""
        for _ in range(round(seconds * 2)):
            self.run()
            self.gallery.work()
            self.dial.turn(0.5)
            self.ws.run_due()
        self.run()

    def image(self) -> dict[str, object] | None:
        """The image block of the one message."""
        return next((block for block in self.only().blocks if block["type"] == "image"), None)

    def replies(self, message: Message) -> list[Message]:
        return self.ws.channel("deploys").replies(message)


@pytest.fixture
def dial() -> Dial:
    return Dial()


@pytest.fixture
def ws(dial: Dial) -> Iterator[Workspace]:
    with workspace(dial) as ws:
        yield ws


@pytest.fixture
def room(tmp_path: Path, ws: Workspace, dial: Dial) -> Iterator[Gallery]:
    room = Gallery(tmp_path / "tidegate.db", ws, dial)
    yield room
    room.close()


def test_the_graph_follows_the_notice(room: Gallery):
    """The words first, then the picture in the thread and in the same message: uploaded once, no broken picture."""
    room.turn("errors", "ALARM")
    room.run()
    assert room.image() is None
    room.spend(12)
    image = room.image()
    assert image is not None
    assert "highest 8.2" in str(image["alt_text"])
    (file,) = room.ws.files
    assert file.content == PNG and file.shares == {"C0DEPLOYS"}
    assert [reply.files for reply in room.replies(room.only())] == [(file.id,)]
    assert "highest 8.2" in file.alt_txt
    assert len(room.messages()) == 1
    assert room.metrics.value("tidegate_graphs_total", outcome="made") == 1


def test_cloudwatchs_own_drawing_is_taken_where_it_is_to_be_had(room: Gallery):
    """Nothing is drawn here then."""
    room.numbers.draws = True
    room.turn("errors", "ALARM")
    room.spend(12)
    image = room.image()
    assert image is not None and image["alt_text"] == "drawn by CloudWatch"
    assert room.drawn == []


def test_a_graph_that_hangs_delays_no_word(room: Gallery):
    """The source hangs: red, OK and a press are in the channel meanwhile, at once."""
    room.numbers.hangs = over = threading.Event()
    room.gallery.start()
    try:
        room.turn("errors", "ALARM")
        room.run()
        assert "errors is red" in room.only().text
        room.press("ack")
        room.run()
        assert "Acknowledged" in room.only().text
        room.turn("errors", "OK")
        room.run(6)
        assert "OK again" in room.only().text
        assert room.numbers.wishes, "it was asked"
    finally:
        room.gallery.stop()
        over.set()
        room.gallery._thread.join(WAIT)
    assert not room.gallery._thread.is_alive()


def test_it_is_drawn_once_more_when_all_is_quiet_and_never_a_third_time(room: Gallery):
    """Red, quiet for half a minute, red, quiet: two graphs of one notice, the last one of the quiet end."""
    room.turn("errors", "ALARM")
    room.spend(10)
    room.turn("errors", "OK")
    room.spend(20)
    assert room.ws.count("uploaded") == 1, "not while it may turn red again at once"
    room.spend(30)
    assert room.ws.count("uploaded") == 2
    room.open()  # what was made is known by the notice, not by the process
    room.turn("errors", "ALARM")
    room.spend(40)
    room.turn("errors", "OK")
    room.spend(60)
    assert room.ws.count("uploaded") == 2
    image = room.image()
    assert image is not None and image["slack_file"] == {"id": room.ws.files[1].id}


def test_a_restart_makes_up_for_a_graph_that_was_not_made(room: Gallery):
    """Posted, then killed before the graph: the new process finds it missing."""
    room.turn("errors", "ALARM")
    room.run()
    room.open()
    room.spend(15)
    assert room.image() is not None
    room.open()
    room.spend(15)
    assert room.ws.count("uploaded") == 1


def test_an_alarm_without_a_metric_leaves_it_to_another_line(room: Gallery):
    """The composite has none: the next alarm of the notice is drawn. None has one: no graph, and no further asking."""
    room.numbers.metrics = {"p99"}
    room.turn("errors", "ALARM")
    room.turn("p99", "ALARM")
    room.spend(10)
    image = room.alert().image
    assert image is not None and image.of == "red: p99"
    room.numbers.metrics = set()
    room.dial.turn(120)
    room.scope = room.scope.model_copy(update={"gates": ("errors", "p99", "composite")})
    room.cloud.turn("composite", "OK")
    room.sweep()
    asked = len(room.numbers.wishes)
    room.turn("composite", "ALARM")
    room.spend(60)
    assert len(room.numbers.wishes) == asked + 1
    assert room.metrics.value("tidegate_graphs_total", outcome="none") == 1


def test_what_fails_is_tried_three_times(room: Gallery):
    """CloudWatch is away: three tries, then the notice goes without."""
    room.numbers.fault = "cloudwatch:GetMetricData did not answer"
    room.turn("errors", "ALARM")
    room.spend(PAUSE * 6)
    assert len(room.numbers.wishes) == 3
    assert room.image() is None and "errors is red" in room.only().text


def test_without_the_scope_there_is_no_graph_and_one_line_in_the_log(
    tmp_path: Path, dial: Dial, caplog: pytest.LogCaptureFixture
):
    """files:write is missing: said once however many alarms turn red, and the notices are whole."""
    with workspace(dial, scopes=("commands", "chat:write")) as ws:
        room = Gallery(tmp_path / "tidegate.db", ws, dial)
        room.turn("errors", "ALARM")
        room.spend(30)
        room.dial.turn(61)
        room.turn("p99", "ALARM")
        room.spend(30)
        assert len(room.messages()) == 2
        assert caplog.text.count("files:write") == 1
        assert len(room.calls("files.getUploadURLExternal")) == 1
        room.dial.turn(3700)
        room.spend(10)
        assert len(room.calls("files.getUploadURLExternal")) == 2, "an hour later somebody may have added it"
        assert caplog.text.count("files:write") == 1
        room.store.close()


def test_a_new_picture_waits_until_the_thread_shows_it(tmp_path: Path, dial: Dial):
    """Slack takes three seconds for the file: no edit is refused, and none shows a picture that nobody can see yet."""
    with workspace(dial) as ws:
        limits = ws.config.limits.model_copy(update={"file_seconds": 3.0})
    with workspace(dial, limits=limits) as ws:
        room = Gallery(tmp_path / "tidegate.db", ws, dial)
        room.turn("errors", "ALARM")
        room.spend(15)
        assert room.image() is not None
        assert all(call.ok for call in room.calls("chat.update"))
        room.close()


def test_a_file_slack_is_not_done_with_yet_costs_no_word(tmp_path: Path, dial: Dial):
    """Slack works on it for twelve seconds: refused meanwhile, the words stand, and then the picture is there."""
    with workspace(dial) as ws:
        limits = ws.config.limits.model_copy(update={"file_seconds": 12.0})
    with workspace(dial, limits=limits) as ws:
        room = Gallery(tmp_path / "tidegate.db", ws, dial)
        room.turn("errors", "ALARM")
        room.spend(7)
        refused = [call for call in room.calls("chat.update") if not call.ok]
        assert refused and room.image() is None
        assert any(block["type"] == "actions" for block in room.only().blocks)
        room.spend(15)
        assert room.image() is not None
        room.close()


def test_a_file_that_gets_ready_too_late_stays_in_the_thread(tmp_path: Path, dial: Dial):
    """After several refusals the message goes without, for good; the picture is under it, once."""
    with workspace(dial) as ws:
        limits = ws.config.limits.model_copy(update={"file_seconds": 45.0})
    with workspace(dial, limits=limits) as ws:
        room = Gallery(tmp_path / "tidegate.db", ws, dial)
        room.turn("errors", "ALARM")
        room.spend(120)
        assert room.image() is None
        (reply,) = room.replies(room.only())
        assert len(reply.files) == 1
        refused = [call for call in room.calls("chat.update") if not call.ok]
        assert len(refused) == 4
        room.open()
        room.spend(30)
        assert len([call for call in room.calls("chat.update") if not call.ok]) == 4
        room.close()


def test_a_closed_notice_is_not_edited_for_ever_because_of_its_picture(tmp_path: Path, dial: Dial):
    """Its picture is refused when it is over: the words go once, and no edit follows, however long one waits."""
    with workspace(dial) as ws:
        room = Gallery(tmp_path / "tidegate.db", ws, dial)
        room.turn("errors", "ALARM")
        room.spend(20)
        assert room.image() is not None
        room.turn("errors", "OK")
        room.spend(20)
        dial.turn(16 * 60)
        room.sweep()  # closes it, one version more
        with room.store.work() as work:
            closed = work.alert(1)
        assert closed is not None and not closed.open
        assert closed.image is not None
        web_client(ws.bot_token, ws.api_url).files_delete(file=closed.image.file)  # as Slack forgets files one day
        room.open()  # a new process knows nothing of what the message shows
        room.spend(30)
        calls = len(room.calls("chat.update"))
        assert room.store.alerts.unsent() == []
        room.spend(60)
        assert len(room.calls("chat.update")) == calls
        room.store.close()
        assert len(ws.problems) == 1, "the picture was tried once, and no more"


def test_marks_and_sides_are_those_of_the_live_rollout(room: Gallery):
    """Weights that AWS confirmed, when it did, and both sides by release; nothing of what was only planned."""
    rollout = room.begin(gate="other")
    with room.store.work() as work:
        for percent in (10, 50, 100):
            intent = work.plan(rollout, Shift(percent=percent), room.dial.now())
            if percent < 100:
                work.mark(intent.id, "done" if percent == 10 else "failed", "", room.dial.now())
    room.dial.turn(60)
    room.turn("errors", "ALARM")
    room.spend(3)
    _, wish = room.numbers.wishes[0]
    assert [(mark.text, room.dial.now() - mark.at < timedelta(minutes=2)) for mark in wish.marks] == [("10 %", True)]
    assert [(side.name, side.release) for side in wish.sides] == [("old (1)", "1"), ("new (2)", "2")]
    assert wish.end - wish.start == timedelta(hours=1)


def test_what_brought_a_rollout_back_is_drawn_in_its_cards_thread(room: Gallery):
    """One file under the card, with its words, retried until it is there; asked for twice it comes once."""
    rollout = room.begin(phase=Phase.ROLLING_BACK)
    room.numbers.fault, room.numbers.metrics = "not now", {"errors"}
    room.turn("p99", "ALARM")
    room.run(1)
    card = Thread("C0DEPLOYS", room.only().ts)
    room.gallery.event(rollout.id, ("errors",), card)
    room.gallery.event(rollout.id, ("errors",), card)
    room.gallery.work()
    room.numbers.fault = ""
    room.spend(PAUSE + 5)
    (reply,) = room.replies(room.only())
    assert len(reply.files) == 1
    room.gallery.event(rollout.id, ("errors",), card)
    room.spend(5)
    assert len(room.replies(room.only())) == 1


@pytest.mark.parametrize("method", ["files.getUploadURLExternal", "upload_url", "files.completeUploadExternal"])
@pytest.mark.parametrize("kind", ["lost_reply", "429", "500"])
def test_an_upload_that_fails_on_the_way_is_done_again(room: Gallery, method: str, kind: str):
    """Whatever call of the three fails, and how: a little later the picture is in the message, once."""
    room.ws.fault(kind, method, times=1)
    room.turn("errors", "ALARM")
    room.spend(PAUSE + 60)
    assert room.image() is not None
    assert len(room.messages()) == 1
