"""A real Bolt app with our listeners over a real conductor and store; Slack itself is a closed port."""

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from slack_bolt import App, BoltRequest, BoltResponse
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient
from slack_sdk.signature import SignatureVerifier

from bot.config import load
from bot.policy import ConfigPolicy
from handlers.blocks.card import card
from handlers.buttons import ButtonValue
from handlers.listeners import register
from handlers.ports import Identity
from rollout.alarms.desk import AlarmDesk
from rollout.alarms.model import AlarmState, Alert, Key, Line
from rollout.ask import Ask
from rollout.conductor import Conductor
from rollout.desk import Desk
from rollout.errors import TidegateError
from rollout.hooks import Hooks
from rollout.notices import Answer
from rollout.people import Actor, Person
from rollout.ports import Reply
from rollout.reports import CardView, Report
from rollout.simulated import SimulatedTarget
from tests.rollout.scene import Scene

Json = dict[str, Any]
HOME = "T0HOME"
SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
ADDRESS = "https://hooks.slack.com/actions/T0HOME/1/s3cret"
NAMES = {"U0ANA": "ana", "U0BEN": "ben", "U0EVA": "eva", "U0OSKAR": "oskar", "U0GUEST": "gus"}
IDS = {name: id for id, name in NAMES.items()}
CONFIG = """
[roles]
deployers = ["U0ANA", "U0BEN"]
approvers = ["U0EVA"]
admins    = ["U0EVA"]

[plans]
careful = "5% 5m, 25% 10m, approve, 100%"

[apps.my-app]
channel = "C0DEPLOYS"
aliases = ["app"]
[apps.my-app.env.prod]
kind = "lambda"
function = "my-app"
alias = "live"
region = "eu-central-1"
alarms = ["my-app-errors"]

[apps.shop]
channel = "C0DEPLOYS"
default = "prod"
[apps.shop.env.prod]
kind = "lambda"
function = "shop"
alias = "live"
region = "eu-central-1"
gates = "none"
[apps.shop.env.dev]
kind = "lambda"
function = "shop-dev"
alias = "live"
region = "eu-central-1"
gates = "none"
"""


class Opened:
    """A now lane that keeps what it was asked to open."""

    def __init__(self) -> None:
        self.views: list[tuple[str, Json, str, str]] = []

    def open_view(self, trigger_id: str, view: Json, *, reply: str = "", instead: str = "") -> None:
        """See handlers.ports.NowLane."""
        self.views.append((trigger_id, view, reply, instead))


class Routed:
    """The desk as the bot puts it together: presses about a notice go to the desk of the alarms."""

    def __init__(self, desk: Desk, alarms: AlarmDesk) -> None:
        self._desk, self._alarms = desk, alarms

    def ask(self, ask: Ask, actor: Actor, *, dedupe: str, reply: str = "") -> Reply:
        """See rollout.desk.Desk."""
        if ask.alert is not None:
            return self._alarms.press(ask, actor, dedupe=dedupe, reply=reply)
        return self._desk.ask(ask, actor, dedupe=dedupe, reply=reply)

    def turned_away(self, words: str, actor: Actor, error: TidegateError) -> None:
        """See rollout.desk.Desk."""
        self._desk.turned_away(words, actor, error)

    def report(self, ask: Ask, actor: Actor) -> Report:
        """See rollout.desk.Desk."""
        return self._desk.report(ask, actor)

    def card(self, rollout: int) -> CardView:
        """See rollout.desk.Desk."""
        return self._desk.card(rollout)


class Rig:
    """Says things as Slack would and reads what goes back."""

    def __init__(self, folder: Path, *, mode: str = "socket", desk: Desk | None = None) -> None:
        path = folder / "tidegate.toml"
        path.write_text(CONFIG)
        self.scene = Scene(folder / "tidegate.db")
        self.scene.world.targets |= {"shop/prod": SimulatedTarget(), "shop/dev": SimulatedTarget()}
        policy = ConfigPolicy(load(path, {}))
        hooks = Hooks(home=lambda: HOME)
        self.scene.bot = Conductor(self.scene.store, self.scene.world, policy, self.scene.clock, hooks)
        self.alarms = AlarmDesk(self.scene.store, policy, self.scene.clock, hooks)
        self.meet()
        self.mode, self.lane, self.count = mode, Opened(), 0
        self.identity: Identity | None = Identity(team=HOME)
        self.app = bolt(desk or Routed(self.scene.bot, self.alarms), self.lane, lambda: self.identity)

    def close(self) -> None:
        """End."""
        self.scene.close()

    def meet(self) -> None:
        """The directory is read anew: it would be too old after half an hour."""
        now = self.scene.clock.now()
        people = [Person(team=HOME, id=id, name=name, guest=name == "gus", read_at=now) for id, name in NAMES.items()]
        self.scene.store.people.replace(people, {}, now)

    # -- what people do -------------------------------------------------------------------------

    def slash(self, text: object, who: str = "U0ANA", **more: Any) -> Json:
        """A command; the answer in its ack."""
        self.count += 1
        body = {
            "token": "t", "team_id": HOME, "team_domain": "home", "channel_id": "C0DEPLOYS", "channel_name": "deploys",
            "user_id": who, "user_name": NAMES.get(who, "x"), "command": "/deploy", "text": text, "api_app_id": "A0",
            "is_enterprise_install": "false", "response_url": ADDRESS, "trigger_id": f"1.{self.count}.slash",
        } | more  # fmt: skip
        return self.send({key: value for key, value in body.items() if value is not None})

    def press(self, value: ButtonValue | str, who: str = "U0ANA", *, action_id: str = "", **more: Any) -> Json:
        """A button of a card."""
        self.count += 1
        text = value if isinstance(value, str) else value.wire
        suffix = "" if isinstance(value, str) else ":full" if value.full else ":force" if value.force else ""
        name = "status" if isinstance(value, str) else value.verb
        action = {
            "type": "button", "action_id": action_id or f"tidegate:{name}{suffix}", "block_id": "b", "value": text,
            "text": {"type": "plain_text", "text": "x"}, "action_ts": f"17.{self.count}",
        }  # fmt: skip
        return self.send(self.interaction("block_actions", who) | {
            "trigger_id": f"1.{self.count}.press", "response_url": ADDRESS, "actions": [action],
            "container": {"type": "message", "message_ts": "17.000001", "channel_id": "C0DEPLOYS"},
            "channel": {"id": "C0DEPLOYS", "name": "deploys"}, "message": {"ts": "17.000001"},
        } | more)  # fmt: skip

    def submit(self, view: Json, reason: str | None, who: str = "U0ANA", **more: Any) -> Json:
        """A form sent."""
        self.count += 1
        state = {"values": {"reason": {"reason": {"type": "plain_text_input", "value": reason}}}}
        sent = view | {"id": "V1", "hash": f"1.{self.count}", "team_id": HOME, "state": state} | more
        return self.send(self.interaction("view_submission", who) | {"trigger_id": f"1.{self.count}.v", "view": sent})

    def interaction(self, kind: str, who: str) -> Json:
        """What presses and forms have in common."""
        user = {"id": who, "username": NAMES.get(who, "x"), "name": NAMES.get(who, "x"), "team_id": HOME}
        return {
            "type": kind, "team": {"id": HOME, "domain": "home"}, "enterprise": None, "is_enterprise_install": False,
            "user": user, "api_app_id": "A0", "token": "t",
        }  # fmt: skip

    def send(self, body: Mapping[str, Any]) -> Json:
        """Through Bolt; always 200, and the ack's body as an object."""
        response = self.raw(body)
        assert response.status == 200, response.body
        if not response.body:
            return {}
        return json.loads(response.body) if response.body.startswith("{") else {"text": response.body}

    def raw(self, body: Mapping[str, Any]) -> BoltResponse:
        """Through Bolt, whatever comes back."""
        if self.mode == "socket":
            return self.app.dispatch(BoltRequest(mode="socket_mode", body=dict(body)))
        form = body if body.get("command") else {"payload": json.dumps(body)}
        text, stamp = urlencode(form, errors="surrogatepass"), str(int(time.time()))
        signature = SignatureVerifier(SECRET).generate_signature(timestamp=stamp, body=text) or ""
        headers: dict[str, str | Sequence[str]] = {
            "content-type": ["application/x-www-form-urlencoded"], "x-slack-signature": [signature],
            "x-slack-request-timestamp": [stamp],
        }  # fmt: skip
        return self.app.dispatch(BoltRequest(mode="http", body=text, headers=headers))

    # -- what is there --------------------------------------------------------------------------

    def button(self, verb: str, number: int = 1, *, force: bool = False) -> ButtonValue:
        """The button of the present card; fails where the card has none."""
        blocks = card(self.scene.bot.card(number)).blocks
        drawn = [one for block in blocks if block["type"] == "actions" for one in block["elements"]]
        values = [ButtonValue.read(one["value"]) for one in drawn]
        return next(one for one in values if one.verb == verb and one.force == force)

    def turns(self, state: str, name: str = "my-app-errors") -> Alert:
        """The watch has seen that an alarm of my-app changed, and noted its notice."""
        now = self.scene.clock.now()
        key = Key(app="my-app", lane="default/eu-central-1", name=name)
        fields = {"key": key, "state": state, "text": "8.2 over limit 1 (2 of 3 × 60 s)"}
        line = Line.model_validate(fields | {"since": now, "first": now})
        with self.scene.store.work() as work:
            open_ = next(iter(work.open_alerts("my-app")), None)
            old = open_ or Alert(app="my-app", envs=("prod",), channel="C0DEPLOYS", noted_at=now, lines=(line,))
            before = old.lines[0]
            line = line.model_copy(update={"first": before.first, "bad_for": now - before.since})
            work.save_alarm(AlarmState.model_validate(fields | {"since": now, "gate": True}))
            return work.put_alert(old.model_copy(update={"lines": (line,)}))

    def audited(self) -> list[Json]:
        """The audit, opened."""
        with self.scene.store.reads() as reads:
            return [json.loads(link.body) for link in reads.audit_page(limit=500)]

    def answers(self) -> list[Answer]:
        """Private answers that wait in the outbox."""
        return [one for one in self.scene.notices() if isinstance(one, Answer)]

    def rollouts(self) -> int:
        """How many there ever were."""
        with self.scene.store.reads() as reads:
            return len(reads.history(limit=500))


def bolt(desk: Desk, lane: Opened, identity: Callable[[], Identity | None]) -> App:
    """The app as the bot makes it."""

    def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, bot_token="xoxb-x")

    app = App(
        process_before_response=True, signing_secret=SECRET, authorize=authorize, token_verification_enabled=False,
        client=WebClient(base_url="http://127.0.0.1:9/api/", timeout=1, retry_handlers=[]),
    )  # fmt: skip
    register(app, desk, lane, identity)
    return app


def reference(trigger: str) -> str:
    """The reference that a person is given for a request with that trigger."""
    return hashlib.sha256(trigger.encode()).hexdigest()[:8]
