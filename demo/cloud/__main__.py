"""`python -m demo.cloud`: the cloud as a process of its own; one JSON line on stdout when it is ready."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from threading import Event, Thread

from demo.cloud.cloud import Cloud, CloudConfig, new_token
from demo.cloud.seed import seed_demo
from demo.cloud.seed_api import seed_api
from demo.cloud.seed_billing import seed_billing
from demo.cloud.seed_bookings import seed_bookings
from demo.cloud.seed_catalog import seed_catalog
from demo.cloud.seed_edge import seed_edge
from demo.cloud.seed_search import seed_search
from demo.cloud.seed_shop import seed_shop
from demo.cloud.seed_thumbs import seed_thumbs

TOKEN_VARIABLE = "TIDEGATE_CLOUD_TOKEN"  # a variable's name


def main(arguments: list[str] | None = None) -> int:
    """Serves until SIGTERM, SIGINT, or with --until-eof until stdin closes: it never outlives a test."""
    asked = _parser().parse_args(arguments)
    config = CloudConfig(
        host=asked.host, port=asked.port, period=asked.period, seed=asked.seed, page_size=asked.page_size,
        token=os.environ.get(TOKEN_VARIABLE) or new_token(),
    )
    done = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    with Cloud(config) as cloud:
        if not asked.empty:
            _seed(cloud, asked.period, asked.rps)
        ready = {"endpoint_url": cloud.endpoint_url, "token": config.token, "pid": os.getpid()}
        print(json.dumps(ready | {"env": cloud.env()}), flush=True)
        if asked.until_eof:
            Thread(target=_wait_for_eof, args=(done,), name="stdin", daemon=True).start()
        done.wait()
    return 0


def _seed(cloud: Cloud, period: int, rps: float) -> None:
    """Every application; CodeDeploy's and ECS's minutes last one period."""
    seed_demo(cloud, period, rps)
    for seed in (seed_shop, seed_search, seed_catalog, seed_billing, seed_bookings, seed_thumbs, seed_api, seed_edge):
        seed(cloud, period)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m demo.cloud", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="loopback only")
    parser.add_argument("--port", type=int, default=0, help="0 takes any free port")
    parser.add_argument("--period", type=int, default=60, help="metric period of the alarms, in seconds")
    parser.add_argument("--rps", type=float, default=40.0, help="requests per second of my-app")
    parser.add_argument("--seed", type=int, default=1, help="of the traffic")
    parser.add_argument("--page-size", type=int, default=50, help="rows per page of every list")
    parser.add_argument("--empty", action="store_true", help="without any application")
    parser.add_argument("--until-eof", action="store_true", help="end when stdin closes")
    return parser


def _wait_for_eof(done: Event) -> None:
    sys.stdin.buffer.read()
    done.set()


if __name__ == "__main__":
    sys.exit(main())
