"""The embedded cloud: moto's server with our extension, on a loopback port of this process."""

from __future__ import annotations

import os
import secrets
from threading import Lock
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from demo.cloud.calls import REGION
from demo.cloud.clock import ManualClock, Now, real_now
from demo.cloud.control import ControlDesk
from demo.cloud.edge import Edge
from demo.cloud.functions import AWS_PAGE
from demo.cloud.knobs import Knobs
from demo.cloud.oracle import OracleLog
from demo.cloud.server import Server, check_loopback
from demo.cloud.world import World

# moto reads an account out of a key of twenty capitals and digits.
ACCESS_KEY = "AKIATIDEGATEDEMO0000"
# What a person's own shell may hold and the child must not see.
DROPPED_VARIABLES = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE",
                     "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI")

_one_per_process = Lock()


def new_token() -> str:
    """A token for the control endpoint of one cloud."""
    return secrets.token_urlsafe(16)


class CloudConfig(BaseModel):
    """How the cloud runs. `page_size` below AWS's own makes paging visible with few rows."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    host: str = "127.0.0.1"
    port: int = Field(default=0, ge=0, le=65535)
    now: Now = real_now
    seed: int = 1
    period: int = 60
    page_size: int = Field(default=AWS_PAGE, ge=1, le=AWS_PAGE)
    token: str = Field(default_factory=new_token, min_length=8)


class Cloud:
    """One cloud. moto keeps its state per process, so only one can run at a time."""

    def __init__(self, config: CloudConfig | None = None) -> None:
        self.config = config or CloudConfig()
        check_loopback(self.config.host)
        self.world = World(self.config.now, self.config.seed, self.config.page_size)
        self.knobs = Knobs(self.world, self.config.period)
        self._edge: Edge | None = None
        self._server: Server | None = None

    def start(self) -> Self:
        """Empties moto and serves. Refuses a second cloud in this process."""
        if not _one_per_process.acquire(blocking=False):
            raise RuntimeError("a cloud runs in this process already: stop it, or use python -m demo.cloud")
        # moto makes 1,285 machine images for every region somebody looks at: 50 ms for nothing.
        os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
        try:
            self.world.reset()
            self._edge = Edge(self.world, ControlDesk(self.knobs, self.config.token))
            self._server = Server(self.config.host, self.config.port, self._edge)
            self.world.servers.images.layers.address = self._server.url
            self._server.start()
        except BaseException:
            _one_per_process.release()
            raise
        return self

    def stop(self) -> None:
        """Serves no more; a second call does nothing."""
        if self._server is None or self._edge is None:
            return
        self._edge.stop()
        self._server.stop()
        self._server = self._edge = None
        _one_per_process.release()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def endpoint_url(self) -> str:
        """Where boto3 finds it."""
        if self._server is None:
            raise RuntimeError("the cloud is not started")
        return self._server.url

    @property
    def log(self) -> OracleLog:
        """What was really done."""
        return self.world.log

    def env(self) -> dict[str, str]:
        """The environment for a child that shall reach this cloud and no other.

        Take DROPPED_VARIABLES out of the child's environment as well.
        """
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": "made-up",
            "AWS_SESSION_TOKEN": "",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
        }

    def reset(self) -> None:
        """An empty cloud at the same address."""
        self.world.reset()

    def step(self, seconds: int) -> None:
        """Moves a manual clock forward second by second, with traffic and alarms following."""
        clock = self.config.now
        if not isinstance(clock, ManualClock):
            raise TypeError("only a cloud with a ManualClock can be stepped; this one follows real time")
        with self.world.lock:
            for _ in range(seconds):
                clock.advance(1)
                self.world.tick()
