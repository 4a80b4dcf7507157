"""Checks over a real configuration, a workspace over HTTP and the embedded cloud; troubles are planted in those."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aws.sessions import Sessions
from bot.checks.after_start import ground
from bot.checks.model import Ground, Line
from bot.checks.registry import CHECKS
from bot.checks.runner import Pace, Runner
from bot.clock import SystemClock
from bot.config import load_to_run
from bot.logs import Redactor
from bot.policy import ConfigPolicy
from bot.wire import web_client

TOPIC = "arn:aws:sns:eu-central-1:123456789012:oncall"
TARGET = """
[apps.my-app.env.prod]
kind = "lambda"
function = "my-app"
alias = "live"
region = "eu-central-1"
"""
USUAL = Pace()
ROLES = '[roles]\ndeployers = ["U0ANA"]\n'
NOWHERE = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1", "SLACK_API_URL": "http://127.0.0.1:9/api/"}


class Shifted(SystemClock):
    """This machine's clock, wrong by so many seconds."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.by = timedelta(seconds=seconds)

    def now(self) -> datetime:
        """The wrong time."""
        return datetime.now(UTC) + self.by


class Rig:
    """One configuration after the other."""

    def __init__(self, folder: Path, environ: Mapping[str, str] = NOWHERE, sessions: Sessions | None = None) -> None:
        self.path, self.environ = folder / "tidegate.toml", dict(environ)
        self.sessions = sessions or Sessions()
        self.clock = Shifted()

    def ground(self, toml: str = ROLES + TARGET, **more: Any) -> Ground:
        """What checks look at."""
        self.path.write_text(toml)
        config, access = load_to_run(self.path, self.environ)
        web = web_client(access.bot_token.get_secret_value(), access.api_url)
        return ground(ConfigPolicy(config), access, web, self.sessions, self.clock)._replace(**more)

    def lines(self, name: str, toml: str = ROLES + TARGET, pace: Pace = USUAL, **more: Any) -> list[Line]:
        """What the checks of that name find."""
        checks = [check for check in CHECKS if check.name == name]
        assert checks, name
        return Runner(self.ground(toml, **more), checks, Redactor(), pace).lines()

    def only(self, name: str, toml: str = ROLES + TARGET, **more: Any) -> Line:
        """The one line of it."""
        (line,) = self.lines(name, toml, **more)
        return line
