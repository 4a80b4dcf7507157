"""The two waits of a blue/green deployment: before any traffic moves, and before the old side goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from demo.cloud.codedeploy_deployment import Fault, Group
from demo.cloud.codedeploy_words import BAKING, KEEP_ALIVE, READY, READY_WAIT, TERMINATION_WAIT


class Waits:
    """Where one deployment stands. `now` tells its present second, a minute lasts `minute` of them."""

    def __init__(self, group: Group, minute: float, now: Callable[[], int]) -> None:
        self._options, self._minute, self._now = group.blue_green, minute, now
        self._here = ""

    def proceed(self, wait: str) -> bool:
        """Ends the wait it stands in; False where it stands in another or none."""
        here = self._here == wait
        if here:
            self._here = ""
        return here

    def ready(self) -> Iterator[str]:
        """Until somebody goes on; a deployment that nobody continues in time is stopped."""
        minutes = self._options.get("deploymentReadyOption", {}).get("waitTimeInMinutes", 0)
        until = self._now() + minutes * self._minute
        self._here = READY_WAIT if minutes else ""
        while self._here:
            if self._now() >= until:
                self._here = ""
                raise Fault("TIMEOUT", "nobody continued it in time", stopped=True)
            yield READY

    def bake(self) -> Iterator[str]:
        """The old side stays for a while, so that a way back is short; one that is kept is not waited for."""
        option = self._options.get("terminateBlueInstancesOnDeploymentSuccess", {})
        minutes = 0 if option.get("action") == KEEP_ALIVE else option.get("terminationWaitTimeInMinutes", 0)
        until = self._now() + minutes * self._minute
        self._here = TERMINATION_WAIT if until > self._now() else ""
        while self._here and self._now() < until:
            yield BAKING
        self._here = ""
