"""What the page's panel can do to the world, and the live strip above the channels."""

from collections.abc import Callable
from typing import Any, Protocol

from demo.child import Child
from demo.cloud import Cloud
from demo.workspace import AlarmStatus, AppStatus, Knob, Status, Workspace, channel_knobs, slack_knobs


class Whole(Protocol):
    """The parts of the demo that the knobs turn."""

    @property
    def cloud(self) -> Cloud: ...
    @property
    def workspace(self) -> Workspace: ...
    @property
    def bot(self) -> Child: ...
    @property
    def setting(self) -> Any: ...
    def reset(self) -> str: ...


def knobs(demo: Whole) -> list[Knob]:
    """All of them, in the order of the panel."""
    turn = demo.cloud.knobs

    def knob(group: str, label: str, explain: str, run: Callable[[], str], *, danger: bool = False) -> Knob:
        name = f"{group}-{label}".lower().replace(" ", "-").replace(":", "").replace("%", "")
        return Knob(id=name, group=group, label=label, explain=explain, run=run, danger=danger)

    return [
        knob("Releases", "Publish v3: 8 % errors", "Then /deploy my-app canary meets its alarm", turn.publish_v3),
        knob("Releases", "Publish v4: slow leak", "Fine at first; the latency alarm catches it", turn.publish_v4),
        knob("Releases", "Publish a good one", "Nothing wrong with it", turn.publish_good),
        knob("Alarms", "Raise my-app-errors", "Red until cleared, whatever the traffic says",
             lambda: turn.raise_alarm("my-app-errors"), danger=True),
        knob("Alarms", "Clear my-app-errors", "Green, and judged by the traffic again",
             lambda: turn.clear_alarm("my-app-errors")),
        *_alarm_knobs(knob, demo.cloud),
        knob("AWS", "Edit the weights by hand", "Somebody else sends 30 % to the newest version",
             lambda: _edit(demo.cloud), danger=True),
        knob("AWS", "AWS throttles", "Every call answers 'rate exceeded' until AWS is well again", turn.throttle),
        knob("AWS", "Lose the next reply", "The next change is applied, but its answer never comes",
             lambda: turn.lost_reply("UpdateAlias", 1)),
        knob("AWS", "CodeDeploy stands still", "catalog's deployment shows no change any more",
             lambda: turn.codedeploy_stuck("catalog"), danger=True),
        knob("AWS", "CodeDeploy goes on", "catalog's deployment moves again",
             lambda: turn.codedeploy_stuck("catalog", on=False)),
        knob("AWS", "A colleague deploys thumbs", "Somebody starts a deployment in the console",
             lambda: turn.codedeploy_by_hand("thumbs", "2"), danger=True),
        knob("AWS", "The pause of api runs out", "In 30 s ECS does what its hook says",
             lambda: turn.native_hook_expires("api")),
        knob("AWS", "AWS is well again", "Ends every trouble on AWS's side", turn.clear_faults),
        knob("AWS", "The test address of shop answers 503", "A release that is up and not well: /deploy shop bluegreen",
             lambda: turn.test_answers("shop"), danger=True),
        knob("AWS", "The test address is well", "It answers as the release behind it does",
             lambda: turn.test_answers("shop", None)),
        *slack_knobs(demo.workspace),
        *channel_knobs(demo.workspace, "deploys"),
        knob("Bot", "Kill the bot", "kill -9, in the middle of whatever it does", demo.bot.kill, danger=True),
        knob("Bot", "Start the bot", "It reads its store, looks at AWS, and goes on", demo.bot.start),
        knob("Bot", "Reset the world", "Version 1 serves, version 2 is published", demo.reset, danger=True),
    ]  # fmt: skip


def _alarm_knobs(knob: Callable[..., Knob], cloud: Cloud) -> list[Knob]:
    turn = cloud.knobs
    return [
        knob("Alarms", "Lamp flaps", "Its errors come and go: one notice, with a counter", lambda: turn.flap("lamp"),
             danger=True),
        knob("Alarms", "Lamp is calm", "No more errors than usual", lambda: turn.calm("lamp")),
        knob("Alarms", "Radio falls silent", "No request, no data: its alarm cannot tell any more",
             lambda: turn.silence("radio")),
        knob("Alarms", "Radio speaks", "Requests come again", lambda: turn.speak("radio")),
        knob("Alarms", "40 of 600 alarms red", "A crowd that lamp watches by its prefix: one notice, the rest counted",
             lambda: turn.crowd("lamp-crowd", 600, 40), danger=True),
        knob("Alarms", "The crowd is calm", "All 600 are OK", lambda: turn.crowd("lamp-crowd", 600, 0)),
        knob("Alarms", "Delete my-app-p99", "A gate is gone: the bot says so", lambda: turn.delete_alarm("my-app-p99"),
             danger=True),
        knob("Alarms", "CloudWatch draws graphs", "Graphs are CloudWatch's own from now on, not Tidegate's",
             lambda: turn.widget_images(True)),
        knob("Alarms", "CloudWatch draws none", "As without the permission: Tidegate draws by itself",
             lambda: turn.widget_images(False)),
    ]  # fmt: skip


def _edit(cloud: Cloud) -> str:
    weights = cloud.knobs.status()["apps"][0]["weights"]
    main = max(weights, key=lambda version: weights[version])
    versions = [version for version in ("1", "2", "3", "4", "5", "6") if version != main]
    others = [version for version in versions if version in weights] or versions[:1]
    return cloud.knobs.edit_weights("my-app", "live", {main: 70.0, others[0]: 30.0})


def status_of(demo: Whole) -> Status:
    """What the strip shows: traffic by version, errors by version, alarms, the bot."""
    found = demo.cloud.knobs.status()
    apps: list[AppStatus] = []
    for app in found["apps"]:
        alarms: list[AlarmStatus] = [
            {"name": alarm["name"], "state": alarm["state"], "composite": alarm["kind"] == "CompositeAlarm"}
            for alarm in app["alarms"]
        ]
        errors = {version: share for version, share in app["errors"].items() if share is not None}
        apps.append(
            {"name": app["name"], "environment": "prod", "weights": app["weights"], "alarms": alarms,
             "errors": errors, "rate": app["rps"]}
        )  # fmt: skip
    state = demo.bot.state
    word = "starting" if state == "running" and not demo.workspace.connections and _by_socket(demo) else state
    status: Status = {"bot": word, "apps": apps, "speed": int(demo.setting.speed)}
    faults = [str(fault) for fault in found.get("faults", ())]
    if faults:
        status["note"] = "AWS: " + ", ".join(faults)
    return status


def _by_socket(demo: Whole) -> bool:
    return bool(demo.setting.mode == "socket")
