"""What `--dry-run` answers: what a start would run, and what of the ledger stands against it. AWS is not asked.

Pure reads; that nothing was started, and what nobody looked at, is part of the answer.
"""

from datetime import datetime, timedelta

from rollout.ask import Ask
from rollout.durations import print_duration
from rollout.ports import Reads, Reply
from rollout.table import WORDS
from rollout.terms import Terms

MINUTE = timedelta(minutes=1)


def dry_run(reads: Reads, ask: Ask, terms: Terms, now: datetime) -> Reply:
    """The plan of a start, why it would be refused now as far as the ledger knows, and what was not looked at."""
    target = f"{ask.app}/{ask.env}"
    steps = str(terms.schedule or terms.plan)
    steps = "the schedule that AWS has for it" if steps == "watch" else steps
    plan = f"{terms.plan.name}: {steps}; then bake {print_duration(terms.final_bake)}"
    against = [*_busy(reads, ask, now), *_held(reads, ask)]
    text = f"{target} would run {plan}"
    if against:
        text = f"{target} would be refused now: {'; '.join(against)}. Its plan would be {plan}"
    before = f", whether it has succeeded in {terms.after}" if terms.after else ""
    unseen = f"whether {ask.release or 'a release'} can be deployed{before}, what serves now, the alarms"
    return Reply(ok=True, text=text, hint=f"nothing was started; AWS was not asked: {unseen}")


def _busy(reads: Reads, ask: Ask, now: datetime) -> list[str]:
    live = reads.live(ask.app, ask.env)
    if live is None:
        return []
    since = max(now - live.created_at, MINUTE) // MINUTE * MINUTE
    who = live.by.name or live.by.id
    return [f"it is busy, #{live.id} is {WORDS[live.phase]}, started by {who} {print_duration(since)} ago"]


def _held(reads: Reads, ask: Ask) -> list[str]:
    hold = reads.hold(ask.app, ask.env)
    if hold is None or ask.verb == "rollback":  # a way back is exempt from holds
        return []
    by = f" by {hold.by.name or hold.by.id}" if hold.by else ""
    held = f"it is held{by} since #{hold.rollout}: {hold.reason}"
    if not hold.vetoes or ask.release not in ("", *hold.vetoes):
        return [held]
    latest = "" if ask.release else ", if that is the newest"
    bad = ask.release or " or ".join(hold.vetoes)
    return [held, f"and {bad} was taken back{latest}: unlock lets it be deployed again"]
