"""[I have it]: somebody takes a page, and the calls end. Moves no traffic and changes no rollout."""

from collections.abc import Callable
from datetime import datetime

from bot.clock import SystemClock
from rollout import entries
from rollout.ask import Ask
from rollout.errors import Denied, NotFound, TidegateError
from rollout.notices import Answer, CardChanged, Event
from rollout.people import Actor, Roles
from rollout.policy import IdentityPending, Knowledge, permit
from rollout.ports import Reply, StoredAsk, Work
from rollout.verbs import VERBS
from store import Store
from store.ledger import Writing


class Paging:
    """Takes pages for people: those who may roll back, and those who are called."""

    def __init__(self, store: Store, clock: SystemClock, home: Callable[[], str], mention: Callable[[], str]) -> None:
        self._store = store
        self._clock = clock
        self._home = home
        self._mention = mention

    def have_it(self, ask: Ask, actor: Actor, *, dedupe: str, reply: str) -> Reply:
        """End the calls for one rollout, together with the answer. The same press again gets the stored answer.

        Who is not recognised yet has to press again: a page must not be taken minutes later by surprise.
        """
        now = self._clock.now()
        with self._store.work() as work:
            old = work.answered(dedupe)
            if old is not None:
                return old
            answer, target = self._answer(work, ask, actor)
            state = {"dedupe": dedupe, "ask": ask, "actor": actor, "state": "answered", "reply": answer}
            work.remember(StoredAsk.model_validate({**state, "address": reply, "at": now}))
            work.audit(entries.asked("ask" if answer.ok else "denied", ask, actor, answer, now, target))
            if answer.ok and answer.rollout is not None:
                self._taken(work, answer.rollout, actor, now)
            if reply:
                said = {"text": answer.text, "hint": answer.hint, "rollout": answer.rollout}
                work.tell(Answer.model_validate({"reply": reply, "good": answer.ok, "at": now, **said}))
        return answer

    def _taken(self, work: Writing, rollout: int, actor: Actor, now: datetime) -> None:
        """The thread says who has it: the others were called, too."""
        if work.take_page(rollout, actor, now):
            work.tell(Event(rollout=rollout, what="page_taken", by=actor, text="nobody else is called", at=now))
            work.tell(CardChanged(rollout=rollout, human=True))  # the message that called loses its button

    def _answer(self, work: Work, ask: Ask, actor: Actor) -> tuple[Reply, str]:
        rollout = work.rollout(ask.ref) if ask.ref is not None else None
        try:
            if rollout is None:
                raise NotFound(f"there is no rollout #{ask.ref}", "/deploy list shows what runs")
            held = rollout.terms.roles
            deploy = (*held.deploy, *filter(None, [self._mention()]))
            roles = Roles(deploy=deploy, approve=held.approve, admin=held.admin)
            person = work.person(actor.team, actor.id) if actor.kind == "person" else None
            known = Knowledge(person=person, directory_at=work.directory_read_at(), home=self._home())
            permit(roles, actor, VERBS["rollback"], known, self._clock.now())
        except IdentityPending as no:
            hint = "this is looked up now: try again in a minute; until then the calls go on"
            return Reply(ok=False, text=no.fact, hint=hint, offer="identity"), ""
        except Denied as no:
            text = no.fact.replace("you cannot roll back here", "you cannot take this page")
            return Reply(ok=False, text=text, hint=no.hint, who=no.who), ""
        except TidegateError as no:
            return Reply(ok=False, text=no.fact, hint=no.hint), ""
        text, hint = "you have it; nobody else is called", f"/deploy status #{rollout.id}"
        return Reply(ok=True, text=text, hint=hint, rollout=rollout.id), rollout.target
