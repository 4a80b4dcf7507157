"""Persons whom the directory does not know yet: stored, asked for, answered privately, never let through meanwhile."""

import json
from datetime import timedelta

import pytest

from rollout.conductor import Conductor
from rollout.errors import Denied
from rollout.hooks import Hooks
from rollout.notices import Answer
from rollout.people import Actor, Person, Roles
from rollout.policy import STALE_AFTER
from tests.rollout.conftest import Open
from tests.rollout.make import ask
from tests.rollout.scene import Scene

UMA = Actor(id="U0UMA", team="T0", name="uma")
VIC = Actor(id="U0VIC", team="T0", name="vic")
ROLES = Roles(deploy=("U0UMA", "S0PAY"), approve=("U0EVA",))
ADDRESS = "https://hooks.example.test/secret"


@pytest.fixture
def staffed(opened: Open) -> Scene:
    """A scene whose roles name a person and a group, with a directory never read."""
    return opened(roles=ROLES)


def entry(scene: Scene, actor: Actor, **fields: object) -> Person:
    """The directory's entry for somebody, read just now."""
    parts = {"team": actor.team, "id": actor.id, "name": actor.name, "read_at": scene.clock.now()}
    return Person.model_validate(parts | fields)


def answers(scene: Scene) -> list[Answer]:
    """Private answers in the outbox."""
    return [notice for notice in scene.notices() if isinstance(notice, Answer)]


def kinds(scene: Scene) -> list[str]:
    """Kinds of the whole trail."""
    with scene.store.reads() as reads:
        return [json.loads(link.body)["kind"] for link in reads.audit_page()]


def test_a_wish_of_somebody_unknown_waits(staffed: Scene) -> None:
    """Stored without an answer, said so at once, nothing runs, nothing is decided in the trail."""
    reply = staffed.bot.ask(ask("start"), UMA, dedupe="k", reply=ADDRESS)
    assert (reply.ok, reply.offer) == (True, "identity")
    assert "not yet told" in reply.text
    assert staffed.live is None
    assert answers(staffed) == []
    assert kinds(staffed) == []
    with staffed.store.reads() as reads:
        (waiting,) = reads.waiting_asks("identity")
    assert (waiting.dedupe, waiting.reply, waiting.address, waiting.actor) == ("k", None, ADDRESS, UMA)
    assert staffed.bot.ask(ask("start"), UMA, dedupe="k", reply=ADDRESS) == reply, "a retry by Slack waits with it"
    assert kinds(staffed) == []


@pytest.mark.parametrize("named", [True, False])
def test_the_look_up_decides_and_answers_privately(staffed: Scene, named: bool) -> None:
    """Once known: let through or denied, written down, and answered at the private address, good or not."""
    actor = UMA if named else VIC
    staffed.bot.ask(ask("start"), actor, dedupe="k", reply=ADDRESS)
    staffed.store.people.replace([entry(staffed, actor)], {}, staffed.clock.now())
    reply = staffed.bot.ask(ask("start"), actor, dedupe="k", reply=ADDRESS, known=True)
    assert reply.ok is named
    (answer,) = answers(staffed)
    assert (answer.reply, answer.good, answer.text) == (ADDRESS, named, reply.text)
    assert kinds(staffed) == (["transition", "ask"] if named else ["denied"])
    assert (staffed.live is not None) is named
    assert staffed.bot.ask(ask("start"), actor, dedupe="k", known=True) == reply, "a replay of the answered one"
    with staffed.store.reads() as reads:
        assert reads.waiting_asks("identity") == []


def test_known_but_still_unknown_is_denied(staffed: Scene) -> None:
    """The directory was asked and still cannot say: no, with what to do, and a denial in the trail."""
    staffed.bot.ask(ask("start"), UMA, dedupe="k", reply=ADDRESS)
    reply = staffed.bot.ask(ask("start"), UMA, dedupe="k", reply=ADDRESS, known=True)
    assert (reply.ok, reply.hint, reply.offer) == (False, "ask again in a minute", "")
    assert kinds(staffed) == ["denied"]
    assert [answer.good for answer in answers(staffed)] == [False]


def test_a_member_of_a_named_group_may(staffed: Scene) -> None:
    """The group counts as the directory says it, and not a moment after the directory has grown old."""
    staffed.store.people.replace([entry(staffed, VIC, groups=("S0PAY",))], {}, staffed.clock.now())
    assert staffed.wish("start", VIC).ok
    staffed.clock.advance(STALE_AFTER + timedelta(seconds=1))
    assert staffed.wish("cancel", VIC).offer == "identity"


def test_rights_count_when_the_wish_takes_effect(staffed: Scene) -> None:
    """Put out of the group between the wish and the look-up: denied."""
    staffed.bot.ask(ask("start"), VIC, dedupe="k")
    staffed.store.people.replace([entry(staffed, VIC, groups=())], {}, staffed.clock.now())
    assert not staffed.bot.ask(ask("start"), VIC, dedupe="k", known=True).ok


def test_a_live_rollout_keeps_the_roles_it_began_with(staffed: Scene) -> None:
    """Editing the roles never changes who may touch a rollout that is live; the next start uses the new ones."""
    staffed.store.people.replace([entry(staffed, UMA), entry(staffed, VIC)], {}, staffed.clock.now())
    assert staffed.wish("start", UMA).ok
    staffed.policy.changes["roles"] = Roles(deploy=("U0VIC",))
    assert not staffed.wish("cancel", VIC).ok
    assert staffed.wish("cancel", UMA).ok
    assert not staffed.wish("start", UMA).ok
    assert staffed.wish("start", VIC).ok


def test_people_of_other_workspaces_are_refused_everywhere(staffed: Scene) -> None:
    """Known to be of another workspace: no wish and no question, whatever the id says."""
    bot = Conductor(staffed.store, staffed.world, staffed.policy, staffed.clock, Hooks(home=lambda: "T0"))
    stranger = UMA.model_copy(update={"team": "T9"})
    staffed.store.people.replace([entry(staffed, stranger), entry(staffed, UMA)], {}, staffed.clock.now())
    assert bot.ask(ask("start"), stranger, dedupe="a").text == "you are not of this workspace"
    with pytest.raises(Denied, match="not of this workspace"):
        bot.report(ask("status"), stranger)
    assert bot.ask(ask("start"), UMA, dedupe="b").ok
