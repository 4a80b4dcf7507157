"""The configuration that counts now: one whole one at a time, swapped for all readers at once. Reads no file."""

import contextlib
import threading
from collections.abc import Iterator, Sequence

from bot.config import Config
from bot.config.targets import Drivers
from bot.policy import ConfigPolicy
from rollout.alarms.model import Scope
from rollout.terms import Terms


class LivePolicy:
    """Implements rollout.ports.Policy and rollout.alarms.ports.WatchPolicy over whichever configuration counts.

    Each answer is that of one configuration. Who asks several questions and acts on all of them asks them `held`.
    """

    def __init__(self, config: Config, drivers: Drivers | None = None) -> None:
        self._drivers = drivers
        self._counts = ConfigPolicy(config, drivers)
        self._local = threading.local()

    def prepared(self, config: Config) -> ConfigPolicy:
        """What `swap` takes: made before, so that the swap itself takes no time."""
        return ConfigPolicy(config, self._drivers)

    def swap(self, policy: ConfigPolicy) -> ConfigPolicy:
        """From the next question on this one answers, whoever asks; the one that counted until now."""
        before, self._counts = self._counts, policy
        return before

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Every answer to this thread, until the block ends, is that of the configuration of the first one.

        A wish asks first inside its transaction, and a swap is made inside one: it is decided by what counts then.
        """
        if getattr(self._local, "holding", False):
            yield
            return
        self._local.holding, self._local.first = True, None
        try:
            yield
        finally:
            self._local.holding, self._local.first = False, None

    @property
    def _now(self) -> ConfigPolicy:
        if not getattr(self._local, "holding", False):
            return self._counts
        if self._local.first is None:
            self._local.first = self._counts
        first: ConfigPolicy = self._local.first
        return first

    @property
    def config(self) -> Config:
        """The one that counts now."""
        return self._now.config

    @property
    def home(self) -> str:
        """The channel that takes what others do not; empty when there is none."""
        return self.config.slack.home

    @property
    def called(self) -> str:
        """Who is on call; empty when nobody is named."""
        page = self.config.page
        return page.mention if page else ""

    @property
    def topic(self) -> str:
        """The ARN that gets pages; empty when there is none."""
        page = self.config.page
        return page.sns_topic_arn if page else ""

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
