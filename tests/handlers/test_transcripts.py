"""Conversations, word for word: transcripts.txt is replayed against the real conductor and must come out the same."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from handlers.blocks.alert import alert
from handlers.blocks.answers import answer
from handlers.buttons import ButtonValue
from handlers.words import parse
from rollout.errors import BadInput
from tests.handlers import plain
from tests.handlers.rig import IDS, Rig

FILE = Path(__file__).with_name("transcripts.txt")
COMMAND = re.compile(r"(\w+)> /deploy ?(.*)")
PRESS = re.compile(r"(\w+) presses ([a-z-]+)(?:: (.*))?")
ON_NOTICE = re.compile(r"(\w+) presses ([a-z0-9-]+) on the notice")
MEANWHILE = re.compile(r"\.\.\. (.+)")


class Stage:
    """Plays the lines of a transcript."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig

    def play(self, line: str) -> str:
        """The line, and what was answered below it."""
        if found := MEANWHILE.fullmatch(line):
            self.meanwhile(found[1])
            return line
        self.rig.meet()
        if found := COMMAND.fullmatch(line):
            return f"{line}\n{_read(self.rig.slash(found[2], IDS[found[1]]))}\n"
        if found := ON_NOTICE.fullmatch(line):
            return f"{line}\n{self.press_on_notice(IDS[found[1]], found[2])}\n"
        found = PRESS.fullmatch(line)
        assert found, f"neither a command nor a press: {line}"
        return f"{line}\n{self.press(IDS[found[1]], found[2], found[3])}\n"

    def press(self, who: str, verb: str, why: str | None) -> str:
        """A button of the newest card, and the form behind it where there is one."""
        told = len(self.rig.answers())
        assert self.rig.press(self.rig.button(verb, self.rig.scene.newest.id), who) == {}
        if why is None:
            (new,) = self.rig.answers()[told:]
            return _indent(plain.text(answer(new).text))
        form = self.rig.lane.views[-1][1]
        out = self.rig.submit(form, why, who)
        return _indent(plain.form(form)) + "\n" + _indent(out["errors"]["reason"] if out else "(the form closes)")

    def press_on_notice(self, who: str, verb: str) -> str:
        """A button of the notice, what it answers, and the notice after that."""
        told = len(self.rig.answers())
        assert self.rig.press(ButtonValue(verb=verb, alert=1), who) == {}
        (new,) = self.rig.answers()[told:]
        notice = plain.read(alert(self.rig.alarms.view(1)))
        return _indent(f"{plain.text(answer(new).text)}\n---\n{notice}")

    def meanwhile(self, what: str) -> None:
        """Looks, time, alarms."""
        scene = self.rig.scene
        if found := re.fullmatch(r"(\d+) % is seen", what):
            scene.proven(int(found[1]))
            scene.look(1)
        elif found := re.fullmatch(r"until (\w+)", what):
            scene.until(found[1])
        elif found := re.fullmatch(r"the alarm turns (red|green)", what):
            scene.alarm.turn("ALARM" if found[1] == "red" else "OK", scene.clock.now())
        elif what == "a minute passes":
            scene.look(2, every=timedelta(seconds=30))
        elif what == "twelve minutes pass":
            scene.clock.advance(timedelta(minutes=12))
        elif found := re.fullmatch(r"the watch sees it (red|OK)", what):
            self.rig.turns("ALARM" if found[1] == "red" else "OK")
        elif what == "a look":
            scene.look(1)
        else:
            raise AssertionError(f"nobody knows how to do this: {what}")


def _read(out: dict[str, Any]) -> str:
    lines = [plain.block(block) for block in out.get("blocks", ())] or [plain.text(out["text"])]
    # Numbers and hashes of the audit belong to tests of the audit.
    return _indent(re.sub(r"audit \d+ [0-9a-f]{4}", "audit 1 0a0a", "\n".join(lines)))


def _indent(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())


def _lines() -> list[str]:
    return [line for line in FILE.read_text(encoding="utf-8").splitlines() if line and not line.startswith("    ")]


@pytest.fixture
def rig(tmp_path: Path):
    """Both versions are published, nothing runs."""
    rig = Rig(tmp_path)
    yield rig
    rig.close()


def test_the_conversation_is_word_for_word(rig: Rig, update_goldens: bool):
    """Every answer, to the letter, in the order of a long evening."""
    stage = Stage(rig)
    played = [line if line.startswith("#") else stage.play(line) for line in _lines()]
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(played)) + "\n"
    if update_goldens:
        FILE.write_text(text, encoding="utf-8")
    assert text == FILE.read_text(encoding="utf-8")


def test_it_is_long_enough_to_be_read():
    """At least thirty exchanges, commands that are read and such that are not."""
    said = [found[2] for line in _lines() if (found := COMMAND.fullmatch(line))]
    read, refused = [], []
    for text in said:
        try:
            read.append(parse(text))
        except BadInput:
            refused.append(text)
    assert len(said) >= 30
    assert len(read) >= 20
    assert len(refused) >= 5
    assert ButtonValue.model_fields.keys() >= {"verb", "rollout", "step", "plan_hash"}
