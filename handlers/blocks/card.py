"""The card: one message per rollout, updated in place. Its heading and its `text` each say it all."""

from handlers.blocks import outlook
from handlers.blocks.health import line as health_line
from handlers.blocks.links import links
from handlers.blocks.moves import buttons
from handlers.blocks.outcome import held
from handlers.blocks.parts import (
    Block,
    Message,
    actions,
    bar,
    context,
    date,
    day,
    header,
    length,
    message,
    section,
    who,
)
from handlers.blocks.state import candidate, heading, share, short, waits_for_approval
from handlers.escape import Mrkdwn, clip, join, md
from rollout.model import Phase, Rollout
from rollout.plan import SetWeight
from rollout.reports import CardView, Stage

_MARKS = {"done": "✓", "now": "●", "next": "○", "failed": "✕", "over": "✕"}
_STAGES = 14
_NOTES = 4


def card(view: CardView) -> Message:
    """The card in its present state."""
    head = heading(view.rollout)
    says = outlook.sentence(view)
    return message(join("\n", [head, says]), [*body(view), *actions(buttons(view)), _small(view)])


def body(view: CardView) -> list[Block]:
    """The card without buttons and small print, as a form or a report shows it."""
    rollout = view.rollout
    says = outlook.sentence(view)
    lines = [says, *_was_away(view), _way(view)]
    blocks = [header(heading(rollout)), section(join("\n", lines))]
    if rollout.phase not in (Phase.REFUSED, Phase.CANCELLED, Phase.ADOPTED):
        blocks.append(section(join("\n", [_weights(view), health_line(rollout, view.now, says)])))
    notes = _notes(view)
    return [*blocks, context(notes)] if notes else blocks


def _was_away(view: CardView) -> list[Mrkdwn]:
    """Whoever opens the channel wants to know why nothing happened for so long."""
    away = view.rollout.away
    if away is None or not view.rollout.live:
        return []
    since, until = date(away.since, view.now), date(away.until, view.now)
    return [md("Tidegate was away from {} to {} ({}): nothing was decided meanwhile.", since, until,
               length(away.until - away.since))]  # fmt: skip


def _way(view: CardView) -> Mrkdwn:
    """`1 → 2 (published 13:58)   asked by @ana: “fix basket rounding”`."""
    rollout = view.rollout
    at = rollout.candidate.published_at if rollout.candidate else None
    published = md(" (published {})", date(at, view.now)) if at else md("")
    reason = md(": “{}”", clip(rollout.reason, 300)) if rollout.reason else md("")
    old = short(rollout.stable.id) if rollout.stable else "?"
    new = short(rollout.candidate.id) if rollout.candidate else candidate(rollout)
    return md("{} → {}{} · asked by {}{}", old, new, published, who(rollout.by), reason)


def _weights(view: CardView) -> Mrkdwn:
    now = share(view.rollout)
    shown = md("{} ? %", bar(0)) if now is None else md("{} {} %", bar(now), now)
    return join("   ", [shown, join("  ", [_stage(view.rollout, stage) for stage in _near(view)])])


def _stage(rollout: Rollout, stage: Stage) -> Mrkdwn:
    """Mark and name stay on one line. What goes on while it goes back was cut short, unless it is the way back."""
    over = not rollout.live or rollout.phase is Phase.ROLLING_BACK
    cut = over and stage.state == "now" and not stage.back
    name = md("{} %", stage.percent) if stage.percent is not None else clip(stage.text, 60)
    return md("{} {}", _MARKS["over" if cut else stage.state], name).tied()


def _near(view: CardView) -> tuple[Stage, ...]:
    """The stages around the present one, where a plan has more than fit."""
    stages = tuple(stage for stage in view.stages if stage.text != "done")
    if len(stages) <= _STAGES:
        return stages
    here = next((index for index, stage in enumerate(stages) if stage.state == "now"), 0)
    first = min(max(0, here - 3), len(stages) - _STAGES)
    return stages[first : first + _STAGES]


def _notes(view: CardView) -> Mrkdwn:
    """Warnings, why a step went on without evidence, what will ship while somebody has to approve it."""
    rollout = view.rollout
    lines = [md("Note: {}", clip(text, 300)) for text in rollout.warnings[:_NOTES]]
    if len(rollout.warnings) > _NOTES:
        lines.append(md("and {} more notes: /deploy show #{}", len(rollout.warnings) - _NOTES, rollout.id))
    if rollout.waiver:
        lines.append(_waived(rollout))
    if rollout.live and waits_for_approval(rollout):
        lines.append(_changes(rollout))
    if rollout.phase is not Phase.ROLLED_BACK:
        lines.append(held(view))
    return join("\n", lines)


def _changes(rollout: Rollout) -> Mrkdwn:
    shown = join(" · ", (clip(text, 200) for text in rollout.diff[:_NOTES]))
    more = md(", and {} more: /deploy show #{}", len(rollout.diff) - _NOTES, rollout.id)
    return md("What ships: {}{}", shown, more if rollout.diff[_NOTES:] else md("")) if shown else shown


def _waived(rollout: Rollout) -> Mrkdwn:
    waiver = rollout.waiver
    if waiver is None:
        return md("")
    steps = rollout.terms.plan.steps
    to = steps[waiver.step] if waiver.step < len(steps) else None
    what = md("{} %", to.percent) if isinstance(to, SetWeight) else clip(str(to), 60) if to else md("the end")
    return md("Went on to {} without evidence, by {}: “{}”", what, who(waiver.by), clip(waiver.reason, 300))


def _small(view: CardView) -> Block:
    """`#42 · audit 1234 9f3a · AWS seen at 14:31`."""
    rollout = view.rollout
    audit = md("audit {} {}", view.head_seq, clip(view.head_hash[:8], 20)) if view.head_seq else md("")
    seen = md("AWS seen at {}", date(rollout.seen.at, view.now)) if rollout.seen and rollout.live else md("")
    course = rollout.seen.course if rollout.seen else None
    deployment = clip(course.id.rsplit("/", 1)[-1], 60) if course and course.id else md("")
    ended = md("ended {}", day(rollout.phase_at)) if not rollout.live else md("")
    return context(join(" · ", [md("#{}", rollout.id), deployment, audit, seen, ended, links(rollout)]))
