"""Rollouts, reports and notices in which every text that others may write means harm, or is far too long."""

from collections.abc import Sequence
from datetime import timedelta
from random import Random
from typing import Any, get_args

from rollout.actions import Intent, Launch
from rollout.alarms.model import AlarmState, Alert, Image, Key, Mute, State, Taken
from rollout.alarms.model import Line as AlarmLine
from rollout.alarms.views import AlarmsReport, AlertView, Ended, Spell
from rollout.model import Cause, Rollout, Signature, Waiver
from rollout.moves import moves, stages
from rollout.people import Actor, Roles
from rollout.plan import Plan
from rollout.ports import Hold
from rollout.release import Release
from rollout.reports import CardView, Help, Line, Listing, Report, Show, Status, Whoami
from rollout.seen import AlarmReading, Fault, Reason, Seen, SideHealth, Trial, Verdict
from rollout.terms import AlarmGate
from tests.handlers.corpus import HOSTILE
from tests.rollout.make import T0

APP = "a" * 31
WRITABLE = [text for text in HOSTILE if "\ud800" not in text]
"""Half a character is no text: pydantic lets none in."""
MANY = 200
LONG_PLAN = Plan.parse("p" * 31, "0%, " + ", ".join(f"{n}% 1m" for n in range(1, 50)) + ", approve 2, check smoke, "
                       + ", ".join(f"{n}% 1m" for n in range(51, 101)))  # fmt: skip


class Poison:
    """Draws hostile texts from a seed."""

    def __init__(self, seed: Random) -> None:
        self.seed = seed

    def text(self) -> str:
        """One of the corpus, or two glued together."""
        return self.seed.choice(WRITABLE) + self.seed.choice(("", "", self.seed.choice(WRITABLE)))

    def texts(self, most: int) -> tuple[str, ...]:
        """Several."""
        return tuple(self.text() for _ in range(self.seed.choice((0, 1, most))))

    def actor(self) -> Actor:
        """A principal of any name and id, or a person of any name."""
        if self.seed.random() < 0.5:
            return Actor(kind="principal", id=self.text(), name=self.text())
        return Actor(id="U0ANA", team="T0HOME", name=self.text())

    def cause(self, old: Cause | None) -> Cause | None:
        """The same cause in other words."""
        by = self.seed.choice((None, self.actor()))
        return old and old.model_copy(update={"text": self.text(), "hint": self.text(), "by": by})

    def row(self, row: Rollout) -> Rollout:
        """The row with every foreign text replaced."""
        names = tuple(f"{self.text()[:240]}{n}" for n in range(self.seed.choice((0, 1, MANY))))
        terms = row.terms.model_copy(update={
            "alarms": tuple(AlarmGate(name=name) for name in names),
            "roles": Roles(deploy=self.texts(30), approve=self.texts(30)),
            "plan": self.seed.choice((row.terms.plan, LONG_PLAN)),
        })  # fmt: skip
        step = self.seed.randrange(len(terms.plan.steps))
        readings = tuple(self.reading(name) for name in names)
        said = tuple(Reason(voter=self.text(), vote=self.seed.choice(("fail", "blind", "no_data")), text=self.text())
                     for _ in range(self.seed.choice((0, 1, MANY))))  # fmt: skip
        fault = Fault(kind=self.seed.choice(("unknown", "auth")), text=self.text(), hint=self.text())
        foreign = self.seed.choice(("", self.text()))
        shown = Seen(at=T0, percent=None if foreign else 10, foreign=foreign, edited_by=self.text(),
                     stable=SideHealth(text=self.text()), trial=self.seed.choice((None, self.trial())),
                     candidate=SideHealth(text=self.text(), late=self.seed.random() < 0.5))  # fmt: skip
        sign = Signature(by=self.actor(), step=step, plan_hash=terms.plan.hash, at=T0)
        verdict = row.verdict and row.verdict.model_copy(update={"reasons": said})
        return row.but(
            app=APP, env=APP, by=self.actor(), reason=self.text(), wanted=self.text(), terms=terms, step=step,
            kind=self.seed.choice(("lambda", "ecs")), cause=self.cause(row.cause), fell_for=self.cause(row.fell_for),
            stable=row.stable and self.release(), candidate=self.seed.choice((None, self.release())),
            diff=self.texts(40), warnings=self.texts(40), alarms=readings, verdict=verdict, seen=shown,
            signatures=(sign,) * self.seed.choice((0, 9)), write_failures=self.seed.choice((0, 10**9)),
            fault=self.seed.choice((None, fault)), write_fault=self.seed.choice((None, fault)),
            waiver=row.waiver and Waiver(by=self.actor(), step=step, reason=self.text(), at=T0),
        )  # fmt: skip

    def trial(self) -> Trial:
        """What was found at a test address of any kind."""
        states = ("waiting", "elsewhere", "unasked", "passed", "failed", "unreachable")
        url = self.seed.choice(("https://a.example.com/", f"https://{self.text()}", self.text()))
        return Trial.model_validate({
            "url": url, "asked": self.text(), "state": self.seed.choice(states), "text": self.text(),
            "misses": self.seed.choice((0, 1, 10**9)),
        })  # fmt: skip

    def release(self) -> Release:
        """A release of any name."""
        return Release(id=self.text(), description=self.text(), published_at=self.seed.choice((None, T0)))

    def reading(self, name: str) -> AlarmReading:
        """An alarm in any state."""
        return AlarmReading.model_validate({
            "name": name, "text": self.text(), "found": self.seed.random() < 0.9, "clean": self.seed.random() < 0.9,
            "state": self.seed.choice(("OK", "ALARM", "INSUFFICIENT_DATA")),
            "history": self.seed.choice(("unread", "clean", "red", "unreadable")),
        })  # fmt: skip

    def view(self, row: Rollout) -> CardView:
        """Its card, with a hold or without."""
        hold = Hold(app=APP, env=APP, rollout=self.seed.choice((row.id, 7)), by=self.seed.choice((None, self.actor())),
                    reason=self.text(), veto=self.text(), at=T0)  # fmt: skip
        held = self.seed.choice((None, hold))
        return CardView(
            rollout=row, moves=moves(row, held), stages=stages(row, T0), hold=held, head_seq=1, now=T0,
            head_hash=self.text(),
        )  # fmt: skip

    def reports(self, view: CardView) -> Sequence[Report]:
        """Every report there is, as long as it may become."""
        intents = tuple(
            Intent(id=n, rollout=1, key="k", attempt=n, action=Launch(release=self.text()), state="failed",
                   outcome=self.text(), planned_at=T0, settled_at=T0 + timedelta(seconds=n))
            for n in range(1, 40)
        )  # fmt: skip
        facts: dict[str, Any] = {self.text(): self.text(), "reason": self.text(), "n": 1, "list": [self.text()]}
        lines = tuple(Line(seq=n, at=T0, kind=self.text(), actor=self.text(), facts=facts) for n in range(MANY))
        rights = {f"{self.text()}{n}": self.texts(5) for n in range(MANY)}
        return (
            view, Status(app=self.text(), env=self.text(), card=None), Status(app=APP, env=APP, card=view),
            Listing(live=True, cards=(view,) * 60), Listing(live=False, app=self.text(), cards=(view,)),
            Listing(live=True, app=self.text(), cards=()), Show(card=view, intents=intents, lines=lines),
            Whoami(actor=self.text(), known=True, rights=rights), Whoami(actor=self.text(), known=False, rights={}),
            Help(apps=self.texts(MANY), plans=self.texts(MANY)),
        )  # fmt: skip

    def key(self, number: int) -> Key:
        """An alarm of any name anywhere, or a place. Slack's longest names, and longer ones than CloudWatch takes."""
        name = self.text()[: self.seed.choice((5, 255, 9000))]
        lane = self.seed.choice(("default/eu-west-1", "4711/cn-north-1", "x/us-gov-west-1", self.text()))
        return Key(app=APP, lane=lane, name=f"{name}{number}", kind=self.seed.choice(("alarm", "alarm", "place")))

    def moment(self) -> Any:
        """Lately, or long ago."""
        return T0 - timedelta(minutes=self.seed.choice((0, 1, 90, 5000)))

    def mute(self) -> Mute | None:
        """Silenced by anybody, for a time or until it is OK; or not."""
        until = self.seed.choice((None, T0 + timedelta(hours=1), T0 - timedelta(hours=1)))
        return self.seed.choice((None, Mute(by=self.actor(), at=T0, until=until)))

    def line(self, key: Key) -> AlarmLine:
        """An alarm of a notice, in any state."""
        return AlarmLine(
            key=key, state=self.seed.choice(get_args(State)), first=self.moment(), since=self.moment(),
            times=self.seed.choice((1, 2, 4, 10**6)), bad_for=timedelta(minutes=self.seed.choice((0, 1, 5000))),
            text=self.text() * self.seed.choice((1, 4)), mixed=self.seed.random() < 0.5,
            told_by=self.seed.choice((None, 42)),
        )  # fmt: skip

    def alert(self, rows: Sequence[Rollout]) -> AlertView:
        """A notice of one alarm, of some, or of hundreds."""
        lines = tuple(self.line(self.key(n)) for n in range(self.seed.choice((1, 2, 12, 600))))
        one = Alert(
            id=self.seed.choice((1, 10**15)), app=APP, envs=self.texts(40), channel="C1", noted_at=self.moment(),
            lines=lines, taken=self.seed.choice((None, Taken(by=self.actor(), at=self.moment()))),
            image=self.seed.choice((None, Image(file="F0GRAPH0001", alt=self.text(), of=self.text()))),
        )  # fmt: skip
        known = tuple(self.state(line.key, line.state) for line in lines if self.seed.random() < 0.9)
        regions = self.seed.choice(({}, {line.key.lane: self.text() for line in lines}))
        return AlertView(alert=one, states=known, live=tuple(rows), regions=regions, now=T0)

    def state(self, key: Key, state: str) -> AlarmState:
        """What is known of an alarm."""
        return AlarmState.model_validate({
            "key": key, "state": state, "since": self.seed.choice((None, self.moment())), "text": self.text(),
            "clean": self.seed.random() < 0.9, "gate": self.seed.random() < 0.5, "muted": self.mute(),
            "window": timedelta(minutes=9), "bake": self.seed.choice((None, timedelta(minutes=1))),
            "fault": self.seed.choice((None, Fault(kind="auth", text=self.text(), hint=self.text()))),
        })  # fmt: skip

    def summary(self) -> AlarmsReport:
        """A summary of nothing, of some, or of hundreds."""
        count = self.seed.choice((0, 1, 12, 600))
        states = tuple(self.state(self.key(n), self.seed.choice(get_args(State))) for n in range(count))
        spell = Spell(app=self.text(), name=self.text(), start=self.moment(), end=self.seed.choice((None, T0)))
        ended = tuple(Ended(rollout=n, app=self.text(), env=self.text(), outcome=self.text(), cause=self.text())
                      for n in range(self.seed.choice((0, 1, MANY))))  # fmt: skip
        return AlarmsReport(
            apps=(APP, *self.texts(MANY)), since=self.moment(), now=T0, title=self.seed.choice(("", self.text())),
            states=states, changes=self.seed.choice(({}, {"ALARM": 10**9})), longest=self.seed.choice((None, spell)),
            ended=ended, live=tuple(range(1, self.seed.choice((1, MANY)))),
        )  # fmt: skip

    def verdict(self) -> Verdict:
        """A FAIL in hostile words."""
        return Verdict(outcome="FAIL", reasons=(Reason(voter="target", vote="fail", text=self.text()),))
