"""Rows of holds: targets that nobody may deploy to until somebody releases them."""

from rollout.ports import Hold
from store.views import View


class HoldReads(View):
    """Finding holds."""

    def hold(self, app: str, env: str) -> Hold | None:
        """The hold on a target."""
        found = self._run("SELECT body FROM holds WHERE app = ? AND env = ?", app, env).fetchone()
        return Hold.model_validate_json(found[0]) if found else None


class HoldWrites(HoldReads):
    """Holding and releasing."""

    def put_hold(self, hold: Hold) -> None:
        """Hold the target; replaces an older hold."""
        self._run(
            "INSERT INTO holds (app, env, body) VALUES (?, ?, ?)"
            " ON CONFLICT (app, env) DO UPDATE SET body = excluded.body",
            hold.app, hold.env, hold.model_dump_json(),
        )  # fmt: skip

    def drop_hold(self, app: str, env: str) -> None:
        """Release it; nothing happens when there is none."""
        self._run("DELETE FROM holds WHERE app = ? AND env = ?", app, env)
