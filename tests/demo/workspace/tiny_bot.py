"""A small real Bolt app, so that the stand-in is tested by the library real bots use."""

import threading
from dataclasses import dataclass, field

from slack_bolt import App
from slack_bolt.adapter.wsgi import SlackRequestHandler
from slack_sdk import WebClient
from werkzeug.serving import WSGIRequestHandler, make_server

from demo.workspace import Workspace


def words(text):
    return {"type": "plain_text", "text": text}


CONFIRM = {
    "title": words("Roll back?"),
    "text": words("my-app in prod"),
    "confirm": words("Roll back"),
    "deny": words("Keep"),
}
CARD = [
    {"type": "header", "text": words("my-app → prod · canary · baking at 10 %")},
    {"type": "section", "text": {"type": "mrkdwn", "text": "Healthy so far."}},
    {
        "type": "actions",
        "elements": [
            {"type": "button", "action_id": "pause", "text": words("Pause"), "value": "42"},
            {
                "type": "button",
                "action_id": "rollback",
                "style": "danger",
                "text": words("Roll back"),
                "confirm": CONFIRM,
            },
        ],
    },
]
FORM = {
    "type": "modal",
    "callback_id": "start",
    "title": words("Deploy"),
    "submit": words("Start"),
    "close": words("Cancel"),
    "notify_on_close": True,
    "private_metadata": "kept",
    "blocks": [
        {
            "type": "input",
            "block_id": "app",
            "label": words("App"),
            "element": {"type": "external_select", "action_id": "pick_app", "min_query_length": 0},
        },
        {
            "type": "input",
            "block_id": "why",
            "label": words("Reason"),
            "element": {"type": "plain_text_input", "action_id": "reason"},
        },
        {
            "type": "input",
            "block_id": "plan",
            "optional": True,
            "label": words("Plan"),
            "element": {
                "type": "static_select",
                "action_id": "pick_plan",
                "options": [{"text": words(p), "value": p} for p in ("canary", "linear")],
                "initial_option": {"text": words("canary"), "value": "canary"},
            },
        },
    ],
}


@dataclass
class Seen:
    """What the bot received, for assertions; `pressed` is set when a press arrives."""

    bodies: list = field(default_factory=list)
    events: list = field(default_factory=list)
    closed: list = field(default_factory=list)


def listeners(app, seen):
    """`/deploy card|quiet|silent|public|crash|form`, presses, the form, options, mentions, the home tab."""

    @app.command("/deploy")
    def deploy(ack, command, client):
        seen.bodies.append(command)
        word = command["text"].partition(" ")[0]
        if word == "silent":
            return
        if word == "crash":
            raise RuntimeError("planted")
        if word == "form":
            client.views_open(trigger_id=command["trigger_id"], view=FORM)
        if word == "card":
            client.chat_postMessage(channel=command["channel_id"], text="my-app: baking", blocks=CARD)
        if word == "badack":
            ack(text="x", blocks=[{"type": "header", "text": {"type": "mrkdwn", "text": "no"}}])
        elif word == "quiet":
            ack()
        elif word == "public":
            ack(text="for everyone", response_type="in_channel")
        else:
            ack(f"looking at {command['text']}")

    @app.action("pause")
    def pause(ack, body, client):
        ack()
        seen.bodies.append(body)
        if "message" in body:
            where = {"channel": body["channel"]["id"], "ts": body["message"]["ts"]}
            client.chat_update(**where, text="paused", blocks=[{"type": "section", "text": words("paused")}])

    @app.action("rollback")
    def rollback(ack, body, respond):
        ack()
        seen.bodies.append(body)
        respond("rolling back")

    _form_listeners(app, seen)


def _form_listeners(app, seen):
    @app.view("start")
    def start(ack, body, view):
        seen.bodies.append(body)
        reason = view["state"]["values"]["why"]["reason"]["value"]
        answers: dict[str, dict] = {
            "no": {"response_action": "errors", "errors": {"why": "say more"}},
            "strange": {"response_action": "errors", "errors": {"nowhere": "?"}},
            "more": {"response_action": "push", "view": FORM | {"callback_id": "second"}},
            "change": {"response_action": "update", "view": FORM | {"title": words("Deploy again")}},
            "clear": {"response_action": "clear"},
        }
        ack(**answers.get(reason, {}))

    @app.view_closed("start")
    def closed(ack, body):
        ack()
        seen.closed.append(body)

    @app.options("pick_app")
    def options(ack, payload):
        seen.bodies.append(payload)
        ack(options=[{"text": words(n), "value": n} for n in ("my-app", "shop") if payload["value"] in n])

    @app.event("app_mention")
    def mention(event, say):
        seen.events.append(event)
        say(text="yes?", thread_ts=event["ts"])

    @app.event("app_home_opened")
    def home(event, client):
        view = {"type": "home", "blocks": [{"type": "section", "text": words("nothing runs")}]}
        client.views_publish(user_id=event["user"], view=view)


class Quiet(WSGIRequestHandler):
    def log(self, type, message, *args):
        return


class HttpBot:
    """The tiny bot behind signed HTTP. The port is known before the workspace starts."""

    def __init__(self):
        self._app: SlackRequestHandler | None = None
        self._server = make_server("127.0.0.1", 0, self._serve, threaded=True, request_handler=Quiet)
        self.url = f"http://127.0.0.1:{self._server.server_port}/slack/events"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def start(self, ws: Workspace, seen: Seen):
        self._app = SlackRequestHandler(new_app(ws, seen))
        self._thread.start()

    def stop(self):
        self._server.shutdown()
        self._thread.join(5)
        self._server.server_close()

    def _serve(self, environ, start_response):
        assert self._app is not None
        return self._app(environ, start_response)


def new_app(ws: Workspace, seen: Seen) -> App:
    client = WebClient(token=ws.bot_token, base_url=ws.api_url, retry_handlers=[])
    app = App(client=client, signing_secret=ws.signing_secret, process_before_response=True)
    listeners(app, seen)
    return app
