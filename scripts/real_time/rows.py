"""The rows: which rollout, what is pressed, which knob is turned when, and how it has to end. And their worlds."""

import time
from collections.abc import Callable
from typing import NamedTuple

from demo.cloud.knobs import weights_of_alias
from scripts.real_time.play import Play
from scripts.real_time.scene import Kind, Scene

Steps = Callable[[Play], object]


class Row(NamedTuple):
    """One rollout. `steps` comes after the start and goes on until it has ended."""

    id: str
    app: str
    plan: str
    steps: Steps
    ends: str = "succeeded"
    kind: Kind = "good"
    before: Steps | None = None
    """What is turned before the command is typed."""
    release: str = ""
    """One of the seed's by its name; else a new one is made."""

    @property
    def may_fail(self) -> bool:
        """Whether requests may fail: the release is bad, or the servers are."""
        return self.kind != "good" or self.id in SICK


class World(NamedTuple):
    """Rows that share a cloud and a bot: those of one app one after the other, apps side by side."""

    name: str
    about: str
    rows: tuple[Row, ...]
    trouble: Callable[[Scene, list[Play]], object] | None = None
    """What happens to all of them at once."""


def watched(play: Play) -> None:
    """Nobody presses anything."""
    play.ended()


def approved(play: Play) -> None:
    """Eva approves at the step that asks for it."""
    play.press("eva", "Approve", minutes=20)
    play.ended()


def promoted(play: Play) -> None:
    """CodeDeploy's wait before any traffic is answered."""
    play.press("ana", "Promote", minutes=20)
    play.ended()


def continued(play: Play) -> None:
    """ECS's PAUSE hook is answered."""
    play.press("ana", "Continue", minutes=20)
    play.ended()


def bake_ended(play: Play) -> None:
    """No wait of AWS's to answer there: the bake after it is ended by the button."""
    play.phase("final_bake", minutes=40)
    play.press("ana", "End the bake now", minutes=15)
    play.ended()


def adopted(play: Play) -> None:
    """Somebody else edits the alias at 10 %; it is accepted."""
    play.at(10)
    _edit_alias(play)
    play.phase("paused", minutes=5)
    play.press("ana", "Adopt what AWS shows", reason="the colleague is right")
    play.ended(15)


def restored(play: Play) -> None:
    """Somebody else edits the alias at 10 %; it is put back, and the rollout goes on."""
    play.at(10)
    _edit_alias(play)
    play.phase("paused", minutes=5)
    play.press("ana", "Put back")
    play.ended()


def rule_restored(play: Play) -> None:
    """Somebody else edits the rule at 10 %; it is put back, and the rollout goes on."""
    play.at(10)
    other = _other(play)
    play.turn(play.scene.turn.edit_rule({play.served: 70, other: 30}, play.app))
    play.phase("paused", minutes=5)
    play.press("ana", "Put back")
    play.ended()


def late(play: Play) -> None:
    """The load balancer follows 50 s after each write."""
    play.turn(play.scene.turn.propagation(round(50 / play.scene.speed)))


def late_names(play: Play) -> None:
    """Route 53 is in sync two minutes after each change."""
    play.turn(play.scene.turn.insync(round(120 / play.scene.speed)))


def crashing(play: Play) -> None:
    """At 10 % every task of the new side begins to exit soon after its start."""
    play.at(10)
    other = _other(play)
    play.turn(play.scene.turn.crash_loop(other))
    play.ended(30)
    play.turn(play.scene.turn.crash_loop(other, on=False))


def old_side_dead(play: Play) -> None:
    """At 10 % every server of the old side gets sick, and somebody wants to go back: held until it is well."""
    play.at(10)
    play.turn(play.scene.turn.sicken(play.served))
    time.sleep(play.scene.seconds(1))
    if play.rollout().phase.value not in ("rolling_back", "stuck"):
        play.press("ben", "Roll back", minutes=1)
    pages = play.scene.pages(play.app)
    play.until(lambda: play.scene.pages(play.app) > pages or play.rollout().phase.value == "stuck", "a page", 20)
    play.note(f"a person was called; {play.share(dict(play.scene.truth.sights[play.app][-1].written)):g} % on the new")
    time.sleep(play.scene.seconds(1))
    play.turn(play.scene.turn.sicken(play.served, on=False))
    play.ended(30)


def unanswered(play: Play) -> None:
    """Nobody answers ECS's PAUSE hook, and it runs out: ECS takes it back."""
    play.phase("waiting")
    play.turn(play.scene.turn.native_hook_expires(play.app, max(5, round(30 / play.scene.speed))))
    play.ended(15)


def failing(play: Play) -> None:
    """In mid-shift AWS's own deployment fails."""
    play.at(10)
    play.turn(play.scene.turn.codedeploy_fail(play.app))
    play.ended(15)


def standing(play: Play) -> None:
    """After [Promote] the deployment stays at its wait until a person was called; then it goes on as it was told to."""
    play.phase("waiting")
    play.press("ana", "Promote")
    _stuck_until_paged(play)
    play.ended(30)


def standing_at_ten(play: Play) -> None:
    """In mid-shift it shows no change until the time for that is over; nor does its way back: a person is called."""
    play.at(10)
    _stuck_until_paged(play)
    play.ended(30)


def _stuck_until_paged(play: Play) -> None:
    play.turn(play.scene.turn.codedeploy_stuck(play.app))
    pages = play.scene.pages(play.app)
    play.until(lambda: play.scene.pages(play.app) > pages, "a page", 60)
    play.note("a person was called")
    play.turn(play.scene.turn.codedeploy_stuck(play.app, on=False))


def asked_again(play: Play) -> None:
    """AWS waits, the bot is killed and started again; then its wait is answered."""
    play.phase("waiting")
    play.until(lambda: any("starting" in deed for deed in play.deeds), "the bot's end and its start", 20)
    play.press("ana", "Promote" if play.app == "catalog" else "Continue")
    play.ended()


def _edit_alias(play: Play) -> None:
    new = next(version for version in weights_of_alias(play.app, "live") if version != play.served)
    play.turn(play.scene.turn.edit_weights(play.app, "live", {play.served: 70.0, new: 30.0}))


def _other(play: Play) -> str:
    return play.served.replace("blue", "green") if "blue" in play.served else play.served.replace("green", "blue")


def throttled(scene: Scene, plays: list[Play]) -> None:
    """Every call answers 'rate exceeded' for four minutes."""
    told(plays, scene.turn.throttle())
    time.sleep(scene.seconds(4))
    told(plays, scene.turn.clear_faults())


def away(scene: Scene, plays: list[Play]) -> None:
    """AWS answers nothing but server errors for three minutes."""
    told(plays, scene.turn.outage())
    time.sleep(scene.seconds(3))
    told(plays, scene.turn.clear_faults())


def killed(scene: Scene, plays: list[Play]) -> None:
    """Kill -9; the bot is started again a minute later."""
    told(plays, scene.bot.kill())
    time.sleep(scene.seconds(1))
    told(plays, scene.bot.start())


def told(plays: list[Play], said: str) -> None:
    """Note it on every row that it hit."""
    for play in plays:
        play.turn(said)


SICK = ("shop crash loop at 10 %", "search old side dead at rollback")
"""Rows whose good release runs on servers that are made sick."""
CANARIES = ("my-app", "shop", "search", "edge")


def _good_and_bad(app: str, plan: str, steps: Steps) -> tuple[Row, ...]:
    name = f"{app} {plan}".strip()
    return (
        Row(f"{name}, good", app, plan, steps),
        Row(f"{name}, 8 % errors", app, plan, steps if steps is not bake_ended else watched, "rolled_back", "errors"),
    )


def _hit(name: str) -> tuple[Row, ...]:
    return (
        *(Row(f"{app} canary, {name}", app, "canary", watched) for app in CANARIES),
        Row(f"thumbs, {name}", "thumbs", "", watched), Row(f"api, {name}", "api", "", continued),
    )


WORLDS = (
    World("calm", "Nothing is wrong but the releases that have 8 % errors.", (
        *_good_and_bad("shop", "canary", watched), *_good_and_bad("shop", "bluegreen", approved),
        *_good_and_bad("search", "canary", watched), *_good_and_bad("edge", "canary", watched),
        *_good_and_bad("my-app", "canary", watched), *_good_and_bad("catalog", "", promoted),
        *_good_and_bad("api", "", continued), *_good_and_bad("billing", "", bake_ended),
        *_good_and_bad("thumbs", "", bake_ended),
    )),
    World("throttled", "While they were on their way, every call to AWS was throttled for four minutes.",
          _hit("throttled"), throttled),
    World("away", "While they were on their way, AWS answered nothing but errors for three minutes.",
          _hit("AWS away"), away),
    World("killed", "While they were on their way, the bot was killed with -9 and started again a minute later.",
          _hit("bot killed"), killed),
    World("single", "One kind of trouble for each target, by a knob.", (
        Row("my-app canary, alias edited, adopted", "my-app", "canary", adopted, "adopted"),
        Row("radio canary, alias edited, put back", "radio", "canary", restored),
        Row("shop canary, weights follow 50 s late", "shop", "canary", watched, before=late),
        Row("shop crash loop at 10 %", "shop", "canary", crashing, "rolled_back"),
        Row("search old side dead at rollback", "search", "canary", old_side_dead, "rolled_back"),
        Row("search canary, rule edited, put back", "search", "canary", rule_restored),
        Row("edge canary, names follow 120 s late", "edge", "canary", watched, before=late_names),
        Row("api, nobody answers its pause", "api", "", unanswered, "rolled_back"),
        Row("thumbs, AWS's deployment fails at 10 %", "thumbs", "", failing, "rolled_back"),
        Row("billing, an archive that does not come up", "billing", "", watched, "rolled_back", release="v4"),
        Row("catalog, AWS's deployment stands still at its wait", "catalog", "", standing),
        Row("thumbs, AWS's deployment stands still at 10 %", "thumbs", "", standing_at_ten, "rolled_back"),
    )),
    World("waiting", "While AWS waited for a person, or was at its servers, the bot was killed with -9 and "
          "started again a minute later.", (
        Row("catalog, bot killed at its wait", "catalog", "", asked_again),
        Row("api, bot killed at its pause", "api", "", asked_again),
        Row("billing, bot killed in mid update", "billing", "", watched),
    ), killed),
)  # fmt: skip
