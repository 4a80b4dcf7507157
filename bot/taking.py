"""Takes the wishes that twins wrote into the store. One that cannot be read must not keep anything else from running.

Traffic moves in the same tick: a broken wish is logged once, counted each time, and named by /readyz until it is gone.
"""

import logging
from collections.abc import Callable

from bot.metrics import Metrics

log = logging.getLogger(__name__)


class Taking:
    """Called in every tick; never raises."""

    def __init__(self, take: Callable[[], int], taken: Callable[[], None], metrics: Metrics) -> None:
        self._take = take
        self._taken = taken
        self._metrics = metrics
        self._fault = ""
        self._told: set[str] = set()

    def __call__(self) -> None:
        """Take what waits; `taken` is called when there was something."""
        try:
            if self._take():
                self._taken()
        except Exception as error:
            self._fault = type(error).__name__
            self._metrics.count("tidegate_tick_faults_total")
            if self._fault not in self._told:
                self._told.add(self._fault)
                log.exception("wishes of the command line cannot be taken; the rest goes on")
        else:
            self._fault = ""

    def missing(self) -> str:
        """Why wishes of the command line are not taken; empty when they are."""
        return f"wishes of the command line cannot be taken: {self._fault}" if self._fault else ""
