"""A03s, A04, A07s, A11, A14: two sides of servers when AWS does half of it, late, or never; the real drivers."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from itertools import cycle, pairwise
from random import Random
from typing import Any

from aws.alb_facts import Rule
from demo.cloud.building import add_rule
from demo.cloud.seed_edge import BLUE
from rollout.actions import Action, Shift
from rollout.model import Phase
from tests.aws.ec2_bench import UPDATE
from tests.aws.hooks import HERE
from tests.aws.pair_bench import RULE, PairBench
from tests.faults.careless import Answered, Rosy, RuleByRule
from tests.faults.ground import IN_THE_CLOUD, KINDS, PAIRS, AnyBench, Ground, Wrap, a_cloud, a_ground
from tests.faults.naive import Unguarded
from tests.faults.row import Judge, Played, Row
from tests.faults.rows.cloud import Meddled

STEPS = "10%, 50%, 100%"
UP = [10, 50, 100]


def pair(ground: Ground) -> PairBench:
    """The bench of a ground that has listener rules."""
    assert isinstance(ground.bench, PairBench)
    return ground.bench


def _proven(ground: Ground, share: int) -> None:
    ground.reach(lambda r: r.proven == share)


def moves(ground: Ground) -> list[int]:
    """The shares that were written into the first rule, one after the other; the same again is no move."""
    bench = pair(ground)
    green = bench.groups[bench.candidate]
    written = [
        Rule("", tuple(entry.parameters["Actions"])).weights.get(green, 0) for entry in ground.cloud.log.of(RULE)
        if entry.parameters["RuleArn"] == bench.rule
    ]  # fmt: skip
    return [share for before, share in zip([0, *written], written, strict=False) if share != before]


# -- A03s: reads that lag behind -------------------------------------------------------------------------------------


@contextmanager
def lagging(ground: Ground, seconds: int) -> Iterator[None]:
    """Rules are shown as they were so long ago; writes take effect at once."""
    known: dict[str, list[tuple[datetime, Any]]] = {}
    wait = timedelta(seconds=seconds)

    def show_old(parsed: dict[str, Any], **_: Any) -> None:
        now = ground.clock.now()
        for rule in parsed.get("Rules", ()):
            past = known.setdefault(rule["RuleArn"], [(now - wait, rule["Actions"])])
            if past[-1][1] != rule["Actions"]:
                past.append((now, rule["Actions"]))
            rule["Actions"] = [actions for at, actions in past if at + wait <= now][-1]

    events = [ground.bench.sessions.client(HERE, "elbv2", writes=writes).meta.events for writes in (False, True)]
    for event in events:
        event.register("after-call.elbv2.DescribeRules", show_old)
    try:
        yield
    finally:
        for event in events:
            event.unregister("after-call.elbv2.DescribeRules", show_old)


def stale_rules(count: int, seed: int, naive: bool) -> Played:
    """For up to a minute after a write the rules still read as before."""
    rng, judge, fired, kinds = Random(seed), Judge(), 0, cycle(PAIRS)
    with a_cloud() as at:
        while fired < count:
            kind, lag = next(kinds), rng.randint(5, 60)
            careless: dict[str, Any] = {"wrap": lambda _: Answered, "settle": timedelta(0)} if naive else {}
            with a_ground(at, kind, STEPS, **careless) as ground, lagging(ground, lag):
                ground.begin()
                times: dict[int, datetime] = {}
                for _ in range(200):
                    if ground.live is None:
                        break
                    ground.look()
                    for share in moves(ground):
                        times.setdefault(share, ground.clock.now())
                judge.same(moves(ground), UP, f"the moves on {kind} with reads {lag} s behind")
                row = ground.newest
                judge.same(row.phase, Phase.SUCCEEDED, f"how it ended with reads {lag} s behind ({row.cause})")
                gaps = [(later - sooner).total_seconds() for sooner, later in pairwise(times.values())]
                judge.holds(all(gap >= lag for gap in gaps), f"with reads {lag} s behind it rose after {gaps} s")
                judge.same(ground.failed, 0, "failed requests")
                fired += len(times)
    return judge.played(fired)


# -- A04: one rule of several ----------------------------------------------------------------------------------------


def several_rules(count: int, seed: int, naive: bool) -> Played:
    """One write at one of two to four rules is refused, or its answer lost: on the way up, and on the way back."""
    rng, judge = Random(seed), Judge()
    ways, faults = (10, 0, 50, 100), ("throttle", "deny", "lost_reply", "truncate_reply")
    with a_cloud() as at:
        for number in range(count):
            kind, many = PAIRS[(number + number // 16) % 2], rng.randint(2, 4)
            place = many - 1 if not number else rng.randrange(many)
            wrap = (lambda bench: partial(RuleByRule, bench=bench)) if naive else None
            with a_ground(at, kind, STEPS, wrap=wrap, first=partial(_more_rules, many)) as ground:
                _one_rule(ground, place, ways[number % 4], faults[number // 4 % 4], judge)
    return judge.played(count)


def _more_rules(many: int, bench: PairBench) -> None:
    blue, green = bench.groups[bench.stable], bench.groups[bench.candidate]
    listener = Rule(bench.rule, ()).listener
    rules = [bench.rule]
    for number in range(20, 19 + many):
        path = f"/{number}"
        rules.append(add_rule(bench.cloud.world, listener, {blue: 100, green: 0}, path=path, priority=number))
    bench.settings["rules"] = tuple(rules)


def _one_rule(ground: Ground, place: int, to: int, fault: str, judge: Judge) -> None:
    bench = pair(ground)
    rules: tuple[str, ...] = bench.settings["rules"]
    sure = fault in ("throttle", "deny")
    what = f"{fault} at rule {place + 1} of {len(rules)} on the way to {to} %, {bench.driver.kind}"
    met: list[int] = []

    def meet(rule: str, share: int) -> None:
        if not met and rule == rules[place] and share == to:
            met.append(share)
            getattr(ground.knobs, fault)(RULE, times=1)

    before = to if to == 0 else [0, *UP][UP.index(to)]

    def note(action: Action) -> None:
        if len(met) == 1 and isinstance(action, Shift):
            met.append(to)
            shares = shares_of(bench)
            judge.holds(_after(shares, before, to, place, sure=sure), f"{what} left {shares}")

    ground.after = note
    with before_writes(ground, meet):
        ground.begin()
        for _ in range(150):
            if ground.live is None:
                break
            if to == 0 and ground.newest.proven == 50 and ground.newest.phase is Phase.STEPPING:
                ground.wish("rollback", reason="the row says so")
            ground.look()
            shares = shares_of(bench)
            judge.holds(None not in shares, f"weights that are not ours, {what}: {shares}")
    judge.holds(met, f"void: never {what}")
    row, end = ground.newest, (Phase.ROLLED_BACK if to == 0 else Phase.SUCCEEDED)
    judge.same((row.phase, set(shares_of(bench))), (end, {0 if to == 0 else 100}), f"the end after {what}")
    judge.same(ground.failed, 0, f"failed requests with {what}")


def _after(shares: list[int | None], before: int, to: int, place: int, *, sure: bool) -> bool:
    """What a write in pieces may leave: up, all as before, or those up to the lost one; down, all but the one."""
    if to == 0:
        return [bool(share) for share in shares] == [sure and number == place for number in range(len(shares))]
    if sure:
        return set(shares) == {before}
    return shares == [to if number <= place else before for number in range(len(shares))]


def shares_of(bench: PairBench) -> list[int | None]:
    """The candidate's share under each rule, where it is one of a hundred."""
    green = bench.groups[bench.candidate]
    weights = [bench.weights(rule) for rule in bench.settings["rules"]]
    return [each.get(green, 0) if sum(each.values()) == 100 else None for each in weights]


@contextmanager
def before_writes(ground: Ground, do: Callable[[str, int], None]) -> Iterator[None]:
    """Call this with rule and share before each write of a rule."""
    bench = pair(ground)
    green = bench.groups[bench.candidate]

    def called(params: dict[str, Any], **_: Any) -> None:
        body = params["body"]
        rows = {key: value for key, value in body.items() if ".TargetGroups.member." in key}
        (arn,) = (key for key, value in rows.items() if value == green)
        do(body["RuleArn"], int(rows[arn.replace("TargetGroupArn", "Weight")]))

    events = bench.sessions.client(HERE, "elbv2", writes=True).meta.events
    events.register("before-call.elbv2.ModifyRule", called)
    try:
        yield
    finally:
        events.unregister("before-call.elbv2.ModifyRule", called)


# -- A07s: between our look and our write ----------------------------------------------------------------------------


def overtaken(count: int, seed: int, naive: bool) -> Played:
    """Somebody changes the rule between the look that decided and the write."""
    rng, judge, fired, kinds = Random(seed), Judge(), 0, cycle(PAIRS)
    meddling: list[Callable[[], object]] = [int]

    def wrap(bench: AnyBench) -> Wrap:
        return lambda world: Meddled(Unguarded(world) if naive else world, meddling)

    with a_cloud() as at:
        while fired < count:
            with a_ground(at, next(kinds), STEPS, wrap=wrap) as ground:
                ground.begin()
                ground.reach(lambda r: r.phase is Phase.STEPPING)
                if rng.random() < 0.5:
                    _proven(ground, 10)
                _overtaken(ground, rng.choice([20, 30, 70]), meddling, judge)
                ground.wish("rollback", reason="the end")
                row = ground.reach(lambda r: not r.live)
                judge.holds(naive or row.phase is Phase.ROLLED_BACK, f"how it ended: {row.phase} {row.cause}")
                fired += 1
    return judge.played(fired)


def _overtaken(ground: Ground, share: int, meddling: list[Callable[[], object]], judge: Judge) -> None:
    bench = pair(ground)
    theirs = {bench.stable: 100.0 - share, bench.candidate: float(share)}
    edits: list[int] = []

    def meddle() -> None:
        if not edits:
            edits.append(share)
            bench.edit(theirs)

    meddling[0] = meddle
    ground.reach(lambda _: bool(edits))
    meddling[0] = int
    judge.same(bench.shares(), theirs, "what the other one wrote")
    ground.look(3)
    judge.same(bench.shares(), theirs, "three looks later")


# -- A11: the place to go back to is dead ----------------------------------------------------------------------------


def dead_stable(count: int, seed: int, naive: bool) -> Played:
    """The old side dies while it has the smaller or the larger part, and somebody says rollback."""
    rng, judge, kinds = Random(seed), Judge(), cycle(KINDS)

    def wrap(bench: AnyBench) -> Wrap:
        return Rosy

    with a_cloud() as at:
        for _ in range(count):
            kind, share = next(kinds), rng.choice([10, 50, 90])
            with a_ground(at, kind, f"{share}% 9h, 100%", wrap=wrap if naive else None) as ground:
                ground.begin()
                _proven(ground, share)
                _one_death(ground, rng.choice(["well again", "anyway"]), judge)
    return judge.played(count)


def _one_death(ground: Ground, answer: str, judge: Judge) -> None:
    _stable_sick(ground, on=True)
    ground.wish("rollback", reason="the row says so")
    before, what = ground.shares(), f"{ground.bench.driver.kind}, {answer}"
    row = ground.reach(lambda r: r.phase is Phase.STUCK, minutes=3)
    kind = row.cause.kind if row.cause else ""
    judge.same((row.phase, kind), (Phase.STUCK, "stable_sick"), f"with a dead old side, {what}")
    judge.holds(ground.called(), f"nobody was called, {what}")
    ground.look(5)
    judge.same(ground.shares(), before, f"who gets what while the old side is dead, {what}")
    if answer == "well again":
        _stable_sick(ground, on=False)
    else:
        judge.holds(ground.wish("rollback", force=True, reason="it is better than nothing").ok, f"refused, {what}")
    row = ground.reach(lambda r: not r.live)
    judge.same((row.phase, ground.shares()), (Phase.ROLLED_BACK, {ground.bench.stable: 100.0}), f"the end, {what}")


def _stable_sick(ground: Ground, *, on: bool) -> None:
    bench = ground.bench
    if isinstance(bench, PairBench):
        ground.knobs.sicken(bench.sides[0], on)
        ground.cloud.step(30)
    else:
        ground.knobs.sick_check(BLUE, on)
        ground.cloud.step(120)


# -- A14: AWS never gets there ---------------------------------------------------------------------------------------

STARTS: dict[str, Callable[[Ground], object]] = {
    "servers that never start": lambda ground: ground.knobs.slow_start(pair(ground).sides[1], 600),
    "servers that never get healthy": lambda ground: ground.knobs.sicken(pair(ground).sides[1]),
    "a release that ends at once": lambda ground: None,
}
REMOVING = {"ecs": "ecs:UpdateService", "ec2": UPDATE}
"""What a removal begins with."""


def never_there(count: int, seed: int, naive: bool) -> Played:
    """The new side never comes up; the old one cannot be removed; the traffic cannot be brought back."""
    judge, kinds = Judge(), cycle(PAIRS)
    slow, *more = STARTS
    games = cycle([slow, "removing", *more, "the way back"])
    with a_cloud() as at:
        for _ in range(count):
            kind, game = next(kinds), next(games)
            with a_ground(at, kind, STEPS, wrap=(lambda _: Rosy) if naive else None) as ground:
                if game in STARTS:
                    _never_up(ground, game, judge)
                elif game == "removing":
                    _never_removed(ground, judge)
                else:
                    _never_back(ground, judge)
    return judge.played(count)


def _never_up(ground: Ground, game: str, judge: Judge) -> None:
    bench, began = pair(ground), ground.clock.now()
    STARTS[game](ground)
    broken = {"ecs": "v4", "ec2": "4"}[bench.driver.kind]
    ground.begin(broken if game.startswith("a release") else "")
    row = ground.reach(lambda r: not r.live, minutes=30)
    what = f"{game}, {bench.driver.kind}"
    judge.holds(row.phase in (Phase.ROLLED_BACK, Phase.CANCELLED), f"{what}: {row.phase} {row.cause}")
    judge.holds(ground.clock.now() - began < timedelta(minutes=16), f"{what} took {ground.clock.now() - began}")
    judge.same((moves(ground), ground.failed), ([], 0), f"traffic for what never came up: {what}")
    ground.rest()
    judge.same(bench.desired()[bench.sides[1]], 0, f"what is left of it: {what}")


def _never_removed(ground: Ground, judge: Judge) -> None:
    operation = REMOVING[ground.bench.driver.kind]
    ground.begin()
    ground.reach(lambda r: r.phase is Phase.RETIRING)
    ground.knobs.deny(operation)
    _calls(ground, f"{operation} refused while the old side is removed", judge)
    ground.knobs.clear_faults()
    row = ground.reach(lambda r: not r.live)
    judge.same(row.phase, Phase.SUCCEEDED, f"the end when it can be removed again ({row.cause}, {row.seen})")
    judge.same(ground.failed, 0, "failed requests")


def _never_back(ground: Ground, judge: Judge) -> None:
    ground.begin()
    _proven(ground, 50)
    ground.knobs.deny(RULE)
    ground.wish("rollback", reason="the row says so")
    _calls(ground, "ModifyRule refused on the way back", judge)
    ground.knobs.clear_faults()
    judge.same(ground.reach(lambda r: not r.live).phase, Phase.ROLLED_BACK, "the end when it can go back again")
    judge.same(ground.failed, 0, "failed requests")


def _calls(ground: Ground, what: str, judge: Judge) -> None:
    row = ground.reach(lambda r: r.phase in (Phase.STUCK, Phase.PAUSED), minutes=30)
    judge.holds(row.phase in (Phase.STUCK, Phase.PAUSED), f"{what}: {row.phase} {row.cause}")
    judge.holds(ground.called(), f"{what}: nobody was called")


ROWS = (
    Row("A03s", "the listener rules read 5 to 60 s behind every write", "no share rises before the one before was read "
        "back, none turns back, no request fails", IN_THE_CLOUD, stale_rules, ci=3, soak=200, part=50,
        naive="a weight is there when AWS has answered, and followed at once", naive_ci=3),
    Row("A04", "one of two to four rules refuses a write, or its answer is lost: on each way up and on the way back",
        "a raise is taken back, a way down goes on; the end is the same everywhere", IN_THE_CLOUD, several_rules, ci=2,
        soak=240, part=60, naive="rule after rule, ended by the first that fails, nothing taken back", naive_ci=1),
    Row("A07s", "somebody edits the listener rule between our look and our write",
        "their write stands, ours is not sent",
        IN_THE_CLOUD, overtaken, ci=1, soak=200, part=50, naive="writes with whatever revision is there", naive_ci=1,
        missing="ModifyRule has no compare-and-swap: the milliseconds between our last read and our write"),
    Row("A11", "the old side is dead when somebody says rollback", "held, a person called; back when it is well, or by "
        "a person's word", IN_THE_CLOUD, dead_stable, ci=3, soak=120, part=30, naive="every side counts as healthy",
        naive_ci=1),
    Row("A14", "servers that never start or get healthy, calls that AWS never takes", "it ends by itself within its "
        "deadline, or calls a person; nothing is sent to what never came up", IN_THE_CLOUD, never_there, ci=2, soak=100,
        part=20, naive="every side counts as healthy", naive_ci=1),
)  # fmt: skip
