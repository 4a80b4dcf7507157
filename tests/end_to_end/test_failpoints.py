"""Killed once at every place where it hurts, the bot ends in the same right place.

Each case has a bot, a workspace, a function and a store of its own; they run some at a time, for they mostly wait.
"""

import signal
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from bot.failpoints import NAMES
from demo.cloud.seed import perform
from demo.workspace import Result
from tests.end_to_end.rig import Rig, one_more, until

AT_ONCE = 6
DEATH = 20.0
"""Seconds until a failpoint must have fired."""
HALF, WHOLE = {"1": 50, "2": 50}, {"2": 100}


def start(rig: Rig) -> Result:
    """Ana wants version 2, and is told or not."""
    return rig.delivered(lambda: rig.ws.person("ana").slash("deploys", "/deploy my-app short"))


def dead(rig: Rig) -> None:
    """The process is gone by SIGKILL, and nobody here sent one: the failpoint fired."""
    until(lambda: rig.bot.pid is None, rig.where, patience=DEATH)
    assert rig.bot.died() == -signal.SIGKILL, rig.where()


def ended_right(rig: Rig, *, strays: int = 0) -> None:
    """Done once, shown once, and all of it in the trail."""
    rig.phase("succeeded")
    assert rig.applied() == [HALF, WHOLE], "each split exactly once, in order"
    assert rig.shares() == WHOLE
    assert len(rig.rollouts()) == 1
    card = rig.card("succeeded")
    assert card == rig.cards()[-1] and len(rig.cards()) <= 1 + strays
    rig.books_agree()
    verified = rig.tell("audit", "verify")
    assert verified.returncode == 0, verified.stdout
    assert not rig.ws.problems


def before_commit(rig: Rig) -> None:
    """Nothing was acked and nothing is stored; asked again, it is done."""
    said = start(rig)
    dead(rig)
    assert not said.ok and rig.rollouts() == [] and rig.applied() == []
    rig.start()
    assert rig.rollouts() == []
    assert start(rig).ok


def before_ack(rig: Rig) -> None:
    """Nobody was told, yet it is stored: it is done."""
    said = start(rig)
    dead(rig)
    assert not said.ok and len(rig.rollouts()) == 1
    rig.start()


def after_ack(rig: Rig) -> None:
    """Who was told is not deceived."""
    assert start(rig).ok
    dead(rig)
    assert len(rig.rollouts()) == 1
    rig.start()


def after_observe(rig: Rig) -> None:
    """A look that was never committed never happened."""
    assert start(rig).ok
    dead(rig)
    assert rig.rollout().live
    rig.start()


def planned(rig: Rig) -> None:
    """An intent that nobody sent is there, and AWS knows nothing of it."""
    assert start(rig).ok
    dead(rig)
    while not rig.intents():  # each bot lives for one commit, until it is one with an intent
        rig.start("T2", wait=False)
        dead(rig)
    assert [intent.state for intent in rig.intents()] == ["planned"] and rig.applied() == []
    rig.start()


def unsent(rig: Rig) -> None:
    """Marked as sent, and never was."""
    assert start(rig).ok
    dead(rig)
    assert [intent.state for intent in rig.intents()] == ["sent"] and rig.applied() == []
    rig.start()


def applied(rig: Rig) -> None:
    """AWS did it and the store does not know."""
    assert start(rig).ok
    dead(rig)
    assert [intent.state for intent in rig.intents()] == ["sent"] and rig.applied() == [HALF]
    rig.start()


def not_shown(rig: Rig) -> None:
    """The state is ahead of its card."""
    assert start(rig).ok
    dead(rig)
    assert len(rig.cards()) == 1
    assert not [call for call in rig.ws.calls if call.method == "chat.update"]
    rig.start()


def not_posted(rig: Rig) -> None:
    """A post was noted and never made."""
    assert start(rig).ok
    dead(rig)
    assert rig.cards() == []
    rig.start()


def posted(rig: Rig) -> None:
    """The card stands there and the store does not know where: one stray, no more."""
    assert start(rig).ok
    dead(rig)
    assert len(rig.cards()) == 1
    rig.start()


def recovering(rig: Rig) -> None:
    """Killed in the middle of a rollout, killed again while it recovered."""
    assert start(rig).ok
    until(rig.applied, rig.where)
    rig.bot.kill()
    rig.start("R1", wait=False)
    dead(rig)
    assert rig.rollout().live
    rig.start()


def migrating(rig: Rig) -> None:
    """Tables half made are not made; the next start makes them."""
    dead(rig)
    rig.start()
    assert start(rig).ok


def from_a_shell(rig: Rig) -> None:
    """Written by a command line, not yet taken."""
    done = rig.tell("start", "my-app", "short", "--no-wait")
    assert done.returncode == 0, done.stderr
    dead(rig)
    assert rig.rollouts() == []
    rig.start()
    until(rig.rollouts, rig.where)


def noisy(rig: Rig, failpoint: str) -> str:
    """The bot also watches an alarm of this case alone, and dies when it is told. The alarm's name."""
    name = f"{rig.function}-noise"
    with rig.cloud.world.lock:
        perform(rig.cloud.world, "cloudwatch", "PutMetricAlarm", {
            "AlarmName": name, "Namespace": "Noise", "MetricName": "Load", "Statistic": "Sum", "Period": 60,
            "EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "GreaterThanThreshold",
        })  # fmt: skip
    rig.cloud.knobs.clear_alarm(name)
    rig.cloud.knobs.hold_alarm(name)
    file = rig.folder / "tidegate.toml"
    text = file.read_text().replace('plan     = "canary"', f'plan     = "canary"\nalarm_prefix = ["{name}"]')
    file.write_text('[alarms]\nsweep = "1s"\ngroup = "1s"\ndiscover = "1s"\n' + text)
    rig.bot.kill()
    rig.start(failpoint)
    until(lambda: name in rig.tell("alarms", "my-app").stdout, rig.where)
    rig.cloud.knobs.raise_alarm(name)
    return name


def notices(rig: Rig, name: str) -> int:
    """How many messages tell that alarm."""
    return sum(name in message.text and not message.in_thread for message in rig.ws.channel("deploys").messages)


def notice_not_posted(rig: Rig) -> None:
    """The post of a notice was noted and never made: the next process makes it."""
    name = noisy(rig, "N1")
    dead(rig)
    assert notices(rig, name) == 0
    rig.start()
    until(lambda: notices(rig, name) == 1, rig.where)
    assert start(rig).ok


def notice_posted(rig: Rig) -> None:
    """The notice stands there and the store does not know where: one stray, and the newest says that it is over."""
    name = noisy(rig, "N2")
    dead(rig)
    assert notices(rig, name) == 1
    rig.start()
    until(lambda: notices(rig, name) == 2, rig.where)
    rig.cloud.knobs.clear_alarm(name)
    rig.cloud.knobs.hold_alarm(name)  # it has no data: the next minute would make it INSUFFICIENT_DATA, not OK
    until(lambda: any("OK again" in message.text for message in rig.ws.channel("deploys").messages), rig.where)
    assert notices(rig, name) == 2
    assert start(rig).ok


CASES: dict[str, tuple[str, Callable[[Rig], None]]] = {
    "L1": ("L1", before_commit), "L2": ("L2", before_ack), "L3": ("L3", after_ack),
    "T1": ("T1:3", after_observe), "T2": ("T2:2", planned), "T3": ("T3", unsent), "T4": ("T4", applied),
    "T5": ("T5", applied), "T6": ("T6", not_shown), "B1": ("B1", not_posted), "B2": ("B2", posted),
    "R1": ("", recovering), "M1": ("M1", migrating), "E1": ("E1", from_a_shell),
    "N1": ("", notice_not_posted), "N2": ("", notice_posted),
}  # fmt: skip
SLOWEST_FIRST = sorted(CASES, key=lambda point: point not in {"B1", "B2", "N1", "N2"})
EXTRA = {"B2": 1, "N1": 1, "N2": 2}
"""Messages with a heading beside the card: a stray, or notices about an alarm."""


@pytest.fixture(scope="module")
def runs(request, cloud, tmp_path_factory):
    """All chosen cases, under way."""
    chosen = {item.callspec.params["point"] for item in request.session.items if item.path == request.path}

    folder = tmp_path_factory.mktemp("killed")

    def run(point: str) -> None:
        armed, story = CASES[point]
        function = f"my-app-{point.lower()}"
        one_more(cloud, function)
        rig = Rig(folder / point, cloud, function=function)
        try:
            rig.start(armed, wait=point != "M1")
            story(rig)
            ended_right(rig, strays=EXTRA.get(point, 0))
        finally:
            rig.close()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        found: dict[str, Future[None]] = {point: pool.submit(run, point) for point in SLOWEST_FIRST if point in chosen}
        yield found


@pytest.mark.parametrize("point", NAMES)
def test_killed_there_it_ends_in_the_right_place(runs, point):
    """The bot dies at that very place, is started again, and all is as if it had never happened."""
    assert not runs[point].result(), "a case answers nothing"
