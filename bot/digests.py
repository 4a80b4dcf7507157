"""Summaries at fixed times, each posted exactly once. What one says is the desk's and the renderer's.

Exactly once, whenever the process dies: a plain post has no key, so Slack is asked to post by itself, two minutes
before the time. The second it was asked for is in the store before the call. When nobody knows what became of
the call, Slack can say whether the message waits there, and it is asked again only when it surely does not. Once its
time has passed unseen nobody can know any more: then it is left alone, and the next one begins where the last
one that was surely sent ended.
"""

import hashlib
import json
import logging
import math
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from bot.calendar_times import next_due
from bot.clock import SystemClock
from bot.config.model import Config, Digest
from bot.living import CLOSED, UNFIT
from bot.metrics import Metrics
from bot.patience import Patience
from bot.wire import Came
from bot.wire_schedule import LIST, SCHEDULE, ScheduleWire
from rollout.alarms.views import AlarmsReport
from store.digests import Digests as Slots
from store.digests import Ended, Slot

log = logging.getLogger(__name__)

PAUSE = 5.0
"""Seconds between two looks at what is due."""
LEAD = timedelta(minutes=2)
"""How long before it is posted Slack gets it, a late one too: room for lost replies, restarts and questions."""
ENOUGH = timedelta(minutes=1)
"""With less than this left its own time is not kept: nobody could find out in time what became of a lost call."""
LATEST = timedelta(hours=1)
"""A summary that is later than this is of no use: the next one says it all."""
SETTLE = timedelta(seconds=15)
"""How long a call may still arrive at Slack after its caller gave up or died; longer than a call's timeout."""
TOO_CLOSE = timedelta(seconds=10)
"""Our clock and Slack's may differ by this: from then on `not there` may mean `posted`."""
NOBODY_KNOWS = timedelta(seconds=60)
"""So long after its time a message that Slack could not be asked about is given up."""

Report = Callable[[Sequence[str], datetime, str], AlarmsReport]
"""(apps, since, title): AlarmDesk.report."""
Render = Callable[[AlarmsReport], dict[str, Any]]


class Desk(NamedTuple):
    """What summaries are made with."""

    slots: Slots
    wire: ScheduleWire
    clock: SystemClock
    metrics: Metrics
    report: Report
    render: Render


class Plan(NamedTuple):
    """One `[[digests]]`: its rule, and the key under which its slots are kept."""

    key: str
    channel: str
    rule: str
    zone: ZoneInfo
    apps: tuple[str, ...]


class Digests:
    """Posts what is due. Its calls to Slack run in a thread of its own: nothing ever waits for a summary."""

    def __init__(self, config: Config, desk: Desk) -> None:
        self._slots, self._wire, self._clock, self._metrics, self._report, self._render = desk
        self._plans, self._home = _plans(config), config.slack.home
        self._patience = Patience(self._clock.monotonic)
        self._closed: dict[str, set[str]] = {}  # key -> channels that took nothing this time
        self._plain: set[str] = set()  # keys whose blocks Slack refused this time
        self._refused_as_past: set[str] = set()  # keys for which our clock seems to be behind Slack's
        self._stopped, self._taken = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="digests", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def take(self, config: Config) -> None:
        """From the next turn on these are the summaries; one that stays as it is keeps its slot."""
        self._plans, self._home = _plans(config), config.slack.home
        self._taken.set()

    def stop(self, deadline: float) -> bool:
        """No turn begins after this; False when one hangs for `deadline` seconds. What it did is in the store."""
        self._stopped.set()
        self._taken.set()
        self._thread.join(deadline)
        return not self._thread.is_alive()

    def turn(self) -> None:
        """Do everything that is to be done now."""
        slots = {slot.digest: slot for slot in self._slots.open_slots()}
        if slots.keys() - self._plans.keys():
            log.info("%d summaries are configured no more", self._slots.keep_only(set(self._plans)))
        now = self._clock.now()
        for plan in self._plans.values():
            slot = slots.get(plan.key)
            try:
                if slot is None:
                    self._slots.plan(plan.key, next_due(plan.rule, plan.zone, now))
                else:
                    self._one(plan, slot)
            except Exception:
                self._patience.tried(plan.key)
                log.exception("the summary for %s failed", plan.channel)

    def _run(self) -> None:
        while True:
            try:
                self.turn()
            except Exception:
                # The store may be locked or the disk full; what is due is still there.
                log.exception("a turn of the summaries failed")
            if not self._plans:
                self._taken.wait()  # nothing to post until a reload brings one
            self._taken.clear()
            if self._stopped.wait(PAUSE):
                return

    def _one(self, plan: Plan, slot: Slot) -> None:
        now = self._clock.now()
        if slot.state == "booked":
            self._settle(plan, slot)
        elif now > slot.due and (now > slot.due + LATEST or next_due(plan.rule, plan.zone, slot.due) <= now):
            self._end(plan, slot, "missed")  # too late; or the one after it is due as well, and says all of it
        elif now >= slot.due - LEAD and self._may(plan, SCHEDULE):
            self._book(plan, slot)

    def _may(self, plan: Plan, method: str) -> bool:
        return self._patience.over(plan.key) and self._wire.back() and self._wire.wait(method, plan.channel) <= 0

    # -- asking Slack to post -------------------------------------------------------------------

    def _book(self, plan: Plan, slot: Slot) -> None:
        channel = self._channel(plan)
        if not channel:
            self._end(plan, slot, "refused")
            return
        if not self._wire.answers():
            # In an outage the first call would be lost, and nobody could say what became of it before its time.
            self._patience.tried(plan.key)
            return
        made = self._clock.now()
        content = json.dumps(self._content(plan, slot))
        self._schedule(plan, self._slots.book(slot, channel, self._second(plan, slot), content, made))

    def _second(self, plan: Plan, slot: Slot) -> int:
        """The second that Slack is asked for: its own, or, when that is too near or past, one with time to ask."""
        now = self._clock.now()
        if plan.key in self._refused_as_past:
            return math.ceil((now + 2 * LEAD).timestamp())
        return math.ceil((slot.due if now + ENOUGH <= slot.due else now + LEAD).timestamp())

    def _schedule(self, plan: Plan, slot: Slot) -> None:
        """The slot is booked: whatever happens from here on, whoever finds it can ask Slack."""
        content: dict[str, Any] = json.loads(slot.content)
        if plan.key in self._plain:
            content.pop("blocks", None)
        came = self._wire.schedule(slot.channel, slot.post_at or 0, content)
        if came.kind == "done":
            self._end(plan, slot, "sent")
        elif came.kind == "lost":
            log.warning("nobody knows yet whether Slack has the summary for %s: %s", slot.channel, came.word)
        else:
            self._slots.unbook(slot)
            self._refused(plan, slot, came)

    def _refused(self, plan: Plan, slot: Slot, came: Came) -> None:
        """Slack surely does not have it. Try again: elsewhere, plainer, later."""
        if came.kind == "limited":
            return
        if came.word in CLOSED:
            self._closed.setdefault(plan.key, set()).add(slot.channel)
            log.error(
                "channel %s takes no summary (%s): invite the bot, or correct `channel` of [[digests]]",
                slot.channel, came.word,
            )  # fmt: skip
        elif came.word in UNFIT and plan.key not in self._plain:
            self._plain.add(plan.key)
            log.error("Slack refused the blocks of a summary for %s (%s): text only now", slot.channel, came.word)
        else:
            if came.word == "time_in_past":
                self._refused_as_past.add(plan.key)
            self._patience.tried(plan.key)
            log.warning("the summary for %s was not taken: %s", slot.channel, came.word)

    # -- when nobody knows ----------------------------------------------------------------------

    def _settle(self, plan: Plan, slot: Slot) -> None:
        """It is booked and no reply is known: a lost one, or the process died."""
        now, post_at = self._clock.now(), _moment(slot)
        if now >= post_at + NOBODY_KNOWS:
            self._end(plan, slot, "unknown")
            return
        if slot.asked_at is not None and slot.asked_at <= now < slot.asked_at + SETTLE:
            return
        if not self._may(plan, LIST):
            return
        listed = self._wire.listed(slot.channel, slot.post_at or 0)
        now = self._clock.now()  # after the answer: it was true some time before
        if listed.came.kind != "done":
            self._patience.tried(plan.key)
        elif listed.known:
            self._end(plan, slot, "sent")
        elif now < post_at - TOO_CLOSE:
            self._again(plan, slot)
        elif now >= post_at:
            self._end(plan, slot, "unknown")

    def _again(self, plan: Plan, slot: Slot) -> None:
        """Slack surely does not have it, and its time has not come."""
        if self._clock.now() + SETTLE + TOO_CLOSE < _moment(slot) and slot.channel == self._channel(plan):
            self._schedule(plan, self._slots.asked(slot, self._clock.now()))
        else:  # there is no time left to ask once more: another second, from the beginning
            self._slots.unbook(slot)

    # -- around ---------------------------------------------------------------------------------

    def _end(self, plan: Plan, slot: Slot, state: Ended) -> None:
        now = self._clock.now()
        self._slots.end(slot, state, next_due(plan.rule, plan.zone, max(slot.due, now - LATEST)))
        self._patience.forget(plan.key)
        for held in (self._plain, self._refused_as_past):
            held.discard(plan.key)
        self._closed.pop(plan.key, None)
        if state == "sent":
            self._metrics.count("tidegate_outbox_sent_total", kind="digest")
            return
        self._metrics.count("tidegate_outbox_dropped_total", kind="digest", why=state)
        log.error(_SAID[state], plan.channel, slot.due.astimezone(plan.zone).isoformat(timespec="minutes"))

    def _channel(self, plan: Plan) -> str:
        """Its own channel, then the home channel; empty when both take nothing."""
        closed = self._closed.get(plan.key, set())
        return next((one for one in (plan.channel, self._home) if one and one not in closed), "")

    def _content(self, plan: Plan, slot: Slot) -> dict[str, Any]:
        title = f"Summary, {slot.due.astimezone(plan.zone):%a %d %b %H:%M} ({plan.zone.key})"
        return self._render(self._report(plan.apps, self._since(plan, slot), title))

    def _since(self, plan: Plan, slot: Slot) -> datetime:
        """When the last one that was surely sent was made; for the first one, the time before this."""
        last = self._slots.last_sent(plan.key)
        if last is not None and last.booked_at is not None:
            return last.booked_at
        for days in (1, 7, 31):
            before = next_due(plan.rule, plan.zone, slot.due - timedelta(days=days, hours=2))
            if before < slot.due:
                return before
        return slot.due - timedelta(days=31)


_SAID: dict[Ended, str] = {
    "missed": "the summary for %s of %s is more than an hour late and was left out: the next one says it all",
    "unknown": "nobody knows whether the summary for %s of %s was posted: it is not sent again",
    "refused": "the summary for %s of %s has no channel that takes it: set [slack] home, or correct `channel`",
}


def _plans(config: Config) -> dict[str, Plan]:
    return {plan.key: plan for plan in (_plan(one, tuple(config.apps)) for one in config.digests)}


def _plan(digest: Digest, apps: tuple[str, ...]) -> Plan:
    """The key changes with anything that makes it another summary."""
    meaning = json.dumps([digest.channel, digest.rule, digest.timezone, sorted(digest.apps)])
    key = hashlib.sha256(meaning.encode()).hexdigest()[:16]
    return Plan(key, digest.channel, digest.rule, ZoneInfo(digest.timezone), digest.apps or apps)


def _moment(slot: Slot) -> datetime:
    return datetime.fromtimestamp(slot.post_at or 0, UTC)
