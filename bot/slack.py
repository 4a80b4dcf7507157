"""The Bolt app: how Slack's requests reach the listeners. None makes it call Slack, nothing of one is logged.

`process_before_response`: the answer leaves when the listener returns, without Bolt's 10 ms poll and its pool of 5.
`authorize` instead of `token`: with a token Bolt asks Slack who it is in the middle of a request.
"""

import logging
import threading
from collections.abc import Callable

from slack_bolt import App
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.config import Access
from bot.wire import quiet_logger
from handlers.listeners import register
from handlers.ports import Identity, NowLane
from rollout.desk import Desk

log = logging.getLogger(__name__)

BACKOFF = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds between questions who we are; the last goes on."""


def bolt_app(access: Access, desk: Desk, now_lane: NowLane, identity: Callable[[], Identity | None]) -> App:
    """The app with all listeners on it."""
    token = access.bot_token.get_secret_value()

    def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        # Who may is decided behind the desk, for each person; here only the bot's own identity is told.
        return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, bot_token=token)

    logger = logging.getLogger("bot.bolt")
    logger.setLevel(logging.ERROR)
    app = App(
        name="tidegate",
        logger=logger,
        process_before_response=True,
        signing_secret=access.signing_secret.get_secret_value(),
        authorize=authorize,
        client=WebClient(base_url=access.api_url, logger=quiet_logger()),
        request_verification_enabled=access.mode == "http",
        token_verification_enabled=False,
    )
    register(app, desk, now_lane, identity)
    return app


class Hello:
    """Asks Slack who we are, once, and again until it answers; the bot is not ready before."""

    def __init__(self, web: WebClient, known: Callable[[], None]) -> None:
        self._web = web
        self._known = known
        self._identity: Identity | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="hello", daemon=True)

    def start(self) -> None:
        """Begin to ask; `known` is called once, when Slack has answered."""
        self._thread.start()

    def stop(self) -> None:
        """Ask no more."""
        self._stopped.set()

    def identity(self) -> Identity | None:
        """The bot's workspace, once known."""
        return self._identity

    def home(self) -> str:
        """Its id; empty until known."""
        return self._identity.team if self._identity else ""

    def missing(self) -> str:
        """Why it is not known; empty when it is."""
        return "" if self._identity else "Slack has not told who the bot is"

    def _run(self) -> None:
        tries = 0
        while not self._stopped.is_set():
            try:
                self._identity = self._asked()
            except Exception as error:  # noqa: BLE001 - every kind means the same: ask again
                word = str(error.response.get("error", "")) if isinstance(error, SlackApiError) else ""
                log.error("Slack did not tell who the bot is: %s", word or type(error).__name__)  # noqa: TRY400 - no secrets
                self._stopped.wait(BACKOFF[min(tries, len(BACKOFF) - 1)])
                tries += 1
            else:
                self._known()
                return

    def _asked(self) -> Identity:
        answer = self._web.auth_test()
        enterprise = str(answer.get("enterprise_id") or "") if answer.get("is_enterprise_install") else ""
        team = str(answer.get("team_id") or enterprise)
        if not team:
            raise ValueError("auth.test named no workspace")
        return Identity(team=team, enterprise=enterprise)
