"""Reading the configuration again, without a process: what counts, from when on, for whom, and what is said of it."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.app import Bot
from bot.cli import main
from bot.cli.place import this_user
from bot.cli.reloading import answer_to
from bot.clock import SystemClock
from bot.config import load_to_run
from bot.live_policy import LivePolicy
from bot.reloading import SIGNAL, Ground, Reloading, differences
from bot.steady import Steady
from rollout.ask import Ask
from rollout.conductor import Conductor
from rollout.errors import NotFound, TidegateError
from rollout.people import Actor
from rollout.simulated import ManualClock, SimulatedWorld
from store import Store, StoreFull, hold_lock, open_store
from tests.bot.test_config_broken import GOOD
from tests.store.make import alarm_state

TOKENS = {"SLACK_BOT_TOKEN": "xoxb-made-up-1", "SLACK_APP_TOKEN": "xapp-made-up-1", "SLACK_SIGNING_SECRET": "0" * 32}
PAGE = 'mention = "S0OTHER"\nsns_topic_arn = "arn:aws:sns:eu-central-1:123456789012:night"\n'
HOME = ("[slack]", "[slack]\nhome = 'C0NIGHT'")
SHELL = Actor(kind="principal", id="cli:ana", name="ana")


class Rig:
    """A bot's reload on a real file and a real store; its own thread runs only where a test starts it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "tidegate.toml"
        self.path.write_text(GOOD)
        config, access = load_to_run(self.path, TOKENS)
        self.policy, self.store = LivePolicy(config), open_store(folder / "tidegate.db")
        self.swaps = 0
        self.reloading = self.made(self.store, access.mode)

    def made(self, store: Any, mode: Any) -> Reloading:
        """The part under test, perhaps on another store."""
        return Reloading(Ground(self.policy, store, SystemClock(), TOKENS, mode, self.swapped))

    def swapped(self) -> None:
        """Told that another configuration counts."""
        self.swaps += 1

    def write(self, *changes: tuple[str, str]) -> None:
        """The good file with these changes."""
        text = GOOD
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new, 1)
        self.path.write_text(text)

    def trail(self) -> list[dict[str, Any]]:
        """What stands in the audit trail about reloads."""
        with self.store.reads() as reads:
            bodies = [json.loads(link.body) for link in reads.audit_page()]
        return [{"by": body["actor"], **body["facts"]} for body in bodies if body["kind"] == "bot"]


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path)
    yield rig
    rig.store.close()


def test_the_whole_file_counts_at_once_and_is_written_down(rig: Rig) -> None:
    """Who, from which configuration to which, what changed; whoever has to be told is told once."""
    before = rig.policy.config
    sweep = ("[roles]", "[alarms]\nsweep = '1m'\nblind = '3m'\n[roles]")
    rig.write(HOME, sweep, ('mention = "S0ONCALL"\n', PAGE))
    said = rig.reloading.turn("cli:ana", str(rig.path))
    assert (said.ok, said.why, rig.swaps) == (True, "taken", 1)
    assert said.text.splitlines()[0] == "[slack] changed; [page] changed; [alarms] changed"
    assert (rig.policy.home, rig.policy.called) == ("C0NIGHT", "S0OTHER")
    assert rig.policy.topic.endswith(":night")
    assert rig.policy.config.alarms.sweep.total_seconds() == 60
    (entry,) = rig.trail()
    assert (entry["by"], entry["did"], entry["ok"]) == ("cli:ana", "reload", True)
    assert (entry["from"], entry["to"]) == (before.hash, rig.policy.config.hash)
    assert entry["from"] != entry["to"]


def test_apps_are_named_one_by_one(rig: Rig) -> None:
    """What came, went and changed."""
    before = rig.policy.config
    apps = dict(before.apps)
    changed = apps["my-app"].model_copy(update={"channel": "C0NEW"})
    after = before.model_copy(update={"apps": {"my-app": changed, "another": changed}, "plans": {}})
    gone = before.model_copy(update={"apps": {"gone": changed, **apps}})
    assert differences(before, before) == "nothing changed"
    assert differences(before, after).startswith("came: another; changed: my-app; ")
    assert differences(gone, before) == "went: gone"


RESTART: dict[str, tuple[str, str]] = {
    "[http] port": ("port = 8080", "port = 9999"),
    "[http] host": ("port = 8080", "port = 8080\nhost = '127.0.0.2'"),
    "[store] path": ("[roles]", "[store]\npath = 'other.db'\n[roles]"),
    "[slack] mode": ('mode = "socket"', 'mode = "http"'),
}


@pytest.mark.parametrize("name", RESTART)
def test_what_only_a_start_can_change_is_refused_by_name(rig: Rig, name: str) -> None:
    """Together with a change that could be taken: nothing of the file counts, /readyz says so, the trail, too."""
    before = rig.policy.config
    rig.write(RESTART[name], ('"U0EVA"', '"U0BEN"'))
    said = rig.reloading.turn()
    assert (said.ok, said.why) == (False, "restart")
    assert said.text.startswith(f"{name} changed, which needs a restart")
    assert rig.policy.config is before
    assert rig.reloading.report()["trouble"] == said.text
    assert (rig.trail()[0]["ok"], rig.trail()[0]["by"], rig.swaps) == (False, SIGNAL, 0)
    rig.write()
    assert rig.reloading.turn().text == "nothing changed"
    assert "trouble" not in rig.reloading.report()


@pytest.mark.parametrize("text", [GOOD.replace("[roles]", "[rolls]"), "a = = 1", "", "\x00"])
def test_a_file_with_a_mistake_is_refused_as_at_a_start(rig: Rig, text: str) -> None:
    """Every mistake with file, place and fix, as `run` says it; the old one stays."""
    before = rig.policy.config
    rig.path.write_text(text)
    with pytest.raises(TidegateError) as wrong:
        load_to_run(rig.path, TOKENS)
    said = rig.reloading.turn()
    assert (said.ok, said.why, said.text) == (False, "broken", str(wrong.value))
    assert str(rig.path) in said.text
    assert rig.policy.config is before
    assert rig.reloading.report()["trouble"] == said.text


def test_a_file_that_is_gone_changes_nothing(rig: Rig) -> None:
    """It is a mistake like any other."""
    rig.path.unlink()
    said = rig.reloading.turn()
    assert (said.why, "there is no such file" in said.text) == ("broken", True)
    assert rig.policy.config.apps


def test_a_wish_for_another_file_is_refused(rig: Rig, tmp_path: Path) -> None:
    """The bot reads its own: whoever looked at another one must not believe that it counts."""
    said = rig.reloading.turn("cli:ana", str(tmp_path / "other.toml"))
    assert (said.ok, said.why) == (False, "elsewhere")
    assert str(rig.path) in said.text
    assert rig.reloading.turn("cli:ana", str(rig.path.parent / "." / rig.path.name)).ok


class Full:
    """A ledger on a disk that is full."""

    def __init__(self, store: Store) -> None:
        self.reloads = store.reloads
        self._store = store

    @contextmanager
    def work(self) -> Iterator[Any]:
        """See rollout.ports.Ledger; the commit fails."""
        with self._store.work() as work:
            yield work
            raise StoreFull("there is no room", "make some")


def test_what_cannot_be_written_down_does_not_count(rig: Rig) -> None:
    """The swap and its record are one: the disk is full, the old one stays, and the wish is answered so."""
    before = rig.policy.config
    full = rig.made(Full(rig.store), "socket")
    rig.write(('"U0EVA"', '"U0BEN"'))
    number = rig.store.reloads.wish("cli:ana", str(rig.path), SystemClock().now())
    full.answer()
    said = rig.store.reloads.answered(number)
    assert said is not None
    assert (said.ok, said.why) == (False, "failed")
    assert rig.policy.config is before
    assert (rig.trail(), rig.swaps) == ([], 0)
    number = rig.store.reloads.wish("cli:ana", str(rig.path), SystemClock().now())
    rig.reloading.answer()
    assert (again := rig.store.reloads.answered(number)) is not None
    assert again.ok
    assert len(rig.trail()) == 1


# -- one configuration per call --------------------------------------------------------------------------------------


def without_my_app(rig: Rig) -> Callable[[], object]:
    """Another configuration comes to count, in which the app has another name."""
    config = rig.policy.config
    other = config.model_copy(update={"apps": {"other": config.apps["my-app"]}})
    return lambda: rig.policy.swap(rig.policy.prepared(other))


def test_a_call_sees_one_configuration_from_beginning_to_end(rig: Rig) -> None:
    """A swap between two questions: in a block the first answer's configuration answers all, for this thread."""
    swap = without_my_app(rig)
    with rig.policy.held():
        (target, *_) = rig.policy.targets()
        swap()
        with rig.policy.held():
            assert rig.policy.terms(*target, "")[1].config_hash
        assert rig.policy.find("my-app", "")[0] == "my-app"
        found: list[str] = []
        other = threading.Thread(target=lambda: found.extend(app for app, _ in rig.policy.targets()))
        other.start()
        other.join()
        assert found[0] == "other"
    with pytest.raises(NotFound):
        rig.policy.find("my-app", "")


def test_a_wish_that_waits_for_the_swap_is_decided_by_the_new_one(rig: Rig) -> None:
    """Whatever stands after a reload in the trail was decided by what it brought, also what came in before."""
    clock = ManualClock()
    desk = Steady(Conductor(rig.store, SimulatedWorld(clock), rig.policy, clock), rig.policy)
    swap, replies, asking = without_my_app(rig), list[Any](), threading.Event()

    def ask() -> None:
        asking.set()
        replies.append(desk.ask(Ask(verb="start", app="my-app"), SHELL, dedupe="1"))

    with rig.store.work():  # as the reload does
        thread = threading.Thread(target=ask)
        thread.start()
        assert asking.wait(10)
        swap()
    thread.join(10)
    assert "not an app here" in replies[0].text


# -- the command -----------------------------------------------------------------------------------------------------


@contextmanager
def running(rig: Rig) -> Iterator[None]:
    """The bot's lock held, its thread at work."""
    lock = hold_lock(rig.store.path)
    assert lock is not None
    rig.reloading.start()
    try:
        yield
    finally:
        rig.reloading.stop()
        lock.release()


def reload(rig: Rig, *words: str) -> int:
    """The exit code of `tidegate reload`."""
    return main(["reload", *words, "--config", str(rig.path)])


def test_the_command_says_what_came_of_it(rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    """0 it counts, 2 the file is wrong, 1 it needs a restart; the bot has the word in each case."""
    with running(rig):
        rig.write(HOME)
        assert reload(rig) == 0
        assert "[slack] changed" in capsys.readouterr().out
        rig.write(("[roles]", "[rolls]"))
        assert reload(rig) == 2
        said = capsys.readouterr().err
        assert "the old configuration stays" in said
        assert f"{rig.path}: rolls:" in said
        rig.path.write_text("a = = 1")
        assert reload(rig) == 2
        assert f"{rig.path}:1" in capsys.readouterr().err
        rig.write(RESTART["[http] port"])
        assert reload(rig) == 1
        assert "[http] port changed, which needs a restart" in capsys.readouterr().err
    assert [(entry["by"], entry["ok"]) for entry in rig.trail()] == [
        (this_user().key, True), (this_user().key, False), (this_user().key, False), (this_user().key, False),
    ]  # fmt: skip


def test_without_a_bot_the_file_is_checked_all_the_same(rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    """A broken one: 2 with its mistakes; a right one: 1, nobody runs."""
    rig.write(("[roles]", "[rolls]"))
    assert reload(rig) == 2
    assert "rolls" in capsys.readouterr().err
    rig.write()
    assert reload(rig) == 1
    assert "no bot is running" in capsys.readouterr().err
    assert rig.store.reloads.waiting() == []


def test_whoever_holds_the_lock_without_listening_is_left_alone(rig: Rig) -> None:
    """A rollback at a terminal: the wish is a row, not a signal that would end it; unanswered it is withdrawn."""
    lock = hold_lock(rig.store.path)  # by this process, which a SIGHUP would kill
    assert lock is not None
    with lock:
        assert reload(rig, "--no-wait") == 0
        (wish,) = rig.store.reloads.waiting()
        assert answer_to(rig.store, wish.id, wait=0.0).why == "late"
    rig.reloading.answer()
    assert (rig.trail(), rig.swaps) == ([], 0)


def test_a_signal_reads_it_again_too(rig: Rig) -> None:
    """Asked by the handler, done by the thread."""
    done = threading.Event()
    rig.swapped = done.set  # type: ignore[method-assign]  # to be waited for
    reloading = rig.made(rig.store, "socket")
    reloading.start()
    reloading.ask()
    assert done.wait(10)
    reloading.stop()
    assert [entry["by"] for entry in rig.trail()] == [SIGNAL]


def test_every_part_of_a_bot_reads_the_new_one(rig: Rig) -> None:
    """Outbox, notices, pages, watch, summaries, directory: none keeps what it was made with."""
    rig.write(("port = 8080", "port = 0"))
    bot = Bot(*load_to_run(rig.path, TOKENS))
    try:
        sweep = ("[roles]", "[alarms]\nsweep = '1m'\nblind = '3m'\n[roles]")
        digests = ('at = "09:00"', 'at = "10:30"')
        rig.write(HOME, sweep, digests, ('mention = "S0ONCALL"\n', PAGE), ('"U0BEN"', '"U0NEW"'))
        (before,) = bot.digests._plans.values()
        bot.policy.swap(bot.policy.prepared(load_to_run(rig.path, TOKENS)[0]))
        bot._taken()
        assert (bot.outbox._home(), bot.alerts._home(), bot.digests._home) == ("C0NIGHT",) * 3
        assert (bot.outbox._mention(), bot.watching.desk._called()) == ("S0OTHER",) * 2
        assert bot.policy.topic.endswith(":night")
        assert (bot.watching.sweeping._every(), bot.watching.watch._timing().sweep.total_seconds()) == (60.0, 60.0)
        (after,) = bot.digests._plans.values()
        assert (before.rule, after.rule) == ("09:00", "10:30")
        assert {"U0NEW", "S0OTHER"} <= bot._named()
        assert not {"U0BEN", "S0ONCALL"} & bot._named()
        assert bot.directory._wake.is_set()
        assert bot.checks._runner is not None, "the new one is checked like that of a start"
        for kept in (0, 1):  # a sweep that was under way writes down what is watched no more; once it is looked after
            with bot.store.work() as work:
                work.save_alarm(alarm_state("left", app="gone"))
            bot._prune()
            with bot.store.reads() as reads:
                assert len(reads.alarm_states("gone")) == kept
    finally:
        bot.checks.stop()
        bot.watching.stop()
        bot.store.close()
