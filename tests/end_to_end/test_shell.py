"""`tidegate` in a shell beside the running bot, and without one: what it prints, what it does, how it ends."""

import json

from tests.end_to_end.rig import ME, all_text, until


def ends(bot, *words: str) -> tuple[int, str]:
    """Exit code and everything printed."""
    done = bot.tell(*words)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr


def test_the_twins_drive_a_rollout(bot):
    """Start, pause, resume, promote, rollback as JSON: each takes effect, under this user's name."""
    (old,) = bot.shares()
    started = bot.json("start", "my-app", "long", "--reason", "from a shell")
    number = started["rollout"]
    assert started["ok"]
    bot.at(10)
    assert bot.json("pause", "my-app")["ok"]
    assert bot.phase("paused").cause.by.id == ME
    assert "paused" in all_text(bot.card("paused"))
    assert bot.json("resume", "my-app")["rollout"] == number
    bot.at(10)
    assert bot.json("promote", str(number))["ok"]
    bot.at(50)
    assert bot.json("rollback", f"#{number}", "--reason", "enough")["ok"]
    bot.phase("rolled_back")
    assert bot.shares() == {old: 100} and len(bot.applied()) == 3
    bot.card("rolled back")
    wishes = [body["facts"]["words"].split()[0] for body in bot.trail() if body["kind"] == "ask"]
    assert wishes == ["start", "pause", "resume", "promote", "rollback"]
    assert {body["actor"] for body in bot.trail() if body["kind"] == "ask"} == {ME}


def test_cancel_retry_and_unlock(bot):
    """Cancel points to rollback once traffic moved; unlock needs a reason; retry of an ended one begins anew."""
    new = bot.fresh
    assert bot.json("start", f"my-app@{new}", "long")["ok"]
    bot.at(10)
    code, text = ends(bot, "cancel", "my-app")
    assert code == 1 and "rollback" in text
    assert bot.json("rollback", "my-app")["ok"]
    first = bot.phase("rolled_back").id
    code, text = ends(bot, "start", "my-app", "long")
    assert code == 1 and "held" in text and "tidegate unlock" in text
    code, text = ends(bot, "unlock", "my-app")
    assert code != 0 and "--reason" in text
    assert bot.json("unlock", "my-app", "--reason", "looked at it")["ok"]
    assert bot.hold() is None
    again = bot.json("retry", str(first))
    assert again["ok"] and again["rollout"] == first + 1
    bot.at(10)
    assert bot.rollout().candidate.id == new and bot.rollout().terms.plan.name == "long"


def test_reading_verbs_as_json(bot):
    """Status and show are objects, list and history are lists, and they say what is so."""
    bot.json("start", "my-app", "long")
    bot.at(10)
    status = bot.json("status", "my-app")
    assert status["app"] == "my-app" and status["card"]["rollout"]["phase"] == "stepping"
    (live,) = bot.json("list")
    assert live["rollout"]["id"] == status["card"]["rollout"]["id"]
    newest = bot.json("history")
    assert isinstance(newest, list)
    shown = bot.json("show", str(live["rollout"]["id"]))
    assert [intent["key"] for intent in shown["intents"]] == [f"{live['rollout']['id']}/0/shift/10"]
    verified = bot.json("audit", "verify")
    assert verified["ok"] and verified["records"] > 5
    code, text = ends(bot, "status", "my-app")
    assert code == 0 and f"#{live['rollout']['id']} my-app -> prod, long" in text


def test_exit_codes(bot):
    """1 for what is refused, 2 for what is not understood; each with a way on."""
    assert ends(bot, "promote", "my-app")[0] == 1
    code, text = ends(bot, "start", "my-ap")
    assert code != 0 and "my-app" in text
    code, text = ends(bot, "strat", "my-app")
    assert code == 2 and "tidegate start" in text
    assert ends(bot, "backup")[0] == 2
    assert ends(bot, "start")[0] == 2
    bot.cloud.knobs.raise_alarm("my-app-errors")
    code, text = ends(bot, "start", "my-app", "long")
    assert code == 1 and "my-app-errors" in text


def test_without_a_bot_a_rollback_drives_itself(bot):
    """No bot: other verbs say so and leave nothing behind; rollback takes the lock and brings traffic home."""
    (old,) = bot.shares()
    bot.json("start", "my-app", "long")
    bot.at(10)
    card = bot.card("baking")
    bot.bot.kill()
    code, text = ends(bot, "pause", "my-app")
    assert code == 1 and "no bot is running" in text and "tidegate run" in text
    assert bot.json("status", "my-app")["card"]["rollout"]["phase"] == "stepping"
    done = bot.tell("rollback", "my-app", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["ok"]
    assert bot.rollout().phase.value == "rolled_back" and bot.shares() == {old: 100}
    bot.books_agree()
    bot.start()
    until(lambda: bot.card("rolled back").ts == card.ts, bot.where)
    assert bot.json("audit", "verify")["ok"]
