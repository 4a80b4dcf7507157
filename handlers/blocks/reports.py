"""Answers of the reading verbs: status, list, history, show, alarms, whoami. What does not fit is counted."""

from handlers.blocks.card import card
from handlers.blocks.digest import summary
from handlers.blocks.guide import guide
from handlers.blocks.parts import TEXT, Message, context, date, day, length, message, named, paragraphs, section
from handlers.blocks.sentences import CAUSE
from handlers.blocks.state import candidate, stable, words
from handlers.escape import Mrkdwn, clip, code, join, md
from rollout.actions import Intent
from rollout.alarms.views import AlarmsReport
from rollout.reports import CardView, Line, Listing, Report, Show, Status, Whoami

_ROWS = 20
_INTENTS = 12
_LINES = 15
_FACTS = 160
_PLAIN = str | int | bool


def report(one: Report) -> Message:
    """Any report as a private message."""
    if isinstance(one, CardView):
        return card(one)
    if isinstance(one, Status):
        return _status(one)
    if isinstance(one, Listing):
        return _listing(one)
    if isinstance(one, Show):
        return _show(one)
    if isinstance(one, AlarmsReport):
        return summary(one)
    return _whoami(one) if isinstance(one, Whoami) else guide(one)


def _status(one: Status) -> Message:
    if one.card is not None:
        return card(one.card)
    line = md(
        "Nothing has been deployed to {}/{} yet. Start with {}", one.app, one.env,
        code(f"/deploy {one.app}/{one.env}"),
    )
    return message(line, [section(line)])


def _listing(one: Listing) -> Message:
    place = md(" of {}", one.app) if one.app else md("")
    count = len(one.cards)
    if not count:
        empty = (
            md("No rollout{} is running.", place) if one.live else md("There is no rollout{} yet.", place)
        )
        return message(empty, [section(empty)])
    noun = "rollout" if count == 1 else "rollouts"
    head = md("{} running {}{}", count, noun, place) if one.live else md("{} {}{}, newest first", count, noun, place)
    rows = [_row(view) for view in one.cards[:_ROWS]]
    blocks = [section(head), *paragraphs(rows)]
    if count > _ROWS:
        blocks.append(
            context(md("and {} more: name an app, as in {}", count - _ROWS, code("/deploy history my-app")))
        )
    return message(join("\n", [head, *rows[:5]]), blocks)


def _row(view: CardView) -> Mrkdwn:
    """`#42 my-app → prod · canary · baking at 10 % · 1 → 2 · @ana, 14:20`."""
    rollout = view.rollout
    when = date(rollout.created_at, view.now) if rollout.live else day(rollout.phase_at)
    return join(" · ", [
        md("#{} {} → {}", rollout.id, rollout.app, rollout.env), rollout.terms.plan.name, words(rollout),
        md("{} → {}", stable(rollout), candidate(rollout)), md("{}, {}", named(rollout.by), when),
    ])  # fmt: skip


def _show(one: Show) -> Message:
    view = one.card
    small = card(view)
    blocks = [*small.blocks]
    cause = view.rollout.cause
    if cause is not None and len(cause.text) > CAUSE:
        blocks.append(section(md("*Why, in full*\n{}", clip(cause.text, 2 * TEXT // 3))))
    made = [_intent(intent) for intent in one.intents[-_INTENTS:]]
    if made:
        blocks += [section(_title("Changes on AWS", len(one.intents), _INTENTS)), *paragraphs(made, 1400)[:2]]
    lines = [_line(line) for line in one.lines[-_LINES:]]
    if lines:
        blocks += [section(_title("Audit", len(one.lines), _LINES)), *paragraphs(lines, 1900)[:2]]
    if len(one.intents) > _INTENTS or len(one.lines) > _LINES:
        blocks.append(context(md("All of it: {}", code(f"tidegate show #{view.rollout.id}"))))
    return message(small.text, blocks)


def _title(what: str, count: int, shown: int) -> Mrkdwn:
    return md("*{}* (the last {} of {})", what, shown, count) if count > shown else md("*{}*", what)


def _intent(intent: Intent) -> Mrkdwn:
    """`14:29:07 shift 10: done`."""
    took = length(intent.settled_at - intent.planned_at) if intent.settled_at is not None else ""
    again = f", try {intent.attempt}" if intent.attempt > 1 else ""
    says = md("({})", clip(intent.outcome, _FACTS)) if intent.outcome else md("")
    state = md("{}{}{}", intent.state, again, md(" after {}", took) if took else md(""))
    return join(" ", [day(intent.planned_at), intent.action.kind, clip(intent.action.arg, 60), state, says])


def _line(line: Line) -> Mrkdwn:
    facts = ", ".join(
        f"{key} {value}"
        for key, value in sorted(line.facts.items())
        if isinstance(value, _PLAIN) and value != ""
    )
    return join(
        " ",
        [
            md("{}", line.seq),
            day(line.at),
            md("{} by {}", line.kind, clip(line.actor, 60)),
            clip(facts, _FACTS),
        ],
    )


def _whoami(one: Whoami) -> Message:
    if not one.known:
        unknown = md(
            "You are {}. No role names you, so you may read here and change nothing.", code(one.actor, 80)
        )
        return message(unknown, [section(unknown)])
    head = md("You are {}. You may:", code(one.actor, 80))
    rows = [
        md("{}: {}", clip(target, 80), join(", ", rights) or "read")
        for target, rights in sorted(one.rights.items())
    ]
    more = [md("and {} more", len(rows) - 2 * _ROWS)] if len(rows) > 2 * _ROWS else []
    shown = [*rows[: 2 * _ROWS], *more]
    return message(join("\n", [head, *shown[:5]]), [section(head), *paragraphs(shown)])
