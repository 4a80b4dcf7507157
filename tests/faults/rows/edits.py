"""A08s: other hands in front of servers. What somebody changes is noticed in two looks; equal forms are no change."""

from collections.abc import Callable
from itertools import cycle
from math import gcd
from random import Random
from typing import Any, NamedTuple

from aws.alb_facts import Rule
from demo.cloud.building import add_group, forward
from demo.cloud.calls import Call
from demo.cloud.seed_edge import SITE, ZONE
from rollout.model import Phase
from tests.aws.pair_bench import PairBench
from tests.aws.route53_bench import Route53Bench
from tests.faults.careless import Believing
from tests.faults.ground import IN_THE_CLOUD, AnyBench, Ground, Kind, Wrap, a_cloud, a_ground
from tests.faults.row import Judge, Played, Row

SHARES = (0, 10, 50)
MOST_WEIGHT, MOST_DNS_WEIGHT = 999, 255
Do = Callable[[], object]
ANSWERS = ("restore", "undone", "adopt")
FORMS_AN_EDIT = 3
TURN: tuple[Kind, ...] = ("ecs", "route53", "ec2")
EDITS = 2
"""Edits of one rollout: the last one is adopted, which ends it."""


class Edit(NamedTuple):
    """What somebody does to a target, and whether [Restore] may write over it."""

    name: str
    do: Do
    ours: bool = True


def edits_of(bench: AnyBench, at: int, rng: Random) -> list[Edit]:
    """Every kind of edit of a target, the candidate at that share."""
    return record_edits(bench, at, rng) if isinstance(bench, Route53Bench) else pair_edits(bench, at, rng)


def forms_of(bench: AnyBench, at: int, rng: Random) -> list[Do]:
    """Other ways to write what stands."""
    return record_forms(bench, at, rng) if isinstance(bench, Route53Bench) else pair_forms(bench, at, rng)


# --- listener rules and servers


def pair_edits(bench: PairBench, at: int, rng: Random) -> list[Edit]:
    """Of two sides behind two rules."""
    blue, green = bench.groups[bench.stable], bench.groups[bench.candidate]
    other = rng.choice([share for share in (0, 1, 30, 77, 100) if share != at])
    third = bench.groups.get(bench.other) or add_group(bench.cloud.world, bench.other)
    bench.groups[bench.other] = third
    rules: tuple[str, ...] = bench.settings["rules"]
    some = rng.choice([rules, rules[:1], rules[1:]])

    side = rng.choice(bench.sides)

    def write(*actions: dict[str, Any]) -> Do:
        def do() -> None:
            for rule in some:
                bench.modify([*actions], rule)

        return do

    whole = {"Type": "forward", "TargetGroupArn": green if at < 100 else blue}
    fixed = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}
    moved = {"Type": "redirect", "RedirectConfig": {"Host": "sorry.example.com", "StatusCode": "HTTP_302"}}
    return [
        Edit("weights", write(forward({blue: 100 - other, green: other}))),
        Edit("the plain form of one group", write(whole)),
        Edit("a share between percents", write(forward({blue: 7, green: 1}))),
        Edit("a third group", write(forward({blue: 80, third: 20, green: 0})), ours=False),
        Edit("another group", write({"Type": "forward", "TargetGroupArn": third}), ours=False),
        Edit("a fixed response", write(fixed), ours=False),
        Edit("a redirect", write(moved), ours=False),
        Edit("what a side runs", lambda: bench.deploy(bench.sides[0], bench.something_else())),
        Edit("a pin", lambda: bench.limit(side, 1)),
    ]


def pair_forms(bench: PairBench, at: int, rng: Random) -> list[Do]:
    """The same split in another form, under each of the rules."""
    return [_form(bench, rule, at, rng) for rule in bench.settings["rules"]]


def _form(bench: PairBench, rule: str, at: int, rng: Random) -> Do:
    blue, green = bench.groups[bench.stable], bench.groups[bench.candidate]
    third = bench.groups.get(bench.other) or add_group(bench.cloud.world, bench.other)
    bench.groups[bench.other] = third
    unit = gcd(at, 100)
    ratio = {blue: (100 - at) // unit, green: at // unit}
    scale = rng.randint(1, MOST_WEIGHT // max(ratio.values()))
    weights = {group: weight * scale for group, weight in ratio.items() if weight or rng.random() < 0.5}
    if rng.random() < 0.3:
        weights[third] = 0
    action: dict[str, Any] = forward(dict(rng.sample(list(weights.items()), len(weights))))
    if rng.random() < 0.3:
        action["Order"] = 1
    if rng.random() < 0.3:
        del action["ForwardConfig"]["TargetGroupStickinessConfig"]
    if at == 0 and rng.random() < 0.3:
        action = {"Type": "forward", "TargetGroupArn": blue}
    return lambda: bench.modify([action], rule)


# --- records


def record_edits(bench: Route53Bench, at: int, rng: Random) -> list[Edit]:
    """Of two weighted records."""
    blue, green = bench.stable, bench.candidate
    other = rng.choice([share for share in (0, 1, 30, 77, 100) if share != at])
    return [
        Edit("weights", lambda: bench.edit({blue: 100 - other, green: other})),
        Edit("a weight", lambda: bench.edit({green: 100 if at == 0 else 7})),
        Edit("a share between percents", lambda: bench.edit({blue: 7, green: 1})),
        Edit("a third record", lambda: bench.add("teal", 20), ours=False),
        Edit("weights and a TTL", lambda: bench.edit({blue: 100 - other, green: other}, TTL=30)),
    ]


def record_forms(bench: Route53Bench, at: int, rng: Random) -> list[Do]:
    """The same answers, written in another form."""
    unit = gcd(at, 100)
    ratio = {bench.stable: (100 - at) // unit, bench.candidate: at // unit}
    scale = rng.randint(1, MOST_DNS_WEIGHT // max(ratio.values()))
    weights = {name: weight * scale for name, weight in ratio.items()}
    name = rng.choice([SITE, f"{SITE}.", SITE.upper(), SITE.title() + "."])
    if rng.random() < 0.2:
        return [lambda: bench.add("teal", 0)]

    def write() -> None:
        for one, weight in weights.items():
            bench.edit({one: weight}, Name=name, **_value(bench, one, rng))

    return [write]


def _value(bench: Route53Bench, name: str, rng: Random) -> dict[str, Any]:
    """Where the record leads, with or without its last dot, in small or capital letters."""
    (value,) = (row["ResourceRecords"][0]["Value"] for row in bench.rows() if row["SetIdentifier"] == name)
    plain = value.lower().rstrip(".")
    return {"ResourceRecords": [{"Value": rng.choice([plain, f"{plain}.", plain.upper(), value])}]}


# --- what stands


class Standing(NamedTuple):
    """Everything of a target that somebody may edit, as it is written."""

    rules: dict[str, list[dict[str, Any]]]
    runs: dict[str, str]
    least: dict[str, int]
    rows: list[dict[str, Any]]

    def shares(self) -> list[dict[str, float]]:
        """Who gets how much: of each rule, or of the name."""
        names = {row["SetIdentifier"]: row["Weight"] for row in self.rows}
        lists = [Rule("", tuple(actions)).weights for actions in self.rules.values()] or [names]
        return [{name: one / sum(each.values()) for name, one in each.items() if one} for each in lists]


def standing(bench: AnyBench) -> Standing:
    """The truth."""
    if isinstance(bench, Route53Bench):
        return Standing({}, {}, {}, bench.rows())
    rules = {rule: bench.actions(rule) for rule in bench.settings["rules"]}
    return Standing(rules, bench.runs(), bench.least(), [])


def put_back(bench: AnyBench, before: Standing) -> None:
    """Whoever did it takes it back."""
    now = standing(bench)
    if isinstance(bench, Route53Bench):
        known = {row["SetIdentifier"] for row in before.rows}
        changes = [{"Action": "UPSERT", "ResourceRecordSet": row} for row in before.rows]
        changes += [{"Action": "DELETE", "ResourceRecordSet": row} for row in now.rows
                    if row["SetIdentifier"] not in known]  # fmt: skip
        asked = {"HostedZoneId": ZONE, "ChangeBatch": {"Changes": changes}}
        assert bench.cloud.world.perform(Call("route53", "ChangeResourceRecordSets", asked))
        return
    for rule in [rule for rule in before.rules if before.rules[rule] != now.rules[rule]]:
        bench.modify(before.rules[rule], rule)
    for side in [side for side in before.runs if before.runs[side] != now.runs[side]]:
        bench.deploy(side, before.runs[side])
    for side in [side for side in before.least if before.least[side] != now.least[side]]:
        bench.limit(side, before.least[side])


# --- the row


def other_hands(count: int, seed: int, naive: bool) -> Played:
    """Equal forms, then an edit; answered by [Restore], by whoever did it, or by [Adopt]; again and again."""
    rng, judge, sums, kinds = Random(seed), Judge(), {"edits": 0, "forms": 0}, cycle(TURN)
    with a_cloud() as at:
        while sum(sums.values()) < count:
            kind, share, wrap = next(kinds), rng.choice(SHARES), _believing if naive else None
            with a_ground(at, kind, f"{share}% 9h, 100%", wrap=wrap, first=_two_rules) as ground:
                _one_rollout(ground, share, rng, judge, sums)
    return judge.played(sum(sums.values()), f"{sums['edits']} edits, {sums['forms']} equal forms")


def _believing(bench: AnyBench) -> Wrap:
    return Believing


def _two_rules(bench: AnyBench) -> None:
    if isinstance(bench, PairBench):
        bench.settings["rules"] = (bench.rule, bench.second_listener())


def _one_rollout(ground: Ground, share: int, rng: Random, judge: Judge, sums: dict[str, int]) -> None:
    bench = ground.bench
    ground.begin()
    ground.reach(lambda r: r.proven == share and r.phase is Phase.STEPPING)
    for number in range(EDITS):
        for _ in range(FORMS_AN_EDIT):
            for form in (forms := forms_of(bench, share, rng)):
                form()
            ground.look(2)
            sums["forms"] += len(forms)
            cause = ground.newest.cause
            judge.holds(cause is None, f"an equal form is no change: {cause and cause.text}")
        edits = edits_of(bench, share, rng)
        answer = "adopt" if number == EDITS - 1 else rng.choice(ANSWERS[:2])
        _one_edit(ground, share, rng.choice(edits), answer, judge)
        sums["edits"] += 1
        if ground.live is None:
            break


def _one_edit(ground: Ground, share: int, edit: Edit, answer: str, judge: Judge) -> None:
    before = standing(ground.bench)
    edit.do()
    edited = standing(ground.bench)
    what = f"{ground.bench.driver.kind} at {share} %, {edit.name}"
    judge.holds(edited != before, f"void: {what} changed nothing")
    ground.look(2)
    row = ground.newest
    noticed = row.phase is Phase.PAUSED and row.cause is not None and row.cause.kind == "drift"
    judge.holds(noticed, f"{what} was not noticed in two looks: {row.phase} {row.cause}")
    judge.same(standing(ground.bench), edited, f"what stands after {what}")
    if not noticed:
        return
    if answer == "adopt":
        _adopted(ground, edited, what, judge)
        return
    if answer == "restore":
        judge.holds(ground.wish("restore").ok, f"restore after {what}")
        ground.look(3)
        if not edit.ours:
            judge.same(standing(ground.bench).rules, edited.rules, f"restore wrote over {what}")
    if answer == "undone" or not edit.ours:
        put_back(ground.bench, before)
    row = ground.reach(lambda r: r.phase is Phase.STEPPING and r.proven == share and not r.overwrite, minutes=8)
    judge.holds(row.phase is Phase.STEPPING and row.cause is None, f"{answer} after {what}: {row.phase} {row.cause}")
    after = standing(ground.bench)
    judge.same((after.shares(), after.runs, after.least), (before.shares(), before.runs, before.least),
               f"what stands when {what} is {answer}")  # fmt: skip


def _adopted(ground: Ground, edited: Standing, what: str, judge: Judge) -> None:
    judge.holds(ground.wish("adopt", reason="it is meant so").ok, f"adopt after {what}")
    row = ground.reach(lambda r: not r.live, minutes=8)
    judge.same(row.phase, Phase.ADOPTED, f"adopt after {what}")
    after = standing(ground.bench)
    judge.same((after.rules, after.runs), (edited.rules, edited.runs), f"what stands when {what} is adopted")


ROWS = (
    Row("A08s", "somebody edits weights, groups, action lists, definitions, pins or records; or writes an equal form",
        "noticed in two looks, not overwritten; [Adopt] and [Restore] do what they say; equal forms are no change",
        IN_THE_CLOUD, other_hands, ci=22, soak=1260, part=240, naive="believes its own books", naive_ci=10),
)  # fmt: skip
