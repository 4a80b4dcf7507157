"""Figure 1: how long a person waits for the answer to `/deploy <app> canary`, accepted and stored."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.children import Child
from bench.ground import app_name
from bench.requests import Caller, command
from bench.stage import staged
from bench.table import Line, p50_p95, percentile

AGAINST_BARE, AGAINST_STOCK = 1.3, 4.0


def figure(*, quick: bool) -> list[Line]:
    """Ours, the no-op with the same rows, stock Bolt's no-op: taking turns, request by request, over HTTP."""
    rounds, warm = (8, 2) if quick else (400, 40)
    with tempfile.TemporaryDirectory(prefix="tidegate-bench-") as name:
        folder = Path(name)
        bodies = [command(f"{app_name(number)} canary") for number in range(rounds + warm)]
        rows = staged(folder, bodies, apps=rounds + warm)
        with Child("bench.serve", str(folder)) as child:
            times = _taking_turns(child.ready, rounds + warm)
            counted = child.end()
    if counted["woken"] != rounds + warm:
        raise RuntimeError(f"{counted['woken']} of {rounds + warm} starts were accepted")
    return _lines({who: taken[warm:] for who, taken in times.items()}, len(rows[-1]))


def _taking_turns(ports: dict[str, int], rounds: int) -> dict[str, list[float]]:
    callers = {who: Caller(port) for who, port in ports.items()}
    times: dict[str, list[float]] = {who: [] for who in ports}
    order = list(ports)
    for number in range(rounds):
        for who in order:
            took, _ = callers[who].send(command(f"{app_name(number)} canary"))
            times[who].append(took)
        order.append(order.pop(0))  # nobody always goes first
    for caller in callers.values():
        caller.close()
    return times


def _lines(times: dict[str, list[float]], rows: int) -> list[Line]:
    ours, bare, stock = (percentile(times[who], 50) for who in ("ours", "bare", "stock"))
    told: Callable[[str], str] = lambda who: p50_p95(times[who])  # noqa: E731 - four uses in two lines
    return [
        Line(f"/deploy over HTTP, stored ({rows} rows)", told("ours"), f"no-op + same rows bare: {told('bare')}",
             f"{ours / bare:.2f}", f"p50 <= {AGAINST_BARE}", ours <= AGAINST_BARE * bare),
        Line("/deploy over HTTP, stored", told("ours"), f"stock Bolt no-op: {told('stock')}",
             f"{stock / ours:.1f} x faster", f">= {AGAINST_STOCK:g} x", stock >= AGAINST_STOCK * ours),
    ]  # fmt: skip
