"""docs/reliability.md, written from what is kept. Every number in it comes from tests/faults/results.json."""

from collections.abc import Mapping
from pathlib import Path

from tests.faults.results import ROOT, Kept, Part, total
from tests.faults.row import Row
from tests.faults.table import ROWS

PAGE = ROOT / "docs" / "reliability.md"
HEAD = """# Reliability

What happens to a rollout when things go wrong, as counted by `python -m tests.faults`. This page is written by that
script from `tests/faults/results.json`; nobody types a number into it.

**How it is judged.** The embedded cloud logs every change that it really applied, the stand-in workspace every command
that it saw answered, and the bot's file is read by another connection. Nothing asks the bot what it did. A fault counts
when it fired, not when it was meant to; a row in which none fired is void. A *naive* variant is the harness with one
well-known mistake put in its place (answer before storing, send again without looking, no lock, no news is good news):
where there is one, it must show violations, or the row could not see them either.

**How to read it.** 0 violations in N faults says, with 95 % confidence, that fewer than 3 in N break it: 1,000 kills
say less than 0.3 %. *Fired* is out of what the row aims at; rows are played in parts, at different times, each with a
seed of its own. `make test` plays every row small; `make soak` plays them in full and goes on where it was broken off.
"""
LIMITS = """## What this does not show

- Real AWS and real Slack were never called: their stand-ins are strict, but they are ours.
- Power cuts are argued from the order of syncs (D09), not tried. Disk full is SQLite's own error, not a full device.
- One process on SQLite: rows about two replicas, leases and PostgreSQL failover have nothing to run on yet.
- How late a real load balancer follows: AWS promises nothing. The rows delay it by at most the minute that is waited.
- Latencies (alarm to call, click to call) are measured by `make bench`, not here.
- Tampering with the audit trail is counted in [audit.md](audit.md), configuration files in `tests/bot`, and the whole
  inside against a model in `tests/rollout/test_world.py`.
"""


def write(kept: Mapping[str, Kept], page: Path = PAGE) -> None:
    """Write the page."""
    page.write_text(text(kept))


def text(kept: Mapping[str, Kept]) -> str:
    """The page."""
    played = [(row, kept.get(row.id, Kept())) for row in ROWS]
    parts = [HEAD, "## The table\n", *_table(played), "", *_broken(played), "## What each row is\n", *_rows(played), ""]
    return "\n".join([*parts, LIMITS])


def _table(played: list[tuple[Row, Kept]]) -> list[str]:
    lines = [
        "| row | fault | fired | violations | naive variant | minutes | seeds | commit |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row, found in played:
        fired, violations = total(found.parts)
        count = "not played" if not found.parts else "**void**" if not fired else f"{fired:,} of {row.soak:,}"
        broken = "" if not found.parts else f"{violations:,}" if not violations else f"**{violations:,}**"
        minutes = sum(part.minutes for part in found.parts)
        cells = [row.id, row.fault, count, broken, _naive(row, found), f"{minutes:.1f}", _seeds(found.parts),
                 _commits(found.parts)]  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _naive(row: Row, found: Kept) -> str:
    if not row.naive:
        return "–"
    fired, violations = total(found.naive)
    return f"{violations:,} in {fired:,}" if found.naive else "not played"


def _seeds(parts: tuple[Part, ...]) -> str:
    seeds = sorted({part.seed for part in parts})
    if not seeds:
        return ""
    return f"{seeds[0]}" if len(seeds) == 1 else f"{seeds[0]} … {seeds[-1]} ({len(seeds)})"


def _commits(parts: tuple[Part, ...]) -> str:
    return ", ".join(f"`{one}`" for one in dict.fromkeys(part.commit for part in parts))


def _broken(played: list[tuple[Row, Kept]]) -> list[str]:
    found = [(row, each) for row, kept in played for part in kept.parts for each in part.first]
    if not found:
        return []
    lines = [f"- **{row.id}**: {each}" for row, each in dict.fromkeys(found)]
    return ["## What broke\n", "The first violations of each part, as they were found:\n", *lines[:40], ""]


def _rows(played: list[tuple[Row, Kept]]) -> list[str]:
    lines = []
    for row, found in played:
        notes = next((part.notes for part in reversed(found.parts) if part.notes), "")
        naive = f" Naive: {row.naive}." if row.naive else ""
        missing = f" Not reached: {row.missing}." if row.missing else ""
        said = f" Last part: {notes}." if notes else ""
        lines.append(f"- **{row.id}**, {row.fault}: {row.holds}. Played {row.place}.{naive}{missing}{said}")
    return lines
