"""What people live through: clicks, alarms, strangers, trouble on either side; against one real bot."""

import json
import signal
import time

from tests.end_to_end.rig import all_text, labels, until


def served(bot) -> str:
    """The version that serves everything before the test begins."""
    (version,) = bot.shares()
    return version


def split(old: str, new: str, percent: int) -> dict[str, float]:
    """What the alias looks like with the new version at so much."""
    return {new: 100} if percent == 100 else {old: 100 - percent, new: percent}


def test_a_good_release_paused_resumed_and_promoted(bot):
    """Every click is answered privately, one card tells it all, and each split is made exactly once."""
    old, new = served(bot), bot.fresh
    assert "looking at my-app" in bot.slash("ana", "my-app long --reason 'fix basket rounding'")
    bot.at(10)
    first = bot.card("baking at 10", button="Promote")
    assert "fix basket rounding" in all_text(first)
    assert "paused" in bot.press("ana", bot.card(button="Pause"), "Pause")
    assert "Promote" not in "".join(labels(bot.card("paused")))
    assert "goes on" in bot.press("ben", bot.card("paused", button="Resume"), "Resume")
    for percent in (50, 100):
        assert "bake ends" in bot.press("ana", bot.card(button=f"Promote to {percent}"), "Promote")
        bot.serving(split(old, new, percent))
    last = bot.card("succeeded")
    assert last.ts == first.ts
    assert bot.applied() == [split(old, new, percent) for percent in (10, 50, 100)]

    def thread() -> str:
        return " ".join(all_text(reply) for reply in bot.ws.channel("deploys").replies(last))

    told = ("Paused at 10 % by @ana", "Resumed at 10 % by @ben", "Succeeded")
    until(lambda: all(words in thread() for words in told), thread)


def test_a_click_rolls_back_and_holds(bot):
    """Roll back brings everything back at once; the target stays held until somebody releases it."""
    old, new = served(bot), bot.fresh
    bot.slash("ana", "my-app long")
    bot.at(10)
    assert "rolling back" in bot.press("ben", bot.card(button="Roll back"), "Roll back")
    bot.phase("rolled_back")
    assert bot.applied() == [split(old, new, 10), {old: 100}] and bot.shares() == {old: 100}
    bot.card("rolled back", button="Release hold")
    assert "held" in bot.slash("ana", "my-app long")
    assert "released" in bot.slash("ana", "unlock my-app --reason 'looked at it'")
    assert bot.hold() is None


def test_an_alarm_brings_a_bad_release_back(bot):
    """Red at 10 %: back by itself, by name, and that release is vetoed."""
    old, new = served(bot), bot.fresh
    bot.slash("ana", "my-app long")
    bot.at(10)
    bot.cloud.knobs.raise_alarm("my-app-errors")
    bot.phase("rolled_back")
    assert bot.applied() == [split(old, new, 10), {old: 100}]
    assert "my-app-errors" in all_text(bot.card("rolled back"))
    hold = bot.hold()
    assert hold is not None and hold.veto == new
    bot.cloud.knobs.clear_alarm("my-app-errors")
    assert "held" in bot.slash("ana", f"my-app@{new} long")
    assert bot.shares() == {old: 100}


def test_a_red_alarm_refuses_the_start_privately(bot):
    """Red before the start: no traffic, no card, the person is told which alarm."""
    cards, before = len(bot.cards()), len(bot.ws.person("ana").private)
    bot.cloud.knobs.raise_alarm("my-app-p99")
    bot.slash("ana", "my-app long")
    bot.phase("refused")
    assert bot.applied() == [] and len(bot.cards()) == cards

    def told() -> bool:
        return any("my-app-p99" in all_text(message) for message in bot.ws.person("ana").private[before:])

    until(told, bot.where, patience=30)


def test_an_outsider_gets_nowhere(bot):
    """Refused by name of the right, on the command line of Slack and on every button; nothing moves."""
    rollouts = len(bot.rollouts())
    with bot.store.reads() as reads:
        head = reads.head().seq if reads.head() else 0
    assert "needs a deployer" in bot.slash("oskar", "my-app long")
    assert len(bot.rollouts()) == rollouts and bot.applied() == []
    bot.slash("ana", "my-app long")
    at_ten = bot.at(10)
    card = bot.card(button="Promote")
    for label in ("Promote", "Pause", "Roll back"):
        assert "you cannot" in bot.press("oskar", card, label)
    after = bot.rollout()
    assert (after.phase, after.step, after.hurry) == (at_ten.phase, 0, None)
    assert len(bot.applied()) == 1
    with bot.store.reads() as reads:
        trail = [json.loads(link.body) for link in reads.audit_page(after=head)]
    denied = [each["facts"]["words"].split()[0] for each in trail if each["kind"] == "denied"]
    assert denied == ["start", "promote", "pause", "rollback"]


def test_a_stale_promote_changes_nothing_and_a_stale_rollback_counts(bot):
    """Buttons of a card of an earlier step: upward ones are refused, rollback is always meant."""
    old, new = served(bot), bot.fresh
    bot.slash("ana", "my-app long")
    bot.at(10)
    stale = bot.card(button="Promote to 50")
    bot.press("ana", stale, "Promote")
    bot.at(50)
    before = len(bot.ws.person("ben").private)
    assert bot.ws.person("ben").press_stale(stale, "Promote to 50 %").ok
    assert "step" in bot.told("ben", before)
    assert bot.rollout().hurry is None and bot.rollout().step == 1
    before = len(bot.ws.person("ben").private)
    assert bot.ws.person("ben").press_stale(stale, next(name for name in labels(stale) if "Roll back" in name)).ok
    assert "rolling back" in bot.told("ben", before)
    bot.phase("rolled_back")
    assert bot.applied() == [split(old, new, 10), split(old, new, 50), {old: 100}]


def test_four_eyes(bot):
    """The one who asked cannot approve; an approver can, and the card says who."""
    new = bot.fresh
    bot.slash("ana", "my-app careful")
    bot.phase("waiting")
    card = bot.card(button="Approve")
    assert "cannot approve" in bot.press("ana", card, "Approve")
    assert bot.phase("waiting").signatures == ()
    assert "approved" in bot.press("eva", card, "Approve")
    bot.phase("succeeded")
    assert bot.shares() == {new: 100}


def test_a_killed_bot_carries_on(bot):
    """Killed while it bakes: traffic stays, the next process goes on, no split is made twice."""
    old, new = served(bot), bot.fresh
    bot.slash("ana", "my-app canary")
    until(bot.applied, bot.where)
    bot.bot.kill()
    seen = bot.shares()
    bot.start()
    bot.phase("succeeded")
    assert bot.applied() == [split(old, new, percent) for percent in (10, 50, 100)]
    assert seen in bot.applied()
    bot.card("succeeded")


def test_sigterm_ends_it_within_ten_seconds_and_nothing_is_lost(bot):
    """A supervisor's stop in the middle of a rollout: exit 0, quickly, and the next process goes on."""
    new = bot.fresh
    bot.slash("ana", "my-app canary")
    until(bot.applied, bot.where)
    began = time.monotonic()
    bot.bot.signal(signal.SIGTERM)
    assert bot.bot.died() == 0
    assert time.monotonic() - began < 10
    bot.start()
    bot.phase("succeeded")
    assert bot.shares() == {new: 100} and len(bot.applied()) == 3


def test_drift_is_shown_and_put_back_by_a_click(bot):
    """Somebody else edits the weights: it stops, overwrites nothing by itself, restores on a click."""
    old, new = served(bot), bot.fresh
    bot.slash("ana", "my-app long")
    bot.at(10)
    bot.card("baking")
    bot.cloud.knobs.edit_weights(bot.function, "live", {old: 70.0, new: 30.0})
    assert bot.phase("paused").cause.kind == "drift"
    card = bot.card("somebody else", button="Put")
    assert "10 %" in all_text(card) and "30 %" in all_text(card)
    assert bot.shares() == {old: 70, new: 30} and len(bot.applied()) == 1
    bot.press("ben", card, "Put")
    bot.serving(split(old, new, 10))
    bot.at(10)


def test_slack_away_does_not_delay_a_rollback(bot):
    """Traffic is back while Slack is still gone; afterwards the card is right."""
    old = served(bot)
    bot.slash("ana", "my-app long")
    bot.at(10)
    bot.card("baking")
    bot.ws.fault("down")
    bot.cloud.knobs.raise_alarm("my-app-errors")
    bot.phase("rolled_back")
    assert bot.shares() == {old: 100}
    stale = bot.cards()[-1]
    assert "rolled back" not in all_text(stale)
    bot.ws.heal()
    assert bot.card("rolled back").ts == stale.ts
    until(bot.ready, bot.where)


def test_throttled_aws_holds_and_never_looks_like_success(bot):
    """Blind: no raise, the card says so; when AWS answers again it goes on."""
    old, new = served(bot), bot.fresh
    bot.slash("ana", "my-app long")
    bot.at(10)
    bot.card("baking")
    bot.cloud.knobs.throttle()
    card = bot.card("not known")
    assert "Healthy" not in all_text(card) and "succeeded" not in all_text(card)
    assert not any(label.startswith("Promote") for label in labels(card))
    assert not bot.rollout().verdict or bot.rollout().verdict.outcome != "PASS"
    looks = bot.rollout().failures
    until(lambda: bot.rollout().failures > looks, bot.where)
    assert bot.shares() == split(old, new, 10) and len(bot.applied()) == 1
    bot.cloud.knobs.clear_faults()
    bot.at(10)
    bot.card(button="Promote")


def test_alarms_that_cannot_be_read_hold_a_bake_that_is_over(bot):
    """The weight is seen, the target is well, but CloudWatch is silent: nothing rises until it speaks again."""
    old, new = served(bot), bot.fresh
    bot.slash("ana", "my-app canary")
    until(bot.applied, bot.where)
    bot.cloud.knobs.throttle("cloudwatch:*")
    until(lambda: bot.rollout().failures >= 3, bot.where)
    assert bot.applied() == [split(old, new, 10)]
    bot.card("not known")
    bot.cloud.knobs.clear_faults()
    bot.phase("succeeded")
    assert bot.applied() == [split(old, new, percent) for percent in (10, 50, 100)]


def test_a_lost_reply_is_settled_by_looking(bot):
    """AWS did it and the answer never came: it is not sent again."""
    old, new = served(bot), bot.fresh
    bot.cloud.knobs.lost_reply("lambda:UpdateAlias")
    bot.slash("ana", "my-app canary")
    bot.phase("succeeded")
    assert bot.applied() == [split(old, new, percent) for percent in (10, 50, 100)]
    assert ("lost_reply", "lambda:UpdateAlias") in bot.cloud.log.faults


def test_a_second_bot_on_the_same_store_is_refused(bot):
    """Two would contradict each other: the second one ends with 1 and names the first, which goes on."""
    done = bot.tell("run")
    assert done.returncode == 1
    assert f"process {bot.bot.pid}" in done.stderr and "stop it first" in done.stderr
    assert bot.ready()


def test_the_trail_of_all_that_holds(bot):
    """After all these tests the chain verifies, and every intent of every rollout has its outcome."""
    done = bot.tell("audit", "verify")
    assert done.returncode == 0, done.stdout
    for rollout in bot.rollouts():
        bot.books_agree(rollout.id)
