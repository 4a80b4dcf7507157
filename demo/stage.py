"""The whole demo in one object: a workspace, a cloud, and the bot between them as a child process."""

import socket
import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from demo.child import Child
from demo.cloud import Cloud, CloudConfig, seed_demo
from demo.cloud.seed_api import seed_api
from demo.cloud.seed_billing import seed_billing
from demo.cloud.seed_catalog import seed_catalog
from demo.cloud.seed_edge import TTL, seed_edge
from demo.cloud.seed_search import seed_search
from demo.cloud.seed_shop import seed_shop
from demo.cloud.seed_thumbs import seed_thumbs
from demo.panel import knobs, status_of
from demo.settings import notation, toml
from demo.workspace import Command, Install, Limits, Status, Workspace, WorkspaceConfig

EXAMPLES = (
    "my-app canary", "my-app careful", "my-app@2", "status my-app", "list", "history", "help", "rollback my-app",
    "pause my-app", "resume my-app", "promote my-app", "whoami", "show", "alarms", "alarms lamp", "edge canary",
    "shop canary", "shop bluegreen", "search canary", "catalog", "billing", "api", "thumbs",
)  # fmt: skip
CHIPS = ("/deploy my-app canary", "/deploy status my-app", "/deploy edge canary", "/deploy alarms", "/deploy help")
TOPIC = "arn:aws:sns:eu-central-1:123456789012:oncall"


class Setting(BaseModel):
    """How the demo runs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    speed: float = Field(default=10, ge=1, le=20)
    port: int = Field(default=0, ge=0, le=65535)
    mode: Literal["socket", "http"] = "socket"
    folder: Path | None = None
    manifest: str = ""
    limits: Limits = Limits()


class Stage:
    """`with Stage(Setting()) as stage:` and everything runs; `stage.url` is the page."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self._scratch = tempfile.TemporaryDirectory(prefix="tidegate-demo-") if setting.folder is None else None
        self.folder = setting.folder or Path(self._scratch.name if self._scratch else ".")
        self.folder.mkdir(parents=True, exist_ok=True)
        self.bot_port = _free_port()
        self.cloud = Cloud(CloudConfig(period=self.period))
        self.workspace = Workspace(self._workspace_config(), status=self._status)
        self.bot = Child(self.folder, {})
        self._ends = ExitStack()
        self.workspace.add_knobs(*knobs(self))

    @property
    def period(self) -> int:
        """Seconds of one metric period: CloudWatch's minute, or its shortest when time is pressed."""
        return 60 if self.setting.speed < 2 else 10

    @property
    def url(self) -> str:
        """The page, with its secret token."""
        return self.workspace.url

    def start(self) -> Self:
        """Cloud, workspace, configuration, bot. Whatever fails on the way, what was started is ended."""
        with ExitStack() as ends:
            if self._scratch is not None:
                ends.callback(self._scratch.cleanup)
            self._started(ends)
            self._ends = ends.pop_all()
        return self

    def _started(self, ends: ExitStack) -> None:
        self.cloud.start()
        ends.callback(self.cloud.stop)
        self._seed()
        self.workspace.start()
        ends.callback(self.workspace.stop)
        text = toml(
            speed=self.setting.speed, port=self.bot_port, mode=self.setting.mode, topic_arn=TOPIC,
            cloud=self.cloud.endpoint_url,
        )  # fmt: skip
        (self.folder / "tidegate.toml").write_text(text)
        self.bot.lives_in({**self.workspace.environment(), **self.cloud.env()})
        ends.callback(self.bot.close)
        self.bot.start()

    def stop(self) -> None:
        """Everything ends, the bot first."""
        self._ends.close()

    def reset(self) -> str:
        """The world as it was at the start: a fresh store, a fresh cloud. Messages stay to be read."""
        with self.bot.dead():
            for left in self.folder.glob("tidegate.db*"):
                left.unlink()
            self.cloud.reset()
            self._seed()
            self.bot.start()
        return "Version 1 serves, version 2 is published, nothing ever happened."

    def _seed(self) -> None:
        seed_demo(self.cloud, period=self.period)
        seed_shop(self.cloud, self.period)
        seed_search(self.cloud, self.period)
        speed = self.setting.speed
        minute = max(60 / speed, 6)  # shorter ones end before an alarm of 10 s can ring
        seed_catalog(self.cloud, self.period, minute=minute)
        seed_billing(self.cloud, self.period, minute=minute)
        seed_thumbs(self.cloud, self.period, minute=minute)
        # Cards say how long AWS waits for people, by its configuration: these minutes are real ones.
        self.cloud.world.codedeploy.engine.wait_minute = self.cloud.world.servers.native.life.wait_minute = 60
        seed_api(self.cloud, self.period, minute=round(minute))
        seed_edge(self.cloud, self.period, ttl=max(1, round(TTL / speed)), insync=max(1, round(10 / speed)))

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _status(self) -> Status:
        return status_of(self)

    def _workspace_config(self) -> WorkspaceConfig:
        hint = "my-app canary · status my-app · help"
        command = Command(
            name="/deploy",
            description="Deploy, watch, promote, pause, roll back",
            usage_hint=hint,
            examples=EXAMPLES,
        )
        note = f"Here canary is {notation('canary', self.setting.speed)}: {self.setting.speed:g} times faster."
        return WorkspaceConfig(
            commands=(command,), chips=CHIPS, port=self.setting.port, delivery=self.setting.mode,
            limits=self.setting.limits,
            bot_events_url=f"http://127.0.0.1:{self.bot_port}/slack/events" if self.setting.mode == "http" else None,
            install=Install(manifest=self.setting.manifest, command="tidegate run", note=note),
        )  # fmt: skip


def _free_port() -> int:
    """A port that is free now; the bot takes it in a moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
