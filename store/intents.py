"""Rows of intents: written before a call, settled after it. What a call does is not known here."""

from datetime import datetime

from pydantic import TypeAdapter

from rollout.actions import Action, Intent, IntentState, intent_key
from rollout.errors import Stale
from rollout.model import Rollout
from store.moments import moment, moment_or_none, stored
from store.views import View

_ACTION: TypeAdapter[Action] = TypeAdapter(Action)


class IntentReads(View):
    """Finding intents."""

    def intents(self, rollout: int, *, open_only: bool = False) -> list[Intent]:
        """Intents of one rollout in order; open ones are planned, sent or unknown."""
        rows = self._run(
            "SELECT id, rollout, key, attempt, action, state, outcome, planned_at, settled_at"
            " FROM intents WHERE rollout = ?"
            " AND (? = 0 OR state IN ('planned', 'sent', 'unknown')) ORDER BY id",
            rollout, open_only,
        )  # fmt: skip
        return [
            Intent(
                id=number, rollout=of, key=key, attempt=attempt, action=_ACTION.validate_json(action),
                state=state, outcome=outcome, planned_at=moment(planned_at),
                settled_at=moment_or_none(settled_at),
            )
            for number, of, key, attempt, action, state, outcome, planned_at, settled_at in rows
        ]  # fmt: skip


class IntentWrites(IntentReads):
    """Planning and settling intents."""

    def plan(self, rollout: Rollout, action: Action, at: datetime) -> Intent:
        """A planned intent; its key is of rollout, step and action, `attempt` counts the plans of it."""
        key = intent_key(rollout.id, rollout.step, action)
        attempt = self._run("SELECT coalesce(max(attempt), 0) + 1 FROM intents WHERE key = ?", key).fetchone()[0]
        written = self._run(
            "INSERT INTO intents (rollout, key, attempt, action, state, outcome, planned_at)"
            " VALUES (?, ?, ?, ?, 'planned', '', ?)",
            rollout.id, key, attempt, action.model_dump_json(), stored(at),
        )  # fmt: skip
        return Intent(
            id=written.lastrowid or 0, rollout=rollout.id, key=key, attempt=attempt, action=action,
            state="planned", planned_at=at,
        )  # fmt: skip

    def mark(self, intent: int, state: IntentState, outcome: str, at: datetime) -> None:
        """Move an intent on; `done` and `failed` settle it. Stale when it is settled already, or not there.

        Nothing goes back to `planned`, and `sent` follows only `planned`: a second try is a second intent.
        """
        settled = stored(at) if state in {"done", "failed"} else None
        written = self._run(
            "UPDATE intents SET state = ?1, outcome = ?2, settled_at = ?3 WHERE id = ?4"
            " AND (state = 'planned' OR (state IN ('sent', 'unknown') AND ?1 NOT IN ('planned', 'sent')))",
            state, outcome, settled, intent,
        )  # fmt: skip
        if written.rowcount != 1:
            found = self._run("SELECT state FROM intents WHERE id = ?", intent).fetchone()
            was = f"is {found[0]}" if found else "does not exist"
            raise Stale(f"intent {intent} {was} and cannot become {state}", "load the rollout again")
