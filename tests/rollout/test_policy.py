"""Who may do what: the whole table of actors and rights, and default deny in every direction."""

from datetime import timedelta
from itertools import product

import pytest

from rollout.errors import Denied
from rollout.model import Phase, Signature
from rollout.people import Actor, Person, Roles
from rollout.policy import STALE_AFTER, IdentityPending, Knowledge, entries, may_sign, permit
from rollout.terms import Approval
from rollout.verbs import VERBS
from tests.rollout.make import T0, row
from tests.rollout.scene import ANA, BEN, EVA

ROLES = Roles(deploy=("U0ANA", "S0PAY", "cli:ana"), approve=("U0EVA", "S0OPS", "aws:ops"), admin=("U0ROOT",))
RIGHTS = ("deploy", "approve", "deploy or approve", "admin")
HOLDS = {
    "U0ANA": {"deploy", "deploy or approve"},
    "U0EVA": {"approve", "deploy or approve"},
    "U0ROOT": set(RIGHTS),
    "U0NOBODY": set(),
}
GROUPS = {
    (): set(),
    ("S0PAY",): {"deploy", "deploy or approve"},
    ("S0OPS",): {"approve", "deploy or approve"},
    ("S0PAY", "S0OPS"): {"deploy", "approve", "deploy or approve"},
    ("S0OTHER",): set(),
}


def verb(right):
    """A verb that needs that right."""
    return VERBS["promote"].model_copy(update={"right": right})


def person(id="U0ANA", **fields):
    """A full member, read just now."""
    return Person(**{"team": "T0", "id": id, "name": id.lower(), "read_at": T0} | fields)


def knows(who, **fields):
    """A directory read just now, of workspace T0."""
    return Knowledge(**{"person": who, "directory_at": T0, "home": "T0"} | fields)


def member(id="U0ANA", team="T0"):
    """Somebody in Slack."""
    return Actor(id=id, team=team)


def told(actor, right, known, now=T0):
    """What permit says: `yes`, `pending` or `no`."""
    try:
        permit(ROLES, actor, verb(right), known, now)
    except IdentityPending:
        return "pending"
    except Denied:
        return "no"
    return "yes"


@pytest.mark.parametrize("right", RIGHTS)
def test_every_person_times_every_group(right):
    """Named persons and members of named groups hold exactly their rights; everybody else none."""
    for id, groups in product(HOLDS, GROUPS):
        allowed = right in HOLDS[id] | GROUPS[groups]
        assert told(member(id), right, knows(person(id, groups=groups))) == ("yes" if allowed else "no"), (id, groups)


@pytest.mark.parametrize("right", [*RIGHTS, "anyone"])
@pytest.mark.parametrize("flag", ["guest", "bot", "deleted", "stranger"])
def test_guests_bots_leavers_and_strangers_never(right, flag):
    """Being named, or in a named group, does not help a guest, a bot, a deactivated account or a stranger."""
    for id in HOLDS:
        known = knows(person(id, groups=("S0PAY", "S0OPS"), **{flag: True}))
        assert told(member(id), right, known) == "no"


@pytest.mark.parametrize("right", [*RIGHTS, "anyone"])
def test_another_workspace_never(right):
    """The same user id in another workspace is another person."""
    for id in HOLDS:
        assert told(member(id, team="T9"), right, knows(person(id, team="T9", groups=("S0PAY",)))) == "no"


@pytest.mark.parametrize("right", RIGHTS)
@pytest.mark.parametrize("id", HOLDS)
def test_an_old_directory_decides_nothing_for_those_it_may_name(right, id):
    """Never loaded, or older than 30 minutes: pending, never yes; who can be refused from the roles alone is."""
    old = T0 - STALE_AFTER - timedelta(seconds=1)
    for known in (
        knows(person(id, groups=("S0PAY", "S0OPS")), directory_at=None),
        knows(person(id, groups=("S0PAY", "S0OPS")), directory_at=old),
        knows(person(id, groups=("S0PAY", "S0OPS"), read_at=old)),
        knows(None, directory_at=None),
        knows(None, directory_at=old),
    ):
        nobodys = right == "admin" and id != "U0ROOT"  # no group holds it, so no group can name this person
        assert told(member(id), right, known) == ("no" if nobodys else "pending")
    just = knows(person("U0ANA"), directory_at=T0 - STALE_AFTER)
    assert told(member(), "deploy", just) == "yes"


@pytest.mark.parametrize("home", ["T0", ""])
def test_somebody_the_directory_does_not_know_is_not_let_through(home):
    """Default deny: nobody has looked whether this named account is a guest, deactivated, or of another workspace."""
    assert told(member("U0ANA", team="T0" if home else "T9"), "deploy", knows(None, home=home)) == "pending"


def test_strangers_to_the_directory_are_refused_when_only_groups_could_help():
    """In no entry of a fresh directory: in no group either."""
    assert told(member("U0NOBODY"), "deploy", knows(None)) == "no"


@pytest.mark.parametrize("right", RIGHTS)
@pytest.mark.parametrize(
    ("id", "holds"),
    [("cli:ana", {"deploy", "deploy or approve"}), ("aws:ops", {"approve", "deploy or approve"}), ("cli:root", set())],
)
def test_principals_need_no_directory(right, id, holds):
    """`cli:` and `aws:` principals hold what names them, literally; no directory is asked."""
    actor = Actor(kind="principal", id=id)
    assert told(actor, right, Knowledge()) == ("yes" if right in holds else "no")


def test_a_principal_is_no_person_of_the_same_id():
    """A person whose id spells a principal's entry is looked up as a person all the same."""
    assert told(member("cli:ana"), "deploy", knows(None, directory_at=None)) == "pending"


def test_anyone_means_anyone_of_the_workspace():
    """Reading needs no role: members, persons not yet known and principals may."""
    for actor, known in (
        (member("U0NOBODY"), knows(person("U0NOBODY"))),
        (member("U0NOBODY"), knows(None, directory_at=None)),
        (Actor(kind="principal", id="cli:root"), Knowledge()),
    ):
        assert told(actor, "anyone", known) == "yes"


@pytest.mark.parametrize("right", RIGHTS)
def test_nobody_named_is_nobody_allowed(right):
    """Empty roles hold nothing, and the denial says that nobody can."""
    with pytest.raises(Denied) as no:
        permit(Roles(), member(), verb(right), knows(person()), T0)
    assert (no.value.who, "nobody can" in no.value.hint) == ((), True)


def test_a_denial_says_what_it_needs_and_who_has_it():
    """Fact: the verb and the role; `who`: at most ten entries that hold it, admins last."""
    with pytest.raises(Denied) as no:
        permit(ROLES, member("U0EVA"), VERBS["promote"], knows(person("U0EVA")), T0)
    assert no.value.fact == "you cannot promote here: it needs a deployer, and you are not one"
    assert no.value.who == ("U0ANA", "S0PAY", "cli:ana", "U0ROOT")
    many = Roles(deploy=tuple(f"U{n}" for n in range(99)))
    with pytest.raises(Denied) as no:
        permit(many, member(), VERBS["promote"], knows(person()), T0)
    assert len(no.value.who) == 10


def test_admins_hold_every_right_and_nobody_is_listed_twice():
    """The entries of a right: its role, then the admins, each once."""
    assert entries(Roles(deploy=("a", "b"), approve=("b",), admin=("a",)), "deploy or approve") == ("a", "b")
    assert entries(ROLES, "admin") == ("U0ROOT",)


def test_four_eyes():
    """Where approval is configured the requester never counts; nobody counts twice for one step, whoever it is."""
    waits = row(Phase.WAITING, "10%, approve, 100%", by=ANA, step=1)
    signed = waits.but(signatures=(Signature(by=BEN, step=1, plan_hash=waits.terms.plan.hash, at=T0),))
    may_sign(waits, None, ANA)
    may_sign(waits, Approval(), BEN)
    may_sign(signed, Approval(), EVA)
    may_sign(signed.but(step=2), Approval(), BEN)
    with pytest.raises(Denied, match="you asked for #1 yourself"):
        may_sign(waits, Approval(), ANA)
    with pytest.raises(Denied, match="already approved step 2"):
        may_sign(signed, None, BEN)
    with pytest.raises(Denied, match="you asked"):
        may_sign(waits, Approval(), ANA.model_copy(update={"name": "somebody else"}))
