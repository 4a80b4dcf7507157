"""A bot under siege: people who never stop, AWS in trouble, a third hand; and what must be so after each of its lives.

The oracles are in this process: the cloud's log, the workspace's acks, and the bot's file read by another connection.
"""

import json
import re
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from demo.cloud import Cloud
from demo.cloud.knobs import BY_HAND
from handlers.payloads import slash_key
from rollout.actions import Intent, Shift
from rollout.model import Phase, Rollout
from tests.end_to_end.rig import Rig, all_text, new_cloud, one_more, until
from tests.faults.flight import Hangar, QuickBot
from tests.faults.row import Judge

CLEAR = ("my-app-errors", "my-app-p99")


class Acked(NamedTuple):
    """A command that a person was answered."""

    key: str
    reason: str
    told: str


class Siege(Rig):
    """A rig whose bot starts quickly, and people who do something all the time."""

    def __init__(self, hangar: Hangar, folder: Path, cloud: Cloud, rng: Random, naive: str = "") -> None:
        if folder.name != "my-app":
            one_more(cloud, folder.name)
        super().__init__(folder, cloud, function=folder.name)
        self.bot: QuickBot = QuickBot(hangar, folder, {**self.ws.environment(), **cloud.env()}, naive)  # type: ignore[assignment]  # a quicker one
        self.rng, self.judge = rng, Judge()
        self.acked: list[Acked] = []
        self.commands, self.in_doubt, self.writes = 0, 0, 0
        self._judged: set[int] = set()
        self._red = ""
        self._audited = 0

    # -- people and trouble ---------------------------------------------------------------------

    def act(self) -> None:
        """Somebody does something."""
        dice = self.rng.random()
        if self._red and dice < 0.4:
            self.cloud.knobs.clear_alarm(self._red)
            self._red = ""
        elif dice < 0.01:
            self._red = self.rng.choice(CLEAR)
            self.cloud.knobs.raise_alarm(self._red)
        elif dice < 0.05:
            self.rng.choice([self.cloud.knobs.lost_reply, self.cloud.knobs.truncate_reply])("lambda:UpdateAlias")
        elif dice < 0.06:
            self.cloud.knobs.throttle(times=self.rng.randint(1, 6))
        elif dice < 0.07:
            self._third_hand()
        else:
            self._say(self._words())

    def _third_hand(self) -> None:
        live = self.live()
        if live is not None and live.stable and live.candidate and live.phase is Phase.STEPPING:
            self.cloud.knobs.edit_weights(self.function, "live", {live.stable.id: 70.0, live.candidate.id: 30.0})

    def _words(self) -> str:
        live = self.live()
        if live is None:
            serves = self.shares()
            if len(serves) > 1:
                self.cloud.knobs.edit_weights(self.function, "live", {max(serves, key=lambda v: serves[v]): 100.0})
            if self.hold() is not None:
                return "unlock my-app"
            return f"my-app@{'1' if '2' in self.shares() else '2'} {self.rng.choice(['canary', 'short', 'short'])}"
        if live.phase is Phase.PAUSED and live.cause and live.cause.kind == "drift":
            return f"{self.rng.choice(['restore', 'rollback'])} my-app"
        if live.phase is Phase.PAUSED:
            return self.rng.choice(["resume", "resume", "resume", "pause", "rollback"]) + " my-app"
        return self.rng.choice(["status"] * 14 + ["promote"] * 12 + ["pause", "pause", "rollback"]) + " my-app"

    def _say(self, words: str) -> None:
        self.commands += 1
        reason = f"n{self.commands}"
        asks = words.startswith("status")
        said = words if asks else f"{words} --reason {reason}"
        result = self.ws.person("ana").slash("deploys", f"/deploy {said}")
        if asks:
            return
        if result.ok and result.message is not None:
            self.acked.append(Acked(slash_key(result.payload), reason, all_text(result.message)))
        elif result.envelope is not None:
            self.in_doubt += 1

    # -- what must be so ------------------------------------------------------------------------

    def live(self) -> Rollout | None:
        """The live rollout of my-app."""
        with self.store.reads() as reads:
            return reads.live("my-app", "prod")

    def after_a_life(self) -> None:
        """Nothing acked is lost or done twice; what was written on AWS is what was intended, each intent once."""
        with self.store.reads() as reads:
            stored = [(one, reads.stored_ask(one.key)) for one in self.acked]
            links = reads.audit_page(after=self._audited, limit=5000)
        bodies = [json.loads(link.body) for link in links]
        self._audited = links[-1].seq if links else self._audited
        said = [body["facts"].get("reason") for body in bodies if body["kind"] in ("ask", "refused", "denied")]
        for one, found in stored:
            self.judge.holds(found is not None, f"lost: {one.reason} was acked ({one.told[:60]!r}) and is not stored")
            if found is not None and found.reply is not None and not self.bot.naive:
                self.judge.holds(found.reply.text[:20] in one.told, f"{one.reason}: told {one.told!r}")
        for reason in {each for each in said if each and re.fullmatch(r"n\d+", each)}:
            self.judge.holds(said.count(reason) == 1, f"duplicated: {reason} was taken {said.count(reason)} times")
        self.acked.clear()
        self._judge_ended()

    def _judge_ended(self) -> None:
        every = self.rollouts()[-60:]
        for row, after in zip(every, [*every[1:], None][: len(every)], strict=True):
            if row.live or row.id in self._judged or row.candidate is None or row.stable is None:
                continue
            self._judged.add(row.id)
            written = self.written(row.created_at, after.created_at if after else None)
            self.writes += len(written)
            made = self.intents(row.id)
            if not explained(written, made, row):
                shown = [(i.action.arg, i.state, i.outcome) for i in made]
                self.judge.found.append(f"duplicated or unintended: #{row.id} wrote {written} for {shown}")
            for split in written:
                self.judge.same(sum(split.values()), 100, "the sum of weights")

    def written(self, since: datetime, before: datetime | None) -> list[dict[str, float]]:
        """The splits that the bot really made in that time."""
        return [
            {name: round(share, 6) for name, share in (each.after or {})["shares"].items() if share}
            for each in self.cloud.log.of("lambda:UpdateAlias")
            if each.parameters["FunctionName"] == self.function and each.caller != BY_HAND
            and since <= each.at and (before is None or each.at < before)
        ]  # fmt: skip

    def at_last(self) -> None:
        """No trouble any more: everything ends; the file is whole, trail and rows agree."""
        self.cloud.knobs.clear_faults()
        self.ws.heal()
        for alarm in CLEAR:
            self.cloud.knobs.clear_alarm(alarm)
        self.start()
        if self.live() is not None:
            self.slash("ana", "rollback my-app")
            until(lambda: self.live() is None, self.where)
        self.after_a_life()
        for row in self.rollouts()[-40:]:
            try:
                self.books_agree(row.id)
            except AssertionError:
                self.judge.found.append(f"torn: trail and intents of #{row.id} differ")
            last = [body["facts"]["to"] for body in self.trail(row.id) if body["kind"] == "transition"][-1:]
            self.judge.same(last, [row.phase.value], f"the trail's last transition of #{row.id}")
        _, broken = self.store.verify()
        self.judge.holds(broken is None, f"torn: the trail breaks at {broken}")
        with self.store.reads() as reads:
            whole = reads._run("PRAGMA integrity_check").fetchone()[0]
        self.judge.same(whole, "ok", "the file")


def explained(written: Sequence[dict[str, float]], made: Sequence[Intent], row: Rollout) -> bool:
    """Each write is one intent's, in order; each intent whose call was answered was written exactly once.

    One that failed or is unknown may have been written once or never. So may one that was settled by looking: where
    two calls for one split got no answer, AWS shows that split, not which call it was. But it was written then.
    """
    assert row.stable and row.candidate
    splits = []
    for intent in made:
        if isinstance(intent.action, Shift):
            share = float(intent.action.percent)
            parts = {row.stable.id: 100 - share, row.candidate.id: share}
            split, done = {name: each for name, each in parts.items() if each}, intent.state == "done"
            seen = intent.outcome.startswith("AWS shows")
            if done and seen and split not in written and share:
                return False
            splits.append((split, done and not seen))
    reached = {0}
    """How many writes may be explained by the intents so far."""
    for split, done in splits:
        taken = {n + 1 for n in reached if n < len(written) and written[n] == split}
        reached = taken if done else reached | taken
    return len(written) in reached


@contextmanager
def sieges(number: int, rng: Random, naive: str = "") -> Iterator[list[Siege]]:
    """So many bots, each with a workspace, a function and a file of its own, on one cloud; none is started yet."""
    cloud, made = new_cloud(), []
    try:
        with Hangar() as hangar, tempfile.TemporaryDirectory() as folder:
            try:
                for name in ["my-app", *(f"my-app-{n}" for n in range(2, number + 1))]:
                    one = Siege(hangar, Path(folder) / name, cloud, Random(rng.random()), naive)
                    made.append(one)
                yield made
            finally:
                for siege in made:
                    siege.close()
    finally:
        cloud.stop()


@contextmanager
def a_siege(rng: Random) -> Iterator[Siege]:
    """One of them."""
    with sieges(1, rng) as (siege,):
        yield siege


def busy_for(siege: Siege, seconds: float, then: Any) -> None:
    """People act until `then` was called, which happens after so many seconds, whatever they are doing."""
    over = threading.Event()

    def ends() -> None:
        then()
        over.set()

    def acts() -> None:
        while not over.is_set():
            siege.act()
            over.wait(siege.rng.choice([0.01, 0.03, 0.06]))

    timer, people = threading.Timer(seconds, ends), threading.Thread(target=acts, daemon=True)
    people.start()
    timer.start()
    timer.join()
    # Who waits for an answer of a dead bot is left waiting: Slack itself will tell them.
    people.join(0.2)
