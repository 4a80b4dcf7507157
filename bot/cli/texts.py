"""Reports as plain text for a terminal, 100 columns wide. Values in, text out: nothing is read here."""

import sys
import textwrap
import unicodedata
from collections.abc import Iterator
from datetime import datetime
from typing import assert_never

from bot.cli.alarm_texts import alarm_lines
from rollout.alarms.views import AlarmsReport
from rollout.durations import print_duration
from rollout.model import Phase, Rollout
from rollout.moves import approved
from rollout.reports import CardView, Help, Line, Listing, Report, Show, Status, Whoami
from rollout.table import WORDS

WIDTH = 100
_MARK = {"done": "x", "now": ">", "next": " ", "failed": "!"}


def safe(text: str) -> str:
    """Foreign text for a terminal: characters that could steer it or hide others are shown as their code."""
    return "".join(
        char if char == "\n" or unicodedata.category(char)[0] != "C" else f"\\u{ord(char):04x}" for char in text
    )


def complain(text: str) -> None:
    """To stderr, for a refusal."""
    print(safe(text), file=sys.stderr)


def when(moment: datetime | None) -> str:
    """In this machine's zone, with its offset from UTC."""
    return moment.astimezone().isoformat(sep=" ", timespec="seconds") if moment else "-"


def headline(rollout: Rollout) -> str:
    """`#42 my-app -> prod, canary: rising, 10 % on the candidate`."""
    words = "approved, about to go on" if approved(rollout) else WORDS[rollout.phase]
    share = ""
    if rollout.live and rollout.proven:
        share = f"{'' if '%' in words else f', {rollout.proven} %'} on {_id(rollout.candidate)}"
    place = f"#{rollout.id} {rollout.app} -> {rollout.env}, {rollout.terms.plan.name}"
    return f"{place}: {words}{share}"


def render(report: Report) -> str:
    """The whole answer."""
    match report:
        case Status():
            text = _status(report)
        case Listing():
            text = "\n".join(_table(report))
        case Show():
            text = "\n".join(_show(report))
        case CardView():
            text = "\n".join(_card(report))
        case AlarmsReport():
            text = "\n".join(alarm_lines(report))
        case Whoami():
            rights = [f"  {target:<40} {', '.join(held) or 'nothing'}" for target, held in report.rights.items()]
            text = "\n".join([report.actor, *rights])
        case Help():
            text = f"apps: {', '.join(report.apps)}\nplans: {', '.join(report.plans)}"
        case _:
            assert_never(report)
    return safe(text)


def _status(report: Status) -> str:
    if report.card is None:
        target = f"{report.app}/{report.env}"
        return f"{target}: nothing was deployed yet\n    tidegate start {target}"
    return "\n".join(_card(report.card))


def _card(card: CardView) -> Iterator[str]:
    r = card.rollout
    yield headline(r)
    yield from _row("release", f"{_id(r.stable)} -> {_id(r.candidate) if r.candidate else r.wanted or 'latest'}")
    yield from _row(
        "asked by", f"{r.by.name or r.by.id} at {when(r.created_at)}" + (f": {r.reason}" if r.reason else "")
    )
    yield from _row("since", when(r.phase_at))
    if r.cause is not None:
        by = f" ({r.cause.by.name or r.cause.by.id})" if r.cause.by else ""
        yield from _row("because", f"{r.cause.text}{by}" + (f"; {r.cause.hint}" if r.cause.hint else ""))
    if given := [one.by.name or one.by.id for one in r.signatures if one.step == r.step]:
        yield from _row("approved", f"by {', '.join(given)}")
    yield from _row("traffic", _traffic(r))
    if r.verdict is not None:
        cause = f" ({r.verdict.cause})" if r.verdict.cause else ""
        reasons = "; ".join(reason.text for reason in r.verdict.reasons)
        yield from _row("health", f"{r.verdict.outcome}{cause}{': ' if reasons else ''}{reasons}")
    if r.fault is not None:
        yield from _row("trouble", f"{r.fault.text}" + (f"; {r.fault.hint}" if r.fault.hint else ""))
    for warning in r.warnings:
        yield from _row("warning", warning)
    if card.hold is not None:
        veto = f", {' and '.join(card.hold.vetoes)} will not be deployed again" if card.hold.vetoes else ""
        yield from _row("held", f"{card.hold.reason}{veto}; tidegate unlock {r.target} --reason …")
    elif card.released is not None:
        one = card.released
        why = f": {one.reason}" if one.reason else ""
        yield from _row("released", f"by {one.by.name or one.by.id} at {when(one.at)}{why}")
    yield from _plan(card)
    legal = [move.verb for move in card.moves]
    if legal:
        yield from _row("you can", ", ".join(legal))
    if card.head_hash:
        yield from _row("audit", f"{card.head_seq} {card.head_hash}")


def _traffic(r: Rollout) -> str:
    share = f"{r.proven} % on the candidate" if r.proven is not None else "not seen yet"
    baked = (
        f", watched for {print_duration(r.baked)}" if r.baked and r.phase in (Phase.STEPPING, Phase.FINAL_BAKE) else ""
    )
    peak = f", at most {r.peak} %" if r.peak and r.peak != r.proven else ""
    return share + baked + peak


def _plan(card: CardView) -> Iterator[str]:
    for index, stage in enumerate(card.stages):
        expected = f"  expected {when(stage.at)}" if stage.at else ""
        cut = stage.state == "now" and not stage.back and not card.rollout.live  # nothing goes on any more
        mark = _MARK["failed" if cut else stage.state]
        yield f"  {'plan' if index == 0 else '':<10}[{mark}] {stage.text}{expected}"


def _row(label: str, text: str) -> list[str]:
    return textwrap.wrap(" ".join(text.split()), WIDTH, initial_indent=f"  {label:<10}", subsequent_indent=" " * 12)


def _id(release: object) -> str:
    return str(getattr(release, "id", "") or "?")


def _cut(text: str, width: int) -> str:
    text = safe(" ".join(text.split()))
    return text if len(text) <= width else text[: width - 1] + "…"


def _table(listing: Listing) -> Iterator[str]:
    if not listing.cards:
        yield "no rollout is live" if listing.live else "there was no rollout yet"
        return
    yield f"{'':<6} {'target':<24} {'release':<17} {'state':<22} {'since':<25}"
    for card in listing.cards:
        r = card.rollout
        share = f" {r.proven} %" if r.live and r.proven and "%" not in WORDS[r.phase] else ""
        release = f"{_id(r.stable)} -> {_id(r.candidate) if r.candidate else r.wanted or 'latest'}"
        yield (
            f"{'#' + str(r.id):<6} {_cut(r.target, 24):<24} {_cut(release, 17):<17} "
            f"{_cut(WORDS[r.phase] + share, 22):<22} {when(r.phase_at):<25}"
        ).rstrip()


def _show(show: Show) -> Iterator[str]:
    yield from _card(show.card)
    yield ""
    yield "changes made"
    for intent in show.intents:
        what = f"{intent.action.kind} {intent.action.arg}: {intent.state}" + (
            f", {intent.outcome}" if intent.outcome else ""
        )
        yield _cut(f"  {when(intent.planned_at)} {what}", WIDTH)
    if not show.intents:
        yield "  none"
    yield ""
    yield "audit trail"
    for line in show.lines:
        yield _cut(f"  {line.seq:>6} {when(line.at)} {line.kind:<10} {line.actor}: {_facts(line)}", WIDTH)


def _facts(line: Line) -> str:
    return ", ".join(
        f"{key} {value}" for key, value in line.facts.items() if value not in ("", None) and not isinstance(value, dict)
    )
