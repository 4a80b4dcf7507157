"""Numbers about the bot itself, printed as Prometheus text. No names of persons, no I/O.

Format: https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
"""

import threading
from collections.abc import Callable, Iterator, Mapping

COUNTERS: Mapping[str, str] = {
    "tidegate_asks_total": "Wishes taken, by verb and outcome (ok, refused).",
    "tidegate_requests_total": "HTTP requests, by path and status.",
    "tidegate_forged_total": "Requests to /slack/events refused before Bolt, by reason.",
    "tidegate_envelopes_total": "Socket Mode envelopes, by type and outcome.",
    "tidegate_looks_total": "Looks at the world, counted per rollout.",
    "tidegate_look_faults_total": "Jobs of a lane that raised.",
    "tidegate_aws_calls_total": "Calls to AWS, by operation and outcome.",
    "tidegate_ticks_total": "Ticks of the scheduler.",
    "tidegate_tick_faults_total": "Ticks that raised.",
    "tidegate_scheduler_restarts_total": "Times the watchdog found no tick and started the scheduler anew.",
    "tidegate_outbox_sent_total": "Notices delivered, by kind.",
    "tidegate_outbox_attempts_total": "Calls to Slack for messages and uploads, by method and outcome.",
    "tidegate_outbox_dropped_total": "Notices given up, by kind and reason.",
    "tidegate_socket_connects_total": "Socket Mode connections opened.",
    "tidegate_directory_faults_total": "Look-ups of persons and groups that failed.",
    "tidegate_sweeps_total": "Readings of all alarms of one place, by outcome (ok, partly, blind, failed).",
    "tidegate_alert_messages_total": "Messages about alarms sent to Slack, by kind (posted, edited).",
    "tidegate_graphs_total": "Graphs, by outcome (made, none, failed, forbidden).",
    "tidegate_windows_late_total": "Windows that could not be shown within their time.",
}
GAUGES: Mapping[str, str] = {
    "tidegate_tick_age_seconds": "Seconds since the scheduler last ticked.",
    "tidegate_live_rollouts": "Rollouts that have not ended.",
    "tidegate_outbox_waiting": "Notices not delivered yet.",
    "tidegate_outbox_lag_seconds": "Age of the oldest notice that is not delivered yet.",
    "tidegate_sweep_age_seconds": "Seconds since every place with alarms had been read.",
    "tidegate_open_alerts": "Notices about alarms that may still change.",
    "tidegate_check_failures": "Checks after the start that failed.",
    "tidegate_ready": "1 when the bot is able to serve.",
}

Labels = tuple[tuple[str, str], ...]


class Metrics:
    """Counters that only rise, and gauges read when asked. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[tuple[str, Labels], int] = {}
        self._gauges: dict[str, Callable[[], float]] = {}

    def count(self, name: str, by: int = 1, **labels: str) -> None:
        """Raise a counter. KeyError for one that is not in the table: a typo must not become a metric."""
        if name not in COUNTERS:
            raise KeyError(name)
        key = (name, tuple(sorted(labels.items())))
        with self._lock:
            self._counts[key] = self._counts.get(key, 0) + by

    def value(self, name: str, **labels: str) -> int:
        """The sum of a counter over all series that carry these labels."""
        wanted = set(labels.items())
        with self._lock:
            return sum(n for (found, its), n in self._counts.items() if found == name and wanted <= set(its))

    def gauge(self, name: str, read: Callable[[], float]) -> None:
        """Say how a gauge is read. KeyError for one that is not in the table."""
        if name not in GAUGES:
            raise KeyError(name)
        self._gauges[name] = read

    def text(self) -> str:
        """Everything, as Prometheus reads it. A gauge that cannot be read is left out."""
        return "\n".join([*self._counter_lines(), *self._gauge_lines(), ""])

    def _counter_lines(self) -> Iterator[str]:
        with self._lock:
            counts = sorted(self._counts.items())
        for name, text in COUNTERS.items():
            mine = [(labels, n) for (found, labels), n in counts if found == name]
            yield f"# HELP {name} {text}"
            yield f"# TYPE {name} counter"
            for labels, number in mine or [((), 0)]:
                yield f"{name}{_braces(labels)} {number}"

    def _gauge_lines(self) -> Iterator[str]:
        for name, read in self._gauges.items():
            value = _read(read)
            if value is None:
                continue
            yield f"# HELP {name} {GAUGES[name]}"
            yield f"# TYPE {name} gauge"
            yield f"{name} {value:g}"


def _read(read: Callable[[], float]) -> float | None:
    try:
        return float(read())
    except Exception:  # noqa: BLE001 - whatever a gauge stumbles over, the page of numbers must come
        return None


def _braces(labels: Labels) -> str:
    inner = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels)
    return f"{{{inner}}}" if inner else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
