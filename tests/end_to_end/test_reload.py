"""`tidegate reload` and SIGHUP on the running bot: what counts from then on, what stays, what is told."""

import json
import signal

from bot.cli import main
from bot.cli.place import this_user
from tests.end_to_end.rig import until
from tests.end_to_end.test_shell import ends


def configuration(bot) -> dict[str, str]:
    """What /readyz says of it."""
    return json.loads(bot.get("/readyz")[1])["configuration"]


def reloads(bot) -> list[dict[str, object]]:
    """What the trail says of reloads."""
    done = bot.tell("audit", "export")
    bodies = [json.loads(line) for line in done.stdout.splitlines()]
    found = [body.get("body", body) for body in bodies]
    return [
        {"by": one["actor"], **one["facts"]}
        for one in found if one["kind"] == "bot" and one["facts"]["did"] == "reload"
    ]  # fmt: skip


def edited(bot, old: str, new: str):
    """The file with that change; call what comes back to undo it."""
    path = bot.folder / "tidegate.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return lambda: path.write_text(text)


def test_a_reload_counts_for_what_begins_and_not_for_what_lives(bot):
    """A plan is changed while a rollout runs: it keeps its own, the next one has the new; twice is nothing new."""
    bot.json("start", "my-app", "long")
    bot.at(10)
    terms = bot.rollout().terms
    undo = edited(bot, "[apps.my-app]", '[plans]\nbrandnew = "33% 1h, 100%"\n\n[apps.my-app]')
    try:
        before = configuration(bot)["hash"]
        code, text = ends(bot, "reload")
        assert (code, "[plans] changed" in text) == (0, True), text
        assert configuration(bot)["hash"] != before
        assert bot.rollout().terms == terms
        assert ends(bot, "reload") == (0, "nothing changed\n")
        bot.json("rollback", "my-app")
        bot.phase("rolled_back")
        assert bot.json("unlock", "my-app", "--reason", "on")["ok"]
        bot.json("start", "my-app", "brandnew")
        bot.at(33)
        said = reloads(bot)
        assert [one["ok"] for one in said] == [True, True] and said[0]["from"] != said[0]["to"]
        assert {one["by"] for one in said} == {this_user().key}, "who asked is written down as well"
    finally:
        undo()
        assert ends(bot, "reload")[0] == 0


def test_a_broken_file_changes_nothing(bot):
    """The shell says file and fix; a bare SIGHUP keeps the old one and says so in /readyz; the rollout goes on."""
    bot.json("start", "my-app", "long")
    bot.at(10)
    before = configuration(bot)
    undo = edited(bot, "[roles]", "[rolls]")
    try:
        code, text = ends(bot, "reload")
        assert code == 2 and "tidegate.toml" in text and "rolls" in text
        bot.bot.signal(signal.SIGHUP)
        until(lambda: "trouble" in configuration(bot), bot.where)
        assert configuration(bot)["hash"] == before["hash"] and "rolls" in configuration(bot)["trouble"]
        assert bot.ready()
        bot.slash("ana", "promote my-app")
        bot.at(50)
    finally:
        undo()
    assert ends(bot, "reload")[0] == 0 and "trouble" not in configuration(bot)
    assert [one["by"] for one in reloads(bot) if not one["ok"]] == [this_user().key, "signal:SIGHUP"]


def test_what_needs_a_restart_is_said_and_nothing_is_taken(bot):
    """Another port and a new app at once: neither counts."""
    undo = edited(bot, f"port = {bot.port}", "port = 18999")
    try:
        code, text = ends(bot, "reload")
        assert code == 1 and "[http] port changed, which needs a restart" in text
    finally:
        undo()
    assert ends(bot, "reload")[0] == 0


def test_an_app_that_left_the_file_can_still_be_brought_back(bot):
    """S4: its live rollout is steered by name and by its card; a new one cannot begin."""
    bot.json("start", "my-app", "long")
    bot.at(10)
    undo = edited(bot, "apps.my-app", "apps.other-app")
    path = bot.folder / "tidegate.toml"
    path.write_text(path.read_text().replace("apps.my-app", "apps.other-app"))
    try:
        assert ends(bot, "reload")[0] == 0
        assert bot.json("pause", "my-app")["ok"]
        bot.phase("paused")
        assert "Rolling back" in bot.press("ana", bot.card("paused"), "Roll back") or bot.phase("rolled_back")
        bot.phase("rolled_back")
        code, text = ends(bot, "start", "my-app")
        assert code == 1 and "not an app here" in text
    finally:
        undo()
        assert ends(bot, "reload")[0] == 0


def test_without_a_bot_there_is_nothing_to_reload(bot, tmp_path, capsys):
    """It says so, and that a start reads the file anyway."""
    (tmp_path / "tidegate.toml").write_text((bot.folder / "tidegate.toml").read_text())
    assert main(["reload", "--config", str(tmp_path / "tidegate.toml")]) == 1
    assert "no bot is running" in capsys.readouterr().err
