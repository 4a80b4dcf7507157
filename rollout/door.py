"""The one door for wishes: permit, decide, store, answer, in one transaction. No world behind it: rows only.

A refusal is an answer, not an exception; the same request again gets the stored answer and runs nothing.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from rollout import entries
from rollout.anew import after_end, nothing, override, recorded
from rollout.ask import Ask
from rollout.audit import EntryKind
from rollout.dry_run import dry_run
from rollout.durations import print_duration
from rollout.errors import BadInput, Denied, NotFound, Refused, TidegateError
from rollout.hooks import Hooks
from rollout.model import Phase, Rollout
from rollout.notices import Answer, CardChanged, Event, What
from rollout.people import Actor
from rollout.policy import IdentityPending, Knowledge, permit
from rollout.ports import Clock, Ledger, Policy, Reads, Reply, StoredAsk, Work
from rollout.table import AFTER_END, WORDS
from rollout.terms import Terms
from rollout.verbs import VERBS, Verb
from rollout.watched_wishes import promoted
from rollout.wishes import apply, begin

_TOLD: dict[str, What] = {
    "pause": "paused", "resume": "resumed", "go-on": "went_on", "rollback": "going_back", "reject": "going_back",
    "retry": "retried", "adopt": "adopted", "restore": "restored", "cancel": "cancelled", "approve": "approved",
    "ship": "shipped",
}  # fmt: skip


@dataclass(slots=True)
class _Call:
    """One wish on its way: who, when (read once, so that everything it stores is of one moment), and what to wake."""

    ask: Ask
    actor: Actor
    now: datetime
    known: bool = False
    woken: list[Rollout] = field(default_factory=list)


class Door:
    """Takes wishes from anywhere; `hooks.wake` tells the shell that a rollout wants a look at once."""

    def __init__(self, ledger: Ledger, policy: Policy, clock: Clock, hooks: Hooks) -> None:
        self._ledger, self.policy, self._clock, self._hooks = ledger, policy, clock, hooks

    def ask(self, ask: Ask, actor: Actor, *, dedupe: str, reply: str = "", known: bool = False) -> Reply:
        """Take one wish; see desk.Desk.ask. `known`: the directory was asked just now, so pending means denied."""
        call = _Call(ask, actor, self._clock.now(), known)
        with self._ledger.work() as work:
            old = work.answered(dedupe)
            if old is not None:
                self._replayed(work, call, dedupe)
                return old
            answer = self._answer(work, call)
            pending = answer.offer == "identity"
            work.remember(
                StoredAsk(
                    dedupe=dedupe, ask=ask, actor=actor, state="identity" if pending else "answered",
                    reply=None if pending else answer, address=reply, at=call.now,
                )
            )  # fmt: skip
            if reply and (ask.bound is not None or known) and not pending:
                _privately(work, answer, reply, call.now)
            self._hooks.hit("L1")
        self._hooks.hit("L2")
        for rollout in call.woken:
            self._hooks.wake(rollout)
        return answer

    def turned_away(self, words: str, actor: Actor, error: TidegateError) -> None:
        """Write down a request that never became a wish; see desk.Desk.turned_away."""
        now = self._clock.now()
        with self._ledger.work() as work:
            work.audit(entries.turned_away(words, actor, error, now))

    def answer_waiting(self) -> int:
        """Take the wishes that CLI twins wrote into the ledger; how many. One that cannot be taken stops no other."""
        with self._ledger.reads() as reads:
            waiting = reads.waiting_asks("new")
        for stored in waiting:
            self._hooks.hit("E1")
            try:
                self.ask(stored.ask, stored.actor, dedupe=stored.dedupe)
            except Exception as wrong:  # noqa: BLE001 - whatever it is, the next wish may be a rollback
                self._give_up(stored, type(wrong).__name__)
        return len(waiting)

    def _give_up(self, stored: StoredAsk, why: str) -> None:
        reply = Reply(ok=False, text=f"this wish could not be taken ({why}); nothing was changed", hint="say it again")
        with self._ledger.work() as work:
            work.remember(stored.model_copy(update={"state": "answered", "reply": reply}))

    def _replayed(self, work: Work, call: _Call, dedupe: str) -> None:
        """Exact replays are audited once."""
        mark = f"{dedupe} replayed"
        if work.answered(mark) is None:
            reply = Reply(ok=True, text="replayed: the first answer was given again")
            work.remember(
                StoredAsk(dedupe=mark, ask=call.ask, actor=call.actor, state="answered", reply=reply, at=call.now)
            )
            work.audit(entries.asked("replayed", call.ask, call.actor, reply, call.now, ""))

    def _answer(self, work: Work, call: _Call) -> Reply:
        ask, target = call.ask, f"{call.ask.app}/{call.ask.env}".rstrip("/")
        kind: EntryKind = "refused"
        try:
            reply, target = self._take(work, call)
            kind = "ask"
        except IdentityPending as pending:
            if not call.known:
                return Reply(ok=True, text=pending.fact, hint=pending.hint, offer="identity")
            reply, kind = Reply(ok=False, text=pending.fact, hint="ask again in a minute"), "denied"
        except Denied as no:
            reply, kind = Reply(ok=False, text=no.fact, hint=no.hint, who=no.who), "denied"
        except Refused as no:
            reply = Reply(ok=False, text=no.fact, hint=no.hint, offer=no.offer or "", rollout=no.rollout)
        except TidegateError as no:
            reply = Reply(ok=False, text=no.fact, hint=no.hint)
        work.audit(entries.asked(kind, ask, call.actor, reply, call.now, target))
        return reply

    def _take(self, work: Work, call: _Call) -> tuple[Reply, str]:
        ask = call.ask
        verb = VERBS.get(ask.verb)
        if verb is None or verb.reads:
            raise BadInput(f"{ask.verb[:40]!r} changes nothing", "/deploy help lists what does")
        app, env, about = self._place(work, ask)
        live = about if about is not None and about.live else work.live(app, env)
        if live is not None and ask.verb not in ("start", "unlock"):
            terms = live.terms  # S4: whatever the file says by now, a live rollout keeps the terms it began with
        else:
            _, terms = self.policy.terms(app, env, ask.plan if ask.verb == "start" else "")
        self._permit(work, terms, call, _right(verb, ask, terms))
        if verb.reason == "must" and not ask.reason.strip():
            raise Refused(f"{verb.name} needs a reason", f'/deploy {ask.words} --reason "..."')
        call.ask = ask = ask.model_copy(update={"app": app, "env": env})
        if ask.verb == "unlock":
            reply = self._unlock(work, call)
        elif ask.verb == "start" or live is None or (about is not None and not about.live):
            reply = self._anew(work, about, call)
        else:
            reply = self._wish(work, live, call)
        return reply, f"{app}/{env}"

    def _place(self, work: Reads, ask: Ask) -> tuple[str, str, Rollout | None]:
        if ask.ref is None:
            try:
                app, env = self.policy.find(ask.app, ask.env)
            except NotFound:
                # A target that left the file may still have a live rollout, and that one can still be steered.
                mine = [one for one in work.all_live() if one.app == ask.app and ask.env in ("", one.env)]
                if len(mine) != 1 or ask.verb == "start":
                    raise
                return mine[0].app, mine[0].env, mine[0]
            return app, env, None
        about = work.rollout(ask.ref)
        if about is None:
            raise NotFound(f"there is no rollout #{ask.ref}", "/deploy history lists them")
        return about.app, about.env, about

    def _permit(self, work: Reads, terms: Terms, call: _Call, verb: Verb) -> None:
        actor = call.actor
        person = work.person(actor.team, actor.id) if actor.kind == "person" else None
        known = Knowledge(person=person, directory_at=work.directory_read_at(), home=self._hooks.home())
        permit(terms.roles, actor, verb, known, call.now)

    def _wish(self, work: Work, live: Rollout, call: _Call) -> Reply:
        """A wish about the live rollout: the row changes, the next look acts on it."""
        ask, actor, now = call.ask, call.actor, call.now
        if ask.release and not (live.stable is not None and ask.release == live.stable.id):
            raise Refused(
                f"#{live.id} is live: {ask.verb} takes it back to what served before, not to {ask.release}",
                f"/deploy {ask.verb} #{live.id}; another release can be named when it has ended",
                rollout=live.id,
            )
        after = work.save(apply(live, ask, actor, now))
        if entries.changed(live, after):
            work.audit(entries.transition(live, after, now, actor))
        what = _TOLD.get(ask.verb)
        if what is not None and live.phase is not Phase.REQUESTED and ask.verb != "approve":
            text = ask.reason
            work.tell(Event(rollout=live.id, what=what, text=text, by=actor, percent=live.proven, at=now))
        if live.phase is not Phase.REQUESTED:
            work.tell(CardChanged(rollout=live.id, human=True))
        call.woken.append(after)
        return Reply(ok=True, text=_taken(ask, after), rollout=live.id)

    def _anew(self, work: Work, about: Rollout | None, call: _Call) -> Reply:
        """A start, or a verb that begins a new rollout because the one it means has ended."""
        ask, now = call.ask, call.now
        if ask.verb != "start":
            if ask.verb not in AFTER_END:
                raise nothing(ask, about or work.last(ask.app, ask.env))
            _free(work, ask, now)
            ask = after_end(work, ask, about)
        kind, terms = self.policy.terms(ask.app, ask.env, ask.plan, back=ask.verb == "rollback")
        if ask.dry_run:
            return dry_run(work, ask, terms, now)
        hold = work.hold(ask.app, ask.env)
        if hold is not None and ask.verb != "rollback":
            by = f" by {hold.by.name or hold.by.id}" if hold.by else ""
            raise Refused(
                f"{ask.app}/{ask.env} is held{by} since #{hold.rollout}: {hold.reason}",
                f'look at it first; then /deploy unlock {ask.app}/{ask.env} --reason "..."',
                offer="unlock", rollout=hold.rollout,
            )  # fmt: skip
        _free(work, ask, now)
        if not terms.channel:
            terms = terms.model_copy(update={"channel": ask.channel})
        if terms.after:
            terms = terms.model_copy(update={"shipped": _shipped(work, ask.app, terms.after)})
        begun = begin(ask, terms, call.actor, now, kind=kind)
        if call.ask.verb == "override":
            begun = override(work, ask, call.actor, begun, about)
        if begun.back:
            begun = begun.but(home=recorded(work, ask))
        new = work.add(begun)
        work.audit(entries.transition(None, new, now, call.actor))
        call.woken.append(new)
        steps = str(terms.schedule or terms.plan)
        steps = "the schedule that AWS has for it" if steps == "watch" else steps
        what = f"going back to {ask.release} in one step" if new.back else f"plan {terms.plan.name}: {steps}"
        return Reply(ok=True, text=f"#{new.id}: looking at {ask.app} in {ask.env}…", hint=what, rollout=new.id)

    def _unlock(self, work: Work, call: _Call) -> Reply:
        ask, actor, now = call.ask, call.actor, call.now
        hold = work.hold(ask.app, ask.env)
        if hold is None:
            raise Refused(f"{ask.app}/{ask.env} is not held", f"/deploy {ask.app}/{ask.env} starts a rollout")
        if ask.bound is not None and ask.bound.rollout != hold.rollout:
            target = f"{ask.app}/{ask.env}"
            raise Refused(
                f"the hold of #{ask.bound.rollout} is over: #{hold.rollout} holds {target} now: {hold.reason}",
                f'/deploy unlock {target} --reason "..." releases that', rollout=hold.rollout, offer="status",
            )  # fmt: skip
        work.drop_hold(ask.app, ask.env)
        work.tell(Event(rollout=hold.rollout, what="unlocked", text=ask.reason, by=actor, at=now))
        work.tell(CardChanged(rollout=hold.rollout, human=True))
        veto = f"; {' and '.join(hold.vetoes)} may be deployed again" if hold.vetoes else ""
        return Reply(ok=True, text=f"{ask.app}/{ask.env} is released{veto}", rollout=hold.rollout)


def _shipped(work: Reads, app: str, env: str) -> tuple[str, ...]:
    """What succeeded there and is not vetoed: among the last two hundred rollouts of that target."""
    hold = work.hold(app, env)
    ended = [one for one in work.history(app, env, limit=200) if one.phase is Phase.SUCCEEDED and one.candidate]
    fine = [one.candidate for one in ended if one.candidate and not (hold and one.candidate.id in hold.vetoes)]
    return tuple(dict.fromkeys(release.content for release in fine))


def _right(verb: Verb, ask: Ask, terms: Terms) -> Verb:
    """Where no approval is configured, any deployer may answer what waits for a person (DESIGN §7)."""
    if ask.full:
        return verb.model_copy(update={"right": "admin"})
    if verb.right == "approve" and terms.approval is None:
        return verb.model_copy(update={"right": "deploy or approve"})
    return verb


def _privately(work: Work, answer: Reply, address: str, now: datetime) -> None:
    work.tell(
        Answer(
            reply=address, text=answer.text, hint=answer.hint, offer=answer.offer, rollout=answer.rollout,
            good=answer.ok, who=answer.who, at=now,
        )
    )  # fmt: skip


def _free(work: Reads, ask: Ask, now: datetime) -> None:
    """S6, said in words; the unique index says it in any case."""
    busy = work.live(ask.app, ask.env)
    if busy is not None:
        raise _busy(busy, now)


def _busy(busy: Rollout, now: datetime) -> Refused:
    who = busy.by.name or busy.by.id
    at = f" at {busy.proven} %" if busy.proven is not None else ""
    return Refused(
        f"{busy.target} is busy: #{busy.id} is {WORDS[busy.phase]}{at}, started by {who} "
        f"{_length(now - busy.created_at)} ago",
        f"it has to end first; /deploy status #{busy.id} shows it",
        rollout=busy.id, offer="status",
    )  # fmt: skip


def _length(span: timedelta) -> str:
    seconds = max(int(span.total_seconds()), 0)
    return print_duration(timedelta(seconds=seconds if seconds < 120 else seconds // 60 * 60))


def _taken(ask: Ask, after: Rollout) -> str:
    words = {
        "promote": promoted(after),
        "pause": f"paused at {after.proven or 0} %",
        "resume": "it goes on",
        "approve": "approved",
        "reject": "rejected",
        "go-on": "it goes on without evidence, for this step",
        "rollback": "rolling back now" if after.live else "stopped before any traffic moved",
        "ship": "all traffic goes to the new release at the next look, if it is still known to bear it",
        "cancel": "cancelled",
        "retry": "trying again",
        "adopt": "accepted as AWS shows it; this rollout has ended",
        "restore": "putting it back",
    }
    return f"#{after.id} {after.target}: {words[ask.verb]}"
