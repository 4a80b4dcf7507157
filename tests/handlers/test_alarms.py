"""Notices about alarms: what they claim, which buttons they draw, what a press does, where their links lead."""

import re
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, get_args
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from handlers.blocks.alarm_words import few, nth
from handlers.blocks.alert import SHOWN, alert, heading, ordered
from handlers.blocks.digest import summary
from handlers.blocks.events import event
from handlers.buttons import OPEN, PRESSED, ButtonValue, verb_of
from handlers.cloudwatch import LONGEST, alarm_url
from rollout.alarms.model import BAD, State
from rollout.alarms.presses import PRESSES
from rollout.alarms.views import AlertView
from rollout.ask import Ask
from rollout.errors import BadInput
from rollout.machine import apply
from rollout.model import Phase
from rollout.notices import Event
from tests.handlers import plain
from tests.handlers.alarm_samples import ALERTS, GATED, HOUR, STAGING, SUMMARIES, UNTIL_OK, key, line, report, view
from tests.handlers.alarm_samples import state as known
from tests.handlers.corpus import HOSTILE
from tests.handlers.hostile import Poison
from tests.handlers.messages import IRISH
from tests.handlers.rig import ADDRESS, HOME, Rig
from tests.handlers.sample_cards import CARDS
from tests.handlers.samples import ANA, NOW
from tests.slack_rules import payload_problems

Row = list[dict[str, Any]]


def buttons(one: AlertView) -> Row:
    """All of them, in their order."""
    return [each for block in alert(one).blocks if block["type"] == "actions" for each in block["elements"]]


def verbs(one: AlertView) -> list[str]:
    """What they are, `open` for the link."""
    return [verb_of(each["action_id"]) if "value" in each else "open" for each in buttons(one)]


# -- where links lead ---------------------------------------------------------------------------------

PLACES = [
    ("eu-west-1", "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1"),
    ("cn-north-1", "https://cn-north-1.console.amazonaws.cn/cloudwatch/home?region=cn-north-1"),
    ("us-gov-west-1", "https://us-gov-west-1.console.amazonaws-us-gov.com/cloudwatch/home?region=us-gov-west-1"),
    ("ap-southeast-2", "https://ap-southeast-2.console.aws.amazon.com/cloudwatch/home?region=ap-southeast-2"),
]


@pytest.mark.parametrize(("region", "begin"), PLACES)
def test_a_link_leads_to_the_console_of_its_partition(region: str, begin: str):
    """China and the US government have consoles of their own."""
    assert alarm_url(region, "my-app-errors") == f"{begin}#alarmsV2:alarm/my-app-errors"
    assert alarm_url(region, "") == f"{begin}#alarmsV2:"


@pytest.mark.parametrize("region", ["", "eu-west", "eu-west-1/", "evil.example#-1", "EU-WEST-1", "us-iso-east-1",
                                    "eusc-de-east-1", "eu-west-1\n", "<!channel>", None])  # fmt: skip
def test_what_is_no_region_that_we_know_gets_no_link(region: Any):
    """No address is made of a foreign text, and none that leads nowhere."""
    assert alarm_url(str(region), "my-app-errors") == ""


@given(st.text(min_size=1, max_size=255) | st.sampled_from([text for text in HOSTILE if text]))
def test_any_name_is_quoted_and_reads_back(name: str):
    """Nothing in a name ends the address or begins another; what is too long for a button leads to the list."""
    url = alarm_url("eu-west-1", name)
    head, _, quoted = url.partition("#alarmsV2:")
    assert len(url) <= LONGEST
    assert head == PLACES[0][1]
    assert re.fullmatch(r"(alarm/[A-Za-z0-9._~%-]+)?", quoted)
    assert quoted or len(name.encode("utf-8", "replace")) > 950
    if quoted and "\ud800" not in name:
        assert unquote(quoted.removeprefix("alarm/")) == name


def test_the_link_of_a_notice_leads_to_the_first_bad_alarm():
    """Of several, the red one shown first; what was deleted or cannot be read has no page, but a list."""
    urls = {name: [each["url"] for each in buttons(one) if "url" in each] for name, one in ALERTS.items()}
    assert urls["alert-one-of-three-ok"][0].endswith("#alarmsV2:alarm/my-app-p99")
    assert urls["alert-deleted"][0].endswith("region=eu-west-1#alarmsV2:")
    assert urls["alert-blind-with-a-live-rollout"][0].endswith("alarm/my-app-eu")
    nowhere = view(line(key=key(lane="default/Mars")))
    assert verbs(nowhere.model_copy(update={"regions": {}})) == ["ack", "mute-1h", "mute-4h", "mute-ok"]


def test_what_fell_for_alarms_links_to_each():
    """The thread reply of a fall has a link per alarm, in text and blocks; a reply about anything else has none."""
    fell = Event(rollout=42, what="going_back", text="red", alarms=("a b", "c"), at=NOW)
    for text in (event(fell, IRISH).text, event(fell, IRISH).blocks[1]["text"]["text"]):
        assert "home?region=eu-west-1#alarmsV2:alarm/a%20b|a b>" in text
        assert "alarm/c|c>" in text
    assert "alarmsV2" not in str(event(fell.model_copy(update={"alarms": ()}), IRISH).payload)
    bare = event(fell, CARDS["baking"].rollout)
    assert str(bare.text).endswith("CloudWatch: a b, c")
    long = event(fell.model_copy(update={"alarms": ("é" * 255,) * 9}), IRISH)
    assert "alarmsV2" not in long.text
    assert "and 4 more" in long.text


# -- what a button carries ----------------------------------------------------------------------------

TAMPERED = [
    '{"v":1,"verb":"ack"}', '{"v":1,"verb":"ack","alert":0}', '{"v":1,"verb":"ack","rollout":1}',
    '{"v":1,"verb":"ack","alert":1,"rollout":1}', '{"v":1,"verb":"ack","alert":-1}', '{"v":1,"verb":"ack","alert":"1"}',
    '{"v":1,"verb":"ack","alert":true}', '{"v":1,"verb":"ack","alert":1.0}', '{"v":1,"verb":"pause","alert":1}',
    '{"v":1,"verb":"pause","alert":1,"rollout":1}', '{"v":1,"verb":"have-it","alert":1}', '{"v":1,"verb":"pause"}',
    '{"v":1,"verb":"ack","alert":1,"force":true}', '{"v":1,"verb":"ack","alert":1,"plan_hash":"0123456789ab"}',
    '{"v":1,"verb":"mute-9h","alert":1}', '{"v":1,"verb":"mute-9h","rollout":1}', '{"v":1,"verb":"open","alert":1}',
    '{"v":1,"verb":"ack","alert":1,"until":"2030"}', f'{{"v":1,"verb":"ack","alert":{10**16}}}',
]  # fmt: skip


@pytest.mark.parametrize("value", TAMPERED)
def test_a_value_is_about_one_rollout_or_one_notice(value: str):
    """Neither both nor none, no verb of the other, no options on a notice."""
    with pytest.raises(BadInput):
        ButtonValue.read(value)


def test_what_is_sent_reads_back():
    """Every press there is, as it travels; buttons drawn before there were notices are still good."""
    for verb in PRESSED:
        about = {"alert": 7} if verb in PRESSES else {"rollout": 42, "step": 1, "plan_hash": "0123456789ab"}
        value = ButtonValue.model_validate({"verb": verb} | about)
        assert ButtonValue.read(value.wire) == value
        assert ("alert" in value.wire) == (verb in PRESSES) == ("rollout" not in value.wire)
        assert verb_of(f"tidegate:{verb}") == verb
    old = '{"v":1,"verb":"pause","rollout":42,"step":1,"plan_hash":"0123456789ab","full":false,"force":false}'
    assert ButtonValue.read(old).rollout == 42
    assert ButtonValue(verb="mute-1h", alert=7).ask(channel="C1") == Ask(verb="mute-1h", alert=7, channel="C1")
    with pytest.raises(ValidationError):
        ButtonValue(verb="ack", alert=7, rollout=42)


# -- which buttons ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALERTS)
def test_once_nothing_is_bad_only_the_link_is_left(name: str):
    """Nobody acknowledges or mutes what is over; what is red can always be muted or unmuted."""
    drawn = verbs(ALERTS[name])
    if not ALERTS[name].alert.bad:
        assert drawn == ["open"]
    else:
        assert ("ack" in drawn) == (ALERTS[name].alert.taken is None)
        assert {"mute-1h", "unmute"} & set(drawn)


@pytest.mark.parametrize("mutes", [{}, {"a": HOUR}, {"a": HOUR, "b": UNTIL_OK}])
@pytest.mark.parametrize("taken", [False, True])
def test_every_button_of_a_notice_is_one_that_the_desk_takes(mutes: dict[str, Any], taken: bool, tmp_path: Path):
    """Drawn is legal: each is pressed at a real desk over a real store, for a notice of its own."""
    rig = Rig(tmp_path)
    one = view(line("a"), line("b"), mutes=mutes, taken={"by": ANA, "at": NOW} if taken else None)
    pressed = [ButtonValue.read(each["value"]).verb for each in buttons(one) if "value" in each]
    assert pressed
    for verb in pressed:
        with rig.scene.store.work() as work:
            stored = work.put_alert(one.alert.model_copy(update={"id": 0}))
            for each in one.states:
                mute = each.muted and each.muted.model_copy(update={"until": None})
                work.save_alarm(each.model_copy(update={"muted": mute}))
        assert rig.press(ButtonValue(verb=verb, alert=stored.id)) == {}
        over = rig.alarms.view(stored.id).alert.model_copy(update={"open": False})
        with rig.scene.store.work() as work:
            work.put_alert(over)
    assert [(told.text, told.good) for told in rig.answers() if not told.good] == []
    assert len(rig.answers()) == len(pressed)
    rig.close()


def test_rollbacks_are_drawn_for_what_may_go_back_gated_ones_first():
    """At most two, told apart by their action ids, each of them a wish that the machine takes; danger, asked first."""
    third = STAGING.but(id=44, terms=GATED.terms.model_copy(update={"lane": "default/eu-central-1"}))
    drawn = [each for each in buttons(view(line(), live=(third, STAGING, GATED))) if "confirm" in each]
    assert [each["action_id"] for each in drawn] == ["tidegate:rollback:43", "tidegate:rollback:42"]
    assert [each["text"]["text"] for each in drawn] == ["Roll back #43", "Roll back #42"]
    assert all(each["style"] == "danger" for each in drawn)
    assert drawn[1]["confirm"]["text"]["text"].startswith("my-app in prod (#42): all traffic goes back to version 1")
    for one in (one.rollout for one in CARDS.values()):
        if one.live and "rollback" in verbs(view(line(), live=(one,))):
            assert apply(one, Ask(verb="rollback", ref=42, reason="why"), ANA, NOW).phase is not one.phase
    assert "rollback" not in verbs(view(line(), live=(CARDS["rolling-back-person"].rollout,)))
    assert "rollback" not in verbs(view(line(), live=(CARDS["requested"].rollout,)))


def test_rolling_back_anyway_asks_for_a_reason_first():
    """A notice is no way around the form of a card: the old side is known sick there too."""
    stuck = CARDS["stuck-both-sick"].rollout
    (drawn,) = [each for each in buttons(view(line(), live=(stuck,))) if "rollback" in each["action_id"]]
    assert (drawn["text"]["text"], drawn["action_id"]) == ("Roll back #42 anyway", "tidegate:rollback:force-42")
    assert ButtonValue.read(drawn["value"]).needs_reason


# -- what is said -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALERTS)
def test_heading_first_sentence_and_text_each_say_it_all(name: str):
    """The first words read aloud are the heading, then the first sentence: names, since when, what it is now."""
    message = alert(ALERTS[name])
    head, first = message.blocks[0]["text"]["text"], message.blocks[1]["text"]["text"].split("\n")[0]
    assert message.text.startswith(f"{head}\n{first}")
    assert head.startswith("my-app · ")
    shown = alert(ALERTS[name]).blocks[1]["text"]["text"]
    for one in ALERTS[name].alert.bad[:3]:
        if one.key.kind == "alarm" and len(ALERTS[name].alert.lines) < SHOWN:
            assert one.key.name in first
            assert one.text in shown
            assert one.text in message.text


STATES = st.lists(st.tuples(st.sampled_from(get_args(State)), st.integers(1, 5), st.booleans()), min_size=1, max_size=6)


@settings(max_examples=300, deadline=None)
@given(STATES)
def test_only_ok_is_said_to_be_ok(drawn: list[tuple[Any, int, bool]]):
    """Whatever the states: no heading is better than the worst line, and no line claims more than its state."""
    lines = [
        line(f"alarm-{n}x", state, times=times, told_by=42 if told else None)
        for n, (state, times, told) in enumerate(drawn)
    ]  # fmt: skip
    one, states = view(*lines), {each.state for each in lines}
    head, text = heading(one), plain.read(alert(one))
    assert ("OK again" in head) <= (states <= {"OK", "INSUFFICIENT_DATA", "UNWATCHED"} and "OK" in states)
    assert (head == "my-app · OK again") == (states == {"OK"})
    assert ("red" in head) == ("ALARM" in states)
    assert ("deleted" in head) == ("ABSENT" in states)
    for each in lines:
        assert (f"{each.key.name} is red since" in text) == (each.state == "ALARM")
        assert (f"{each.key.name} is OK again since" in text) == (each.state == "OK")
        assert each.key.name in text
    assert ("It brought #42 back, see its card." in text) == any(told for _, _, told in drawn)
    assert bool(states & BAD) == ("ack" in verbs(one))


def test_of_hundreds_the_bad_ones_are_shown_and_the_rest_is_counted():
    """Six hundred lines, the last of them red: it stands first."""
    lines = [line(f"a{n}", "ALARM" if n == 599 else "OK", told_by=None) for n in range(600)]
    text = plain.read(alert(view(*lines)))
    assert text.splitlines()[1].startswith("1 alarm is red: a599 since 14:22. 599 are OK again: a0 since")
    assert text.splitlines()[2].startswith("• a599 is red since 14:22")
    assert "and 590 more (590 OK again): `/deploy alarms my-app`" in text


def test_bad_lines_come_first_and_those_that_a_card_tells_last_of_them():
    """Red, unreadable, deleted; then what a card told already; then no data, then OK."""
    states = ("OK", "INSUFFICIENT_DATA", "ABSENT", "BLIND", "ALARM")
    lines = [line("told", told_by=42), *(line(state.lower(), state) for state in states)]
    names = [one.key.name for one in ordered(view(*lines).alert)]
    assert names == ["alarm", "blind", "absent", "told", "insufficient_data", "ok"]


def test_a_gate_counts_at_its_own_place_only():
    """An alarm of the same name in another region gates nothing here."""
    here, there = view(line(), live=(GATED,)), view(line(key=key(lane="default/us-east-1")), live=(GATED,))
    assert "and this alarm gates it" in plain.read(alert(here))
    assert "and this alarm does not gate it" in plain.read(alert(there))
    assert "gate" not in plain.read(alert(view(line(state="OK"), live=(GATED,))))


def test_a_rollout_that_could_not_be_read_is_not_said_to_be_where_it_was():
    """`last seen at`, as on its card; a weight that is being moved is told beside where it stands."""
    unread = CARDS["paused-blind"].rollout
    assert "last seen at 10 %" in plain.read(alert(view(line(), live=(unread,))))
    moving = GATED.but(step=1)
    assert "#42 in prod is moving to 50 %, now at 10 % (1 → 2)" in plain.read(alert(view(line(), live=(moving,))))
    many = tuple(GATED.but(id=number, phase=Phase.LAUNCHING) for number in range(1, 10))
    assert "and 5 more rollouts are live" in plain.read(alert(view(line(), live=many)))


def test_a_mute_that_is_over_is_not_shown():
    """Messages come again: nothing says otherwise, and the mutes are offered anew."""
    over = HOUR.model_copy(update={"until": NOW})
    one = view(line(), mutes={"my-app-errors": over})
    assert "silenced" not in plain.read(alert(one))
    assert verbs(one) == ["ack", "open", "mute-1h", "mute-4h", "mute-ok"]


def test_numbers_are_said_as_people_say_them():
    """`2nd`, `3rd`, `11th`, `a, b and 2 more`."""
    said = [nth(n) for n in (2, 3, 4, 11, 12, 13, 21, 22, 111, 113)]
    assert said == ["2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "111th", "113th"]
    assert few(["a", "b", "c"]) == "a, b, c"
    assert few(["a", "b", "c", "<d>"], 2) == "a, b and 2 more"


# -- summaries ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in SUMMARIES if "nothing" in name])
def test_nothing_to_say_is_one_line(name: str):
    """One paragraph of one line, no heading."""
    (block,) = summary(SUMMARIES[name]).blocks
    assert block["type"] == "section"
    assert "\n" not in block["text"]["text"]


WORTH = [
    {"changes": {"ALARM": 1}}, {"live": (4,)}, {"muted": HOUR}, {"clean": False}, {"is_": "ABSENT"}, {"is_": "ALARM"},
    {"is_": "INSUFFICIENT_DATA"}, {"gate": True, "bake": "1m"},
]  # fmt: skip


@pytest.mark.parametrize("what", WORTH, ids=str)
def test_anything_to_say_is_said(what: dict[str, Any]):
    """One alarm that is not plainly OK, one change, one live rollout: no `all OK` then."""
    whole = {name: value for name, value in what.items() if name in ("changes", "live")}
    own = {name: value for name, value in what.items() if name not in whole}
    text = plain.read(summary(report(known("a"), known("bad", **own), **whole)))
    assert "alarms are OK" not in text
    assert len(text.splitlines()) > 2
    assert ("2 OK" in text) == (not own or "muted" in own or "bake" in own)


def test_a_title_of_nothing_is_none():
    """A heading of blanks is one that Slack refuses, and the whole summary with it."""
    assert summary(report(known("a", "ALARM"), title=" \n")).blocks[0]["text"]["text"] == "Alarms of my-app"


def test_what_was_cut_is_counted():
    """Six hundred alarms of two apps: red ones told, the rest of each kind counted, where to find them said."""
    text = plain.read(summary(SUMMARIES["digest-many"]))
    assert "and 142 more are red: `tidegate alarms`" in text
    assert text.count("and 138 more") == 2
    assert "and 10 more: `/deploy history`" in text


def test_an_app_that_nothing_watches_is_named():
    """Its silence would look like health."""
    text = plain.read(summary(SUMMARIES["digest-nothing-and-an-app-unwatched"]))
    assert "all 2 alarms are OK" in text
    assert 'No alarm is configured for shop, or none was read yet: add `alarms = ["…"]`' in text


# -- presses ------------------------------------------------------------------------------------------


@pytest.fixture(params=["socket", "http"])
def both(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    """In either mode; my-app-errors is red, and its notice is number 1."""
    rig = Rig(tmp_path, mode=request.param)
    rig.turns("ALARM")
    yield rig
    rig.close()


def test_a_press_on_a_notice_is_stored_and_answered_through_the_outbox(both: Rig):
    """Acknowledged, once; the private answer waits with its address; no rollout, no window."""
    assert both.press(ButtonValue(verb="ack", alert=1)) == {}
    taken = both.alarms.view(1).alert.taken
    assert taken and taken.by.key == f"{HOME}/U0ANA"
    (told,) = both.answers()
    assert (told.reply, told.text, told.good) == (ADDRESS, "you have it: my-app-errors", True)
    assert both.lane.views == []
    both.count -= 1
    both.press(ButtonValue(verb="ack", alert=1))
    assert len(both.answers()) == 1
    assert "s3cret" not in str(both.audited())


@pytest.mark.parametrize("verb", PRESSES)
def test_every_press_finds_its_way(verb: str, both: Rig):
    """None of them is lost between Bolt and the desk; a notice that is none is answered privately."""
    both.press(ButtonValue(verb=verb, alert=1))
    both.press(ButtonValue(verb=verb, alert=99))
    first, second = both.answers()
    assert first.text
    assert (second.text, second.good) == ("there is no notice 99", False)


def test_a_tampered_press_on_a_notice_changes_nothing(both: Rig):
    """A small window says so, and the audit has it."""
    assert both.press('{"v":1,"verb":"ack","rollout":1}', action_id="tidegate:ack") == {}
    assert both.press(ButtonValue(verb="ack", alert=1), action_id="tidegate:mute-1h") == {}
    assert [one[1]["title"]["text"] for one in both.lane.views] == ["Nothing was changed"] * 2
    assert [entry["kind"] for entry in both.audited()] == ["refused"] * 2
    assert both.alarms.view(1).alert.taken is None


def test_a_link_that_was_followed_is_heard_and_nothing_else(both: Rig):
    """Slack tells of it like of a press: an empty ack; no window, no answer, no line in the audit, whoever it was."""
    link = {"type": "button", "action_id": OPEN, "block_id": "b", "action_ts": "17.1",
            "text": {"type": "plain_text", "text": "Open in CloudWatch"}}  # fmt: skip
    body = both.interaction("block_actions", "U0ANA") | {
        "trigger_id": "1.1.press", "response_url": ADDRESS, "actions": [link],
        "message": {"type": "message", "ts": "17.000001"},
        "container": {"type": "message", "message_ts": "17.000001", "channel_id": "C0DEPLOYS"},
        "channel": {"id": "C0DEPLOYS", "name": "deploys"},
    }  # fmt: skip
    assert payload_problems("block_actions", body) == []
    for sent in (body, body | {"user": {"id": "U0XX", "team_id": "T0OTHER"}}, body | {"user": {}}):
        assert both.send(sent) == {}
    assert both.lane.views == []
    assert both.answers() == []
    assert both.audited() == []


def test_a_summary_is_answered_in_the_ack(both: Rig):
    """`/deploy alarms`, for anyone of the workspace; nothing is written down."""
    for who in ("U0ANA", "U0OSKAR"):
        assert "my-app-errors is red since" in str(both.slash("alarms my-app", who)["blocks"])
    assert both.audited() == []


def test_a_seed_makes_notices_of_every_size():
    """The hostile corpus reaches one line, hundreds, muted, taken and live ones: else its tests prove little."""
    views = [Poison(Random(seed)).alert(()) for seed in range(60)]
    assert {1, 600} <= {len(one.alert.lines) for one in views}
    assert any(one.alert.taken for one in views)
    assert any(known.muted for one in views for known in one.states)
