"""Answers to reading verbs: one short read each, values out. Rendering is for handlers and the CLI."""

import json
from datetime import timedelta

from rollout.alarms.ports import AlarmLedger
from rollout.alarms.report import gather
from rollout.anew import WITHOUT_TRAFFIC
from rollout.ask import Ask
from rollout.errors import BadInput, Denied, NotFound
from rollout.hooks import Hooks
from rollout.model import Rollout
from rollout.moves import moves, stages
from rollout.people import Actor, Roles
from rollout.plan import BUILT_IN_NAMES
from rollout.policy import Knowledge, permit
from rollout.ports import Clock, Policy, Reads
from rollout.released import released
from rollout.reports import CardView, Help, Line, Listing, Report, Show, Status, Whoami
from rollout.verbs import VERBS, Verb

PAGE = 20
RECORDS = 50
"""Newest audit records of a rollout among which the release of its hold is looked for."""
DAY = timedelta(days=1)
"""What `alarms` looks back."""


class Answers:
    """Reads for people; anyone of the workspace may."""

    def __init__(self, ledger: AlarmLedger, policy: Policy, clock: Clock, hooks: Hooks) -> None:
        self._ledger, self.policy, self._clock, self._hooks = ledger, policy, clock, hooks

    def report(self, ask: Ask, actor: Actor) -> Report:
        """Answer one reading verb; NotFound names what exists, Denied who may."""
        verb = VERBS.get(ask.verb)
        if verb is None or not verb.reads:
            raise BadInput(f"{ask.verb[:40]!r} is no question", "/deploy help lists the verbs")
        with self._ledger.reads() as reads:
            self._permit(reads, actor, verb)
            answer = {
                "status": self._status, "list": self._list, "history": self._history, "show": self._show,
                "whoami": self._whoami, "help": self._help,
            }.get(verb.name)  # fmt: skip
            if answer is not None:
                return answer(reads, ask, actor)
        return self._alarms(ask)  # of any length: it reads page by page, in blocks of its own

    def _permit(self, reads: Reads, actor: Actor, verb: Verb) -> None:
        if actor.kind == "person":
            person = reads.person(actor.team, actor.id)
            known = Knowledge(person=person, directory_at=reads.directory_read_at(), home=self._hooks.home())
            permit(Roles(), actor, verb, known, self._clock.now())

    def card(self, rollout: int) -> CardView:
        """The present state of one card."""
        with self._ledger.reads() as reads:
            found = reads.rollout(rollout)
            if found is None:
                raise NotFound(f"there is no rollout #{rollout}", "/deploy history lists them")
            return self._whole(reads, found)

    def _whole(self, reads: Reads, rollout: Rollout) -> CardView:
        """With what the row of an ended rollout cannot know: that its hold was released, that a newer one has begun."""
        view = self._view(reads, rollout, newest=rollout.live or _newest(reads, rollout))
        freed = not rollout.live and (view.hold is None or view.hold.rollout != rollout.id)
        found = released(reads.audit_of(rollout.id, limit=RECORDS)) if freed else None
        return view.model_copy(update={"released": found})

    def _view(self, reads: Reads, rollout: Rollout, *, newest: bool) -> CardView:
        hold, head, now = reads.hold(rollout.app, rollout.env), reads.head(), self._clock.now()
        return CardView(
            rollout=rollout, moves=moves(rollout, hold, newest=newest), stages=stages(rollout, now), hold=hold,
            head_seq=head.seq if head else 0, head_hash=head.hash[:12] if head else "", now=now,
        )  # fmt: skip

    def _status(self, reads: Reads, ask: Ask, actor: Actor) -> Report:
        if ask.ref is not None:
            found = reads.rollout(ask.ref)
            if found is None:
                raise NotFound(f"there is no rollout #{ask.ref}", "/deploy history lists them")
            return Status(app=found.app, env=found.env, card=self._whole(reads, found))
        if not ask.app:
            return self._list(reads, ask, actor)
        app, env = self.policy.find(ask.app, ask.env)
        newest = reads.live(app, env) or reads.last(app, env)
        return Status(app=app, env=env, card=self._whole(reads, newest) if newest else None)

    def _list(self, reads: Reads, ask: Ask, actor: Actor) -> Report:
        return Listing(live=True, cards=tuple(self._view(reads, found, newest=True) for found in reads.all_live(PAGE)))

    def _history(self, reads: Reads, ask: Ask, actor: Actor) -> Report:
        app, env = self.policy.find(ask.app, ask.env) if ask.app else ("", "")
        found = reads.history(app, env if ask.env else "", limit=PAGE)
        newest: dict[str, int] = {}
        for one in found:  # newest first
            if _counts(one):
                newest.setdefault(one.target, one.id)
        cards = tuple(self._view(reads, one, newest=newest.get(one.target, 0) <= one.id) for one in found)
        return Listing(live=False, app=app, cards=cards)

    def _show(self, reads: Reads, ask: Ask, actor: Actor) -> Report:
        status = self._status(reads, ask, actor)
        if not isinstance(status, Status) or status.card is None:
            raise NotFound("there is no rollout to show", "name one: /deploy show #42; /deploy history lists them")
        rollout = status.card.rollout.id
        lines = []
        for row in reads.audit_of(rollout):
            body = json.loads(row.body)
            lines.append(Line(seq=row.seq, at=body["at"], kind=body["kind"], actor=body["actor"], facts=body["facts"]))
        return Show(card=status.card, intents=tuple(reads.intents(rollout)), lines=tuple(lines))

    def _alarms(self, ask: Ask) -> Report:
        every = list(dict.fromkeys(app for app, _ in self.policy.targets()))
        apps = every
        if ask.app:
            apps = [ask.app if ask.app in every and not ask.env else self.policy.find(ask.app, ask.env)[0]]
        now = self._clock.now()
        return gather(self._ledger, apps, now - DAY, now)

    def _whoami(self, reads: Reads, ask: Ask, actor: Actor) -> Report:
        person = reads.person(actor.team, actor.id) if actor.kind == "person" else None
        known = Knowledge(person=person, directory_at=reads.directory_read_at(), home=self._hooks.home())
        rights: dict[str, tuple[str, ...]] = {}
        for app, env in self.policy.targets():
            roles = self.policy.terms(app, env, "")[1].roles
            held = []
            for word, name in (("deploy", "start"), ("approve", "approve"), ("admin", "promote")):
                verb = VERBS[name].model_copy(update={"right": word})
                try:
                    permit(roles, actor, verb, known, self._clock.now())
                except Denied:
                    continue
                held.append(word)
            rights[f"{app}/{env}"] = tuple(held)
        return Whoami(actor=actor.key, known=person is not None or actor.kind == "principal", rights=rights)

    def _help(self, reads: Reads, ask: Ask, actor: Actor) -> Report:
        return Help(apps=tuple(f"{app}/{env}" for app, env in self.policy.targets()), plans=BUILT_IN_NAMES)


def _newest(reads: Reads, ended: Rollout) -> bool:
    """Whether what its card offers to do anew would be taken: a newer one that had no traffic is in nobody's way."""
    if reads.live(ended.app, ended.env) is not None:
        return False
    last = reads.last(ended.app, ended.env)
    if last is None or last.id == ended.id or _counts(last):
        return last is None or last.id == ended.id
    newer = reads.history(ended.app, ended.env, limit=PAGE)
    return not any(_counts(one) for one in newer if one.id > ended.id)


def _counts(rollout: Rollout) -> bool:
    return rollout.phase not in WITHOUT_TRAFFIC
