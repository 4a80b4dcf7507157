"""Is the bot able to serve? Collects the reasons why not. Repairs nothing, and calls nobody."""

import threading
from collections.abc import Callable, Mapping
from typing import Any

Reason = Callable[[], str]
"""Empty when all is well, else a lower-case fact."""


class Health:
    """What /healthz and /readyz answer with."""

    def __init__(self, overrides: Mapping[str, str]) -> None:
        self._lock = threading.Lock()
        self._reasons: dict[str, Reason] = {}
        self._shown: dict[str, Callable[[], object]] = {}
        self._overrides = dict(overrides)

    def watch(self, name: str, reason: Reason) -> None:
        """Add one thing that must be well."""
        with self._lock:
            self._reasons[name] = reason

    def show(self, name: str, read: Callable[[], object]) -> None:
        """Add one thing that is worth seeing and keeps nobody from being served."""
        with self._lock:
            self._shown[name] = read

    def reasons(self) -> dict[str, str]:
        """Everything that keeps the bot from serving, by name."""
        with self._lock:
            watched = list(self._reasons.items())
        found = {name: _told(reason) for name, reason in watched}
        return {name: text for name, text in found.items() if text}

    @property
    def ready(self) -> bool:
        """Nothing keeps the bot from serving."""
        return not self.reasons()

    def report(self) -> tuple[bool, dict[str, Any]]:
        """Ready?, and what /readyz says: the reasons, what else is worth seeing, and unusual addresses."""
        reasons = self.reasons()
        with self._lock:
            shown = list(self._shown.items())
        said = {name: _read(read) for name, read in shown}
        return not reasons, {"ready": not reasons, "reasons": reasons, **said, "endpoint_overrides": self._overrides}


def _read(read: Callable[[], object]) -> object:
    try:
        return read()
    except Exception as broken:  # noqa: BLE001 - what cannot be shown must not make the bot look unready
        return f"cannot be told: {type(broken).__name__}"


def _told(reason: Reason) -> str:
    try:
        return reason()
    except Exception as broken:  # noqa: BLE001 - a check that cannot be made is a reason, never a 500
        return f"cannot be told: {type(broken).__name__}"
