"""One demo at a speed, its bot behind signed HTTP requests, and the releases that rows ask for."""

import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Literal, Self, TypeVar

from demo.cloud.building_pools import add_template
from demo.cloud.seed_search import SEARCH_BLUE, SEARCH_GREEN
from demo.settings import APPS
from demo.stage import Setting, Stage
from scripts.real_time.truth import LAMBDAS, Truth, flawless
from store import Store, open_store

Kind = Literal["good", "errors"]
T = TypeVar("T")
FIRST = 11
"""Number of the first release that is made here; the seed has smaller ones."""
AMIS: dict[Kind, str] = {"good": "ami-0000000000000a002", "errors": "ami-0000000000000a003"}


class Scene:
    """`with Scene(folder, speed) as scene:` and the bot is ready."""

    def __init__(self, folder: Path, speed: float) -> None:
        self.speed = speed
        self.stage = Stage(Setting(speed=speed, mode="http", folder=folder))
        self.cloud, self.ws, self.bot = self.stage.cloud, self.stage.workspace, self.stage.bot
        self.turn = self.cloud.knobs
        self.truth = Truth(self.cloud, tuple(APPS))
        self._store: Store | None = None
        self._made = FIRST

    def __enter__(self) -> Self:
        self.stage.start()
        flawless(self.cloud)
        self.truth.start()
        self.until(self.ready, "a bot that is ready", 1)
        return self

    def __exit__(self, *_: object) -> None:
        self.truth.stop()
        if self._store is not None:
            self._store.close()
        self.stage.stop()

    def ready(self) -> bool:
        """What /readyz says."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.stage.bot_port}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    @property
    def store(self) -> Store:
        """The bot's file, opened by another process as any tool may."""
        if self._store is None:
            self._store = open_store(self.stage.folder / "tidegate.db", create=False)
        return self._store

    def until(self, look: Callable[[], T | None], what: str, minutes: float) -> T:
        """The first true value within so many minutes of AWS's; TimeoutError otherwise."""
        end = time.monotonic() + self.seconds(minutes) + 60
        while not (found := look()):
            if time.monotonic() > end:
                raise TimeoutError(f"{what} did not come within {minutes:g} min")
            time.sleep(0.5)
        return found

    def seconds(self, minutes: float) -> float:
        """Minutes at this speed."""
        return 60 * minutes / self.speed

    def pages(self, app: str) -> int:
        """How many pages about an app were sent so far."""
        return len(self.cloud.log.of("sns:Publish", lambda entry: app in str(entry.parameters)))

    def release(self, app: str, kind: Kind) -> str:
        """A new release of an app, good or with 8 % errors; how it is named after an `@`, empty for a stack."""
        turn, number = self.turn, self._made
        self._made += 1
        if app in LAMBDAS:
            said = turn.publish_good(app) if kind == "good" else turn.publish_v3(app)
            name = said.split()[1]
        elif app == "search":
            add_template(self.cloud.world, SEARCH_BLUE, AMIS[kind])
            name = add_template(self.cloud.world, SEARCH_GREEN, AMIS[kind])
        elif app == "edge":
            turn.deploy_stack("green" if self.truth.serving("edge") == "blue" else "blue", kind)
            name = ""
        else:
            name = f"v{number}"
            (turn.push_bundle if app == "billing" else turn.push_image)(app, name, kind)
        flawless(self.cloud)
        return name
