"""`python -m bench.serve FOLDER`: the servers under test in a process of their own, until stdin ends.

Prints their ports as one line of JSON; what they counted as another when it ends.
"""

import json
import pickle
import sys
from pathlib import Path

from bench.bare import Bare
from bench.parts import Parts, bare_app, edge_for, server_for, stock_app
from store.connect import journal_for

UNITS, BARE = "units.pickle", "bare.db"


def main(folder: Path) -> None:
    """Serve."""
    import sqlite3

    parts = Parts(folder)
    bare = Bare(folder / BARE, journal_for(sqlite3.sqlite_version_info))
    units = iter(pickle.loads((folder / UNITS).read_bytes()))  # noqa: S301 - written by our parent
    edges = {"ours": parts.edge, "bare": edge_for(bare_app(bare, units)), "stock": edge_for(stock_app())}
    servers = {name: server_for(edge) for name, edge in edges.items()}
    print(json.dumps({name: server.port for name, server in servers.items()}), flush=True)
    sys.stdin.buffer.read()
    for server in servers.values():
        server.stop()
    bare.close()
    parts.store.close()
    print(json.dumps({"forms": parts.forms.opened, "woken": len(parts.woken)}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
