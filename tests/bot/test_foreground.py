"""A rollback driven without a bot: what the person at the terminal sees on the way."""

from pathlib import Path

from bot.foreground import drive
from rollout.ask import Ask
from rollout.people import Actor
from tests.handlers.rig import HOME, Rig


def test_every_change_on_the_way_is_one_line(tmp_path: Path):
    """Rollout, target, phase and weight, each once, in order; the answer is the reply, not a line."""
    rig = Rig(tmp_path)
    try:
        rig.slash("my-app canary")
        rig.scene.proven(10)
        said: list[str] = []
        ask = Ask(verb="rollback", app="my-app", env="prod", reason="p99")
        reply = drive(rig.scene.bot, rig.scene.store, ask, Actor(id="U0ANA", team=HOME), said.append)
    finally:
        rig.close()
    assert reply.ok, reply
    assert said[0] == "#1 my-app/prod: rolling back, 10 %"
    assert said[-1].startswith("#1 my-app/prod: rolled back")
    assert len(said) == len(set(said))
