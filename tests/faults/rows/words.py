"""K08, K14, K15, K20: two at one instant, hostile words, any input, every verb in every phase."""

import itertools
import json
import time
from functools import partial
from random import Random
from typing import Any, get_args

from handlers.blocks.alert import alert
from handlers.blocks.answers import answer
from handlers.blocks.card import card
from handlers.blocks.digest import summary
from handlers.blocks.events import event, page
from handlers.blocks.parts import Message
from handlers.blocks.reports import report
from handlers.words import parse
from rollout.ask import Ask
from rollout.conductor import Conductor
from rollout.errors import BadInput
from rollout.model import LIVE, Phase, Rollout
from rollout.notices import Answer, Event, NeedsHuman, What
from rollout.plan import BUILT_IN_NAMES
from rollout.ports import Reply
from rollout.table import ACCEPTS, outcome
from rollout.verbs import FILLERS, VERBS
from store import open_store
from tests.faults.naive import Rendezvous, Unlocked
from tests.faults.row import Judge, Played, Row
from tests.faults.rows.durable import at_once
from tests.faults.stage import a_fleet, a_scene, chain_holds, end, start
from tests.handlers.corpus import HOSTILE
from tests.handlers.hostile import Poison
from tests.handlers.live import leaks
from tests.handlers.sample_cards import CARDS
from tests.rollout.make import T0, row
from tests.rollout.rows import some_row
from tests.rollout.scene import ANA, BEN, EVA, Scene
from tests.slack_rules import problems

# -- K08: two at one instant -----------------------------------------------------------------------------------------

PAIRS = (("pause", "pause"), ("resume", "resume"), ("cancel", "cancel"), ("start", "start"), ("pause", "rollback"),
         ("rollback", "rollback"), ("promote", "rollback"), ("resume", "rollback"))  # fmt: skip


def two_clickers(count: int, seed: int, naive: bool) -> Played:
    """Two people press at the same instant, each through a process's own store on the one file."""
    rng, judge = Random(seed), Judge()
    with a_scene("10% 5m, 50% 10m, 100%") as scene:
        other = open_store(scene.path, busy_ms=30_000)
        meet = Rendezvous()
        ledgers: list[Any] = [Unlocked(store, meet) if naive else store for store in (scene.store, other)]
        desks = [Conductor(ledger, scene.world, scene.policy, scene.clock) for ledger in ledgers]
        for number in range(count):
            pair = PAIRS[1] if naive and number % 2 else PAIRS[0] if naive else rng.choice(PAIRS)
            before = _ready(scene, pair)
            asks = [Ask(verb=verb, app="my-app", env="prod", reason=f"{number}") for verb in pair]
            found = at_once(
                partial(desks[0].ask, asks[0], ANA, dedupe=f"{number}a"),
                partial(desks[1].ask, asks[1], BEN, dedupe=f"{number}b"),
            )
            _one_transition(scene, judge, before, pair, found)
            if scene.newest.phase is Phase.ROLLING_BACK:
                end(scene)
        other.close()
        chain_holds(judge, scene.store)
    return judge.played(count)


def _ready(scene: Scene, pair: tuple[str, str]) -> int:
    """A state in which the first of the pair fits; the newest audit number."""
    verb = pair[0]
    if verb == "start":
        if scene.live is not None:
            scene.wish("rollback")
            end(scene)
        scene.wish("unlock", reason="again")
        scene.target.extra.clear()
    elif verb == "cancel":
        if scene.live is not None and scene.live.phase is not Phase.REQUESTED:
            scene.wish("rollback")
            end(scene)
        start(scene)
    else:
        if start(scene).phase is Phase.REQUESTED:
            scene.proven(10)
        live = scene.live
        if verb == "resume" and live and live.phase is not Phase.PAUSED:
            scene.wish("pause")
        elif verb != "resume" and live and live.phase is Phase.PAUSED:
            scene.wish("resume")
    with scene.store.reads() as reads:
        head = reads.head()
    return head.seq if head else 0


def _one_transition(scene: Scene, judge: Judge, before: int, pair: tuple[str, str], found: list[Any]) -> None:
    replies = [one for one in found if isinstance(one, Reply)]
    judge.same(len(replies), 2, f"answers to {pair}: {found}")
    with scene.store.reads() as reads:
        bodies = [json.loads(link.body) for link in reads.audit_page(after=before)]
    steps = [body["facts"] for body in bodies if body["kind"] == "transition"]
    happened = [(each["from"], each["to"]) for each in steps]
    if pair[0] == pair[1] or pair == ("promote", "rollback"):
        judge.same(len(happened), 1, f"transitions of {pair}: {happened}")
    judge.holds(all(a[1] == b[0] for a, b in itertools.pairwise(happened)), f"torn: {happened}")
    if "rollback" in pair:
        judge.same(scene.newest.phase, Phase.ROLLING_BACK, f"after {pair}")
        judge.holds(replies and replies[-1].ok, f"rollback lost against {pair[0]}")
    elif pair[0] != "start":
        judge.same(sorted(one.ok for one in replies), [False, True], f"who won {pair}")


# -- K14: hostile words ----------------------------------------------------------------------------------------------


def hostile_words(count: int, seed: int, naive: bool) -> Played:
    """Every message of ours, drawn of texts that mean harm: names, reasons, alarms, errors of AWS."""
    rng, judge, fired = Random(seed), Judge(), 0
    names = sorted(CARDS)
    while fired < count:
        poison = Poison(rng)
        rollout = poison.row(CARDS[rng.choice(names)].rollout)
        view = poison.view(rollout)
        drawn = [card(view), alert(poison.alert((rollout,))), summary(poison.summary()), *_small(poison)]
        drawn += [report(rng.choice(poison.reports(view)))]
        for message in drawn:
            fired += 1
            payload = _bare(message, poison.text()) if naive else message.payload
            for problem in leaks(payload):
                judge.found.append(f"{type(message).__name__}: {problem}")
            json.dumps(payload)
            if fired % 10 == 0 and not naive:
                judge.found += problems(payload.get("blocks", []), text=payload["text"])[:3]
    return judge.played(fired)


def _small(poison: Poison) -> list[Message]:
    kind: What = poison.seed.choice(get_args(What))
    one = Event(rollout=42, what=kind, text=poison.text(), by=poison.actor(), percent=10, at=T0)
    told = Answer(reply="x", text=poison.text(), hint=poison.text(), good=False, at=T0)
    paged = NeedsHuman(rollout=42, text=poison.text(), hint=poison.text(), at=T0)
    baking = CARDS["baking"].rollout
    return [event(one, baking), answer(told), page(paged, baking)]


def _bare(message: Message, text: str) -> dict[str, Any]:
    """The same with a text put in as it came."""
    return {**message.payload, "text": f"{message.payload['text']} {text}"}


# -- K15: any input --------------------------------------------------------------------------------------------------

TOKENS = (*VERBS, *FILLERS, *BUILT_IN_NAMES, *HOSTILE, "my-app", "my-app/prod@2", "#42", "#0", "9" * 40, "--reason",
          "--reason=", "—reason", "--full", "--force", "--dry-run", '"', "'", "\u201e", "\x00", "\u202e", "@", "/", "=",
          "\ufffd", "🚀", "\U000e0001", "x" * 300)  # fmt: skip


def any_input(count: int, seed: int, naive: bool) -> Played:
    """Words, halves of words, quotes, NUL, RTL, emoji, half characters, forty thousand letters, glued at random."""
    rng, judge, worst = Random(seed), Judge(), 0.0
    for _ in range(count):
        text = _typed(rng)
        began = time.thread_time()
        try:
            parse(text)
        except BadInput as no:
            judge.holds(no.fact and no.hint is not None, f"refused without a word: {text[:60]!r}")
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what the row looks for
            judge.found.append(f"{type(error).__name__} for {text[:80]!r}")
        took = time.thread_time() - began
        worst = max(worst, took)
        judge.holds(took <= 0.05, f"{took * 1000:.0f} ms for {text[:60]!r}")
    return judge.played(count, f"at most {worst * 1000:.1f} ms")


def _typed(rng: Random) -> str:
    kind = rng.random()
    if kind < 0.01:
        return rng.choice(TOKENS[-12:]) * rng.randint(1000, 40_000)
    if kind < 0.2:
        return "".join(chr(rng.randrange(0x110000)) for _ in range(rng.randint(0, 40)))
    glue = rng.choice((" ", " ", " ", "", "\u00a0", "\t", "\n"))
    return glue.join(rng.choice(TOKENS) for _ in range(rng.randint(0, 9)))


# -- K20: every verb in every phase ----------------------------------------------------------------------------------

CELLS = tuple((phase, verb) for phase in sorted(Phase) for verb in sorted({*ACCEPTS, "start", "unlock"}))


def every_cell(count: int, seed: int, naive: bool) -> Played:
    """Every verb said in every phase, over rows of every kind; the second time round over rows no story leads to."""
    rng, judge, fired = Random(seed), Judge(), 0
    while fired < count:
        cells = CELLS[: count - fired]
        with a_fleet(len(CELLS)) as scene:
            for number, (phase, verb) in enumerate(cells):
                made = row(phase) if fired == 0 else some_row(rng, phase)
                _cell(scene, judge, made.but(id=0, version=0, app=f"app-{number}"), verb)
            fired += len(cells)
    return judge.played(fired)


def _cell(scene: Scene, judge: Judge, made: Rollout, verb: str) -> None:
    with scene.store.work() as work:
        before = work.add(made)
    who = EVA if verb in ("approve", "reject", "go-on") else BEN
    where = f"{verb} in {before.phase}"
    ask = Ask(verb=verb, app=before.app, env="prod", reason="because")
    try:
        reply = scene.bot.ask(ask, who, dedupe=f"{where} {made.app}")
    except Exception as error:  # noqa: BLE001 - a cell that raises is not defined
        judge.found.append(f"{where}: {type(error).__name__}")
        return
    with scene.store.reads() as reads:
        after, newest = reads.rollout(before.id), reads.history(before.app, "prod", limit=1)[0]
    judge.holds(reply.text, f"{where}: no words")
    judge.holds(reply.ok or (after == before and newest == before), f"{where}: refused, and yet changed")
    judge.holds(before.phase in LIVE or after == before, f"S3: {where} changed what had ended")
    if verb in ACCEPTS:
        allowed = outcome(verb, before.phase)
        judge.holds(allowed != "refused" or not reply.ok, f"{where}: the table says no")
        judge.holds(allowed != "begins anew" or newest == before or newest.id != before.id, f"{where}: not anew")
    if verb == "rollback" and before.phase in LIVE:
        judge.holds(reply.ok, f"S4: {where}: {reply.text}")
    if before.phase not in LIVE and newest == before:
        scene.bot.look([before.id])
        judge.same(scene.world.targets[before.target].applied, [], f"{where}: the target was touched")


ROWS = (
    Row("K08", "two people press at one instant, through two stores",
        "one transition, both are answered, rollback wins", "two conductors and two stores on one file, two threads",
        two_clickers, ci=60, soak=2000, part=500,
        naive="reads first, writes later, no lock and no version", naive_ci=20),
    Row("K14", "hostile words in every text that others write", "nothing live but ours, valid JSON, Slack's limits",
        "the renderers alone", hostile_words, ci=400, soak=50_000, part=10_000, naive="a text put in as it came",
        naive_ci=200),
    Row("K15", "anything typed", "an Ask or a refusal in words, within 50 ms", "the parser alone", any_input, ci=4000,
        soak=100_000, part=50_000),
    Row("K20", "every verb in every phase, over rows of every kind",
        "defined; as the table says; what has ended is never touched", "in process: conductor, SQLite", every_cell,
        ci=len(CELLS), soak=50 * len(CELLS), part=10 * len(CELLS)),
)  # fmt: skip
