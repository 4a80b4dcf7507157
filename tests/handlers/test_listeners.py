"""Requests as Slack sends them, through Bolt, to a real conductor: every one is answered, refusals change nothing."""

import hashlib
import logging
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from slack_bolt import BoltRequest

from handlers import views
from handlers.buttons import HAVE_IT, ButtonValue
from handlers.guard import Turn, guarded
from handlers.ports import Identity
from rollout.ask import Ask
from rollout.errors import NotFound, Refused, TidegateError
from rollout.model import Phase
from rollout.people import Actor
from rollout.ports import Reply
from rollout.reports import CardView, Report
from rollout.verbs import VERBS
from tests.handlers.corpus import HOSTILE
from tests.handlers.live import leaks
from tests.handlers.rig import ADDRESS, HOME, IDS, Rig, reference
from tests.handlers.sample_cards import CARDS
from tests.slack_rules import problems, view_problems


@pytest.fixture(params=["socket", "http"])
def both(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    """In either mode."""
    rig = Rig(tmp_path, mode=request.param)
    yield rig
    rig.close()


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """In socket mode."""
    rig = Rig(tmp_path)
    yield rig
    rig.close()


@pytest.fixture
def baking(rig: Rig) -> Rig:
    """#1 bakes at 10 %."""
    rig.slash("my-app canary")
    rig.scene.proven(10)
    rig.scene.look(2)
    return rig


# -- commands ---------------------------------------------------------------------------------------


def test_a_command_starts_a_rollout_and_the_ack_says_so(both: Rig):
    """Start, in words; what it was asked with is stored; the answer is private and one that Slack takes."""
    out = both.slash("my-app@2 canary to prod --reason fix “basket” rounding")
    assert out["response_type"] == "ephemeral"
    assert out["text"] == "#1: looking at my-app in prod… Plan canary: 10% 5m, 50% 10m, 100%."
    assert problems(out["blocks"], text=out["text"]) == []
    live = both.scene.live
    assert live and (live.by.key, live.reason, live.wanted) == (f"{HOME}/U0ANA", "fix “basket” rounding", "2")
    assert live.terms.channel == "C0DEPLOYS"


def test_every_verb_of_a_rollout_works_by_command(both: Rig):
    """Pause, resume, promote, rollback, unlock: each is told, each is done by the next looks."""
    both.slash("app canary")
    both.scene.proven(10)
    both.scene.look(2)
    assert both.slash("pause my-app --reason looking")["text"] == "#1 my-app/prod: paused at 10 %."
    assert both.scene.newest.phase is Phase.PAUSED
    assert both.slash("resume #1")["text"] == "#1 my-app/prod: it goes on."
    both.scene.look(2)
    both.slash("promote my-app")
    both.scene.proven(50)
    assert both.slash("rollback my-app --reason p99")["text"] == "#1 my-app/prod: rolling back now."
    both.scene.until("rolled_back")
    held = both.slash("my-app")
    assert "is held by ana since #1: rolled back: p99" in held["text"]
    assert held["blocks"][1]["elements"][0]["action_id"] == "tidegate:unlock"
    both.meet()
    assert both.slash('unlock my-app --reason "found it"')["text"] == "my-app/prod is released."


QUESTIONS = ("status", "status my-app", "status #1", "list", "history", "show #1", "whoami", "help", "")


@pytest.mark.parametrize("text", QUESTIONS)
def test_every_question_is_answered_in_its_ack(text: str, baking: Rig):
    """Reading verbs answer at once, for anyone of the workspace, and change nothing."""
    before = baking.audited()
    for who in ("U0ANA", "U0OSKAR"):
        out = baking.slash(text, who)
        assert problems(out["blocks"], text=out["text"]) == []
    assert baking.audited() == before


REFUSED = [
    ("rolback my-app", '"rolback" is not a verb. Did you mean /deploy rollback my-app ?'),
    ("my-ap canary", '"my-ap" is not an app here. Did you mean my-app? Apps: my-app, shop.'),
    ("my-app to prd", '"prd" is not an environment of my-app. Did you mean prod?'),
    ("my-app carefull", '"carefull" is not a plan of my-app/prod. Did you mean careful?'),
    ("status shp", '"shp" is not an app here. Did you mean shop?'),
    ("pause #99", "there is no rollout #99."),
    ("show #99", "there is no rollout #99."),
    ("pause my-app", "nothing is running on my-app/prod."),
    ("my-app canary now", '"now" at character 15 is a word too many.'),
    ("my-app --dry-rum", '"--dry-rum" at character 8 is not an option of start. Did you mean --dry-run ?'),
    ('my-app --reason "x', 'the quote " at character 17 is never closed.'),
    ("my-app\x00", "U+0000 (a control character) stands at character 7."),
    ("my-app \u202eyranac", "U+202E (right-to-left override) stands at character 8."),
    ("<@U0EVIL|ana> canary", "a mention or a link stands at character 1."),
    ("<!channel>", "a mention or a link stands at character 1."),
    ("my-app to <#C0X|prod>", "a mention or a link stands at character 11."),
    ("x" * 40_000, "the command has 40000 characters. At most 2000 are read."),
    ("go-on #1", "go-on needs a reason. /deploy go-on &lt;app&gt;[/&lt;env&gt;] | #&lt;id&gt; --reason "),
    ("rollback my-app --force", "rollback needs a reason."),
]


@pytest.mark.parametrize(("text", "says"), REFUSED, ids=[ascii(text)[:24] for text, _ in REFUSED])
def test_a_command_that_cannot_be_is_refused_and_written_down(text: str, says: str, both: Rig):
    """Status 200, what stands where, the nearest name; nothing started; one line in the audit, with who."""
    out = both.slash(text)
    assert out["text"].startswith(says)
    assert leaks(out) == []
    assert problems(out["blocks"], text=out["text"]) == []
    assert both.rollouts() == 0
    asked = [entry for entry in both.audited() if entry["kind"] in ("refused", "denied")]
    reading = text.startswith(("status", "show"))
    assert [entry["actor"] for entry in asked] == [f"{HOME}/U0ANA"], reading
    assert len(str(asked[0]["facts"])) < 2000


def test_no_text_brings_anything_to_life_in_an_answer(rig: Rig):
    """Whatever is typed, alone, as an app, as a release, as a plan or as a reason: 200, valid, nothing live."""
    rig.slash("my-app canary")
    for text in HOSTILE:
        for words in (text, f"{text} canary", f"my-app@{text}", f"my-app {text}", f'my-app --reason "{text}"'):
            out = rig.slash(words)
            assert leaks(out) == [], ascii(words)
            assert problems(out["blocks"], text=out["text"]) == [], ascii(words)
    assert rig.rollouts() == 1


def test_who_may_not_is_told_who_can(both: Rig):
    """A person without the right, a guest, a stranger of another workspace: denied, audited, nothing started."""
    said = both.slash("my-app canary", "U0OSKAR")["text"]
    assert said.startswith("you cannot deploy here: it needs a deployer, and you are not one.")
    assert said.endswith("These can: <@U0ANA>, <@U0BEN>, <@U0EVA>.")
    assert "not of this workspace" in both.slash("my-app canary", "U0ANA", team_id="T0OTHER")["text"]
    assert "not of this workspace" in both.slash("list", "U0ANA", team_id="T0OTHER")["text"]
    assert "your account is a guest" in both.slash("status my-app", "U0GUEST")["text"]
    assert both.rollouts() == 0
    assert [entry["kind"] for entry in both.audited()] == ["denied"] * 4


def test_a_request_that_names_nobody_is_refused(both: Rig):
    """No person, no team, no trigger: an answer, no start, and no line about nobody."""
    for missing in ({"user_id": "<!channel>"}, {"team_id": "home"}, {"user_id": None}):
        assert "names no" in both.slash("my-app canary", **missing)["text"]
    assert both.audited() == []
    assert "names not a trigger" in both.slash("my-app canary", trigger_id="")["text"]
    assert both.slash(["my-app"])["text"] if both.mode == "socket" else True
    assert both.rollouts() == 0


def test_a_full_disk_loses_no_answer(rig: Rig):
    """A refusal that cannot be written down is still told."""
    rig.scene.store.close()
    assert "is not a verb" in rig.slash("rolback my-app")["text"]
    rig.scene.open()


def test_people_of_an_organisation_are_of_one_workspace(rig: Rig):
    """Where the bot serves an organisation, its person of another workspace counts as at home."""
    rig.identity = Identity(team=HOME, enterprise="E0ORG")
    out = rig.slash("my-app canary", team_id="T0SECOND", enterprise_id="E0ORG")
    assert out["text"].startswith("#1: looking at")
    rig.identity = Identity(team=HOME)
    assert "not of this workspace" in rig.slash("list", team_id="T0SECOND", enterprise_id="E0ORG")["text"]


# -- buttons ----------------------------------------------------------------------------------------


def test_a_press_counts_and_is_answered_through_the_outbox(both: Rig):
    """The ack is empty, the wish is stored, the private answer waits with its address."""
    both.slash("my-app canary")
    both.scene.proven(10)
    assert both.press(both.button("pause")) == {}
    assert both.scene.newest.phase is Phase.PAUSED
    (told,) = both.answers()
    assert (told.reply, told.text, told.good) == (ADDRESS, "#1 my-app/prod: paused at 10 %", True)
    assert "s3cret" not in str(both.audited())


def test_a_button_of_yesterday_changes_nothing_and_says_so(baking: Rig):
    """S9: upward presses of another step are refused with the way to the present card; rollback always counts."""
    promote, back = baking.button("promote"), baking.button("rollback")
    baking.scene.proven(50)
    version = baking.scene.newest.version
    assert baking.press(promote) == {}
    assert baking.scene.newest.version == version
    (told,) = baking.answers()
    assert told.text == "this button is from step 1; #1 is at step 2 now"
    assert (told.offer, told.good) == ("status", False)
    assert baking.press(back) == {}
    assert baking.scene.newest.phase is Phase.ROLLING_BACK


TAMPERED = [
    '{"v":1,"verb":"promote","rollout":1,"step":9,"plan_hash":""}',
    '{"v":2,"verb":"pause","rollout":1}',
    '{"v":1,"verb":"pause","rollout":"1"}',
    '{"v":1,"verb":"pause","rollout":0}',
    '{"v":1,"verb":"pause","rollout":1,"actor":"U0EVA"}',
    '{"v":1,"verb":"drop","rollout":1}',
    '{"v":1,"verb":"pause","rollout":1,"plan_hash":"<!channel>"}',
    "<!channel>", "", "{", "x" * 3000, "null", "[]",
]  # fmt: skip


@pytest.mark.parametrize("value", TAMPERED, ids=[value[:30] for value in TAMPERED])
def test_a_tampered_value_is_refused_in_a_small_window(value: str, baking: Rig):
    """Nothing happens, the window says so, the audit has it."""
    before = baking.scene.newest
    assert baking.press(value) == {}
    assert baking.scene.newest == before
    ((trigger, view, reply, instead),) = baking.lane.views
    assert (trigger, reply) == (f"1.{baking.count}.press", ADDRESS)
    assert view["title"]["text"] == "Nothing was changed"
    assert view_problems(view) == []
    assert leaks(view) == leaks({"text": instead}) == []
    assert baking.audited()[-1]["kind"] == "refused"


def test_a_button_that_says_one_thing_and_carries_another_is_refused(baking: Rig):
    """The action id and the value must agree; an action without value or button is refused too."""
    value = baking.button("pause")
    assert baking.press(value, action_id="tidegate:rollback") == {}
    assert baking.press(value, actions=[{"action_id": "tidegate:pause", "type": "button", "action_ts": "1"}]) == {}
    assert baking.press(value, container={}, message={}) == {}
    assert baking.scene.newest.phase is Phase.STEPPING
    assert len(baking.lane.views) == 3


def test_a_press_without_a_trigger_is_answered_all_the_same(baking: Rig):
    """No window can be opened: an empty ack, no exception, nothing changed."""
    assert baking.press(baking.button("pause"), trigger_id=None) == {}
    assert baking.lane.views == []
    assert baking.scene.newest.phase is Phase.STEPPING


def test_a_foreign_team_may_press_nothing(baking: Rig):
    """In a shared channel strangers see the buttons; their own team counts, not the channel's."""
    stranger = {"id": "U0ANA", "name": "ana", "team_id": "T0OTHER"}
    for verb in ("pause", "rollback"):
        assert baking.press(baking.button(verb), user=stranger) == {}
    assert baking.scene.newest.phase is Phase.STEPPING
    assert [told.text for told in baking.answers()] == ["you are not of this workspace"] * 2
    assert baking.audited()[-1]["actor"] == "T0OTHER/U0ANA"


def test_who_may_not_press_is_told_privately(baking: Rig):
    """The button is not the permission."""
    baking.press(baking.button("rollback"), "U0OSKAR")
    (told,) = baking.answers()
    assert told.text.startswith("you cannot roll back here")
    assert told.who == ("U0ANA", "U0BEN", "U0EVA")
    assert baking.scene.newest.phase is Phase.STEPPING


def test_a_question_behind_a_button_opens_a_window(baking: Rig):
    """[Show it]: the report, without buttons, in the now lane."""
    assert baking.press(ButtonValue(verb="status", rollout=1)) == {}
    ((_, view, reply, instead),) = baking.lane.views
    assert view["blocks"][0]["text"]["text"] == "my-app → prod · canary · baking at 10 %"
    assert not [block for block in view["blocks"] if block["type"] == "actions"]
    assert instead == "This took too long to open. Type it instead: `/deploy status #1`"
    assert reply == ADDRESS
    assert baking.answers() == []


# -- the form with the reason -----------------------------------------------------------------------


@pytest.fixture
def held(baking: Rig) -> Rig:
    """#1 was rolled back and holds its target."""
    baking.press(baking.button("rollback"))
    baking.scene.until("rolled_back")
    baking.meet()
    return baking


def test_a_move_that_needs_a_reason_asks_for_it_first(held: Rig):
    """The press changes nothing but opens a form; the form names target and effect."""
    assert held.press(held.button("unlock")) == {}
    ((trigger, view, reply, instead),) = held.lane.views
    assert (trigger, reply) == (f"1.{held.count}.press", ADDRESS)
    assert instead.endswith('`/deploy unlock #1 --reason "…"`')
    assert view_problems(view) == []
    assert view["blocks"][0]["text"]["text"].endswith("people may deploy here again, this release included.")
    with held.scene.store.reads() as reads:
        assert reads.hold("my-app", "prod")


@pytest.mark.parametrize("why", ["", "   ", None, "\u00a0\n "])
def test_an_empty_reason_is_refused_under_the_field(why: str | None, held: Rig):
    """What was typed stays in the form; nothing was released."""
    held.press(held.button("unlock"))
    out = held.submit(held.lane.views[0][1], why)
    assert out == {"response_action": "errors", "errors": {"reason": "write why: it is kept in the audit trail"}}
    with held.scene.store.reads() as reads:
        assert reads.hold("my-app", "prod")


def test_a_reason_that_is_none_is_refused_under_the_field(held: Rig):
    """Too long, or with a control character in it."""
    held.press(held.button("unlock"))
    view = held.lane.views[0][1]
    assert "1001 characters" in held.submit(view, "x" * 1001)["errors"]["reason"]
    assert "U+0000" in held.submit(view, "a\x00b")["errors"]["reason"]
    assert "names not a state" in held.submit(view, "why", hash=None)["errors"]["reason"]
    assert "carries something else" in held.submit(view, "why", private_metadata="{}")["errors"]["reason"]


def test_a_reason_closes_the_form_and_counts(held: Rig):
    """The hold is gone, the reason is in the audit; the rights are checked at the submission, not at the press."""
    held.press(held.button("unlock"), "U0OSKAR")
    view = held.lane.views[0][1]
    denied = held.submit(view, "let me", "U0OSKAR")
    assert denied["errors"]["reason"].startswith("you cannot unlock here: it needs a deployer")
    assert held.submit(view, "version 3 fixes <it>") == {}
    with held.scene.store.reads() as reads:
        assert reads.hold("my-app", "prod") is None
    assert held.audited()[-1]["facts"]["reason"] == "version 3 fixes <it>"


def test_a_form_about_a_rollout_that_is_gone_still_opens(rig: Rig):
    """Better a form without the card's words than none."""
    value = ButtonValue(verb="unlock", rollout=77, plan_hash="0" * 12)
    assert rig.press(value) == {}
    ((_, view, _, _),) = rig.lane.views
    assert view["blocks"][0]["text"]["text"] == "Rollout #77."
    assert "there is no rollout #77" in rig.submit(view, "why")["errors"]["reason"]


def test_what_to_type_instead_of_a_form():
    """Each move as words, with its options and its reason."""
    assert views.typed(ButtonValue(verb=HAVE_IT, rollout=4)) == "/deploy status #4"
    anyway = ButtonValue(verb="rollback", rollout=4, force=True)
    assert views.typed(anyway) == '/deploy rollback #4 --force --reason "…"'
    assert views.typed(ButtonValue(verb="promote", rollout=4, full=True)) == "/deploy promote #4 --full"


# -- once is once -----------------------------------------------------------------------------------


def test_the_same_command_again_gets_the_stored_answer(both: Rig):
    """Slack repeats what it thinks lost: one rollout, one answer, audited once as replayed."""
    first = both.slash("my-app canary", trigger_id="9.9.same")
    again = [both.slash("my-app canary", trigger_id="9.9.same") for _ in range(3)]
    assert again == [first] * 3
    assert both.rollouts() == 1
    assert [entry["kind"] for entry in both.audited()].count("replayed") == 1


def test_the_same_press_again_runs_nothing_twice(baking: Rig):
    """One pause, one private answer; a press of somebody else on the same message is another one."""
    baking.press(baking.button("pause"))
    pause = {"value": ButtonValue(verb="pause", rollout=1, plan_hash=baking.scene.newest.terms.plan.hash)}
    version = baking.scene.newest.version
    baking.count -= 1
    baking.press(pause["value"])
    assert baking.scene.newest.version == version
    assert len(baking.answers()) == 1
    baking.count -= 1
    baking.press(pause["value"], "U0BEN")
    assert [told.good for told in baking.answers()] == [True, False]


def test_the_same_form_again_gets_the_stored_answer(held: Rig):
    """A form sent twice releases once and is told the same twice."""
    held.press(held.button("unlock"))
    view = held.lane.views[0][1]
    assert held.submit(view, "found it", hash="1.same") == {}
    assert held.submit(view, "found it", hash="1.same") == {}
    assert [entry["kind"] for entry in held.audited()].count("replayed") == 1


def test_a_corrected_form_is_a_new_wish(held: Rig):
    """Slack sends the corrected form with the hash of the refused one: its first refusal must not stand for ever."""
    held.press(held.button("unlock"))
    view = held.lane.views[0][1]
    first = held.submit(view, "let me", "U0OSKAR", hash="1.same")
    assert first["response_action"] == "errors"
    with held.scene.store.work() as work:
        kept = [work.answered(f"view:V1:1.same:{said}:{HOME}:U0OSKAR") for said in (digest("let me"), digest("please"))]
    assert [reply is not None for reply in kept] == [True, False]
    held.submit(view, "please", "U0OSKAR", hash="1.same")
    kinds = [entry["kind"] for entry in held.audited()]
    assert (kinds.count("denied"), kinds.count("replayed")) == (2, 0)


def digest(reason: str) -> str:
    """What stands for a reason in the key of its form."""
    return hashlib.sha256(reason.encode()).hexdigest()[:12]


def test_a_form_of_somebody_not_recognised_yet_does_not_vanish(held: Rig):
    """Nothing was released; in the form's place stands that Slack is asked, and what to do."""
    held.press(held.button("unlock"))
    view = held.lane.views[0][1]
    held.scene.store.people.replace([], {}, held.scene.clock.now() - timedelta(hours=1))
    out = held.submit(view, "found it")
    assert out["response_action"] == "update"
    assert view_problems(out["view"]) == []
    assert out["view"]["blocks"][0]["text"]["text"].startswith("Slack has not yet told who you are. Slack is")
    assert "try again in a minute" in str(out["view"])
    with held.scene.store.reads() as reads:
        assert reads.hold("my-app", "prod")
        assert len(reads.waiting_asks("identity")) == 1


@pytest.mark.parametrize("why", ["", "x" * 1001, "a\x00b"])
def test_a_form_refused_before_the_desk_is_written_down(why: str, held: Rig):
    """Who sent it and why not, like every other refusal."""
    held.press(held.button("unlock"))
    before = len(held.audited())
    assert held.submit(held.lane.views[0][1], why)["response_action"] == "errors"
    (entry,) = held.audited()[before:]
    assert (entry["kind"], entry["actor"]) == ("refused", f"{HOME}/U0ANA")


# -- the guard --------------------------------------------------------------------------------------


class Broken:
    """A desk that fails: before anything is stored, after, or with a refusal of its own."""

    def __init__(self, *, before: Exception | None = None, after: Exception | None = None) -> None:
        self.before, self.after, self.asked = before, after, 0

    def ask(self, ask: Ask, actor: Actor, *, dedupe: str, reply: str = "") -> Reply:
        """Takes the wish, unless it fails."""
        if self.before:
            raise self.before
        self.asked += 1
        return Reply(ok=ask.verb != "reject", text="it counts", hint="as stored", offer="rollback", rollout=1)

    def turned_away(self, words: str, actor: Actor, error: TidegateError) -> None:
        """Its disk is full, or it fails like everything else of it."""
        raise self.before or Refused("the disk is full")

    def report(self, ask: Ask, actor: Actor) -> Report:
        """Fails."""
        raise self.before or NotFound("there is no rollout #1")

    def card(self, rollout: int) -> CardView:
        """What the answer is drawn with: fails after the commit."""
        if self.after:
            raise self.after
        return CARDS["baking"]


FAULTS = [RuntimeError("secret xoxb-1"), ValueError("x"), Refused("the store is busy", "try again"), KeyError("y")]


@pytest.mark.parametrize("mode", ["socket", "http"])
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_a_failure_before_the_commit_is_told_with_a_reference(fault, mode, tmp_path, caplog):
    """A friendly text; the log has the same reference, and never the words of the exception."""
    rig = Rig(tmp_path, mode=mode, desk=Broken(before=fault))
    out = rig.slash("my-app canary")
    if isinstance(fault, Refused):
        assert out["text"] == "the store is busy. Try again."
    else:
        assert out["text"].startswith("something went wrong before anything was stored; nothing was changed.")
        assert reference("1.1.slash") in out["text"]
        assert f"reference {reference('1.1.slash')}: {type(fault).__name__}" in caplog.text
    assert "xoxb" not in caplog.text
    assert rig.press(ButtonValue(verb="pause", rollout=1)) == {}
    assert "reference" in str(rig.lane.views) or isinstance(fault, Refused)
    form = views.reason_view(ButtonValue(verb="unlock", rollout=1), None)
    assert rig.submit(form, "why")["response_action"] == "errors"
    assert "text" in rig.slash("list")
    rig.close()


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_a_failure_after_the_commit_does_not_hide_that_it_counts(fault, tmp_path, caplog):
    """What was stored is told, though drawing it failed: else the person would ask again."""
    desk = Broken(after=fault)
    rig = Rig(tmp_path, desk=desk)
    assert rig.slash("my-app canary") == {"text": "it counts. As stored."}
    assert "listener failed" in caplog.text
    assert rig.press(ButtonValue(verb="pause", rollout=1)) == {}
    assert desk.asked == 2
    rig.close()


UNTELLABLE = "xoxb-".upper()


def _fails(*_: Any) -> dict[str, Any]:
    raise OSError(UNTELLABLE)


def _asks(turn: Turn) -> dict[str, Any]:
    turn.reply = Reply(ok=True, text="it counts")
    raise OSError("after the commit")


@pytest.mark.parametrize("listen", [_fails, _asks, lambda _: {"unknown": 1}])
def test_the_last_line_answers_even_when_telling_fails(listen, caplog):
    """Listener, teller and ack may all fail: the request is still acknowledged, once, empty."""
    acks: list[dict[str, Any]] = []

    def ack(text: str = "") -> None:
        acks.append({"text": text})

    with caplog.at_level(logging.ERROR):
        guarded(listen, _fails, _fails)(ack, {"trigger_id": "1"})
    assert acks == [{"text": ""}]
    assert UNTELLABLE not in caplog.text


def test_every_verb_is_answered_by_command_and_by_button(both: Rig):
    """No verb, known or not, with or without a rollout, leaves a request without its 200."""
    both.slash("my-app careful")
    both.scene.proven(5)
    for verb in (*VERBS, HAVE_IT, "nonsense"):
        assert both.slash(f"{verb} my-app --reason why")["text"]
        assert both.press(ButtonValue(verb=verb, rollout=1)) == {}
    assert both.lane.views


def test_an_unsigned_request_reaches_no_listener(tmp_path: Path):
    """HTTP mode: a wrong signature is 401 and starts nothing."""
    rig = Rig(tmp_path, mode="http")
    body = {"command": "/deploy", "text": "my-app canary", "user_id": IDS["ana"], "team_id": HOME, "trigger_id": "1"}
    good = rig.raw(body)
    assert good.status == 200
    forged = rig.app.dispatch(_forged(body))
    assert forged.status == 401
    assert rig.rollouts() == 1
    rig.close()


def _forged(body: dict[str, str]) -> BoltRequest:
    headers: dict[str, str | Sequence[str]] = {"x-slack-signature": ["v0=00"], "x-slack-request-timestamp": ["1"]}
    return BoltRequest(mode="http", body="&".join(f"{key}={value}" for key, value in body.items()), headers=headers)
