"""Every other message there is, by name: replies in the thread, pages, answers, reports, forms."""

from datetime import timedelta
from typing import Any, get_args

from handlers import views
from handlers.blocks.alert import alert
from handlers.blocks.answers import answer, refusal, reply
from handlers.blocks.card import card
from handlers.blocks.digest import summary
from handlers.blocks.events import event, page
from handlers.blocks.parts import Message
from handlers.blocks.reports import report
from handlers.buttons import ButtonValue
from rollout.actions import Intent, Launch, Shift
from rollout.errors import BadInput, Denied, NotFound, Refused
from rollout.notices import Answer, Event, NeedsHuman, What
from rollout.ports import Reply
from rollout.reports import Help, Line, Listing, Show, Status, Whoami
from rollout.verbs import VERBS
from tests.handlers.alarm_samples import ALERTS, SUMMARIES
from tests.handlers.sample_cards import CARDS
from tests.handlers.samples import ANA, DRIFT, EVA, FAULT, NOW, RED, SHELL
from tests.handlers.watched_samples import READY

BAKING = CARDS["baking"]
BOUND = BAKING.rollout.bound
_TERMS = BAKING.rollout.terms.model_copy(update={"settings": {"region": "eu-west-1"}})
IRISH = BAKING.rollout.but(terms=_TERMS)
ONE = {"rollout": 42, "at": NOW}
LOUD: dict[str, Any] = {"loud": True, "mention": ("U0ANA",)}

_EVENTS: dict[str, dict[str, Any]] = {
    "asked": {"by": ANA},
    "started": {},
    "raised": {"percent": 50},
    "proven": {"percent": 100},
    "approval_wanted": LOUD | {"text": "#42 waits for approval at 25 %"},
    "approved": {},
    "promoted": {},
    "paused": {"by": ANA, "percent": 10, "text": "looking at p99"},
    "resumed": {"by": ANA, "percent": 10},
    "went_on": {"by": EVA, "percent": 10, "text": "metrics are late, checked by hand"},
    "going_back": LOUD | {"text": RED},
    "rolled_back": LOUD | {"text": "rolled back: p99 too high"},
    "succeeded": LOUD,
    "cancelled": LOUD | {"text": "cancelled"},
    "refused": {"text": RED},
    "drift": LOUD | {"text": DRIFT},
    "restored": {"by": ANA, "percent": 10},
    "adopted": {"by": EVA, "percent": 10, "text": "hotfix 3 stays"},
    "blind": {"text": FAULT.text},
    "sight": {"text": "the foreign change is gone"},
    "away": {"text": "nobody looked for 14m; nothing was decided meanwhile"},
    "no_data": {"text": "my-app-p99 has no data"},
    "no_gate": LOUD | {"text": "no alarm watches this target"},
    "stuck": {"text": "the old release is not healthy either"},
    "retried": {"by": SHELL, "percent": 10},
    "alarm": {"text": RED},
    "reminder": LOUD | {"text": "#42 still waits; it ends in 30m"},
    "not_promoted": {"text": "my-app-p99 has no data"},
    "unlocked": {"by": EVA, "text": "version 3 fixes it"},
    "shipped": {"by": EVA, "percent": 50, "text": "version 1 cannot be saved"},
    "foreign": LOUD | {"text": "d-OTHER1234, created by user"},
    "aws_went_on": {"text": "nobody here had answered its wait"},
    "page_taken": {"by": EVA, "text": "nobody else is called"},
    "alarm_over": {"text": "my-app-errors is OK again; it was red for 21m"},
}


def _events() -> dict[str, Message]:
    made = {what: Event.model_validate(ONE | fields | {"what": what}) for what, fields in _EVENTS.items()}
    return {f"event-{what}": event(one, BAKING.rollout) for what, one in made.items()} | {
        "event-going-back-by-ana": event(
            Event(what="going_back", by=ANA, percent=10, text="p99 too high", rollout=42, at=NOW), BAKING.rollout
        ),
        "event-going-back-for-alarms": event(Event.model_validate(ONE | LOUD | {
            "what": "going_back", "text": f"{RED}; errors/eu p99 & co was red during this step",
            "alarms": ("my-app-errors", "errors/eu p99 & co")}), IRISH),
        "event-going-back-for-many-alarms": event(Event.model_validate(ONE | LOUD | {
            "what": "going_back", "text": RED, "alarms": tuple(f"a{n}" for n in range(9))}), BAKING.rollout),
        "page": page(
            NeedsHuman(text="#42 is stuck: the old release is not healthy either: version 1 is Inactive",
                       hint="roll back anyway, or mend it", rollout=42, at=NOW),
            CARDS["stuck-both-sick"].rollout, ("S0ONCALL",),
        ),
        "page-after-the-end": page(
            NeedsHuman(text="#42 went back, and my-app-errors is red all the same", rollout=42, at=NOW),
            CARDS["rolled-back-person"].rollout, ("S0ONCALL",)),
        "event-aws-waits": event(
            Event.model_validate(ONE | LOUD | {"what": "approval_wanted", "percent": 0, "text": READY.text}),
            CARDS["watched-ready"].rollout),
        "page-without-hint": page(NeedsHuman(text="AWS cannot be read", rollout=42, at=NOW), BAKING.rollout),
    }  # fmt: skip


def _answers() -> dict[str, Message]:
    busy = "my-app/prod is busy: #42 is rising at 10 %, started by ana 3m ago"
    held = "my-app/prod is held by eva since #41: rolled back: p99 too high"
    return {
        "reply-started": reply(
            Reply(ok=True, text="#42: looking at my-app in prod…", hint="plan canary: 10% 5m, 100%")),
        "reply-busy": reply(Reply(ok=False, text=busy, hint="it has to end first", offer="status", rollout=42)),
        "reply-held": reply(
            Reply(ok=False, text=held, hint="look at it first", offer="unlock", rollout=41),
            CARDS["rolled-back-person"].rollout.bound,
        ),
        "reply-pending": reply(Reply(
            ok=True, text="Slack has not yet told who you are", hint="this is looked up now; the answer follows",
            offer="identity")),
        "answer-promoted": answer(Answer(
            reply="https://hooks.slack.com/actions/T0HOME/1/secret", rollout=42, at=NOW,
            text="#42 my-app/prod: the bake ends at the next look, if all is still well")),
        "answer-has-traffic": answer(Answer(
            reply="", rollout=42, text="#42 has already sent traffic to the new release", offer="rollback", good=False,
            hint="/deploy rollback #42", at=NOW), BOUND),
        "refusal-denied": refusal(Denied(
            "you cannot deploy here: it needs a deployer, and you are not one", "these can:",
            who=("U0ANA", "U0BEN", "S0PAYMENTS", "cli:ops"))),
        "refusal-denied-nobody": refusal(Denied("you cannot deploy here: it needs a deployer", "nobody can")),
        "refusal-stale": refusal(Refused(
            "this button is from step 1; #42 is at step 2 now", "nothing was changed; use the present card",
            offer="status", rollout=42)),
        "refusal-grammar": refusal(BadInput('"careful" at character 15 is a word too many', "/deploy start <app>")),
        "refusal-unknown": refusal(NotFound("'my-ap' is not an app here", "did you mean my-app?")),
    }  # fmt: skip


def _reports() -> dict[str, Message]:
    running = (BAKING, CARDS["linear"], CARDS["paused-drift"])
    past = (CARDS["succeeded"], CARDS["rolled-back-alarm"], CARDS["adopted"])
    launch = Launch(release="2")
    made = [
        Intent(id=1, rollout=42, key="42/0/launch/2", attempt=1, action=launch, state="done", planned_at=NOW,
               settled_at=NOW + timedelta(seconds=2)),
        Intent(id=2, rollout=42, key="42/0/shift/10", attempt=2, action=Shift(percent=10), state="failed",
               outcome="UpdateAlias was denied", planned_at=NOW, settled_at=NOW),
        Intent(id=3, rollout=42, key="42/0/shift/10", attempt=3, action=Shift(percent=10), state="sent",
               planned_at=NOW),
    ]  # fmt: skip
    lines = [
        Line(seq=number, at=NOW, kind="ask", actor="T0HOME/U0ANA", facts={"words": "start my-app", "reason": ""})
        for number in range(1, 21)
    ]
    rights = {"my-app/prod": ("deploy", "approve"), "shop/prod": ()}
    return {
        "report-status": report(Status(app="my-app", env="prod", card=BAKING)),
        "report-status-nothing": report(Status(app="my-app", env="prod", card=None)),
        "report-list": report(Listing(live=True, cards=running)),
        "report-list-nothing": report(Listing(live=True, cards=())),
        "report-history": report(Listing(live=False, app="my-app", cards=past)),
        "report-history-nothing": report(Listing(live=False, app="my-app", cards=())),
        "report-history-long": report(Listing(live=False, cards=past * 9)),
        "report-show": report(Show(card=BAKING, intents=tuple(made), lines=tuple(lines))),
        "report-whoami": report(Whoami(actor="T0HOME/U0ANA", known=True, rights=rights)),
        "report-whoami-unknown": report(Whoami(actor="T0HOME/U0XX", known=False, rights={})),
        "report-help": report(Help(apps=("my-app/prod", "shop/prod"), plans=("canary", "linear"))),
        "report-help-empty": report(Help(apps=(), plans=())),
        "report-card": report(BAKING),
    }


def _views() -> dict[str, dict[str, Any]]:
    must = [name for name, verb in VERBS.items() if verb.reason == "must"]
    asked = [ButtonValue(verb=verb, rollout=42, plan_hash=BOUND.plan_hash) for verb in must]
    forms = {f"view-{one.verb}": views.reason_view(one, BAKING) for one in asked}
    anyway = ButtonValue(verb="rollback", rollout=42, plan_hash=BOUND.plan_hash, force=True)
    return forms | {
        "view-rollback-anyway": views.reason_view(anyway, CARDS["stuck-both-sick"]),
        "view-rollout-gone": views.reason_view(anyway, None),
        "view-shown": views.shown_view(card(BAKING)),
        "view-refused": views.refused_view(refusal(BadInput("the button carries something else", "use the card"))),
    }


def _alarms() -> dict[str, Message]:
    summaries = {name: report(one) if name.startswith("report") else summary(one) for name, one in SUMMARIES.items()}
    return {name: alert(one) for name, one in ALERTS.items()} | summaries


_CARDS = {name: card(one) for name, one in CARDS.items()}
MESSAGES: dict[str, Message] = _CARDS | _events() | _answers() | _reports() | _alarms()
VIEWS = _views()
WHATS: tuple[str, ...] = get_args(What)
