"""Notices and people: the buttons under a notice, and what readers are shown. One transaction a press.

A mute silences messages only; nothing here touches a gate, a rollout or the world.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from rollout import entries
from rollout.alarms.model import AlarmState, Alert, Key, Mute, Taken
from rollout.alarms.ports import AlarmLedger, AlarmReads, AlarmWork
from rollout.alarms.presses import PRESSES, SPANS
from rollout.alarms.report import gather
from rollout.alarms.views import AlarmsReport, AlertView
from rollout.ask import Ask
from rollout.audit import EntryKind
from rollout.durations import print_duration
from rollout.errors import BadInput, Denied, NotFound, Refused, TidegateError
from rollout.hooks import Hooks
from rollout.notices import Answer
from rollout.people import Actor, Roles
from rollout.policy import IdentityPending, Knowledge, permit
from rollout.ports import Clock, Policy, Reads, Reply, StoredAsk
from rollout.verbs import VERBS


class AlarmDesk:
    """Takes presses, answers readers. `called`: who is on call, and may press whatever the roles say."""

    def __init__(
        self, ledger: AlarmLedger, policy: Policy, clock: Clock, hooks: Hooks, called: Callable[[], str] = str
    ) -> None:
        self._ledger, self.policy, self._clock, self._hooks, self._called = ledger, policy, clock, hooks, called

    def press(self, ask: Ask, actor: Actor, *, dedupe: str, reply: str = "") -> Reply:
        """Acknowledge, mute, unmute: stored with its answer. The same press again gets the stored answer.

        Never raises for a refusal. Who is not recognised yet has to press again: a mute must not begin minutes later.
        """
        now = self._clock.now()
        with self._ledger.work() as work:
            old = work.answered(dedupe)
            if old is not None:
                return old
            answer, target, kind = self._answer(work, ask, actor, now)
            work.remember(
                StoredAsk(dedupe=dedupe, ask=ask, actor=actor, state="answered", reply=answer, address=reply, at=now)
            )
            work.audit(entries.asked(kind, ask, actor, answer, now, target))
            if reply:
                work.tell(
                    Answer(reply=reply, text=answer.text, hint=answer.hint, who=answer.who, good=answer.ok, at=now)
                )
        return answer

    def view(self, alert: int) -> AlertView:
        """What a notice shows now. NotFound when there is none of that number."""
        with self._ledger.reads() as reads:
            found = _found(reads, alert)
            mine = [line.key for line in found.lines if not line.moved]
            states = [state for key in mine if (state := reads.alarm_state(key)) is not None]
            live = [one for env in found.envs if (one := reads.live(found.app, env)) is not None]
            lanes = {line.key.lane for line in found.lines}
            return AlertView(
                alert=found, states=tuple(states), live=tuple(live), now=self._clock.now(),
                regions={lane: lane.partition("/")[2] for lane in lanes},
            )  # fmt: skip

    def report(self, apps: Sequence[str], since: datetime, title: str = "") -> AlarmsReport:
        """All alarms of these apps, and what happened since then."""
        return gather(self._ledger, apps, since, self._clock.now(), title)

    # -- presses --------------------------------------------------------------------------------

    def _answer(self, work: AlarmWork, ask: Ask, actor: Actor, now: datetime) -> tuple[Reply, str, EntryKind]:
        target = ""
        try:
            if ask.verb not in PRESSES or ask.alert is None:
                raise BadInput(f"{ask.verb[:40]!r} is no button of a notice", "use the buttons of the notice")
            alert = _found(work, ask.alert)
            target = alert.app
            self._permit(work, alert, actor, now)
            text = self._done(work, alert, ask.verb, actor, now)
        except IdentityPending as no:
            hint = "this is looked up now: press again in a minute"
            return Reply(ok=False, text=no.fact, hint=hint, offer="identity"), target, "denied"
        except Denied as no:
            fact = no.fact.replace("you cannot roll back here", "you cannot answer for this notice")
            return Reply(ok=False, text=fact, hint=no.hint, who=no.who), target, "denied"
        except TidegateError as no:
            return Reply(ok=False, text=no.fact, hint=no.hint), target, "refused"
        return Reply(ok=True, text=text, hint=f"/deploy alarms {alert.app}"), target, "ask"

    def _permit(self, work: Reads, alert: Alert, actor: Actor, now: datetime) -> None:
        """Who may roll back one of the app's environments may answer for its alarms, and who is on call."""
        envs = [env for app, env in self.policy.targets() if app == alert.app] or [""]
        held = [self.policy.terms(alert.app, env, "")[1].roles if env else Roles() for env in envs]
        called = filter(None, [self._called()])
        roles = Roles(
            deploy=tuple(dict.fromkeys((*(one for each in held for one in each.deploy), *called))),
            approve=tuple(dict.fromkeys(one for each in held for one in each.approve)),
            admin=tuple(dict.fromkeys(one for each in held for one in each.admin)),
        )
        person = work.person(actor.team, actor.id) if actor.kind == "person" else None
        known = Knowledge(person=person, directory_at=work.directory_read_at(), home=self._hooks.home())
        permit(roles, actor, VERBS["rollback"], known, now)

    def _done(self, work: AlarmWork, alert: Alert, verb: str, actor: Actor, now: datetime) -> str:
        if verb == "ack":
            return _acknowledge(work, alert, actor, now)
        if not alert.open:
            raise Refused("this notice is over", f"/deploy alarms {alert.app} shows what is red now")
        mine = [line.key for line in alert.lines if not line.moved]
        states = [state for key in mine if (state := work.alarm_state(key)) is not None]
        if verb == "unmute":
            return _unmute(work, alert, states, now)
        return _mute(work, alert, states, Mute(by=actor, at=now, until=_until(verb, now)))


def _acknowledge(work: AlarmWork, alert: Alert, actor: Actor, now: datetime) -> str:
    if alert.taken is not None:
        who = alert.taken.by.name or alert.taken.by.id
        raise Refused(f"{who} has it since {alert.taken.at:%H:%M} UTC", "nothing was changed")
    if not alert.bad:
        raise Refused("nothing is red any more", f"/deploy alarms {alert.app} shows what is")
    work.put_alert(alert.model_copy(update={"taken": Taken(by=actor, at=now)}))
    return f"you have it: {_names(line.key for line in alert.bad)}"


def _mute(work: AlarmWork, alert: Alert, states: Sequence[AlarmState], mute: Mute) -> str:
    if mute.until is None and not alert.bad:
        raise Refused("nothing is red any more, so there is no OK to wait for", "choose 1 h or 4 h")
    quiet = [state for state in states if mute.until is not None or state.bad]
    if not quiet:
        raise Refused("nothing of this notice is watched any more", "no message about it will come")
    for state in quiet:
        work.save_alarm(state.model_copy(update={"muted": mute}))
    work.put_alert(alert)
    length = f"for {print_duration(mute.until - mute.at)}" if mute.until else "until it is OK"
    return f"messages about {_names(state.key for state in quiet)} are silenced {length}; its gates still count"


def _unmute(work: AlarmWork, alert: Alert, states: Sequence[AlarmState], now: datetime) -> str:
    muted = [state for state in states if state.muted is not None and state.muted.holds(now)]
    if not muted:
        raise Refused("nothing here is muted", "nothing was changed")
    for state in muted:
        work.save_alarm(state.model_copy(update={"muted": None}))
    work.put_alert(alert)
    return f"messages about {_names(state.key for state in muted)} come again"


def _until(verb: str, now: datetime) -> datetime | None:
    span = SPANS[verb]
    return now + span if span is not None else None


def _names(keys: Iterable[Key]) -> str:
    names = [key.name for key in keys]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def _found(reads: AlarmReads, alert: int) -> Alert:
    found = reads.alert(alert)
    if found is None:
        raise NotFound(f"there is no notice {alert}", "/deploy alarms shows what is red now")
    return found
