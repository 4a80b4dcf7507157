"""`python -m bench.cloud ALIASES`: the embedded cloud as a process, noting when each call arrived and was answered.

The times are of the monotonic clock, which all processes of one machine share. Ends with stdin; then it prints them.
"""

import json
import sys
import threading
import time
from collections.abc import Iterable
from typing import Any

import boto3

from demo.cloud import Cloud, seed_demo
from demo.cloud import cloud as assembly
from demo.cloud.edge import Edge

Call = tuple[float, float, str, str]
"""Arrived, answered, method, path."""
calls: list[Call] = []
_guard = threading.Lock()


class TimedEdge(Edge):
    """The cloud's edge with a stopwatch."""

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        """See demo.cloud.edge.Edge."""
        arrived = time.monotonic()
        try:
            return super().__call__(environ, start)
        finally:
            with _guard:
                calls.append((arrived, time.monotonic(), environ["REQUEST_METHOD"], environ.get("PATH_INFO", "")))


def alias_name(number: int) -> str:
    """The alias that the app of that number is deployed by."""
    return f"live-{number:02d}"


def main(aliases: int) -> None:
    """Serve."""
    # The place where the cloud is put together takes our edge for its own.
    vars(assembly)["Edge"] = TimedEdge
    with Cloud() as cloud:
        seed_demo(cloud)
        client = boto3.client(
            "lambda", endpoint_url=cloud.endpoint_url, region_name="eu-central-1",
            aws_access_key_id=cloud.env()["AWS_ACCESS_KEY_ID"], aws_secret_access_key="made-up",
        )  # fmt: skip
        for number in range(aliases):
            client.create_alias(FunctionName="my-app", Name=alias_name(number), FunctionVersion="1")
        client.close()
        print(json.dumps({"env": cloud.env()}), flush=True)
        sys.stdin.buffer.read()
    print(json.dumps({"calls": calls}), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
