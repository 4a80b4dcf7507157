"""Notices about alarms and summaries of them, in every state that a person can read."""

from datetime import timedelta
from typing import Any

from rollout.alarms.model import AlarmState, Alert, Image, Key, Line, Mute, Taken
from rollout.alarms.views import AlarmsReport, AlertView, Ended, Spell
from rollout.model import Phase, Rollout
from rollout.seen import Fault
from tests.handlers.sample_cards import CARDS
from tests.handlers.samples import ANA, EVA, NOW, minutes, rollout, terms

LANE = "default/eu-west-1"
REGIONS = {LANE: "eu-west-1"}
RED = "8.2 over limit 1 (2 of 3 × 60 s)"
DENIED = Fault(
    kind="auth", text="DescribeAlarms was denied: cloudwatch:DescribeAlarms is missing",
    hint="let the role read alarms in eu-west-1",
)  # fmt: skip
GATED = rollout(Phase.STEPPING, 10, baked=minutes(3), terms=terms(lane=LANE))
UNGATED = rollout(Phase.STEPPING, 10, baked=minutes(3), terms=terms(lane="default/eu-central-1"))
STAGING = GATED.but(id=43, env="staging", phase=Phase.PAUSED)


def key(name: str = "my-app-errors", **more: Any) -> Key:
    """An alarm of my-app in Ireland."""
    return Key.model_validate({"app": "my-app", "lane": LANE, "name": name, **more})


def line(name: str = "my-app-errors", state: str = "ALARM", **more: Any) -> Line:
    """Red for five minutes, unless told otherwise."""
    fields: dict[str, Any] = {"text": RED, "first": NOW - minutes(5), "since": NOW - minutes(5), "mixed": False}
    return Line.model_validate({"key": key(name), "state": state, **fields, **more})


def over(name: str = "my-app-errors", **more: Any) -> Line:
    """Red from 14:02 to 14:14."""
    fields: dict[str, Any] = {"first": NOW - minutes(25), "since": NOW - minutes(13), "bad_for": minutes(12)}
    return line(name, **{"state": "OK", **fields, **more})


def place(state: str = "BLIND", **more: Any) -> Line:
    """Ireland, unreadable since 13:55."""
    since, text = NOW - minutes(32), f"{DENIED.text}. {DENIED.hint}"
    fields = {"key": key(LANE, kind="place"), "first": since, "since": since, "text": text}
    return Line.model_validate({"state": state, "mixed": False} | fields | more)


def view(
    *lines: Line, live: tuple[Rollout, ...] = (), mutes: dict[str, Mute] | None = None, gate: bool = False, **more: Any
) -> AlertView:
    """A notice with these lines; `mutes` by name of the alarm."""
    one = Alert.model_validate({
        "id": 7, "version": 3, "app": "my-app", "envs": ("prod",), "channel": "C0DEPLOYS",
        "noted_at": NOW - minutes(5), "lines": lines, **more,
    })  # fmt: skip
    states = tuple(
        AlarmState(key=line.key, state=line.state, since=line.since, gate=gate, muted=(mutes or {}).get(line.key.name))
        for line in lines if line.state != "UNWATCHED"
    )  # fmt: skip
    return AlertView(alert=one, states=states, live=live, regions=REGIONS, now=NOW)


HOUR = Mute(by=ANA, at=NOW - minutes(2), until=NOW + minutes(58))
UNTIL_OK = Mute(by=EVA, at=NOW - minutes(2))
FOURTH: dict[str, Any] = {"times": 4, "first": NOW - minutes(65), "bad_for": minutes(21)}
P99 = line("my-app-p99", text="412 ms over limit 300 ms (3 of 3 × 60 s)", since=NOW - minutes(4), mixed=True)
THREE = (line(), P99, line("my-app-5xx", text="", since=NOW - minutes(4)))
MANY = tuple(
    line(f"my-app-shard-{n:03}", state="ALARM" if n % 6 else "OK", bad_for=minutes(0 if n % 6 else 2))
    for n in range(600)
)  # fmt: skip
ALT = "my-app-errors, 13:27 to 14:27; all: highest 8.2, last 8.2; limit 1; 10 % at 14:21"

ALERTS: dict[str, AlertView] = {
    "alert-red": view(line()),
    "alert-red-since-yesterday": view(line(first=NOW - timedelta(days=1), since=NOW - timedelta(days=1))),
    "alert-red-gates-a-live-rollout": view(line(), live=(GATED,)),
    "alert-red-gates-no-live-rollout": view(line(mixed=True), live=(UNGATED,)),
    "alert-red-two-live-rollouts": view(line(), P99, live=(UNGATED, STAGING)),
    "alert-red-while-it-goes-back": view(line(), live=(CARDS["rolling-back-person"].rollout,)),
    "alert-red-on-a-way-back": view(line(), live=(GATED.but(back=True),)),
    "alert-three": view(*THREE, live=(GATED,)),
    "alert-second-time": view(line(**FOURTH | {"times": 2, "bad_for": minutes(3)})),
    "alert-flapping": view(line(**FOURTH)),
    "alert-ok-again": view(over(), quiet_since=NOW - minutes(13)),
    "alert-ok-after-flapping": view(over(**FOURTH), quiet_since=NOW - minutes(13)),
    "alert-all-ok": view(*(over(one.key.name, text=one.text) for one in THREE), quiet_since=NOW - minutes(13)),
    "alert-one-of-three-ok": view(over(), P99, line("my-app-5xx", "INSUFFICIENT_DATA", since=NOW, bad_for=minutes(5))),
    "alert-no-data": view(over(state="INSUFFICIENT_DATA"), quiet_since=NOW - minutes(13)),
    "alert-deleted": view(line(state="ABSENT", text="")),
    "alert-deleted-gate": view(line(state="ABSENT", text=""), gate=True),
    "alert-unwatched": view(over(state="UNWATCHED"), quiet_since=NOW - minutes(13)),
    "alert-blind": view(place()),
    "alert-blind-with-a-live-rollout": view(place(), line("my-app-eu"), live=(GATED,)),
    "alert-blind-other-account": view(place(key=key("4711/eu-west-1", kind="place", lane="4711/eu-west-1"), times=2)),
    "alert-sight-again": view(place("OK", since=NOW, bad_for=minutes(32)), quiet_since=NOW),
    "alert-muted": view(line(), mutes={"my-app-errors": HOUR}),
    "alert-muted-until-ok": view(line(), mutes={"my-app-errors": UNTIL_OK}),
    "alert-muted-one-of-two": view(line(), P99, mutes={"my-app-p99": HOUR}),
    "alert-acknowledged": view(line(), taken=Taken(by=ANA, at=NOW - minutes(1)), live=(GATED,)),
    "alert-told-on-a-card": view(line(told_by=42), P99),
    "alert-many": view(*MANY, live=(GATED,)),
    "alert-with-image": view(line(), image=Image(file="F0GRAPH0001", alt=ALT, of="my-app-errors red", at=NOW)),
}


def state(name: str, is_: str = "OK", app: str = "my-app", **more: Any) -> AlarmState:
    """What is known of an alarm."""
    fields = {"key": key(name, app=app), "state": is_, "since": NOW - minutes(90), "window": minutes(3), **more}
    return AlarmState.model_validate(fields)


def report(*states: AlarmState, apps: tuple[str, ...] = ("my-app",), **more: Any) -> AlarmsReport:
    """A summary since yesterday."""
    fields = {"apps": apps, "since": NOW - timedelta(days=1), "now": NOW, "states": states, **more}
    return AlarmsReport.model_validate(fields)


BLIND = state(LANE, "BLIND", key=key(LANE, kind="place"), fault=DENIED, since=NOW - minutes(32))
SLOW = state("my-app-slow", gate=True, bake=minutes(5), window=minutes(15))
CHANGES = {"ALARM": 4, "OK": 3, "INSUFFICIENT_DATA": 1}
LONGEST = Spell(app="my-app", name="my-app-errors", start=NOW - minutes(300), end=NOW - minutes(220))
ENDED = (
    Ended(rollout=41, app="my-app", env="prod", outcome="rolled_back", cause=f"my-app-errors is red: {RED}",
          took=minutes(12)),
    Ended(rollout=40, app="my-app", env="staging", outcome="succeeded", took=minutes(31)),
)  # fmt: skip
FULL = (
    state("my-app-errors", "ALARM", text=RED), state("my-app-gone", "ABSENT"), BLIND,
    state("my-app-queue", "INSUFFICIENT_DATA"), state("my-app-odd", clean=False), SLOW,
    state("my-app-p99", muted=HOUR), state("my-app-5xx", muted=UNTIL_OK), state("my-app-cpu"),
)  # fmt: skip
HUNDREDS = tuple(
    state(f"alarm-{n:03}", ("ALARM", "ABSENT", "INSUFFICIENT_DATA", "OK")[n % 4], app=("my-app", "shop")[n % 2],
          text=RED, muted=HOUR if n % 4 == 3 else None, gate=True, bake=minutes(1))
    for n in range(600)
)  # fmt: skip

SUMMARIES: dict[str, AlarmsReport] = {
    "digest-full": report(
        *FULL, title="Morning summary", changes=CHANGES, longest=LONGEST, ended=ENDED, live=(42, 43)),
    "digest-nothing": report(state("a"), state("b"), title="Morning summary"),
    "digest-nothing-of-one": report(state("a")),
    "digest-nothing-and-an-app-unwatched": report(state("a"), state("b"), apps=("my-app", "shop")),
    "digest-many": report(
        *HUNDREDS, apps=("my-app", "shop"), changes={"ALARM": 900}, ended=ENDED * 9, live=tuple(range(1, 60)),
        longest=LONGEST.model_copy(update={"end": None})),
    "report-alarms": report(*FULL[:1], *FULL[6:], changes={"ALARM": 1}),
    "report-alarms-unconfigured": report(),
    "report-alarms-none-found": report(state(LANE, key=key(LANE, kind="place"))),
    "report-alarms-doubt": report(state("a"), state(LANE, key=key(LANE, kind="place"), fault=DENIED)),
}  # fmt: skip
