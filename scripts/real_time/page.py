"""docs/real-time.md, written from what is kept. Every number in it comes from results.json."""

from collections.abc import Mapping
from pathlib import Path

from scripts.real_time.kept import ROOT, Result
from scripts.real_time.rows import WORLDS, World

PAGE = ROOT / "docs" / "real-time.md"
HEAD = """# In real time

Rollouts of the demo's targets in the minutes that people wait: nothing is scaled, a minute of AWS's lasts a minute.
Written by `python -m scripts.real_time` from `scripts/real_time/results.json`; nobody types a number into it.

**How it is played.** Each world below is a demo of its own at `--speed 1`, with the real bot as a process. People type
signed slash commands and press the buttons of the cards, where a row says so; everything else comes by the rollout's
own clock. Rows of one target come one after the other, targets side by side. **How it is judged.** Shares, alarms and
requests are read from the cloud twice a second, phases from the bot's file; times are UTC. Good releases are made to
fail no request by themselves, so that one that fails is one that a rollout has cost.
"""
SUMS = """{rows} rows, {right} ended as they have to. In the rows with good releases {requests:,} requests were sent;
{failed:,} of them failed."""
MOST = 8
"""Entries of a cell before its middle is left out."""


def write(kept: Mapping[str, Result], page: Path = PAGE) -> None:
    """Write the page."""
    page.write_text(text(kept), encoding="utf-8")


def text(kept: Mapping[str, Result]) -> str:
    """The page."""
    played = [kept[row.id] for world in WORLDS for row in world.rows if row.id in kept]
    good = [one for one in played if not one.may_fail]
    sums = SUMS.format(
        rows=len(played), right=sum(one.right for one in played), requests=sum(one.requests for one in good),
        failed=sum(one.failed for one in good),
    )  # fmt: skip
    parts = [HEAD, sums, ""]
    for world in WORLDS:
        parts += _world(world, kept)
    parts += ["## What was typed, pressed and turned\n"]
    for one in played:
        parts += _story(one)
    return "\n".join(parts)


def _world(world: World, kept: Mapping[str, Result]) -> list[str]:
    lines = [
        f"## {world.name.capitalize()}\n", f"{world.about}\n",
        "| row | minutes | traffic of the new release | end | alarm red to 0 % | requests | failed |",
        "|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for row in world.rows:
        found = kept.get(row.id)
        if found is None:
            lines.append(f"| {row.id} | not played |  |  |  |  |  |")
            continue
        end = found.end if found.end == found.wanted else f"**{found.end}**, not {found.wanted}"
        failed = f"{found.failed:,}" if found.may_fail or not found.failed else f"**{found.failed:,}**"
        minutes, requests = f"{found.minutes:.1f}", f"{found.requests:,}"
        cells = [row.id, minutes, _short(found.traffic), end, _back(found), requests, failed]
        lines.append(f"| {' | '.join(cells)} |")
    return [*lines, ""]


def _back(found: Result) -> str:
    if found.to_zero is None:
        return ""
    later = found.to_nobody is not None and found.to_nobody > found.to_zero + 1
    first = f"{found.to_zero:.0f} s" if found.to_zero >= 1 else "at most 1 s"  # it looks twice a second
    return first + (f", {found.to_nobody:.0f} s until nobody followed it" if later else "")


def _short(told: tuple[str, ...]) -> str:
    shown = told if len(told) <= MOST else (*told[:3], "…", *told[-3:])
    return ", ".join(shown)


def _story(found: Result) -> list[str]:
    lines = [f"### {found.id}\n", f"Began {found.began}, product at `{found.commit}`.", ""]
    lines += [f"- {each}" for each in found.deeds]
    lines += [f"- phases: {', '.join(found.phases)}"]
    lines += [f"- why: {found.cause}"] if found.cause else []
    lines += [f"- pages sent: {found.pages}"] if found.pages else []
    return [*lines, ""]
