"""`audit verify`: walks the whole trail. How a chain holds is rollout/audit.py's, reading it the store's."""

import json

from bot.cli.options import Line
from bot.cli.place import configured, no_words
from store import open_store


def run(line: Line) -> int:
    """Print how many records hold and the head's hash; 1 with the first bad record named."""
    no_words(line)
    store = open_store(configured(line).store_path, create=False)
    try:
        count, broken = store.verify()
        with store.reads() as reads:
            head = reads.head()
    finally:
        store.close()
    found = head.hash if head else ""
    if line.json:
        bad = {"seq": broken.seq, "text": broken.text} if broken else None
        print(json.dumps({"ok": broken is None, "records": count, "head": found, "broken": bad}))
    elif broken:
        print(f"{broken.text}\n{count} records before it hold; keep the file, and compare it with a backup")
    else:
        print(f"{count} records hold; head {found or 'none yet'}")
    return 1 if broken else 0
