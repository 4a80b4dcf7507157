"""Answers to reading verbs: what is there, what is not, and who may ask."""

import pytest

from rollout.ask import Ask
from rollout.errors import BadInput, Denied, NotFound
from rollout.people import Actor, Person, Roles
from rollout.plan import BUILT_IN_NAMES
from rollout.reports import CardView, Help, Listing, Show, Status, Whoami
from rollout.verbs import VERBS
from tests.rollout.conftest import Open
from tests.rollout.scene import ANA, EVA, OSKAR, Scene

UMA = Actor(id="U0UMA", team="T0")
READING = [name for name, verb in VERBS.items() if verb.reads]


def asked(scene: Scene, verb: str, actor: Actor = ANA, **fields: object) -> object:
    """One question."""
    return scene.bot.report(Ask.model_validate({"verb": verb} | fields), actor)


@pytest.fixture
def busy(scene: Scene) -> Scene:
    """One rollout done, one live at 10 %."""
    scene.wish("start")
    scene.until("succeeded")
    scene.wish("start", release="1")
    scene.proven(10)
    return scene


def test_status_is_the_live_one_or_the_last(scene: Scene) -> None:
    """Nothing yet; then the live rollout; then, when none is live, the last with its outcome."""
    nothing = asked(scene, "status", app="my-app")
    assert isinstance(nothing, Status) and (nothing.app, nothing.env, nothing.card) == ("my-app", "prod", None)
    scene.wish("start")
    scene.proven(10)
    live = asked(scene, "status", app="my-app", env="prod")
    assert isinstance(live, Status) and live.card is not None and live.card.rollout == scene.newest
    scene.wish("rollback")
    scene.until("rolled_back")
    last = asked(scene, "status", app="my-app")
    assert isinstance(last, Status) and last.card is not None
    assert (last.card.rollout.phase, last.card.hold is not None) == ("rolled_back", True)


def test_status_by_number_and_without_any_name(busy: Scene) -> None:
    """`#1` is that rollout, ended or not; without a name it is the list of live ones."""
    one = asked(busy, "status", ref=1)
    assert isinstance(one, Status) and one.card is not None and one.card.rollout.id == 1
    several = asked(busy, "status")
    assert isinstance(several, Listing) and several == asked(busy, "list")


def test_list_is_what_lives_and_history_is_everything(busy: Scene) -> None:
    """`list`: live ones only; `history`: newest first, of all apps, one app or one target."""
    live = asked(busy, "list")
    assert isinstance(live, Listing) and live.live and [card.rollout.id for card in live.cards] == [2]
    for app, env in (("", ""), ("my-app", ""), ("my-app", "prod")):
        past = asked(busy, "history", app=app, env=env)
        assert isinstance(past, Listing) and not past.live
        assert [card.rollout.id for card in past.cards] == [2, 1]
        assert past.app == app


def test_lists_are_short(scene: Scene) -> None:
    """No list is longer than a page, whatever the past holds."""
    for _ in range(25):
        scene.wish("start")
        scene.wish("cancel")
    past = asked(scene, "history")
    assert isinstance(past, Listing) and len(past.cards) == 20
    assert past.cards[0].rollout.id == 25


def test_show_is_everything_of_one_rollout(busy: Scene) -> None:
    """Card, every intent with its outcome, every record about it with who did what."""
    shown = asked(busy, "show", ref=1)
    assert isinstance(shown, Show) and shown.card.rollout.id == 1
    assert [intent.key for intent in shown.intents] == ["1/0/shift/10", "1/1/shift/50", "1/2/shift/100"]
    assert {line.kind for line in shown.lines} == {"ask", "transition", "verdict", "intent", "outcome"}
    assert [line.seq for line in shown.lines] == sorted(line.seq for line in shown.lines)
    assert {line.actor for line in shown.lines} == {"cli:ana", "tidegate"}
    by_name = asked(busy, "show", app="my-app")
    assert isinstance(by_name, Show) and by_name.card.rollout.id == 2


@pytest.mark.parametrize(
    ("verb", "fields", "fact"),
    [
        ("status", {"ref": 9}, "there is no rollout #9"),
        ("show", {"ref": 9}, "there is no rollout #9"),
        ("show", {}, "there is no rollout to show"),
        ("show", {"app": "my-app"}, "there is no rollout to show"),
        ("status", {"app": "nope"}, "'nope' is not an app here"),
        ("history", {"app": "nope"}, "'nope' is not an app here"),
    ],
)
def test_what_is_not_there_is_said_with_what_is(scene: Scene, verb: str, fields: dict, fact: str) -> None:
    """An unknown number or name: NotFound with a hint, never an empty answer."""
    with pytest.raises(NotFound) as no:
        asked(scene, verb, **fields)
    assert no.value.fact == fact
    assert no.value.hint


@pytest.mark.parametrize("verb", ["start", "rollback", "deploy", "statuss"])
def test_what_changes_something_is_no_question(scene: Scene, verb: str) -> None:
    """Reading never runs a verb that changes something, nor guesses an unknown one."""
    with pytest.raises(BadInput, match="is no question"):
        asked(scene, verb, app="my-app")


@pytest.mark.parametrize("verb", READING)
@pytest.mark.parametrize("flag", ["guest", "bot", "deleted", "stranger"])
def test_outsiders_may_not_even_ask(scene: Scene, verb: str, flag: str) -> None:
    """Every reading verb is denied to guests, bots, leavers and strangers that the directory knows as such."""
    someone = Actor(id="U9", team="T0")
    scene.store.people.put(
        Person.model_validate({"team": "T0", "id": "U9", "name": "x", "read_at": scene.clock.now(), flag: True})
    )
    with pytest.raises(Denied, match="your account is"):
        asked(scene, verb, someone, app="my-app")


@pytest.mark.parametrize("verb", READING)
def test_members_may_ask_everything(busy: Scene, verb: str) -> None:
    """No role is needed to read; nothing that was read changes anything."""
    with busy.store.reads() as reads:
        head = reads.head()
    member = Actor(id="U9", team="T0")
    assert asked(busy, verb, member, app="my-app") == asked(busy, verb, member, app="my-app")
    with busy.store.reads() as reads:
        assert reads.head() == head


def test_a_card_is_one_moment(busy: Scene) -> None:
    """Row, moves, stages, hold, the trail's head and the moment, as one value; no card of what never was."""
    card = busy.bot.card(2)
    assert isinstance(card, CardView)
    with busy.store.reads() as reads:
        head = reads.head()
    assert head is not None
    assert (card.rollout, card.now) == (busy.newest, busy.clock.now())
    assert (card.head_seq, card.head_hash) == (head.seq, head.hash[:12])
    assert [move.verb for move in card.moves][-1] == "rollback"
    assert [stage.state for stage in card.stages] == ["now", "next", "next", "next", "next"]
    with pytest.raises(NotFound, match="no rollout #9"):
        busy.bot.card(9)


@pytest.mark.parametrize(
    ("actor", "rights"),
    [(ANA, ("deploy",)), (EVA, ("deploy", "approve", "admin")), (OSKAR, ()), (UMA, ("approve",))],
)
def test_whoami_lists_rights_by_target(opened: Open, actor: Actor, rights: tuple[str, ...]) -> None:
    """What one may do where; admins hold all; who is in nothing holds nothing."""
    scene = opened(roles=Roles(deploy=("cli:ana",), approve=("U0UMA",), admin=("cli:eva",)))
    uma = Person(team="T0", id="U0UMA", name="uma", read_at=scene.clock.now())
    scene.store.people.replace([uma], {}, scene.clock.now())
    assert asked(scene, "whoami", actor) == Whoami(actor=actor.key, known=True, rights={"my-app/prod": rights})


def test_whoami_of_somebody_unknown_says_so(scene: Scene) -> None:
    """Not in the directory: not known, and no right is claimed."""
    answer = asked(scene, "whoami", Actor(id="U9", team="T0"))
    assert answer == Whoami(actor="T0/U9", known=False, rights={"my-app/prod": ()})


def test_help_names_apps_and_plans(scene: Scene) -> None:
    """Help knows every target and every built-in plan."""
    assert asked(scene, "help") == Help(apps=("my-app/prod",), plans=BUILT_IN_NAMES)


def buttons(scene: Scene, rollout: int) -> list[str]:
    """What its card offers."""
    return [move.verb for move in scene.bot.card(rollout).moves]


def test_an_old_rollout_offers_nothing_once_a_newer_one_lives_or_had_traffic(scene: Scene) -> None:
    """What would be refused is not drawn: not on the card, not in status, not in history."""
    scene.wish("start")
    scene.until("succeeded")
    assert buttons(scene, 1) == ["rollback"]
    scene.wish("start", release="1")
    assert buttons(scene, 1) == [], "busy"
    scene.wish("cancel")
    scene.until("cancelled")
    assert buttons(scene, 1) == ["rollback"], "a newer one that had no traffic is in nobody's way"
    scene.wish("start", release="1")
    scene.until("succeeded")
    assert (buttons(scene, 1), buttons(scene, 3)) == ([], ["rollback"])
    past = asked(scene, "history", app="my-app")
    assert isinstance(past, Listing)
    assert [(one.rollout.id, bool(one.moves)) for one in past.cards] == [(3, True), (2, False), (1, False)]
    shown = asked(scene, "show", ref=1)
    assert isinstance(shown, Show) and shown.card.moves == ()


def test_a_released_hold_stays_on_the_card(scene: Scene) -> None:
    """Who, when and why, from the moment of the release; until then it is the hold that is shown."""
    scene.wish("start")
    scene.proven(10)
    scene.wish("rollback")
    scene.until("rolled_back")
    held = scene.bot.card(1)
    assert (held.hold is not None, held.released) == (True, None)
    scene.wish("unlock", EVA, reason="mended")
    free = scene.bot.card(1)
    assert free.hold is None and free.released is not None
    assert (free.released.by, free.released.reason) == (EVA, "mended")
