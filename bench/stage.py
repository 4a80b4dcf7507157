"""One folder with three equal stores in it: the bot's, the model that says what is to be written, the bare one."""

import pickle
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from urllib.parse import parse_qs

from slack_bolt import BoltRequest

from bench.bare import Unit, recorded
from bench.ground import CONFIG, STORE, lay
from bench.parts import Parts
from bench.requests import Signed, signed
from bench.serve import BARE, UNITS


def staged(folder: Path, bodies: Iterable[bytes], *, apps: int = 0, live: int = 0, past: int = 200) -> list[Unit]:
    """Lay the ground, let the model take these requests; what each of them wrote."""
    lay(folder, apps=apps, live=live, past=past)
    model = folder / "model"
    model.mkdir()
    for name in (CONFIG, STORE):
        shutil.copy(folder / name, model / name)
    shutil.copy(folder / STORE, folder / BARE)
    parts = Parts(model)
    try:
        units = recorded(model / STORE, _wishes(parts, bodies))
    finally:
        parts.store.close()
    (folder / UNITS).write_bytes(pickle.dumps(units))
    return units


def _wishes(parts: Parts, bodies: Iterable[bytes]) -> Iterator[Callable[[], object]]:
    for body in bodies:
        yield partial(dispatched, parts, signed(body))


def dispatched(parts: Parts, ready: Signed) -> None:
    """One request through Bolt and the listeners, without HTTP; RuntimeError when it was not accepted."""
    before = len(parts.woken)
    headers: dict[str, str | Sequence[str]] = {name.lower(): value for name, value in ready.headers.items()}
    parts.app.dispatch(BoltRequest(body=ready.body.decode(), headers=headers))
    if len(parts.woken) != before + 1:
        raise RuntimeError(f"the desk did not take {sorted(parse_qs(ready.body.decode()))}")
