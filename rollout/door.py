"""The one door for wishes: permit, decide, store, answer, in one transaction. No world behind it: rows only.

A refusal is an answer, not an exception; the same request again gets the stored answer and runs nothing.
"""

from datetime import datetime, timedelta

from rollout import entries
from rollout.ask import Ask
from rollout.durations import print_duration
from rollout.errors import BadInput, Denied, NotFound, Refused, TidegateError
from rollout.hooks import Hooks
from rollout.model import Phase, Rollout
from rollout.notices import Answer, CardChanged, Event, What
from rollout.people import Actor, Roles
from rollout.policy import IdentityPending, Knowledge, permit
from rollout.ports import Clock, Ledger, Policy, Reads, Reply, StoredAsk, Work
from rollout.table import AFTER_END, WORDS
from rollout.verbs import VERBS, Verb
from rollout.wishes import apply, begin

_TOLD: dict[str, What] = {
    "pause": "paused", "resume": "resumed", "go-on": "went_on", "rollback": "going_back", "reject": "going_back",
    "retry": "retried", "adopt": "adopted", "restore": "restored", "cancel": "cancelled", "approve": "approved",
}  # fmt: skip


class Door:
    """Takes wishes from anywhere; `hooks.wake` tells the shell that a rollout wants a look at once."""

    def __init__(self, ledger: Ledger, policy: Policy, clock: Clock, hooks: Hooks) -> None:
        self._ledger, self.policy, self._clock, self._hooks = ledger, policy, clock, hooks

    def ask(self, ask: Ask, actor: Actor, *, dedupe: str, reply: str = "", known: bool = False) -> Reply:
        """Take one wish; see desk.Desk.ask. `known`: the directory was asked just now, so pending means denied."""
        woken: list[Rollout] = []
        with self._ledger.work() as work:
            old = work.answered(dedupe)
            if old is not None:
                self._replayed(work, ask, actor, dedupe)
                return old
            answer = self._answer(work, ask, actor, woken, known=known)
            pending = answer.offer == "identity"
            work.remember(
                StoredAsk(
                    dedupe=dedupe, ask=ask, actor=actor, state="identity" if pending else "answered",
                    reply=None if pending else answer, address=reply, at=self._clock.now(),
                )
            )  # fmt: skip
            if reply and (ask.bound is not None or known) and not pending:
                self._privately(work, answer, reply)
            self._hooks.hit("L1")
        self._hooks.hit("L2")
        for rollout in woken:
            self._hooks.wake(rollout)
        return answer

    def turned_away(self, words: str, actor: Actor, error: TidegateError) -> None:
        """Write down a request that never became a wish; see desk.Desk.turned_away."""
        now = self._clock.now()
        with self._ledger.work() as work:
            work.audit(entries.turned_away(words, actor, error, now))

    def answer_waiting(self) -> int:
        """Take the wishes that CLI twins wrote into the ledger; how many."""
        with self._ledger.reads() as reads:
            waiting = reads.waiting_asks("new")
        for stored in waiting:
            self._hooks.hit("E1")
            self.ask(stored.ask, stored.actor, dedupe=stored.dedupe)
        return len(waiting)

    def _replayed(self, work: Work, ask: Ask, actor: Actor, dedupe: str) -> None:
        """Exact replays are audited once."""
        mark = f"{dedupe} replayed"
        if work.answered(mark) is None:
            now = self._clock.now()
            reply = Reply(ok=True, text="replayed: the first answer was given again")
            work.remember(StoredAsk(dedupe=mark, ask=ask, actor=actor, state="answered", reply=reply, at=now))
            work.audit(entries.asked("replayed", ask, actor, reply, now, ""))

    def _answer(self, work: Work, ask: Ask, actor: Actor, woken: list[Rollout], *, known: bool) -> Reply:
        now = self._clock.now()
        try:
            reply, target = self._take(work, ask, actor, woken)
        except IdentityPending as pending:
            if not known:
                return Reply(ok=True, text=pending.fact, hint=pending.hint, offer="identity")
            reply, target = Reply(ok=False, text=pending.fact, hint="ask again in a minute"), ask.app
            work.audit(entries.asked("denied", ask, actor, reply, now, target))
        except TidegateError as no:
            reply = _refusal(no)
            target = f"{ask.app}/{ask.env}".rstrip("/")
            work.audit(entries.asked("denied" if isinstance(no, Denied) else "refused", ask, actor, reply, now, target))
        else:
            work.audit(entries.asked("ask", ask, actor, reply, now, target))
        return reply

    def _privately(self, work: Work, answer: Reply, address: str) -> None:
        work.tell(
            Answer(
                reply=address, text=answer.text, hint=answer.hint, offer=answer.offer, rollout=answer.rollout,
                good=answer.ok, who=answer.who, at=self._clock.now(),
            )
        )  # fmt: skip

    def _take(self, work: Work, ask: Ask, actor: Actor, woken: list[Rollout]) -> tuple[Reply, str]:
        verb = VERBS.get(ask.verb)
        if verb is None or verb.reads:
            raise BadInput(f"{ask.verb[:40]!r} changes nothing", "/deploy help lists what does")
        app, env, about = self._place(work, ask)
        live = about if about is not None and about.live else work.live(app, env)
        _, terms = self.policy.terms(app, env, ask.plan if ask.verb == "start" else "")
        roles = live.terms.roles if live is not None and ask.verb != "start" else terms.roles
        self._permit(work, roles, actor, _right(verb, ask))
        if verb.reason == "must" and not ask.reason.strip():
            raise Refused(f"{verb.name} needs a reason", f'/deploy {ask.words} --reason "..."')
        ask = ask.model_copy(update={"app": app, "env": env})
        if ask.verb == "unlock":
            reply = self._unlock(work, ask, actor)
        elif ask.verb == "start" or live is None or (about is not None and not about.live):
            reply = self._anew(work, ask, actor, about, woken)
        else:
            reply = self._wish(work, live, ask, actor, woken)
        return reply, f"{app}/{env}"

    def _place(self, work: Reads, ask: Ask) -> tuple[str, str, Rollout | None]:
        if ask.ref is None:
            app, env = self.policy.find(ask.app, ask.env)
            return app, env, None
        about = work.rollout(ask.ref)
        if about is None:
            raise NotFound(f"there is no rollout #{ask.ref}", "/deploy history lists them")
        return about.app, about.env, about

    def _permit(self, work: Reads, roles: Roles, actor: Actor, verb: Verb) -> None:
        person = work.person(actor.team, actor.id) if actor.kind == "person" else None
        known = Knowledge(person=person, directory_at=work.directory_read_at(), home=self._hooks.home())
        permit(roles, actor, verb, known, self._clock.now())

    def _wish(self, work: Work, live: Rollout, ask: Ask, actor: Actor, woken: list[Rollout]) -> Reply:
        """A wish about the live rollout: the row changes, the next look acts on it."""
        now = self._clock.now()
        after = work.save(apply(live, ask, actor, now))
        if entries.changed(live, after):
            work.audit(entries.transition(live, after, now, actor))
        what = _TOLD.get(ask.verb)
        if what is not None and live.phase is not Phase.REQUESTED and ask.verb != "approve":
            text = ask.reason
            work.tell(Event(rollout=live.id, what=what, text=text, by=actor, percent=live.proven, at=now))
        if live.phase is not Phase.REQUESTED:
            work.tell(CardChanged(rollout=live.id, human=True))
        woken.append(after)
        return Reply(ok=True, text=_taken(ask, after), rollout=live.id)

    def _anew(self, work: Work, ask: Ask, actor: Actor, about: Rollout | None, woken: list[Rollout]) -> Reply:
        """A start, or a verb that begins a new rollout because the one it means has ended."""
        if ask.verb != "start":
            ended = about or work.last(ask.app, ask.env)
            if ended is None or ask.verb not in AFTER_END:
                raise _nothing(ask, ended)
            busy = work.live(ask.app, ask.env)
            if busy is not None:
                raise _busy(busy, self._clock.now())
            ask = self._after_end(work, ask, ended)
        kind, terms = self.policy.terms(ask.app, ask.env, ask.plan, back=ask.verb == "rollback")
        now = self._clock.now()
        if ask.dry_run:
            text = f"{ask.app}/{ask.env} would run {terms.plan.name}: {terms.plan}; then bake {_length(terms.bake)}"
            return Reply(ok=True, text=text, hint="nothing was started")
        hold = work.hold(ask.app, ask.env)
        if hold is not None and ask.verb != "rollback":
            by = f" by {hold.by.name or hold.by.id}" if hold.by else ""
            raise Refused(
                f"{ask.app}/{ask.env} is held{by} since #{hold.rollout}: {hold.reason}",
                f'look at it first; then /deploy unlock {ask.app}/{ask.env} --reason "..."',
                offer="unlock", rollout=hold.rollout,
            )  # fmt: skip
        busy = work.live(ask.app, ask.env)
        if busy is not None:
            raise _busy(busy, now)
        if not terms.channel:
            terms = terms.model_copy(update={"channel": ask.channel})
        new = work.add(begin(ask, terms, actor, now, kind=kind))
        work.audit(entries.transition(None, new, now, actor))
        woken.append(new)
        what = f"going back to {ask.release} in one step" if new.back else f"plan {terms.plan.name}: {terms.plan}"
        return Reply(ok=True, text=f"#{new.id}: looking at {ask.app} in {ask.env}…", hint=what, rollout=new.id)

    def _after_end(self, work: Reads, ask: Ask, ended: Rollout) -> Ask:
        """S3: the ended rollout stays as it is; what the verb means now is a new one."""
        if ask.verb == "rollback":
            ended = ended if ended.phase is Phase.SUCCEEDED else work.last(
                ended.app, ended.env, phase=Phase.SUCCEEDED
            ) or ended  # fmt: skip
        if ended.phase not in AFTER_END[ask.verb]:
            raise _nothing(ask, ended)
        if ask.verb == "retry":
            release = ended.candidate.id if ended.candidate else ended.wanted
            return ask.model_copy(
                update={
                    "verb": "start",
                    "release": release,
                    "plan": ended.terms.plan.name,
                    "ref": None,
                    "bound": None,
                }
            )
        return ask.model_copy(update={"release": self._earlier(work, ask, ended), "ref": None})

    def _earlier(self, work: Reads, ask: Ask, ended: Rollout) -> str:
        if ask.release.startswith("#") and ask.release[1:].isdigit():
            other = work.rollout(int(ask.release[1:]))
            if other is None or other.candidate is None or other.target != ended.target:
                raise NotFound(f"{ask.release} is no rollout of {ended.target}", f"/deploy history {ended.app}")
            return other.candidate.id
        if ask.release:
            return ask.release
        if ended.stable is None:
            raise Refused(f"#{ended.id} recorded no earlier release", f"/deploy rollback {ended.target} to @<release>")
        return ended.stable.id

    def _unlock(self, work: Work, ask: Ask, actor: Actor) -> Reply:
        hold = work.hold(ask.app, ask.env)
        if hold is None:
            raise Refused(f"{ask.app}/{ask.env} is not held", f"/deploy {ask.app}/{ask.env} starts a rollout")
        now = self._clock.now()
        work.drop_hold(ask.app, ask.env)
        work.tell(Event(rollout=hold.rollout, what="unlocked", text=ask.reason, by=actor, at=now))
        work.tell(CardChanged(rollout=hold.rollout, human=True))
        veto = f"; {hold.veto} may be deployed again" if hold.veto else ""
        return Reply(ok=True, text=f"{ask.app}/{ask.env} is released{veto}", rollout=hold.rollout)


def _right(verb: Verb, ask: Ask) -> Verb:
    return verb.model_copy(update={"right": "admin"}) if ask.full else verb


def _refusal(no: TidegateError) -> Reply:
    offer = no.offer or "" if isinstance(no, Refused) else ""
    who = no.who if isinstance(no, Denied) else ()
    rollout = no.rollout if isinstance(no, Refused) else None
    return Reply(ok=False, text=no.fact, hint=no.hint, offer=offer, rollout=rollout, who=who)


def _nothing(ask: Ask, ended: Rollout | None) -> Refused:
    if ended is None:
        return Refused(f"nothing is running on {ask.app}/{ask.env}", f"/deploy {ask.app}/{ask.env} starts a rollout")
    return Refused(
        f"nothing is running on {ended.target}: #{ended.id} has ended, {WORDS[ended.phase]}",
        f"/deploy {ended.target} starts a new one; /deploy status {ended.target} shows the last",
        rollout=ended.id, offer="status",
    )  # fmt: skip


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
        "promote": "the bake ends at the next look, if all is still well",
        "pause": f"paused at {after.proven or 0} %",
        "resume": "it goes on",
        "approve": "approved",
        "reject": "rejected",
        "go-on": "it goes on without evidence, for this step",
        "rollback": "rolling back now" if after.live else "stopped before any traffic moved",
        "cancel": "cancelled",
        "retry": "trying again",
        "adopt": "accepted as AWS shows it; this rollout has ended",
        "restore": "putting it back",
    }
    return f"#{after.id} {after.target}: {words[ask.verb]}"
