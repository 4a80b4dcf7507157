"""What `rollback` and `retry` mean once a rollout has ended: the wish for a new one. Reads rows, changes none.

A press that comes late must not move anything further: only the newest rollout that had traffic can be gone back
from, and only to a release that is known to have served here. What serves now is not known here, because people
deploy past this bot, too: a typed `rollback` of what went back already becomes a rollout whose look asks AWS.
"""

from rollout.ask import Ask
from rollout.errors import Denied, NotFound, Refused
from rollout.model import Override, Phase, Rollout
from rollout.people import Actor
from rollout.ports import Reads
from rollout.release import Release
from rollout.table import AFTER_END, WORDS

WITHOUT_TRAFFIC = frozenset({Phase.REFUSED, Phase.CANCELLED})


def after_end(reads: Reads, ask: Ask, about: Rollout | None) -> Ask:
    """The start or the way back that the verb means now; Refused or NotFound when it means nothing."""
    again = ask.verb != "rollback"
    newest = about if again and about is not None else _newest(reads, ask, retry=again)
    if newest is None or ask.verb not in AFTER_END:
        raise nothing(ask, newest)
    if ask.verb != "rollback":
        return _again(ask, newest)
    if about is not None and about.id != newest.id and not ask.release:
        raise Refused(
            f"#{about.id} is not the newest rollout of {about.target}: #{newest.id} has {WORDS[newest.phase]} since",
            f"/deploy rollback {about.target} to @<release> names where to go",
            rollout=newest.id, offer="status",
        )  # fmt: skip
    release = _named(reads, ask, newest) if ask.release else _before(ask, newest)
    return ask.model_copy(update={"release": release, "ref": None})


def nothing(ask: Ask, ended: Rollout | None) -> Refused:
    """There is no live rollout to wish about."""
    if ended is None:
        return Refused(f"nothing is running on {ask.app}/{ask.env}", f"/deploy {ask.app}/{ask.env} starts a rollout")
    return Refused(
        f"nothing is running on {ended.target}: #{ended.id} has ended, {WORDS[ended.phase]}",
        f"/deploy {ended.target} starts a new one; /deploy status {ended.target} shows the last",
        rollout=ended.id, offer="status",
    )  # fmt: skip


def override(reads: Reads, ask: Ask, actor: Actor, begun: Rollout, about: Rollout | None) -> Rollout:
    """The start that red alarms refused to somebody else, with them as known: S13. Denied to that person.

    Only the newest wish for the target, and only alarms that its refusal named: another red one refuses again.
    """
    newest = next(iter(reads.history(ask.app, ask.env, limit=1)), None)
    refused = about or newest
    if refused is None or newest is None or refused.id != newest.id:
        seen = f": #{newest.id} has {WORDS[newest.phase]} since" if newest else ""
        raise Refused(f"nothing refused is left to override on {ask.app}/{ask.env}{seen}", "start it as usual")
    red = refused.cause.alarms if refused.cause is not None and refused.cause.kind == "alarm" else {}
    known = {name: since for name, since in red.items() if since is not None}
    if not known:
        why = refused.cause.text if refused.cause is not None else WORDS[refused.phase]
        raise Refused(
            f"#{refused.id} was not refused by a red alarm: {why}", "an override answers a red alarm only",
            rollout=refused.id,
        )  # fmt: skip
    if actor.key == refused.by.key:
        raise Denied(f"you asked for #{refused.id} yourself", "somebody else has to override a red alarm")
    over = Override(by=actor, reason=ask.reason, at=begun.created_at, of=refused.id)
    return begun.but(overridden=over, known_red={**refused.known_red, **known})


def recorded(reads: Reads, ask: Ask) -> Release | None:
    """The release of that name as the newest rollout recorded it that came from it, or succeeded with it."""
    return next((side for side in _served(reads, ask.app, ask.env) if side.id == ask.release), None)


def _served(reads: Reads, app: str, env: str) -> list[Release]:
    """Everything that is known to have served there, newest record first."""
    return [
        side
        for one in reads.history(app, env, limit=500)
        for side in (one.candidate if one.phase is Phase.SUCCEEDED else None, one.stable if not one.live else None)
        if side is not None
    ]


def _newest(reads: Reads, ask: Ask, *, retry: bool) -> Rollout | None:
    ended = [one for one in reads.history(ask.app, ask.env, limit=500) if not one.live]
    if retry:
        return next(iter(ended), None)
    with_traffic = (one for one in ended if one.phase not in WITHOUT_TRAFFIC)
    return next(with_traffic, next(iter(ended), None))


def _again(ask: Ask, ended: Rollout) -> Ask:
    if ended.phase not in AFTER_END[ask.verb]:
        raise nothing(ask, ended)
    release = ended.candidate.id if ended.candidate else ended.wanted
    same = {"verb": "start", "release": release, "plan": ended.terms.plan.name, "ref": None, "bound": None}
    return ask.model_copy(update=same)


def _before(ask: Ask, ended: Rollout) -> str:
    """The release that served before the newest one: if it serves still, the look finds nothing to go back from."""
    arrived = ended.phase is Phase.SUCCEEDED and not ended.back
    home = ended.candidate if ended.phase is Phase.SUCCEEDED and ended.back else ended.stable
    pressed = ask.bound is not None
    if ended.phase in AFTER_END["rollback"] and home is not None and (arrived or not pressed):
        return home.id
    served = f"; {home.id} served then" if home is not None and ended.phase is not Phase.ADOPTED else ""
    looks = f"/deploy rollback {ended.target} looks at AWS and goes back from whatever serves there now; "
    raise Refused(
        f"#{ended.id} has {WORDS[ended.phase]} already{served}: nothing was changed",
        f"{looks if pressed else ''}/deploy rollback {ended.target} to @<release> goes back further",
        rollout=ended.id, offer="status",
    )  # fmt: skip


def _named(reads: Reads, ask: Ask, newest: Rollout) -> str:
    """Only what served here: a way back skips approval and holds, so it must not be a way to ship something new."""
    release = ask.release
    if release.startswith("#") and release[1:].isdigit():
        other = reads.rollout(int(release[1:]))
        if other is None or other.candidate is None or other.target != newest.target:
            raise NotFound(f"{release} is no rollout of {newest.target}", f"/deploy history {newest.app} lists them")
        release = other.candidate.id
    served = dict.fromkeys(side.id for side in _served(reads, newest.app, newest.env))
    hold = reads.hold(newest.app, newest.env)
    if hold is not None and release in hold.vetoes:
        raise Refused(
            f"{release} was taken back and is not deployed again before somebody releases the hold of #{hold.rollout}",
            f'/deploy unlock {newest.target} --reason "..." releases it', offer="unlock", rollout=hold.rollout,
        )  # fmt: skip
    if release not in served:
        known = ", ".join(f"@{name}" for name in list(served)[:10]) or "none is recorded"
        raise Refused(
            f"{release} is not recorded as having served {newest.target}", f"these have: {known}; or start it as usual"
        )
    return release
