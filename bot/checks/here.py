"""What can be checked on this machine: the file, the environment, the store. Calls nobody."""

import re
from collections.abc import Iterator

from bot.checks.model import Ground, Verdict, ok, warn
from bot.checks.named import target
from bot.config.model import rules_of
from store import health, holder, lock_is_held

LITTLE = 500 * 1024 * 1024
"""Bytes; with less a busy day may fill the disk, and a full one stops every rollout."""
SLACKS_OWN = re.compile(r"[0-9a-f]{32}")


def configuration(ground: Ground, _: str) -> Iterator[Verdict]:
    """It was read, else nobody would ask; what is right in it and may surprise."""
    config = ground.config
    targets = [f"{name}/{env} ({one.kind})" for name, app in config.apps.items() for env, one in app.env.items()]
    mode = "Socket Mode" if ground.access.mode == "socket" else "HTTP"
    yield ok(f"{config.path}: {', '.join(targets)}; Slack by {mode}")
    for said in config.warnings:
        text, _, fix = said.partition(": ")
        yield warn(text, fix)


def tokens(ground: Ground, _: str) -> Iterator[Verdict]:
    """Their form only: whether they are taken is Slack's to say. Never a letter of them."""
    access = ground.access
    wrong = []
    if not access.bot_token.get_secret_value().startswith(("xoxb-", "xoxe.xoxb-")):
        wrong.append(("SLACK_BOT_TOKEN does not begin with xoxb-", "use the Bot User OAuth Token"))
    if access.mode == "socket" and not access.app_token.get_secret_value().startswith("xapp-"):
        wrong.append(("SLACK_APP_TOKEN does not begin with xapp-", "use an app-level token with connections:write"))
    if access.mode == "http" and not SLACKS_OWN.fullmatch(access.signing_secret.get_secret_value()):
        text = "SLACK_SIGNING_SECRET is not of Slack's form: 32 digits and letters a to f"
        wrong.append((text, "copy it again: api.slack.com/apps, your app, Basic Information, Signing Secret"))
    for text, fix in wrong:
        yield warn(text, fix)
    if not wrong:
        held = "bot token and app token" if access.mode == "socket" else "bot token and signing secret"
        yield ok(f"{held} are set and have the form of such")


def endpoints(ground: Ground, _: str) -> Iterator[Verdict]:
    """Addresses that stand in for the real ones."""
    for override in ground.access.overrides:
        yield warn(override.warning, "right for a stand-in or a private endpoint; else unset it")
    if not ground.access.overrides:
        yield ok("Slack and AWS are asked at their own addresses")


def gates(ground: Ground, name: str) -> Iterator[Verdict]:
    """Whether anything can say that a release is bad."""
    rules = rules_of(target(ground, name))
    if rules.gates == "none":
        yield ok('gates = "none": time and health alone decide, and cards say so')
    elif rules.alarms:
        yield ok(f"{len(rules.alarms)} {'alarm gates' if len(rules.alarms) == 1 else 'alarms gate'} it")
    else:
        yield warn("no alarm gates it: each step will wait for a click", 'add alarms = ["…"], or gates = "none"')


def place(ground: Ground, _: str) -> Iterator[Verdict]:
    """A local disk with room, where files can be made. BadConfig is the runner's to tell."""
    path = ground.config.store_path
    found = health.place(path)
    health.settings_beside(path)
    free = f"{found.free // (1024 * 1024):,} MB free"
    where = "a local disk" if found.local else "a disk of which this system does not tell the kind"
    if found.free < LITTLE:
        yield warn(f"{path}: only {free}", "make room: on a full disk no wish is taken and no traffic moves")
    else:
        yield ok(f"{path}: on {where}, can be written, {free}")


def settings(ground: Ground, _: str) -> Iterator[Verdict]:
    """What SQLite keeps, read back; from the store itself where there is one. BadConfig when one does not hold."""
    path = ground.config.store_path
    found = health.settings_of(path) if path.exists() else health.settings_beside(path)
    shown = ", ".join(f"{name} {value}" for name, value in found.values.items())
    yield ok(f"SQLite {found.version} keeps {shown}")


def schema(ground: Ground, _: str) -> Iterator[Verdict]:
    """Whether the next start changes the file."""
    path = ground.config.store_path
    if not path.exists():
        yield ok("there is no store yet: the first start makes it")
        return
    steps = health.pending(path)
    if steps:
        named = f"{len(steps)} {'step' if len(steps) == 1 else 'steps'} ({steps[0]} to {steps[-1]})"
        yield warn(f"the next start upgrades it by {named}", "make a backup first: an older version refuses it then")
    else:
        yield ok("its tables are those of this version")


def lock(ground: Ground, _: str) -> Iterator[Verdict]:
    """Whether a bot is running on it: right either way."""
    if lock_is_held(ground.config.store_path):
        yield ok(f"a bot (process {holder(ground.config.store_path)}) is running on it")
    else:
        yield ok("no bot is running on it")
