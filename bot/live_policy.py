"""The configuration that counts now: one whole one at a time, swapped for all readers at once. Reads no file."""

from collections.abc import Sequence

from bot.config import Config
from bot.config.targets import Drivers
from bot.policy import ConfigPolicy
from rollout.alarms.model import Scope
from rollout.terms import Terms


class LivePolicy:
    """Implements rollout.ports.Policy: every answer is that of one configuration, never of half of two."""

    def __init__(self, config: Config, drivers: Drivers | None = None) -> None:
        self._drivers = drivers
        self._now = ConfigPolicy(config, drivers)

    def swap(self, config: Config) -> None:
        """From the next question on this one answers; what was begun goes on with its own terms."""
        self._now = ConfigPolicy(config, self._drivers)

    @property
    def config(self) -> Config:
        """The one that counts now."""
        return self._now.config

    def targets(self) -> Sequence[tuple[str, str]]:
        """See ConfigPolicy."""
        return self._now.targets()

    def find(self, app: str, env: str) -> tuple[str, str]:
        """See ConfigPolicy."""
        return self._now.find(app, env)

    def terms(self, app: str, env: str, plan: str, *, back: bool = False) -> tuple[str, Terms]:
        """See ConfigPolicy."""
        return self._now.terms(app, env, plan, back=back)

    def scopes(self) -> Sequence[Scope]:
        """See ConfigPolicy."""
        return self._now.scopes()

    def plans(self, app: str, env: str) -> tuple[str, ...]:
        """See ConfigPolicy."""
        return self._now.plans(app, env)


AnyPolicy = ConfigPolicy | LivePolicy
"""Of a command, which reads once, or of a bot, which may read again."""
