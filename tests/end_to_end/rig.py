"""A workspace, a cloud and the real bot between them, with durations of a second. The parent owns the oracles.

What really happened is read from the cloud's log and the workspace's calls, what was promised from the store;
nothing here asks the bot what it did.
"""

import json
import os
import pwd
import random
import re
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self, TypeVar

from demo.child import Child
from demo.cloud import Cloud, CloudConfig, seed_demo
from demo.cloud.knobs import BY_HAND, weights_of_alias
from demo.cloud.seed import add_function, perform
from demo.workspace import Command, Limits, Message, Result, Workspace, WorkspaceConfig
from rollout.actions import Intent
from rollout.model import Rollout
from rollout.ports import Hold
from store import Store, open_store

T = TypeVar("T")
PATIENCE = 60.0
"""Seconds to wait for anything: what takes two alone takes many beside others."""
ME = f"cli:{pwd.getpwuid(os.getuid()).pw_name}"
PLANS = {
    "canary": "10% 1s, 50% 1s, 100%",
    "short": "50% 500ms, 100%",
    "long": "10% 5m, 50% 5m, 100%",
    "careful": "10% 500ms, approve, 100%",
}
_TIMING = {
    "look_moving": "200ms", "look_waiting": "300ms", "alarm_slack": "1s", "requested": "30s", "approval": "60s",
    "launching": "60s", "move": "60s", "no_data": "60s", "paused": "10m", "final_slack": "60s", "retiring": "60s",
    "rolling_back": "60s", "remind": "5m",
}  # fmt: skip


def toml(*, port: int, function: str = "my-app", mode: str = "socket") -> str:
    """The bot's configuration: everything fast, nothing else special."""
    timing = "\n".join(f'{key} = "{length}"' for key, length in _TIMING.items())
    plans = "\n".join(f'{name} = "{text}"' for name, text in PLANS.items())
    return f"""
[slack]
mode = "{mode}"
[http]
port = {port}
[page]
mention = "S0ONCALL"
sns_topic_arn = "arn:aws:sns:eu-central-1:123456789012:oncall"
[roles]
deployers = ["U0ANA", "S0PAYMENTS", "{ME}"]
approvers = ["U0EVA"]
admins    = ["U0EVA"]
[timing]
{timing}
[apps.my-app]
channel = "C0DEPLOYS"
[apps.my-app.env.prod]
kind     = "lambda"
function = "{function}"
alias    = "live"
region   = "eu-central-1"
alarms   = ["my-app-errors", "my-app-p99"]
plan     = "canary"
bake     = "500ms"
[apps.my-app.env.prod.approve]
by   = 1
from = "approvers"
[apps.my-app.env.prod.plans]
{plans}
"""


def until(look: Callable[[], T | None], what: Callable[[], str] | str, patience: float = PATIENCE) -> T:
    """The first true value; several processes are watched at once, so nothing can wake us."""
    end, pause = time.monotonic() + patience, threading.Event()
    while not (found := look()):
        if time.monotonic() > end:
            raise TimeoutError(f"{what if isinstance(what, str) else what()}: not within {patience:.0f} s")
        pause.wait(0.05)
    return found


def free_port() -> int:
    """A free port below those the kernel gives away by itself, so that nobody takes it before the bot does."""
    while True:
        port = random.randrange(18_000, 30_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def new_cloud() -> Cloud:
    """A started cloud with my-app; the period is of no matter, alarms are raised by hand."""
    cloud = Cloud(CloudConfig(period=60)).start()
    seed_demo(cloud)
    return cloud


def one_more(cloud: Cloud, function: str) -> None:
    """Another function like my-app, for a second bot on the same cloud; it shares my-app's alarms."""
    with cloud.world.lock:
        add_function(cloud.world, function)
        cloud.knobs.publish_good(function)
        perform(
            cloud.world, "lambda", "CreateAlias", {"FunctionName": function, "Name": "live", "FunctionVersion": "1"}
        )
        cloud.knobs.publish_good(function)


class Bot(Child):
    """The demo's child, with what a test wants to know about its death."""

    def died(self, patience: float = PATIENCE) -> int:
        """Wait for it to end by itself; its exit code, -9 after SIGKILL."""
        if self._process is None:
            raise LookupError("it was never started")
        return self._process.wait(patience)

    def signal(self, number: int) -> None:
        """Send it a signal and do not wait."""
        if self._process is None:
            raise LookupError("it was never started")
        self._process.send_signal(number)


class Rig:
    """`with Rig(folder, cloud) as rig:`: the bot is up and ready."""

    def __init__(self, folder: Path, cloud: Cloud, *, function: str = "my-app", mode: str = "socket") -> None:
        self.folder, self.cloud, self.function, self.mode = folder, cloud, function, mode
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        url = f"http://127.0.0.1:{self.port}/slack/events" if mode == "http" else None
        config = WorkspaceConfig.model_validate(
            {"commands": [Command(name="/deploy")], "delivery": mode, "bot_events_url": url,
             "limits": Limits(ack_seconds=5)}
        )  # fmt: skip
        self.ws = Workspace(config).start()
        (folder / "tidegate.toml").write_text(toml(port=self.port, function=function, mode=mode))
        self.bot = Bot(folder, {**self.ws.environment(), **cloud.env()})
        self._began = len(cloud.log.applied)
        self._store: Store | None = None
        self.fresh = "2"
        """The version that nobody has deployed yet."""

    # -- life -----------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Everything of this rig ends; the cloud is its maker's."""
        self.bot.kill()
        if self._store is not None:
            self._store.close()
        self.ws.stop()

    def start(self, failpoint: str = "", *, wait: bool = True) -> None:
        """Start the bot and wait until it is ready; with a failpoint armed if one is named."""
        self.bot.environment = {k: v for k, v in self.bot.environment.items() if not k.startswith("TIDEGATE_")}
        if failpoint:
            self.bot.environment |= {"TIDEGATE_FAILPOINTS_ALLOWED": "1", "TIDEGATE_FAILPOINT": failpoint}
        self.bot.start()
        if wait:
            until(self.ready, self.where)

    def ready(self) -> bool:
        """What /readyz says."""
        return self.get("/readyz")[0] == 200

    def get(self, path: str) -> tuple[int, str]:
        """A page of the bot; 0 when nobody listens."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def where(self) -> str:
        """Where everything stands, for a failure that has to be understood from its text."""
        phases = [f"#{r.id} {r.phase} {r.proven} {r.cause.text if r.cause else ''}" for r in self.rollouts()]
        return (
            f"bot {self.bot.state}; rollouts {phases}; traffic {self.shares()}; applied {self.applied()};\n"
            f"Slack {self.ws.problems}; log:\n{self.bot.tail(12)}"
        )

    def calm(self) -> None:
        """The bot up, no trouble, nothing live, nothing held, and a fresh good version."""
        self.ws.heal()
        self.cloud.knobs.clear_faults()
        for alarm in ("my-app-errors", "my-app-p99"):
            self.cloud.knobs.clear_alarm(alarm)
        if not self.ready():
            self.start()
        if any(rollout.live for rollout in self.rollouts()):
            self.slash("ana", "rollback my-app")
            until(lambda: not self.rollout().live, self.where)
        if self.hold():
            self.slash("ana", "unlock my-app --reason 'the next test begins'")
        self.fresh = self.cloud.knobs.publish_good(self.function).split()[1]
        self._began = len(self.cloud.log.applied)

    # -- people ---------------------------------------------------------------------------------

    def delivered(self, do: Callable[[], Result]) -> Result:
        """What came of it once a socket took it: on a machine this busy one may just be reconnecting."""
        while (result := do()).error == "dispatch_failed" and self.mode == "socket" and self.bot.state == "running":
            self.ws.wait_connected(timeout=PATIENCE)
        return result

    def slash(self, who: str, words: str) -> str:
        """Type `/deploy WORDS` and read the ack; AssertionError when there is none."""
        result = self.delivered(lambda: self.ws.person(who).slash("deploys", f"/deploy {words}"))
        assert result.ok, f"{words}: {result.error}: {self.where()}"
        return all_text(result.message) if result.message else ""

    def press(self, who: str, message: Message, label: str) -> str:
        """Press the button whose label begins so; the private answer that followed."""
        before = len(self.ws.person(who).private)
        button = next((name for name in labels(message) if name.startswith(label)), label)
        result = self.delivered(lambda: self.ws.person(who).press(message, button))
        assert result.ok, f"{label}: {result.error}"
        return self.told(who, before)

    def told(self, who: str, before: int) -> str:
        """The private message that came after so many."""
        until(lambda: len(self.ws.person(who).private) > before, self.where)
        return all_text(self.ws.person(who).private[before])

    def tell(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """`tidegate WORDS` in a shell."""
        plain = {k: v for k, v in self.bot.environment.items() if not k.startswith("TIDEGATE_")}
        return subprocess.run(
            self.bot.command(*words), env=plain, cwd=self.folder, capture_output=True, text=True, timeout=PATIENCE,
            check=False,
        )  # fmt: skip

    def json(self, *words: str) -> Any:
        """What `tidegate WORDS --json` prints; AssertionError unless it ends with 0."""
        done = self.tell(*words, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    # -- what is so -----------------------------------------------------------------------------

    @property
    def store(self) -> Store:
        """The bot's store, opened by another process as any tool may."""
        if self._store is None:
            self._store = open_store(self.folder / "tidegate.db", create=False)
        return self._store

    def rollouts(self) -> list[Rollout]:
        """All of them, oldest first."""
        if not (self.folder / "tidegate.db").exists():
            return []
        with self.store.reads() as reads:
            return reads.history()[::-1]

    def rollout(self, number: int = 0) -> Rollout:
        """One by its number, or the newest."""
        every = self.rollouts()
        return next(each for each in reversed(every) if number in (0, each.id))

    def intents(self, number: int = 0) -> list[Intent]:
        """What was planned for it."""
        wanted = self.rollout(number).id
        with self.store.reads() as reads:
            return reads.intents(wanted)

    def hold(self) -> Hold | None:
        """What holds the target."""
        with self.store.reads() as reads:
            return reads.hold("my-app", "prod")

    def trail(self, number: int = 0) -> list[dict[str, Any]]:
        """The bodies of a rollout's audit records."""
        wanted = self.rollout(number).id
        with self.store.reads() as reads:
            return [json.loads(link.body) for link in reads.audit_of(wanted)]

    def changes(self, kind: str, number: int = 0) -> dict[tuple[str, int], str]:
        """By key and attempt, the last state that the trail's `intent` or `outcome` records of a rollout tell."""
        facts = [body["facts"] for body in self.trail(number) if body["kind"] == kind]
        return {(each["key"], each["attempt"]): each.get("state", "") for each in facts}

    def books_agree(self, number: int = 0) -> None:
        """Every change was announced in the trail before it was made, and its outcome is what the store says."""
        stored = {(intent.key, intent.attempt): str(intent.state) for intent in self.intents(number)}
        assert self.changes("outcome", number) == stored
        assert self.changes("intent", number).keys() == stored.keys()

    def shares(self) -> dict[str, float]:
        """Who really serves how much, in percent."""
        return {version: share for version, share in weights_of_alias(self.function, "live").items() if share}

    def applied(self) -> list[dict[str, float]]:
        """Each split that the bot's calls really made, in order."""
        return [shares_of(entry.parameters) for entry in self._calls() if entry.caller != BY_HAND]

    def _calls(self) -> list[Any]:
        entries = self.cloud.log.of(
            "lambda:UpdateAlias", lambda entry: str(entry.parameters["FunctionName"]).split(":")[-1] == self.function
        )
        return [entry for entry in entries if entry.number > self._began]

    def cards(self) -> list[Message]:
        """Every card in the channel, oldest first: top-level messages with a header."""
        every = self.ws.channel("deploys").messages
        return [m for m in every if m.from_bot and not m.in_thread and any(b["type"] == "header" for b in m.blocks)]

    def card(self, words: str = "", *, button: str = "", number: int = 0) -> Message:
        """The newest card of a rollout once it says so, or offers that."""
        wanted = f"#{self.rollout(number).id} "

        def found() -> Message | None:
            for card in reversed(self.cards()):
                text = all_text(card)
                if wanted in f"{text} ":
                    offers = any(label.startswith(button) for label in labels(card))
                    return card if words.lower() in text.lower() and offers else None
            return None

        def missing() -> str:
            cards = [f"{all_text(card)[:200]} {labels(card)}" for card in self.cards()]
            return f"a card that says {words!r} {button!r}; cards: {cards}; {self.where()}"

        return until(found, missing)

    def phase(self, *phases: str, number: int = 0) -> Rollout:
        """The rollout once it is in one of these phases."""

        def found() -> Rollout | None:
            rollout = self.rollout(number)
            return rollout if rollout.phase.value in phases else None

        return until(found, lambda: f"{' or '.join(phases)}: {self.where()}")

    def serving(self, split: dict[str, float]) -> None:
        """Wait until traffic is split so."""
        until(lambda: self.shares() == split, lambda: f"{split}: {self.where()}")

    def at(self, percent: int, number: int = 0) -> Rollout:
        """The rollout once it bakes at this weight."""

        def found() -> Rollout | None:
            rollout = self.rollout(number)
            good = rollout.verdict is not None and rollout.verdict.outcome == "PASS"
            return rollout if rollout.proven == percent and rollout.phase.value == "stepping" and good else None

        return until(found, lambda: f"baking at {percent} %: {self.where()}")


def labels(message: Message) -> list[str]:
    """The labels of a message's buttons."""
    return [
        element["text"]["text"]
        for block in message.blocks if block["type"] == "actions"
        for element in block["elements"] if element["type"] == "button"
    ]  # fmt: skip


def all_text(message: Message) -> str:
    """Everything a message says, buttons left out, in one line."""
    holders = [
        holder
        for block in message.blocks if block["type"] != "actions"
        for holder in (block.get("text"), *block.get("fields", ()), *block.get("elements", ()))
    ]  # fmt: skip
    texts = [holder["text"] for holder in holders if isinstance(holder, dict) and isinstance(holder.get("text"), str)]
    return re.sub(r"\s+", " ", " ".join(dict.fromkeys([message.text, *texts])))


def shares_of(parameters: dict[str, Any]) -> dict[str, float]:
    """The split an UpdateAlias asks for, in percent."""
    extra = (parameters.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    split = {version: round(share * 100, 6) for version, share in extra.items()}
    return {parameters["FunctionVersion"]: 100 - sum(split.values()), **split}



