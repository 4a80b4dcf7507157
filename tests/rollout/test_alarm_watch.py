"""The watch on a real store: what is read, what is written, who is woken, who tells it, which buttons count."""

from datetime import timedelta

import pytest

from rollout.alarms.model import Place
from rollout.ask import Ask
from rollout.model import Phase
from rollout.notices import Event
from rollout.people import Actor
from rollout.seen import Fault
from tests.rollout.make import ask as wish
from tests.rollout.scene import ANA, BEN, OSKAR
from tests.rollout.watching import LANE, Watching, key, scope


@pytest.fixture
def opened(tmp_path):
    """Open watches; closed at the end."""
    made: list[Watching] = []

    def make(*scopes, **fields) -> Watching:
        made.append(Watching(tmp_path / f"{len(made)}.db", *(scopes or (scope("my-app-errors"),)), **fields))
        return made[-1]

    yield make
    for one in made:
        one.close()


def red(w: Watching, *names: str) -> None:
    """These alarms were OK, were seen so, and are red and seen so."""
    for name in names:
        w.turn(name, "OK")
    w.sweep(30)
    for name in names:
        w.turn(name, "ALARM", after=1, text=f"{name} 8.2 %, limit 1 %")
    w.sweep(10)


def test_a_restart_repeats_nothing_and_loses_nothing(opened):
    """Red before the restart is told once; what changed while the bot was away is told with its true times."""
    w = opened()
    red(w, "my-app-errors")
    w.restart()
    w.sweep(30)
    assert [alert.version for alert in w.alerts()] == [1]
    w.turn("my-app-errors", "OK", after=60)
    went = w.clock.now()
    w.turn("my-app-errors", "ALARM", after=7)
    back = w.clock.now()
    w.clock.advance(timedelta(hours=1))
    w.restart()
    w.sweep(1)
    (alert,) = w.alerts()
    line = alert.lines[0]
    assert (line.times, line.since, line.bad_for) == (2, back, went - line.first)


def test_nothing_new_writes_nothing(opened):
    """A sweep that finds everything as it was opens no transaction that writes, and reads no history."""
    w = opened()
    red(w, "my-app-errors")
    before = w.cloud.calls["past"]
    changes = w.store._sessions._seat().db.conn.total_changes
    for _ in range(5):
        w.sweep(30)
    assert w.store._sessions._seat().db.conn.total_changes == changes
    assert w.cloud.calls["past"] == before


def test_found_by_prefix_and_tag_and_forgotten_when_gone(opened):
    """Alarms found by prefix or tag are watched; one that is deleted is nobody's loss, and its line says so."""
    w = opened(scope("my-app-errors", prefixes=("my-app-",), tags=("team",)))
    red(w, "my-app-errors", "my-app-queue", "x-team")
    (alert,) = w.alerts()
    assert {line.key.name for line in alert.lines} == {"my-app-errors", "my-app-queue", "x-team"}
    w.cloud.delete("my-app-queue")
    w.sweep(30)
    w.sweep(30)
    w.sweep(400)
    with w.store.reads() as reads:
        assert reads.alarm_state(key("my-app-queue")) is None
    assert {line.key.name: line.state for line in w.alerts()[0].lines}["my-app-queue"] == "UNWATCHED"
    assert "ABSENT" not in {turn.state for turn in w.turns()}


def test_a_right_that_only_tags_need_hides_nothing_else(opened):
    """Tags cannot be looked for: prefixes are, known names stay, the report says so, and no place is called blind."""
    w = opened(scope("my-app-errors", prefixes=("my-app-",), tags=("team",)))
    for name in ("my-app-errors", "x-team"):
        w.turn(name, "OK")
    w.sweep(30)
    w.cloud.no_tags = True
    w.turn("my-app-queue", "OK")
    w.sweep(400)
    w.turn("my-app-queue", "ALARM", after=1)
    w.turn("x-team", "ALARM")
    w.sweep(400)
    assert {line.key.name for alert in w.alerts() for line in alert.lines} == {"my-app-queue", "x-team"}
    faults = [one.fault.text for one in w.desk.report(["my-app"], w.clock.now()).states if one.fault]
    assert faults == ["alarms cannot be looked for by tag: tag:GetResources was denied"]


def test_a_gate_that_is_deleted_is_told(opened):
    """A gate that CloudWatch does not know any more blinds rollouts: people learn of it, and when it is back."""
    w = opened()
    w.turn("my-app-errors", "OK")
    w.sweep(30)
    w.cloud.delete("my-app-errors")
    w.sweep(30)
    assert w.alerts() == []
    w.sweep(30)
    assert [line.state for line in w.alerts()[0].lines] == ["ABSENT"]
    w.turn("my-app-errors", "OK")
    w.sweep(30)
    assert [line.state for line in w.alerts()[0].lines] == ["OK"]


def test_one_place_of_three_that_cannot_be_read_hides_no_other(opened):
    """No permission in one region: the others go on, and after five minutes the blindness itself is told."""
    places = [Place(lane=f"default/{region}", region=region) for region in ("a", "b", "c")]
    w = opened(*(scope("my-app-errors", place=place) for place in places))
    real = w.cloud.sweep

    def denied(place, names):
        w.cloud.fault = Fault(kind="auth", text="AccessDenied", hint="allow it") if place.region == "b" else None
        try:
            return real(place, names)
        finally:
            w.cloud.fault = None

    w.turn("my-app-errors", "OK")
    w.sweep(30)
    w.cloud.sweep = denied
    w.turn("my-app-errors", "ALARM", after=1)
    w.sweep(10)
    assert {line.key.lane for line in w.alerts()[0].lines} == {"default/a", "default/c"}
    w.sweep(200)
    w.sweep(200)
    blind = [line for alert in w.alerts() for line in alert.lines if line.state == "BLIND"]
    assert [(line.key.lane, line.key.kind, line.text) for line in blind] == [
        ("default/b", "place", "AccessDenied; allow it")
    ]
    w.cloud.sweep = real
    w.sweep(30)
    lines = {(line.key.lane, line.key.kind): line.state for alert in w.alerts() for line in alert.lines}
    assert lines["default/b", "place"] == "OK" and lines["default/b", "alarm"] == "ALARM"


def test_a_gate_that_turns_red_wakes_its_rollout(opened):
    """The rollout that it gates is looked at at once; one that it does not gate is left alone."""
    w = opened(scope("my-app-errors", "my-app-other"), live=True)
    w.bot.ask(wish("start"), ANA, dedupe="1")
    w.woken.clear()
    red(w, "my-app-other")
    assert w.woken == []
    red(w, "my-app-errors")
    assert w.woken == [1]


def at_ten_percent(w: Watching) -> None:
    """A rollout that bakes at 10 %, watched by its alarm."""
    w.turn("my-app-errors", "OK")
    w.sweep(1)
    w.bot.ask(wish("start"), ANA, dedupe="1")
    for _ in range(8):
        w.clock.advance(timedelta(seconds=5))
        w.bot.look([1])
    assert w.rollout(1).proven == 10


@pytest.mark.parametrize("first", ["look", "sweep"])
def test_the_alarm_that_brings_a_rollout_back_is_told_on_its_card(opened, first):
    """Whoever is first, the sweep or the look: the notice knows that the card tells it. Red anew, it tells itself."""
    w = opened(live=True)
    at_ten_percent(w)
    w.clock.advance(timedelta(seconds=5))
    w.world.alarms["my-app-errors"].turn("ALARM", w.clock.now())
    w.turn("my-app-errors", "ALARM")
    for one in (first, "sweep" if first == "look" else "look"):
        w.clock.advance(timedelta(seconds=1))
        w.sweep() if one == "sweep" else w.bot.look([1])
    assert w.rollout(1).phase is Phase.ROLLING_BACK
    (alert,) = w.alerts()
    assert (alert.lines[0].told_by, alert.to_tell) == (1, False)
    w.turn("my-app-errors", "OK", after=60)
    w.sweep(10)
    told = [queued.notice for queued in w.store.outbox.pending(w.clock.now(), 50)]
    over = [notice.text for notice in told if isinstance(notice, Event) and notice.what == "alarm_over"]
    assert [text.partition(";")[0] for text in over] == ["my-app-errors is OK again"]
    w.turn("my-app-errors", "ALARM", after=60)
    w.sweep(10)
    assert w.alerts()[0].to_tell


def test_a_look_that_saw_a_change_first_asks_for_a_sweep(opened):
    """The look reports a change that no sweep has told; afterwards, and for what is not watched, it has nothing to."""
    w = opened(live=True)
    at_ten_percent(w)
    w.world.alarms["my-app-errors"].turn("ALARM", w.clock.now())
    seen = w.world.observe([w.rollout(1)])[1]
    assert w.watch.sighted(w.rollout(1), seen)
    w.cloud.turn("my-app-errors", "ALARM", seen.alarms[0].since)
    w.sweep(1)
    assert not w.watch.sighted(w.rollout(1), seen)


def test_two_roles_in_one_lane_forget_nothing_of_each_other(opened):
    """Two environments read by two roles in one account and region keep both their alarms."""
    other = Place(lane=LANE, role="arn:aws:iam::1:role/b", region="test")
    w = opened(scope("my-app-errors"), scope("my-app-p99", place=other))
    red(w, "my-app-errors", "my-app-p99")
    w.sweep(30)
    with w.store.reads() as reads:
        assert reads.alarm_state(key("my-app-errors")) and reads.alarm_state(key("my-app-p99"))
    w.restart()
    w.watch.sweep(w.scopes[:1])
    with w.store.reads() as reads:
        assert reads.alarm_state(key("my-app-p99")) is not None
    w.scopes = (scope("my-app-errors"), scope(place=other))
    w.restart()
    w.sweep(1)
    w.sweep(30)
    with w.store.reads() as reads:
        assert reads.alarm_state(key("my-app-errors")) and reads.alarm_state(key("my-app-p99")) is None


def test_what_the_configuration_drops_is_forgotten(opened):
    """An app that is watched no more leaves no state behind, and an open notice of it says so."""
    w = opened()
    red(w, "my-app-errors")
    w.watch.settle([])
    with w.store.reads() as reads:
        assert reads.alarm_states() == []
    assert [line.state for line in w.alerts()[0].lines] == ["UNWATCHED"]


# -- buttons ------------------------------------------------------------------------------------


def press(w: Watching, verb: str, actor: Actor = ANA, key: str = "") -> tuple[bool, str]:
    """Press a button of notice 1."""
    w.presses += 1
    reply = w.desk.press(Ask(verb=verb, alert=1), actor, dedupe=key or f"press {w.presses}")
    return reply.ok, reply.text


def test_acknowledging_says_who_has_it(opened):
    """The first press counts and is shown; a second person is told who has it; afterwards there is nothing to have."""
    w = opened()
    red(w, "my-app-errors")
    assert press(w, "ack") == (True, "you have it: my-app-errors")
    ok, text = press(w, "ack", BEN)
    assert not ok and "ana has it since" in text
    taken = w.alerts()[0].taken
    assert taken is not None and taken.by == ANA
    w.turn("my-app-errors", "OK", after=5)
    w.sweep(10)
    assert w.alerts()[0].taken == taken


def test_a_mute_silences_and_ends(opened):
    """Muted for an hour, unmuted by a press; until OK, ended by OK; a gate is as it was all the time."""
    w = opened()
    red(w, "my-app-errors")
    ok, text = press(w, "mute-1h")
    assert ok and "for 1h" in text and "gates still count" in text
    (state,) = w.desk.view(1).states
    assert state.muted is not None and state.muted.until == w.clock.now() + timedelta(hours=1)
    assert w.desk.report(["my-app"], w.clock.now() - timedelta(days=1)).muted == (state,)
    assert press(w, "unmute")[0] and not press(w, "unmute")[0]
    assert press(w, "mute-ok")[0]
    w.turn("my-app-errors", "OK", after=5)
    w.sweep(10)
    assert w.desk.view(1).states[0].muted is None
    assert not press(w, "mute-ok")[0] and not press(w, "ack")[0]


def test_the_same_press_again_changes_nothing(opened):
    """A press that Slack delivers twice gets the first answer, and the notice is edited once."""
    w = opened()
    red(w, "my-app-errors")
    first = press(w, "ack", key="k")
    version = w.alerts()[0].version
    assert press(w, "ack", key="k") == first and w.alerts()[0].version == version


def test_who_may_not_is_refused_and_written_down(opened):
    """An outsider, a notice that does not exist, a verb that is no button: each refused, each in the trail."""
    w = opened()
    red(w, "my-app-errors")
    needs = "you cannot answer for this notice: it needs a deployer or an approver, and you are not one"
    assert press(w, "ack", OSKAR) == (False, needs)
    assert "no notice 7" in w.desk.press(Ask(verb="ack", alert=7), ANA, dedupe="a").text
    assert "no button" in w.desk.press(Ask(verb="rollback", alert=1), ANA, dedupe="b").text
    with w.store.reads() as reads:
        kinds = [link.body.split('"kind":"')[1].split('"')[0] for link in reads.audit_page()]
    assert kinds == ["denied", "refused", "refused"]
    assert w.alerts()[0].version == 1


def test_a_notice_of_what_is_watched_no_more_is_over(opened):
    """A notice whose alarms are all watched no more is closed with them, and cannot be muted."""
    w = opened()
    red(w, "my-app-errors")
    w.watch.settle([])
    assert press(w, "mute-1h") == (False, "this notice is over")


def test_a_closed_notice_is_not_muted(opened):
    """Buttons of an old notice change nothing and say where to look."""
    w = opened()
    red(w, "my-app-errors")
    w.turn("my-app-errors", "OK", after=5)
    w.sweep(10)
    w.sweep(1000)
    assert not w.alerts()[0].open
    assert press(w, "mute-4h") == (False, "this notice is over")


# -- reports ------------------------------------------------------------------------------------


def test_a_report_counts_what_happened_since(opened):
    """States, changes, the longest red one, rollouts that ended: since the moment asked for and not before."""
    w = opened(live=True)
    red(w, "my-app-errors")
    w.turn("my-app-errors", "OK", after=300)
    w.sweep(10)
    middle = w.clock.now()
    w.turn("my-app-errors", "ALARM", after=60)
    w.sweep(10)
    w.turn("my-app-errors", "OK", after=600)
    w.sweep(10)
    all_day = w.desk.report(["my-app"], middle - timedelta(days=1), "yesterday")
    assert (all_day.changes["ALARM"], all_day.changes["OK"]) == (2, 2)
    assert all_day.longest is not None and all_day.longest.length(w.clock.now()) == timedelta(seconds=610)
    since = w.desk.report(["my-app"], middle)
    assert since.changes["ALARM"] == 1
    assert w.desk.report(["other"], middle).states == ()
    assert not since.nothing and w.desk.report(["other"], middle).nothing
