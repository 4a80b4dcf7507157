"""Twins against a thread that runs a real conductor over the real store: written, taken, answered, printed."""

import json
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.cli import main, texts
from bot.cli.place import this_user
from bot.cli.twins import WAIT
from bot.config import load
from bot.policy import ConfigPolicy
from rollout.ask import Ask
from rollout.conductor import Conductor
from rollout.model import Phase, Signature
from rollout.people import Actor
from rollout.plan import Plan
from rollout.reports import Listing, Released, Show, Status
from rollout.simulated import ManualClock, SimulatedTarget, SimulatedWorld
from store import hold_lock, open_store

ROOT = Path(__file__).resolve().parent.parent.parent
ME = this_user().id
TOML = f"""\
[roles]
deployers = ["{ME}", "U0ANA"]
[apps.my-app.env.prod]
kind = "lambda"
function = "my-app"
alias = "live"
region = "eu-central-1"
gates = "none"
"""


class Bot:
    """What `run` does for twins: holds the lock, takes waiting wishes, looks; `deaf` holds the lock only."""

    def __init__(self, path, *, deaf=False, versions=("1", "2")):
        config = load(path, {})
        self.deaf = deaf
        self.store = open_store(config.store_path)
        self.clock = ManualClock(datetime.now(UTC))
        self.world = SimulatedWorld(self.clock)
        self.target = self.world.targets["my-app/prod"] = SimulatedTarget()
        self.target.versions = dict.fromkeys(versions, self.target.versions["1"])
        self.conductor = Conductor(self.store, self.world, ConfigPolicy(config), self.clock)
        lock = hold_lock(config.store_path)
        assert lock is not None
        self._lock = lock
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bot")

    def _run(self):
        while not self._over.wait(0.02):
            if self.deaf:
                continue
            self.conductor.answer_waiting()
            for ids in self.conductor.due().values():
                self.conductor.look(ids)

    def look(self, seconds):
        """Let time pass for the clock and look once more."""
        self.clock.advance(timedelta(seconds=seconds))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()
        self._lock.release()
        self.store.close()


@pytest.fixture
def path(tmp_path):
    """A configuration whose deployer is whoever runs the tests."""
    file = tmp_path / "tidegate.toml"
    file.write_text(TOML)
    return str(file)


def test_a_start_goes_through_a_real_store_from_another_process(path):
    """The wish is written, taken, permitted, audited and looked at; the twin prints what became of it, exit 0."""
    with Bot(path) as bot:
        command = [
            sys.executable,
            "-m",
            "bot",
            "start",
            "my-app",
            "--reason",
            "fix the basket, again",
            "--config",
            path,
        ]
        run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
        assert (run.returncode, run.stderr) == (0, "")
        assert "#1 my-app -> prod, canary" in run.stdout
        with bot.store.reads() as reads:
            started = reads.rollout(1)
            waiting = reads.waiting_asks()
    assert started.by.id == ME
    assert started.reason == "fix the basket, again"
    assert waiting == []


def test_a_refusal_is_exit_1_with_fact_and_hint(path, capsys):
    """What the door refuses, and what the first look refuses, are both exit 1 on stderr, in this program's words."""
    with Bot(path, versions=("1",)):
        assert main(["pause", "my-app", "--config", path]) == 1
        assert "tidegate: " in capsys.readouterr().err
        assert main(["start", "my-app", "--config", path]) == 1
    err = capsys.readouterr().err
    assert "already serves 1" in err
    assert "/deploy" not in err


def until(bot, reached):
    """Let time pass until the first rollout is so."""
    for _ in range(200):
        bot.look(1)
        with bot.store.reads() as reads:
            if reached(reads.rollout(1)):
                return
        threading.Event().wait(0.02)
    raise AssertionError("never")


def test_a_way_back_that_is_not_needed_is_exit_1(path, capsys):
    """After the end `rollback` asks AWS: where the old release serves, a script must not believe that it went back."""
    with Bot(path) as bot:
        assert main(["start", "my-app", "--config", path]) == 0
        until(bot, lambda one: one.peak > 0)
        assert main(["rollback", "my-app", "--config", path]) == 0
        until(bot, lambda one: not one.live)
        capsys.readouterr()
        assert main(["rollback", "my-app", "--config", path]) == 1
    assert "there is nothing to go back from" in capsys.readouterr().err


def test_a_stranger_is_denied_through_the_same_permit(path, capsys, tmp_path):
    """A user who is in no role is refused, and the refusal is in the audit trail."""
    (tmp_path / "tidegate.toml").write_text(TOML.replace(f'"{ME}", ', ""))
    with Bot(path) as bot:
        assert main(["start", "my-app", "--config", path]) == 1
        with bot.store.reads() as reads:
            entries = [json.loads(link.body) for link in reads.audit_page()]
    assert "deploy" in capsys.readouterr().err
    assert [(entry["kind"], entry["actor"]) for entry in entries] == [("denied", ME)]


def test_a_whole_rollout_by_twins(path, capsys):
    """Start, pause, resume, promote, roll back, retry, unlock: each twin is answered by the same machine."""
    with Bot(path) as bot:
        assert main(["start", "my-app", "canary", "to", "prod", "--config", path]) == 0
        for words in (["pause", "1"], ["resume", "#1"], ["rollback", "my-app/prod", "--reason", "too slow"]):
            assert main([*words, "--config", path]) == 0, capsys.readouterr()
            bot.look(1)
        assert main(["approve", "my-app", "--json", "--config", path]) == 1
    out = capsys.readouterr().out
    assert json.loads(out.splitlines()[-1])["ok"] is False


def test_without_a_bot_nothing_is_done_and_nothing_is_left(path, capsys):
    """No lock held: exit 1, and no wish lies in the store to run by surprise after the next start."""
    assert main(["start", "my-app", "--config", path]) == 1
    assert "no bot is running" in capsys.readouterr().err
    open_store(load(path, {}).store_path).close()
    for words in (["start", "my-app"], ["promote", "my-app"], ["pause", "my-app"], ["start", "my-app", "--no-wait"]):
        assert main([*words, "--config", path]) == 1
        assert "nothing was left for later" in capsys.readouterr().err
    store = open_store(load(path, {}).store_path)
    with store.reads() as reads:
        assert reads.waiting_asks() == []
    store.close()


def test_a_silent_bot_gets_no_late_surprises(path, capsys):
    """After five seconds a wish that raises is withdrawn for good; one that only takes traffic away stays written."""
    with Bot(path, deaf=True) as bot:
        assert main(["start", "my-app", "--config", path]) == 1
        assert f"within {WAIT:.0f} s; the wish was withdrawn" in capsys.readouterr().err
        assert main(["pause", "my-app", "--config", path]) == 1
        assert "the wish is written and will be taken" in capsys.readouterr().err
        with bot.store.reads() as reads:
            assert [stored.ask.verb for stored in reads.waiting_asks()] == ["pause"]
        bot.deaf = False
        assert main(["cancel", "my-app", "--config", path]) == 1
        with bot.store.reads() as reads:
            assert reads.all_live() == []


def test_no_wait_writes_and_returns(path, capsys):
    """--no-wait leaves the wish to the bot and says so; the bot takes it."""
    with Bot(path, deaf=True) as bot:
        assert main(["start", "my-app", "--no-wait", "--config", path]) == 0
        assert "written" in capsys.readouterr().out
        with bot.store.reads() as reads:
            (stored,) = reads.waiting_asks()
    assert stored.actor.key == ME
    assert stored.dedupe.startswith("cli:")
    assert stored.ask == Ask(verb="start", app="my-app")


def elsewhere(path, *words):
    """Run it in another process: exit code, stdout, stderr."""
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "AWS_EC2_METADATA_DISABLED": "true"}
    run = subprocess.run(
        [sys.executable, "-m", "bot", *words, "--config", path],
        env=environ, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return run.returncode, run.stdout, run.stderr


def test_questions_read_the_store_beside_a_bot_and_without_one(path):
    """Reading verbs need no bot; --json is a list or an object; an unknown name is exit 1 with a guess."""
    assert elsewhere(path, "list")[0] == 1
    with Bot(path):
        assert main(["start", "my-app", "--config", path]) == 0
        _, out, err = elsewhere(path, "status", "my-app")
        assert "#1 my-app -> prod" in out and "no bot runs" not in err
    assert "no bot runs on this store: nothing moves" in elsewhere(path, "status", "my-app")[2]
    code, out, _ = elsewhere(path, "list", "--json")
    assert code == 0
    assert [card["rollout"]["id"] for card in json.loads(out)] == [1]
    assert json.loads(elsewhere(path, "history", "my-app", "--json")[1])[0]["rollout"]["app"] == "my-app"
    assert json.loads(elsewhere(path, "show", "1", "--json")[1])["card"]["rollout"]["id"] == 1
    assert "audit trail" in elsewhere(path, "show", "1")[1]
    code, out, err = elsewhere(path, "status", "my-ap")
    assert (code, out) == (1, "")
    assert "Did you mean my-app?" in err


def test_rollback_without_a_bot_takes_the_lock_itself(path):
    """With nothing to go back to it is refused by the same door, not with `no bot is running`."""
    open_store(load(path, {}).store_path).close()
    code, _, err = elsewhere(path, "rollback", "my-app")
    assert code == 1
    assert "no bot is running" not in err
    assert "my-app" in err


def test_rollback_of_a_file_for_a_stand_in_acts_on_no_other_aws(path):
    """The demo's own file in a shell without the demo's address: refused before anything of AWS is asked."""
    file = Path(path)
    file.write_text('[aws]\nendpoint_url = "http://127.0.0.1:4566"\n' + file.read_text())
    open_store(load(path, {}).store_path).close()
    code, _, err = elsewhere(path, "rollback", "my-app")
    assert code == 2
    assert "this file is for the AWS at" in err and "export AWS_ENDPOINT_URL=http://127.0.0.1:4566" in err


# -- texts -----------------------------------------------------------------------------------------


@pytest.fixture
def desk(path):
    """A conductor with one rollout under way, driven by hand."""
    bot = Bot(path)
    bot.conductor.ask(Ask(verb="start", app="my-app", reason="fix\x1b[31m it"), this_user(), dedupe="x")
    for _ in range(4):
        for ids in bot.conductor.due().values():
            bot.conductor.look(ids)
        bot.look(6)
    yield bot.conductor
    bot._lock.release()
    bot.store.close()


def test_status_says_what_runs_and_what_is_next(desk):
    """Headline, releases, who, traffic, health, plan and legal moves; times carry their offset; 100 columns."""
    text = texts.render(desk.report(Ask(verb="status", app="my-app"), this_user()))
    assert text.startswith("#1 my-app -> prod, canary: rising, 10 % on 2\n")
    assert "release   1 -> 2" in text
    assert "[>] 10% 5m" in text
    assert "[ ] 50% 10m" in text
    assert "you can" in text
    assert "rollback" in text
    assert texts.when(datetime(2026, 1, 1, tzinfo=UTC))[-6] in "+-"
    assert all(len(line) <= 100 for line in text.splitlines())


def test_an_ended_rollout_shows_nothing_as_going_on(desk):
    """Where it was when it was stopped is marked as failed; a hold that was released says by whom."""
    view = desk.card(1)
    over = view.rollout.but(phase=Phase.ROLLED_BACK)
    by = Actor(kind="principal", id="cli:eva", name="eva at a shell")
    ended = view.model_copy(update={"rollout": over, "released": Released(by=by, at=view.now, reason="mended")})
    text = texts.render(ended)
    assert "[!] 10% 5m" in text and "[>]" not in text
    assert f"released by eva at a shell at {texts.when(view.now)}: mended" in " ".join(text.split())
    way_back = tuple(stage.model_copy(update={"back": True}) for stage in view.stages)
    assert "[>] 10% 5m" in texts.render(ended.model_copy(update={"stages": way_back}))


def test_a_share_is_said_once(desk):
    """`baking at 100 %` is a share already."""
    view = desk.card(1)
    baking = view.model_copy(update={"rollout": view.rollout.but(phase=Phase.FINAL_BAKE, proven=100)})
    assert texts.render(Listing(live=True, cards=(baking,))).count("100 %") == 1
    assert texts.render(Listing(live=True, cards=(view,))).count("rising 10 %") == 1
    assert texts.headline(baking.rollout) == "#1 my-app -> prod, canary: baking at 100 % on 2"


def test_what_was_approved_is_not_waited_for(desk):
    """Between the signature and the look that acts on it the terminal says who gave it."""
    view = desk.card(1)
    plan = Plan.parse("careful", "10% 5m, approve, 100%")
    eva = Signature(by=Actor(id="U0EVA", name="eva"), step=1, plan_hash=plan.hash, at=view.now)
    terms = view.rollout.terms.model_copy(update={"plan": plan})
    waits = view.rollout.but(phase=Phase.WAITING, terms=terms, step=1)
    given = view.model_copy(update={"rollout": waits.but(signatures=(eva,))})
    assert texts.headline(waits) == "#1 my-app -> prod, careful: waiting for a person, 10 % on 2"
    assert texts.headline(given.rollout) == "#1 my-app -> prod, careful: approved, about to go on, 10 % on 2"
    assert "approved  by eva" in texts.render(given)


def test_lists_history_and_show_fit_the_terminal(desk):
    """A table row per rollout, and one rollout in full with its changes and its audit trail."""
    live = texts.render(desk.report(Ask(verb="list"), this_user()))
    assert "my-app/prod" in live
    assert "1 -> 2" in live
    assert texts.render(Listing(live=True, cards=())) == "no rollout is live"
    assert texts.render(Listing(live=False, cards=())) == "there was no rollout yet"
    shown = texts.render(desk.report(Ask(verb="show", ref=1), this_user()))
    assert "shift 10: done" in shown
    assert "transition" in shown
    assert all(len(line) <= 100 for line in (live + "\n" + shown).splitlines())


def test_foreign_text_cannot_steer_the_terminal(desk):
    """Escape sequences and invisible characters in reasons are shown as codes, in every report."""
    for verb in ("status", "show"):
        text = texts.render(desk.report(Ask(verb=verb, ref=1), this_user()))
        assert "\x1b" not in text
        assert "\\u001b[31m" in text
    assert texts.safe("a\u202eb\r\x07\n") == "a\\u202eb\\u000d\\u0007\n"


def test_a_target_without_rollouts_and_the_other_reports(desk, path):
    """Nothing deployed yet names the command that would; whoami and help are plain lists."""
    assert "tidegate start a/b" in texts.render(Status(app="a", env="b", card=None))
    assert "my-app/prod" in texts.render(desk.report(Ask(verb="whoami"), this_user()))
    assert "canary" in texts.render(desk.report(Ask(verb="help"), this_user()))
    assert isinstance(desk.report(Ask(verb="show", ref=1), this_user()), Show)
    assert "#1 my-app" in texts.render(desk.card(1))
