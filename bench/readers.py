"""`python -m bench.readers STORE`: what `audit verify` and an export do, over and over, until stdin ends.

A process of its own, as a person's shell would be; two threads in it, one for each.
"""

import json
import sys
import threading
from pathlib import Path

from store import Store, open_store


def main(path: Path) -> None:
    """Read until told to end; print how often."""
    store, ended = open_store(path, create=False), threading.Event()
    counts = {"verified": 0, "pages": 0}
    threads = [threading.Thread(target=loop, args=(store, ended, counts)) for loop in (_verify, _export)]
    for thread in threads:
        thread.start()
    print(json.dumps({"ready": True}), flush=True)
    sys.stdin.buffer.read()
    ended.set()
    for thread in threads:
        thread.join()
    store.close()
    print(json.dumps(counts), flush=True)


def _verify(store: Store, ended: threading.Event, counts: dict[str, int]) -> None:
    while not ended.is_set():
        _, broken = store.verify()
        if broken:
            raise SystemExit(f"the trail is broken: {broken.text}")
        counts["verified"] += 1


def _export(store: Store, ended: threading.Event, counts: dict[str, int]) -> None:
    after = 0
    while not ended.is_set():
        with store.reads() as reads:
            page = reads.audit_page(after)
        after = page[-1].seq if page else 0
        "\n".join(link.model_dump_json() for link in page)
        counts["pages"] += 1


if __name__ == "__main__":
    main(Path(sys.argv[1]))
