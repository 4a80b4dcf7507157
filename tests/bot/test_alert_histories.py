"""Random histories of alarms, down to what people see: restarts, kills around a post, Slack away, limited, deaf.

The channel is the oracle's: one message per notice, a stray more at most for each post whose reply was lost; at the
end each says how its alarms really are and how often they were red. `TIDEGATE_SOAK` sets how many are played.
"""

import os
import random
import re
from collections import Counter
from pathlib import Path

import pytest

from demo.workspace import Message
from rollout.alarms.model import Alert
from tests.bot.dial import Dial
from tests.bot.newsroom import Killed, Room, workspace

HISTORIES = int(os.environ.get("TIDEGATE_SOAK", "60"))
PARTS = 6
NAMES = ("errors", "p99")
STEPS = 40
TROUBLES = ("down", "503", "429", "lost_reply")


class History:
    """One of them, and what went wrong in it."""

    def __init__(self, room: Room, seed: int) -> None:
        self.room, self.dice = room, random.Random(seed)
        self.fired: Counter[str] = Counter()
        self.before = len(room.messages())
        self.lost_before = self.lost()

    def play(self) -> None:
        """Anything in any order; then all is well for a while."""
        for _ in range(STEPS):
            self.room.dial.turn(self.dice.choice((0.5, 2, 5, 20, 60)))
            self.dice.choices((self.change, self.pass_time, self.slack, self.die), weights=(6, 8, 2, 2))[0]()
        self.room.killed_at = ""
        self.room.ws.heal()
        self.room.sweep()
        self.room.run(120, step=2)
        # Backing off from what went wrong may last minutes, and by then nothing must be left to say.
        for _ in range(12):
            self.room.dial.turn(60)
            self.room.run(4, step=2)

    def change(self) -> None:
        """An alarm changes once or several times and is swept."""
        name = self.dice.choice(NAMES)
        for _ in range(self.dice.choice((1, 1, 2, 3))):
            self.room.dial.turn(1)
            self.room.cloud.turn(name, self.dice.choice(("ALARM", "OK", "ALARM", "OK", "INSUFFICIENT_DATA")))
        self.room.sweep()

    def pass_time(self) -> None:
        """The outbox has its turns; a kill may be waiting for one of them."""
        try:
            self.room.run(self.dice.choice((1, 4, 10)), step=1)
        except Killed:
            self.fired[f"kill {self.room.killed_at}"] += 1
            self.room.killed_at = ""
            self.room.open()

    def slack(self) -> None:
        """Slack gets into trouble, or is well again."""
        if self.dice.random() < 0.4:
            self.room.ws.heal()
            return
        kind = self.dice.choice(TROUBLES)
        self.fired[kind] += 1
        self.room.ws.fault(kind, "chat.*", times=self.dice.choice((1, 1, 2, 4)))

    def die(self) -> None:
        """The process ends now, or the next time it posts."""
        if self.dice.random() < 0.5:
            self.fired["restart"] += 1
            self.room.open()
        else:
            self.room.killed_at = self.dice.choice(("N1", "N2"))

    # -- what people see ------------------------------------------------------------------------

    def truth(self, alerts: list[Alert]) -> None:
        """Each red spell that CloudWatch knows of is in one notice's counter; the newest line is how it is now."""
        for name in NAMES:
            past = self.room.cloud.alarms[name].past
            lines = [line for alert in alerts for line in alert.lines if line.key.name == name]
            assert sum(line.times for line in lines) == sum(item.state == "ALARM" for item in past), name
            newest = max(lines, key=lambda line: line.since, default=None)
            assert newest is None or newest.state == past[-1].state or past[-1].at < newest.since, name

    def lost(self) -> int:
        """Posts that arrived and whose reply did not."""
        posts = self.room.calls("chat.postMessage")
        return sum(call.applied_at is not None and call.fault == "lost_reply" for call in posts)

    def messages(self) -> dict[int, list[Message]]:
        """What the channel got, by the number of the notice."""
        found: dict[int, list[Message]] = {}
        for message in self.room.messages()[self.before :]:
            number = re.search(r"notice (\d+) ", str(message.blocks))
            assert number is not None, message.text
            found.setdefault(int(number[1]), []).append(message)
        return found


def alerts_of(room: Room) -> list[Alert]:
    """All of them."""
    found: list[Alert] = []
    with room.store.reads() as reads:
        while (alert := reads.alert(len(found) + 1)) is not None:
            found.append(alert)
    return found


def says(message: Message, alert: Alert) -> None:
    """The message tells of each alarm what it is, and how often it was red."""
    text = f"{message.text} {message.blocks}"
    red, ok = [line for line in alert.lines if line.bad], [line for line in alert.lines if line.state == "OK"]
    assert all(line.key.name in text for line in alert.lines)
    assert ("red" in message.text.split("\n")[0]) == bool(red), (message.text, alert)
    assert not ok or red or "OK again" in text or "no data" in text
    for line in alert.lines:
        if line.times > 1:
            assert re.search(rf"{line.times}(nd|rd|th|st) time|{line.times} times", text), (line, text)


@pytest.mark.parametrize("part", range(PARTS))
def test_the_channel_says_the_truth_once(tmp_path: Path, part: int) -> None:
    """Over random histories: never two live notices for one alarm, none untold, the last word is how it is."""
    fired: Counter[str] = Counter()
    played = changes = shown = 0
    dial = Dial()
    with workspace(dial) as ws:
        for seed in range(part, HISTORIES, PARTS):
            room = Room(tmp_path / f"{seed}.db", ws, dial, home="C0HOME")
            history = History(room, seed)
            deeds = len(ws.deeds())
            history.play()
            alerts, seen = alerts_of(room), history.messages()
            history.truth(alerts)
            maybe_stray = history.lost() - history.lost_before + history.fired["kill N2"]
            extra = 0
            for alert in alerts:
                mine = seen.pop(alert.id, [])
                assert mine, (seed, "never told", alert)
                extra += len(mine) - 1
                says(mine[-1], alert)
            assert seen == {}, (seed, "messages of no notice")
            assert extra <= maybe_stray, (seed, extra, history.fired)
            with room.store.reads() as reads:
                turned = reads.turns(dial.now().replace(year=2000), dial.now(), limit=5000)
            changes, shown = changes + len(turned), shown + len(ws.deeds()) - deeds - extra
            fired, played = fired + history.fired, played + 1
            room.store.close()
    assert played and all(fired[name] for name in (*TROUBLES, "restart", "kill N1", "kill N2")), fired
    assert shown <= changes, "more messages than changes"
