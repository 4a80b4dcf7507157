"""Who may do what: one function for slash words, buttons, the CLI. Default deny. No look-ups: entries are arguments."""

from datetime import datetime, timedelta

from rollout.errors import Denied
from rollout.model import Rollout
from rollout.people import Actor, Person, Roles
from rollout.terms import Approval
from rollout.values import Frozen, Moment
from rollout.verbs import Verb

STALE_AFTER = timedelta(minutes=30)


class IdentityPending(Denied):
    """Named, or perhaps in a named group, but the directory cannot say who this is right now."""


class Knowledge(Frozen):
    """What the directory says about an actor, and when it was last read whole."""

    person: Person | None = None
    directory_at: Moment | None = None
    home: str = ""
    """The bot's own workspace; empty until Slack has told."""


def permit(roles: Roles, actor: Actor, verb: Verb, known: Knowledge, now: datetime) -> None:
    """Return when the actor may; raise Denied saying who could, or IdentityPending when nobody knows yet."""
    if actor.kind == "person" and known.home and actor.team != known.home:
        raise Denied("you are not of this workspace", "people of other workspaces may not use this bot")
    if verb.right == "anyone":
        _member(actor, known)
        return
    wanted = entries(roles, verb.right)
    if actor.kind == "principal":
        if actor.id not in wanted:
            raise _denied(verb, wanted)
        return
    groups = [entry for entry in wanted if entry.startswith("S")]
    if actor.id not in wanted and not groups:
        raise _denied(verb, wanted)
    person = _current(actor, known, now, named=actor.id in wanted)
    _member(actor, known)
    if actor.id not in wanted and not set(groups) & set(person.groups if person else ()):
        raise _denied(verb, wanted)


def entries(roles: Roles, right: str) -> tuple[str, ...]:
    """The role entries that hold a right; admins hold every right."""
    held = {
        "deploy": roles.deploy,
        "approve": roles.approve,
        "deploy or approve": roles.deploy + roles.approve,
        "admin": (),
    }[right]
    return tuple(dict.fromkeys(held + roles.admin))


def _current(actor: Actor, known: Knowledge, now: datetime, *, named: bool) -> Person | None:
    """The directory's entry. Without one, a person who is not named herself is in none of the named groups; one who
    is named must be looked up first: nobody passes whose flags were never seen.
    """
    fresh = known.directory_at is not None and now - known.directory_at <= STALE_AFTER
    person = known.person
    if (person is None and named) or (person is not None and now - person.read_at > STALE_AFTER):
        fresh = False
    if not fresh:
        raise IdentityPending("Slack has not yet told who you are", "this is looked up now; the answer follows")
    return person


def _member(actor: Actor, known: Knowledge) -> None:
    person = known.person
    if actor.kind == "principal" or person is None:
        return
    for flag, word in (
        (person.deleted, "deactivated"),
        (person.bot, "a bot"),
        (person.guest, "a guest"),
        (person.stranger, "a stranger"),
    ):
        if flag:
            raise Denied(f"your account is {word}", "only full members of the workspace may use this bot")


def _denied(verb: Verb, wanted: tuple[str, ...]) -> Denied:
    need = {
        "deploy": "a deployer",
        "approve": "an approver",
        "deploy or approve": "a deployer or an approver",
    }
    role = need.get(verb.right, "an admin")
    hint = "these can:" if wanted else "nobody can: the configuration names nobody for it"
    word = {"start": "deploy", "rollback": "roll back"}.get(verb.name, verb.name)
    return Denied(f"you cannot {word} here: it needs {role}, and you are not one", hint, who=wanted[:10])


def may_sign(rollout: Rollout, approval: Approval | None, actor: Actor) -> None:
    """Four eyes: where approval is configured the requester never counts, and nobody counts twice for one step."""
    if approval is not None and actor.key == rollout.by.key:
        raise Denied(f"you asked for #{rollout.id} yourself", "somebody else has to approve it")
    for signature in rollout.signatures:
        if signature.by.key == actor.key and signature.step == rollout.step:
            raise Denied(f"you have already approved step {rollout.step + 1} of #{rollout.id}", "another person must")
